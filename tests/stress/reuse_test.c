/*
 * A group is destroyed the moment its wait returns: whoever announces the last task's end must not touch the group
 * afterwards. The memory is poisoned, and looked at again later; or it is given back to the system; or it is a stack
 * frame that the next call overwrites.
 */
#define _GNU_SOURCE
#include <rove/rove.h>
#include <stdatomic.h>
#include <string.h>
#include <support/support.h>
#include <sys/mman.h>

enum { GROUPS = 64, POISON = 0xa5 };

static int count_task(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static void group_use(rove_group *group, int tasks)
{
    atomic_int runs = 0;
    for (int i = 0; i < tasks; i++)
        TEST_CHECK(rove_group_spawn(group, count_task, &runs) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(group) == ROVE_OK, "wait");
    TEST_CHECK(atomic_load(&runs) == tasks, "%d of %d tasks", atomic_load(&runs), tasks);
}

/* Keeps a ring of poisoned groups; each is looked at when its turn comes again. */
struct ring {
    rove_runtime *runtime;
    uint64_t stream;
    int64_t rounds;
    union {
        rove_group group;
        unsigned char bytes[sizeof(rove_group)];
    } slots[GROUPS];
};

static void ring_check(const struct ring *ring, int64_t slot)
{
    for (size_t i = 0; i < sizeof(rove_group); i++)
        TEST_CHECK(ring->slots[slot].bytes[i] == POISON, "byte %zu of a dead group was written", i);
}

static void ring_run(void *arg)
{
    struct ring *ring = arg;
    struct test_random random = test_random_make(ring->stream);
    memset(ring->slots, POISON, sizeof ring->slots);
    for (int64_t i = 0; i < ring->rounds; i++) {
        int64_t slot = i % GROUPS;
        ring_check(ring, slot);
        ring->slots[slot].group = (rove_group){.runtime = ring->runtime};
        group_use(&ring->slots[slot].group, 1 + (int)test_random_below(&random, 3));
        memset(&ring->slots[slot], POISON, sizeof ring->slots[slot]);
    }
    for (int64_t slot = 0; slot < GROUPS; slot++)
        ring_check(ring, slot);
}

/* The rings are static, so that these groups are counted with atomic operations. */
static struct ring rings[8];

static void ring_prepare(rove_runtime *runtime, int64_t rounds)
{
    for (int i = 0; i < 8; i++)
        rings[i] = (struct ring){.runtime = runtime, .stream = (uint64_t)i, .rounds = rounds};
}

static void by_a_worker(void)
{
    for (int workers = 2; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        ring_prepare(runtime, test_scaled(1000000, 1000));
        TEST_CHECK(rove_run(runtime, ring_run, &rings[0]) == ROVE_OK, "run");
        test_runtime_end(runtime);
    }
}

static void by_threads_outside(void)
{
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        ring_prepare(runtime, test_scaled(20000, 200));
        test_on_threads(8, ring_run, rings, sizeof rings[0]);
        test_runtime_end(runtime);
    }
}

/* Groups on the stack, whose frame is gone when the wait returns. */
__attribute__((noinline)) static void frame_use(int tasks)
{
    rove_group group = {0};
    group_use(&group, tasks);
}

__attribute__((noinline)) static void frame_poison(void)
{
    unsigned char bytes[512];
    memset(bytes, POISON, sizeof bytes);
    __asm__ volatile("" : : "r"(bytes) : "memory");
    for (size_t i = 0; i < sizeof bytes; i++)
        TEST_CHECK(bytes[i] == POISON, "byte %zu of a dead frame was written", i);
}

static void frames_run(void *arg)
{
    struct ring *ring = arg;
    struct test_random random = test_random_make(ring->stream);
    for (int64_t i = 0; i < ring->rounds; i++) {
        frame_use(1 + (int)test_random_below(&random, 3));
        frame_poison();
    }
}

static void on_the_stack(void)
{
    for (int workers = 2; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        ring_prepare(runtime, test_scaled(1000000, 1000));
        TEST_CHECK(rove_run(runtime, frames_run, &rings[0]) == ROVE_OK, "run");
        test_runtime_end(runtime);
    }
}

static void on_the_stack_of_threads_outside(void)
{
    ring_prepare(NULL, test_scaled(10000, 100));
    test_on_threads(4, frames_run, rings, sizeof rings[0]);
}

/* A page that is unmapped when the wait returns: a late touch is a fault. */
static void pages_run(void *arg)
{
    struct ring *ring = arg;
    struct test_random random = test_random_make(ring->stream);
    for (int64_t i = 0; i < ring->rounds; i++) {
        rove_group *group = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        TEST_CHECK(group != MAP_FAILED, "mmap");
        group->runtime = ring->runtime;
        group_use(group, 1 + (int)test_random_below(&random, 3));
        munmap(group, 4096);
    }
}

static void in_a_page_that_is_unmapped(void)
{
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        ring_prepare(runtime, test_scaled(20000, 200));
        TEST_CHECK(rove_run(runtime, pages_run, &rings[0]) == ROVE_OK, "run");
        test_on_threads(4, pages_run, rings, sizeof rings[0]);
        test_runtime_end(runtime);
    }
}

/* The same of fork and join: a task in a frame that is gone when the join returns. */
struct leaf {
    rove_task task;
    unsigned char runs;
};

static void leaf_task(rove_task *task)
{
    ((struct leaf *)task)->runs++;
}

__attribute__((noinline)) static void fork_use(int64_t round)
{
    struct leaf leaves[3] = {{.runs = 0}};
    for (int i = 0; i < 3; i++)
        rove_fork(&leaves[i].task, leaf_task);
    if (round % 64 == 0)
        test_yield();
    for (int i = 2; i >= 0; i--) {
        TEST_CHECK(rove_join(&leaves[i].task, leaf_task) == ROVE_OK, "join");
        TEST_CHECK(leaves[i].runs == 1, "%d runs", leaves[i].runs);
    }
}

static void forks_run(void *arg)
{
    struct ring *ring = arg;
    for (int64_t i = 0; i < ring->rounds; i++) {
        fork_use(i);
        frame_poison();
    }
}

static void forked_tasks(void)
{
    for (int workers = 2; workers <= 8; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        ring_prepare(runtime, test_scaled(2000000, 2000));
        TEST_CHECK(rove_run(runtime, forks_run, &rings[0]) == ROVE_OK, "run");
        test_runtime_end(runtime);
    }
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"by_a_worker", by_a_worker},
        {"by_threads_outside", by_threads_outside},
        {"on_the_stack_of_a_worker", on_the_stack},
        {"on_the_stack_of_threads_outside", on_the_stack_of_threads_outside},
        {"in_a_page_that_is_unmapped", in_a_page_that_is_unmapped},
        {"forked_tasks", forked_tasks},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 90);
}
