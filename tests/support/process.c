/*
 * The process as the tests see it: the watchdog, children, and what /proc says.
 */
#define _GNU_SOURCE
#include "support.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A thread and not an alarm signal: ThreadSanitizer holds signals back while a thread is stuck in a system call. */
static struct {
    pthread_once_t once;
    atomic_bool started;
    _Atomic int64_t deadline; /* in seconds of the monotonic clock; 0: none */
    _Atomic int64_t quarter;  /* when a quarter of the time until then has passed */
    _Atomic(rove_runtime *) runtime;
} watchdog = {.once = PTHREAD_ONCE_INIT};

static int64_t seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void sleep_ms(long ms)
{
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static void dump_file(const char *thread, const char *name)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/self/task/%.20s/%s", thread, name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    text[size < 0 ? 0 : size] = '\0';
    text[strcspn(text, "\n")] = '\0';
    fprintf(stderr, " %s", text);
}

static void dump_threads(void)
{
    DIR *folder = opendir("/proc/self/task");
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        fprintf(stderr, "thread %s:", entry->d_name);
        dump_file(entry->d_name, "comm");
        dump_file(entry->d_name, "wchan");
        dump_file(entry->d_name, "syscall");
        dump_file(entry->d_name, "stat");
        fputc('\n', stderr);
    }
    if (folder)
        closedir(folder);
}

static void dump_runtime(const rove_runtime *runtime)
{
    fprintf(stderr, "runtime: %d workers, numbers below %d\n", rove_worker_count(runtime), rove_worker_limit(runtime));
    for (int i = -1; i < rove_worker_limit(runtime); i++) {
        rove_stats s;
        if ((i < 0 ? rove_runtime_stats(runtime, &s) : rove_worker_stats(runtime, i, &s)) ||
            (i >= 0 && !s.steals_empty && !s.executed && !s.parks))
            continue;
        fprintf(stderr,
                "%s %d: spawned %llu executed %llu stolen_forks %llu steals %llu empty %llu lost %llu injected %llu "
                "doorbells %llu forced %llu inline %llu growths %llu parks %llu wakes %llu threads_refused %llu\n",
                i < 0 ? "all" : "worker", i, (unsigned long long)s.spawned, (unsigned long long)s.executed,
                (unsigned long long)s.stolen_forks, (unsigned long long)s.steals, (unsigned long long)s.steals_empty,
                (unsigned long long)s.steals_lost, (unsigned long long)s.injected, (unsigned long long)s.doorbells,
                (unsigned long long)s.forced, (unsigned long long)s.inline_runs, (unsigned long long)s.growths,
                (unsigned long long)s.parks, (unsigned long long)s.wakes, (unsigned long long)s.threads_refused);
    }
}

/* Stacks of all threads, where there is a gdb that may look. */
static void dump_stacks(void)
{
    char process[24];
    snprintf(process, sizeof process, "%d", (int)getpid());
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    pid_t child = fork();
    if (child == 0) {
        dup2(STDERR_FILENO, STDOUT_FILENO);
        alarm(60);
        execlp("gdb", "gdb", "-p", process, "-batch", "-ex", "thread apply all bt 12", (char *)NULL);
        _exit(127);
    }
    if (child > 0)
        waitpid(child, NULL, 0);
}

static void *watchdog_run(void *arg)
{
    (void)arg;
    for (;;) {
        sleep_ms(200);
        int64_t deadline = atomic_load(&watchdog.deadline);
        if (deadline == 0 || seconds_now() < deadline)
            continue;
        fprintf(stderr, "watchdog: the test hangs (ROVE_TEST_SEED=%llu)\n", (unsigned long long)test_seed());
        dump_threads();
        rove_runtime *runtime = atomic_load(&watchdog.runtime);
        if (runtime)
            dump_runtime(runtime);
        dump_stacks();
        abort();
    }
    return NULL;
}

static void watchdog_start(void)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, watchdog_run, NULL);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    TEST_CHECK(error == 0, "the watchdog's thread: %s", strerror(error));
    atomic_store(&watchdog.started, true);
}

