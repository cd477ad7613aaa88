/*
 * A relaxed store as C++20 sees it. Under C++11, and so in Relacy, a relaxed store by the thread that has stored with
 * release before it continues that release sequence: who reads it with acquire sees what the older store published.
 * C++20 has given this up, and compilers may rely on that. The headers must be right under both, so the model forgets
 * what Relacy hands on.
 */
#ifndef TESTS_MODEL_RELAXED_STORE_HPP
#define TESTS_MODEL_RELAXED_STORE_HPP

#include <relacy/relacy.hpp>

#include <algorithm>

struct rove_task;
struct rovei_slot;

/* Where a cell has its history. */
template <typename T> struct model_history {
    typedef rl::atomic_data *rl::generic_atomic<T, false>::*type;
    static type member;
};

template <typename T> typename model_history<T>::type model_history<T>::member;

/* It is a private member. An explicit instantiation may name it, and hands it out before main. */
template <typename T, typename model_history<T>::type member> struct model_history_access {
    struct begin {
        begin()
        {
            model_history<T>::member = member;
        }
    };

    static begin done;
};

template <typename T, typename model_history<T>::type member>
typename model_history_access<T, member>::begin model_history_access<T, member>::done;

/* What there are cells of. */
template struct model_history_access<int64_t, &rl::generic_atomic<int64_t, false>::impl_>;
template struct model_history_access<uintptr_t, &rl::generic_atomic<uintptr_t, false>::impl_>;
template struct model_history_access<rovei_slot *, &rl::generic_atomic<rovei_slot *, false>::impl_>;
template struct model_history_access<rove_task *, &rl::generic_atomic<rove_task *, false>::impl_>;

/* The newest store to a cell publishes nothing. */
template <rl::thread_id_t thread_count> void model_publish_nothing(rl::atomic_data *data)
{
    rl::atomic_data_impl<thread_count> &cell = *static_cast<rl::atomic_data_impl<thread_count> *>(data);
    rl::timestamp_t *published = cell.history_[cell.current_index_ % rl::atomic_history_size].acq_rel_order_;
    std::fill(published, published + thread_count, static_cast<rl::timestamp_t>(0));
}

template <typename T, typename V> void model_store_relaxed(rl::atomic<T> &cell, V value, rl::debug_info_param info)
{
    cell.store(value, rl::mo_relaxed, info);
    rl::atomic_data *data = cell.*model_history<T>::member;
    switch (rl::ctx().get_thread_count()) {
    case 2:
        model_publish_nothing<2>(data);
        break;
    case 3:
        model_publish_nothing<3>(data);
        break;
    case 4:
        model_publish_nothing<4>(data);
        break;
    default:
        rl::ctx().fail_test("no model of this many threads", rl::test_result_inconsistent_test_suite, info);
    }
}

#endif
