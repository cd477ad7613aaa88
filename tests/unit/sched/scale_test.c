/*
 * The number of workers while running: set by hand or automatic, its bounds, and its history.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <rove/rove.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/storm.h>
#include <time.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50, ROOM = ROVE_SCALE_HISTORY + 16 };

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static rove_config config_make(int workers, int workers_min)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = workers;
    config.workers_min = workers_min;
    config.oversubscribe = true;
    return config;
}

/* What every history must satisfy, whatever has happened. Returns how many decisions there are. */
static size_t check_history(rove_runtime *runtime, int least, int most)
{
    rove_scale_decision history[ROOM];
    size_t count = rove_scale_history(runtime, history, ROOM);
    TEST_CHECK(count <= ROVE_SCALE_HISTORY, "%zu decisions", count);
    for (size_t i = 0; i < count; i++) {
        const rove_scale_decision *one = &history[i];
        TEST_CHECK((int)one->reason >= 0 && one->reason < ROVE_SCALE_REASONS, "reason %d", (int)one->reason);
        TEST_CHECK(one->before != one->after && one->before >= 1, "from %d to %d", one->before, one->after);
        TEST_CHECK(one->after >= least && one->after <= most, "%d is not in %d to %d", one->after, least, most);
        TEST_CHECK(one->waiting_percent >= -1 && one->waiting_percent <= 100, "%d %%", one->waiting_percent);
        TEST_CHECK(one->asleep >= 0 && one->asleep <= ROVE_WORKERS_MAX, "%d asleep", one->asleep);
        TEST_CHECK(one->time <= rove_clock(), "a decision of the future");
        TEST_CHECK(one->reason != ROVE_SCALE_IDLE || one->after < one->before, "more workers for idleness");
        TEST_CHECK(one->reason != ROVE_SCALE_CROWDED || one->after < one->before, "more workers for the crowd");
        TEST_CHECK(one->reason != ROVE_SCALE_BACKLOG || one->after > one->before, "fewer workers for a backlog");
        if (i + 1 < count) {
            TEST_CHECK(one->before == history[i + 1].after, "from %d, after a change to %d", one->before,
                       history[i + 1].after);
            TEST_CHECK(one->time >= history[i + 1].time, "not the newest first");
        }
    }
    return count;
}

static uint64_t count_scalings(rove_runtime *runtime)
{
    rove_stats stats;
    uint64_t sum = 0;
    TEST_CHECK(rove_runtime_stats(runtime, &stats) == ROVE_OK, "statistics");
    for (int i = 0; i < ROVE_SCALE_REASONS; i++)
        sum += stats.scalings[i];
    return sum;
}

static void test_each_change_by_hand_is_in_the_history(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    rove_scale_decision history[3];
    assert_int_equal(rove_scale_history(runtime, history, 3), 0);
    int64_t start = rove_clock();
    assert_int_equal(rove_set_workers(runtime, 5), ROVE_OK);
    assert_int_equal(rove_set_workers(runtime, 5), ROVE_OK); /* no change, so not in the history */
    assert_int_equal(rove_set_workers(runtime, 1), ROVE_OK);
    assert_int_equal(rove_scale_history(runtime, history, 3), 2);
    assert_int_equal(history[1].before, 2);
    assert_int_equal(history[1].after, 5);
    assert_int_equal(history[0].before, 5);
    assert_int_equal(history[0].after, 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(history[i].reason, ROVE_SCALE_ASKED);
        assert_true(history[i].time >= start && history[i].time <= rove_clock());
    }
    rove_stats stats;
    assert_int_equal(rove_runtime_stats(runtime, &stats), ROVE_OK);
    assert_int_equal(stats.scalings[ROVE_SCALE_ASKED], 2);
    assert_int_equal(count_scalings(runtime), 2);
    test_runtime_end(runtime);
}

