/*
 * What the tests share: seeds, sizes, an oracle that says "exactly once", a watchdog that turns a hang into a dump and
 * a failure, children for cases that may crash, and a look at what the process holds.
 *
 * Environment:
 *   ROVE_TEST_SEED=n      repeats a run; without it the seed is random, and it is printed in either case
 *   ROVE_TEST_SCALE=x     multiplies the sizes of the stress tests: 1 by default, a fraction under a sanitizer
 *   ROVE_TEST_TIMEOUT=n   seconds until the watchdog bites
 */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <rove/rove.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ends the test with a message and a dump unless `condition` holds. May be used on any thread, unlike the assertions of
 * cmocka, which only work on the thread that runs the test. */
#define TEST_CHECK(condition, ...)                                                                                     \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            test_fail(__FILE__, __LINE__, #condition, __VA_ARGS__);                                                    \
    } while (0)

__attribute__((noreturn, format(printf, 4, 5))) void test_fail(const char *file, int line, const char *condition,
                                                               const char *format, ...);

/* A case of a stress or fault test. */
struct test_case {
    const char *name;
    void (*run)(void);
};

/* Runs the cases whose name contains argv[1], or all of them, each under a watchdog of `seconds`. For main. A program
 * whose cases run in children gives 0, for no watchdog: ThreadSanitizer allows no threads in the child of a process
 * that has had threads, and test_in_child notices hangs. */
int test_main(int argc, char **argv, const struct test_case *cases, size_t count, unsigned seconds);

/* Starts the watchdog, or starts it anew: when so many seconds have passed without another call, it prints the state of
 * every thread and of the watched runtime, and aborts. A duration of 0 stops it. */
void test_watchdog(unsigned seconds);

/* Names the runtime whose statistics the dump shows; NULL for none. It must be named no more before it is destroyed. */
void test_watch_runtime(rove_runtime *runtime);

/* The seed of this run, printed on first use. */
uint64_t test_seed(void);

/* A small random number generator (xorshift64*); each thread or task has one of its own. */
struct test_random {
    uint64_t state;
};

struct test_random test_random_make(uint64_t stream);
uint64_t test_random_next(struct test_random *random);
uint64_t test_random_below(struct test_random *random, uint64_t bound);

/* `full` times the scale, but not less than `least`. */
int64_t test_scaled(int64_t full, int64_t least);

/* Whether this program was built with the address or the thread sanitizer, which change what memory and time mean. */
bool test_is_sanitized(void);
bool test_is_thread_sanitized(void);

/* A byte for each of `count` tasks, which says how often it ran. */
struct test_once {
    unsigned char *runs;
    int64_t count;
    int64_t made; /* how many have been made: all, unless test_once_goes_on has ended sooner */
};

void test_once_init(struct test_once *once, int64_t count);
void test_once_mark(struct test_once *once, int64_t task);
/* Fails unless each task of [0, made) has run exactly once. */
void test_once_check(const struct test_once *once);
void test_once_fini(struct test_once *once);

/* For loops whose every round costs changes of thread, which may take milliseconds each on a busy machine: whether to
 * go on with task `next`. They end when all have been made, and sooner when the case has used a quarter of its
 * watchdog's time, but not before the hundredth; then no more tasks are expected than were made. */
bool test_once_goes_on(struct test_once *once, int64_t next);

/* How a child process ended. */
enum test_end { TEST_END_EXIT, TEST_END_SIGNAL, TEST_END_HANG };

struct test_outcome {
    enum test_end end;
    int code; /* exit status or signal */
};

/* Runs fn(arg) in a child process, which exits with what it returns, and waits for it; a child that takes longer than
 * `seconds` is killed and has hung. Its messages are dropped if `quiet`. */
struct test_outcome test_in_child(int (*fn)(void *arg), void *arg, unsigned seconds, bool quiet);

/* What this process holds. Neither the watchdog's thread is counted nor one that has been joined, though the system
 * still shows it for a moment. */
int test_thread_count(void);
int test_descriptor_count(void);
int test_mapping_count(void);
int64_t test_resident_kib(void);
/* Returns when there are `count` threads. */
void test_wait_for_threads(int count);

/* Runtimes of exactly `workers` workers, with and without further settings. Fail the test if that is refused. */
rove_runtime *test_runtime(int workers);
rove_runtime *test_runtime_with(const rove_config *config);
void test_runtime_end(rove_runtime *runtime);

/* Gives up the processor; for loops that wait for another thread. */
void test_yield(void);

/* Nanoseconds of the monotonic clock, and a wait of so many that keeps the processor. */
int64_t test_now_ns(void);
void test_spin_ns(int64_t ns);

/* Runs fn(arg) on `count` threads that are no workers, with the arguments `stride` bytes apart, and joins them. */
void test_on_threads(int count, void (*fn)(void *arg), void *args, size_t stride);

#endif
