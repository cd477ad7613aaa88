/*
 * Cancellation under load: trees of groups of which parts are canceled, errors of many tasks at once, and cancels that
 * meet completion. What is spawned runs or is discarded, and who is not meant is not hit.
 */
#define _GNU_SOURCE
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

/* A tree of groups: each node runs as a task of its parent's group, with a group of leaves and one of nodes. */
enum { FAN = 9, TREE_NODES = 1 + 9 + 81 + 729 + 180, LEAVES = 4 };

struct node {
    struct forest *forest;
    rove_group group;
    int number;
    atomic_int began;     /* times that the node's task ran */
    atomic_int discarded; /* or was discarded */
    atomic_int leaf_runs;
    atomic_int leaf_discards;
    int spawned_leaves;
    int spawned_nodes;
    rove_status status; /* of the wait */
};

struct forest {
    struct node nodes[TREE_NODES];
    bool doomed[TREE_NODES]; /* may be canceled: a victim or below one */
    bool is_victim[TREE_NODES];
    atomic_int spawns;
    atomic_int ends;
};

static int first_child(int number)
{
    return number * FAN + 1;
}

static int leaf_task(void *arg)
{
    struct node *node = arg;
    TEST_CHECK(node->forest->doomed[node->number] || !rove_is_canceled(), "node %d is hit, but was not meant",
               node->number);
    atomic_fetch_add(&node->leaf_runs, 1);
    atomic_fetch_add(&node->forest->ends, 1);
    return 0;
}

/* A group has one on_discard, so leaves and nodes are in two groups. */
static void leaf_discard(void *arg)
{
    struct node *node = arg;
    TEST_CHECK(node->forest->doomed[node->number], "a leaf of node %d is discarded", node->number);
    atomic_fetch_add(&node->leaf_discards, 1);
    atomic_fetch_add(&node->forest->ends, 1);
}

static void node_discard(void *arg)
{
    struct node *node = arg;
    TEST_CHECK(node->forest->doomed[node->number], "node %d is discarded", node->number);
    atomic_fetch_add(&node->discarded, 1);
    atomic_fetch_add(&node->forest->ends, 1);
}

static int node_task(void *arg);

static void node_spawn(struct node *node, rove_group *leaves)
{
    struct forest *forest = node->forest;
    for (int i = 0; i < LEAVES; i++) {
        TEST_CHECK(rove_group_spawn(leaves, leaf_task, node) == ROVE_OK, "spawn");
        node->spawned_leaves++;
        atomic_fetch_add(&forest->spawns, 1);
    }
    for (int i = 0, child = first_child(node->number); i < FAN && child + i < TREE_NODES; i++) {
        TEST_CHECK(rove_group_spawn(&node->group, node_task, &forest->nodes[child + i]) == ROVE_OK, "spawn");
        node->spawned_nodes++;
        atomic_fetch_add(&forest->spawns, 1);
    }
}

/* The group of the children lies on the heap and is made part of the task's scope by hand; that of the leaves is made
 * part of the children's. Some victims are canceled before they have anything, the others when they have it all. */
static int node_task(void *arg)
{
    struct node *node = arg;
    struct forest *forest = node->forest;
    int number = node->number;
    TEST_CHECK(forest->doomed[number] || !rove_is_canceled(), "node %d is hit, but was not meant", number);
    atomic_fetch_add(&node->began, 1);
    node->group.on_discard = node_discard;
    node->group.scope.parent = rove_current_scope();
    rove_group leaves = {.on_discard = leaf_discard, .scope.parent = &node->group.scope};
    if (forest->is_victim[number] && number % 3 == 0)
        rove_scope_cancel(&node->group.scope);
    node_spawn(node, &leaves);
    if (forest->is_victim[number])
        rove_scope_cancel(&node->group.scope);
    rove_status of_leaves = rove_group_wait(&leaves);
    node->status = rove_group_wait(&node->group);
    TEST_CHECK(forest->doomed[number] || (of_leaves == ROVE_OK && node->status == ROVE_OK), "node %d: %s and %s",
               number, rove_status_text(of_leaves), rove_status_text(node->status));
    TEST_CHECK(!forest->is_victim[number] || (of_leaves == ROVE_CANCELED && node->status == ROVE_CANCELED),
               "victim %d: %s and %s", number, rove_status_text(of_leaves), rove_status_text(node->status));
    TEST_CHECK(rove_group_discards(&leaves) == atomic_load(&node->leaf_discards), "%lld leaves of node %d discarded",
               (long long)rove_group_discards(&leaves), number);
    atomic_fetch_add(&forest->ends, 1);
    return 0;
}