static void test_the_history_keeps_the_newest(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    rove_scale_decision history[ROOM], few[3];
    for (int i = 0; i < 3 * ROVE_SCALE_HISTORY + 5; i++)
        assert_int_equal(rove_set_workers(runtime, 2 + i % 7), ROVE_OK);
    memset(history, 0x5a, sizeof history);
    assert_int_equal(rove_scale_history(runtime, history, ROOM), ROVE_SCALE_HISTORY);
    for (size_t i = 0; i < sizeof history[0]; i++)
        assert_int_equal(((unsigned char *)&history[ROVE_SCALE_HISTORY])[i], 0x5a);
    assert_int_equal(history[0].after, rove_worker_count(runtime));
    assert_int_equal(check_history(runtime, 1, 8), ROVE_SCALE_HISTORY);
    assert_int_equal(rove_scale_history(runtime, few, 3), 3);
    assert_memory_equal(few, history, sizeof few);
    assert_int_equal(rove_scale_history(runtime, few, 0), 0);
    assert_int_equal(rove_scale_history(runtime, NULL, 0), 0);
    assert_int_equal(rove_scale_history(NULL, few, 3), 0);
    assert_int_equal(count_scalings(runtime), 3 * ROVE_SCALE_HISTORY + 5);
    test_runtime_end(runtime);
}

static void test_arguments_that_make_no_sense_change_nothing(void **state)
{
    (void)state;
    static const int bad[][2] = {{0, 2},         {-1, 2}, {3, 2}, {1, -1}, {1, 5}, {5, 0}, {5, 5}, {-2147483647 - 1, 0},
                                 {1, 2147483647}};
    rove_config config = config_make(2, 0);
    config.workers_max = 4;
    rove_runtime *runtime = test_runtime_with(&config);
    int threads = test_thread_count();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(rove_auto_workers(runtime, bad[i][0], bad[i][1]), ROVE_INVALID);
    assert_int_equal(rove_auto_workers(NULL, 1, 2), ROVE_INVALID);
    assert_int_equal(rove_worker_count(runtime), 2);
    assert_int_equal(rove_scale_history(runtime, &(rove_scale_decision){0}, 1), 0);
    assert_int_equal(test_thread_count(), threads);
    assert_int_equal(rove_auto_workers(runtime, 1, 2), ROVE_OK);
    assert_int_equal(rove_auto_workers(runtime, 0, 9), ROVE_INVALID); /* and the mode goes on */
    assert_int_equal(rove_set_workers(runtime, 9), ROVE_INVALID);
    storm_in(runtime, 2000, 1, STORM_ALL);
    check_history(runtime, 1, 2);
    test_runtime_end(runtime);
}

static void test_automatic_mode_begins_with_the_present_number(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(3);
    assert_int_equal(rove_auto_workers(runtime, 1, 3), ROVE_OK);
    assert_int_equal(rove_worker_count(runtime), 3);
    test_runtime_end(runtime);
}

static void expect_creation(const rove_config *config, const char *word)
{
    rove_runtime *runtime = NULL;
    rove_report report = {""};
    rove_status status = rove_runtime_create(&runtime, config, &report);
    TEST_CHECK(status == (word ? ROVE_INVALID : ROVE_OK), "%s: %s: %s", word ? word : "ok", rove_status_text(status),
               report.text);
    TEST_CHECK(!word || (!runtime && strstr(report.text, word)), "%s is not named: %s", word, report.text);
    if (runtime)
        storm_in(runtime, 500, 1, STORM_ALL);
    TEST_CHECK(rove_runtime_destroy(runtime) == ROVE_OK, "destroy");
}

