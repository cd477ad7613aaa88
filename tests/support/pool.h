/*
 * What the tests of pools share: gates that hold a worker until they are opened, a log of the jobs that have run, threads
 * that are known to sleep, and pools whose books must balance at the end.
 */
#ifndef TESTS_POOL_H
#define TESTS_POOL_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <support/support.h>

/* Holds jobs back. A job that waits here keeps its worker and its place in the pool: it is in no blocking region. */
struct test_gate {
    sem_t entered;
    sem_t open;
};

void test_gate_init(struct test_gate *gate);
void test_gate_fini(struct test_gate *gate);
int test_gate_job(void *gate, void **value);           /* says that it has entered, and waits */
void test_gate_await(struct test_gate *gate);          /* returns when one more job has entered */
void test_gate_open(struct test_gate *gate, int jobs); /* lets so many go on */

/* The ids of the jobs that have run, in the order of their starts. */
enum { TEST_LOG_MAX = 20000 };

struct test_log {
    _Atomic int count;
    _Atomic uint64_t ids[TEST_LOG_MAX];
};

int test_log_job(void *log, void **value); /* notes the id of the job that it is */
void test_log_expect(const struct test_log *log, const uint64_t *ids, int count);

/* Counts its runs, and discards, in an atomic_int. */
int test_count_job(void *count, void **value);
void test_count_discard(void *count);

/* The defaults, and which runtime. */
rove_pool_config test_pool_config(rove_runtime *runtime);
/* Creates it, or fails the test. */
rove_pool *test_pool(const rove_pool_config *config);
rove_pool_stats test_pool_stats(const rove_pool *pool);
/* Fails unless everything that was accepted has ended, and all sums agree. */
void test_pool_check(const rove_pool *pool);
/* Returns when so many threads have found the queue full, and wait for room in it. */
void test_pool_await_submitters(rove_pool *pool, int count);
/* Drains the pool, checks its books, and destroys it. */
void test_pool_end(rove_pool *pool);

/* A pool on a runtime of one worker, whose only place is taken by a job at the gate: what is submitted waits. */
struct test_held {
    rove_runtime *runtime;
    rove_pool *pool;
    struct test_gate gate;
};

enum { TEST_HELD_ID = 4711 }; /* the id of the job at the gate */

/* `config` may be NULL; its runtime and width are set. */
void test_held_begin(struct test_held *held, const rove_pool_config *config);
void test_held_release(struct test_held *held);
/* The gate must have been opened. */
void test_held_end(struct test_held *held);

/* A thread that is no worker. */
struct test_thread {
    pthread_t thread;
    _Atomic int number; /* of the system; 0 before it runs */
    void (*fn)(void *arg);
    void *arg;
};

void test_thread_start(struct test_thread *thread, void (*fn)(void *arg), void *arg);
/* Returns when the thread sleeps, or has ended. */
void test_thread_await_asleep(struct test_thread *thread);
void test_thread_join(struct test_thread *thread);

#endif
