#include "chaos.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <support/support.h>
#include <time.h>

enum { PAUSE_DEFAULT = 200, HUNGER_DEFAULT = 4 };

/* Of a hundred pauses so many are yields, and so many are sleeps; the others spin. */
enum { YIELDS = 10, SLEEPS = 2 };

/* Nanoseconds. */
enum { SPIN_LEAST = 100, SPIN_DOUBLINGS = 8, SLEEP_MOST = 100000 };

__thread struct chaos_thread chaos_self;
void (*chaos_at_gap)(void);

static uint64_t chaos_rate(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

/* Plain and equal for all threads, so a race to set them is harmless where it is atomic. */
static uint64_t chaos_pause_rate(void)
{
    static uint64_t rate = UINT64_MAX;
    uint64_t known = __atomic_load_n(&rate, __ATOMIC_RELAXED);
    if (known == UINT64_MAX)
        __atomic_store_n(&rate, known = chaos_rate("ROVE_CHAOS_PAUSE", PAUSE_DEFAULT), __ATOMIC_RELAXED);
    return known;
}

static uint64_t chaos_hunger_rate(void)
{
    static uint64_t rate = UINT64_MAX;
    uint64_t known = __atomic_load_n(&rate, __ATOMIC_RELAXED);
    if (known == UINT64_MAX)
        __atomic_store_n(&rate, known = chaos_rate("ROVE_CHAOS_HUNGER", HUNGER_DEFAULT), __ATOMIC_RELAXED);
    return known;
}

/* xorshift64*. */
static uint64_t chaos_random(void)
{
    static uint64_t threads;
    uint64_t x = chaos_self.random;
    if (x == 0) {
        uint64_t number = __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
        x = (test_seed() ^ number) * 0x9e3779b97f4a7c15u;
        x = (x ^ x >> 31) | 1;
    }
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    chaos_self.random = x;
    return x * 0x2545f4914f6cdd1du >> 16;
}

/* How many events pass before the next that counts, if one in `rate` does. */
static int64_t chaos_interval(uint64_t rate)
{
    return rate == 0 ? INT64_MAX / 2 : (int64_t)(chaos_random() % (2 * rate));
}

static int64_t chaos_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Short ones are as frequent as long ones, on a logarithmic scale. */
static void chaos_spin(void)
{
    int64_t length = (int64_t)SPIN_LEAST << chaos_random() % SPIN_DOUBLINGS;
    for (int64_t end = chaos_now() + length; chaos_now() < end;)
        continue;
}

static void chaos_sleep(void)
{
    struct timespec length = {0, (long)(chaos_random() % SLEEP_MOST)};
    nanosleep(&length, NULL);
}

void chaos_pause(void)
{
    bool is_new = chaos_self.random == 0;
    uint64_t choice = chaos_random() % 100;
    chaos_self.points = chaos_interval(chaos_pause_rate()); /* first: what follows is no place for another */
    if (is_new || chaos_pause_rate() == 0)
        return;
    int saved = errno;
    if (choice < SLEEPS)
        chaos_sleep();
    else if (choice < SLEEPS + YIELDS)
        sched_yield();
    else
        chaos_spin();
    errno = saved;
}

/* At a call that is rare and matters: a pause every other time. */
static void chaos_often(void)
{
    if (chaos_random() % 2)
        chaos_pause();
}

/* The linker puts these around what the library calls: while a thief waits for a barrier, its token stands, and a
 * thread that is about to sleep, or to wake another, has announced it. */
bool __real_rovei_barrier_heavy(void);
bool __wrap_rovei_barrier_heavy(void);
void __real_rovei_futex_wait(_Atomic uint32_t *word, uint32_t expected);
void __wrap_rovei_futex_wait(_Atomic uint32_t *word, uint32_t expected);
void __real_rovei_futex_wake(_Atomic uint32_t *word, int count);
void __wrap_rovei_futex_wake(_Atomic uint32_t *word, int count);

bool __wrap_rovei_barrier_heavy(void)
{
    chaos_often();
    bool has_passed = __real_rovei_barrier_heavy();
    chaos_often();
    return has_passed;
}

void __wrap_rovei_futex_wait(_Atomic uint32_t *word, uint32_t expected)
{
    chaos_often();
    __real_rovei_futex_wait(word, expected);
}

void __wrap_rovei_futex_wake(_Atomic uint32_t *word, int count)
{
    chaos_often();
    __real_rovei_futex_wake(word, count);
}

/* 0 says that somebody is hungry. */
void chaos_hunger(uintptr_t *limit)
{
    bool is_new = chaos_self.random == 0;
    chaos_self.hungers = chaos_interval(chaos_hunger_rate());
    if (!is_new && chaos_hunger_rate() != 0)
        __atomic_store_n(limit, 0, __ATOMIC_RELAXED);
}