void test_watchdog(unsigned seconds)
{
    if (seconds == 0 && !atomic_load(&watchdog.started))
        return;
    const char *text = getenv("ROVE_TEST_TIMEOUT");
    if (text && seconds)
        seconds = (unsigned)strtoul(text, NULL, 10);
    else if (test_is_sanitized())
        seconds *= 3;
    pthread_once(&watchdog.once, watchdog_start);
    atomic_store(&watchdog.quarter, seconds ? seconds_now() + (int64_t)seconds / 4 : INT64_MAX);
    atomic_store(&watchdog.deadline, seconds ? seconds_now() + (int64_t)seconds : 0);
}

bool test_once_goes_on(struct test_once *once, int64_t next)
{
    enum { LEAST = 100 };
    if (next < once->count && (next < LEAST || seconds_now() < atomic_load(&watchdog.quarter)))
        return true;
    once->made = next;
    return false;
}

void test_watch_runtime(rove_runtime *runtime)
{
    atomic_store(&watchdog.runtime, runtime);
}

static bool child_wait(pid_t child, unsigned seconds, int *status)
{
    for (int64_t deadline = seconds_now() + (int64_t)seconds + 1;; sleep_ms(1)) {
        pid_t ended = waitpid(child, status, WNOHANG);
        TEST_CHECK(ended >= 0 || errno == EINTR, "waitpid: %s", strerror(errno));
        if (ended == child)
            return true;
        if (seconds_now() > deadline)
            return false;
    }
}

struct test_outcome test_in_child(int (*fn)(void *arg), void *arg, unsigned seconds, bool quiet)
{
    fflush(NULL);
    test_seed();
    pid_t child = fork();
    TEST_CHECK(child >= 0, "fork: %s", strerror(errno));
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int sink = quiet ? open("/dev/null", O_WRONLY) : -1;
        if (sink >= 0) {
            dup2(sink, STDERR_FILENO);
            dup2(sink, STDOUT_FILENO);
        }
        int code = fn(arg);
        fflush(NULL);
        _exit(code);
    }
    int status;
    if (!child_wait(child, seconds, &status)) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        return (struct test_outcome){TEST_END_HANG, 0};
    }
    if (WIFSIGNALED(status))
        return (struct test_outcome){TEST_END_SIGNAL, WTERMSIG(status)};
    return (struct test_outcome){TEST_END_EXIT, WEXITSTATUS(status)};
}

static int entries_count(const char *path)
{
    DIR *folder = opendir(path);
    TEST_CHECK(folder, "%s: %s", path, strerror(errno));
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

/* Whether the thread is gone, or on its last steps: the flag is set before whoever joins it is told. */
static bool thread_is_ending(const char *thread)
{
    enum { PF_EXITING = 4 }; /* the kernel's name */
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/self/task/%.20s/stat", thread);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return true;
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    text[size < 0 ? 0 : size] = '\0';
    const char *name_end = strrchr(text, ')');
    unsigned flags;
    return !name_end || sscanf(name_end + 1, " %*c %*d %*d %*d %*d %*d %u", &flags) != 1 || flags & PF_EXITING;
}

int test_thread_count(void)
{
    DIR *folder = opendir("/proc/self/task");
    TEST_CHECK(folder, "/proc/self/task: %s", strerror(errno));
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.' && !thread_is_ending(entry->d_name);
    closedir(folder);
    return count - (atomic_load(&watchdog.started) ? 1 : 0);
}

int test_descriptor_count(void)
{
    return entries_count("/proc/self/fd") - 1; /* the folder that is being read */
}

int test_mapping_count(void)
{
    FILE *file = fopen("/proc/self/maps", "r");
    TEST_CHECK(file, "/proc/self/maps: %s", strerror(errno));
    int count = 0;
    for (int c; (c = getc(file)) != EOF;)
        count += c == '\n';
    fclose(file);
    return count;
}

int64_t test_resident_kib(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long long size, resident;
    TEST_CHECK(file && fscanf(file, "%lld %lld", &size, &resident) == 2, "/proc/self/statm: %s", strerror(errno));
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

void test_wait_for_threads(int count)
{
    while (test_thread_count() != count)
        sleep_ms(1);
}
