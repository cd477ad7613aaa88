/*
 * membarrier(2) is refused, by a seccomp filter as containers have them: from the start, or all of a sudden while the
 * runtime is at work. Forced publication and its barriers are then not to be had; the work is done all the same.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <rove/rove.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <support/storm.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* For all threads of the process. Returns false if the system does not take the filter. */
static bool membarrier_refuse(int error)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((uint32_t)error & SECCOMP_RET_DATA)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return false;
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
        return false;
    return syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0) == -1 && errno == error;
}

enum { SKIPPED = 77 };

static void work(int64_t tasks)
{
    for (int workers = 1; workers <= 8; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        storm_in(runtime, tasks, (uint64_t)workers, STORM_ALL);
        storm_in(runtime, tasks, (uint64_t)workers + 10, STORM_FORK | STORM_CALL);
        for (int i = 0; i < 200; i++)
            storm_in(runtime, 30, (uint64_t)i, STORM_ALL);
        test_runtime_end(runtime);
    }
}

static int refused_from_the_start(void *arg)
{
    if (!membarrier_refuse(*(int *)arg))
        return SKIPPED;
    work(test_scaled(200000, 1000));
    return 0;
}

/* Storms of several threads, one of which puts the filter up in the middle. */
static struct {
    rove_runtime *runtime;
    int error;
    atomic_bool skipped;
    int64_t rounds;
} field;

static void storm_and_refuse(void *arg)
{
    int number = *(int *)arg;
    for (int64_t round = 0; round < field.rounds; round++) {
        if (number == 0 && round == field.rounds / 3 && !membarrier_refuse(field.error))
            atomic_store(&field.skipped, true);
        storm_in(field.runtime, 1 + round % 7 * 300, (uint64_t)(round * 10 + number), STORM_ALL);
    }
}

static int refused_later(void *arg)
{
    int numbers[] = {0, 1, 2};
    field.error = *(int *)arg;
    field.rounds = test_scaled(600, 30);
    field.runtime = test_runtime(4);
    test_on_threads(3, storm_and_refuse, numbers, sizeof numbers[0]);
    TEST_CHECK(rove_set_workers(field.runtime, 6) == ROVE_OK, "more workers");
    storm_in(field.runtime, 10000, 1, STORM_ALL);
    test_runtime_end(field.runtime);
    return atomic_load(&field.skipped) ? SKIPPED : 0;
}

/* Workers that are asleep when the filter comes must still be woken after it. */
static int refused_while_asleep(void *arg)
{
    rove_runtime *runtime = test_runtime(4);
    storm_in(runtime, 2000, 1, STORM_ALL);
    usleep(20000);
    if (!membarrier_refuse(*(int *)arg))
        return SKIPPED;
    for (int i = 0; i < 300; i++)
        storm_in(runtime, 1 + i % 50 * 10, (uint64_t)i, STORM_ALL);
    test_runtime_end(runtime);
    return 0;
}

static void in_children(int (*fn)(void *arg))
{
    static int errors[] = {EPERM, ENOSYS, EINVAL};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        struct test_outcome outcome = test_in_child(fn, &errors[i], 60, false);
        if (outcome.end == TEST_END_EXIT && outcome.code == SKIPPED) {
            printf("  skipped: this system takes no seccomp filter\n");
            return;
        }
        TEST_CHECK(outcome.end == TEST_END_EXIT && outcome.code == 0, "%s: end %d, code %d", strerror(errors[i]),
                   (int)outcome.end, outcome.code);
    }
}

static void from_the_start(void)
{
    in_children(refused_from_the_start);
}

static void later(void)
{
    in_children(refused_later);
}

static void while_asleep(void)
{
    in_children(refused_while_asleep);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"from_the_start", from_the_start},
        {"later", later},
        {"while_asleep", while_asleep},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 0);
}
