/*
 * How the interleavings are chosen. Errors of a deque hide where one thread stands still between two instructions while
 * others do much, and where many threads take turns; a fair choice at every step hardly ever makes the first. So each
 * execution follows one of three styles, by its number:
 *
 *   fair     every thread is as likely to go on as any other
 *   sticky   the running thread mostly goes on
 *   ranked   the first in a random order goes on, and at a few random moments it becomes the last
 *
 * Ranked: Burckhardt, Kothari, Musuvathi and Nagarakatte 2010 (probabilistic concurrency testing).
 */
#ifndef TESTS_MODEL_SCHEDULER_HPP
#define TESTS_MODEL_SCHEDULER_HPP

#include <relacy/relacy.hpp>

#include <algorithm>

/* Numbers that are spread well even for neighbouring seeds. Steele, Lea and Flood 2014. */
class model_random
{
  public:
    void seed(uint64_t number)
    {
        state = number;
    }

    unsigned below(unsigned bound)
    {
        uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return static_cast<unsigned>((z ^ (z >> 31)) >> 32) % bound;
    }

  private:
    uint64_t state;
};

template <rl::thread_id_t thread_count>
class model_scheduler : public rl::scheduler<model_scheduler<thread_count>, rl::scheduler_thread_info, thread_count>
{
  public:
    typedef rl::scheduler<model_scheduler<thread_count>, rl::scheduler_thread_info, thread_count> base;
    typedef typename base::shared_context_t shared_context_t;
    struct task_t {
    };

    model_scheduler(rl::test_params &params, shared_context_t &context, rl::thread_id_t dynamic_threads)
        : base(params, context, dynamic_threads)
    {
    }

    rl::thread_id_t iteration_begin_impl()
    {
        random.seed(this->iter_);
        style = random.below(styles);
        stickiness = 1 << random.below(5);
        steps = 0;
        for (int i = 0; i < thread_count; i++)
            ranks[i] = static_cast<int>(random.below(1 << 20));
        lowest = 0;
        for (int i = 0; i < demotions; i++)
            demote_at[i] = random.below(16u << random.below(6));
        return choose_fairly();
    }

    bool iteration_end_impl()
    {
        return this->iter_ == this->params_.iteration_count;
    }

    rl::thread_id_t schedule_impl(rl::unpark_reason &reason, unsigned yield)
    {
        reason = rl::unpark_reason_normal;
        steps++;
        if (yield && can_go_on())
            ranks[this->thread_->index_] = --lowest; /* it can only go on when another has done something */
        if (style == fair)
            return choose_fairly();
        if (style == sticky && can_go_on() && random.below(stickiness) != 0)
            return this->thread_->index_;
        return style == sticky ? choose_fairly() : choose_ranked();
    }

    unsigned rand_impl(unsigned limit, rl::sched_type)
    {
        return random.below(limit);
    }

    rl::iteration_t iteration_count_impl()
    {
        return this->params_.iteration_count;
    }

    void get_state_impl(std::ostream &)
    {
    }

    void set_state_impl(std::istream &)
    {
    }

    void on_thread_block(rl::thread_id_t, bool)
    {
    }

  private:
    enum { fair, sticky, ranked, styles };
    enum { demotions = 4 };

    bool can_go_on() const
    {
        return this->thread_->state_ == rl::thread_state_running;
    }

    rl::thread_id_t choose_fairly()
    {
        return this->running_threads[random.below(static_cast<unsigned>(this->running_threads_count))];
    }

    rl::thread_id_t choose_ranked()
    {
        if (std::count(demote_at, demote_at + demotions, steps) > 0)
            ranks[this->thread_->index_] = --lowest;
        rl::thread_id_t best = this->running_threads[0];
        for (int i = 1; i < this->running_threads_count; i++) {
            if (ranks[this->running_threads[i]] > ranks[best])
                best = this->running_threads[i];
        }
        return best;
    }

    model_random random;
    unsigned style;
    unsigned stickiness;
    unsigned steps;
    int ranks[thread_count];
    int lowest;
    unsigned demote_at[demotions];
};

#endif
