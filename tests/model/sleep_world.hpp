/*
 * A runtime in Relacy, for the scenarios of sleep_test.cpp: workers, their deques, an injector, and around the shipped
 * sleep.c what calls it: a worker that looks for work (wait.c, steal.c), an owner that pushes (fork.c), a thread that
 * feeds the injector, and tasks. All of it shorter than what ships, and without patience: whoever finds nothing goes to
 * sleep soon, because what is searched is how that goes wrong.
 */
#ifndef TESTS_MODEL_SLEEP_WORLD_HPP
#define TESTS_MODEL_SLEEP_WORLD_HPP

#include "model.hpp"

#include "runtime/sched/sleep.c"

/* Whether the kernel refuses membarrier, though it was registered. */
static bool model_refuses_barrier;

bool rovei_barrier_heavy(void)
{
    if (model_refuses_barrier)
        return false;
    model_barriers.pass();
    return true;
}

int rovei_cpu_current(void)
{
    return 0;
}

int64_t rovei_clock_now(void)
{
    return model_now;
}

/* How the end of the runtime goes is modelled in lifecycle.pml. */
void rovei_stop_settle(struct rove_runtime *)
{
}

void rovei_stop_if_quiet(struct rove_runtime *)
{
}

void rovei_worker_publish(struct rovei_worker *worker)
{
    deque_publish(&worker->forks);
    deque_publish(&worker->spawns);
}

/* What tasks do. */
enum model_work {
    WORK_RUNS,  /* nothing but to run */
    WORK_MEETS, /* each waits, as a long leaf, until all of them run: there must be a worker for each */
};

struct model_task {
    rovei_injected injected; /* first, so that a pointer to its task is one to this */
    int runs;
};

/* What is told to a worker; only its address is of use. */
struct rovei_broadcast_part {
};

/* A scenario derives from this and says in act(number) what each thread does. Slots 0 to POOL - 1 of `workers` are of
 * the pool and begin RUNNING, the others are for guests and begin VACANT. */
template <typename scenario, int THREADS, int POOL, int GUESTS, int TASKS>
class sleep_world : public rl::test_suite<scenario, THREADS>
{
  public:
    explicit sleep_world(model_work what = WORK_RUNS) : work(what), attempts(0)
    {
    }

    void before()
    {
        begin(true);
    }

    void thread(unsigned number)
    {
        model_barriers.enter();
        rovei_self = &outside;
        static_cast<scenario *>(this)->act(number);
    }

    void after()
    {
        end();
    }

    /* Looked at in every step. The counts can neither overflow nor borrow from each other: a worker is counted at most
     * once, plus once for each thread that has taken one out of its sleep and has not corrected the counts yet. */
    void invariant()
    {
        uint64_t counts = atomic_load_explicit(&runtime.idle.counts, memory_order_relaxed);
        int32_t most = POOL + GUESTS + THREADS;
        int32_t sleepers = static_cast<int32_t>(idle_sleepers(counts));
        int32_t searchers = static_cast<int32_t>(idle_searchers(counts));
        RL_ASSERT(sleepers >= 0 && sleepers <= most);
        RL_ASSERT(searchers >= -most && searchers <= most);
    }

    void begin(bool has_barrier)
    {
        model_barriers.begin();
        model_futexes.begin();
        model_refuses_barrier = false;
        model_now = 1;
        injector_init(&injector);
        mutex_init(&seats);
        outside.first = NULL;
        runtime.plan.seats = runtime.limit = POOL > GUESTS ? POOL : GUESTS;
        runtime.injector_count = 1;
        runtime.injectors = &injector;
        ROVEI_INIT(runtime.target, POOL);
        ROVEI_INIT(runtime.pool_active, POOL);
        ROVEI_INIT(runtime.idle.counts, UINT64_C(0));
        ROVEI_INIT(runtime.phases, UINT32_C(0));
        ROVEI_INIT(runtime.has_barrier, has_barrier);
        for (int i = 0; i < MODEL_SEATS; i++) {
            runtime.pool[i] = i < POOL ? &workers[i] : NULL;
            runtime.guests[i] = i < GUESTS ? &workers[POOL + i] : NULL;
        }
        for (int i = 0; i < POOL + GUESTS; i++)
            begin_worker(i);
        for (int i = 0; i < TASKS; i++)
            tasks[i].runs = 0;
        ROVEI_INIT(left, static_cast<uint32_t>(TASKS));
        ROVEI_INIT(started, UINT32_C(0));
        ROVEI_INIT(heard, UINT32_C(0));
    }

