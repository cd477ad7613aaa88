/*
 * The seam to the memory model, for the model tests: stands in front of include/rove/atomic.h and maps the same names
 * to Relacy, so that the headers that ship are what is searched. A cell remembers its last stores, a load may return
 * any of those that C++11 allows, and every operation is a point where another thread may go on.
 */
#ifndef ROVE_ATOMIC_H
#define ROVE_ATOMIC_H

#include "tests/model/relaxed_store.hpp"

#include <relacy/relacy.hpp>

#include <stdint.h>

#define MODEL_ORDER_RELAXED rl::mo_relaxed
#define MODEL_ORDER_ACQUIRE rl::mo_acquire
#define MODEL_ORDER_RELEASE rl::mo_release
#define MODEL_ORDER_ACQ_REL rl::mo_acq_rel
#define MODEL_ORDER_SEQ_CST rl::mo_seq_cst

#define MODEL_STORE_RELAXED(cell, value) model_store_relaxed(cell, value, $)
#define MODEL_STORE_RELEASE(cell, value) (cell).store(value, rl::mo_release, $)
#define MODEL_STORE_SEQ_CST(cell, value) (cell).store(value, rl::mo_seq_cst, $)

typedef rl::atomic<int64_t> rovei_atomic_i64;
typedef rl::atomic<uintptr_t> rovei_atomic_word;
#define ROVEI_ATOMIC_POINTER(type) rl::atomic<type *>

#define ROVEI_INIT(cell, value) (cell).store((value), rl::mo_relaxed, $)

#define ROVEI_LOAD(cell, order) (cell).load(MODEL_ORDER_##order, $)
#define ROVEI_STORE(cell, value, order) MODEL_STORE_##order((cell), (value))
#define ROVEI_EXCHANGE(cell, value, order) (cell).exchange((value), MODEL_ORDER_##order, $)
#define ROVEI_CAS(cell, expected, desired, order)                                                                      \
    (cell).compare_exchange_strong((expected), (desired), MODEL_ORDER_##order, $, rl::mo_relaxed, $)

/* Keeps only the compiler in order, and the model has none. Its effect is in the heavy side, model_barrier. */
#define ROVEI_LIGHT_BARRIER() ((void)0)

#define ROVEI_LIKELY(condition) (condition)
#define ROVEI_UNLIKELY(condition) (condition)

#endif