static void test_configurations_are_checked(void **state)
{
    (void)state;
    static const int bad_least[] = {-1, 3, ROVE_WORKERS_MAX + 1, 2147483647, -2147483647 - 1};
    static const int bad_spares[] = {-1, -2147483647 - 1, 2147483647};
    rove_config config;
    rove_config_default(&config);
    assert_int_equal(config.workers_min, 0);
    assert_int_equal(config.spares, 16);
    for (size_t i = 0; i < sizeof bad_least / sizeof bad_least[0]; i++) {
        config = config_make(2, bad_least[i]);
        expect_creation(&config, "workers_min");
    }
    for (size_t i = 0; i < sizeof bad_spares / sizeof bad_spares[0]; i++) {
        config = config_make(2, 0);
        config.spares = bad_spares[i];
        expect_creation(&config, "spares");
    }
    for (int least = 0; least <= 2; least++) {
        config = config_make(2, least);
        config.spares = least;
        expect_creation(&config, NULL);
    }
}

/* The thread that watches, by its name; 0 if there is none. */
static int find_watcher(void)
{
    int found = 0;
    DIR *folder = opendir("/proc/self/task");
    TEST_CHECK(folder, "/proc/self/task: %s", strerror(errno));
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[300], name[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (!file)
            continue;
        if (fgets(name, sizeof name, file) && strncmp(name, "rove-", 5) == 0 && strstr(name, "-auto\n"))
            found = atoi(entry->d_name);
        fclose(file);
    }
    closedir(folder);
    return found;
}

/* A thread that was joined stays visible for a moment; one that stays meets the watchdog. */
static void await_no_watcher(void)
{
    while (find_watcher())
        sleep_ms(1);
}

static void check_environment(const char *value, int workers_min, bool is_automatic)
{
    await_no_watcher(); /* that of an earlier runtime */
    setenv("ROVE_AUTO", value, 1);
    rove_config config = config_make(2, workers_min);
    rove_runtime *runtime = test_runtime_with(&config);
    storm_in(runtime, 2000, 1, STORM_ALL);
    while (is_automatic && !find_watcher())
        sleep_ms(1);
    TEST_CHECK(is_automatic == (find_watcher() != 0), "ROVE_AUTO=%s", value);
    test_runtime_end(runtime);
    unsetenv("ROVE_AUTO");
}

static void test_the_environment_is_stronger(void **state)
{
    (void)state;
    static const char *const bad[] = {"x", "-1", "1x", "1.5", "99999999999999999999", "1025"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        setenv("ROVE_AUTO", bad[i], 1);
        rove_config config = config_make(2, 0);
        expect_creation(&config, "ROVE_AUTO");
    }
    unsetenv("ROVE_AUTO");
    check_environment("", 0, false);
    check_environment("1", 0, true);
    check_environment("2", 0, true);
    check_environment("0", 1, false);
}

/* How often a thread has gone to sleep or was put aside. */
static long long switches_of(int thread)
{
    char path[64], line[128];
    long long voluntary = -1;
    snprintf(path, sizeof path, "/proc/self/task/%d/status", thread);
    FILE *file = fopen(path, "r");
    TEST_CHECK(file, "%s: %s", path, strerror(errno));
    while (voluntary < 0 && fgets(line, sizeof line, file))
        sscanf(line, "voluntary_ctxt_switches: %lld", &voluntary);
    fclose(file);
    TEST_CHECK(voluntary >= 0, "no context switches in %s", path);
    return voluntary;
}

static void test_the_watcher_sleeps_while_nobody_works(void **state)
{
    (void)state;
    await_no_watcher();
    rove_config config = config_make(2, 1);
    rove_runtime *runtime = test_runtime_with(&config);
    storm_in(runtime, 20000, 1, STORM_ALL);
    int watcher;
    while (!(watcher = find_watcher()))
        sleep_ms(1);
    for (int i = 0; i < 2; i++) {
        long long before, after = switches_of(watcher);
        do { /* until it has noticed that there is nothing; if it never does, the watchdog bites */
            before = after;
            sleep_ms(300);
            after = switches_of(watcher);
        } while (after != before);
        storm_in(runtime, 50000, 2, STORM_ALL);
    }
    test_runtime_end(runtime);
    await_no_watcher();
}

