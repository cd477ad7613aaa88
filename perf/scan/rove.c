/*
 * scan with Rove.
 */
#include "runtimes/rove.h"
#include "scan/scan.h"

#include <rove/scan.h>

static void sums(void *arg)
{
    (void)arg;
    perf_rove_require(rove_scan_i64(ROVE_INCLUSIVE, scan_in, (size_t)scan_count, scan_out, NULL), "rove_scan_i64");
}

void scan_rove(void)
{
    perf_rove_run(sums);
}
