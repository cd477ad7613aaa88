/*
 * nqueens with Rove: at each legal square fork the rest of the row, solve the board with a queen there, and if nobody
 * has taken the rest by then, go on with it. That is the loop of the serial program with a fork and a join in it, and no
 * more than one board is kept in each row.
 */
#include "runtimes/rove.h"
#include "nqueens/nqueens.h"

/* The squares of a row from `column` on. */
struct rest {
    rove_task task;
    const struct nqueens_board *board;
    int row;
    int column;
    int64_t solutions;
};

static void rest_task(rove_task *task);
static inline int64_t solve_rest(rove_deque *deque, rove_slot *slot, const struct nqueens_board *board, int row,
                                 int column);

static inline int64_t solve(rove_deque *deque, rove_slot *slot, const struct nqueens_board *board, int row)
{
    return row == nqueens_n ? 1 : solve_rest(deque, slot, board, row, 0);
}

static inline int64_t solve_rest(rove_deque *deque, rove_slot *slot, const struct nqueens_board *board, int row,
                                 int column)
{
    struct rest rest;
    rest.board = board;
    rest.row = row;
    rove_prepare_at(deque, slot, &rest.task, rest_task);
    int64_t solutions = 0;
    for (; column < nqueens_n; column++) {
        struct nqueens_board child;
        if (!nqueens_place(board, row, column, &child))
            continue;
        rest.column = column + 1;
        rove_slot *next = rove_fork_prepared_at(deque, slot, &rest.task);
        solutions += solve(deque, next, &child, row + 1);
        if (rove_join_at(deque, slot, &rest.task) != ROVE_JOIN_RUNS)
            return solutions + rest.solutions;
    }
    return solutions;
}

static void rest_task(rove_task *task)
{
    struct rest *self = (struct rest *)task;
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    self->solutions = solve_rest(deque, slot, self->board, self->row, self->column);
}

static void solve_root(void *arg)
{
    static const struct nqueens_board empty;
    (void)arg;
    rove_slot *slot;
    rove_deque *deque = rove_deque_here(&slot);
    nqueens_answer = solve(deque, slot, &empty, 0);
}

void nqueens_rove(void)
{
    perf_rove_run(solve_root);
}
