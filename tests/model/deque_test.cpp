/*
 * The deque under Relacy: one owner and up to three thieves, on the headers that ship. What must hold in all of these
 * scenarios is in deque_world.hpp.
 */
#include "deque_world.hpp"

/* Three public tasks are joined while two thieves steal: taking back in halves. */
struct take_back : rl::test_suite<take_back, 3>, deque_world<4, 0, 3> {
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

/* Many public tasks, two thieves that steal and one that forces, which meets an owner in the middle of taking back and
 * perhaps gives up. */
struct take_back_forced : rl::test_suite<take_back_forced, 4>, deque_world<8, 0, 5> {
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
            for (int i = 0; i < 3 && !force(unsure_barrier); i++)
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

/* A thief steals up to where the owner has taken back, wants to force, and gives up: what it puts back is not for the
 * owner to keep. */
struct give_up : rl::test_suite<give_up, 2>, deque_world<4, 0, 3> {
    void before()
    {
        begin(0);
        for (int i = 0; i < 3; i++)
            fork(i);
        publish();
    }

    void thread(unsigned number)
    {
        model_barriers.enter();
        if (number == 0) {
            for (int i = 2; i >= 0; i--)
                join(i);
            return;
        }
        steal();
        steal();
        force(unsure_barrier);
    }

