/*
 * Latencies from one thread to another.
 */
#include "micro/latency.h"

#include "support/samples.h"

static int64_t latency_samples[PERF_LATENCIES_MAX];
static int64_t latency_count;

void perf_latency_reset(void)
{
    latency_count = 0;
}

void perf_latency_add(int64_t ns)
{
    if (latency_count < PERF_LATENCIES_MAX)
        latency_samples[latency_count++] = ns;
}

int64_t perf_latency_count(void)
{
    return latency_count;
}

double perf_latency_seconds(void)
{
    if (latency_count == 0)
        return 0;
    return (double)perf_median(latency_samples, (size_t)latency_count) * (double)latency_count / 1e9;
}
