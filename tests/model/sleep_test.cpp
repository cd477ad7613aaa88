/*
 * Sleeping and waking under Relacy: runtime/sched/sleep.c, the file that ships, with the deques and the injector that
 * ship, on a futex and a membarrier that give no more than the kernel promises.
 *
 * The oracle: a scenario ends only when all of its tasks have run, and who has made one that another is to run waits
 * for that as a long leaf. So a wake-up that is lost leaves all threads asleep, and Relacy reports a deadlock; and at
 * the end nobody is counted as a sleeper or a searcher.
 *
 * An event count has an epoch that wraps around, and a model of one would choose it small. Rove has none: what a worker
 * sleeps on is its own state, which it sets itself and which is left by compare and exchange, once. A sleep that ends
 * too early because the same state has come back is one like any other. The two packed counts hold each worker at most
 * once, so they stay far from 32 bits; invariant looks at that in every step.
 */
#include "sleep_world.hpp"

/* One worker pushes privately and then works long; the others go to sleep. They see the task, or the owner hears the
 * doorbell. */
template <int PARKERS> struct private_push : sleep_world<private_push<PARKERS>, 1 + PARKERS, 1 + PARKERS, 0, 1> {
    void act(unsigned number)
    {
        if (number > 0) {
            this->work_until_end(this->workers[number]);
            return;
        }
        this->spawn(this->workers[0], 0);
        this->leaf();
    }
};

/* Two such owners, and for each task a worker. */
struct private_pushes : sleep_world<private_pushes, 4, 4, 0, 2> {
    private_pushes() : sleep_world(WORK_MEETS)
    {
    }

    void act(unsigned number)
    {
        if (number >= 2) {
            work_until_end(workers[number]);
            return;
        }
        spawn(workers[number], static_cast<int>(number));
        leaf();
    }
};

/* An owner pushes twice. If the first push answers the doorbell, nobody has armed it for the second; who takes the
 * first task sees to that. */
struct push_twice : sleep_world<push_twice, 3, 3, 0, 2> {
    push_twice() : sleep_world(WORK_MEETS)
    {
    }

    void act(unsigned number)
    {
        if (number > 0) {
            work_until_end(workers[number]);
            return;
        }
        spawn(workers[0], 0);
        spawn(workers[0], 1);
        leaf();
    }
};

/* The doorbell has been rung already: the push is public, also where there is no barrier. */
template <int PARKERS> struct public_push : sleep_world<public_push<PARKERS>, 1 + PARKERS, 1 + PARKERS, 0, 1> {
    void before()
    {
        this->begin(rl::rand(2));
        deque_ring_doorbell(&this->workers[0].spawns);
    }

    void act(unsigned number)
    {
        if (number > 0) {
            this->work_until_end(this->workers[number]);
            return;
        }
        this->spawn(this->workers[0], 0);
        this->leaf();
    }
};

/* Threads that are no workers feed the injector, with a worker for each task; also where there is no barrier. */
template <int FEEDERS, int PARKERS, int TASKS>
struct injected : sleep_world<injected<FEEDERS, PARKERS, TASKS>, FEEDERS + PARKERS, PARKERS, 0, TASKS> {
    injected() : injected::sleep_world(PARKERS < TASKS ? WORK_RUNS : WORK_MEETS)
    {
    }

    void before()
    {
        this->begin(rl::rand(2));
        model_refuses_barrier = rl::rand(2);
    }

    void act(unsigned number)
    {
        if (number >= FEEDERS) {
            this->work_until_end(this->workers[number - FEEDERS]);
            return;
        }
        for (int i = static_cast<int>(number); i < TASKS; i += FEEDERS)
            this->inject(i);
    }
};

/* The only searcher finds a task and works on it for long, while another task is fed, or pushed privately by a worker
 * whose doorbell nobody has armed. The feeder relies on the searcher; the third worker goes to sleep. */
