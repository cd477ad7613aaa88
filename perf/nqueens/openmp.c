/*
 * nqueens with OpenMP tasks: one for each legal square of the row.
 */
#include "nqueens/nqueens.h"

static int64_t solve(const struct nqueens_board *board, int row)
{
    if (row == nqueens_n)
        return 1;
    struct nqueens_board boards[NQUEENS_MAX];
    int64_t found[NQUEENS_MAX];
    int count = 0;
    for (int column = 0; column < nqueens_n; column++) {
        if (!nqueens_place(board, row, column, &boards[count]))
            continue;
#pragma omp task shared(boards, found) firstprivate(count, row)
        found[count] = solve(&boards[count], row + 1);
        count++;
    }
#pragma omp taskwait
    int64_t solutions = 0;
    for (int i = 0; i < count; i++)
        solutions += found[i];
    return solutions;
}

void nqueens_openmp(void)
{
    static const struct nqueens_board empty;
#pragma omp parallel
#pragma omp single
    nqueens_answer = solve(&empty, 0);
}
