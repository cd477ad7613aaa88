/*
 * An allocator for rove_config.allocator that knows what is out, checks that each block comes back with the size and
 * the argument that it had, and refuses allocations when it is told to.
 */
#ifndef TESTS_HEAP_H
#define TESTS_HEAP_H

#include <support/support.h>

/* All zero is valid: nothing is out, nothing is refused. */
struct test_heap {
    _Atomic int64_t calls;  /* allocations since the last test_heap_refuse */
    _Atomic int64_t blocks; /* that are out */
    _Atomic int64_t refuse_from;
    _Atomic int64_t refuse_to;
    _Atomic int64_t wrong_sizes; /* blocks that came back with another size */
};

/* The allocator that takes from `heap`. */
rove_allocator test_heap_allocator(struct test_heap *heap);

/* Refuses the allocations from number `from` up to but not including `to`, counted from 0 and from now. */
void test_heap_refuse(struct test_heap *heap, int64_t from, int64_t to);

/* Fails the test unless all is back. `what` names the case in the message. */
void test_heap_check(struct test_heap *heap, const char *what, int64_t number);

#endif
