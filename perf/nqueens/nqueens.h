/*
 * nqueens: all ways to place n queens on an n by n board so that none attacks another, by trying every square of the
 * next row. An irregular tree whose task copies and checks a short board.
 */
#ifndef PERF_NQUEENS_H
#define PERF_NQUEENS_H

#include "harness/bench.h"

#include <string.h>

ROVE_BEGIN_C

enum { NQUEENS_MAX = 16 };

/* The columns of the queens in the first rows. */
struct nqueens_board {
    int8_t column[NQUEENS_MAX];
};

extern const struct perf_workload perf_nqueens;

extern int nqueens_n;          /* size of the board */
extern int64_t nqueens_answer; /* where a run leaves the number of solutions */

void nqueens_serial(void);
void nqueens_call(void);
void nqueens_rove(void);
void nqueens_rove_plain(void);
void nqueens_openmp(void);
void nqueens_tbb(void);

/* Places a queen in column `column` of row `row`, below those of `board`, on a copy in `next`. Returns whether none of
 * them attacks it. */
static inline bool nqueens_place(const struct nqueens_board *board, int row, int column, struct nqueens_board *next)
{
    for (int above = 0; above < row; above++) {
        int distance = column - board->column[above];
        if (distance == 0 || distance == row - above || distance == above - row)
            return false;
    }
    memcpy(next, board, sizeof *next);
    next->column[row] = (int8_t)column;
    return true;
}

ROVE_END_C

#endif
