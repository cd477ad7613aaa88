/*
 * The seam to the memory model: the only atomic operations that the deque, the injector and the inline fork and join
 * use. Written as macros over the compiler's builtins because this must read as C11 and as C++17, which have no
 * common <stdatomic.h>. The model tests put a file of the same name in front of this one, which maps the same
 * operations to Relacy; so what is tested is the header that ships.
 *
 * Orders are RELAXED, ACQUIRE, RELEASE, ACQ_REL and SEQ_CST. Internal to Rove: programs use <stdatomic.h>.
 */
#ifndef ROVE_ATOMIC_H
#define ROVE_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

/* Cells: memory that is only touched by the operations below. */
typedef int64_t rovei_atomic_i64;
typedef uintptr_t rovei_atomic_word;
#define ROVEI_ATOMIC_POINTER(type) type *

/* A plain store to a cell that no other thread can reach yet. */
#define ROVEI_INIT(cell, value) ((void)((cell) = (value)))

#define ROVEI_LOAD(cell, order) __atomic_load_n(&(cell), __ATOMIC_##order)
#define ROVEI_STORE(cell, value, order) __atomic_store_n(&(cell), (value), __ATOMIC_##order)
#define ROVEI_EXCHANGE(cell, value, order) __atomic_exchange_n(&(cell), (value), __ATOMIC_##order)

/* Strong compare and exchange. `expected` is an lvalue and receives what was found; failure is relaxed. */
#define ROVEI_CAS(cell, expected, desired, order)                                                                      \
    __atomic_compare_exchange_n(&(cell), &(expected), (desired), false, __ATOMIC_##order, __ATOMIC_RELAXED)

/* Keeps the compiler, not the processor, from moving memory accesses across: the light side of a pair whose heavy
 * side is a process-wide barrier (membarrier). */
#define ROVEI_LIGHT_BARRIER() __atomic_signal_fence(__ATOMIC_SEQ_CST)

#define ROVEI_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define ROVEI_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

#endif
