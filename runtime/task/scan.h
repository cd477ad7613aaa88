/*
 * The scan behind rove_scan, the typed scans and the filters.
 *
 * A scan begins as a loop with a running value. When somebody is hungry, a round begins: the next tiles, at most
 * SCAN_TILES, go into a table, and a crew takes them in order. Two things happen to a tile, in any order: its prefix
 * (the value of all before) becomes known, and it is summed up. Whoever does the second of them links the tile:
 * computes the prefix of the next one, and links that too if it is summed up already. So the prefix runs through the
 * table as fast as it can, carried by whoever has just made that possible, and nobody waits for it.
 *
 *   - A member that takes a tile whose prefix is known scans it in one pass; its running value is then the next prefix.
 *     A crew of one does nothing else.
 *   - Otherwise it sums the tile up and keeps it. When it has been linked, the member scans it, with luck from its
 * cache.
 *   - A member that leaves while tiles that it keeps are not linked yet releases them: who links one adopts it.
 *
 * Each tile is scanned once: the member that keeps it gives it away by setting SCAN_RELEASED, and if SCAN_LINKED was
 * set by then it still is to scan it; if not, whoever sets SCAN_LINKED later sees SCAN_RELEASED.
 */
#ifndef ROVEI_TASK_SCAN_H
#define ROVEI_TASK_SCAN_H

#include "runtime/task/crew.h"

#include <rove/scan.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void scan_pass_fn(int64_t begin, int64_t end, void *value, void *arg);

/* What to do; see rove_scanner for the first fields. */
struct rovei_scan {
    size_t size;
    const void *identity;
    scan_pass_fn *sum;
    scan_pass_fn *scan;
    scan_pass_fn *scan_again; /* instead of `scan`, for a tile that has been summed up */
    void (*combine)(void *left, const void *right, void *arg);
    bool (*prepare)(void *arg); /* called before the first `sum`; false: there is no memory for it. May be NULL */
    void *arg;
    size_t extra;       /* room behind each value that `scan` may use, in bytes */
    int64_t tile_limit; /* the most indices in a tile; 0: no limit */
    int64_t chunk;      /* how many indices to begin with: so few that they take no more than about a microsecond */
};

/* Runs it as rove_scan says. Requires: arguments that make sense. */
rove_status rovei_scan_run(int64_t begin, int64_t end, const struct rovei_scan *scan, void *total);

/* Whether running sums of `count` numbers of eight bytes can be asked for: the arrays are there, and apart or the
 * same. */
bool rovei_scan_is_valid(rove_scan_kind kind, const void *in, size_t count, const void *out);

/* The rest is shared by scan.c, which does what is serial, and scan_round.c. */

enum { SCAN_TILES = 512, SCAN_ALIGNMENT = 64 };

/* What is known about a tile. */
enum { SCAN_PREFIXED = 1, SCAN_SUMMED = 2, SCAN_LINKED = 4, SCAN_RELEASED = 8 };

/* A tile in the table; its prefix and its sum lie behind it. */
struct scan_tile {
    _Atomic(uint32_t) state;
    int64_t next; /* in the list of the member that keeps or adopts it; -1: the last */
};

/* Where the prefix of a tile begins behind its state. */
enum { SCAN_HEADER = SCAN_ALIGNMENT };

/* A round: tiles that are scanned by a crew. The table is kept from one round to the next. */
struct scan_round {
    struct rovei_crew crew; /* first */
    const struct rovei_scan *scan;
    char *table;      /* the tiles, and one more that receives the last prefix */
    int64_t capacity; /* tiles that the table has room for, less that one */
    size_t room;      /* bytes from a prefix to the sum, and of the sum */
    int64_t begin;
    int64_t end;
    int64_t tile;  /* indices in a tile; the last may have less */
    int64_t count; /* tiles */
    char pad[ROVEI_LINE];
    _Atomic(int64_t) chunk;   /* how many indices a member begins with: what the last one to leave came to */
    _Atomic(int64_t) taken;   /* tiles, and attempts to take one */
    _Atomic(int64_t) scanned; /* tiles */
};

/* Makes a table for what is left of `range`, or for a part of it. False if there is no memory. */
bool rovei_scan_round_init(struct scan_round *round, struct rovei_loop *loop, const struct rovei_scan *scan,
                           const struct rovei_range *range);

void rovei_scan_round_fini(struct scan_round *round);

/* Scans what is left of `range`, or as much of it as the table has room for, and moves the beginning of the range and
 * `value` on. If it returns something else than ROVE_OK, some of it was not scanned, and both stay. */
rove_status rovei_scan_round_run(struct scan_round *round, struct rovei_range *range, void *value);

#endif
