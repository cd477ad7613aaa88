#define _GNU_SOURCE
#include "runtime/platform/barrier.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool barrier_call(int command)
{
    int saved = errno;
    long result = syscall(SYS_membarrier, command, 0, 0);
    errno = saved;
    return result == 0;
}

bool rovei_barrier_register(void)
{
    return barrier_call(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
}

bool rovei_barrier_heavy(void)
{
    return barrier_call(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}
