/*
 * nqueens with Rove in the plain form: fork a task for each legal square of the row, then join them in reverse.
 */
#include "nqueens/nqueens.h"
#include "runtimes/rove.h"

struct solve {
    rove_task task;
    int row;
    struct nqueens_board board;
    int64_t solutions;
};

static void solve_task(rove_task *task);

static int64_t solve(const struct nqueens_board *board, int row)
{
    if (row == nqueens_n)
        return 1;
    struct solve children[NQUEENS_MAX];
    int count = 0;
    for (int column = 0; column < nqueens_n; column++) {
        struct solve *child = &children[count];
        if (!nqueens_place(board, row, column, &child->board))
            continue;
        child->row = row + 1;
        rove_fork(&child->task, solve_task);
        count++;
    }
    int64_t solutions = 0;
    while (count-- > 0) {
        rove_join(&children[count].task, solve_task);
        solutions += children[count].solutions;
    }
    return solutions;
}

static void solve_task(rove_task *task)
{
    struct solve *self = (struct solve *)task;
    self->solutions = solve(&self->board, self->row);
}

static void solve_root(void *arg)
{
    static const struct nqueens_board empty;
    (void)arg;
    nqueens_answer = solve(&empty, 0);
}

void nqueens_rove_plain(void)
{
    perf_rove_run(solve_root);
}
