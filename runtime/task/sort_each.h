/*
 * What the parts of a sort share: why it was cut short, loops that leave nothing out, and scratch memory.
 *
 * A loop of rove_for leaves out what has not begun when it is canceled. A sort cannot: its elements lie in two
 * arrays, and somebody must bring them together. So here every index is visited, and the body looks whether it is to
 * sort or only to leave the elements where they belong.
 */
#ifndef ROVEI_TASK_SORT_EACH_H
#define ROVEI_TASK_SORT_EACH_H

#include "runtime/task/range.h"

/* A sort or merge as a whole. */
struct rovei_sorting {
    struct rovei_loop loop;
    int32_t status; /* a rove_status: why something was left undone. Relaxed: exact when all parts have been joined */
};

static inline void sorting_begin(struct rovei_sorting *sorting)
{
    sorting->status = ROVE_OK;
    loop_begin(&sorting->loop);
}

static inline rove_status sorting_status(const struct rovei_sorting *sorting)
{
    return (rove_status)__atomic_load_n(&sorting->status, __ATOMIC_RELAXED);
}

/* Remembers why the caller leaves something undone. That a part is missing weighs most. */
static inline void sorting_cut(struct rovei_sorting *sorting, rove_status status)
{
    if (status == ROVE_FORKED || !sorting_status(sorting))
        __atomic_store_n(&sorting->status, (int32_t)status, __ATOMIC_RELAXED);
}

/* Whether the caller is to leave undone what it was about to do. */
static inline bool sorting_is_over(struct rovei_sorting *sorting)
{
    if (ROVEI_UNLIKELY(sorting_status(sorting)))
        return true;
    rove_status status = loop_status(&sorting->loop);
    if (ROVEI_LIKELY(!status))
        return false;
    sorting_cut(sorting, status);
    return true;
}

/* Ends it, and says how it went. */
static inline rove_status sorting_end(struct rovei_sorting *sorting)
{
    return loop_end(&sorting->loop, sorting_status(sorting));
}

/* Calls body(index, arg) for every index below `count`, in parallel if somebody is hungry. False in a child of fork(2)
 * where some were left behind; the sorting then has the status ROVE_FORKED. On a worker. */
typedef void rovei_sort_each_fn(size_t index, void *arg);
bool rovei_sort_each(struct rovei_sorting *sorting, size_t count, rovei_sort_each_fn *body, void *arg);

/* How many chunks an array is cut into that is worked through in one pass, by rovei_sort_each. */
enum { SORT_CHUNK = 1 << 15, SORT_CHUNKS_MAX = 1024 };

static inline size_t sort_chunks(size_t count)
{
    size_t chunks = count / SORT_CHUNK + 1;
    return chunks < SORT_CHUNKS_MAX ? chunks : SORT_CHUNKS_MAX;
}

/* Where chunk `index` begins; the last one ends where the one after it would begin. */
static inline size_t sort_chunk_begin(size_t count, size_t index)
{
    size_t chunks = sort_chunks(count);
    size_t rest = count % chunks;
    return count / chunks * index + (index < rest ? index : rest);
}

/* Uninitialized memory for `count` elements of `size` bytes, aligned to at least 64 bytes; to be freed; NULL if there
 * is none. */
void *rovei_sort_scratch(size_t count, size_t size);

#endif
