/*
 * <stdatomic.h>, for the model tests: maps the operations of C11 to Relacy, so that sources that ship can be compiled
 * into a model. Only what they use; only the form with explicit orders, which is the only one that Rove allows. A type
 * must be written as _Atomic(type), because a macro cannot stand for the form without parentheses.
 */
#ifndef MODEL_STDATOMIC_H
#define MODEL_STDATOMIC_H

#include <relacy/relacy.hpp>

#define _Atomic(type) rl::atomic<type>

/* Relacy has defined memory_order_relaxed and its like: the order, a comma, and where in the source
 * it is used. */
#define atomic_load_explicit(cell, order) (cell)->load(rl::order)
#define atomic_store_explicit(cell, value, order) (cell)->store((value), rl::order)
#define atomic_exchange_explicit(cell, value, order) (cell)->exchange((value), rl::order)
#define atomic_fetch_add_explicit(cell, value, order) (cell)->fetch_add((value), rl::order)
#define atomic_fetch_sub_explicit(cell, value, order) (cell)->fetch_sub((value), rl::order)
#define atomic_compare_exchange_strong_explicit(cell, expected, desired, order, failure)                               \
    (cell)->compare_exchange_strong(*(expected), (desired), rl::order, rl::failure)

#endif
