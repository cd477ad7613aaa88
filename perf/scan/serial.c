/*
 * scan in plain C: one loop.
 */
#include "scan/scan.h"

void scan_serial(void)
{
    scan_write(0, scan_count, 0);
}
