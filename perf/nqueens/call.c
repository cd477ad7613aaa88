/*
 * nqueens in plain C with nothing inlined.
 */
#include "nqueens/nqueens.h"
#include "support/compiler.h"

PERF_REAL_CALL static int64_t solve(const struct nqueens_board *board, int row)
{
    if (row == nqueens_n)
        return 1;
    int64_t solutions = 0;
    for (int column = 0; column < nqueens_n; column++) {
        struct nqueens_board next;
        if (nqueens_place(board, row, column, &next))
            solutions += solve(&next, row + 1);
    }
    return solutions;
}

void nqueens_call(void)
{
    static const struct nqueens_board empty;
    nqueens_answer = solve(&empty, 0);
}
