/*
 * wordcount: the text, the words of a block, and the check against one pass over the whole text.
 */
#include "wordcount/wordcount.h"

#include "wordcount/table.h"
#include "wordcount/text.h"

#include <stdio.h>

enum { BLOCK = 1 << 14 };

int64_t wordcount_blocks;
struct wordcount_table wordcount_counts;
static struct wordcount_text wordcount_text;
static const char *wordcount_paths = "/usr/include";

void wordcount_set_text(const char *paths)
{
    wordcount_paths = paths;
}

static bool is_in_word(char byte)
{
    unsigned char c = (unsigned char)byte;
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c > 127;
}

/* Adds the words that begin from `begin` up to but not including `end` (FNV-1a hashes, Fowler, Noll and Vo 1991). */
static int64_t count_words(struct wordcount_table *table, const char *begin, const char *end)
{
    const char *text_end = wordcount_text.bytes + wordcount_text.size;
    int64_t words = 0;
    const char *at = begin;
    if (at > wordcount_text.bytes && is_in_word(at[-1])) {
        while (at < end && is_in_word(*at))
            at++;
    }
    while (at < end) {
        if (!is_in_word(*at)) {
            at++;
            continue;
        }
        const char *word = at;
        uint64_t hash = UINT64_C(0xcbf29ce484222325);
        for (; at < text_end && is_in_word(*at); at++)
            hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
        wordcount_table_add(table, word, (size_t)(at - word), hash ^ hash >> 32, 1);
        words++;
    }
    return words;
}

void wordcount_add(struct wordcount_table *table, int64_t begin, int64_t end)
{
    size_t from = (size_t)begin * BLOCK;
    size_t to = (size_t)end * BLOCK < wordcount_text.size ? (size_t)end * BLOCK : wordcount_text.size;
    count_words(table, wordcount_text.bytes + from, wordcount_text.bytes + to);
}

static void wordcount_reset(void)
{
    wordcount_table_clear(&wordcount_counts);
}

static int64_t wordcount_answer(void)
{
    return wordcount_table_digest(&wordcount_counts);
}

static bool wordcount_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const size_t limits[] = {[PERF_FULL] = SIZE_MAX, [PERF_SMALL] = 64 << 20, [PERF_TINY] = 1 << 18};
    if (!wordcount_text_read(&wordcount_text, wordcount_paths, limits[scale]))
        return false;
    wordcount_blocks = (int64_t)((wordcount_text.size + BLOCK - 1) / BLOCK);
    snprintf(problem->title, sizeof problem->title, "wordcount(%.1f MB)", (double)wordcount_text.size / 1e6);
    const char *text = wordcount_text.bytes;
    problem->tasks = count_words(&wordcount_counts, text, text + wordcount_text.size);
    problem->expected = wordcount_answer();
    return true;
}

const struct perf_workload perf_wordcount = {
    .name = "wordcount", .prepare = wordcount_prepare, .reset = wordcount_reset, .answer = wordcount_answer};
