/*
 * A thread that overruns its stack: the line that names it, the end of the process, and everything that is no overrun
 * and must stay as it was. Each case runs in a child, since most of them end it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <runtime/platform/overrun.h>
#include <runtime/platform/thread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK_SIZE = 512 << 10, TEXT_SIZE = 1 << 16 };

/* What a child wrote on standard error, cut. */
static char text[TEXT_SIZE];
static int text_pipe[2];

struct child {
    int (*fn)(void *arg);
    void *arg;
};

static int child_run(void *arg)
{
    const struct child *child = arg;
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    dup2(text_pipe[1], STDERR_FILENO);
    return child->fn(child->arg);
}

/* Runs fn(arg) in a child and keeps what it says. */
static struct test_outcome run(int (*fn)(void *arg), void *arg)
{
    struct child child = {fn, arg};
    TEST_CHECK(pipe2(text_pipe, O_CLOEXEC | O_NONBLOCK) == 0, "pipe: %s", strerror(errno));
    struct test_outcome outcome = test_in_child(child_run, &child, 50, false);
    close(text_pipe[1]);
    size_t length = 0;
    for (ssize_t size; length < sizeof text - 1; length += (size_t)size)
        if ((size = read(text_pipe[0], text + length, sizeof text - 1 - length)) <= 0)
            break;
    text[length] = '\0';
    close(text_pipe[0]);
    return outcome;
}

/* A sanitizer's own handler was there before: it makes a report and ends the process its way. */
static void check_died(struct test_outcome outcome, int signal)
{
    bool is_dead = test_is_sanitized() ? outcome.end != TEST_END_HANG && outcome.code != 0
                                       : outcome.end == TEST_END_SIGNAL && outcome.code == signal;
    TEST_CHECK(is_dead, "end %d, code %d, text: %s", (int)outcome.end, outcome.code, text);
}

static void check_exit(struct test_outcome outcome, int code)
{
    TEST_CHECK(outcome.end == TEST_END_EXIT && outcome.code == code, "end %d, code %d, text: %s", (int)outcome.end,
               outcome.code, text);
}

static bool text_names_an_overrun(void)
{
    return strstr(text, "rove: stack overrun: ");
}

/* Uses a good KiB of stack a call. The array is volatile and read after the call: no compiler can make a loop of it. */
__attribute__((noinline)) static int dig(int depth)
{
    volatile char room[1024];
    room[0] = (char)depth;
    return depth == 0 ? 0 : dig(depth - 1) + room[0];
}

static void overrun_stack(void)
{
    _exit(dig(INT_MAX) == 0 ? 98 : 99); /* it must not come back */
}

static void *volatile nothing;

/* The fault is to come from the processor, and not from a sanitizer that looks first. */
__attribute__((no_sanitize("undefined"))) static void touch_nothing(void)
{
    *(volatile char *)nothing = 1;
}

/* A watched thread, and what is done on it. */
struct watched {
    const char *name;
    void (*act)(void);
    atomic_bool may_act;
    pthread_t thread;
    int error;
};

static void watched_describe(struct rovei_overrun_line *line, void *arg)
{
    const struct watched *watched = arg;
    rovei_overrun_say(line, watched->name);
    rovei_overrun_say(line, " of ");
    rovei_overrun_say_number(line, 1024);
    rovei_overrun_say(line, ", in a task that runs ");
    rovei_overrun_say_code(line, (uintptr_t)watched->act);
}

static void *watched_main(void *arg)
{
    struct watched *watched = arg;
    struct rovei_overrun overrun;
    watched->error = rovei_overrun_begin(&overrun, watched_describe, watched);
    while (!atomic_load(&watched->may_act))
        test_yield();
    watched->act();
    rovei_overrun_end(&overrun);
    return NULL;
}

static void watched_start(struct watched *watched, const char *name, void (*act)(void))
{
    watched->name = name;
    watched->act = act;
    atomic_store(&watched->may_act, false);
    int error = rovei_thread_start(&watched->thread, STACK_SIZE, watched_main, watched);
    TEST_CHECK(error == 0, "thread: %s", strerror(error));
}

static void watched_act(struct watched *watched)
{
    atomic_store(&watched->may_act, true);
    pthread_join(watched->thread, NULL);
    TEST_CHECK(watched->error == 0, "begin: %s", strerror(watched->error));
}

static void act_on_watched_thread(const char *name, void (*act)(void))
{
    static struct watched watched;
    watched_start(&watched, name, act);
    watched_act(&watched);
}

static void install(void)
{
    int error = rovei_overrun_install();
    TEST_CHECK(error == 0, "install: %s", strerror(error));
}

