/*
 * Which scope a group belongs to, and what is canceled where groups, loops and scopes lie within each other.
 */
#include "unit/task/fates.h"

/* A group on the stack, in whatever is around it; `cancel` is canceled between the spawns and the wait. */
struct around {
    rove_scope *cancel;
    rove_group *group; /* on the heap, or NULL for one on the stack */
    rove_status expected;
    int runs; /* -1: any */
    rove_scope *parent;
};

static void group_within(void *arg)
{
    struct around *around = arg;
    rove_group local = {.scope.parent = around->parent}, *group = around->group ? around->group : &local;
    spawn_all(group);
    rove_scope_cancel(around->cancel);
    rove_status status = rove_group_wait(group);
    TEST_CHECK(status == around->expected, "%s", rove_status_text(status));
    int runs = check_fates(group);
    TEST_CHECK(around->runs < 0 || runs == around->runs, "%d runs", runs);
}

static void test_a_group_on_the_stack_belongs_to_the_scope_around_it(void **state)
{
    (void)state;
    rove_scope scope = {0};
    struct around around = {&scope, NULL, ROVE_CANCELED, 0, NULL};
    assert_int_equal(rove_scope_run(&scope, alone, group_within, &around), ROVE_CANCELED);
}

static void test_a_group_on_the_heap_belongs_to_the_runtime(void **state)
{
    rove_group *heap = calloc(1, sizeof *heap);
    assert_non_null(heap);
    rove_scope scope = {0};
    struct around around = {&scope, heap, ROVE_OK, TASKS, NULL};
    assert_int_equal(rove_scope_run(&scope, alone, group_within, &around), ROVE_CANCELED);
    clean(state);
    rove_scope other = {0};
    *heap = (rove_group){.scope.parent = &other};
    around = (struct around){&other, heap, ROVE_CANCELED, 0, NULL};
    assert_int_equal(rove_scope_run(&other, alone, group_within, &around), ROVE_CANCELED);
    free(heap);
}

static void test_a_parent_set_by_hand_is_kept(void **state)
{
    rove_scope scope = {0}, elsewhere = {0};
    struct around around = {&elsewhere, NULL, ROVE_CANCELED, 0, &elsewhere};
    assert_int_equal(rove_scope_run(&scope, alone, group_within, &around), ROVE_OK);
    clean(state);
    rove_scope own = {0}, other = {0};
    around = (struct around){&own, NULL, ROVE_OK, TASKS, &other};
    assert_int_equal(rove_scope_run(&own, alone, group_within, &around), ROVE_CANCELED);
}

static void group_in_other_runtime(void *arg)
{
    rove_scope *scope = arg;
    rove_group group = {.runtime = alone};
    rove_scope_cancel(scope);
    spawn_all(&group);
    TEST_CHECK(rove_group_wait(&group) == ROVE_CANCELED, "the wait does not tell");
    TEST_CHECK(check_fates(&group) == 0, "tasks have run");
}

static void test_a_group_belongs_to_its_scope_also_if_its_tasks_go_elsewhere(void **state)
{
    (void)state;
    rove_scope scope = {0};
    assert_int_equal(rove_scope_run(&scope, several, group_in_other_runtime, &scope), ROVE_CANCELED);
}

/* In the body of a loop: rove_fail there is for the loop, and for the group on its stack. */
static void body_with_group(int64_t begin, int64_t end, void *arg)
{
    (void)end;
    if (begin > 0)
        return;
    struct around around = {NULL, arg, arg ? ROVE_OK : ROVE_CANCELED, arg ? TASKS : 0, NULL};
    rove_fail(5);
    group_within(&around);
}

static void loop_with_group(void *arg)
{
    TEST_CHECK(rove_for(0, 1000, body_with_group, arg) == ROVE_FAILED, "the loop does not tell");
}

static void test_a_group_in_a_loop_ends_with_it(void **state)
{
    on(alone, loop_with_group, NULL);
    clean(state);
    rove_group *heap = calloc(1, sizeof *heap);
    assert_non_null(heap);
    on(alone, loop_with_group, heap);
    free(heap);
}

/* A group in a loop in a task of a group in rove_scope_run: three levels, each with siblings. */
enum { TREES = 4, LEAVES = 16 };
struct leaf {
    int tree;
    int number;
};
static struct {
    rove_scope *top;
    int victim; /* the tree whose loop fails, or -1 */
    atomic_int runs[TREES];
    atomic_int discards[TREES];
    rove_status loops[TREES];
    bool cancel_top;
} forest;
static struct leaf leaves[TREES][LEAVES * LEAVES];

static int leaf_task(void *arg)
{
    struct leaf *leaf = arg;
    atomic_fetch_add(&forest.runs[leaf->tree], 1);
    if (leaf->tree == forest.victim && forest.cancel_top)
        rove_scope_cancel(forest.top);
    TEST_CHECK(leaf->tree == forest.victim || forest.cancel_top || !rove_is_canceled(), "tree %d is canceled",
               leaf->tree);
    return 0;
}

