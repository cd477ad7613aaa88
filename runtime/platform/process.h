/*
 * Telling whether this process is the one that made something, or a child that fork(2) copied it into: a page that the
 * kernel wipes in the child. No handler is registered and no system call is made to ask.
 */
#ifndef ROVEI_PLATFORM_PROCESS_H
#define ROVEI_PLATFORM_PROCESS_H

#include <stdatomic.h>
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

/*
 * A section that a child of fork must not enter if another thread was inside when the child was made: that thread, and
 * whatever it held, is gone. Not a lock: threads of one process may all be inside. All zero is valid.
 */
struct rovei_process_section {
    _Atomic uint64_t inside; /* the process that uses it, and how many of its threads are inside */
};

/* False if the section was left in the middle by a thread that is not in this process. */
bool rovei_process_section_enter(struct rovei_process_section *section);
void rovei_process_section_leave(struct rovei_process_section *section);

/* True in the process that made the mark, false in its children. */
static inline bool process_is_same(const struct rovei_process_mark *mark)
{
    return *mark->page != 0 && (mark->pid == 0 || rovei_process_is(mark->pid));
}

#endif
