/*
 * The hash table of wordcount: open addressing with linear probing, at most half full.
 */
#include "wordcount/table.h"

#include "support/memory.h"
#include "support/random.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_MIN = 1024 };

/* The entry of the word, or the free place where it belongs. */
static struct wordcount_entry *table_find(const struct wordcount_table *table, const char *word, size_t length,
                                          uint64_t hash)
{
    size_t mask = table->capacity - 1;
    for (size_t place = hash & mask;; place = (place + 1) & mask) {
        struct wordcount_entry *entry = &table->entries[place];
        if (entry->word == NULL)
            return entry;
        if (entry->hash == hash && entry->length == length && memcmp(entry->word, word, length) == 0)
            return entry;
    }
}

static void table_grow(struct wordcount_table *table)
{
    struct wordcount_table larger = {.capacity = table->capacity == 0 ? CAPACITY_MIN : 2 * table->capacity};
    larger.entries = perf_allocate(larger.capacity, sizeof *larger.entries);
    larger.used = table->used;
    for (size_t i = 0; i < table->capacity; i++) {
        const struct wordcount_entry *entry = &table->entries[i];
        if (entry->word != NULL)
            *table_find(&larger, entry->word, entry->length, entry->hash) = *entry;
    }
    free(table->entries);
    *table = larger;
}

void wordcount_table_add(struct wordcount_table *table, const char *word, size_t length, uint64_t hash, int64_t count)
{
    if (2 * table->used >= table->capacity)
        table_grow(table);
    struct wordcount_entry *entry = table_find(table, word, length, hash);
    if (entry->word == NULL) {
        *entry = (struct wordcount_entry){word, length, hash, 0};
        table->used++;
    }
    entry->count += count;
}

void wordcount_table_clear(struct wordcount_table *table)
{
    free(table->entries);
    *table = (struct wordcount_table){0};
}

void wordcount_merge(struct wordcount_table *left, struct wordcount_table *right)
{
    if (left->used < right->used) {
        struct wordcount_table larger = *right;
        *right = *left;
        *left = larger;
    }
    for (size_t i = 0; i < right->capacity; i++) {
        const struct wordcount_entry *entry = &right->entries[i];
        if (entry->word != NULL)
            wordcount_table_add(left, entry->word, entry->length, entry->hash, entry->count);
    }
    wordcount_table_clear(right);
}

int64_t wordcount_table_digest(const struct wordcount_table *table)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < table->capacity; i++) {
        const struct wordcount_entry *entry = &table->entries[i];
        if (entry->word != NULL)
            sum += perf_mix(entry->hash + perf_mix((uint64_t)entry->count));
    }
    return (int64_t)(sum >> 12);
}
