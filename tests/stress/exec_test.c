/*
 * fork and exec while runtimes are at work: the new program starts with nothing of Rove's (no descriptor, no blocked
 * signal), makes a runtime of its own, and leaves.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <rove/rove.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/storm.h>
#include <sys/wait.h>
#include <unistd.h>

static const char NEW_PROGRAM[] = "--new-program";

/* What main does in the new program; `descriptors` is how many its parent would have it inherit. Returns 0, or which
 * step went wrong. */
static int new_program(int descriptors)
{
    alarm(60); /* ends a program that hangs */
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    for (int signal = 1; signal < NSIG; signal++)
        if (sigismember(&blocked, signal) == 1)
            return 2;
    if (test_descriptor_count() > descriptors)
        return 3;
    if (!freopen("/dev/null", "w", stdout)) /* the parent has said all that there is to say */
        return 6;
    rove_runtime *runtime = NULL;
    rove_config config;
    rove_config_default(&config);
    config.workers = 2;
    config.oversubscribe = true;
    if (rove_runtime_create(&runtime, &config, NULL) != ROVE_OK)
        return 4;
    storm_in(runtime, 500, 1, STORM_ALL);
    storm_in(NULL, 100, 2, STORM_ALL);
    return rove_runtime_destroy(runtime) == ROVE_OK ? 0 : 5;
}

extern char **environ;

static struct {
    rove_runtime *runtime;
    char descriptors[16];
    atomic_bool over;
} load;

static char *arguments[] = {"stress.exec", (char *)NEW_PROGRAM, load.descriptors, NULL};

static pid_t start_by_fork(void)
{
    pid_t child = fork();
    if (child == 0) {
        execv("/proc/self/exe", arguments);
        _exit(127);
    }
    return child;
}

static pid_t start_by_spawn(void)
{
    pid_t child = -1;
    int error = posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ);
    TEST_CHECK(error == 0, "posix_spawn: %s", strerror(error));
    return child;
}

static void start_and_check(int64_t round)
{
    pid_t child = round % 2 ? start_by_spawn() : start_by_fork();
    TEST_CHECK(child > 0, "fork: %s", strerror(errno));
    int status;
    TEST_CHECK(waitpid(child, &status, 0) == child, "waitpid: %s", strerror(errno));
    TEST_CHECK(WIFEXITED(status), "round %lld: signal %d", (long long)round, WTERMSIG(status));
    TEST_CHECK(WEXITSTATUS(status) == 0, "round %lld: step %d went wrong in the new program", (long long)round,
               WEXITSTATUS(status));
}

static void start_in_a_task(void *round)
{
    start_and_check(*(int64_t *)round);
}

static void player(void *arg)
{
    int number = *(int *)arg;
    int64_t rounds = test_scaled(100, 10);
    for (uint64_t round = 0; number > 0 && !atomic_load(&load.over); round++)
        storm_in(number % 2 ? load.runtime : NULL, 2000, round * 10 + (uint64_t)number, STORM_ALL);
    for (int64_t round = 0; number == 0 && round < rounds; round++) {
        if (round % 4 < 2)
            start_and_check(round);
        else
            TEST_CHECK(rove_run(load.runtime, start_in_a_task, &round) == ROVE_OK, "run");
    }
    if (number == 0)
        atomic_store(&load.over, true);
}

static void under_load(void)
{
    int numbers[] = {0, 1, 2};
    snprintf(load.descriptors, sizeof load.descriptors, "%d", test_descriptor_count());
    load.runtime = test_runtime(4);
    storm_in(NULL, 100, 1, STORM_ALL); /* makes the default runtime */
    atomic_store(&load.over, false);
    test_on_threads(3, player, numbers, sizeof numbers[0]);
    test_runtime_end(load.runtime);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {{"under_load", under_load}};
    if (argc == 3 && strcmp(argv[1], NEW_PROGRAM) == 0)
        return new_program(atoi(argv[2]));
    char seed[24];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)test_seed());
    setenv("ROVE_TEST_SEED", seed, 1);
    setenv("HWLOC_PLUGINS_PATH", "/nonexistent", 1); /* loading hwloc's plugins would be most of a program's life */
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 120);
}
