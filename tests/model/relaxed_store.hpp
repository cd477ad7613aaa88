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

/* The history of a cell is a private member. An explicit instantiation may name it, and hands it out. */
struct model_history_tag {
    typedef rl::atomic_data *rl::generic_atomic<int64_t, false>::*type;
    friend type model_history(model_history_tag);
};

template <model_history_tag::type member> struct model_history_access {
    friend model_history_tag::type model_history(model_history_tag)
    {
        return member;
    }
};

template struct model_history_access<&rl::generic_atomic<int64_t, false>::impl_>;

/* The newest store to a cell publishes nothing. */
template <rl::thread_id_t thread_count> void model_publish_nothing(rl::atomic_data *data)
{
    rl::atomic_data_impl<thread_count> &cell = *static_cast<rl::atomic_data_impl<thread_count> *>(data);
    rl::timestamp_t *published = cell.history_[cell.current_index_ % rl::atomic_history_size].acq_rel_order_;
    std::fill(published, published + thread_count, static_cast<rl::timestamp_t>(0));
}

static inline void model_store_relaxed(rl::atomic<int64_t> &cell, int64_t value, rl::debug_info_param info)
{
    cell.store(value, rl::mo_relaxed, info);
    rl::atomic_data *data = cell.*model_history(model_history_tag());
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

/* Cells whose stores are all relaxed. */
template <typename T> void model_store_relaxed(rl::atomic<T *> &cell, T *value, rl::debug_info_param info)
{
    cell.store(value, rl::mo_relaxed, info);
}

#endif
