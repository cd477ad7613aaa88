/*
 * Sorting elements of any type: a merge sort that goes back and forth between the array and a second one. Both halves
 * of a part end in one array and are merged into the other. A part that is canceled still brings its elements to
 * where they are expected, so that nothing is lost.
 */
#include "runtime/task/merge.h"
#include "runtime/task/sort_place.h"

#include <rove/runtime.h>
#include <stdlib.h>

enum {
    SORT_INSERTION_MAX = 8, /* so many elements are sorted by insertion */
    SORT_WORTH = 128        /* halves of fewer are not offered to others */
};

struct sort_job {
    struct rovei_sorting sorting;
    struct rovei_items items; /* of the array */
    char *base;
    size_t count;
    bool is_stable;
    bool falls;      /* of some neighbours the second comes before the first. Relaxed: read after the join */
    bool rises;      /* of some neighbours the order is not to be reversed */
    char **pointers; /* to the elements, where those are sorted */
    char *moved;     /* room for as many elements */
    rove_status status;
};

/* Neighbouring elements to sort. */
struct sort_part {
    rove_task task; /* first */
    struct rovei_sorting *sorting;
    const struct rovei_items *items;
    char *data;
    char *other; /* room for as many */
    size_t count;
    bool goes_over; /* whether they are to end in `other` */
};

/* Always inlined, so that `size` is constant where it can be. */
static inline __attribute__((always_inline)) void sort_insert_sized(const struct rovei_items *items, char *base,
                                                                    size_t count, size_t size)
{
    char item[ITEM_DIRECT_MAX];
    char *end = base + count * size;
    for (char *next = base + size; next < end; next += size) {
        char *place = next;
        while (place > base && item_falls(items, place - size, next))
            place -= size;
        if (place == next)
            continue;
        item_copy(item, next, size);
        for (char *to = next; to > place; to -= size)
            item_copy(to, to - size, size);
        item_copy(place, item, size);
    }
}

static void sort_insert(const struct rovei_items *items, char *base, size_t count)
{
    switch (items->size) {
    case 4:
        sort_insert_sized(items, base, count, 4);
        break;
    case 8:
        sort_insert_sized(items, base, count, 8);
        break;
    case 16:
        sort_insert_sized(items, base, count, 16);
        break;
    default:
        sort_insert_sized(items, base, count, items->size);
    }
}

static void sort_work(const struct sort_part *part);

static void sort_task(rove_task *task)
{
    const struct sort_part *part = (const struct sort_part *)task;
    struct rovei_frame frame;
    struct rovei_worker *worker = loop_enter(&part->sorting->loop, &frame);
    sort_work(part);
    loop_leave(worker, &frame);
}

/* The halves, in parallel if they are worth it. */
static void sort_halves(const struct sort_part *part, size_t half)
{
    struct sort_part low = *part;
    low.count = half;
    low.goes_over = !part->goes_over;
    struct sort_part high = low;
    high.data += half * part->items->size;
    high.other += half * part->items->size;
    high.count = part->count - half;
    if (part->count < SORT_WORTH) {
        sort_work(&low);
        sort_work(&high);
        return;
    }
    rove_fork(&high.task, sort_task);
    sort_work(&low);
    rove_status joined = rove_join(&high.task, sort_task);
    if (joined)
        sorting_cut(part->sorting, joined);
}

static void sort_work(const struct sort_part *part)
{
    size_t size = part->items->size, half = part->count / 2;
    bool is_small = part->count <= SORT_INSERTION_MAX;
    if (is_small || sorting_is_over(part->sorting)) {
        char *place = part->goes_over ? part->other : part->data;
        if (part->goes_over)
            memcpy(place, part->data, part->count * size);
        if (is_small)
            sort_insert(part->items, place, part->count);
        return;
    }
    sort_halves(part, half);
    const char *halves = part->goes_over ? part->data : part->other;
    struct rovei_merge merge = {halves, halves + half * size, part->goes_over ? part->other : part->data, half,
                                part->count - half};
    if (item_falls(part->items, merge.right - size, merge.right))
        rovei_merge_run(part->sorting, part->items, merge);
    else
        memcpy(merge.result, halves, part->count * size);
}

static void sort_whole(struct sort_job *job, const struct rovei_items *items, char *data, char *other)
{
    struct sort_part whole = {
        .sorting = &job->sorting, .items = items, .data = data, .other = other, .count = job->count};
    sort_work(&whole);
}