    void after()
    {
        end();
    }
};

/* A thief rings, the owner publishes and takes back. */
template <int CAPACITY, int DOUBLINGS, int THIEVES>
struct doorbell : rl::test_suite<doorbell<CAPACITY, DOUBLINGS, THIEVES>, 1 + THIEVES>,
                  deque_world<CAPACITY, DOUBLINGS, 4> {
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
template <int THIEVES> struct force : rl::test_suite<force<THIEVES>, 1 + THIEVES>, deque_world<4, 0, 3> {
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
template <int CAPACITY, int DOUBLINGS, int THIEVES>
struct mixture : rl::test_suite<mixture<CAPACITY, DOUBLINGS, THIEVES>, 1 + THIEVES>,
                 deque_world<CAPACITY, DOUBLINGS, 6> {
    void before()
    {
        this->begin(static_cast<int64_t>(rl::rand(4)) - 3);
        if (rl::rand(2))
            this->run_short();
    }

    void thread(unsigned number)
    {
        model_barriers.enter();
        if (number == 0)
            this->fork_and_join(0, 6, true);
        else
            this->steal_or_anything(4);
    }

    void after()
    {
        this->end();
    }
};

/* Joins of tasks that may have been stolen, each followed by a fork at the slot that the join has left: the deque goes
 * on at slots higher and lower than its top, and thieves wake up with an index, a split or an origin from before. */
template <int THIEVES> struct go_on : rl::test_suite<go_on<THIEVES>, 1 + THIEVES>, deque_world<4, 0, 6> {
    void before()
    {
        this->begin(-1);
        for (int i = 0; i < 3; i++)
            this->fork(i);
        this->publish();
    }

    void thread(unsigned number)
    {
        model_barriers.enter();
        if (number == 3) {
            this->steal_or_force(3);
            return;
        }
        if (number > 0) {
            for (int i = 0; i < 4; i++)
                this->steal();
            return;
        }
        for (int i = 2; i >= 0; i--) {
            this->join(i);
            this->fork(5 - i);
            if (i > 0 || rl::rand(2))
                this->publish();
            this->join(5 - i);
        }
    }

    void after()
    {
        this->end();
    }
};

/* A thief that wants to force and has seen a split below which nothing was left is late: the deque has gone on, split
 * has the same value again, and this time something is public. Its token hides that and must not harm it. */
struct late_token : rl::test_suite<late_token, 3>, deque_world<4, 0, 5> {
    void before()
    {
        begin(0);
        fork(0);
        publish();
    }

    void thread(unsigned number)
    {
        model_barriers.enter();
        if (number == 1) {
            for (int i = 0; i < 4; i++)
                steal();
        } else if (number == 2) {
            for (int i = 0; i < 3; i++) {
                force(unsure_barrier);
                steal();
            }
        } else {
            join(0);
            for (int i = 1; i < 5; i += 2) {
                fork(i);
                publish();
                fork(i + 1);
                join(i + 1);
                join(i);
            }
        }
    }

    void after()
    {
        end();
    }
};

/* Forks in a row, some of them perhaps beyond the end of memory; each is joined where the row says that it lies, and
 * then another is forked there. Thieves force, and the owner publishes now and then. */
template <int CAPACITY, int DOUBLINGS>
struct row : rl::test_suite<row<CAPACITY, DOUBLINGS>, 3>, deque_world<CAPACITY, DOUBLINGS, 8> {
    void before()
    {
        this->begin(0);
        this->run_short();
    }

    void thread(unsigned number)
    {
        model_barriers.enter();
        if (number == 1) {
            this->steal_or_force(4);
            return;
        }
        if (number > 0) {
            this->steal_or_anything(4);
            return;
        }
        rove_slot *first = ROVEI_LOAD(this->deque.bottom, RELAXED), *next = first;
        for (int i = 0; i < 4; i++)
            next = this->fork(i);
        for (int i = 3; i >= 0; i--) {
            this->join_at(i, std::min(first + i, next));
            if (rl::rand(2))
                this->publish();
            this->fork(7 - i);
            if (rl::rand(2))
                this->publish();
            this->join(7 - i);
        }
    }

    void after()
    {
        this->end();
    }
};

/* A task that is written to its slot once and forked again and again, until it is stolen; then another one is. Others
 * are forked while it waits for its join, at its own slot too if that is the last one. */
enum { AGAIN = 4 };
template <int CAPACITY, int DOUBLINGS>
struct again : rl::test_suite<again<CAPACITY, DOUBLINGS>, 3>, deque_world<CAPACITY, DOUBLINGS, 2 * AGAIN + 2> {
    void before()
    {
        this->begin(-2);
        if (rl::rand(2))
            this->run_short();
    }

    void thread(unsigned number)
    {
        model_barriers.enter();
        if (number == 1) {
            this->steal_or_force(4);
            return;
        }
        if (number > 0) {
            this->steal_or_anything(4);
            return;
        }
        int outer = 0, other = 1, task = AGAIN + 1;
        this->fork(outer);
        this->prepare(task);
        for (int i = 0; i < AGAIN; i++) {
            this->fork_prepared(task);
            if (rl::rand(2)) {
                this->fork(other);
                this->join(other++);
            }
            if (rl::rand(2))
                this->publish();
            if (!this->join(task))
                this->prepare(++task);
        }
        this->join(outer);
    }

    void after()
    {
        this->end();
    }
};

/* Tasks that nobody joins. */
template <int CAPACITY, int DOUBLINGS>
struct pop_all : rl::test_suite<pop_all<CAPACITY, DOUBLINGS>, 3>, deque_world<CAPACITY, DOUBLINGS, 6> {
    void before()
    {
        this->begin(0);
        if (rl::rand(2))
            this->run_short();
    }

    void thread(unsigned number)
    {
        model_barriers.enter();
        if (number > 0) {
            this->steal_or_anything(5);
            return;
        }
        for (int i = 0; i < 6; i++) {
            this->spawn(i);
            if (rl::rand(4) == 0)
                this->publish();
            if (rl::rand(3) == 0)
                this->pop();
        }
        while (this->pop())
            ;
        this->pop(); /* the last may have been lost to a thief, and only a deque that is seen to be empty begins anew */
    }

    void after()
    {
        this->end();
    }
};

/* A deque that is popped until it is empty begins at its first slot again, while one thief forces and others steal. */
struct begin_again : rl::test_suite<begin_again, 4>, deque_world<4, 0, 6> {
    void before()
    {
        begin(-3);
    }

    void thread(unsigned number)
    {
        model_barriers.enter();
        if (number == 1) {
            for (int i = 0; i < 3; i++)
                force();
        } else if (number > 1) {
            steal_or_ring(4);
        } else {
            for (int i = 0; i < 6; i += 2) {
                spawn(i);
                spawn(i + 1);
                while (pop())
                    ;
            }
            pop(); /* see pop_all */
        }
    }

    void after()
    {
        end();
    }
};

/* A bell that rings while there is no room left is heard. A thief that has taken what was published then rings again:
 * the owner must not lose that either. */
struct ring_again : rl::test_suite<ring_again, 2>, deque_world<1, 1, 1> {
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
struct ring_meets_growth : rl::test_suite<ring_meets_growth, 2>, deque_world<1, 1, 1> {
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
template <int CAPACITY, int DOUBLINGS>
struct sleeper : rl::test_suite<sleeper<CAPACITY, DOUBLINGS>, 2>, deque_world<CAPACITY, DOUBLINGS, 1> {
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
struct feed : rl::test_suite<feed, 2>, deque_world<4, 0, 1> {
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

/* The same for a deque that has gone on at a slot meanwhile: the worker that is about to sleep has taken what was there
 * before, and its index, its split and its origin may be of different ages. */
struct feed_again : rl::test_suite<feed_again, 3>, deque_world<4, 0, 3> {
    void before()
    {
        begin(0);
        fork(0);
        fork(1);
        publish();
        sleepers($).store(0, rl::mo_relaxed);
    }

    void thread(unsigned number)
    {
        model_barriers.enter();
        if (number == 0) {
            join(1);
            join(0);
            fork(2);
            publish();
            is_woken = sleepers($).load(rl::mo_seq_cst) == 1;
        } else if (number == 1) {
            for (int i = 0; i < 2; i++)
                steal();
        } else {
            sleepers($).store(1, rl::mo_seq_cst);
            is_awake = deque_has_public(&deque);
        }
    }

    void after()
    {
        RL_ASSERT(is_woken || is_awake || ran(2));
        join(2);
        end();
    }

    rl::atomic<int> sleepers;
    bool is_woken = false;
    bool is_awake = false;
};

static const model_scenario scenarios[] = {
    {"take_back", model_simulate<take_back>, 1e5},
    {"take_back_forced", model_simulate<take_back_forced>, 2e5},
    {"give_up", model_simulate<give_up>, 2e5},
    {"doorbell_1_1", model_simulate<doorbell<1, 2, 1>>, 1e5},
    {"doorbell_2_1", model_simulate<doorbell<2, 1, 1>>, 1e5},
    {"doorbell_4_2", model_simulate<doorbell<4, 0, 2>>, 1e5},
    {"doorbell_2_3", model_simulate<doorbell<2, 0, 3>>, 1e5},
    {"force_1", model_simulate<force<1>>, 1e5},
    {"force_2", model_simulate<force<2>>, 1e5},
    {"force_3", model_simulate<force<3>>, 1e5},
    {"mixture_1_1", model_simulate<mixture<1, 3, 1>>, 1e5},
    {"mixture_2_2", model_simulate<mixture<2, 2, 2>>, 1e5},
    {"mixture_4_3", model_simulate<mixture<4, 0, 3>>, 1e5},
    {"go_on_1", model_simulate<go_on<1>>, 1e5},
    {"go_on_2", model_simulate<go_on<2>>, 1e5},
    {"go_on_3", model_simulate<go_on<3>>, 1e5},
    {"late_token", model_simulate<late_token>, 1e5},
    {"row_2", model_simulate<row<2, 0>>, 1e5},
    {"row_1", model_simulate<row<1, 2>>, 1e5},
    {"again_1", model_simulate<again<1, 2>>, 1e5},
    {"again_2", model_simulate<again<2, 0>>, 1e5},
    {"again_4", model_simulate<again<4, 0>>, 1e5},
    {"begin_again", model_simulate<begin_again>, 1e5},
    {"pop_all_2", model_simulate<pop_all<2, 1>>, 1e5},
    {"pop_all_4", model_simulate<pop_all<4, 0>>, 1e5},
    {"ring_again", model_simulate<ring_again>, 2e4},
    {"ring_meets_growth", model_simulate<ring_meets_growth>, 2e4},
    {"sleeper", model_simulate<sleeper<4, 0>>, 2e4},
    {"sleeper_growth", model_simulate<sleeper<1, 1>>, 2e4},
    {"feed", model_simulate<feed>, 2e4},
    {"feed_again", model_simulate<feed_again>, 1e5},
};

int main(int argc, char **argv)
{
    return model_main(argc, argv, scenarios, sizeof scenarios / sizeof *scenarios);
}
