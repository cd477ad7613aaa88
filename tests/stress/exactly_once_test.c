/*
 * 10^8 forks in all, by two, four and 32 workers: a tree over a range of numbers whose shape follows from the seed.
 * Each leaf marks its number, each inner task adds up its halves, so a fork that is lost or runs twice is found by
 * both.
 */
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <support/support.h>

struct tree {
    unsigned char *runs;
    uint64_t seed;
    bool is_comb;                /* forks off a few leaves at a time, so that thieves come again and again */
    atomic_int_least64_t leaves; /* where the next part of the range begins; for several roots at once */
};

struct node {
    rove_task task;
    struct tree *tree;
    int64_t begin;
    int64_t end;
    int64_t leaves; /* set by the task: how many leaves it has marked */
};

static void node_task(rove_task *task);

static uint64_t node_random(const struct tree *tree, int64_t begin, int64_t end)
{
    uint64_t x = (tree->seed ^ (uint64_t)begin) * 0x9e3779b97f4a7c15u + (uint64_t)end;
    return (x ^ x >> 29) * 0xbf58476d1ce4e5b9u >> 16;
}

static int64_t leaf_mark(struct tree *tree, int64_t leaf)
{
    unsigned char before = __atomic_fetch_add(&tree->runs[leaf], 1, __ATOMIC_RELAXED);
    TEST_CHECK(before == 0, "leaf %lld runs again", (long long)leaf);
    if (leaf % 100003 == 0)
        test_yield();
    return 1;
}

/* Where the range is cut: near its begin, or anywhere in the inner half. */
static int64_t node_middle(const struct tree *tree, int64_t begin, int64_t end)
{
    int64_t length = end - begin;
    uint64_t random = node_random(tree, begin, end);
    if (tree->is_comb)
        return begin + 1 + (int64_t)(random % (uint64_t)(length < 16 ? length - 1 : 15));
    return length <= 8 ? begin + length / 2 : begin + length / 4 + (int64_t)(random % (uint64_t)(length / 2));
}

static int64_t node_walk(struct tree *tree, int64_t begin, int64_t end)
{
    if (end - begin == 1)
        return leaf_mark(tree, begin);
    int64_t middle = node_middle(tree, begin, end);
    struct node left = {.tree = tree, .begin = begin, .end = middle, .leaves = -1};
    rove_fork(&left.task, node_task);
    int64_t leaves = node_walk(tree, middle, end);
    rove_status status = rove_join(&left.task, node_task);
    TEST_CHECK(status == ROVE_OK, "join: %s", rove_status_text(status));
    TEST_CHECK(left.leaves == middle - begin, "the left half of %lld to %lld has %lld leaves", (long long)begin,
               (long long)end, (long long)left.leaves);
    return leaves + left.leaves;
}

static void node_task(rove_task *task)
{
    struct node *self = (struct node *)task;
    self->leaves = node_walk(self->tree, self->begin, self->end);
}

static void node_run(void *arg)
{
    node_task(arg);
}

static int64_t tasks_per_case(void)
{
    return test_scaled(25000000, 1000);
}

static struct tree tree_make(int64_t leaves, uint64_t stream)
{
    struct test_random random = test_random_make(stream);
    struct tree tree = {.runs = calloc((size_t)leaves, 1), .seed = test_random_next(&random)};
    TEST_CHECK(tree.runs, "no memory for %lld leaves", (long long)leaves);
    return tree;
}

static void tree_check(struct tree *tree, int64_t leaves)
{
    for (int64_t i = 0; i < leaves; i++)
        TEST_CHECK(tree->runs[i] == 1, "leaf %lld ran %d times", (long long)i, tree->runs[i]);
    free(tree->runs);
}

static void report(rove_runtime *runtime)
{
    rove_stats stats;
    TEST_CHECK(rove_runtime_stats(runtime, &stats) == ROVE_OK, "statistics");
    printf("  %d workers: %llu forks stolen, %llu doorbells, %llu parks\n", rove_worker_count(runtime),
           (unsigned long long)stats.stolen_forks, (unsigned long long)stats.doorbells,
           (unsigned long long)stats.parks);
}

static void one_root(int workers)
{
    int64_t leaves = tasks_per_case();
    rove_runtime *runtime = test_runtime(workers);
    struct tree tree = tree_make(leaves, (uint64_t)workers);
    struct node root = {.tree = &tree, .begin = 0, .end = leaves};
    TEST_CHECK(rove_run(runtime, node_run, &root) == ROVE_OK, "run");
    TEST_CHECK(root.leaves == leaves, "%lld leaves instead of %lld", (long long)root.leaves, (long long)leaves);
    tree_check(&tree, leaves);
    report(runtime);
    test_runtime_end(runtime);
}

static void two_workers(void)
{
    one_root(2);
}

static void four_workers(void)
{
    one_root(4);
}

static void many_workers(void)
{
    one_root(32);
}

/* Threads that are no workers come as guests, each with small parts of the range, so that they come and go. */
enum { PART = 20000, GUESTS = 6 };

struct guest {
    rove_runtime *runtime;
    struct tree *tree;
    int64_t end;
};

static void guest_run(void *arg)
{
    struct guest *guest = arg;
    for (;;) {
        int64_t begin = atomic_fetch_add(&guest->tree->leaves, PART);
        if (begin >= guest->end)
            return;
        int64_t end = begin + PART < guest->end ? begin + PART : guest->end;
        struct node root = {.tree = guest->tree, .begin = begin, .end = end};
        TEST_CHECK(rove_run(guest->runtime, node_run, &root) == ROVE_OK, "run");
        TEST_CHECK(root.leaves == end - begin, "%lld leaves", (long long)root.leaves);
    }
}

static void roots(int workers, int64_t leaves, bool is_comb)
{
    rove_runtime *runtime = test_runtime(workers);
    struct tree tree = tree_make(leaves, 99);
    struct guest guest = {runtime, &tree, leaves};
    tree.is_comb = is_comb;
    test_on_threads(GUESTS, guest_run, &guest, 0);
    tree_check(&tree, leaves);
    report(runtime);
    test_runtime_end(runtime);
}

static void many_roots(void)
{
    roots(4, tasks_per_case(), false);
}

static void small_thefts(void)
{
    roots(2, tasks_per_case() / 2, true);
    roots(4, tasks_per_case() / 2, true);
    roots(32, tasks_per_case() / 2, true);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"two_workers", two_workers}, {"four_workers", four_workers}, {"many_workers", many_workers},
        {"many_roots", many_roots},   {"small_thefts", small_thefts},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 120);
}
