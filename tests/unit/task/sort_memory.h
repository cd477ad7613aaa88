/*
 * Refuses the library's scratch memory when a test says so: a definition of aligned_alloc that stands in front of the C
 * library's. For one file of a program.
 */
#ifndef TESTS_SORT_MEMORY_H
#define TESTS_SORT_MEMORY_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

/* Allocations from this one on, counted from 0 and from when it was set, are refused; negative: none. */
static _Atomic int64_t memory_refused_from = -1;
static _Atomic int64_t memory_calls;
static _Atomic int64_t memory_refusals;

static inline void memory_refuse_from(int64_t call)
{
    atomic_store(&memory_calls, 0);
    atomic_store(&memory_refused_from, call);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    int64_t call = atomic_fetch_add(&memory_calls, 1), from = atomic_load(&memory_refused_from);
    void *memory;
    if (from >= 0 && call >= from) {
        atomic_fetch_add(&memory_refusals, 1);
        return NULL;
    }
    return posix_memalign(&memory, alignment, size) == 0 ? memory : NULL;
}

#endif