template <bool IS_PRIVATE> struct last_searcher : sleep_world<last_searcher<IS_PRIVATE>, 3, 3, 0, 2> {
    last_searcher() : last_searcher::sleep_world(WORK_MEETS)
    {
    }

    void before()
    {
        this->begin(true);
        this->inject(0);
        RL_ASSERT(rovei_search_start(&this->runtime));
    }

    void act(unsigned number)
    {
        if (number > 0) {
            this->work_until_end(this->workers[number], number == 1);
            return;
        }
        if (IS_PRIVATE)
            this->spawn(this->workers[0], 1);
        else
            this->inject(1);
        this->leaf();
    }
};

/* A wait is ended while work is fed; the waiter, PARKED or DEAF, is the only worker. */
template <bool IS_HEARING> struct wait_ends : sleep_world<wait_ends<IS_HEARING>, 2, 1, 0, 1> {
    void before()
    {
        this->begin(rl::rand(2));
        ROVEI_INIT(flag, UINT32_C(0));
    }

    void act(unsigned number)
    {
        if (number > 0) {
            this->wait_for(this->workers[0], flag, IS_HEARING);
            this->work_until_end(this->workers[0]);
            return;
        }
        bool is_fed_first = rl::rand(2);
        if (is_fed_first)
            this->inject(0);
        this->set(flag, this->workers[0]);
        if (!is_fed_first)
            this->inject(0);
    }

    rl::atomic<uint32_t> flag;
};

/* The feeder may call a waiter whose wait is over, and which then works long: it must wake the other worker. */
template <bool IS_PRIVATE> struct called_in_vain : sleep_world<called_in_vain<IS_PRIVATE>, 4, 2 + IS_PRIVATE, 0, 1> {
    void before()
    {
        this->begin(true);
        ROVEI_INIT(flag, UINT32_C(0));
    }

    void act(unsigned number)
    {
        if (number == 0) {
            this->wait_for(this->workers[0], flag, true);
            this->leaf();
        } else if (number == 1) {
            this->work_until_end(this->workers[1]);
        } else if (number == 2) {
            this->set(flag, this->workers[0]);
        } else if (IS_PRIVATE) {
            this->spawn(this->workers[2], 0);
            this->leaf();
        } else {
            this->inject(0);
        }
    }

    rl::atomic<uint32_t> flag;
};

/* A waiter, PARKED or DEAF, comes to the end of its wait, pushes privately and works long, while another goes to
 * sleep. */
struct push_after_wait : sleep_world<push_after_wait, 3, 2, 0, 1> {
    void before()
    {
        begin(true);
        ROVEI_INIT(flag, UINT32_C(0));
    }

    void act(unsigned number)
    {
        if (number == 0) {
            wait_for(workers[0], flag, rl::rand(2));
            spawn(workers[0], 0);
            leaf();
        } else if (number == 1) {
            work_until_end(workers[1]);
        } else {
            set(flag, workers[0]);
        }
    }

    rl::atomic<uint32_t> flag;
};

/* A wait that is given up, while a task is fed, or pushed by another worker: as called_in_vain. */
template <bool IS_PRIVATE> struct wait_runs_out : sleep_world<wait_runs_out<IS_PRIVATE>, 3, 2 + IS_PRIVATE, 0, 1> {
    void before()
    {
        this->begin(true);
        ROVEI_INIT(flag, UINT32_C(0));
    }

    void act(unsigned number)
    {
        if (number == 0) {
            this->wait_for(this->workers[0], flag, rl::rand(2), 2);
            this->leaf();
        } else if (number == 1) {
            this->work_until_end(this->workers[1]);
        } else if (IS_PRIVATE) {
            this->spawn(this->workers[2], 0);
            this->leaf();
        } else {
            this->inject(0);
        }
    }

    rl::atomic<uint32_t> flag;
};

/* A task is put into the inbox of a worker that is about to sleep, or works long. */
struct inbox : sleep_world<inbox, 3, 2, 0, 1> {
    void act(unsigned number)
    {
        if (number == 0) {
            if (rl::rand(2))
                work_until_end(workers[0]);
            else
                leaf();
        } else if (number == 1) {
            work_until_end(workers[1]);
        } else {
            inject_into(workers[0], 0);
        }
    }
};

