/*
 * micro/wake by hand: one thread sleeps on a futex and another wakes it. No scheduler can be faster.
 */
#include "micro/latency.h"
#include "micro/wake/wake.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Atomic uint32_t wake_ticket;     /* number of the last hand-over */
static _Atomic int64_t wake_ticket_seen; /* when the sleeper saw it, in nanoseconds; 0: it has not */

static void *sleeper(void *arg)
{
    (void)arg;
    for (int64_t i = 0; i < wake_samples; i++) {
        while (atomic_load_explicit(&wake_ticket, memory_order_acquire) == (uint32_t)i)
            syscall(SYS_futex, &wake_ticket, FUTEX_WAIT_PRIVATE, (uint32_t)i, NULL, NULL, 0);
        atomic_store_explicit(&wake_ticket_seen, perf_now_ns(), memory_order_release);
    }
    return NULL;
}

static void hand_over(int64_t number)
{
    atomic_store_explicit(&wake_ticket_seen, 0, memory_order_relaxed);
    wake_pause(WAKE_SETTLE_US);
    int64_t begin = perf_now_ns();
    atomic_store_explicit(&wake_ticket, (uint32_t)number + 1, memory_order_release);
    syscall(SYS_futex, &wake_ticket, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    int64_t seen = 0;
    while (seen == 0) {
        wake_pause(WAKE_POLL_US);
        seen = atomic_load_explicit(&wake_ticket_seen, memory_order_acquire);
    }
    perf_latency_add(seen - begin);
}

static void wake_futex_with(void *(*sleep)(void *arg))
{
    pthread_t thread;
    atomic_store(&wake_ticket, 0);
    if (pthread_create(&thread, NULL, sleep, NULL) != 0) {
        fprintf(stderr, "rove-bench: micro/wake: no thread can be started\n");
        exit(EXIT_FAILURE);
    }
    for (int64_t i = 0; i < wake_samples; i++)
        hand_over(i);
    pthread_join(thread, NULL);
}

void wake_futex(void)
{
    wake_futex_with(sleeper);
}

static cpu_set_t wake_allowed; /* the processors that the program may use; a new thread takes over its starter's */

/* Binds the calling thread to one of them. */
static void bind_to(int which)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    which %= CPU_COUNT(&wake_allowed);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &wake_allowed) && which-- == 0)
            CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
}

static void *bound_sleeper(void *arg)
{
    bind_to(1);
    return sleeper(arg);
}

void wake_futex_bound(void)
{
    sched_getaffinity(0, sizeof wake_allowed, &wake_allowed);
    bind_to(0);
    wake_futex_with(bound_sleeper);
    sched_setaffinity(0, sizeof wake_allowed, &wake_allowed);
}
