/*
 * nqueens with oneTBB: a task group with a task for each legal square of the row.
 */
#include "runtimes/tbb.hpp"
#include "nqueens/nqueens.h"

#include <tbb/task_group.h>

static int64_t solve(const nqueens_board *board, int row)
{
    if (row == nqueens_n)
        return 1;
    nqueens_board boards[NQUEENS_MAX];
    int64_t found[NQUEENS_MAX];
    int count = 0;
    tbb::task_group group;
    for (int column = 0; column < nqueens_n; column++) {
        if (!nqueens_place(board, row, column, &boards[count]))
            continue;
        group.run([&boards, &found, count, row] { found[count] = solve(&boards[count], row + 1); });
        count++;
    }
    group.wait();
    int64_t solutions = 0;
    for (int i = 0; i < count; i++)
        solutions += found[i];
    return solutions;
}

void nqueens_tbb()
{
    static const nqueens_board empty = {};
    perf_tbb_run([] { nqueens_answer = solve(&empty, 0); });
}
