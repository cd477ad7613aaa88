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