/* What a child does: sets the action of SIGSEGV if there is one, installs, and acts on a watched thread. */
struct scene {
    const char *name;
    void (*act)(void);
    const struct sigaction *previous;
};

static int scene_in_child(void *arg)
{
    const struct scene *scene = arg;
    if (scene->previous)
        sigaction(SIGSEGV, scene->previous, NULL);
    install();
    install(); /* must not take its own handler for that of before */
    act_on_watched_thread(scene->name, scene->act);
    return 6;
}

static struct test_outcome run_scene(const char *name, void (*act)(void), const struct sigaction *previous)
{
    struct scene scene = {name, act, previous};
    return run(scene_in_child, &scene);
}

static void overrun_is_named_and_ends_the_process(void)
{
    check_died(run_scene("worker 7", overrun_stack, NULL), SIGSEGV);
    TEST_CHECK(strstr(text, " by worker 7 of 1024, in a task that runs 0x"), "%s", text);
    const char *line = strstr(text, "rove: stack overrun: ");
    int kib = 0;
    TEST_CHECK(line && sscanf(line, "rove: stack overrun: %d KiB used up at 0x", &kib) == 1, "%s", text);
    TEST_CHECK(kib >= STACK_SIZE / 1024 && kib < 4 * STACK_SIZE / 1024, "%s", text); /* a sanitizer adds to it */
    /* The file that the code is in, twice: of the task, and of the place where it happened. */
    const char *file = strstr(text, " (fault.overrun+0x");
    TEST_CHECK(file && strstr(file + 1, " (fault.overrun+0x"), "%s", text);
    TEST_CHECK(!strstr(line + 1, "rove: "), "said twice: %s", text);
}

static void description_that_is_too_long_is_cut(void)
{
    static char name[2000];
    memset(name, 'x', sizeof name - 1);
    check_died(run_scene(name, overrun_stack, NULL), SIGSEGV);
    const char *line = strstr(text, "rove: stack overrun: ");
    TEST_CHECK(line && strstr(line, "x\n") && strcspn(line, "\n") == sizeof((struct rovei_overrun_line *)0)->text - 1,
               "%s", text);
}

static int one_of_many_in_child(void *arg)
{
    enum { MANY = 8 };
    static struct watched watched[MANY];
    static char names[MANY][24];
    (void)arg;
    install();
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "worker %d", i);
        watched_start(&watched[i], names[i], overrun_stack);
    }
    watched_act(&watched[5]);
    return 97;
}

static void one_of_many_is_the_one_that_is_named(void)
{
    check_died(run(one_of_many_in_child, NULL), SIGSEGV);
    TEST_CHECK(strstr(text, " by worker 5 of"), "%s", text);
}

/* The same on a thread that nobody watches, unless it does so itself. */
static void *unwatched_main(void *scene)
{
    ((struct scene *)scene)->act();
    return NULL;
}

static int unwatched_in_child(void *scene)
{
    pthread_t thread;
    install();
    TEST_CHECK(rovei_thread_start(&thread, STACK_SIZE, unwatched_main, scene) == 0, "thread");
    pthread_join(thread, NULL);
    return 6;
}

static int first_thread_in_child(void *arg)
{
    struct rlimit limit = {1 << 20, 1 << 20};
    struct rovei_overrun overrun;
    (void)arg;
    setrlimit(RLIMIT_STACK, &limit);
    install();
    TEST_CHECK(rovei_overrun_begin(&overrun, NULL, NULL) == ENOTSUP, "the first thread has no guard page");
    rovei_overrun_end(&overrun);
    overrun_stack();
    return 97;
}

static void end_and_overrun(void)
{
    struct rovei_overrun overrun;
    stack_t before, during, after;
    sigaltstack(NULL, &before);
    TEST_CHECK(rovei_overrun_begin(&overrun, NULL, NULL) == 0, "begin");
    sigaltstack(NULL, &during);
    TEST_CHECK(!(during.ss_flags & SS_DISABLE), "no alternate stack");
    rovei_overrun_end(&overrun);
    sigaltstack(NULL, &after);
    TEST_CHECK(after.ss_flags == before.ss_flags, "the alternate stack is not as before");
    TEST_CHECK((after.ss_flags & SS_DISABLE) || after.ss_sp == before.ss_sp, "another alternate stack than before");
    overrun_stack();
}

static void threads_that_are_not_watched_are_not_named(void)
{
    check_died(run(unwatched_in_child, &(struct scene){.act = overrun_stack}), SIGSEGV);
    TEST_CHECK(!text_names_an_overrun(), "%s", text);
    check_died(run(first_thread_in_child, NULL), SIGSEGV);
    TEST_CHECK(!text_names_an_overrun(), "%s", text);
    check_died(run(unwatched_in_child, &(struct scene){.act = end_and_overrun}), SIGSEGV);
    TEST_CHECK(!text_names_an_overrun() && !strstr(text, "does not hold"), "%s", text);
}

