/*
 * Telling whether this process is the one that made something, or a child that fork(2) copied it into: a page that the
 * kernel wipes in the child. No system call is made to ask.
 */
#ifndef ROVEI_PLATFORM_PROCESS_H
#define ROVEI_PLATFORM_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

struct rovei_process_mark {
    volatile uint32_t *page; /* holds a nonzero word in the process that made it, if the kernel wipes it in others */
    int32_t pid;             /* used instead where the kernel cannot wipe pages; else 0 */
};

/* False if there is no memory. */
bool rovei_process_mark_init(struct rovei_process_mark *mark);
void rovei_process_mark_fini(struct rovei_process_mark *mark);

/* The slow side of process_is_same. */
bool rovei_process_is_same(const struct rovei_process_mark *mark);

/* Keeps other threads from forking this process until it is released, for a call into a library whose locks a child
 * could otherwise find held by a thread that it does not have. One thread at a time; others wait. */
void rovei_process_hold_forks(void);
void rovei_process_release_forks(void);

/* False in the children of the process that made the mark, and true in that one, if the kernel wipes pages. */
static inline bool process_is_surely_same(const struct rovei_process_mark *mark)
{
    return __builtin_expect(*mark->page != 0, true);
}

/* True in the process that made the mark, false in its children. */
static inline bool process_is_same(const struct rovei_process_mark *mark)
{
    return process_is_surely_same(mark) || rovei_process_is_same(mark);
}

#endif
