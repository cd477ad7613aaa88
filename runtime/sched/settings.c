#include "runtime/sched/settings.h"

#include "numa/report.h"
#include "runtime/platform/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    SETTINGS_SPIN_NS = 20000,
    SETTINGS_SPARES = 16,
    SETTINGS_STACK = 8 * 1024 * 1024,
    SETTINGS_STACK_LEAST = 64 * 1024
};

/* Above it the address space is not enough for many threads, and sums could wrap around. */
#define SETTINGS_STACK_MOST ((size_t)1 << 40)

void rove_config_default(rove_config *config)
{
    if (!config)
        return;
    memset(config, 0, sizeof *config);
    config->size = sizeof *config;
    config->name = "rove";
    config->spin_ns = SETTINGS_SPIN_NS;
    config->spares = SETTINGS_SPARES;
    config->stack_size = SETTINGS_STACK;
}

static rove_status settings_refuse(rove_report *report, const char *variable, const char *value, const char *wanted)
{
    report_add(report, "environment variable %s is \"%s\", but must be %s", variable, value, wanted);
    return ROVE_INVALID;
}

/* Reads a whole number from `least` to `most` where the variable is set and not empty. */
static rove_status settings_number(const char *variable, int64_t least, int64_t most, int64_t *number,
                                   rove_report *report)
{
    const char *value = getenv(variable);
    if (!value || !*value)
        return ROVE_OK;
    char *end;
    errno = 0;
    long long read = strtoll(value, &end, 10);
    if (errno || *end || read < least || read > most) {
        report_add(report, "environment variable %s is \"%s\", but must be a whole number from %lld to %lld", variable,
                   value, (long long)least, (long long)most);
        return ROVE_INVALID;
    }
    *number = read;
    return ROVE_OK;
}

/* Reads "0-3,8" into a list. False if it is no such list; the list may then hold a part. */
static bool settings_list(const char *text, int *pus, size_t capacity, size_t *count)
{
    *count = 0;
    for (;;) {
        char *end;
        if (*text < '0' || *text > '9')
            return false;
        long first = strtol(text, &end, 10);
        long last = first;
        if (*end == '-') {
            text = end + 1;
            if (*text < '0' || *text > '9')
                return false;
            last = strtol(text, &end, 10);
        }
        if (last < first || last > INT32_MAX || (size_t)(last - first) >= capacity - *count)
            return false;
        for (long pu = first; pu <= last; pu++)
            pus[(*count)++] = (int)pu;
        if (*end == '\0')
            return true;
        if (*end != ',' || *count == capacity)
            return false;
        text = end + 1;
    }
}

static rove_status settings_plan(struct rovei_settings *settings, rove_report *report)
{
    static const char *const names[] = {"cores", "compact", "spread"};
    const char *value = getenv("ROVE_PLAN");
    if (!value || !*value)
        return ROVE_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(value, names[i]) == 0) {
            settings->plan = (rove_plan)i;
            return ROVE_OK;
        }
    int *pus = realloc(settings->pus, ROVE_WORKERS_MAX * sizeof *pus);
    if (!pus)
        return ROVE_NO_MEMORY;
    settings->pus = pus;
    settings->plan = ROVE_PLAN_LIST;
    if (settings_list(value, pus, ROVE_WORKERS_MAX, &settings->pu_count))
        return ROVE_OK;
    return settings_refuse(report, "ROVE_PLAN", value, "compact, spread, cores or a list of processors such as 0-3,8");
}

static rove_status settings_pin(struct rovei_settings *settings, rove_report *report)
{
    const char *value = getenv("ROVE_PIN");
    if (!value || !*value || strcmp(value, "auto") == 0)
        return ROVE_OK;
    if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
        return settings_refuse(report, "ROVE_PIN", value, "0, 1 or auto");
    settings->pin = *value == '1' ? ROVE_PIN_ALWAYS : ROVE_PIN_NEVER;
    return ROVE_OK;
}

static rove_status settings_environment(struct rovei_settings *settings, rove_report *report)
{
    int64_t workers = 0;
    int64_t least = -1;
    int64_t guard = -1;
    int64_t verbose = 0;
    int64_t spin_us = -1;
    int64_t stack_kb = 0;
    rove_status status = settings_number("ROVE_WORKERS", 1, ROVE_WORKERS_MAX, &workers, report);
    if (!status)
        status = settings_number("ROVE_AUTO", 0, ROVE_WORKERS_MAX, &least, report);
    if (!status)
        status = settings_number("ROVE_SPIN_US", 0, 60000000, &spin_us, report);
    if (!status)
        status = settings_number("ROVE_STACK_KB", SETTINGS_STACK_LEAST / 1024, INT64_C(1) << 30, &stack_kb, report);
    if (!status)
        status = settings_number("ROVE_GUARD", 0, 1, &guard, report);
    if (!status)
        status = settings_number("ROVE_VERBOSE", 0, 1, &verbose, report);
    if (!status)
        status = settings_plan(settings, report);
    if (!status)
        status = settings_pin(settings, report);
    settings->workers_environment = (int)workers;
    settings->is_verbose = verbose != 0;
    if (guard >= 0)
        settings->name_overruns = guard == 1;
    if (least >= 0)
        settings->workers_min = (int)least;
    if (spin_us >= 0)
        settings->spin_ns = spin_us * 1000;
    if (stack_kb > 0)
        settings->stack_size = (size_t)stack_kb * 1024;
    return status;
}