/* Memory of a file beyond its end. */
static void touch_beyond_file(void)
{
    int file = memfd_create("empty", MFD_CLOEXEC);
    nothing = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    TEST_CHECK(nothing != MAP_FAILED, "mmap: %s", strerror(errno));
    touch_nothing();
}

static void other_faults_end_the_process_as_ever(void)
{
    check_died(run_scene("worker", touch_nothing, NULL), SIGSEGV);
    TEST_CHECK(!text_names_an_overrun(), "%s", text);
    check_died(run_scene("worker", touch_beyond_file, NULL), SIGBUS);
    TEST_CHECK(!text_names_an_overrun(), "%s", text);
}

static void send_signal(void)
{
    raise(SIGSEGV);
}

/* Pretends to come from the guard page. */
static void forge_signal(void)
{
    siginfo_t forged = {.si_signo = SIGSEGV, .si_code = SI_QUEUE};
    forged.si_addr = (void *)(rovei_thread_stack().low - 8);
    syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGSEGV, &forged);
}

/* Signals that somebody sends are no faults: the default action ends the process, and who ignored them still does. */
static void sent_signals_are_no_faults(void)
{
    static void (*const acts[])(void) = {send_signal, forge_signal};
    for (int i = 0; i < 2; i++) {
        struct sigaction previous = {.sa_handler = SIG_DFL};
        struct test_outcome outcome = run_scene("worker", acts[i], &previous);
        TEST_CHECK(outcome.end == TEST_END_SIGNAL && outcome.code == SIGSEGV, "end %d, code %d, text: %s",
                   (int)outcome.end, outcome.code, text);
        TEST_CHECK(!text_names_an_overrun(), "%s", text);
        previous.sa_handler = SIG_IGN;
        check_exit(run_scene("worker", acts[i], &previous), 6);
        TEST_CHECK(!text_names_an_overrun(), "%s", text);
    }
}

/* A fault cannot be ignored. */
static void ignored_faults_end_the_process(void)
{
    struct sigaction previous = {.sa_handler = SIG_IGN};
    check_died(run_scene("worker", touch_nothing, &previous), SIGSEGV);
    check_died(run_scene("worker 3", overrun_stack, &previous), SIGSEGV);
    TEST_CHECK(strstr(text, " by worker 3 of"), "%s", text);
}

/* Exits with 40, and 1 more for each of two signals that are blocked meanwhile. */
static void handle_and_exit(int signal, siginfo_t *info, void *context)
{
    sigset_t blocked;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    bool is_right = signal == SIGSEGV && info->si_signo == SIGSEGV && info->si_code > 0 && context;
    _exit(is_right ? 40 + sigismember(&blocked, SIGPROF) + sigismember(&blocked, SIGSEGV) : 50);
}

static void handler_of_before_is_called(void)
{
    struct sigaction previous = {.sa_sigaction = handle_and_exit, .sa_flags = SA_SIGINFO | SA_NODEFER};
    if (!test_is_thread_sanitized()) { /* which blocks all */
        check_exit(run_scene("worker", touch_nothing, &previous), 40);
        previous.sa_flags = SA_SIGINFO;
        check_exit(run_scene("worker", touch_nothing, &previous), 41);
    }
    previous.sa_flags = SA_SIGINFO;
    sigaddset(&previous.sa_mask, SIGPROF);
    check_exit(run_scene("worker", touch_nothing, &previous), 42);
    TEST_CHECK(!text_names_an_overrun(), "%s", text);
    check_exit(run_scene("worker 3", overrun_stack, &previous), 42);
    TEST_CHECK(strstr(text, " by worker 3 of"), "%s", text);
}

static volatile char *repaired;

/* A handler that repairs what was wrong, as garbage collectors do. */
static void handle_and_repair(int signal)
{
    (void)signal;
    mprotect((void *)(uintptr_t)repaired, 4096, PROT_READ | PROT_WRITE);
    errno = EDOM;
}

static void touch_closed_memory(void)
{
    repaired = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    TEST_CHECK(repaired != MAP_FAILED, "mmap: %s", strerror(errno));
    for (int i = 0; i < 4; i++) {
        mprotect((void *)(uintptr_t)repaired, 4096, PROT_NONE);
        errno = 0;
        *repaired = 1;
        TEST_CHECK(errno == 0, "the handler's errno has come out");
    }
}

