/*
 * nqueens: the size and the expected answer.
 */
#include "nqueens/nqueens.h"

#include <stdio.h>

int nqueens_n;
int64_t nqueens_answer;

/* The number of legal boards with `row` and more queens that extend `board`, itself left out: what is a task. */
static int64_t nqueens_count_boards(const struct nqueens_board *board, int row)
{
    int64_t boards = 0;
    for (int column = 0; row < nqueens_n && column < nqueens_n; column++) {
        struct nqueens_board next;
        if (nqueens_place(board, row, column, &next))
            boards += 1 + nqueens_count_boards(&next, row + 1);
    }
    return boards;
}

static bool nqueens_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const int sizes[] = {[PERF_FULL] = 12, [PERF_SMALL] = 12, [PERF_TINY] = 7};
    static const int64_t solutions[NQUEENS_MAX] = {[7] = 40, [12] = 14200};
    static const struct nqueens_board empty;
    nqueens_n = sizes[scale];
    snprintf(problem->title, sizeof problem->title, "nqueens(%d)", nqueens_n);
    problem->expected = solutions[nqueens_n];
    problem->tasks = nqueens_count_boards(&empty, 0);
    return true;
}

static void nqueens_reset(void)
{
    nqueens_answer = -1;
}

static int64_t nqueens_get_answer(void)
{
    return nqueens_answer;
}

const struct perf_workload perf_nqueens = {
    .name = "nqueens", .prepare = nqueens_prepare, .reset = nqueens_reset, .answer = nqueens_get_answer};
