#define _GNU_SOURCE
#include "runtime/platform/place.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Nodes beyond this are not placed on. Linux has at most 1024. */
enum { PLACE_NODES = 1024, PLACE_WORD = 8 * sizeof(unsigned long) };

void *rovei_pages_map(size_t size)
{
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void rovei_pages_unmap(void *pages, size_t size)
{
    munmap(pages, size);
}

size_t rovei_page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

int rovei_pages_place(void *memory, size_t size, const int *nodes, int count)
{
    unsigned long mask[PLACE_NODES / PLACE_WORD] = {0};
    for (int i = 0; i < count; i++) {
        if (nodes[i] < 0 || nodes[i] >= PLACE_NODES)
            return EINVAL;
        mask[(size_t)nodes[i] / PLACE_WORD] |= 1UL << ((size_t)nodes[i] % PLACE_WORD);
    }
    int policy = count > 1 ? MPOL_INTERLEAVE : MPOL_PREFERRED; /* a node that is full is no reason to be killed */
    return syscall(SYS_mbind, memory, size, policy, mask, (unsigned long)PLACE_NODES + 1, 0) == 0 ? 0 : errno;
}