static void leaf_discard(void *arg)
{
    atomic_fetch_add(&forest.discards[((struct leaf *)arg)->tree], 1);
}

static void tree_body(int64_t begin, int64_t end, void *arg)
{
    int tree = *(int *)arg;
    for (int64_t i = begin; i < end; i++) {
        rove_group group = {.on_discard = leaf_discard};
        for (int k = 0; k < LEAVES; k++) {
            struct leaf *leaf = &leaves[tree][i * LEAVES + k];
            *leaf = (struct leaf){tree, k};
            TEST_CHECK(rove_group_spawn(&group, leaf_task, leaf) == ROVE_OK, "spawn");
        }
        if (tree == forest.victim && !forest.cancel_top)
            rove_fail(60 + tree);
        rove_status status = rove_group_wait(&group);
        TEST_CHECK(status == ROVE_OK || tree == forest.victim || forest.cancel_top, "tree %d: %s", tree,
                   rove_status_text(status));
        int64_t discards = rove_group_discards(&group);
        TEST_CHECK(status == ROVE_OK ? discards == 0 : status == ROVE_CANCELED, "%lld discards", (long long)discards);
    }
}

static int tree_task(void *arg)
{
    int tree = *(int *)arg;
    forest.loops[tree] = rove_for(0, LEAVES, tree_body, arg);
    TEST_CHECK(forest.cancel_top || !rove_is_canceled(), "a loop that fails cancels the group around it");
    return 0;
}

static void grow_forest(void *arg)
{
    static int numbers[TREES] = {0, 1, 2, 3};
    rove_group group = {0};
    for (int i = 0; i < TREES; i++)
        TEST_CHECK(rove_group_spawn(&group, tree_task, &numbers[i]) == ROVE_OK, "spawn");
    *(rove_status *)arg = rove_group_wait(&group);
}

static rove_status forest_run(int victim, bool cancel_top, rove_status *top)
{
    rove_scope scope = {0};
    rove_status status = ROVE_OK;
    memset(&forest, 0, sizeof forest);
    forest.top = &scope;
    forest.victim = victim;
    forest.cancel_top = cancel_top;
    *top = rove_scope_run(&scope, several, grow_forest, &status);
    return status;
}

static void test_siblings_of_a_loop_that_fails_are_untouched(void **state)
{
    (void)state;
    for (int round = 0; round < 40; round++) {
        rove_status top;
        int victim = round % TREES;
        assert_int_equal(forest_run(victim, false, &top), ROVE_OK);
        assert_int_equal(top, ROVE_OK);
        for (int i = 0; i < TREES; i++) {
            assert_int_equal(forest.loops[i], i == victim ? ROVE_FAILED : ROVE_OK);
            if (i != victim)
                assert_int_equal(forest.runs[i], LEAVES * LEAVES);
        }
    }
}

static void test_a_cancel_at_the_top_reaches_every_level(void **state)
{
    (void)state;
    for (int round = 0; round < 40; round++) {
        rove_status top;
        assert_int_equal(forest_run(round % TREES, true, &top), ROVE_CANCELED);
        assert_int_equal(top, ROVE_CANCELED);
    }
}

/* A task that helps out on the stack of another sees its own scope, and so does the other afterwards. */
static int scope_within(void *arg)
{
    rove_group **groups = arg, inner = {0};
    TEST_CHECK(rove_current_scope() == &groups[0]->scope, "a task sees another scope than its group's");
    for (int i = 0; i < 3; i++)
        TEST_CHECK(rove_group_spawn(&inner, act, &fates[i]) == ROVE_OK, "spawn");
    rove_scope_cancel(&inner.scope);
    rove_group_wait(&inner);
    TEST_CHECK(rove_current_scope() == &groups[0]->scope && !rove_is_canceled(), "after a wait");
    return 0;
}

static void test_tasks_that_help_each_other_out_keep_their_scopes(void **state)
{
    (void)state;
    rove_group groups[3] = {{.runtime = several}, {.runtime = several}, {.runtime = several}};
    rove_group *own[3] = {&groups[0], &groups[1], &groups[2]};
    for (int i = 0; i < 900; i++)
        assert_int_equal(rove_group_spawn(&groups[i % 3], scope_within, &own[i % 3]), ROVE_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(rove_group_wait(&groups[i]), ROVE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_group_on_the_stack_belongs_to_the_scope_around_it, clean),
        cmocka_unit_test_setup(test_a_group_on_the_heap_belongs_to_the_runtime, clean),
        cmocka_unit_test_setup(test_a_parent_set_by_hand_is_kept, clean),
        cmocka_unit_test_setup(test_a_group_belongs_to_its_scope_also_if_its_tasks_go_elsewhere, clean),
        cmocka_unit_test_setup(test_a_group_in_a_loop_ends_with_it, clean),
        cmocka_unit_test_setup(test_siblings_of_a_loop_that_fails_are_untouched, clean),
        cmocka_unit_test_setup(test_a_cancel_at_the_top_reaches_every_level, clean),
        cmocka_unit_test_setup(test_tasks_that_help_each_other_out_keep_their_scopes, clean),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, setup, teardown);
}
