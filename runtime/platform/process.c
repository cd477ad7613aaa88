#define _GNU_SOURCE
#include "runtime/platform/process.h"

#include <sys/mman.h>
#include <unistd.h>

bool rovei_process_mark_init(struct rovei_process_mark *mark)
{
    mark->pid = 0;
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return false;
    mark->page = page;
    *mark->page = 1;
    if (madvise(page, size, MADV_WIPEONFORK) != 0)
        mark->pid = getpid();
    return true;
}

void rovei_process_mark_fini(struct rovei_process_mark *mark)
{
    munmap((void *)mark->page, (size_t)sysconf(_SC_PAGESIZE));
    mark->page = NULL;
}

bool rovei_process_is(int32_t pid)
{
    return getpid() == pid;
}

/* The upper half of `inside` names the process, the lower half counts threads. Relaxed: it orders nothing, and a child
 * has the value that memory had at the fork. */
bool rovei_process_section_enter(struct rovei_process_section *section)
{
    uint64_t mine = (uint64_t)(uint32_t)getpid() << 32;
    uint64_t found = atomic_load_explicit(&section->inside, memory_order_relaxed);
    uint64_t entered;
    do {
        bool is_empty = (uint32_t)found == 0;
        if (!is_empty && found >> 32 != mine >> 32)
            return false;
        entered = is_empty ? mine + 1 : found + 1;
    } while (!atomic_compare_exchange_weak_explicit(&section->inside, &found, entered, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

void rovei_process_section_leave(struct rovei_process_section *section)
{
    atomic_fetch_sub_explicit(&section->inside, 1, memory_order_relaxed);
}
