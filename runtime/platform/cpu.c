#define _GNU_SOURCE
#include "runtime/platform/cpu.h"

#include <sched.h>

int rovei_cpu_current(void)
{
    int cpu = sched_getcpu();
    return cpu < 0 ? 0 : cpu;
}

void rovei_cpu_yield(void)
{
    sched_yield();
}
