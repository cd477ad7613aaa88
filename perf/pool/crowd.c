/*
 * Threads that submit at the same time.
 */
#include "pool/crowd.h"

#include "pool/timer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct member {
    pthread_t thread;
    pthread_barrier_t *start;
    void (*body)(int64_t begin, int64_t end, void *arg);
    void *arg;
    int64_t begin;
    int64_t end;
};

static void *member_run(void *arg)
{
    const struct member *member = arg;
    pthread_barrier_wait(member->start);
    member->body(member->begin, member->end, member->arg);
    return NULL;
}

void perf_crowd_run(int threads, int64_t count, void (*body)(int64_t begin, int64_t end, void *arg), void *arg)
{
    struct member members[PERF_CROWD_MAX];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, (unsigned)threads + 1);
    for (int i = 0; i < threads; i++) {
        members[i] = (struct member){
            .start = &start, .body = body, .arg = arg, .begin = count * i / threads, .end = count * (i + 1) / threads};
        if (pthread_create(&members[i].thread, NULL, member_run, &members[i]) != 0) {
            fprintf(stderr, "rove-bench: no thread can be started\n");
            exit(EXIT_FAILURE);
        }
    }
    perf_timer_begin();
    pthread_barrier_wait(&start);
    for (int i = 0; i < threads; i++)
        pthread_join(members[i].thread, NULL);
    pthread_barrier_destroy(&start);
}
