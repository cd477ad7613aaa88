#define _GNU_SOURCE
#include "runtime/platform/thread.h"

#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

/* Below a stack: so large a frame may step over its end and still fault. Address space, not memory. */
enum { STACK_GUARD = 64 * 1024 };

/* What a thread that is not ours is assumed to have when it cannot be asked. */
enum { STACK_GUESS = 64 * 1024 };

/* The kernel keeps so much, and twice that, free below the first thread's stack, whatever its limit was at the start of
 * the program; a limit that was raised since may reach into the stacks of other threads. */
enum { STACK_FIRST_MOST = 64 * 1024 * 1024 };

/* The first thread's stack grows up to a limit that also covers arguments and environment above it. */
enum { STACK_ARGUMENTS = 256 * 1024 };

/* The signals that a fault raises in the thread itself stay open, and so does the profiler's. */
static void thread_block_signals(sigset_t *previous)
{
    static const int open[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF};
    sigset_t blocked;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        sigdelset(&blocked, open[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, previous);
}

int rovei_thread_start(pthread_t *thread, size_t stack_size, void *(*fn)(void *arg), void *arg)
{
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error)
        return error;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t least = (size_t)sysconf(_SC_THREAD_STACK_MIN);
    size_t size = stack_size < least ? least : stack_size;
    size_t guard = (STACK_GUARD + page - 1) / page * page;
    error =
        pthread_attr_setstacksize(&attributes, (size + page - 1) / page * page + guard); /* which is taken from it */
    if (!error)
        error = pthread_attr_setguardsize(&attributes, guard);
    if (!error) {
        sigset_t previous;
        thread_block_signals(&previous);
        error = pthread_create(thread, &attributes, fn, arg);
        pthread_sigmask(SIG_SETMASK, &previous, NULL);
    }
    pthread_attr_destroy(&attributes);
    return error;
}

void rovei_thread_name(const char *name)
{
    pthread_setname_np(pthread_self(), name);
}

int rovei_thread_id(void)
{
    return gettid();
}

/* Where the first thread's stack began, from the C library where it tells. */
extern void *__libc_stack_end __attribute__((weak));

/* For the first thread pthread_getattr_np would read /proc/self/maps; the limit says the same in a microsecond. */
static struct rovei_stack thread_first_stack(uintptr_t here)
{
    struct rlimit limit;
    size_t size = STACK_FIRST_MOST;
    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < STACK_FIRST_MOST)
        size = limit.rlim_cur > 2 * STACK_ARGUMENTS ? limit.rlim_cur - STACK_ARGUMENTS : STACK_GUESS;
    uintptr_t high = &__libc_stack_end ? (uintptr_t)__libc_stack_end : here;
    struct rovei_stack stack = {high > size ? high - size : 0, high};
    return stack;
}

struct rovei_stack rovei_thread_stack(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    struct rovei_stack stack = thread_first_stack(here);
    /* In a child that another thread has forked, that thread is the first one, on a stack of its own. */
    if (gettid() == getpid() && here > stack.low && here <= stack.high)
        return stack;
    stack = (struct rovei_stack){here - STACK_GUESS, here};
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return stack;
    void *low;
    size_t size;
    if (pthread_attr_getstack(&attributes, &low, &size) == 0) {
        stack.low = (uintptr_t)low;
        stack.high = (uintptr_t)low + size;
    }
    pthread_attr_destroy(&attributes);
    return stack;
}