static void test_a_number_set_by_hand_stays(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    assert_int_equal(rove_auto_workers(runtime, 1, 0), ROVE_OK);
    storm_in(runtime, 5000, 1, STORM_ALL);
    assert_int_equal(rove_set_workers(runtime, 9), ROVE_OK); /* far more than would be good */
    uint64_t scalings = count_scalings(runtime);
    for (int i = 0; i < 5; i++) {
        storm_in(runtime, test_scaled(100000, 2000), (uint64_t)i, STORM_ALL);
        sleep_ms(30);
    }
    assert_int_equal(rove_worker_count(runtime), 9);
    assert_true(count_scalings(runtime) == scalings);
    test_runtime_end(runtime);
}

/* Tasks that keep all workers busy until they are told. */
static atomic_bool is_over;

static int spin(void *arg)
{
    (void)arg;
    while (!atomic_load(&is_over))
        test_yield();
    return 0;
}

static void test_workers_beyond_the_bound_leave_under_load(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(12);
    rove_group group = {.runtime = runtime};
    cpu_set_t allowed;
    assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    atomic_store(&is_over, false);
    for (int i = 0; i < 200; i++)
        assert_int_equal(rove_group_spawn(&group, spin, NULL), ROVE_OK);
    assert_int_equal(rove_auto_workers(runtime, 1, 3), ROVE_OK);
    while (rove_worker_count(runtime) > 3)
        sleep_ms(1);
    rove_scale_decision last;
    assert_int_equal(rove_scale_history(runtime, &last, 1), 1);
    assert_in_range(last.after, 1, 3);
    assert_int_equal(rove_auto_workers(runtime, 1, 0), ROVE_OK);
    while (rove_worker_count(runtime) > CPU_COUNT(&allowed))
        sleep_ms(1);
    atomic_store(&is_over, true);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
    check_history(runtime, 1, CPU_COUNT(&allowed) > 12 ? CPU_COUNT(&allowed) : 12);
    test_runtime_end(runtime);
}

static void test_workers_that_find_nothing_leave(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(4);
    rove_group group = {.runtime = runtime};
    atomic_store(&is_over, false);
    assert_int_equal(rove_auto_workers(runtime, 1, 4), ROVE_OK);
    assert_int_equal(rove_group_spawn(&group, spin, NULL), ROVE_OK);
    while (rove_worker_count(runtime) > 1)
        sleep_ms(1);
    atomic_store(&is_over, true);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
    assert_true(check_history(runtime, 1, 4) >= 1);
    rove_scale_decision last;
    assert_int_equal(rove_scale_history(runtime, &last, 1), 1);
    assert_int_not_equal(last.reason, ROVE_SCALE_BACKLOG);
    test_runtime_end(runtime);
}

static void test_the_least_is_kept(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(6);
    rove_group group = {.runtime = runtime};
    atomic_store(&is_over, false);
    assert_int_equal(rove_auto_workers(runtime, 4, 8), ROVE_OK);
    for (int i = 0; i < 20; i++)
        assert_int_equal(rove_group_spawn(&group, spin, NULL), ROVE_OK);
    for (int i = 0; i < 40; i++) {
        assert_in_range(rove_worker_count(runtime), 4, 8);
        sleep_ms(10);
    }
    atomic_store(&is_over, true);
    assert_int_equal(rove_group_wait(&group), ROVE_OK);
    check_history(runtime, 4, 8);
    test_runtime_end(runtime);
}

static void switch_mode(void *arg)
{
    rove_runtime *runtime = arg;
    TEST_CHECK(rove_auto_workers(rove_current_runtime(), 1, 4) == ROVE_OK, "automatic, from a task");
    TEST_CHECK(rove_set_workers(runtime, 3) == ROVE_OK, "by hand, from a task");
    TEST_CHECK(rove_auto_workers(runtime, 2, 2) == ROVE_OK, "automatic again");
}

