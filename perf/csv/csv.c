/*
 * csv: the text, the lines of a piece of it, the table, and the check against one pass over the whole text.
 */
#include "csv/csv.h"

#include "support/memory.h"
#include "support/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_MIN = 1024, STATIONS = 500, LINE_MAX_LENGTH = 40 };

int64_t csv_size;
struct csv_table csv_result;
static char *csv_text;

/* The place of the station, or the free one where it belongs. */
static struct csv_station *table_find(const struct csv_table *table, const struct csv_station *one)
{
    size_t mask = table->capacity - 1;
    for (size_t place = one->hash & mask;; place = (place + 1) & mask) {
        struct csv_station *station = &table->stations[place];
        if (station->count == 0 || (station->hash == one->hash && station->length == one->length &&
                                    memcmp(station->name, one->name, one->length) == 0))
            return station;
    }
}

static void table_grow(struct csv_table *table)
{
    struct csv_table larger = {.capacity = table->capacity == 0 ? CAPACITY_MIN : 2 * table->capacity};
    larger.stations = perf_allocate(larger.capacity, sizeof *larger.stations);
    larger.used = table->used;
    for (size_t i = 0; i < table->capacity; i++) {
        if (table->stations[i].count != 0)
            *table_find(&larger, &table->stations[i]) = table->stations[i];
    }
    free(table->stations);
    *table = larger;
}

static void table_add(struct csv_table *table, const struct csv_station *one)
{
    if (2 * table->used >= table->capacity)
        table_grow(table);
    struct csv_station *station = table_find(table, one);
    if (station->count == 0) {
        *station = *one;
        table->used++;
        return;
    }
    station->min = one->min < station->min ? one->min : station->min;
    station->max = one->max > station->max ? one->max : station->max;
    station->sum += one->sum;
    station->count += one->count;
}

static void table_clear(struct csv_table *table)
{
    free(table->stations);
    *table = (struct csv_table){0};
}

void csv_merge(struct csv_table *left, struct csv_table *right)
{
    if (left->used < right->used) {
        struct csv_table larger = *right;
        *right = *left;
        *left = larger;
    }
    for (size_t i = 0; i < right->capacity; i++) {
        if (right->stations[i].count != 0)
            table_add(left, &right->stations[i]);
    }
    table_clear(right);
}

/* The text is well formed: it was made here. */
static const char *line_add(struct csv_table *table, const char *at)
{
    struct csv_station station = {.name = at, .count = 1};
    uint32_t hash = 2166136261u; /* FNV-1a, Fowler, Noll and Vo 1991 */
    for (; *at != ';'; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    station.length = (uint32_t)(at - station.name);
    station.hash = hash ^ hash >> 15;
    bool is_negative = *++at == '-';
    int32_t tenths = 0;
    for (at += is_negative; *at != '\n'; at++) {
        if (*at != '.')
            tenths = 10 * tenths + (*at - '0');
    }
    station.min = is_negative ? -tenths : tenths;
    station.max = station.min;
    station.sum = station.min;
    table_add(table, &station);
    return at + 1;
}

void csv_add(struct csv_table *table, int64_t begin, int64_t end)
{
    const char *at = csv_text + begin, *stop = csv_text + end;
    if (begin > 0 && at[-1] != '\n') {
        const char *newline = memchr(at, '\n', (size_t)(end - begin));
        at = newline == NULL ? stop : newline + 1;
    }
    while (at < stop)
        at = line_add(table, at);
}

static void csv_reset(void)
{
    table_clear(&csv_result);
}

static int64_t csv_answer(void)
{
    uint64_t digest = 0;
    for (size_t i = 0; i < csv_result.capacity; i++) {
        const struct csv_station *station = &csv_result.stations[i];
        if (station->count != 0)
            digest += perf_mix(station->hash + perf_mix((uint64_t)station->sum + perf_mix((uint64_t)station->count)) +
                               perf_mix((uint64_t)station->min + perf_mix((uint64_t)station->max)));
    }
    return (int64_t)(digest >> 12);
}

static void make_text(int64_t rows)
{
    static const char *const first[] = {"Bel", "Kar", "Mont", "San ", "Ul", "Ost", "Tri", "Nor", "La ", "Peters"};
    static const char *const second[] = {"a", "bor", "chester", "do", "en", "fjord", "grad", "heim", "os", "kirchen"};
    uint64_t random = 1;
    csv_text = perf_allocate_pages((size_t)rows, LINE_MAX_LENGTH);
    char *at = csv_text;
    for (int64_t i = 0; i < rows; i++) {
        uint64_t bits = perf_random(&random);
        unsigned station = (unsigned)(bits % STATIONS);
        int tenths = (int)(station * 7919 % 400) - 100 + (int)(bits >> 16 & 255) - (int)(bits >> 24 & 255);
        int size = tenths < 0 ? -tenths : tenths;
        at += snprintf(at, LINE_MAX_LENGTH, "%s%s-%u;%s%d.%d\n", first[station % 10], second[station / 10 % 10],
                       station / 100, tenths < 0 ? "-" : "", size / 10, size % 10);
    }
    csv_size = at - csv_text;
}

static bool csv_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const int64_t rows[] = {[PERF_FULL] = 10000000, [PERF_SMALL] = 3000000, [PERF_TINY] = 20000};
    make_text(rows[scale]);
    snprintf(problem->title, sizeof problem->title, "csv(%lld rows)", (long long)rows[scale]);
    problem->tasks = rows[scale];
    csv_add(&csv_result, 0, csv_size);
    problem->expected = csv_answer();
    return true;
}

const struct perf_workload perf_csv = {.name = "csv", .prepare = csv_prepare, .reset = csv_reset, .answer = csv_answer};
