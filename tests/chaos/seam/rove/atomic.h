/*
 * The seam to the memory model, for the chaos tests: stands in front of include/rove/atomic.h. The operations are those
 * that ship; in front of each lies a point at which the thread may lose its processor, so that others see it between
 * any two of its steps. Besides, a load of a deque's `limit` may ring that deque's doorbell first, which any thief may
 * do at any time: what is private then becomes public all the time, and not once in a hundred thousand tasks.
 */
#ifndef TESTS_CHAOS_ATOMIC_H
#define TESTS_CHAOS_ATOMIC_H

#include <chaos/chaos.h>

#include_next <rove/atomic.h>

#undef ROVEI_LOAD
#undef ROVEI_STORE
#undef ROVEI_EXCHANGE
#undef ROVEI_CAS
#undef ROVEI_LIGHT_BARRIER

#define ROVEI_LOAD(cell, order) (chaos_before_load(&(cell), #cell), __atomic_load_n(&(cell), __ATOMIC_##order))

/* The value is found before the point: a load in it and the store are two steps. */
#define ROVEI_STORE(cell, value, order)                                                                                \
    __extension__({                                                                                                    \
        __typeof__(cell) chaos_value = (value);                                                                        \
        chaos_point();                                                                                                 \
        __atomic_store_n(&(cell), chaos_value, __ATOMIC_##order);                                                      \
    })
#define ROVEI_EXCHANGE(cell, value, order)                                                                             \
    __extension__({                                                                                                    \
        __typeof__(cell) chaos_value = (value);                                                                        \
        chaos_point();                                                                                                 \
        __atomic_exchange_n(&(cell), chaos_value, __ATOMIC_##order);                                                   \
    })

#define ROVEI_CAS(cell, expected, desired, order)                                                                      \
    (chaos_point(),                                                                                                    \
     __atomic_compare_exchange_n(&(cell), &(expected), (desired), false, __ATOMIC_##order, __ATOMIC_RELAXED))

/* Between the owner's store and its load, where the heavy side meets it. */
#define ROVEI_LIGHT_BARRIER()                                                                                          \
    do {                                                                                                               \
        __atomic_signal_fence(__ATOMIC_SEQ_CST);                                                                       \
        chaos_gap();                                                                                                   \
        __atomic_signal_fence(__ATOMIC_SEQ_CST);                                                                       \
    } while (0)

#endif
