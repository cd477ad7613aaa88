/*
 * How this floor says what it was refused, or did differently than asked.
 */
#ifndef ROVEI_NUMA_REPORT_H
#define ROVEI_NUMA_REPORT_H

#include <rove/status.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Adds a sentence to `report`, after what is there already, cut off where it does not fit. NULL is legal. */
__attribute__((format(printf, 2, 3))) static inline void report_add(rove_report *report, const char *format, ...)
{
    if (!report)
        return;
    size_t used = strlen(report->text);
    if (used > 0 && used + 2 < sizeof report->text) {
        memcpy(report->text + used, "; ", 3);
        used += 2;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(report->text + used, sizeof report->text - used, format, arguments);
    va_end(arguments);
}

#endif