/* Looks whether a chunk, with the first element behind it, is in order or in reverse order. */
static void sort_survey(size_t chunk, void *arg)
{
    struct sort_job *job = arg;
    const char *item = job->base + sort_chunk_begin(job->count, chunk) * job->items.size;
    size_t end = sort_chunk_begin(job->count, chunk + 1), last = end < job->count ? end : end - 1;
    const char *stop = job->base + last * job->items.size;
    for (size_t i = 0; item < stop; i++, item += job->items.size) {
        if (i % 256 == 0 &&
            ((ROVEI_LOAD(job->falls, RELAXED) && ROVEI_LOAD(job->rises, RELAXED)) || sorting_is_over(&job->sorting)))
            return;
        int order = item_compare(&job->items, item, item + job->items.size);
        if (order > 0 && !ROVEI_LOAD(job->falls, RELAXED))
            ROVEI_STORE(job->falls, true, RELAXED);
        if ((order < 0 || (order == 0 && job->is_stable)) && !ROVEI_LOAD(job->rises, RELAXED))
            ROVEI_STORE(job->rises, true, RELAXED);
    }
}

/* Chunks of the first half change places with those of the second. */
static void sort_reverse(size_t chunk, void *arg)
{
    const struct sort_job *job = arg;
    size_t size = job->items.size, half = job->count / 2;
    size_t end = sort_chunk_begin(half, chunk + 1);
    for (size_t i = sort_chunk_begin(half, chunk); i < end; i++)
        item_swap(job->base + i * size, job->base + (job->count - 1 - i) * size, size);
}

static void sort_point(size_t chunk, void *arg)
{
    const struct sort_job *job = arg;
    size_t end = sort_chunk_begin(job->count, chunk + 1);
    for (size_t i = sort_chunk_begin(job->count, chunk); i < end; i++)
        job->pointers[i] = job->base + i * job->items.size;
}

static void sort_gather(size_t chunk, void *arg)
{
    const struct sort_job *job = arg;
    size_t size = job->items.size, end = sort_chunk_begin(job->count, chunk + 1);
    for (size_t i = sort_chunk_begin(job->count, chunk); i < end; i++)
        memcpy(job->moved + i * size, job->pointers[i], size);
}

static void sort_bring_back(size_t chunk, void *arg)
{
    const struct sort_job *job = arg;
    size_t size = job->items.size;
    size_t begin = sort_chunk_begin(job->count, chunk), end = sort_chunk_begin(job->count, chunk + 1);
    memcpy(job->base + begin * size, job->moved + begin * size, (end - begin) * size);
}

static bool sort_each(struct sort_job *job, rovei_sort_each_fn *body)
{
    return rovei_sort_each(&job->sorting, sort_chunks(job->count), body, job);
}

/* Sorts pointers to the elements, then moves each element once. The elements stay where they are until all is
 * decided. */
static void sort_indirect(struct sort_job *job)
{
    struct rovei_items pointers = job->items;
    pointers.size = sizeof(char *);
    pointers.is_indirect = true;
    if (!sort_each(job, sort_point))
        return;
    sort_whole(job, &pointers, (char *)job->pointers, (char *)(job->pointers + job->count));
    if (!sorting_is_over(&job->sorting) && sort_each(job, sort_gather))
        sort_each(job, sort_bring_back);
}

/* With as much memory as it takes, or in place. */
static void sort_any(struct sort_job *job)
{
    bool is_indirect = job->items.size > ITEM_DIRECT_MAX;
    job->moved = rovei_sort_scratch(job->count, job->items.size);
    job->pointers = is_indirect && job->moved ? rovei_sort_scratch(job->count, 2 * sizeof *job->pointers) : NULL;
    if (job->pointers)
        sort_indirect(job);
    else if (job->moved && !is_indirect)
        sort_whole(job, &job->items, job->base, job->moved);
    else if (job->is_stable)
        rovei_sort_place_stable(&job->sorting, &job->items, job->base, job->count);
    else
        rovei_sort_place(&job->sorting, &job->items, job->base, job->count);
    free(job->pointers);
    free(job->moved);
}

static void sort_run(void *arg)
{
    struct sort_job *job = arg;
    sorting_begin(&job->sorting);
    if (sort_each(job, sort_survey) && !sorting_is_over(&job->sorting) && job->falls) {
        if (job->rises)
            sort_any(job);
        else
            rovei_sort_each(&job->sorting, sort_chunks(job->count / 2), sort_reverse, job);
    }
    job->status = sorting_end(&job->sorting);
}

static rove_status sort_start(void *base, size_t count, size_t size, rove_compare_fn *compare, void *arg,
                              bool is_stable)
{
    if (!items_are_valid(base, count, size, compare))
        return ROVE_INVALID;
    if (count < 2)
        return ROVE_OK;
    struct sort_job job = {
        .items = {.size = size, .compare = compare, .arg = arg}, .base = base, .count = count, .is_stable = is_stable};
    rove_status status = rove_run(NULL, sort_run, &job);
    return status ? status : job.status;
}

rove_status rove_sort(void *base, size_t count, size_t size, rove_compare_fn *compare, void *arg)
{
    return sort_start(base, count, size, compare, arg, false);
}

rove_status rove_stable_sort(void *base, size_t count, size_t size, rove_compare_fn *compare, void *arg)
{
    return sort_start(base, count, size, compare, arg, true);
}
