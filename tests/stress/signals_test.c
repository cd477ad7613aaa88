/*
 * Signals, ten thousand a second: they interrupt system calls wherever they hit, because the handler was installed
 * without SA_RESTART. Nothing is lost, nothing runs twice, errno is the thread's own, and no worker of the pool sees a
 * signal that was meant for the process.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <rove/rove.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/storm.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PLAYERS = 3, INTERVAL_NS = 100000 };

static struct {
    rove_runtime *runtime;
    atomic_bool over;
    _Atomic int64_t on_workers; /* handled by pool threads */
    _Atomic int64_t on_others;
    int64_t rounds;
} field;

static _Thread_local bool is_pool_thread;

static void handle(int signal)
{
    (void)signal;
    int saved = errno;
    atomic_fetch_add_explicit(is_pool_thread ? &field.on_workers : &field.on_others, 1, memory_order_relaxed);
    errno = saved;
}

static void install(int signal)
{
    struct sigaction action = {.sa_handler = handle};
    sigemptyset(&action.sa_mask);
    TEST_CHECK(sigaction(signal, &action, NULL) == 0, "sigaction: %s", strerror(errno));
}

static void block(int signal)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* Sends a signal to every thread of the process but the own one, pool threads and the watchdog included. */
static void pelt_all_threads(int signal)
{
    DIR *folder = opendir("/proc/self/task");
    TEST_CHECK(folder, "/proc/self/task: %s", strerror(errno));
    for (struct dirent *entry; (entry = readdir(folder));) {
        pid_t thread = (pid_t)atoi(entry->d_name);
        if (thread > 0 && thread != (pid_t)syscall(SYS_gettid))
            syscall(SYS_tgkill, getpid(), thread, signal);
    }
    closedir(folder);
}

static void *pelt_process(void *arg)
{
    int signal = *(int *)arg;
    block(signal);
    for (int64_t next = test_now_ns(); !atomic_load(&field.over); next += INTERVAL_NS) {
        if (signal == SIGPROF)
            pelt_all_threads(signal);
        else
            kill(getpid(), signal);
        while (test_now_ns() < next)
            usleep(20);
    }
    return NULL;
}

static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void *pool_thread_starts(int worker, void *arg)
{
    (void)worker;
    (void)arg;
    is_pool_thread = true;
    return NULL;
}

static rove_runtime *runtime_make(int workers)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = workers;
    config.oversubscribe = true;
    config.hooks.worker_start = pool_thread_starts;
    rove_runtime *runtime = NULL;
    TEST_CHECK(rove_runtime_create(&runtime, &config, NULL) == ROVE_OK, "create");
    return runtime;
}

/* Everything in which a thread may block: storms as a guest, waits outside, runtimes that come and go. */
static void play(void *arg)
{
    uint64_t number = *(uint64_t *)arg;
    for (int64_t round = 0; round < field.rounds; round++) {
        errno = 4711;
        storm_in(field.runtime, 2000, number * 100000 + (uint64_t)round, STORM_ALL);
        rove_group group = {.runtime = field.runtime};
        for (int i = 0; i < 3; i++)
            TEST_CHECK(rove_group_spawn(&group, do_nothing, NULL) == ROVE_OK, "spawn");
        TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
        TEST_CHECK(errno == 4711, "errno is %d", errno);
        if (round % 50 == (int64_t)number) {
            rove_runtime *own = runtime_make(2);
            storm_in(own, 500, (uint64_t)round, STORM_ALL);
            TEST_CHECK(rove_runtime_destroy(own) == ROVE_OK, "destroy");
        }
        TEST_CHECK(rove_set_workers(field.runtime, 1 + (int)(round % 6)) == ROVE_OK, "set");
    }
}

static void pelt(int signal)
{
    uint64_t numbers[PLAYERS] = {0, 1, 2};
    pthread_t sender;
    field.runtime = runtime_make(4);
    field.rounds = test_scaled(3000, 20);
    atomic_store(&field.over, false);
    atomic_store(&field.on_workers, 0);
    atomic_store(&field.on_others, 0);
    install(signal);
    TEST_CHECK(pthread_create(&sender, NULL, pelt_process, &signal) == 0, "the sender");
    test_on_threads(PLAYERS, play, numbers, sizeof numbers[0]);
    while (!atomic_load(&field.on_others) || (signal == SIGPROF && !atomic_load(&field.on_workers)))
        test_yield(); /* the sender may come late; if no signal comes, the watchdog does */
    atomic_store(&field.over, true);
    pthread_join(sender, NULL);
    printf("  %lld signals on pool threads, %lld on others\n", (long long)atomic_load(&field.on_workers),
           (long long)atomic_load(&field.on_others));
    TEST_CHECK(rove_runtime_destroy(field.runtime) == ROVE_OK, "destroy");
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(signal, &ignore, NULL);
}

/* Pool threads have blocked it. */
static void to_the_process(void)
{
    pelt(SIGUSR1);
    TEST_CHECK(atomic_load(&field.on_workers) == 0, "pool threads have handled %lld signals",
               (long long)atomic_load(&field.on_workers));
}

/* The profiler's signal is open on pool threads too: it hits them in their sleep, in barriers, at every step. */
static void to_every_thread(void)
{
    pelt(SIGPROF);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"to_the_process", to_the_process},
        {"to_every_thread", to_every_thread},
    };
    setenv("HWLOC_PLUGINS_PATH", "/nonexistent", 1); /* loading hwloc's plugins would be most of a runtime's life */
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 120);
}
