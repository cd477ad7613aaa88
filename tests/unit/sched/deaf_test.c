/*
 * Work from outside while all workers sleep deep down in waits, where they do not run strangers.
 */
#include <rove/rove.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <support/idle.h>

#include <cmocka.h>

/* So many waits on top of each other that each worker is deaf, however the two divide both chains between them: a
 * worker that helps the other runs at most one chain to its end on top of the 32 waits in which it hears. */
enum { DEEP = 100 };

static rove_future promise;
static sem_t is_up;

static int descend(void *arg)
{
    int *depth = arg;
    if (*depth == DEEP)
        return (int)rove_future_wait(&promise, NULL);
    rove_group group = {0};
    int next = *depth + 1;
    assert_int_equal(rove_group_spawn(&group, descend, &next), ROVE_OK);
    rove_status status = rove_group_wait(&group);
    if (*depth == 0)
        sem_post(&is_up);
    return (int)status;
}

static int keep_promise(void *arg)
{
    (void)arg;
    return (int)rove_future_set(&promise, NULL);
}

static bool is_deaf(rove_runtime *runtime, int workers)
{
    int deaf = 0;
    for (int seat = 0; seat < runtime_slots(runtime) / 2; seat++) {
        struct rovei_worker *worker = runtime_pool(runtime, seat);
        deaf += worker && atomic_load(&worker->state) == WORKER_DEAF;
    }
    return deaf == workers;
}

static void test_work_from_outside_is_run_by_a_worker_that_is_deep_down(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 2; workers++) {
        rove_runtime *runtime = test_runtime(workers);
        int top[2] = {0, 0};
        rove_group groups[2] = {{.runtime = runtime}, {.runtime = runtime}};
        rove_group late = {.runtime = runtime};
        promise = (rove_future){.group.runtime = runtime};
        assert_int_equal(rove_future_promise(&promise), ROVE_OK);
        sem_init(&is_up, 0, 0);
        for (int i = 0; i < workers; i++)
            assert_int_equal(rove_group_spawn(&groups[i], descend, &top[i]), ROVE_OK);
        while (!is_deaf(runtime, workers))
            test_yield();
        assert_int_equal(rove_group_spawn(&late, keep_promise, NULL), ROVE_OK);
        for (int i = 0; i < workers; i++) /* without helping, as a wait for the group would */
            sem_wait(&is_up);
        for (int i = 0; i < workers; i++)
            assert_int_equal(rove_group_wait(&groups[i]), ROVE_OK);
        assert_int_equal(rove_group_wait(&late), ROVE_OK);
        assert_int_equal(rove_future_wait(&promise, NULL), ROVE_OK);
        sem_destroy(&is_up);
        test_runtime_end(runtime);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work_from_outside_is_run_by_a_worker_that_is_deep_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
