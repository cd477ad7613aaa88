/*
 * wordcount: how often each word occurs in a real text, by default every header below /usr/include. A word is a run of
 * letters, digits, underscores and bytes above 127. The text is cut into blocks; a parallel reduction counts blocks in
 * hash tables and merges the tables.
 */
#ifndef PERF_WORDCOUNT_H
#define PERF_WORDCOUNT_H

#include "harness/bench.h"

ROVE_BEGIN_C

/* A word and its count. */
struct wordcount_entry {
    const char *word; /* inside the text; NULL: this place is free */
    size_t length;
    uint64_t hash;
    int64_t count;
};

/* Counts of words: a hash table with open addressing. All zero is valid and empty. */
struct wordcount_table {
    struct wordcount_entry *entries;
    size_t capacity; /* 0 or a power of two */
    size_t used;
};

extern const struct perf_workload perf_wordcount;

extern int64_t wordcount_blocks;                /* how many blocks the text has */
extern struct wordcount_table wordcount_counts; /* where a run leaves the counts */

/* Uses the files and folders `paths`, separated by commas, instead of /usr/include. Before wordcount is prepared. */
void wordcount_set_text(const char *paths);

/* Adds the words of the blocks from `begin` up to but not including `end` to `table`. A word belongs to the block in
 * which it begins. */
void wordcount_add(struct wordcount_table *table, int64_t begin, int64_t end);

/* Adds the counts of `right` to `left`, and leaves `right` empty. */
void wordcount_merge(struct wordcount_table *left, struct wordcount_table *right);

void wordcount_serial(void);
void wordcount_rove(void);
void wordcount_openmp(void);
void wordcount_tbb(void);

ROVE_END_C

#endif