/* A waiter, PARKED or DEAF, is told something that its wait does not end without, while work is fed. */
template <bool IS_HEARING> struct broadcast : sleep_world<broadcast<IS_HEARING>, 2, 1, 0, 1> {
    void before()
    {
        this->begin(rl::rand(2));
        ROVEI_INIT(flag, UINT32_C(0));
    }

    void act(unsigned number)
    {
        if (number > 0) {
            this->wait_for(this->workers[0], flag, IS_HEARING);
            this->work_until_end(this->workers[0]);
            return;
        }
        bool is_fed_first = rl::rand(2);
        if (is_fed_first)
            this->inject(0);
        RL_ASSERT(this->tell(this->workers[0]));
        this->await_heard();
        this->set(flag, this->workers[0]);
        if (!is_fed_first)
            this->inject(0);
    }

    rl::atomic<uint32_t> flag;
};

/* A sleeper is sent to the bench and taken from it again, while it is told something. If it was not on the bench it
 * hears it, whatever else comes: work comes only later. */
struct broadcast_bench : sleep_world<broadcast_bench, 3, 1, 0, 1> {
    void act(unsigned number)
    {
        if (number == 0) {
            work_until_end(workers[0]);
        } else if (number == 1) {
            mutex_lock(&seats);
            bool is_benched = rovei_bench_idle(&workers[0]);
            mutex_unlock(&seats);
            mutex_lock(&seats);
            if (is_benched)
                rovei_unbench(&workers[0]);
            mutex_unlock(&seats);
        } else {
            if (tell(workers[0]))
                await_heard();
            inject(0);
        }
    }
};

/* Two workers wait DEAF, each for the task that lies with the other. */
struct all_deaf : sleep_world<all_deaf, 2, 2, 0, 2> {
    void before()
    {
        begin(true);
        ROVEI_INIT(flags[0], UINT32_C(0));
        ROVEI_INIT(flags[1], UINT32_C(0));
    }

    void act(unsigned number)
    {
        spawn(workers[number], static_cast<int>(number));
        wait_for(workers[number], flags[number], false);
        while (run_own(workers[number]))
            ;
    }

    void on_run(int number)
    {
        set(flags[1 - number], workers[1 - number]);
    }

    rl::atomic<uint32_t> flags[2];
};

/* A guest comes in, pushes privately and works long. */
struct guest_comes : sleep_world<guest_comes, 2, 1, 1, 1> {
    void act(unsigned number)
    {
        if (number > 0) {
            work_until_end(workers[0]);
            return;
        }
        enter(workers[1]);
        spawn(workers[1], 0);
        leaf();
        atomic_store_explicit(&workers[1].state, WORKER_VACANT, memory_order_seq_cst);
    }
};

/* A guest leaves a task behind for a worker that sleeps between tasks, or DEAF in a wait for that very task. */
template <bool IS_HEARING> struct guest_goes : sleep_world<guest_goes<IS_HEARING>, 2, 1, 1, 1> {
    void before()
    {
        this->begin(true);
        ROVEI_INIT(flag, UINT32_C(0));
    }

    void act(unsigned number)
    {
        if (number > 0) {
            this->wait_for(this->workers[0], flag, IS_HEARING);
            return;
        }
        this->enter(this->workers[1]);
        this->spawn(this->workers[1], 0);
        this->leave(this->workers[1]);
    }

    void on_run(int)
    {
        this->set(flag, this->workers[0]);
    }

    rl::atomic<uint32_t> flag;
};

/* A sleeper is sent to the bench and taken from it again, while work is fed or pushed. */
template <bool IS_PRIVATE> struct bench : sleep_world<bench<IS_PRIVATE>, 3, 2, 0, 1> {
    void act(unsigned number)
    {
        if (number == 0) {
            this->work_until_end(this->workers[0]);
        } else if (number == 1) {
            if (rovei_bench_idle(&this->workers[0]))
                rovei_unbench(&this->workers[0]);
            if (this->is_done())
                rovei_wake_for_good(&this->workers[0]);
        } else if (IS_PRIVATE) {
            this->spawn(this->workers[1], 0);
            this->leaf();
        } else {
            this->inject(0);
        }
    }
};

