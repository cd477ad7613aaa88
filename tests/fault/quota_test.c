/*
 * A real control group with a quota of half a processor, of one, and of one and a half: so many workers, rounded up.
 * All work is done, and the automatic mode follows the quota while it runs.
 */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <support/storm.h>

#include "fault/cgroup.h"

enum { CHILD_SECONDS = 60 };

static struct cgroup group;

/* In hundredths of a processor; 0 takes the quota away. */
static void quota_set(int percent)
{
    char text[24];
    snprintf(text, sizeof text, "%d", percent ? percent * 1000 : -1);
    cgroup_put(&group, "cpu.cfs_period_us", "100000");
    cgroup_put(&group, "cpu.cfs_quota_us", text);
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static void work(rove_runtime *runtime)
{
    static uint64_t round;
    storm_in(runtime, 500, round++, STORM_ALL);
}

static void work_for_ms(rove_runtime *runtime, int64_t ms)
{
    for (int64_t end = rove_clock() + ms * ROVE_MILLISECOND; rove_clock() < end;)
        work(runtime);
}

static rove_runtime *runtime_make(int workers_min)
{
    rove_config config;
    rove_config_default(&config);
    config.workers_min = workers_min;
    return test_runtime_with(&config);
}

static int create_under_each(void *arg)
{
    static const int quotas[][2] = {{50, 1}, {100, 1}, {150, 2}, {200, 2}, {1, 1}, {0, ROVE_WORKERS_MAX}};
    int most = *(int *)arg; /* by the machine, and by quotas further up, which ours must not exceed */
    cgroup_enter(&group);
    for (size_t i = 0; i < sizeof quotas / sizeof quotas[0]; i++) {
        if (quotas[i][0] > 100 * most)
            continue;
        quota_set(quotas[i][0]);
        rove_runtime *runtime = runtime_make(0);
        int workers = least(rove_worker_count(runtime), 100), expected = least(quotas[i][1], most);
        if (quotas[i][0] == 1) /* it is read, and too little for more than that */
            quota_set(0);
        for (int k = 0; k < 10; k++)
            work(runtime);
        test_runtime_end(runtime);
        TEST_CHECK(workers == expected, "%d workers for %d %%", workers, quotas[i][0]);
    }
    return 0;
}

/* Whether there once were more workers than before because of the quota. */
static bool has_risen(rove_runtime *runtime)
{
    rove_scale_decision history[ROVE_SCALE_HISTORY];
    size_t count = rove_scale_history(runtime, history, ROVE_SCALE_HISTORY);
    for (size_t i = 0; i < count; i++)
        if (history[i].reason == ROVE_SCALE_QUOTA && history[i].after > history[i].before)
            return true;
    return false;
}

/* The machine's other load may make the number fall first, and then there is no reason to change it when the quota
 * does; but it rises because of the quota when it lies at the bound. */
static int follow(void *arg)
{
    (void)arg;
    cgroup_enter(&group);
    quota_set(150);
    rove_runtime *runtime = runtime_make(1);
    for (int round = 0; round < 3 || !has_risen(runtime); round++) {
        quota_set(round % 2 ? 100 : 50);
        while (rove_worker_count(runtime) > 1)
            work(runtime);
        work_for_ms(runtime, 500); /* by then it has seen the quota, as a rule; else there is another round */
        quota_set(150);
        work_for_ms(runtime, 500);
    }
    rove_stats stats;
    TEST_CHECK(rove_runtime_stats(runtime, &stats) == ROVE_OK && stats.scalings[ROVE_SCALE_QUOTA] > 0, "statistics");
    test_runtime_end(runtime);
    return 0;
}

/* The quota has risen before the automatic mode, and with it the thread that looks at the quota, began. */
static int begin_late(void *arg)
{
    (void)arg;
    cgroup_enter(&group);
    quota_set(100);
    rove_runtime *runtime = runtime_make(0);
    TEST_CHECK(rove_worker_count(runtime) == 1, "%d workers on one processor", rove_worker_count(runtime));
    quota_set(200);
    TEST_CHECK(rove_auto_workers(runtime, 1, 0) == ROVE_OK, "automatic");
    while (!has_risen(runtime))
        work(runtime);
    test_runtime_end(runtime);
    return 0;
}

/* The quota is for those who leave it to the runtime; a number that was asked for stays. */
static int keep_what_was_asked_for(void *arg)
{
    (void)arg;
    cgroup_enter(&group);
    quota_set(50);
    rove_runtime *runtime = test_runtime(3);
    for (int i = 0; i < 3; i++) {
        work(runtime);
        quota_set(50 + 50 * i);
        TEST_CHECK(rove_worker_count(runtime) == 3, "%d workers", rove_worker_count(runtime));
    }
    quota_set(100);
    TEST_CHECK(rove_auto_workers(runtime, 1, 0) == ROVE_OK, "automatic");
    while (rove_worker_count(runtime) > 1)
        work(runtime);
    test_runtime_end(runtime);
    return 0;
}

/* Exits with the number of workers without a quota of ours, at most 100. */
static int ask_workers(void *arg)
{
    (void)arg;
    rove_runtime *runtime = runtime_make(0);
    int workers = rove_worker_count(runtime);
    test_runtime_end(runtime);
    return least(workers, 100);
}

static void child(int (*fn)(void *arg), const char *name, int workers_needed)
{
    int most = test_in_child(ask_workers, NULL, CHILD_SECONDS, false).code;
    if (most < workers_needed) {
        printf("  skipped: there is one processor, or a quota of one\n");
        return;
    }
    if (!cgroup_begin(&group, "cpu"))
        return;
    struct test_outcome outcome = test_in_child(fn, &most, CHILD_SECONDS, false);
    cgroup_end(&group);
    TEST_CHECK(outcome.end == TEST_END_EXIT && outcome.code == 0, "%s: end %d, code %d", name, (int)outcome.end,
               outcome.code);
}

static void quota_is_known_at_creation(void)
{
    child(create_under_each, "create_under_each", 1);
}

static void quota_is_followed(void)
{
    child(follow, "follow", 2);
}

static void quota_may_have_risen_before(void)
{
    child(begin_late, "begin_late", 2);
}

static void asked_for_is_stronger(void)
{
    child(keep_what_was_asked_for, "keep_what_was_asked_for", 1);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"quota_is_known_at_creation", quota_is_known_at_creation},
        {"quota_is_followed", quota_is_followed},
        {"quota_may_have_risen_before", quota_may_have_risen_before},
        {"asked_for_is_stronger", asked_for_is_stronger},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 0);
}
