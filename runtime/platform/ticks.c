#include "runtime/platform/ticks.h"

#include "runtime/platform/clock.h"

enum { MARK_TRIES = 5, MARK_NEAR = 1000 /* ns between the two readings of the counter */ };

struct ticks_mark rovei_ticks_mark(void)
{
    struct ticks_mark best = {0};
    int64_t least = INT64_MAX;
    for (int i = 0; i < MARK_TRIES && least > ticks_of(MARK_NEAR); i++) {
        int64_t before = ticks_now();
        int64_t ns = rovei_clock_now();
        int64_t between = ticks_now() - before;
        if (between < least) {
            least = between;
            best = (struct ticks_mark){.ns = ns, .ticks = before + between / 2};
        }
    }
    return best;
}