/* A phase begins while a worker goes to sleep, and lasts until that has noticed. */
struct phase_begins : sleep_world<phase_begins, 2, 1, 0, 1> {
    void act(unsigned number)
    {
        if (number > 0) {
            work_until_end(workers[0]);
            return;
        }
        begin_phase();
        await_heard();
        atomic_fetch_sub_explicit(&runtime.phases, 1, memory_order_relaxed);
        inject(0);
    }
};

/* No barrier, or one that fails: an owner's private tasks are run by itself in the end, public ones are not lost. */
struct no_barrier : sleep_world<no_barrier, 3, 2, 0, 2> {
    void before()
    {
        bool is_refused = rl::rand(2);
        begin(is_refused);
        model_refuses_barrier = is_refused;
    }

    void act(unsigned number)
    {
        if (number == 0) {
            spawn(workers[0], 0);
            while (run_own(workers[0]))
                ;
            leaf();
        } else if (number == 1) {
            work_until_end(workers[1]);
        } else {
            inject(1);
        }
    }
};

static const model_scenario scenarios[] = {
    {"private_push_1", model_simulate<private_push<1>>, 1e5},
    {"private_push_2", model_simulate<private_push<2>>, 1e5},
    {"private_pushes", model_simulate<private_pushes>, 1e5},
    {"push_twice", model_simulate<push_twice>, 1e5},
    {"public_push_1", model_simulate<public_push<1>>, 5e4},
    {"public_push_2", model_simulate<public_push<2>>, 1e5},
    {"injected_1_1_1", model_simulate<injected<1, 1, 1>>, 5e4},
    {"injected_1_2_1", model_simulate<injected<1, 2, 1>>, 1e5},
    {"injected_1_2_2", model_simulate<injected<1, 2, 2>>, 1e5},
    {"injected_2_1_2", model_simulate<injected<2, 1, 2>>, 1e5},
    {"injected_2_2_2", model_simulate<injected<2, 2, 2>>, 2e5},
    {"last_searcher_fed", model_simulate<last_searcher<false>>, 1e5},
    {"last_searcher_own", model_simulate<last_searcher<true>>, 1e5},
    {"wait_ends_parked", model_simulate<wait_ends<true>>, 1e5},
    {"wait_ends_deaf", model_simulate<wait_ends<false>>, 1e5},
    {"in_vain_fed", model_simulate<called_in_vain<false>>, 1e5},
    {"in_vain_own", model_simulate<called_in_vain<true>>, 1e5},
    {"push_after_wait", model_simulate<push_after_wait>, 1e5},
    {"runs_out_fed", model_simulate<wait_runs_out<false>>, 1e5},
    {"runs_out_own", model_simulate<wait_runs_out<true>>, 1e5},
    {"inbox", model_simulate<inbox>, 1e5},
    {"broadcast_parked", model_simulate<broadcast<true>>, 1e5},
    {"broadcast_deaf", model_simulate<broadcast<false>>, 1e5},
    {"broadcast_bench", model_simulate<broadcast_bench>, 1e5},
    {"all_deaf", model_simulate<all_deaf>, 1e5},
    {"guest_comes", model_simulate<guest_comes>, 1e5},
    {"guest_goes_idle", model_simulate<guest_goes<true>>, 5e4},
    {"guest_goes_deaf", model_simulate<guest_goes<false>>, 5e4},
    {"bench_fed", model_simulate<bench<false>>, 1e5},
    {"bench_own", model_simulate<bench<true>>, 1e5},
    {"phase_begins", model_simulate<phase_begins>, 1e5},
    {"no_barrier", model_simulate<no_barrier>, 1e5},
};

int main(int argc, char **argv)
{
    return model_main(argc, argv, scenarios, sizeof scenarios / sizeof *scenarios);
}
