#define _GNU_SOURCE
#include "support.h"
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void test_fail(const char *file, int line, const char *condition, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s:%d: does not hold: %s: ", file, line, condition);
    vfprintf(stderr, format, args);
    fprintf(stderr, " (ROVE_TEST_SEED=%llu)\n", (unsigned long long)test_seed());
    va_end(args);
    fflush(NULL);
    abort();
}

int test_main(int argc, char **argv, const struct test_case *cases, size_t count, unsigned seconds)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    test_seed();
    for (size_t i = 0; i < count; i++) {
        if (argc > 1 && !strstr(cases[i].name, argv[1]))
            continue;
        printf("%s ...\n", cases[i].name);
        test_watchdog(seconds);
        cases[i].run();
        printf("%s: ok\n", cases[i].name);
    }
    test_watchdog(0);
    return 0;
}

static uint64_t seed_choose(void)
{
    const char *text = getenv("ROVE_TEST_SEED");
    if (text)
        return strtoull(text, NULL, 10);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return ((uint64_t)now.tv_sec * 1000003u ^ (uint64_t)now.tv_nsec ^ (uint64_t)getpid() << 20) & 0xffffffffffu;
}

static pthread_once_t seed_once = PTHREAD_ONCE_INIT;
static uint64_t seed_value;

static void seed_init(void)
{
    seed_value = seed_choose();
    printf("ROVE_TEST_SEED=%llu\n", (unsigned long long)seed_value);
}

uint64_t test_seed(void)
{
    pthread_once(&seed_once, seed_init);
    return seed_value;
}

struct test_random test_random_make(uint64_t stream)
{
    /* Streams that are neighbours must not look alike, and the state must not be zero. */
    struct test_random random = {(test_seed() + stream * 0x9e3779b97f4a7c15u) | 1u};
    for (int i = 0; i < 8; i++)
        test_random_next(&random);
    return random;
}

uint64_t test_random_next(struct test_random *random)
{
    uint64_t x = random->state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    random->state = x;
    return x * 0x2545f4914f6cdd1du;
}

uint64_t test_random_below(struct test_random *random, uint64_t bound)
{
    return (test_random_next(random) >> 11) % bound;
}

/* Only a program that is built with a sanitizer has these. */
extern void __asan_init(void) __attribute__((weak));
extern void __tsan_init(void) __attribute__((weak));

bool test_is_sanitized(void)
{
    return __asan_init || __tsan_init;
}

bool test_is_thread_sanitized(void)
{
    return __tsan_init;
}

/* ThreadSanitizer asks for these: children of a program with threads start threads of their own here. */
const char *__tsan_default_options(void);

__attribute__((used)) const char *__tsan_default_options(void)
{
    return "die_after_fork=0";
}

int64_t test_scaled(int64_t full, int64_t least)
{
    const char *text = getenv("ROVE_TEST_SCALE");
    double scale = text ? strtod(text, NULL) : __tsan_init ? 0.05 : __asan_init ? 0.2 : 1.0;
    int64_t scaled = (int64_t)((double)full * scale);
    return scaled < least ? least : scaled;
}

void test_once_init(struct test_once *once, int64_t count)
{
    once->count = count;
    once->made = count;
    once->runs = calloc((size_t)count, 1);
    TEST_CHECK(once->runs, "no memory for %lld tasks", (long long)count);
}

void test_once_mark(struct test_once *once, int64_t task)
{
    TEST_CHECK(task >= 0 && task < once->count, "task %lld of %lld", (long long)task, (long long)once->count);
    /* Relaxed: the check comes after a join or a wait, which is what is being tested. */
    unsigned char before = __atomic_fetch_add(&once->runs[task], 1, __ATOMIC_RELAXED);
    TEST_CHECK(before == 0, "task %lld runs again", (long long)task);
}

void test_once_check(const struct test_once *once)
{
    int64_t missing = 0, first = -1;
    for (int64_t i = 0; i < once->made; i++) {
        if (once->runs[i] == 1)
            continue;
        first = first < 0 ? i : first;
        missing++;
    }
    TEST_CHECK(missing == 0, "%lld of %lld tasks have not run exactly once, the first is %lld", (long long)missing,
               (long long)once->made, (long long)first);
}

void test_once_fini(struct test_once *once)
{
    free(once->runs);
    once->runs = NULL;
}

rove_runtime *test_runtime(int workers)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = workers;
    config.oversubscribe = true;
    return test_runtime_with(&config);
}

rove_runtime *test_runtime_with(const rove_config *config)
{
    rove_runtime *runtime = NULL;
    rove_report report;
    rove_status status = rove_runtime_create(&runtime, config, &report);
    TEST_CHECK(status == ROVE_OK, "%s: %s", rove_status_text(status), report.text);
    TEST_CHECK(!config->oversubscribe || rove_worker_count(runtime) == config->workers, "%d workers instead of %d",
               rove_worker_count(runtime), config->workers);
    test_watch_runtime(runtime);
    return runtime;
}

void test_runtime_end(rove_runtime *runtime)
{
    test_watch_runtime(NULL);
    rove_status status = rove_runtime_destroy(runtime);
    TEST_CHECK(status == ROVE_OK, "destroy: %s", rove_status_text(status));
}

void test_yield(void)
{
    sched_yield();
}

int64_t test_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void test_spin_ns(int64_t ns)
{
    for (int64_t end = test_now_ns() + ns; test_now_ns() < end;)
        continue;
}

struct outside {
    pthread_t thread;
    void (*fn)(void *arg);
    void *arg;
};

static void *outside_run(void *arg)
{
    struct outside *outside = arg;
    outside->fn(outside->arg);
    return NULL;
}

void test_on_threads(int count, void (*fn)(void *arg), void *args, size_t stride)
{
    struct outside *threads = calloc((size_t)count, sizeof *threads);
    TEST_CHECK(threads, "no memory for %d threads", count);
    for (int i = 0; i < count; i++) {
        threads[i].fn = fn;
        threads[i].arg = (char *)args + (size_t)i * stride;
        int error = pthread_create(&threads[i].thread, NULL, outside_run, &threads[i]);
        TEST_CHECK(error == 0, "thread %d: %s", i, strerror(error));
    }
    for (int i = 0; i < count; i++)
        pthread_join(threads[i].thread, NULL);
    free(threads);
}