    /* After the threads have ended: all tasks have run, nobody sleeps, and nobody is counted. */
    void end()
    {
        for (int i = 0; i < TASKS; i++)
            RL_ASSERT(tasks[i].runs == 1);
        RL_ASSERT(atomic_load_explicit(&runtime.idle.counts, memory_order_relaxed) == 0);
        for (int i = 0; i < POOL + GUESTS; i++) {
            uint32_t state = atomic_load_explicit(&workers[i].state, memory_order_relaxed);
            RL_ASSERT(state == WORKER_RUNNING || state == WORKER_VACANT);
            RL_ASSERT(!worker_has_public(&workers[i]) && !worker_hides_tasks(&workers[i]));
            injector_fini(&workers[i].inbox);
        }
        RL_ASSERT(injector_is_empty(&injector));
        injector_fini(&injector);
        mutex_fini(&seats);
    }

    /* Owners and feeders. */

    /* Puts a task into the worker's own deque. It stays private unless somebody has rung. */
    void spawn(rovei_worker &worker, int number)
    {
        rovei_deque *deque = worker.index % 2 ? &worker.forks : &worker.spawns; /* of each kind some */
        model_task &task = tasks[number];
        if (!rovei_deque_push(deque, ROVEI_LOAD(deque->bottom, RELAXED), &task.injected.task))
            return;
        RL_ASSERT(!deque_is_full(deque));
        if (ROVEI_LOAD(deque->limit, RELAXED) != DEQUE_HUNGRY)
            return;
        deque_publish(deque);
        rovei_wake_one(&runtime, &worker);
    }

    /* Feeds a task through the injector, from no worker. */
    void inject(int number)
    {
        rovei_injected *task = &tasks[number].injected;
        injector_push(&injector, task, task, 1);
        rovei_wake_one(&runtime, NULL);
    }

    /* Feeds a task that `worker` should run, from no worker. */
    void inject_into(rovei_worker &worker, int number)
    {
        rovei_injected *task = &tasks[number].injected;
        injector_push(&worker.inbox, task, task, 1);
        rovei_wake_for(&worker, NULL);
    }

    /* A long leaf: works until all tasks have run, and neither looks for work nor hears. */
    void leaf()
    {
        uint32_t count;
        while ((count = atomic_load_explicit(&left, memory_order_seq_cst)) > 0)
            rovei_futex_wait(&left, count);
    }

    /* broadcast.c: tells a worker of the pool, unless that is on the bench. Returns whether it has told it. */
    bool tell(rovei_worker &worker)
    {
        mutex_lock(&seats);
        bool reaches = atomic_load_explicit(&worker.state, memory_order_relaxed) != WORKER_BENCHED;
        if (reaches) {
            atomic_store_explicit(&worker.broadcasts, &part, memory_order_seq_cst);
            rovei_wake_worker(&worker);
        }
        mutex_unlock(&seats);
        return reaches;
    }

    /* phase.c. */
    void begin_phase()
    {
        atomic_fetch_add_explicit(&runtime.phases, 1, memory_order_seq_cst);
        rovei_wake_all(&runtime);
    }

    /* Sleeps until a worker has heard what it was told, or of the phase. */
    void await_heard()
    {
        while (!atomic_load_explicit(&heard, memory_order_seq_cst))
            rovei_futex_wait(&heard, 0);
    }

    /* Workers. */

    /* Works until all tasks have run, as a pool thread does. */
    void work_until_end(rovei_worker &worker, bool is_searcher = false)
    {
        struct rovei_wait wait = {};
        wait.is_over = is_all_done;
        wait.arg = this;
        wait.is_between_tasks = true;
        wait_until(worker, wait, true, is_searcher);
    }

    /* Waits inside a task until `flag` is set, see set, or until a time. */
    void wait_for(rovei_worker &worker, rl::atomic<uint32_t> &flag, bool is_hearing, int64_t until = 0)
    {
        struct rovei_wait wait = {};
        wait.until = until;
        wait.is_over = is_set;
        wait.arg = &flag;
        wait_until(worker, wait, is_hearing, false);
    }

