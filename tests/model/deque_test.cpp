/*
 * The deque under Relacy: one owner and up to three thieves, on the headers that ship.
 *
 * The oracle knows what should be in the deque. Each task is run exactly once, by the owner or by one thief; thieves
 * get the oldest, the owner the newest; a join that learns "stolen" is right about it, and about all older tasks; what
 * a task carries is not written and read at the same time; and in the end the deque is empty and holds no token.
 */
#include "model.hpp"

#include "runtime/queue/deque.h"

struct rove_task {
    rl::var<int> work;
    int64_t slot;
    int64_t bottom; /* where the deque ended when there was no memory to queue this one, so that the join runs it */
    int forks;
    int runs;
    bool is_unqueued;
};

/* A deque, its rings, each of twice the capacity of the one before, and what happened. */
template <int CAPACITY, int RINGS, int TASKS> class deque_world
{
  public:
    deque_world() : front(0), back(0), ring_at(0), doorbells(0)
    {
        std::fill(attempts, attempts + threads_max, 0);
    }

    void begin(int64_t first)
    {
        model_barriers.begin();
        rl::atomic<rove_task *> *slots = memory;
        for (int i = 0; i < RINGS; i++) {
            rings[i].slots = slots;
            rings[i].mask = (CAPACITY << i) - 1;
            slots += CAPACITY << i;
        }
        for (int i = 0; i < slots_max; i++)
            ROVEI_INIT(memory[i], static_cast<rove_task *>(0));
        for (int i = 0; i < TASKS; i++)
            tasks[i].forks = tasks[i].runs = 0;
        deque_init(&deque, &rings[0], first);
    }

    /* The owner. */

    void fork(int number)
    {
        rove_task &task = tasks[number];
        task.work($) = number;
        task.forks++;
        task.is_unqueued = false;
        queue[back++] = number;
        if (rovei_deque_push(&deque, &task, &task.slot))
            attend(task);
    }

    void join(int number)
    {
        rove_task &task = tasks[number];
        if (task.is_unqueued) {
            RL_ASSERT(!rovei_deque_take(&deque, INT64_MIN));
            deque_restore(&deque, task.bottom);
        } else if (take(task.slot)) {
            leave_back(number);
        } else {
            RL_ASSERT(front == back);
            RL_ASSERT(task.runs == task.forks); /* a thief runs it at once */
            return;
        }
        run(number);
    }

    /* Tasks that are not joined: one that cannot be queued is run at once, and the owner takes what it gets. */

    void spawn(int number)
    {
        fork(number);
        if (tasks[number].is_unqueued)
            run(number);
    }

    bool pop()
    {
        rove_task *task = deque_pop(&deque);
        if (!task) {
            RL_ASSERT(front == back);
            return false;
        }
        int number = static_cast<int>(task - tasks);
        leave_back(number);
        run(number);
        return true;
    }

    /* Forks all tasks from `first` to before `last` and joins them, in some order that fork and join allow. */
    void fork_and_join(int first, int last)
    {
        int open[TASKS], depth = 0;
        while (first < last || depth > 0) {
            if (first < last && (depth == 0 || rl::rand(2))) {
                open[depth++] = first;
                fork(first++);
            } else {
                join(open[--depth]);
            }
        }
    }

    void publish()
    {
        deque_publish(&deque);
        doorbells++;
    }

    /* A thief. */

    bool steal()
    {
        rove_task *task = 0;
        if (deque_steal(&deque, &task) != STEAL_OK)
            return false;
        RL_ASSERT(task);
        int number = static_cast<int>(task - tasks);
        RL_ASSERT(front < back && queue[front] == number);
        front++;
        run(number);
        return true;
    }

    bool force(bool (*barrier)(void) = model_barrier)
    {
        int thread = rl::ctx().current_thread();
        return deque_force(&deque, DEQUE_TOKENS + 100 * (thread - 1) + attempts[thread]++, barrier);
    }

    void steal_or_force(int times)
    {
        while (times-- > 0) {
            if (!steal())
                force();
        }
    }

    void steal_or_ring(int times)
    {
        while (times-- > 0) {
            if (!steal())
                deque_ring_doorbell(&deque);
        }
    }

    void steal_or_anything(int times)
    {
        while (times-- > 0) {
            unsigned choice = rl::rand(4);
            if (choice == 0)
                deque_ring_doorbell(&deque);
            else if (choice == 1)
                force(rl::rand(4) ? model_barrier : barrier_refused);
            else
                steal();
        }
    }

    /* After the threads have ended, and the owner has joined all tasks. */
    void end()
    {
        RL_ASSERT(front == back);
        for (int i = 0; i < TASKS; i++)
            RL_ASSERT(tasks[i].runs == tasks[i].forks);
        int64_t bottom = ROVEI_LOAD(deque.bottom, RELAXED);
        RL_ASSERT(ROVEI_LOAD(deque.top, RELAXED) == bottom);
        RL_ASSERT(ROVEI_LOAD(deque.split, RELAXED) <= bottom);
    }

    rovei_deque deque;

  private:
    enum { threads_max = 4, slots_max = CAPACITY * ((1 << RINGS) - 1) };

    static bool barrier_refused()
    {
        return false;
    }

    bool take(int64_t slot)
    {
        return rovei_deque_take(&deque, slot) || deque_take_slow(&deque, slot);
    }

    void attend(rove_task &task)
    {
        if (deque_is_full(&deque)) {
            if (ring_at + 1 == RINGS) {
                withdraw(task);
                return;
            }
            deque_grow(&deque, &rings[++ring_at]);
        }
        if (ROVEI_LOAD(deque.limit, RELAXED) == DEQUE_HUNGRY)
            publish();
    }

    void withdraw(rove_task &task)
    {
        if (!take(task.slot))
            return;
        leave_back(static_cast<int>(&task - tasks));
        task.is_unqueued = true;
        task.bottom = ROVEI_LOAD(deque.bottom, RELAXED);
    }

    void leave_back(int number)
    {
        RL_ASSERT(front < back && queue[back - 1] == number);
        back--;
    }

    void run(int number)
    {
        rove_task &task = tasks[number];
        RL_ASSERT(task.runs < task.forks);
        task.runs++;
        RL_ASSERT(task.work($) == number);
        task.work($) = -1;
    }

    rovei_ring rings[RINGS];
    rl::atomic<rove_task *> memory[slots_max];
    rove_task tasks[TASKS];
    int queue[TASKS + 1]; /* numbers of the tasks that should be there, from `front`, the oldest, to before `back` */
    int front, back;
    int ring_at;
    int attempts[threads_max];

  protected:
    int doorbells;
};

