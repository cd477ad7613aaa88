/*
 * What keeps a compiler from optimizing away the thing that is measured.
 */
#ifndef PERF_COMPILER_H
#define PERF_COMPILER_H

/* A function that is never inlined: a call of it is a real call. Only the last of several recursive calls may still
 * become a loop. The build says which attribute does that most thoroughly: noipa with gcc, noinline with others. */
#define PERF_REAL_CALL __attribute__((PERF_REAL_CALL_ATTRIBUTE))

#endif
