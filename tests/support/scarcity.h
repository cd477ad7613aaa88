/*
 * A process without memory, for code that takes it from the C library.
 */
#ifndef TESTS_SCARCITY_H
#define TESTS_SCARCITY_H

/* From now on malloc fails, but for a few dozen bytes, on every thread that has not called it yet or shares the arena
 * of the calling one: the address space may not grow, and what the library had in reserve is used up. For a child
 * process (test_in_child) that is not sanitized; its main thread calls this first with room on its stack. */
void test_scarcity_begin(void);

/* There is memory again. */
void test_scarcity_end(void);

/* To be called in the child before it starts threads: all share one arena. */
void test_scarcity_prepare(void);

#endif
