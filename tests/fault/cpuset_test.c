/*
 * The processors that are allowed change while a runtime works: by the cpuset of its control group, or by somebody who
 * sets the affinity of all of its threads. Work goes on, the automatic mode follows and says why, and comes back.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdatomic.h>
#include <support/storm.h>
#include <time.h>

#include "fault/cgroup.h"
#include "fault/mask.h"

enum { CHILD_SECONDS = 60 };

/* How the processors are taken away and given back. */
static struct {
    struct cgroup group;
    bool has_group;
} place;

static cpu_set_t everything; /* what was allowed in the beginning */

/* Allows the first `count` processors of those that there were. */
static void allow(int count)
{
    char text[8 * CPU_SETSIZE] = "";
    cpu_set_t set;
    size_t length = 0;
    CPU_ZERO(&set);
    for (size_t pu = 0; pu < CPU_SETSIZE && CPU_COUNT(&set) < count; pu++)
        if (CPU_ISSET(pu, &everything)) {
            CPU_SET(pu, &set);
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%zu", length ? "," : "", pu);
        }
    if (place.has_group)
        cgroup_put(&place.group, "cpuset.cpus", text);
    else
        mask_put_on_each_thread(&set);
}

/* Whether there once were more workers than before because of the mask. */
static bool has_risen(rove_runtime *runtime)
{
    rove_scale_decision history[ROVE_SCALE_HISTORY];
    size_t count = rove_scale_history(runtime, history, ROVE_SCALE_HISTORY);
    for (size_t i = 0; i < count; i++)
        if (history[i].reason == ROVE_SCALE_AFFINITY && history[i].after > history[i].before)
            return true;
    return false;
}

static void work(rove_runtime *runtime)
{
    static uint64_t round;
    storm_in(runtime, 1000, round++, STORM_ALL);
}

static void work_for_ms(rove_runtime *runtime, int64_t ms)
{
    for (int64_t end = rove_clock() + ms * ROVE_MILLISECOND; rove_clock() < end;)
        work(runtime);
}

static rove_runtime *runtime_make(int workers, int workers_min)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = workers;
    config.oversubscribe = workers > 0;
    config.workers_min = workers_min;
    return test_runtime_with(&config);
}

/* From all processors to one and back. The machine's other load may make the number fall first, and then there is no
 * reason to change it when the mask does; but it rises because of the mask when it lies at the bound. */
static int follow(void *arg)
{
    (void)arg;
    if (place.has_group)
        cgroup_enter(&place.group);
    int all = CPU_COUNT(&everything);
    rove_runtime *runtime = runtime_make(0, 1);
    TEST_CHECK(rove_worker_count(runtime) <= all, "%d workers", rove_worker_count(runtime));
    for (int round = 0; round < 3 || !has_risen(runtime); round++) {
        allow(1);
        while (rove_worker_count(runtime) > 1)
            work(runtime);
        work_for_ms(runtime, 500); /* by then it has seen the mask, as a rule; else there is another round */
        allow(all);
        work_for_ms(runtime, 500);
    }
    rove_stats stats;
    TEST_CHECK(rove_runtime_stats(runtime, &stats) == ROVE_OK && stats.scalings[ROVE_SCALE_AFFINITY] > 0, "statistics");
    test_runtime_end(runtime);
    return 0;
}

/* A runtime that was made where one processor was allowed gets more when more are. */
static int begin_with_one(void *arg)
{
    (void)arg;
    if (place.has_group)
        cgroup_enter(&place.group);
    allow(1);
    rove_runtime *runtime = runtime_make(0, 1);
    int all = CPU_COUNT(&everything);
    TEST_CHECK(rove_worker_count(runtime) == 1, "%d workers on one processor", rove_worker_count(runtime));
    work_for_ms(runtime, 100);
    TEST_CHECK(rove_auto_workers(runtime, 1, 0) == ROVE_OK, "automatic");
    allow(all);
    while (!has_risen(runtime))
        work(runtime);
    test_runtime_end(runtime);
    return 0;
}