/* Three public tasks are joined while two thieves steal: taking back in halves. */
struct take_back : rl::test_suite<take_back, 3>, deque_world<4, 1, 3> {
    void before()
    {
        begin(-2);
        for (int i = 0; i < 3; i++)
            fork(i);
        publish();
    }

    void thread(unsigned number)
    {
        model_barriers.enter();
        if (number > 0) {
            steal_or_ring(2);
            return;
        }
        for (int i = 2; i >= 0; i--)
            join(i);
    }

    void after()
    {
        end();
    }
};

/* Many public tasks, two thieves that steal and one that forces, which meets an owner in the middle of taking back. */
struct take_back_forced : rl::test_suite<take_back_forced, 4>, deque_world<8, 1, 5> {
    void before()
    {
        begin(0);
        for (int i = 0; i < 5; i++)
            fork(i);
        publish();
    }

    void thread(unsigned number)
    {
        model_barriers.enter();
        if (number == 3) {
            for (int i = 0; i < 3 && !force(); i++)
                ;
        } else if (number > 0) {
            for (int i = 0; i < 3; i++)
                steal();
        } else {
            for (int i = 4; i >= 0; i--)
                join(i);
        }
    }

    void after()
    {
        end();
    }
};

/* A thief rings, the owner publishes and takes back. */
template <int CAPACITY, int RINGS, int THIEVES>
struct doorbell : rl::test_suite<doorbell<CAPACITY, RINGS, THIEVES>, 1 + THIEVES>, deque_world<CAPACITY, RINGS, 4> {
    void before()
    {
        this->begin(-1);
    }

    void thread(unsigned number)
    {
        model_barriers.enter();
        if (number == 0)
            this->fork_and_join(0, 4);
        else
            this->steal_or_ring(3);
    }

    void after()
    {
        this->end();
    }
};

/* Thieves that publish for the owner. */
template <int THIEVES> struct force : rl::test_suite<force<THIEVES>, 1 + THIEVES>, deque_world<4, 1, 3> {
    void before()
    {
        this->begin(0);
    }

    void thread(unsigned number)
    {
        model_barriers.enter();
        if (number == 0)
            this->fork_and_join(0, 3);
        else
            this->steal_or_force(3);
    }

    void after()
    {
        this->end();
    }
};

/* Everything at once, barriers that are refused included. */
template <int CAPACITY, int RINGS, int THIEVES>
struct mixture : rl::test_suite<mixture<CAPACITY, RINGS, THIEVES>, 1 + THIEVES>, deque_world<CAPACITY, RINGS, 6> {
    void before()
    {
        this->begin(static_cast<int64_t>(rl::rand(4)) - 3);
    }

    void thread(unsigned number)
    {
        model_barriers.enter();
        if (number == 0)
            this->fork_and_join(0, 6);
        else
            this->steal_or_anything(4);
    }

    void after()
    {
        this->end();
    }
};

/* Tasks that nobody joins. */
struct pop_all : rl::test_suite<pop_all, 3>, deque_world<2, 2, 4> {
    void before()
    {
        begin(0);
    }

    void thread(unsigned number)
    {
        model_barriers.enter();
        if (number > 0) {
            steal_or_anything(4);
            return;
        }
        for (int i = 0; i < 4; i++) {
            spawn(i);
            if (rl::rand(2))
                pop();
        }
        while (pop())
            ;
    }

