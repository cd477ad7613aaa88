/*
 * Searches. As long as nobody is hungry, a loop from the beginning; then a crew that takes pieces in order.
 *
 * `best` only falls, and a piece is left out only if it lies behind it. So when all pieces that were taken have been
 * looked through, up to `best` if not to their ends, nothing before `best` holds.
 */
#include "runtime/task/crew.h"

#include <rove/find.h>
#include <rove/runtime.h>

struct find_search {
    struct rovei_crew crew; /* first */
    rove_find_fn *find;
    void *arg;
    int64_t begin;
    int64_t end;
    bool is_any;   /* whether any index will do */
    int64_t chunk; /* how many indices a member begins with */
    rove_status status;
    char pad[ROVEI_LINE];
    _Atomic(int64_t) taken; /* the first index that nobody has taken */
    _Atomic(int64_t) best;  /* the lowest index that has been found; `end`: none yet */
    _Atomic(int64_t) left;  /* the lowest index that was taken and left, because the loop is over; `end`: none */
};

/* Relaxed here and below: the numbers are all there is, and what is left behind is read when all have been joined. */
static int64_t search_best(struct find_search *search)
{
    return atomic_load_explicit(&search->best, memory_order_relaxed);
}

/* Whether an index from `begin` on would not be of use any more. */
static bool search_is_over(struct find_search *search, int64_t begin)
{
    int64_t best = search_best(search);
    return begin >= best || (search->is_any && best < search->end);
}

static void search_lower(_Atomic(int64_t) *lowest, int64_t index)
{
    int64_t before = atomic_load_explicit(lowest, memory_order_relaxed);
    while (index < before &&
           !atomic_compare_exchange_weak_explicit(lowest, &before, index, memory_order_relaxed, memory_order_relaxed))
        ;
}

/* Looks through the next chunk of `range`. False if that has ended the range. */
static bool search_step(struct find_search *search, struct rovei_range *range)
{
    int64_t begin = range->begin, end = range_next(range);
    int64_t index = search->find(begin, end, search->arg);
    range_advance(range, end);
    if (index < begin || index >= end)
        return range->begin < range->end;
    search_lower(&search->best, index);
    return false;
}

/* Takes the next `count` indices, or as many as are left. False if there are none that are of use. */
static bool search_take(struct find_search *search, struct rovei_range *range, int64_t count)
{
    int64_t begin = atomic_load_explicit(&search->taken, memory_order_relaxed);
    do {
        if (begin >= search->end || search_is_over(search, begin))
            return false;
        range->begin = begin;
        range->end = search->end - begin > count ? begin + count : search->end;
    } while (!atomic_compare_exchange_weak_explicit(&search->taken, &begin, range->end, memory_order_relaxed,
                                                    memory_order_relaxed));
    range_resume(range);
    return true;
}

static void search_work(struct rovei_crew *crew, struct crew_member *member)
{
    struct find_search *search = (struct find_search *)(void *)crew;
    struct rovei_range range;
    range_start(&range, search->begin, search->end);
    range.chunk = search->chunk;
    while (search_take(search, &range, crew_tile(search->end - range.begin, range.chunk))) {
        do {
            if (loop_status(crew->loop)) {
                search_lower(&search->left, range.begin);
                return;
            }
            crew_attend(member);
        } while (!search_is_over(search, range.begin) && search_step(search, &range));
    }
}

/* The rest of the range, by all who come. */
static rove_status search_together(struct find_search *search, const struct rovei_range *range)
{
    search->chunk = range->chunk;
    atomic_init(&search->taken, range->begin);
    rove_status status = rovei_crew_run(&search->crew);
    if (!status && atomic_load_explicit(&search->left, memory_order_relaxed) < search_best(search))
        status = loop_status(search->crew.loop);
    return status;
}

static void search_run(void *arg)
{
    struct find_search *search = arg;
    struct rovei_loop loop;
    struct rovei_range range;
    search->crew.loop = &loop;
    loop_begin(&loop);
    range_start(&range, search->begin, search->end);
    do {
        search->status = loop_status(&loop);
        if (!search->status && range_to_give(&range) > 0) {
            search->status = search_together(search, &range);
            break;
        }
    } while (!search->status && search_step(search, &range));
    search->status = loop_end(&loop, search->status);
}

static rove_status find_call(int64_t begin, int64_t end, rove_find_fn *find, void *arg, bool is_any, int64_t *index)
{
    if (!find || !index || !range_is_countable(begin, end))
        return ROVE_INVALID;
    *index = end;
    if (end <= begin)
        return ROVE_OK;
    struct find_search search = {
        .crew.work = search_work, .find = find, .arg = arg, .begin = begin, .end = end, .is_any = is_any};
    atomic_init(&search.best, end);
    atomic_init(&search.left, end);
    rove_status status = rove_run(NULL, search_run, &search);
    *index = search_best(&search);
    if (status)
        return status;
    return is_any && *index < end ? ROVE_OK : search.status;
}

rove_status rove_find_first(int64_t begin, int64_t end, rove_find_fn *find, void *arg, int64_t *index)
{
    return find_call(begin, end, find, arg, false, index);
}

rove_status rove_find_any(int64_t begin, int64_t end, rove_find_fn *find, void *arg, int64_t *index)
{
    return find_call(begin, end, find, arg, true, index);
}

rove_status rove_any(int64_t begin, int64_t end, rove_find_fn *find, void *arg, bool *holds)
{
    int64_t index;
    if (!holds)
        return ROVE_INVALID;
    rove_status status = find_call(begin, end, find, arg, true, &index);
    if (status != ROVE_INVALID)
        *holds = index < end;
    return status;
}
