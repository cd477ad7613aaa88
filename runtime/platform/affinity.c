#define _GNU_SOURCE
#include "runtime/platform/affinity.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

/* No kernel is built for so many processors; a larger mask than this is never tried. */
enum { AFFINITY_MASK_LIMIT = 1 << 20 };

/* The mask of the calling thread and its size in bytes, or NULL and errno. The kernel answers EINVAL to a mask that is
 * smaller than its own, and tells nobody how large that is. */
static cpu_set_t *affinity_mask(size_t *size)
{
    for (int bits = CPU_SETSIZE; bits <= AFFINITY_MASK_LIMIT; bits *= 2) {
        cpu_set_t *mask = CPU_ALLOC((size_t)bits);
        if (!mask)
            return NULL;
        *size = CPU_ALLOC_SIZE((size_t)bits);
        CPU_ZERO_S(*size, mask);
        if (!sched_getaffinity(0, *size, mask))
            return mask;
        int error = errno;
        CPU_FREE(mask);
        errno = error;
        if (error != EINVAL)
            return NULL;
    }
    return NULL;
}

int rovei_affinity_read(int **cpus, int *count)
{
    *cpus = NULL;
    *count = 0;
    size_t size;
    cpu_set_t *mask = affinity_mask(&size);
    if (!mask)
        return errno;
    int members = CPU_COUNT_S(size, mask);
    int *list = members > 0 ? malloc((size_t)members * sizeof *list) : NULL;
    if (list) {
        for (size_t cpu = 0; *count < members; cpu++)
            if (CPU_ISSET_S(cpu, size, mask))
                list[(*count)++] = (int)cpu;
        *cpus = list;
    }
    CPU_FREE(mask);
    if (members == 0)
        return EINVAL;
    return list ? 0 : ENOMEM;
}

int rovei_affinity_bind(const int *cpus, int count)
{
    int last = -1;
    for (int i = 0; i < count; i++)
        last = cpus[i] > last ? cpus[i] : last;
    if (last < 0 || last >= AFFINITY_MASK_LIMIT)
        return EINVAL;
    size_t size = CPU_ALLOC_SIZE((size_t)last + 1);
    cpu_set_t *mask = CPU_ALLOC((size_t)last + 1);
    if (!mask)
        return ENOMEM;
    CPU_ZERO_S(size, mask);
    for (int i = 0; i < count; i++)
        if (cpus[i] >= 0)
            CPU_SET_S((size_t)cpus[i], size, mask);
    int error = sched_setaffinity(0, size, mask) ? errno : 0;
    CPU_FREE(mask);
    return error;
}