/* The mask has changed before the automatic mode, and with it the thread that looks at the mask, began. */
static int begin_late(void *arg)
{
    (void)arg;
    if (place.has_group)
        cgroup_enter(&place.group);
    allow(1);
    rove_runtime *runtime = runtime_make(1, 0);
    allow(CPU_COUNT(&everything));
    TEST_CHECK(rove_auto_workers(runtime, 1, 0) == ROVE_OK, "automatic");
    while (!has_risen(runtime))
        work(runtime);
    test_runtime_end(runtime);
    return 0;
}

/* A number that is fixed stays, and the work is done. */
static int keep_fixed(void *arg)
{
    (void)arg;
    if (place.has_group)
        cgroup_enter(&place.group);
    rove_runtime *runtime = runtime_make(3, 0);
    for (int i = 0; i < 5; i++) {
        allow(i % 2 ? CPU_COUNT(&everything) : 1);
        work_for_ms(runtime, 50);
        TEST_CHECK(rove_set_workers(runtime, 4 + i) == ROVE_OK, "more workers");
        work_for_ms(runtime, 50);
        TEST_CHECK(rove_worker_count(runtime) == 4 + i, "%d workers", rove_worker_count(runtime));
    }
    test_runtime_end(runtime);
    return 0;
}

/* Exits with the number of workers that a runtime gets, at most 2: a quota may leave it no more than 1. */
static int ask_workers(void *arg)
{
    (void)arg;
    rove_runtime *runtime = runtime_make(0, 0);
    int workers = rove_worker_count(runtime);
    test_runtime_end(runtime);
    return workers < 2 ? workers : 2;
}

static bool has_two_processors(void)
{
    bool has_two = test_in_child(ask_workers, NULL, CHILD_SECONDS, false).code == 2;
    if (!has_two)
        printf("  skipped: there is one processor, or a quota of one\n");
    return has_two;
}

static void child(int (*fn)(void *arg), const char *name)
{
    struct test_outcome outcome = test_in_child(fn, NULL, CHILD_SECONDS, false);
    if (place.has_group)
        cgroup_end(&place.group);
    TEST_CHECK(outcome.end == TEST_END_EXIT && outcome.code == 0, "%s: end %d, code %d", name, (int)outcome.end,
               outcome.code);
}

static void child_in_masks(int (*fn)(void *arg), const char *name)
{
    if (has_two_processors())
        child(fn, name);
}

static void child_in_cpuset(int (*fn)(void *arg), const char *name)
{
    place.has_group = has_two_processors() && cgroup_begin(&place.group, "cpuset");
    if (place.has_group)
        child(fn, name);
    place.has_group = false;
}

static void mask_of_each_thread_is_followed(void)
{
    child_in_masks(follow, "follow");
}

static void mask_may_grow(void)
{
    child_in_masks(begin_with_one, "begin_with_one");
}

static void mask_may_have_grown_before(void)
{
    child_in_masks(begin_late, "begin_late");
}

static void mask_changes_under_a_fixed_number(void)
{
    child_in_masks(keep_fixed, "keep_fixed");
}

static void cpuset_is_followed(void)
{
    child_in_cpuset(follow, "follow");
}

static void cpuset_may_grow(void)
{
    child_in_cpuset(begin_with_one, "begin_with_one");
}

static void cpuset_may_have_grown_before(void)
{
    child_in_cpuset(begin_late, "begin_late");
}

static void cpuset_changes_under_a_fixed_number(void)
{
    child_in_cpuset(keep_fixed, "keep_fixed");
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"mask_of_each_thread_is_followed", mask_of_each_thread_is_followed},
        {"mask_may_grow", mask_may_grow},
        {"mask_may_have_grown_before", mask_may_have_grown_before},
        {"mask_changes_under_a_fixed_number", mask_changes_under_a_fixed_number},
        {"cpuset_is_followed", cpuset_is_followed},
        {"cpuset_may_grow", cpuset_may_grow},
        {"cpuset_may_have_grown_before", cpuset_may_have_grown_before},
        {"cpuset_changes_under_a_fixed_number", cpuset_changes_under_a_fixed_number},
    };
    everything = mask_read();
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 0);
}
