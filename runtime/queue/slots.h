/*
 * The memory of a deque's slots: one array, for which address space is reserved once and memory is taken as the deque
 * grows. So it never moves, and whoever has the address of a slot keeps it.
 */
#ifndef ROVEI_QUEUE_SLOTS_H
#define ROVEI_QUEUE_SLOTS_H

#include "runtime/queue/deque.h"

/* Prepares an empty deque in an array of its own. The pages are first touched by whoever pushes. False if there is no
 * memory. */
bool rovei_slots_open(struct rovei_deque *deque);

/* Doubles the number of slots. False if there is no memory, or no address space left: the deque is as it was, and for
 * good, because a slot at the end means from then on that what was pushed there is not queued. Owner only. */
bool rovei_slots_extend(struct rovei_deque *deque);

/* Gives the memory back. Requires: nobody uses the deque, or it was never opened and is all zero. */
void rovei_slots_close(struct rovei_deque *deque);

#endif
