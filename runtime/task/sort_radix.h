/*
 * Sorting keys in parallel. Included by sort_keys32.c and sort_keys64.c, each with its own `sort_key`: two types only,
 * and nothing else differs, so they share the text.
 *
 * A part too large for a core's cache is surveyed (is it in order? which bits differ?) and dealt out by its highest 8
 * bits that differ: chunks count their digits, the counts say where each chunk's keys of each digit go, chunks move
 * their keys into the other array. Each digit's keys are then a part of their own, with the two arrays in each other's
 * place. Every key loses at least one bit that matters each time, so that the depth is bounded whatever the keys are.
 *
 * The caller's keys are turned into unsigned ones as they are read, and back where they arrive: `home`, which is
 * always in the caller's array. A part that is canceled only brings its keys home.
 */
#ifndef ROVEI_TASK_SORT_RADIX_H
#define ROVEI_TASK_SORT_RADIX_H

#include "runtime/task/sort_pass.h"

#include <rove/runtime.h>
#include <stdlib.h>

/* Quicksort in place, for want of memory. */
struct quick_half {
    rove_task task; /* first */
    struct rovei_sorting *sorting;
    sort_key *keys;
    size_t count;
    int luck;
};

static void quick_task(rove_task *task);

static void quick_work(const struct quick_half *half)
{
    if (sorting_is_over(half->sorting))
        return;
    if (half->count <= KEYS_CACHED) {
        quick_sort(half->keys, half->count, half->luck);
        return;
    }
    struct quick_cut cut = quick_step(half->keys, half->count, half->luck);
    struct quick_half low = {.sorting = half->sorting, .keys = half->keys, .count = cut.low, .luck = half->luck - 1};
    struct quick_half high = low;
    high.keys += cut.high;
    high.count = half->count - cut.high;
    rove_fork(&high.task, quick_task);
    quick_work(&low);
    rove_status joined = rove_join(&high.task, quick_task);
    if (joined)
        sorting_cut(half->sorting, joined);
}

static void quick_task(rove_task *task)
{
    const struct quick_half *half = (const struct quick_half *)task;
    struct rovei_frame frame;
    struct rovei_worker *worker = loop_enter(&half->sorting->loop, &frame);
    quick_work(half);
    loop_leave(worker, &frame);
}

static void part_sort_in_place(struct radix_pass *pass)
{
    struct radix_part *part = &pass->part;
    if (part->is_raw && !pass->job->is_plain && !pass_do(pass, pass_turn))
        return;
    part->is_raw = false;
    struct quick_half whole = {
        .sorting = &pass->job->sorting, .keys = part->keys, .count = part->count, .luck = quick_luck(part->count)};
    quick_work(&whole);
    part_come_home(pass);
}

static void part_sort(struct radix_job *job, const struct radix_part *part);

/* The keys of one digit are a part, in the other array. */
static void pass_sort_digit(size_t digit, void *arg)
{
    const struct radix_pass *pass = arg;
    const struct radix_part *part = &pass->part;
    const size_t *ends = pass->counts + (sort_chunks(part->count) - 1) * RADIX_VALUES;
    size_t begin = digit > 0 ? ends[digit - 1] : 0;
    struct radix_part same = {part->spare + begin, part->keys + begin, part->home + begin, ends[digit] - begin, false};
    part_sort(pass->job, &same);
}

/* Deals the keys out and sorts what has the same digit. False if there was no memory. */
static bool part_deal(struct radix_pass *pass)
{
    struct rovei_sorting *sorting = &pass->job->sorting;
    unsigned high = leaf_bits(pass->survey.spread);
    pass->shift = high > RADIX_BITS ? high - RADIX_BITS : 0;
    pass->counts = rovei_sort_scratch(sort_chunks(pass->part.count), RADIX_VALUES * sizeof *pass->counts);
    if (!pass->counts)
        return false;
    bool is_whole = pass_do(pass, pass_count);
    if (is_whole && !sorting_status(sorting)) {
        pass_place(pass);
        is_whole = pass_do(pass, pass_deal);
    }
    if (is_whole && sorting_status(sorting)) /* the keys are where they were */
        part_come_home(pass);
    else if (is_whole)
        rovei_sort_each(sorting, RADIX_VALUES, pass_sort_digit, pass);
    free(pass->counts);
    return true;
}

static void part_sort_large(struct radix_pass *pass)
{
    struct radix_part *part = &pass->part;
    if (!pass_do(pass, pass_survey))
        return;
    bool is_over = sorting_is_over(&pass->job->sorting);
    if (!is_over && pass->survey.rises && pass->survey.falls) {
        if (!part->spare)
            part->spare = rovei_sort_scratch(part->count, sizeof *part->keys);
        if (!part->spare || !part_deal(pass))
            part_sort_in_place(pass);
        return;
    }
    if (!is_over && pass->survey.falls &&
        !rovei_sort_each(&pass->job->sorting, sort_chunks(part->count / 2), pass_reverse, pass))
        return;
    part_come_home(pass);
}

static void part_sort(struct radix_job *job, const struct radix_part *part)
{
    if (part->count > KEYS_CACHED) {
        struct radix_pass pass = {.job = job, .part = *part};
        part_sort_large(&pass);
    } else if (part->count > 0) {
        sort_key *sorted =
            sorting_is_over(&job->sorting) ? part->keys : leaf_sort(part->keys, part->spare, part->count);
        keys_bring_home(job, sorted, part->home, part->count);
    }
}

static void radix_run(void *arg)
{
    struct radix_job *job = arg;
    struct radix_pass pass = {.job = job, .part = job->whole};
    sorting_begin(&job->sorting);
    part_sort_large(&pass);
    free(pass.part.spare);
    job->status = sorting_end(&job->sorting);
}

/* Sorts keys that are in no order, or in place if there is no memory. */
static void radix_sort_small(const struct radix_job *job, sort_key *keys, size_t count)
{
    sort_key local[KEYS_LOCAL], *sorted = keys;
    sort_key *scratch = count > KEYS_LOCAL ? rovei_sort_scratch(count, sizeof *keys) : local;
    if (!job->is_plain)
        keys_turn(job->order, keys, keys, count);
    if (scratch)
        sorted = leaf_sort(keys, scratch, count);
    else
        quick_sort(keys, count, quick_luck(count));
    keys_bring_home(job, sorted, keys, count);
    if (scratch != local)
        free(scratch);
}

/* What fits the cache takes too little time to share, and needs no runtime. */
static rove_status radix_sort_here(const struct radix_job *job)
{
    const struct radix_part *part = &job->whole;
    rove_scope scope = {.parent = rove_current_scope()};
    if (scope_is_over(&scope))
        return rove_scope_status(&scope);
    struct radix_survey survey = part_survey(job, part, 0, part->count);
    if (survey.falls && survey.rises)
        radix_sort_small(job, part->keys, part->count);
    else if (survey.falls)
        keys_reverse(part->keys, part->keys + part->count, part->count / 2);
    return ROVE_OK;
}

static rove_status radix_sort(sort_key *keys, size_t count, const struct rovei_key_order *order)
{
    if (count > PTRDIFF_MAX / sizeof *keys || (!keys && count > 0))
        return ROVE_INVALID;
    if (count < 2)
        return ROVE_OK;
    struct radix_job job = {
        .order = order, .is_plain = order_is_plain(order), .whole = {keys, NULL, keys, count, true}};
    if (count <= KEYS_CACHED)
        return radix_sort_here(&job);
    rove_status status = rove_run(NULL, radix_run, &job);
    return status ? status : job.status;
}

#endif
