/*
 * The injector under Relacy, on the header that ships: each task comes out exactly once and complete, in the order in
 * which its producer put it in, and "empty" is never said of an injector that is not.
 */
#include "model.hpp"

#include "runtime/queue/injector.h"

/* A task that comes from outside: the second, third, ... of its producer. */
struct parcel {
    rovei_injected head; /* first, so that a pointer to it is one to the parcel */
    rl::var<int> work;
    int producer;
    int number;
    int runs;
};

/* An injector, `PARCELS` parcels for each of two producers, and what came out. */
template <int PARCELS> class injector_world
{
  public:
    injector_world()
    {
        for (int i = 0; i < producers_max * PARCELS; i++) {
            parcels[i].producer = i / PARCELS;
            parcels[i].number = i % PARCELS;
            parcels[i].runs = 0;
        }
        std::fill(&last[0][0], &last[0][0] + threads_max * producers_max, -1);
        injector_init(&injector);
    }

    ~injector_world()
    {
        injector_fini(&injector);
    }

    /* Puts the parcels from `first` to before `end` of a producer in at once. */
    void push(int producer, int first, int end)
    {
        parcel *from = &parcels[producer * PARCELS];
        for (int i = first; i < end; i++) {
            from[i].work($) = i;
            from[i].head.next = i + 1 < end ? &from[i + 1].head : 0;
        }
        injector_push(&injector, &from[first].head, &from[end - 1].head, end - first);
    }

    /* Takes up to `most` and runs them. Returns how many. */
    int take(int most)
    {
        int64_t count = -1;
        rovei_injected *task = injector_take(&injector, most, &count);
        RL_ASSERT(count >= 0 && count <= most && (count > 0) == (task != 0));
        for (int64_t i = 0; i < count; i++, task = task->next) {
            RL_ASSERT(task);
            run(reinterpret_cast<parcel *>(task));
        }
        RL_ASSERT(!task);
        return static_cast<int>(count);
    }

    void end(int expected)
    {
        while (take(2) > 0 || !injector_is_empty(&injector))
            ;
        int runs = 0;
        for (int i = 0; i < producers_max * PARCELS; i++)
            runs += parcels[i].runs;
        RL_ASSERT(runs == expected);
        RL_ASSERT(injector_length(&injector) == 0);
        RL_ASSERT(!injector.oldest && !injector.newest);
    }

    rovei_injector injector;

  private:
    enum { threads_max = 4, producers_max = 2 };

    void run(parcel *task)
    {
        int &before = last[rl::ctx().current_thread()][task->producer];
        RL_ASSERT(task->number > before);
        before = task->number;
        RL_ASSERT(task->runs++ == 0);
        RL_ASSERT(task->work($) == task->number);
        task->work($) = -1;
    }

    parcel parcels[producers_max * PARCELS];
    int last[threads_max][producers_max]; /* the number that a thread took last, by producer */
};

/* Two producers, two consumers. What is left over at the end is taken then. */
struct exchange : rl::test_suite<exchange, 4>, injector_world<3> {
    void thread(unsigned number)
    {
        if (number < 2) {
            int batch = 1 + static_cast<int>(rl::rand(3));
            for (int i = 0; i < 3; i += batch)
                push(static_cast<int>(number), i, std::min(3, i + batch));
            return;
        }
        for (int i = 0; i < 4; i++)
            take(1 + static_cast<int>(rl::rand(3)));
    }

    void after()
    {
        end(6);
    }
};

/* What was put in before a consumer looks is seen, unless somebody took it. */
struct handed_over : rl::test_suite<handed_over, 2>, injector_world<1> {
    void before()
    {
        flag($).store(0, rl::mo_relaxed);
    }

    void thread(unsigned number)
    {
        if (number == 0) {
            push(0, 0, 1);
            flag($).store(1, rl::mo_release);
        } else if (flag($).load(rl::mo_acquire)) {
            RL_ASSERT(!injector_is_empty(&injector));
        }
    }

    void after()
    {
        end(1);
    }

    rl::atomic<int> flag;
};

/* One consumer takes some of what is there; to the other it never looks empty. */
struct partly_taken : rl::test_suite<partly_taken, 3>, injector_world<3> {
    void before()
    {
        push(0, 0, 3);
    }

    void thread(unsigned number)
    {
        if (number == 0) {
            for (int i = 0; i < 2; i++)
                take(1);
        } else if (number == 1) {
            push(1, 0, 1);
        } else {
            for (int i = 0; i < 3; i++)
                RL_ASSERT(!injector_is_empty(&injector));
        }
    }

    void after()
    {
        end(4);
    }
};

/* A producer that finds nobody asleep has been heard by the worker that is about to sleep. */
struct sleeper : rl::test_suite<sleeper, 2>, injector_world<1> {
    void before()
    {
        sleepers($).store(0, rl::mo_relaxed);
    }

    void thread(unsigned number)
    {
        if (number == 0) {
            push(0, 0, 1);
            is_woken = sleepers($).load(rl::mo_seq_cst) == 1;
        } else {
            sleepers($).store(1, rl::mo_seq_cst);
            is_awake = !injector_is_empty(&injector);
        }
    }

    void after()
    {
        RL_ASSERT(is_woken || is_awake);
        end(1);
    }

    rl::atomic<int> sleepers;
    bool is_woken = false;
    bool is_awake = false;
};

static const model_scenario scenarios[] = {
    {"exchange", model_simulate<exchange>, 3e5},
    {"handed_over", model_simulate<handed_over>, 5e4},
    {"partly_taken", model_simulate<partly_taken>, 1e5},
    {"sleeper", model_simulate<sleeper>, 5e4},
};

int main(int argc, char **argv)
{
    return model_main(argc, argv, scenarios, sizeof scenarios / sizeof *scenarios);
}