static void churn(void *arg)
{
    rove_runtime *runtime = arg;
    for (int i = 0; i < 60; i++) {
        rove_status status =
            i % 3 ? rove_auto_workers(runtime, 1 + i % 2, 2 + i % 7) : rove_set_workers(runtime, 1 + i % 5);
        TEST_CHECK(status == ROVE_OK, "round %d: %s", i, rove_status_text(status));
        check_history(runtime, 1, 8);
    }
}

static void test_the_mode_may_be_switched_by_anybody_at_any_time(void **state)
{
    (void)state;
    int threads = test_thread_count();
    rove_runtime *runtime = test_runtime(2);
    assert_int_equal(rove_run(runtime, switch_mode, runtime), ROVE_OK);
    test_on_threads(4, churn, runtime, 0);
    storm_in(runtime, 5000, 3, STORM_ALL);
    test_runtime_end(runtime);
    test_wait_for_threads(threads);
}

static void test_runtimes_end_in_automatic_mode(void **state)
{
    (void)state;
    int threads = test_thread_count(), descriptors = test_descriptor_count();
    for (int i = 0; i < 60; i++) {
        rove_config config = config_make(1 + i % 4, i % 2);
        rove_runtime *runtime = test_runtime_with(&config);
        if (i % 3 == 0)
            assert_int_equal(rove_auto_workers(runtime, 1, 4), ROVE_OK);
        if (i % 4 < 2)
            storm_in(runtime, 500, (uint64_t)i, STORM_ALL);
        if (i % 5 == 0) {
            assert_int_equal(rove_runtime_shutdown(runtime), ROVE_OK);
            assert_int_equal(rove_auto_workers(runtime, 1, 2), ROVE_CLOSED);
            assert_int_equal(rove_set_workers(runtime, 2), ROVE_CLOSED);
            check_history(runtime, 1, 4);
        }
        test_runtime_end(runtime);
    }
    test_wait_for_threads(threads);
    assert_int_equal(test_descriptor_count(), descriptors);
}

static int scale_in_child(void *arg)
{
    rove_scale_decision one;
    if (rove_auto_workers(arg, 1, 2) != ROVE_FORKED || rove_set_workers(arg, 2) != ROVE_FORKED)
        return 1;
    return rove_scale_history(arg, &one, 1) == 0 ? 0 : 2;
}

static void test_a_forked_child_is_refused(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    assert_int_equal(rove_set_workers(runtime, 3), ROVE_OK);
    assert_int_equal(rove_auto_workers(runtime, 1, 3), ROVE_OK);
    struct test_outcome outcome = test_in_child(scale_in_child, runtime, 20, false);
    assert_int_equal(outcome.end, TEST_END_EXIT);
    assert_int_equal(outcome.code, 0);
    test_runtime_end(runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_change_by_hand_is_in_the_history),
        cmocka_unit_test(test_the_history_keeps_the_newest),
        cmocka_unit_test(test_arguments_that_make_no_sense_change_nothing),
        cmocka_unit_test(test_automatic_mode_begins_with_the_present_number),
        cmocka_unit_test(test_configurations_are_checked),
        cmocka_unit_test(test_the_environment_is_stronger),
        cmocka_unit_test(test_the_watcher_sleeps_while_nobody_works),
        cmocka_unit_test(test_a_number_set_by_hand_stays),
        cmocka_unit_test(test_workers_beyond_the_bound_leave_under_load),
        cmocka_unit_test(test_workers_that_find_nothing_leave),
        cmocka_unit_test(test_the_least_is_kept),
        cmocka_unit_test(test_the_mode_may_be_switched_by_anybody_at_any_time),
        cmocka_unit_test(test_runtimes_end_in_automatic_mode),
        cmocka_unit_test(test_a_forked_child_is_refused),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
