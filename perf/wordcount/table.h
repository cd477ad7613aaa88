/*
 * The hash table of wordcount; see wordcount.h for its type.
 */
#ifndef PERF_WORDCOUNT_TABLE_H
#define PERF_WORDCOUNT_TABLE_H

#include "wordcount/wordcount.h"

/* Adds `count` occurrences of the word of `length` bytes at `word`. */
void wordcount_table_add(struct wordcount_table *table, const char *word, size_t length, uint64_t hash, int64_t count);

/* Frees what the table holds and leaves it empty. */
void wordcount_table_clear(struct wordcount_table *table);

/* A number below 2^52 that depends on every word and its count, and not on their order. */
int64_t wordcount_table_digest(const struct wordcount_table *table);

#endif
