/*
 * The hand of a driver under Relacy, on the header that ships: the owner fills it several times and takes, others take
 * whenever they like. Each cell comes out exactly once, with all that was written into it before the hand was filled;
 * and the owner, who finds it empty, may fill it again.
 */
#include "model.hpp"

/* Cells whose stores are all relaxed. */
static inline void model_store_relaxed(rl::atomic<uintptr_t> &cell, uintptr_t value, rl::debug_info_param info)
{
    cell.store(value, rl::mo_relaxed, info);
}

#include "runtime/pool/hand.h"

struct pool_cell {
    rl::var<int> work;
    int number;
    int runs;
};

/* A hand, and `CELLS` cells to fill it with, some at a time. */
template <int CELLS> class hand_world
{
  public:
    hand_world() : used(0)
    {
        for (int i = 0; i < CELLS; i++) {
            cells[i].number = i;
            cells[i].runs = 0;
        }
    }

    /* Generations go on where another use of the driver has ended. */
    void begin(int64_t generation)
    {
        ROVEI_INIT(hand.word, generation << 32 | 2 << 16 | 2);
        for (int i = 0; i < HAND_CELLS; i++)
            ROVEI_INIT(hand.cells[i], static_cast<uintptr_t>(0));
    }

    /* Owner only; the hand is empty. */
    void fill(int count)
    {
        pool_cell *next[HAND_CELLS + 1];
        uintptr_t behind = ROVEI_LOAD(hand.cells[count], RELAXED);
        RL_ASSERT(hand_is_empty(&hand) && used + count <= CELLS);
        for (int i = 0; i < count; i++) {
            next[i] = &cells[used++];
            next[i]->work($) = next[i]->number;
        }
        next[count] = &beyond;
        hand_fill(&hand, next, static_cast<size_t>(count));
        RL_ASSERT(ROVEI_LOAD(hand.cells[count], RELAXED) == behind);
    }

    /* Takes one cell and runs it. False if there was none. */
    bool take()
    {
        pool_cell *cell = hand_take(&hand);
        if (!cell)
            return false;
        RL_ASSERT(cell->work($) == cell->number);
        cell->work($) = -1;
        RL_ASSERT(cell->runs++ == 0);
        return true;
    }

    void end()
    {
        while (take())
            ;
        RL_ASSERT(hand_is_empty(&hand));
        for (int i = 0; i < used; i++)
            RL_ASSERT(cells[i].runs == 1);
    }

    pool_hand hand;

  private:
    pool_cell cells[CELLS];
    pool_cell beyond; /* what the program has behind the last one */
    int used;
};

/* The owner fills, takes all that others leave, and fills again; the last cells stay. */
template <int THREADS, int FILLS>
struct robbed : rl::test_suite<robbed<THREADS, FILLS>, THREADS>, hand_world<2 * FILLS> {
    void before()
    {
        this->begin(0);
    }

    void thread(unsigned number)
    {
        if (number > 0) {
            for (int i = 0; i < 2; i++)
                this->take();
            return;
        }
        for (int i = 0; i < FILLS; i++) {
            this->fill(1 + static_cast<int>(rl::rand(2)));
            while (i + 1 < FILLS && this->take())
                ;
        }
    }

    void after()
    {
        this->end();
    }
};

/* The owner does not take: what it has is found by others, and what is never found stays. */
struct abandoned : rl::test_suite<abandoned, 3>, hand_world<3> {
    void before()
    {
        begin(INT32_MAX); /* the last one above zero */
    }

    void thread(unsigned number)
    {
        if (number == 0)
            fill(3);
        else
            while (take())
                ;
    }

    void after()
    {
        end();
    }
};

static const model_scenario scenarios[] = {
    {"robbed_by_one", model_simulate<robbed<2, 3>>, 2e5},
    {"robbed_by_two", model_simulate<robbed<3, 3>>, 3e5},
    {"abandoned", model_simulate<abandoned>, 1e5},
};

int main(int argc, char **argv)
{
    return model_main(argc, argv, scenarios, sizeof scenarios / sizeof *scenarios);
}
