/*
 * skynet in plain C with nothing inlined.
 */
#include "skynet/skynet.h"
#include "support/compiler.h"

PERF_REAL_CALL static int64_t skynet(int64_t first, int64_t leaves)
{
    if (leaves == 1)
        return first;
    int64_t part = leaves / SKYNET_WAYS;
    int64_t sum = 0;
    for (int i = 0; i < SKYNET_WAYS; i++)
        sum += skynet(first + i * part, part);
    return sum;
}

void skynet_call(void)
{
    skynet_answer = skynet(0, skynet_leaves);
}
