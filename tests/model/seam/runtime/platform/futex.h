/*
 * Sleeping on a word, for the model tests: stands in front of runtime/platform/futex.h and gives no more than futex(2)
 * promises. A wait compares with what the word holds and falls asleep in one step, or returns; it may also return for
 * no reason. Neither side orders anything in memory. A wake wakes those who sleep at this moment and is then forgotten,
 * so a wake that is missing or comes too early leaves a thread asleep, and in the end Relacy reports a deadlock.
 */
#ifndef ROVEI_PLATFORM_FUTEX_H
#define ROVEI_PLATFORM_FUTEX_H

#include <limits.h>
#include <relacy/relacy.hpp>
#include <stdatomic.h>
#include <stdint.h>

enum { FUTEX_WAKE_ALL = INT_MAX };

class model_futex
{
  public:
    /* Before the threads start. */
    void begin()
    {
        count = 0;
    }

    void wait(const rl::atomic<uint32_t> &word, uint32_t expected)
    {
        rl::ctx().sched();
        if (rl::rand(8) == 0 || word.debug_value() != expected)
            return;
        sleepers[count].word = &word;
        sleepers[count++].thread = rl::ctx().current_thread();
        rl::ctx().park_current_thread(false, false, false, $);
    }

    /* Time does what it likes. A thread in a timed wait is never lost, so it need not sleep here. */
    void wait_until(const rl::atomic<uint32_t> &word, uint32_t expected, int64_t *now, int64_t until)
    {
        rl::yield(1, $);
        if (word.debug_value() == expected && rl::rand(2) && *now < until)
            *now = until;
    }

    void wake(const rl::atomic<uint32_t> &word, int most)
    {
        rl::ctx().sched();
        for (int i = count - 1; i >= 0 && most > 0; i--) {
            if (sleepers[i].word != &word)
                continue;
            rl::ctx().unpark_thread(sleepers[i].thread, false, $);
            sleepers[i] = sleepers[--count];
            most--;
        }
    }

  private:
    struct sleeper {
        const rl::atomic<uint32_t> *word;
        rl::thread_id_t thread;
    };

    sleeper sleepers[8];
    int count;
};

/* One search runs at a time, and one thread of the process runs all threads of a scenario. */
static model_futex model_futexes;

static inline void rovei_futex_wait(_Atomic(uint32_t) *word, uint32_t expected)
{
    model_futexes.wait(*word, expected);
}

/* What rovei_clock_now says. */
static int64_t model_now;

static inline void rovei_futex_wait_until(_Atomic(uint32_t) *word, uint32_t expected, int64_t until)
{
    model_futexes.wait_until(*word, expected, &model_now, until);
}

static inline void rovei_futex_wake(_Atomic(uint32_t) *word, int count)
{
    model_futexes.wake(*word, count);
}

#endif