    /* Ends the wait of `worker`. */
    void set(rl::atomic<uint32_t> &flag, rovei_worker &worker)
    {
        atomic_store_explicit(&flag, 1, memory_order_seq_cst);
        rovei_wake_worker(&worker);
    }

    bool run_own(rovei_worker &worker)
    {
        rove_task *task = deque_pop(&worker.forks);
        if (!task)
            task = deque_pop(&worker.spawns);
        if (task)
            run(task);
        return task != NULL;
    }

    void enter(rovei_worker &guest)
    {
        atomic_store_explicit(&guest.state, WORKER_RUNNING, memory_order_seq_cst);
        rovei_listen(&guest);
    }

    void leave(rovei_worker &guest)
    {
        rovei_worker_publish(&guest);
        atomic_store_explicit(&guest.state, WORKER_VACANT, memory_order_seq_cst);
        rovei_leave_work(&runtime);
    }

    rovei_mutex seats; /* the lock of that name */
    rove_runtime runtime;
    rovei_worker workers[POOL + GUESTS]; /* those of the pool first */

    /* What a scenario may add to a task; called when it has run. */
    void on_run(int)
    {
    }

    bool is_done()
    {
        return atomic_load_explicit(&left, memory_order_seq_cst) == 0;
    }

  private:
    enum { CAPACITY = 4 };

    static bool is_all_done(void *arg)
    {
        return static_cast<sleep_world *>(arg)->is_done();
    }

    static bool is_set(void *arg)
    {
        return atomic_load_explicit(static_cast<rl::atomic<uint32_t> *>(arg), memory_order_seq_cst) != 0;
    }

    void begin_worker(int index)
    {
        rovei_worker &worker = workers[index];
        worker.runtime = &runtime;
        worker.index = index;
        worker.seat = index < POOL ? index : index - POOL;
        worker.victims = victims[index];
        for (int i = 0; i < runtime.limit; i++)
            victims[index][i] = (worker.seat + i) % runtime.limit;
        for (int i = 0; i < COUNTERS; i++)
            ROVEI_INIT(worker.counts[i], UINT64_C(0));
        ROVEI_INIT(worker.state, static_cast<uint32_t>(index < POOL ? WORKER_RUNNING : WORKER_VACANT));
        ROVEI_INIT(worker.broadcasts, static_cast<rovei_broadcast_part *>(0));
        injector_init(&worker.inbox);
        begin_deque(worker.forks, 2 * index);
        begin_deque(worker.spawns, 2 * index + 1);
    }

    void begin_deque(rovei_deque &deque, int which)
    {
        for (int i = 0; i < CAPACITY; i++)
            ROVEI_INIT(slots[which][i].task, static_cast<rove_task *>(0));
        deque_init(&deque, slots[which], slots[which] + CAPACITY - 1, 0);
    }

    void run(rove_task *found)
    {
        model_task &task = *reinterpret_cast<model_task *>(found);
        RL_ASSERT(task.runs++ == 0);
        if (work == WORK_MEETS)
            meet();
        static_cast<scenario *>(this)->on_run(static_cast<int>(&task - tasks));
        if (atomic_fetch_sub_explicit(&left, 1, memory_order_seq_cst) > 1)
            return;
        rovei_futex_wake(&left, FUTEX_WAKE_ALL);
        for (int i = 0; i < POOL + GUESTS; i++)
            rovei_wake_for_good(&workers[i]);
    }

    void meet()
    {
        atomic_fetch_add_explicit(&started, 1, memory_order_seq_cst);
        rovei_futex_wake(&started, FUTEX_WAKE_ALL);
        uint32_t count;
        while ((count = atomic_load_explicit(&started, memory_order_seq_cst)) < TASKS)
            rovei_futex_wait(&started, count);
    }

    bool take(rovei_injector &from, rove_task **task)
    {
        int64_t count;
        rovei_injected *injected = injector_is_empty(&from) ? NULL : injector_take(&from, 1, &count);
        *task = injected ? &injected->task : NULL;
        return injected != NULL;
    }

    bool steal(rovei_deque &deque, rove_task **task)
    {
        return deque_steal(&deque, task) == STEAL_OK;
    }

