/*
 * An end to the arrays of deques: beyond a size that the test chooses there is no memory for them.
 */
#ifndef TESTS_SLOTS_H
#define TESTS_SLOTS_H

#include <stddef.h>

/* The array of a deque at first, in bytes; it grows by doubling. One slot of it is not used for tasks that stay. */
enum { TEST_SLOTS_AT_FIRST = 4096 };

/* From now on no array grows beyond `bytes`, and none is made if that is less than the first size; SIZE_MAX lifts the
 * limit. Any thread. Nothing else that the process does with memory is refused. */
void test_slots_limit(size_t bytes);

#endif