static void handler_that_repairs_goes_on(void)
{
    struct sigaction previous = {.sa_handler = handle_and_repair};
    check_exit(run_scene("worker", touch_closed_memory, &previous), 6);
    previous.sa_flags = SA_NODEFER;
    check_exit(run_scene("worker", touch_closed_memory, &previous), 6);
    previous.sa_flags = (int)SA_RESETHAND; /* one repair, and the next fault is the end */
    check_died(run_scene("worker", touch_closed_memory, &previous), SIGSEGV);
    TEST_CHECK(!text_names_an_overrun(), "%s", text);
}

static void keep_own_alternate(void)
{
    static char own[1 << 16];
    stack_t before = {.ss_sp = own, .ss_size = sizeof own}, during;
    struct rovei_overrun overrun;
    sigaltstack(&before, NULL);
    TEST_CHECK(rovei_overrun_begin(&overrun, NULL, NULL) == 0, "begin");
    sigaltstack(NULL, &during);
    TEST_CHECK(during.ss_sp == own, "another alternate stack");
    rovei_overrun_end(&overrun);
    sigaltstack(NULL, &during);
    TEST_CHECK(during.ss_sp == own && !(during.ss_flags & SS_DISABLE), "the alternate stack is gone");
    overrun_stack(); /* the handler runs on it, and nobody watches any more */
}

static void alternate_stack_of_the_thread_is_kept(void)
{
    check_died(run(unwatched_in_child, &(struct scene){.act = keep_own_alternate}), SIGSEGV);
    TEST_CHECK(!text_names_an_overrun() && !strstr(text, "does not hold"), "%s", text);
}

static void watch_often(void)
{
    int mappings = 0;
    for (int i = 0; i < 1000; i++) {
        struct rovei_overrun overrun;
        TEST_CHECK(rovei_overrun_begin(&overrun, NULL, NULL) == 0, "begin");
        rovei_overrun_end(&overrun);
        if (i == 10)
            mappings = test_mapping_count();
    }
    TEST_CHECK(test_mapping_count() <= mappings + 8, "mappings: %d, then %d", mappings, test_mapping_count());
}

static void watches_leave_nothing_behind(void)
{
    check_exit(run(unwatched_in_child, &(struct scene){.act = watch_often}), 6);
}

static void watch_without_memory(void)
{
    struct rlimit limit;
    struct rovei_overrun overrun;
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = 1 << 20; /* less than there is already: nothing more is granted */
    setrlimit(RLIMIT_AS, &limit);
    int error = rovei_overrun_begin(&overrun, NULL, NULL);
    TEST_CHECK(error == ENOMEM, "without memory: %s", strerror(error));
    rovei_overrun_end(&overrun);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_AS, &limit);
    overrun_stack(); /* not watched, so not named */
}

/* A sanitizer's threads have an alternate stack already, so that no memory is needed. */
static void watch_without_memory_is_refused(void)
{
    if (test_is_sanitized())
        return;
    check_died(run(unwatched_in_child, &(struct scene){.act = watch_without_memory}), SIGSEGV);
    TEST_CHECK(!text_names_an_overrun(), "%s", text);
}

/* On a watched thread: a child process has the thread, its stacks and its watch. */
static void fork_and_overrun(void)
{
    int status;
    pid_t child = fork();
    TEST_CHECK(child >= 0, "fork: %s", strerror(errno));
    if (child == 0)
        overrun_stack();
    TEST_CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV,
               "the child's status is %d", status);
    _exit(8);
}

static void child_of_a_watched_thread_is_named(void)
{
    if (test_is_sanitized()) /* its end looks different there */
        return;
    check_exit(run_scene("worker 1", fork_and_overrun, NULL), 8);
    TEST_CHECK(strstr(text, " by worker 1 of"), "%s", text);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"overrun_is_named_and_ends_the_process", overrun_is_named_and_ends_the_process},
        {"description_that_is_too_long_is_cut", description_that_is_too_long_is_cut},
        {"one_of_many_is_the_one_that_is_named", one_of_many_is_the_one_that_is_named},
        {"threads_that_are_not_watched_are_not_named", threads_that_are_not_watched_are_not_named},
        {"other_faults_end_the_process_as_ever", other_faults_end_the_process_as_ever},
        {"sent_signals_are_no_faults", sent_signals_are_no_faults},
        {"ignored_faults_end_the_process", ignored_faults_end_the_process},
        {"handler_of_before_is_called", handler_of_before_is_called},
        {"handler_that_repairs_goes_on", handler_that_repairs_goes_on},
        {"alternate_stack_of_the_thread_is_kept", alternate_stack_of_the_thread_is_kept},
        {"watches_leave_nothing_behind", watches_leave_nothing_behind},
        {"watch_without_memory_is_refused", watch_without_memory_is_refused},
        {"child_of_a_watched_thread_is_named", child_of_a_watched_thread_is_named},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 0);
}
