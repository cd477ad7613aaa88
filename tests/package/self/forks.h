/*
 * Whether what an object forks reaches the deque of the worker that forks it, on guests as well as on pool threads.
 * Each object that includes this checks its own inline forks and joins, and asks them, by rovei_self_deque, which deque
 * they use. C11 and C++17.
 */
#ifndef TESTS_PACKAGE_FORKS_H
#define TESTS_PACKAGE_FORKS_H

#include <rove/rove.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A task that wants to be stolen, or looks from where it was; `inner` is one that it forks itself. */
struct loot {
    rove_task task;
    struct loot *inner;
    struct rovei_deque *deque;
    int worker;
    bool is_wrong; /* `inner` was not stolen within half a minute, or the deque became another one */
    bool is_over;
};

static inline void forks_nothing(rove_task *task)
{
    (void)task;
}

static inline void forks_loot(rove_task *task);

/* Notes where it is, then forks `inner` and forks and joins other tasks until a thief has run it. */
static inline void forks_look(struct loot *loot)
{
    loot->deque = rovei_self_deque();
    loot->worker = rove_worker_id();
    loot->is_wrong = false;
    if (loot->inner) {
        rove_fork(&loot->inner->task, forks_loot);
        time_t limit = time(NULL) + 30;
        while (!__atomic_load_n(&loot->inner->is_over, __ATOMIC_ACQUIRE) && !loot->is_wrong) {
            rove_task other;
            rove_fork(&other, forks_nothing);
            rove_join(&other, forks_nothing);
            loot->is_wrong = time(NULL) > limit;
        }
        rove_join(&loot->inner->task, forks_loot);
    }
    if (rovei_self_deque() != loot->deque)
        loot->is_wrong = true;
    __atomic_store_n(&loot->is_over, true, __ATOMIC_RELEASE);
}

static inline void forks_loot(rove_task *task)
{
    forks_look((struct loot *)task);
}

static inline void forks_run(void *loot)
{
    forks_look((struct loot *)loot);
}

/* Returns 0 if all is well, else 1 and says what is wrong with `object`. `runtime` has three workers, or more. */
static inline int forks_check(const char *object, rove_runtime *runtime)
{
    struct loot last, middle, first;
    memset(&last, 0, sizeof last);
    memset(&middle, 0, sizeof middle);
    memset(&first, 0, sizeof first);
    first.inner = &middle;
    middle.inner = &last;
    rove_task other;
    rove_fork(&other, forks_nothing);
    rove_join(&other, forks_nothing);
    struct rovei_deque *before = rovei_self_deque();
    const char *wrong = NULL;
    if (rove_run(runtime, forks_run, &first) != ROVE_OK)
        wrong = "it cannot run anything";
    else if (first.is_wrong || middle.is_wrong || last.is_wrong)
        wrong = "a fork of its was not stolen, or a task changed its deque";
    else if (first.worker < 0 || middle.worker < 0 || last.worker < 0 || first.worker == middle.worker ||
             middle.worker == last.worker)
        wrong = "a stolen task did not change its worker";
    else if (first.deque == before || middle.deque == before || last.deque == before)
        wrong = "a worker forks to where threads fork that are none";
    else if (first.deque == middle.deque || middle.deque == last.deque)
        wrong = "two workers fork to one deque";
    else if (rovei_self_deque() != before)
        wrong = "a thread that has left the runtime does not fork to where it did before";
    if (wrong)
        printf("%s: %s\n", object, wrong);
    return wrong ? 1 : 0;
}

/* The same in a runtime of its own. */
static inline int forks_check_alone(const char *object)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = 3;
    config.oversubscribe = true;
    rove_runtime *runtime;
    if (rove_runtime_create(&runtime, &config, NULL) != ROVE_OK) {
        printf("%s: no runtime\n", object);
        return 1;
    }
    int failures = forks_check(object, runtime);
    rove_runtime_destroy(runtime);
    return failures;
}

#endif
