/*
 * What the model tests share: a program that searches a list of scenarios, and a model of membarrier.
 *
 * A scenario is a rl::test_suite. Relacy executes it many times, each time with another random interleaving and other
 * random choices of what loads may return. An execution is fixed by its number, so a search is too.
 *
 * Environment:
 *   ROVE_TEST_SEED=n    the number of the first execution; with that of a failure it is repeated at once; default 1
 *   ROVE_TEST_SCALE=x   multiplies the number of executions
 */
#ifndef TESTS_MODEL_HPP
#define TESTS_MODEL_HPP

#include "scheduler.hpp"

#include <relacy/relacy.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <new>
#include <type_traits>

struct model_scenario {
    const char *name;
    bool (*simulate)(rl::test_params &);
    double executions;
};

/*
 * membarrier(2) as the kernel promises it, and no more: at some point between the call and the return each other thread
 * passes a barrier; it then sees what the caller had seen before the call, and the caller sees at the return what that
 * thread had seen. Two threads that are interrupted by the same call learn nothing from each other, which is less than
 * Relacy's own systemwide_fence gives them.
 *
 * What a thread has seen is, in Relacy, a time for each thread.
 */
class model_membarrier
{
  public:
    /* Before the threads start. */
    void begin()
    {
        std::fill(threads, threads + threads_max, static_cast<rl::thread_info_base *>(0));
        forget(pending);
    }

    /* At the start of each thread. A barrier that it has slept through takes effect now. */
    void enter()
    {
        threads[rl::ctx().current_thread()] = rl::ctx().threadx_;
        learn(rl::ctx().threadx_->acq_rel_order_, pending);
    }

    void pass()
    {
        rl::timestamp_t *mine = rl::ctx().threadx_->acq_rel_order_;
        rl::timestamp_t before[threads_max], collected[threads_max];
        forget(before);
        forget(collected);
        learn(before, mine);
        learn(pending, mine);
        int count = rl::ctx().get_thread_count();
        int first = static_cast<int>(rl::rand(static_cast<unsigned>(count)));
        for (int i = 0; i < count; i++) {
            int other = (first + i) % count;
            if (other == rl::ctx().current_thread() || !threads[other])
                continue;
            rl::ctx().sched();
            learn(threads[other]->acq_rel_order_, before);
            learn(collected, threads[other]->acq_rel_order_);
        }
        rl::ctx().sched();
        learn(mine, collected);
    }

  private:
    enum { threads_max = 4 };

    static void forget(rl::timestamp_t *seen)
    {
        std::fill(seen, seen + threads_max, static_cast<rl::timestamp_t>(0));
    }

    static void learn(rl::timestamp_t *seen, const rl::timestamp_t *other)
    {
        for (int i = 0; i < rl::ctx().get_thread_count(); i++)
            seen[i] = std::max(seen[i], other[i]);
    }

    rl::thread_info_base *threads[threads_max];
    rl::timestamp_t pending[threads_max];
};

/* One search runs at a time, and one thread of the process runs all threads of a scenario. */
static model_membarrier model_barriers;

/* The heavy barrier. */
static inline bool model_barrier()
{
    model_barriers.pass();
    return true;
}

/* A scenario, whatever its type. */
class model_execution
{
  public:
    virtual void before() = 0;
    virtual void thread(unsigned number) = 0;
    virtual void invariant() = 0;
    virtual void after() = 0;
    virtual ~model_execution()
    {
    }
};

template <typename scenario> class model_execution_of : public model_execution
{
  public:
    void before()
    {
        it.before();
    }

    void thread(unsigned number)
    {
        it.thread(number);
    }

    void invariant()
    {
        it.invariant();
    }

    void after()
    {
        it.after();
    }

    /* One search runs at a time. */
    static model_execution *begin()
    {
        static typename std::aligned_storage<sizeof(model_execution_of), alignof(model_execution_of)>::type memory;
        return new (&memory) model_execution_of;
    }

  private:
    scenario it;
};

/* What Relacy is given: one type for each number of threads, because it instantiates all of itself for each type, and
 * that takes a compiler half a second. */
template <rl::thread_id_t THREADS> struct model_suite : rl::test_suite<model_suite<THREADS>, THREADS> {
    model_suite() : execution(begin())
    {
    }

    ~model_suite()
    {
        execution->~model_execution();
    }

    void before()
    {
        execution->before();
    }

    void thread(unsigned number)
    {
        execution->thread(number);
    }

    void invariant()
    {
        execution->invariant();
    }

    void after()
    {
        execution->after();
    }

    static model_execution *(*begin)();

  private:
    model_execution *execution;
};

template <rl::thread_id_t THREADS> model_execution *(*model_suite<THREADS>::begin)();

/* Executes a scenario as often as `params` says. At an error it repeats that execution and tells what happened. This is
 * rl::simulate with a scheduler of our own. */
template <typename scenario> bool model_simulate(rl::test_params &params)
{
    typedef model_suite<scenario::params::thread_count> suite;
    typedef model_scheduler<scenario::params::thread_count> scheduler;
    rl::ostringstream failed, ignored;
    suite::begin = model_execution_of<scenario>::begin;
    if (rl::run_test<suite, scheduler>(params, failed, false) == rl::test_result_success)
        return true;
    params.initial_state = failed.str();
    params.collect_history = true;
    rl::run_test<suite, scheduler>(params, ignored, true);
    return false;
}

static inline double model_environment(const char *name, double otherwise)
{
    const char *text = std::getenv(name);
    return text && *text ? std::atof(text) : otherwise;
}

/* Returns false, after Relacy's account of the execution, if an error was found. */
static inline bool model_search(const char *program, const model_scenario &scenario)
{
    double first = model_environment("ROVE_TEST_SEED", 1);
    double count = std::max(1.0, scenario.executions * model_environment("ROVE_TEST_SCALE", 1));
    rl::ostringstream told, state;
    std::ostream nowhere(0);
    state << static_cast<rl::iteration_t>(first);
    rl::test_params params;
    params.initial_state = state.str();
    params.iteration_count = static_cast<rl::iteration_t>(first + count - 1);
    params.execution_depth_limit = 10000;
    params.output_stream = &told;
    params.progress_stream = &nowhere;
    std::printf("%-17s executions %.0f to %.0f: ", scenario.name, first, first + count - 1);
    std::fflush(stdout);
    if (scenario.simulate(params)) {
        std::printf("ok\n");
        return true;
    }
    std::printf("FAILED\n%s\nOnce more: ROVE_TEST_SEED=%llu %s %s\n", told.str().c_str(),
                static_cast<unsigned long long>(params.stop_iteration), program, scenario.name);
    return false;
}

/* Searches the scenarios whose name contains argv[1], or all of them, up to the first error. */
static inline int model_main(int argc, char **argv, const model_scenario *scenarios, size_t count)
{
    size_t searched = 0;
    for (size_t i = 0; i < count; i++) {
        if (argc > 1 && !std::strstr(scenarios[i].name, argv[1]))
            continue;
        searched++;
        if (!model_search(argv[0], scenarios[i]))
            return 1;
    }
    if (searched == 0)
        std::printf("No scenario is called %s\n", argv[1]);
    return searched == 0;
}

#endif