static void grow(void *arg)
{
    struct forest *forest = arg;
    rove_group group = {0};
    atomic_fetch_add(&forest->spawns, 1);
    TEST_CHECK(rove_group_spawn(&group, node_task, &forest->nodes[0]) == ROVE_OK, "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
}

static void forest_choose(struct forest *forest, int victims, struct test_random *random)
{
    for (int i = 0; i < TREE_NODES; i++) {
        forest->nodes[i].forest = forest;
        forest->nodes[i].number = i;
    }
    for (int i = 0; i < victims; i++)
        forest->is_victim[1 + test_random_below(random, TREE_NODES - 1)] = true;
    for (int i = 0; i < TREE_NODES; i++)
        forest->doomed[i] = forest->is_victim[i] || (i > 0 && forest->doomed[(i - 1) / FAN]);
}

static void forest_check(struct forest *forest)
{
    for (int i = 0; i < TREE_NODES; i++) {
        struct node *node = &forest->nodes[i];
        bool has_parent_run = i == 0 || atomic_load(&forest->nodes[(i - 1) / FAN].began);
        int began = atomic_load(&node->began), discarded = atomic_load(&node->discarded);
        TEST_CHECK(began + discarded == (has_parent_run ? 1 : 0), "node %d: %d runs, %d discards", i, began, discarded);
        TEST_CHECK(atomic_load(&node->leaf_runs) + atomic_load(&node->leaf_discards) == node->spawned_leaves,
                   "node %d: %d leaves run, %d discarded, %d spawned", i, atomic_load(&node->leaf_runs),
                   atomic_load(&node->leaf_discards), node->spawned_leaves);
        TEST_CHECK(forest->doomed[i] || (began == 1 && atomic_load(&node->leaf_runs) == LEAVES), "node %d is hit", i);
    }
    TEST_CHECK(atomic_load(&forest->spawns) == atomic_load(&forest->ends), "%d spawned, %d run or discarded",
               atomic_load(&forest->spawns), atomic_load(&forest->ends));
}

static void trees_with_victims(void)
{
    int64_t rounds = test_scaled(300, 12);
    struct test_random random = test_random_make(23);
    for (int workers = 1; workers <= 4; workers += 3) {
        rove_runtime *runtime = test_runtime(workers);
        for (int64_t round = 0; round < rounds; round++) {
            struct forest *forest = calloc(1, sizeof *forest);
            TEST_CHECK(forest, "no memory for a forest");
            forest_choose(forest, (int)test_random_below(&random, 40), &random);
            TEST_CHECK(rove_run(runtime, grow, forest) == ROVE_OK, "run");
            forest_check(forest);
            free(forest);
        }
        test_runtime_end(runtime);
    }
}

/* Many distinct errors at once. */
enum { ERRORS = 10000 };
static int codes[ERRORS];
static atomic_int error_runs[ERRORS];

static int fail_with(void *arg)
{
    int code = *(int *)arg;
    atomic_fetch_add(&error_runs[code - 1], 1);
    return code;
}

static int fail_by_call(void *arg)
{
    int code = *(int *)arg;
    atomic_fetch_add(&error_runs[code - 1], 1);
    rove_fail(code);
    return 0;
}

static void errors_round(rove_runtime *runtime, rove_policy policy, bool by_call)
{
    rove_group group = {.runtime = runtime, .policy = policy};
    memset(error_runs, 0, sizeof error_runs);
    TEST_CHECK(rove_group_spawn_many(&group, by_call ? fail_by_call : fail_with, codes, sizeof codes[0], ERRORS,
                                     NULL) == ROVE_OK,
               "spawn");
    TEST_CHECK(rove_group_wait(&group) == ROVE_FAILED, "the failure is not told");
    int error = by_call ? rove_scope_error(&group.scope) : rove_group_error(&group), runs = 0;
    TEST_CHECK(error >= 1 && error <= ERRORS && atomic_load(&error_runs[error - 1]) == 1, "error %d", error);
    for (int i = 0; i < ERRORS; i++) {
        TEST_CHECK(atomic_load(&error_runs[i]) <= 1, "task %d ran again", i);
        runs += atomic_load(&error_runs[i]);
    }
    TEST_CHECK(runs + rove_group_discards(&group) == ERRORS, "%d runs, %lld discards", runs,
               (long long)rove_group_discards(&group));
    TEST_CHECK(rove_group_failures(&group) == (by_call ? 0 : runs), "%lld failures of %d",
               (long long)rove_group_failures(&group), runs);
    TEST_CHECK(policy == ROVE_FAIL_FAST || by_call || runs == ERRORS, "%d runs", runs);
    TEST_CHECK(rove_group_wait(&group) == ROVE_FAILED, "another wait tells otherwise");
    int again = by_call ? rove_scope_error(&group.scope) : rove_group_error(&group);
    TEST_CHECK(again == error, "error %d became %d", error, again);
}

static void many_errors_at_once(void)
{
    rove_runtime *runtime = test_runtime(4);
    for (int i = 0; i < ERRORS; i++)
        codes[i] = i + 1;
    int64_t rounds = test_scaled(200, 8);
    for (int64_t round = 0; round < rounds; round++)
        errors_round(runtime, round % 2 ? ROVE_FAIL_FAST : ROVE_COLLECT_ALL, round % 4 >= 2);
    test_runtime_end(runtime);
}

/* Cancels of other threads, and of a task itself, that come while the tasks end. */
enum { DUEL_TASKS = 64, DUELISTS = 3 };
static struct {
    rove_runtime *runtime;
    rove_group *group;
    atomic_int round; /* which one the cancelers may join */
    atomic_int done;
    int64_t rounds;
    int trigger; /* the task that lets them join */
    bool is_own; /* whether it also cancels itself */
    int64_t canceled;
    int64_t discards;
    int64_t mixed; /* rounds of which some tasks have run and some were discarded */
    atomic_int runs[DUEL_TASKS];
    atomic_int dropped[DUEL_TASKS];
} duel;

static void pause_for(uint64_t turns)
{
    for (; turns > 0; turns--)
        __asm__ volatile("");
}

static int duel_task(void *arg)
{
    atomic_int *runs = arg;
    if (runs - duel.runs == duel.trigger) {
        atomic_fetch_add(&duel.round, 1);
        if (duel.is_own)
            rove_scope_cancel(rove_current_scope());
    }
    pause_for(300);
    atomic_fetch_add(runs, 1);
    return 0;
}

static void duel_discard(void *arg)
{
    atomic_fetch_add(&duel.dropped[(atomic_int *)arg - duel.runs], 1);
}

static void duel_round(struct test_random *random)
{
    rove_group group = {.runtime = duel.runtime, .on_discard = duel_discard};
    memset(duel.runs, 0, sizeof duel.runs);
    memset(duel.dropped, 0, sizeof duel.dropped);
    duel.group = &group;
    duel.trigger = (int)test_random_below(random, DUEL_TASKS);
    duel.is_own = test_random_below(random, 4) == 0;
    for (int i = 0; i < DUEL_TASKS; i++)
        TEST_CHECK(rove_group_spawn(&group, duel_task, &duel.runs[i]) == ROVE_OK, "spawn");
    rove_status status = rove_group_wait(&group);
    int64_t discards = rove_group_discards(&group), dropped = 0;
    while (atomic_load(&duel.done) != (DUELISTS - 1) * atomic_load(&duel.round)) /* they still touch the group */
        test_yield();
    TEST_CHECK(status == ROVE_CANCELED || (status == ROVE_OK && discards == 0 && !duel.is_own), "%s, %lld discards",
               rove_status_text(status), (long long)discards);
    for (int i = 0; i < DUEL_TASKS; i++) {
        int runs = atomic_load(&duel.runs[i]), drops = atomic_load(&duel.dropped[i]);
        TEST_CHECK(runs + drops == 1, "task %d: %d runs, %d discards", i, runs, drops);
        dropped += drops;
    }
    TEST_CHECK(dropped == discards, "%lld discarded, %lld counted", (long long)dropped, (long long)discards);
    duel.canceled += status == ROVE_CANCELED;
    duel.discards += discards;
    duel.mixed += discards > 0 && discards < DUEL_TASKS;
}

static void duelist(void *arg)
{
    int number = *(int *)arg;
    struct test_random random = test_random_make((uint64_t)number);
    if (number == 0) {
        for (int64_t i = 0; i < duel.rounds; i++)
            duel_round(&random);
        return;
    }
    for (int64_t i = 1; i <= duel.rounds; i++) {
        while (atomic_load(&duel.round) < i)
            test_yield();
        pause_for(test_random_below(&random, 2000));
        rove_scope_cancel(&duel.group->scope);
        atomic_fetch_add(&duel.done, 1);
    }
}

static void cancel_meets_completion(void)
{
    int numbers[DUELISTS] = {0, 1, 2};
    duel.runtime = test_runtime(2);
    duel.rounds = test_scaled(20000, 500);
    atomic_store(&duel.round, 0);
    atomic_store(&duel.done, 0);
    test_on_threads(DUELISTS, duelist, numbers, sizeof numbers[0]);
    printf("  %lld rounds, %lld canceled in time, %lld in the middle, %lld tasks discarded\n", (long long)duel.rounds,
           (long long)duel.canceled, (long long)duel.mixed, (long long)duel.discards);
    TEST_CHECK(duel.mixed > 0, "no cancel came in the middle");
    test_runtime_end(duel.runtime);
}

/* Loops in loops in a scope that is canceled from outside at some moment: no index twice, and the end comes. */
static struct {
    rove_scope *scopes; /* one for each round: a cancel may come late */
    int64_t rounds;
    rove_scope *_Atomic scope; /* that of the round */
    atomic_bool over;
} net;
enum { NET_ROWS = 64, NET_COLUMNS = 4096 };
static unsigned char net_marks[NET_ROWS * NET_COLUMNS];

static void net_body(int64_t begin, int64_t end, void *arg)
{
    int64_t row = *(int64_t *)arg;
    for (int64_t i = begin; i < end; i++)
        TEST_CHECK(__atomic_fetch_add(&net_marks[row * NET_COLUMNS + i], 1, __ATOMIC_RELAXED) == 0, "index again");
}

static void net_row(int64_t begin, int64_t end, void *arg)
{
    (void)arg;
    for (int64_t row = begin; row < end; row++) {
        int64_t argument = row;
        rove_status status = rove_for(0, NET_COLUMNS, net_body, &argument);
        int handled = 0;
        for (int i = 0; i < NET_COLUMNS; i++)
            handled += __atomic_load_n(&net_marks[row * NET_COLUMNS + i], __ATOMIC_RELAXED);
        TEST_CHECK(status == ROVE_CANCELED || (status == ROVE_OK && handled == NET_COLUMNS), "row %lld: %s, %d indices",
                   (long long)row, rove_status_text(status), handled);
    }
}

static void net_run(void *arg)
{
    *(rove_status *)arg = rove_for(0, NET_ROWS, net_row, NULL);
}

static void net_play(void *arg)
{
    if (*(int *)arg) {
        struct test_random random = test_random_make(91);
        while (!atomic_load(&net.over)) {
            pause_for(test_random_below(&random, 200000));
            rove_scope_cancel(atomic_exchange(&net.scope, NULL));
        }
        return;
    }
    int64_t canceled = 0;
    rove_runtime *runtime = test_runtime(3);
    for (int64_t i = 0; i < net.rounds; i++) {
        rove_status inner = ROVE_OK;
        memset(net_marks, 0, sizeof net_marks);
        atomic_store(&net.scope, &net.scopes[i]);
        rove_status status = rove_scope_run(&net.scopes[i], runtime, net_run, &inner);
        TEST_CHECK(status == ROVE_CANCELED || (status == ROVE_OK && inner == ROVE_OK), "%s around %s",
                   rove_status_text(status), rove_status_text(inner));
        canceled += inner == ROVE_CANCELED;
        for (size_t k = 0; status == ROVE_OK && k < sizeof net_marks; k++)
            TEST_CHECK(net_marks[k] == 1, "index %zu is missing", k);
    }
    atomic_store(&net.over, true);
    printf("  %lld rounds, %lld canceled in the middle\n", (long long)net.rounds, (long long)canceled);
    test_runtime_end(runtime);
}

static void loops_are_canceled_from_outside(void)
{
    int numbers[2] = {0, 1};
    net.rounds = test_scaled(1000, 20);
    net.scopes = calloc((size_t)net.rounds, sizeof *net.scopes);
    TEST_CHECK(net.scopes, "no memory for scopes");
    atomic_store(&net.over, false);
    test_on_threads(2, net_play, numbers, sizeof numbers[0]);
    free(net.scopes);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"trees_with_victims", trees_with_victims},
        {"many_errors_at_once", many_errors_at_once},
        {"cancel_meets_completion", cancel_meets_completion},
        {"loops_are_canceled_from_outside", loops_are_canceled_from_outside},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 90);
}
