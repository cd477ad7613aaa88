/*
 * Which deque the calling thread pushes to. Internal: the one thread-local variable, and the quickest way to read it.
 * This is the only public header that asks what it is compiled for: which machine, and an executable or not.
 *
 * The variable is the library's. Where in a thread's memory it lies, the linker knows if the library is the static one;
 * if it is the shared one, every use has to look that up, and fib takes a quarter longer (gcc 12). So an executable has
 * a copy of its own, announces it before anything else in the process runs, and the library writes the copy whenever it
 * writes the variable. To make both one, by a weak definition in the executable, would be less to write but is up to
 * the dynamic linker: if the executable hides its symbols (a version script), or under LD_DYNAMIC_WEAK, they silently
 * are two, and tasks get lost.
 */
#ifndef ROVE_SELF_H
#define ROVE_SELF_H

#include <rove/deque.h>
#include <rove/export.h>

ROVE_BEGIN_C

/* The deque of the worker that this thread is; on a thread that is no worker, one whose every operation takes the slow
 * path. Never NULL. */
extern ROVE_API __thread struct rovei_deque *rovei_self __attribute__((tls_model("initial-exec")));

/* What a copy is on a thread that never was a worker: the same by another name. */
extern ROVE_API struct rovei_deque rovei_self_outside;

/* A copy of rovei_self. The library writes this. */
struct rovei_self_copy {
    intptr_t distance; /* from rovei_self to the copy in bytes, on every thread the same */
    struct rovei_self_copy *next;
};

/* From now on the library writes `self` whenever it writes rovei_self. `copy` receives how. Requires: no thread is a
 * worker yet; neither `self`, on any thread, nor `copy` ever goes away. */
ROVE_API void rovei_self_announce(struct rovei_deque **self, struct rovei_self_copy *copy);

/* Position-independent code that is not meant for an executable may become part of a shared library, which cannot be
 * first. Only of glibc is it known that it runs what is in .preinit_array. */
#if defined(__x86_64__) && defined(__LP64__) && defined(__GLIBC__) && (!defined(__PIC__) || defined(__PIE__))

/* The copy, one for all objects of the executable. It is an error to link code that reads it into a shared library.
 * What it refers to is weak, so that a program that includes this and forks nothing need not be linked with Rove. */
#pragma weak rovei_self_outside
extern __thread struct rovei_deque *rovei_self_here
    __attribute__((weak, visibility("hidden"), tls_model("local-exec")));
__attribute__((used)) __thread struct rovei_deque *rovei_self_here = &rovei_self_outside;

static inline void rovei_self_announce_here(void)
{
    static struct rovei_self_copy copy;
    rovei_self_announce(&rovei_self_here, &copy);
}

/* The value of rovei_self, read anew at each use; see below. Two instructions, because the one that would do takes
 * longer (fib, gcc 12, by 3 %). Where it is read it is also announced: the operand only keeps the entry of
 * .preinit_array in the program. */
static inline struct rovei_deque *rovei_self_deque(void)
{
    static void (*announcer)(void) __attribute__((section(".preinit_array"))) = rovei_self_announce_here;
    struct rovei_deque *deque;
    __asm__ volatile("movq $rovei_self_here@tpoff, %0\n\t"
                     "movq %%fs:(%0), %0"
                     : "=r"(deque)
                     : "m"(announcer));
    return deque;
}

#elif defined(__x86_64__) && defined(__LP64__)

/*
 * The value of rovei_self. Read anew at each use: a compiler that sees two uses in a recursive function keeps the
 * variable's offset, or the pointer, in a register that every call then has to save, and a pair of push and pop costs
 * more than the two loads. Measured with fib, gcc 12: 3.1 ns against 2.5 ns per fork and join.
 */
static inline struct rovei_deque *rovei_self_deque(void)
{
    struct rovei_deque *deque;
    __asm__ volatile("movq rovei_self@gottpoff(%%rip), %0\n\t"
                     "movq %%fs:(%0), %0"
                     : "=r"(deque));
    return deque;
}

#else

static inline struct rovei_deque *rovei_self_deque(void)
{
    return rovei_self;
}

#endif

ROVE_END_C

#endif
