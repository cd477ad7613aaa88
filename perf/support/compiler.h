/*
 * What keeps a compiler from optimizing away the thing that is measured.
 */
#ifndef PERF_COMPILER_H
#define PERF_COMPILER_H

/* A function that is never inlined nor specialized: a call of it is a real call. Only the last of several recursive
 * calls may still become a loop. */
#if __has_attribute(noipa)
#define PERF_REAL_CALL __attribute__((noipa))
#else
#define PERF_REAL_CALL __attribute__((noinline))
#endif

#endif
