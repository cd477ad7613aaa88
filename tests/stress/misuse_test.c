/*
 * Misuse, each case in a process of its own: the library answers with a status, or, in a build with assertions, stops
 * with one. It never hangs and never crashes in another way.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <pthread.h>
#include <rove/rove.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <support/support.h>

/* In the child: fails, with an exit status of its own, unless the call gives the status. */
enum { WRONG_STATUS = 3 };

#define EXPECT(call, expected)                                                                                         \
    do {                                                                                                               \
        rove_status got = (call);                                                                                      \
        if (got != (expected)) {                                                                                       \
            fprintf(stderr, "%s gave %d (%s) instead of %d\n", #call, (int)got, rove_status_text(got), (expected));    \
            return WRONG_STATUS;                                                                                       \
        }                                                                                                              \
    } while (0)

static int ok_task(void *arg)
{
    (void)arg;
    return 0;
}

static void nothing(void *arg)
{
    (void)arg;
}

static int null_runtime(void)
{
    EXPECT(rove_runtime_create(NULL, NULL, NULL), ROVE_INVALID);
    return 0;
}

static int null_function(void)
{
    EXPECT(rove_run(NULL, NULL, NULL), ROVE_INVALID);
    return 0;
}

static int null_group(void)
{
    EXPECT(rove_group_spawn(NULL, ok_task, NULL), ROVE_INVALID);
    EXPECT(rove_group_wait(NULL), ROVE_INVALID);
    return 0;
}

static int null_task(void)
{
    rove_group group = {0};
    EXPECT(rove_group_spawn(&group, NULL, NULL), ROVE_INVALID);
    EXPECT(rove_group_wait(&group), ROVE_OK);
    return 0;
}

static int null_arguments(void)
{
    rove_group group = {0};
    EXPECT(rove_group_spawn_many(&group, ok_task, NULL, 8, 0, NULL), ROVE_OK);
    EXPECT(rove_group_wait(&group), ROVE_OK);
    return 0;
}

static int destroy_of_nothing(void)
{
    EXPECT(rove_runtime_destroy(NULL), ROVE_OK);
    EXPECT(rove_runtime_destroy(NULL), ROVE_OK);
    return 0;
}

static int shutdown_twice(void)
{
    rove_runtime *runtime = test_runtime(2);
    EXPECT(rove_runtime_shutdown(runtime), ROVE_OK);
    EXPECT(rove_runtime_shutdown(runtime), ROVE_OK);
    EXPECT(rove_run(runtime, nothing, NULL), ROVE_CLOSED);
    EXPECT(rove_runtime_destroy(runtime), ROVE_OK);
    return 0;
}

static int destroy_of_the_default(void)
{
    rove_runtime *runtime = rove_default_runtime(NULL);
    EXPECT(rove_runtime_shutdown(runtime), ROVE_INVALID);
    EXPECT(rove_runtime_destroy(runtime), ROVE_INVALID);
    EXPECT(rove_run(NULL, nothing, NULL), ROVE_OK);
    return 0;
}

static rove_runtime *victim;
static rove_status inner_status;

static void destroy_own(void *arg)
{
    (void)arg;
    inner_status = rove_runtime_destroy(victim);
}

static int destroy_from_inside(void)
{
    victim = test_runtime(2);
    EXPECT(rove_run(victim, destroy_own, NULL), ROVE_OK);
    EXPECT(inner_status, ROVE_BUSY);
    EXPECT(rove_runtime_destroy(victim), ROVE_OK);
    return 0;
}

static int destroy_own_in_task(void *arg)
{
    destroy_own(arg);
    return 0;
}

static int destroy_from_a_task(void)
{
    victim = test_runtime(2);
    rove_group group = {.runtime = victim};
    EXPECT(rove_group_spawn(&group, destroy_own_in_task, NULL), ROVE_OK);
    EXPECT(rove_group_wait(&group), ROVE_OK);
    EXPECT(inner_status, ROVE_BUSY);
    EXPECT(rove_runtime_destroy(victim), ROVE_OK);
    return 0;
}

static int wait_for_group(void *arg)
{
    inner_status = rove_group_wait(arg);
    return 0;
}

static int wait_for_own_group(void)
{
    static rove_group group;
    EXPECT(rove_group_spawn(&group, wait_for_group, &group), ROVE_OK);
    EXPECT(rove_group_wait(&group), ROVE_OK);
    EXPECT(inner_status, ROVE_INVALID);
    return 0;
}

static void own_group_on_a_stack(void *arg)
{
    (void)arg;
    rove_group group = {0};
    if (rove_group_spawn(&group, wait_for_group, &group) == ROVE_OK)
        rove_group_wait(&group);
}

static int wait_for_own_group_on_a_stack(void)
{
    EXPECT(rove_run(NULL, own_group_on_a_stack, NULL), ROVE_OK);
    EXPECT(inner_status, ROVE_INVALID);
    return 0;
}

static int no_workers(void)
{
    rove_runtime *runtime = test_runtime(2);
    EXPECT(rove_set_workers(runtime, 0), ROVE_INVALID);
    EXPECT(rove_set_workers(runtime, INT_MIN), ROVE_INVALID);
    EXPECT(rove_set_workers(runtime, INT_MAX), ROVE_INVALID);
    EXPECT(rove_worker_count(runtime) == 2 ? ROVE_OK : ROVE_FAILED, ROVE_OK);
    EXPECT(rove_runtime_destroy(runtime), ROVE_OK);
    return 0;
}

static int workers_after_shutdown(void)
{
    rove_runtime *runtime = test_runtime(2);
    EXPECT(rove_runtime_shutdown(runtime), ROVE_OK);
    EXPECT(rove_set_workers(runtime, 3), ROVE_CLOSED);
    rove_stats stats;
    EXPECT(rove_runtime_stats(runtime, &stats), ROVE_OK);
    EXPECT(rove_runtime_destroy(runtime), ROVE_OK);
    return 0;
}

static int config_of_another_size(void)
{
    rove_runtime *runtime;
    rove_config config;
    rove_config_default(&config);
    config.size = 1;
    EXPECT(rove_runtime_create(&runtime, &config, NULL), ROVE_INVALID);
    config.size = sizeof config + 64; /* a program built with a newer header */
    rove_status status = rove_runtime_create(&runtime, &config, NULL);
    if (status == ROVE_OK)
        status = rove_runtime_destroy(runtime);
    else if (status == ROVE_INVALID)
        status = ROVE_OK;
    EXPECT(status, ROVE_OK);
    return 0;
}

static int config_of_zeros(void)
{
    rove_runtime *runtime;
    rove_config config = {0};
    EXPECT(rove_runtime_create(&runtime, &config, NULL), ROVE_INVALID);
    return 0;
}

static int absent_processor(void)
{
    rove_runtime *runtime;
    rove_config config;
    int pus[] = {1000000000};
    rove_config_default(&config);
    config.plan = ROVE_PLAN_LIST;
    config.pus = pus;
    config.pu_count = 1;
    EXPECT(rove_runtime_create(&runtime, &config, NULL), ROVE_INVALID);
    return 0;
}

static void range_nothing(int64_t begin, int64_t end, void *arg)
{
    (void)begin;
    (void)end;
    (void)arg;
}

static int loop_that_is_too_long(void)
{
    EXPECT(rove_for(INT64_MIN, INT64_MAX, range_nothing, NULL), ROVE_INVALID);
    EXPECT(rove_for(0, 1, NULL, NULL), ROVE_INVALID);
    return 0;
}

static int reduction_without_anything(void)
{
    rove_reduction reduction = {0};
    int result = 5;
    EXPECT(rove_reduce(0, 1, &reduction, &result), ROVE_INVALID);
    EXPECT(rove_reduce(0, 1, NULL, &result), ROVE_INVALID);
    EXPECT(rove_invoke(NULL, 1), ROVE_INVALID);
    EXPECT(result == 5 ? ROVE_OK : ROVE_FAILED, ROVE_OK);
    return 0;
}

static int statistics_of_nothing(void)
{
    rove_stats stats;
    EXPECT(rove_runtime_stats(NULL, &stats), ROVE_INVALID);
    EXPECT(rove_worker_stats(NULL, 0, &stats), ROVE_INVALID);
    return 0;
}

static int absurd_environment(void)
{
    rove_runtime *runtime;
    setenv("ROVE_WORKERS", "\x01\xff\n%s%s%s%n", 1);
    EXPECT(rove_runtime_create(&runtime, NULL, NULL), ROVE_INVALID);
    EXPECT(rove_run(NULL, nothing, NULL), ROVE_INVALID);
    unsetenv("ROVE_WORKERS");
    EXPECT(rove_run(NULL, nothing, NULL), ROVE_OK);
    return 0;
}

static void *thread_that_runs_and_ends(void *arg)
{
    (void)arg;
    return (void *)(intptr_t)rove_run(NULL, nothing, NULL);
}

static int threads_that_come_and_go(void)
{
    for (int i = 0; i < 200; i++) {
        pthread_t thread;
        void *status;
        if (pthread_create(&thread, NULL, thread_that_runs_and_ends, NULL) || pthread_join(thread, &status))
            return 4;
        EXPECT((rove_status)(intptr_t)status, ROVE_OK);
    }
    return 0;
}

/* A main that returns while the default runtime is there, and a runtime that nobody destroyed. */
static int exit_without_destroy(void)
{
    rove_runtime *runtime = test_runtime(3);
    EXPECT(rove_run(runtime, nothing, NULL), ROVE_OK);
    EXPECT(rove_run(NULL, nothing, NULL), ROVE_OK);
    test_watch_runtime(NULL);
    exit(0);
}

static const struct misuse {
    const char *name;
    int (*run)(void);
    bool may_assert; /* misuse that a build with assertions may stop at, because no contract promises a status */
} misuses[] = {
    {"null_runtime", null_runtime, false},
    {"null_function", null_function, false},
    {"null_group", null_group, false},
    {"null_task", null_task, false},
    {"null_arguments", null_arguments, false},
    {"destroy_of_nothing", destroy_of_nothing, false},
    {"shutdown_twice", shutdown_twice, false},
    {"destroy_of_the_default", destroy_of_the_default, false},
    {"destroy_from_inside", destroy_from_inside, false},
    {"destroy_from_a_task", destroy_from_a_task, false},
    {"wait_for_own_group", wait_for_own_group, true},
    {"wait_for_own_group_on_a_stack", wait_for_own_group_on_a_stack, true},
    {"no_workers", no_workers, false},
    {"workers_after_shutdown", workers_after_shutdown, false},
    {"config_of_another_size", config_of_another_size, false},
    {"config_of_zeros", config_of_zeros, false},
    {"absent_processor", absent_processor, false},
    {"loop_that_is_too_long", loop_that_is_too_long, false},
    {"reduction_without_anything", reduction_without_anything, false},
    {"statistics_of_nothing", statistics_of_nothing, false},
    {"absurd_environment", absurd_environment, false},
    {"threads_that_come_and_go", threads_that_come_and_go, false},
    {"exit_without_destroy", exit_without_destroy, false},
};

static int misuse_run(void *arg)
{
    return ((const struct misuse *)arg)->run();
}

static void all_misuses(void)
{
    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
        struct misuse misuse = misuses[i];
        struct test_outcome outcome = test_in_child(misuse_run, &misuse, 30, false);
        TEST_CHECK(outcome.end != TEST_END_HANG, "%s hangs", misuse.name);
        bool asserted = outcome.end == TEST_END_SIGNAL && outcome.code == SIGABRT && misuse.may_assert;
        TEST_CHECK(asserted || (outcome.end == TEST_END_EXIT && outcome.code == 0), "%s: %s %d", misuse.name,
                   outcome.end == TEST_END_SIGNAL ? "signal" : "exit", outcome.code);
        printf("  %s: %s\n", misuse.name, asserted ? "assertion" : "status");
    }
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"misuse", all_misuses},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 0);
}
