/*
 * Affinity: refused by the system, a mask of one processor, and lists that have nothing in common with the mask. Work
 * is done in each case.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <rove/rove.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <support/storm.h>
#include <sys/syscall.h>
#include <unistd.h>

/* All cases run in children: masks and refusals stay. What a call to set affinity answers, whoever makes it, the
 * library or hwloc within; 0: as the system does. */
static atomic_int refusal;
static atomic_int refusals;

/* Stands before the C library's function of this name. */
int sched_setaffinity(pid_t thread, size_t size, const cpu_set_t *set)
{
    int error = atomic_load(&refusal);
    if (error) {
        atomic_fetch_add(&refusals, 1);
        errno = error;
        return -1;
    }
    return (int)syscall(SYS_sched_setaffinity, thread, size, set) < 0 ? -1 : 0;
}

static int with_refusals(void *arg)
{
    int error = *(int *)arg;
    rove_config config;
    rove_config_default(&config);
    config.workers = 4;
    config.oversubscribe = true;
    config.pin = ROVE_PIN_ALWAYS;
    atomic_store(&refusals, 0);
    atomic_store(&refusal, error);
    rove_runtime *runtime = test_runtime_with(&config);
    storm_in(runtime, 5000, (uint64_t)error, STORM_ALL);
    TEST_CHECK(rove_set_workers(runtime, 7) == ROVE_OK, "more workers");
    storm_in(runtime, 5000, (uint64_t)error, STORM_ALL);
    TEST_CHECK(rove_runtime_shutdown(runtime) == ROVE_OK, "shutdown");
    rove_stats stats;
    TEST_CHECK(rove_runtime_stats(runtime, &stats) == ROVE_OK, "statistics");
    TEST_CHECK(atomic_load(&refusals) > 0, "nobody tried to pin");
    TEST_CHECK(stats.pins_refused > 0, "refusals are not counted");
    test_runtime_end(runtime);
    return 0;
}

static int with_pins_forbidden(void *arg)
{
    (void)arg;
    rove_config config;
    rove_config_default(&config);
    config.workers = 2;
    config.oversubscribe = true;
    config.pin = ROVE_PIN_NEVER;
    atomic_store(&refusals, 0);
    atomic_store(&refusal, EPERM);
    rove_runtime *runtime = test_runtime_with(&config);
    storm_in(runtime, 5000, 1, STORM_ALL);
    test_runtime_end(runtime);
    TEST_CHECK(atomic_load(&refusals) == 0, "pinned although told never to");
    return 0;
}

static int first_allowed(void)
{
    cpu_set_t allowed;
    TEST_CHECK(sched_getaffinity(0, sizeof allowed, &allowed) == 0, "affinity: %s", strerror(errno));
    int pu = 0;
    while (!CPU_ISSET((size_t)pu, &allowed))
        pu++;
    return pu;
}

static void allow_only(int pu)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)pu, &one);
    TEST_CHECK(sched_setaffinity(0, sizeof one, &one) == 0, "affinity: %s", strerror(errno));
}

static int on_one_processor(void *arg)
{
    (void)arg;
    allow_only(first_allowed());
    rove_runtime *runtime = NULL;
    TEST_CHECK(rove_runtime_create(&runtime, NULL, NULL) == ROVE_OK, "create");
    TEST_CHECK(rove_worker_count(runtime) == 1, "%d workers on one processor", rove_worker_count(runtime));
    storm_in(runtime, 20000, 1, STORM_ALL);
    TEST_CHECK(rove_runtime_destroy(runtime) == ROVE_OK, "destroy");

    runtime = test_runtime(4); /* more than there are processors, all on one */
    storm_in(runtime, 20000, 2, STORM_ALL);
    test_runtime_end(runtime);
    return 0;
}

static int with_nothing_in_common(void *arg)
{
    (void)arg;
    int pu = first_allowed(), other = pu + 1;
    allow_only(pu);
    rove_config config;
    rove_config_default(&config);
    config.plan = ROVE_PLAN_LIST;
    config.pus = &other;
    config.pu_count = 1;
    rove_runtime *runtime = NULL;
    rove_report report = {""};
    rove_status status = rove_runtime_create(&runtime, &config, &report);
    TEST_CHECK(status == ROVE_INVALID && !runtime, "a list without an allowed processor: %s", rove_status_text(status));
    TEST_CHECK(report.text[0], "no word about it");
    storm_in(NULL, 1000, 3, STORM_ALL);
    return 0;
}

static int with_a_mask_that_shrinks(void *arg)
{
    (void)arg;
    rove_runtime *runtime = test_runtime(3);
    storm_in(runtime, 5000, 4, STORM_ALL);
    allow_only(first_allowed());
    storm_in(runtime, 5000, 5, STORM_ALL);
    TEST_CHECK(rove_set_workers(runtime, 6) == ROVE_OK, "more workers");
    storm_in(runtime, 5000, 6, STORM_ALL);
    test_runtime_end(runtime);
    return 0;
}

static void child(int (*fn)(void *arg), void *arg, const char *name)
{
    struct test_outcome outcome = test_in_child(fn, arg, 50, false);
    TEST_CHECK(outcome.end == TEST_END_EXIT && outcome.code == 0, "%s: end %d, code %d", name, (int)outcome.end,
               outcome.code);
}

static void one_processor(void)
{
    child(on_one_processor, NULL, "on_one_processor");
}

static void nothing_in_common(void)
{
    child(with_nothing_in_common, NULL, "with_nothing_in_common");
}

static void mask_that_shrinks(void)
{
    child(with_a_mask_that_shrinks, NULL, "with_a_mask_that_shrinks");
}

static void refused(void)
{
    static int errors[] = {EPERM, EINVAL, ENOSYS, ESRCH};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        child(with_refusals, &errors[i], strerror(errors[i]));
}

static void never_asked(void)
{
    child(with_pins_forbidden, NULL, "with_pins_forbidden");
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"one_processor", one_processor},
        {"nothing_in_common", nothing_in_common},
        {"mask_that_shrinks", mask_that_shrinks},
        {"refused", refused},
        {"never_asked", never_asked},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 0);
}
