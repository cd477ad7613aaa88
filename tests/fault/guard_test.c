/*
 * A worker that overruns its stack: with ROVE_GUARD, or `name_overruns`, a line names the worker and the task before
 * the process dies as it would have died anyway; without, nothing is said.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>
#include <sys/resource.h>
#include <unistd.h>

static char text[4096];
static int text_pipe[2];

/* Uses a good KiB of stack a call. */
__attribute__((noinline)) static int dig(int depth)
{
    volatile char room[1024];
    room[0] = (char)depth;
    return depth == 0 ? 0 : dig(depth - 1) + room[0];
}

static int overrun_on_pool_thread(void *arg)
{
    (void)arg;
    if (rove_worker_state()) /* a pool thread */
        _exit(dig(INT_MAX) == 0 ? 98 : 99);
    return 0;
}

static void *start(int worker, void *arg)
{
    static int state;
    (void)worker;
    (void)arg;
    return &state;
}

/* The caller sleeps, so that a pool thread has to run the task. */
static int runtime_in_child(void *name_overruns)
{
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    dup2(text_pipe[1], STDERR_FILENO);
    rove_config config;
    rove_config_default(&config);
    config.name = "digger";
    config.workers = 1;
    config.stack_size = 256 * 1024;
    config.hooks.worker_start = start;
    config.name_overruns = *(bool *)name_overruns;
    rove_runtime *runtime;
    if (rove_runtime_create(&runtime, &config, NULL) != ROVE_OK)
        return 3;
    rove_group group = {.runtime = runtime};
    if (rove_group_spawn(&group, overrun_on_pool_thread, NULL) != ROVE_OK)
        return 4;
    for (;;)
        pause();
}

static void run(bool name_overruns)
{
    TEST_CHECK(pipe2(text_pipe, O_CLOEXEC | O_NONBLOCK) == 0, "pipe: %s", strerror(errno));
    struct test_outcome outcome = test_in_child(runtime_in_child, &name_overruns, 50, false);
    close(text_pipe[1]);
    ssize_t length = read(text_pipe[0], text, sizeof text - 1);
    text[length > 0 ? length : 0] = '\0';
    close(text_pipe[0]);
    bool is_dead = test_is_sanitized() ? outcome.end != TEST_END_HANG && outcome.code != 0
                                       : outcome.end == TEST_END_SIGNAL && outcome.code == SIGSEGV;
    TEST_CHECK(is_dead, "end %d, code %d, text: %s", (int)outcome.end, outcome.code, text);
}

static void overrun_names_worker_and_task(void)
{
    run(true);
    TEST_CHECK(strstr(text, "rove: stack overrun: "), "%s", text);
    TEST_CHECK(strstr(text, "by worker 0 of digger, in a task that runs 0x"), "%s", text);
}

static void environment_asks_too(void)
{
    setenv("ROVE_GUARD", "1", 1);
    run(false);
    unsetenv("ROVE_GUARD");
    TEST_CHECK(strstr(text, "by worker 0 of digger"), "%s", text);
}

static void nothing_is_said_unasked(void)
{
    run(false);
    TEST_CHECK(!strstr(text, "rove:"), "%s", text);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"overrun_names_worker_and_task", overrun_names_worker_and_task},
        {"environment_asks_too", environment_asks_too},
        {"nothing_is_said_unasked", nothing_is_said_unasked},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 0);
}