    /* rovei_find_from: steals, or rings. */
    bool find_from(rovei_worker &worker, rovei_worker &victim, rove_task **task)
    {
        if (steal(victim.forks, task) || (&victim != &worker && steal(victim.spawns, task)) || take(victim.inbox, task))
            return true;
        if (&victim != &worker && atomic_load_explicit(&victim.state, memory_order_relaxed) == WORKER_RUNNING) {
            deque_ring_doorbell(&victim.forks);
            deque_ring_doorbell(&victim.spawns);
        }
        return false;
    }

    bool find(rovei_worker &worker, rove_task **task)
    {
        if ((*task = deque_pop(&worker.spawns)))
            return true;
        for (int i = 0; i < runtime_slots(&runtime); i++) {
            rovei_worker *victim = runtime_slot(&runtime, i);
            if (victim && find_from(worker, *victim, task))
                return true;
        }
        return take(injector, task);
    }

    bool force_any(rovei_worker &worker)
    {
        if (!atomic_load_explicit(&runtime.has_barrier, memory_order_relaxed))
            return false;
        for (int i = 0; i < runtime_slots(&runtime); i++) {
            rovei_worker *victim = runtime_slot(&runtime, i);
            if (victim && victim != &worker && worker_hides_tasks(victim))
                return deque_force(deque_hides_tasks(&victim->forks) ? &victim->forks : &victim->spawns,
                                   DEQUE_TOKENS + attempts++, rovei_barrier_heavy);
        }
        return false;
    }

    /* rovei_broadcasts_run. */
    void hear(rovei_worker &worker)
    {
        mutex_lock(&seats);
        atomic_store_explicit(&worker.broadcasts, static_cast<rovei_broadcast_part *>(0), memory_order_relaxed);
        mutex_unlock(&seats);
        RL_ASSERT(!atomic_exchange_explicit(&heard, 1, memory_order_seq_cst));
        rovei_futex_wake(&heard, FUTEX_WAKE_ALL);
    }

    /* A worker stays awake in a phase. */
    void hear_phase()
    {
        if (!atomic_exchange_explicit(&heard, 1, memory_order_seq_cst))
            rovei_futex_wake(&heard, FUTEX_WAKE_ALL);
    }

    /* wait_search of wait.c. */
    bool search(rovei_worker &worker, const struct rovei_wait &wait, bool is_hearing, bool *is_searcher,
                rove_task **task)
    {
        bool is_last_awake = false;
        rovei_self = &worker.forks;
        while (!wait.is_over(wait.arg) && !(wait.until != 0 && rovei_clock_now() >= wait.until)) {
            if (worker_has_broadcasts(&worker))
                hear(worker);
            if ((is_hearing || is_last_awake) && find(worker, task))
                return true;
            if (is_hearing && !*is_searcher)
                *is_searcher = rovei_search_start(&runtime);
            rl::yield(1, $); /* or a thread that goes round here may keep all others from running */
            if (is_hearing && runtime_is_in_phase(&runtime)) {
                hear_phase();
                continue;
            }
            if ((*is_searcher || !is_hearing) && rl::rand(4) == 0)
                continue; /* is patient */
            if (*is_searcher && force_any(worker))
                continue;
            *is_searcher = rovei_park(&worker, &wait, is_hearing, *is_searcher);
            is_last_awake = !is_hearing && !worker_has_broadcasts(&worker);
        }
        return false;
    }

    /* rovei_wait. */
    void wait_until(rovei_worker &worker, const struct rovei_wait &wait, bool is_hearing, bool is_searcher)
    {
        rove_task *task;
        while (search(worker, wait, is_hearing, &is_searcher, &task)) {
            if (is_searcher)
                rovei_search_stop(&worker);
            is_searcher = false;
            run(task);
        }
        if (is_searcher)
            rovei_search_stop(&worker);
    }

    model_work work;
    rovei_deque outside;          /* of a thread that is no worker */
    rl::atomic<uint32_t> left;    /* how many tasks have not run */
    rl::atomic<uint32_t> started; /* how many have begun */
    rl::atomic<uint32_t> heard;   /* whether a broadcast has run */
    rovei_broadcast_part part;
    rovei_injector injector;
    rove_slot slots[2 * (POOL + GUESTS)][CAPACITY];
    int victims[POOL + GUESTS][MODEL_SEATS];
    model_task tasks[TASKS];
    int64_t attempts; /* one for all workers: only the model reads it */
};

#endif
