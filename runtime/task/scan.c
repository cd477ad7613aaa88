/*
 * The part of a scan that is serial, which is all of it as long as nobody is hungry. See scan.h.
 */
#include "runtime/task/scan.h"

#include <rove/runtime.h>
#include <rove/scan.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* Values up to this size, in bytes, live on the caller's stack. */
enum { SCAN_INLINE = 1024 };

struct scan_call {
    const struct rovei_scan *scan;
    int64_t begin;
    int64_t end;
    void *value; /* of all before `begin` */
    rove_status status;
};

/* A scan that can be cut, once somebody has been hungry. */
enum scan_crowd { CROWD_UNKNOWN, CROWD_POSSIBLE, CROWD_IMPOSSIBLE };

/* Apart, so that a scan that is never cut has a small frame. */
static __attribute__((noinline)) bool scan_prepare(struct scan_round *round, struct rovei_loop *loop,
                                                   const struct rovei_scan *scan, const struct rovei_range *range)
{
    if (!rovei_scan_round_init(round, loop, scan, range))
        return false;
    if (!scan->prepare || scan->prepare(scan->arg))
        return true;
    rovei_scan_round_fini(round);
    return false;
}

static void scan_work(struct scan_call *call, struct rovei_loop *loop, struct scan_round *round)
{
    const struct rovei_scan *scan = call->scan;
    enum scan_crowd crowd = CROWD_UNKNOWN;
    struct rovei_range range;
    range_start(&range, call->begin, call->end);
    range.chunk = scan->chunk;
    while (range.begin < range.end && !(call->status = loop_status(loop))) {
        bool is_long = range.end - range.begin > range.chunk; /* or there would be a single tile */
        if (is_long && crowd != CROWD_IMPOSSIBLE && range_to_give(&range) > 0) {
            if (crowd == CROWD_UNKNOWN)
                crowd = scan_prepare(round, loop, scan, &range) ? CROWD_POSSIBLE : CROWD_IMPOSSIBLE;
            if (crowd == CROWD_POSSIBLE && (call->status = rovei_scan_round_run(round, &range, call->value)))
                break;
            continue;
        }
        int64_t end = range_next(&range);
        scan->scan(range.begin, end, call->value, scan->arg);
        range_advance(&range, end);
    }
    if (crowd == CROWD_POSSIBLE)
        rovei_scan_round_fini(round);
}

static void scan_run(void *arg)
{
    struct scan_call *call = arg;
    struct rovei_loop loop;
    struct scan_round round;
    loop_begin(&loop);
    scan_work(call, &loop, &round);
    call->status = loop_end(&loop, call->status);
}

static rove_status scan_call(struct scan_call *call, void *total)
{
    memcpy(call->value, call->scan->identity, call->scan->size);
    rove_status status = rove_run(NULL, scan_run, call);
    if (!status)
        status = call->status;
    if (!status && total)
        memcpy(total, call->value, call->scan->size);
    return status;
}

rove_status rovei_scan_run(int64_t begin, int64_t end, const struct rovei_scan *scan, void *total)
{
    struct scan_call call = {.scan = scan, .begin = begin, .end = end};
    if (end <= begin) {
        if (total)
            memmove(total, scan->identity, scan->size);
        return ROVE_OK;
    }
    if (scan->size + scan->extra <= SCAN_INLINE) {
        alignas(SCAN_ALIGNMENT) char value[SCAN_INLINE];
        call.value = value;
        return scan_call(&call, total);
    }
    size_t room = (scan->size + scan->extra + SCAN_ALIGNMENT - 1) / SCAN_ALIGNMENT * SCAN_ALIGNMENT;
    call.value = aligned_alloc(SCAN_ALIGNMENT, room);
    if (!call.value)
        return ROVE_NO_MEMORY;
    rove_status status = scan_call(&call, total);
    free(call.value);
    return status;
}

rove_status rove_scan(int64_t begin, int64_t end, const rove_scanner *scanner, void *total)
{
    if (!scanner || scanner->size == 0 || scanner->size > SIZE_MAX / 4 || !scanner->identity || !scanner->sum ||
        !scanner->scan || !scanner->combine || !range_is_countable(begin, end))
        return ROVE_INVALID;
    struct rovei_scan scan = {.size = scanner->size,
                              .identity = scanner->identity,
                              .sum = scanner->sum,
                              .scan = scanner->scan,
                              .scan_again = scanner->scan,
                              .combine = scanner->combine,
                              .arg = scanner->arg,
                              .chunk = 1};
    return rovei_scan_run(begin, end, &scan, total);
}