    void after()
    {
        end();
    }
};

/* A bell that rings while the ring is full is heard. A thief that has taken what was published then rings again: the
 * owner must not lose that either. */
struct ring_again : rl::test_suite<ring_again, 2>, deque_world<1, 2, 1> {
    void before()
    {
        begin(0);
        deque_ring_doorbell(&deque);
    }

    void thread(unsigned number)
    {
        model_barriers.enter();
        if (number == 0) {
            fork(0);
            join(0);
        } else if (steal()) {
            deque_ring_doorbell(&deque);
            is_hungry = true;
        }
    }

    void after()
    {
        RL_ASSERT(doorbells == 1);
        RL_ASSERT(!is_hungry || ROVEI_LOAD(deque.limit, RELAXED) == DEQUE_HUNGRY);
        end();
    }

    bool is_hungry = false;
};

/* A bell that rings while the owner sets the limit anew is heard at some time. */
struct ring_meets_growth : rl::test_suite<ring_meets_growth, 2>, deque_world<1, 2, 1> {
    void before()
    {
        begin(0);
    }

    void thread(unsigned number)
    {
        model_barriers.enter();
        if (number == 0)
            fork(0);
        else
            deque_ring_doorbell(&deque);
    }

    void after()
    {
        RL_ASSERT(doorbells == 1 || ROVEI_LOAD(deque.limit, RELAXED) == DEQUE_HUNGRY);
        join(0);
        end();
    }
};

/* Before it sleeps, a thief arms the doorbell, passes the barrier and looks once more. Either it sees the task that the
 * owner pushes, or the owner hears the bell. */
template <int CAPACITY, int RINGS>
struct sleeper : rl::test_suite<sleeper<CAPACITY, RINGS>, 2>, deque_world<CAPACITY, RINGS, 1> {
    void before()
    {
        this->begin(0);
    }

    void thread(unsigned number)
    {
        model_barriers.enter();
        if (number == 0) {
            this->fork(0);
            return;
        }
        deque_ring_doorbell(&this->deque);
        model_barrier();
        is_awake = deque_hides_tasks(&this->deque) || deque_has_public(&this->deque);
    }

    void after()
    {
        RL_ASSERT(is_awake || this->doorbells == 1);
        this->join(0);
        this->end();
    }

    bool is_awake = false;
};

/* An owner that publishes and then finds nobody asleep has been heard by the worker that is about to sleep, also where
 * there is no barrier. */
struct feed : rl::test_suite<feed, 2>, deque_world<4, 1, 1> {
    void before()
    {
        begin(0);
        deque_ring_doorbell(&deque);
        sleepers($).store(0, rl::mo_relaxed);
    }

    void thread(unsigned number)
    {
        model_barriers.enter();
        if (number == 0) {
            fork(0);
            is_woken = sleepers($).load(rl::mo_seq_cst) == 1;
        } else {
            sleepers($).store(1, rl::mo_seq_cst);
            is_awake = deque_has_public(&deque);
        }
    }

    void after()
    {
        RL_ASSERT(is_woken || is_awake);
        join(0);
        end();
    }

    rl::atomic<int> sleepers;
    bool is_woken = false;
    bool is_awake = false;
};

static const model_scenario scenarios[] = {
    {"take_back", model_simulate<take_back>, 1e5},
    {"take_back_forced", model_simulate<take_back_forced>, 2e5},
    {"doorbell_1_1", model_simulate<doorbell<1, 3, 1>>, 1e5},
    {"doorbell_2_1", model_simulate<doorbell<2, 2, 1>>, 1e5},
    {"doorbell_4_2", model_simulate<doorbell<4, 1, 2>>, 1e5},
    {"doorbell_2_3", model_simulate<doorbell<2, 1, 3>>, 1e5},
    {"force_1", model_simulate<force<1>>, 1e5},
    {"force_2", model_simulate<force<2>>, 1e5},
    {"force_3", model_simulate<force<3>>, 1e5},
    {"mixture_1_1", model_simulate<mixture<1, 4, 1>>, 1e5},
    {"mixture_2_2", model_simulate<mixture<2, 3, 2>>, 1e5},
    {"mixture_4_3", model_simulate<mixture<4, 1, 3>>, 1e5},
    {"pop_all", model_simulate<pop_all>, 1e5},
    {"ring_again", model_simulate<ring_again>, 2e4},
    {"ring_meets_growth", model_simulate<ring_meets_growth>, 2e4},
    {"sleeper", model_simulate<sleeper<4, 1>>, 2e4},
    {"feed", model_simulate<feed>, 2e4},
    {"sleeper_growth", model_simulate<sleeper<1, 2>>, 2e4},
};

int main(int argc, char **argv)
{
    return model_main(argc, argv, scenarios, sizeof scenarios / sizeof *scenarios);
}
