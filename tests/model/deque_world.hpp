/*
 * A deque in Relacy, for the scenarios of deque_test.cpp: what its owner and its thieves do, on the headers that ship,
 * and an oracle that knows what should be in the deque. Each task is run exactly once, by the owner or by one thief;
 * thieves get the oldest, the owner the newest; a join that learns "stolen" is right about it, and about all older
 * tasks; what a task carries is not written and read at the same time; and in the end the deque is empty and holds no
 * token.
 */
#ifndef TESTS_MODEL_DEQUE_WORLD_HPP
#define TESTS_MODEL_DEQUE_WORLD_HPP

#include "model.hpp"

#include "runtime/queue/deque.h"

struct rove_task {
    rl::var<int> work;
    rove_slot *slot; /* where it was forked */
    int forks;
    int runs;
    bool is_unqueued;
};

/* A deque that begins with CAPACITY slots and may grow DOUBLINGS times, and what happened. */
template <int CAPACITY, int DOUBLINGS, int TASKS> class deque_world
{
  public:
    deque_world() : front(0), back(0), capacity(CAPACITY), is_short(false), is_stuck(false), doorbells(0)
    {
        std::fill(attempts, attempts + threads_max, 0);
    }

    void begin(int64_t first)
    {
        model_barriers.begin();
        for (int i = 0; i < slots_max; i++)
            ROVEI_INIT(memory[i].task, static_cast<rove_task *>(0));
        for (int i = 0; i < TASKS; i++)
            tasks[i].forks = tasks[i].runs = 0;
        deque_init(&deque, memory, memory + CAPACITY - 1, first);
    }

    /* The owner. */

    /* Returns the slot for what comes next. */
    rove_slot *fork(int number)
    {
        rove_task &task = tasks[number];
        put(number);
        if (rovei_deque_push(&deque, task.slot, &task))
            attend(task);
        return task.is_unqueued ? task.slot : task.slot + 1;
    }

    void prepare(int number)
    {
        rovei_deque_write(ROVEI_LOAD(deque.bottom, RELAXED), &tasks[number]);
    }

    /* Forks what was prepared at this slot, and has not been stolen since. */
    void fork_prepared(int number)
    {
        rove_task &task = tasks[number];
        put(number);
        if (rovei_deque_raise(&deque, task.slot))
            attend(task);
    }

    /* Returns whether the task has run here. */
    bool join(int number)
    {
        bool is_mine = join_at(number, tasks[number].slot);
        RL_ASSERT(tasks[number].slot == ROVEI_LOAD(deque.bottom, RELAXED));
        return is_mine;
    }

    bool join_at(int number, rove_slot *slot)
    {
        rove_task &task = tasks[number];
        bool is_mine = take(slot);
        RL_ASSERT(ROVEI_LOAD(deque.bottom, RELAXED) == slot);
        if (is_mine && !task.is_unqueued)
            leave_back(number);
        RL_ASSERT(is_mine || (front == back && !task.is_unqueued));
        if (is_mine)
            run(number);
        RL_ASSERT(task.runs == task.forks); /* a thief runs it at once */
        return is_mine;
    }

    /* Tasks that are not joined: one that cannot be queued is run at once, and the owner takes what it gets. */

    void spawn(int number)
    {
        rove_task &task = tasks[number];
        put(number);
        if (rovei_deque_push(&deque, task.slot, &task)) {
            if (deque_is_full(&deque) && is_half_stolen())
                move();
            attend(task);
        }
        if (task.is_unqueued)
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

    /* Forks all tasks from `first` to before `last` and joins them, in some order that fork and join allow. Publishes
     * now and then, as an owner that parks, if `publishes` is set. */
    void fork_and_join(int first, int last, bool publishes = false)
    {
        int open[TASKS], depth = 0;
        while (first < last || depth > 0) {
            if (publishes && rl::rand(4) == 0)
                publish();
            if (first < last && (depth == 0 || rl::rand(2))) {
                open[depth++] = first;
                fork(first++);
            } else {
                join(open[--depth]);
            }
        }
    }

    bool ran(int number) const
    {
        return tasks[number].runs == tasks[number].forks;
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
                force(unsure_barrier);
            else
                steal();
        }
    }

    /* From now on it may be that there is no memory to grow. */
    void run_short()
    {
        is_short = true;
    }

    /* After the threads have ended, and the owner has joined all tasks. */
    void end()
    {
        RL_ASSERT(front == back);
        for (int i = 0; i < TASKS; i++)
            RL_ASSERT(tasks[i].runs == tasks[i].forks);
        uintptr_t bottom = reinterpret_cast<uintptr_t>(ROVEI_LOAD(deque.bottom, RELAXED));
        RL_ASSERT(deque_place(ROVEI_LOAD(deque.origin, RELAXED), ROVEI_LOAD(deque.top, RELAXED)) == bottom);
        RL_ASSERT(ROVEI_LOAD(deque.split, RELAXED) <= bottom);
        RL_ASSERT(bottom == reinterpret_cast<uintptr_t>(memory));
    }

    rovei_deque deque;

    /* A barrier that is refused now and then. */
    static bool unsure_barrier()
    {
        return rl::rand(3) && model_barrier();
    }

  private:
    enum { threads_max = 4, slots_max = CAPACITY << DOUBLINGS };

    /* As in spawn_make_room. */
    bool is_half_stolen()
    {
        uintptr_t oldest = deque_place(ROVEI_LOAD(deque.origin, RELAXED), ROVEI_LOAD(deque.top, RELAXED));
        uintptr_t first = reinterpret_cast<uintptr_t>(memory), end = ROVEI_LOAD(deque.end, RELAXED);
        return end > first && oldest - first >= (end - first) / 2;
    }

    /* spawn_move: what is left begins again at the first slot. */
    void move()
    {
        int moved[TASKS], count = 0;
        for (rove_task *task; (task = deque_pop(&deque)) || ROVEI_LOAD(deque.bottom, RELAXED) != memory;) {
            if (!task)
                continue;
            moved[count] = static_cast<int>(task - tasks);
            leave_back(moved[count++]);
        }
        while (count > 0) {
            rove_task &task = tasks[moved[--count]];
            task.slot = ROVEI_LOAD(deque.bottom, RELAXED);
            queue[back++] = moved[count];
            rovei_deque_push(&deque, task.slot, &task);
        }
    }

    bool take(rove_slot *slot)
    {
        return rovei_deque_take(&deque, slot) || deque_take_slow(&deque, slot);
    }

    /* A task is about to be pushed. */
    void put(int number)
    {
        rove_task &task = tasks[number];
        task.work($) = number;
        task.forks++;
        task.is_unqueued = false;
        task.slot = ROVEI_LOAD(deque.bottom, RELAXED);
        RL_ASSERT(reinterpret_cast<uintptr_t>(task.slot) <= ROVEI_LOAD(deque.end, RELAXED));
        queue[back++] = number;
    }

    void attend(rove_task &task)
    {
        if (deque_is_full(&deque) && !extend())
            withdraw(task);
        if (ROVEI_LOAD(deque.limit, RELAXED) == DEQUE_HUNGRY)
            publish();
    }

    /* As in rovei_slots_extend: what has failed once is not tried again. */
    bool extend()
    {
        is_stuck = is_stuck || capacity == slots_max || (is_short && rl::rand(2));
        if (is_stuck)
            return false;
        capacity *= 2;
        deque_extend(&deque, memory + capacity - 1);
        return true;
    }

    void withdraw(rove_task &task)
    {
        deque_withdraw(&deque);
        leave_back(static_cast<int>(&task - tasks));
        task.is_unqueued = true;
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

    rove_slot memory[slots_max];
    rove_task tasks[TASKS];
    int queue[TASKS + 1]; /* numbers of the tasks that should be there, from `front`, the oldest, to before `back` */
    int front, back;
    int capacity;
    bool is_short, is_stuck;
    int attempts[threads_max];

  protected:
    int doorbells;
};

#endif
