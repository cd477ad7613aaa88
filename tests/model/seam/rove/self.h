/*
 * Which deque the calling thread pushes to, for the model tests: stands in front of include/rove/self.h. The threads of
 * a scenario share one thread of the process, so each has a place of its own here.
 */
#ifndef ROVE_SELF_H
#define ROVE_SELF_H

#include <relacy/relacy.hpp>
#include <rove/deque.h>
#include <rove/export.h>

static struct rovei_deque *model_selves[8];

#define rovei_self (model_selves[rl::ctx().current_thread()])

static inline struct rovei_deque *rovei_self_deque(void)
{
    return rovei_self;
}

#endif