static rove_status settings_check(const rove_config *config, rove_report *report)
{
    const char *wrong = NULL;
    if (config->size != sizeof *config)
        wrong = "config.size is not that of rove_config: fill it with rove_config_default";
    else if (config->workers < 0 || config->workers > ROVE_WORKERS_MAX)
        wrong = "config.workers must be from 0 to 1024";
    else if (config->workers_max < 0 || config->workers_max > ROVE_WORKERS_MAX)
        wrong = "config.workers_max must be from 0 to 1024";
    else if (config->workers_max > 0 && config->workers > config->workers_max)
        wrong = "config.workers is above config.workers_max";
    else if (config->workers_min < 0 || config->workers_min > ROVE_WORKERS_MAX)
        wrong = "config.workers_min must be from 0 to 1024";
    else if (config->workers > 0 && config->workers_min > config->workers)
        wrong = "config.workers_min is above config.workers";
    else if (config->spares < 0 || config->spares > ROVE_WORKERS_MAX)
        wrong = "config.spares must be from 0 to 1024";
    else if ((int)config->plan < ROVE_PLAN_CORES || (int)config->plan > ROVE_PLAN_LIST)
        wrong = "config.plan is none of rove_plan";
    else if (config->plan == ROVE_PLAN_LIST && (!config->pus || config->pu_count == 0))
        wrong = "config.plan is ROVE_PLAN_LIST, but config.pus names no processor";
    else if (config->plan == ROVE_PLAN_LIST && config->pu_count > ROVE_WORKERS_MAX)
        wrong = "config.pu_count is above 1024";
    else if ((int)config->pin < ROVE_PIN_AUTO || (int)config->pin > ROVE_PIN_ALWAYS)
        wrong = "config.pin is none of rove_pin";
    else if (config->spin_ns < 0)
        wrong = "config.spin_ns is negative";
    else if (config->stack_size < SETTINGS_STACK_LEAST)
        wrong = "config.stack_size is below 64 KiB";
    else if (config->stack_size > SETTINGS_STACK_MOST)
        wrong = "config.stack_size is above 1 TiB";
    else if (!config->allocator.allocate != !config->allocator.release)
        wrong = "config.allocator must have both functions or none";
    if (wrong)
        report_add(report, "%s", wrong);
    return wrong ? ROVE_INVALID : ROVE_OK;
}

static rove_status settings_copy(struct rovei_settings *settings, const rove_config *config)
{
    memset(settings, 0, sizeof *settings);
    strncpy(settings->name, config->name ? config->name : "rove", SETTINGS_NAME_SIZE - 1);
    settings->workers = config->workers;
    settings->oversubscribe = config->oversubscribe;
    settings->workers_min = config->workers_min;
    settings->workers_max = config->workers_max;
    settings->spares = config->spares;
    settings->plan = config->plan;
    settings->pin = config->pin;
    settings->spin_ns = config->spin_ns;
    settings->stack_size = config->stack_size;
    settings->name_overruns = config->name_overruns;
    settings->topology = config->topology;
    settings->topology_xml = config->topology_xml;
    settings->allocator = config->allocator;
    settings->hooks = config->hooks;
    if (config->plan != ROVE_PLAN_LIST)
        return ROVE_OK;
    settings->pus = malloc(config->pu_count * sizeof *settings->pus);
    if (!settings->pus)
        return ROVE_NO_MEMORY;
    memcpy(settings->pus, config->pus, config->pu_count * sizeof *settings->pus);
    settings->pu_count = config->pu_count;
    return ROVE_OK;
}

rove_status rovei_settings_make(struct rovei_settings *settings, const rove_config *config, rove_report *report)
{
    rove_config defaults;
    rove_config_default(&defaults);
    if (!config)
        config = &defaults;
    memset(settings, 0, sizeof *settings);
    rove_status status = settings_check(config, report);
    if (!status)
        status = settings_copy(settings, config);
    if (!status)
        status = settings_environment(settings, report);
    if (status)
        rovei_settings_fini(settings);
    return status;
}

bool rovei_settings_is_verbose(void)
{
    const char *value = getenv("ROVE_VERBOSE");
    return value && strcmp(value, "1") == 0;
}

void rovei_settings_fini(struct rovei_settings *settings)
{
    free(settings->pus);
    settings->pus = NULL;
}
