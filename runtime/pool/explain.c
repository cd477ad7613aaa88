/*
 * What a pool says to people: in its log, and about calls that were refused.
 */
#include "runtime/pool/pool.h"
#include "runtime/pool/text.h"

#include <stdarg.h>
#include <stdio.h>

/* The most bytes of a line in the log. */
enum { LOG_LINE = 512 };

static void explain_name(struct pool_text *text, const char *name)
{
    rovei_text_string(text, "pool \"");
    rovei_text_foreign(text, name, TEXT_LINE);
    rovei_text_string(text, "\": ");
}

static void explain_queue(struct pool_text *text, const rove_pool_stats *stats)
{
    rovei_text_string(text, " (");
    rovei_text_number(text, stats->queued);
    if (stats->capacity == ROVE_UNBOUNDED) {
        rovei_text_string(text, " queued, without a bound, ");
    } else {
        rovei_text_string(text, " of ");
        rovei_text_number(text, stats->capacity);
        rovei_text_string(text, " queued, ");
    }
    rovei_text_number(text, stats->held);
    rovei_text_string(text, " held, ");
    rovei_text_number(text, stats->running);
    rovei_text_string(text, " running)");
}

void rove_pool_explain(const rove_pool *pool, const char *operation, rove_status status, rove_report *report)
{
    if (!report)
        return;
    struct pool_text text = {.memory = report->text, .size = sizeof report->text};
    rove_pool_stats stats;
    if (operation && *operation) {
        rovei_text_foreign(&text, operation, TEXT_LINE);
        rovei_text_string(&text, ": ");
    }
    if (pool)
        explain_name(&text, pool->name);
    else
        rovei_text_string(&text, "no pool: ");
    rovei_text_string(&text, rove_status_text(status));
    if (rove_pool_get_stats(pool, &stats) == ROVE_OK)
        explain_queue(&text, &stats);
    rovei_text_end(&text);
}

void rovei_pool_log(const rove_pool *pool, const char *format, ...)
{
    if (!pool->config.log)
        return;
    char message[LOG_LINE];
    char line[LOG_LINE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    struct pool_text text = {.memory = line, .size = sizeof line};
    explain_name(&text, pool->name);
    rovei_text_foreign(&text, message, TEXT_LINE);
    rovei_text_end(&text);
    pool->config.log(line, pool->config.arg);
}
