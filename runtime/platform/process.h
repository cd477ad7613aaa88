/*
 * Telling whether this process is the one that made something, or a child that fork(2) copied it into: a page that the
 * kernel wipes in the child. No system call is made to ask.
 */
#ifndef ROVEI_PLATFORM_PROCESS_H
#define ROVEI_PLATFORM_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

struct rovei_process_mark {
    volatile uint32_t *page; /* holds a nonzero word in the process that made it */
    int32_t pid;             /* used instead where the kernel cannot wipe pages; else 0 */
};

/* False if there is no memory. */
bool rovei_process_mark_init(struct rovei_process_mark *mark);
void rovei_process_mark_fini(struct rovei_process_mark *mark);

/* Whether this process has the number `pid`. */
bool rovei_process_is(int32_t pid);

/* Keeps other threads from forking this process until it is released, for a call into a library whose locks a child
 * could otherwise find held by a thread that it does not have. One thread at a time; others wait. */
void rovei_process_hold_forks(void);
void rovei_process_release_forks(void);

/* True in the process that made the mark, false in its children. */
static inline bool process_is_same(const struct rovei_process_mark *mark)
{
    return *mark->page != 0 && (mark->pid == 0 || rovei_process_is(mark->pid));
}

#endif
