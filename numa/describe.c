#include "numa/describe.h"
#include "numa/pin.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* So many workers or fewer are shown one by one, more of them by the cache or the node that they share, and of those
 * only the first. */
enum { DESCRIBE_SINGLY = 16, DESCRIBE_GROUPS = 32 };

/* A line in the making. What does not fit is cut off. */
struct text {
    char data[200];
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void text_add(struct text *text, const char *format, ...)
{
    static const char cut[] = "...";
    size_t room = sizeof text->data - text->used;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text->data + text->used, room, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    if ((size_t)length < room) {
        text->used += (size_t)length;
    } else {
        memcpy(text->data + sizeof text->data - sizeof cut, cut, sizeof cut);
        text->used = sizeof text->data - 1;
    }
}

static void text_add_count(struct text *text, int count, const char *noun)
{
    if (count > 0)
        text_add(text, ", %d %s%s", count, noun, count == 1 ? "" : "s");
}

/* Three or more numbers that are equally far apart are shown as one range. */
static void text_add_numbers(struct text *text, const int *numbers, int count)
{
    for (int i = 0, end; i < count; i = end) {
        end = i + 1;
        int step = end < count ? numbers[end] - numbers[i] : 0;
        while (step > 0 && end < count && numbers[end] - numbers[end - 1] == step)
            end++;
        text_add(text, "%s%d", i > 0 ? ", " : "", numbers[i]);
        if (end - i < 3) {
            end = i + 1;
            continue;
        }
        text_add(text, "-%d", numbers[end - 1]);
        if (step > 1)
            text_add(text, " by %d", step);
    }
}

static void describe_machine(const struct rovei_description *d, struct text *text)
{
    const struct rovei_machine *machine = d->machine;
    text_add(text, "machine: %s", machine->source);
    text_add_count(text, machine->counts[LEVEL_PACKAGE], "package");
    text_add_count(text, machine->counts[LEVEL_NODE], "node");
    text_add_count(text, machine->counts[LEVEL_L3], "L3 cache");
    text_add_count(text, machine->counts[LEVEL_CORE], "core");
    text_add_count(text, machine->pu_count, "processor");
    if (machine->allowed_count < machine->pu_count)
        text_add(text, " of which %d allowed", machine->allowed_count);
    if (d->quota > 0)
        text_add(text, ", CPU quota of %d", d->quota);
    else
        text_add(text, ", no CPU quota");
}

static void describe_workers(const struct rovei_description *d, struct text *text)
{
    static const char *const kinds[] = {"cores", "compact", "spread", "list"};
    text_add(text, "workers: %d, as limited by %s; plan: %s", d->workers, d->decided_by, kinds[d->plan->kind]);
}

static void describe_pinning(const struct rovei_description *d, struct text *text)
{
    const char *obstacle = rovei_pin_obstacle(d->plan, d->workers, d->pin);
    if (obstacle)
        text_add(text, "pinning: none, %s", obstacle);
    else
        text_add(text, "pinning: each pool thread to its processor");
}

/* Where a processor is, after `separator`. */
static void describe_place(const struct rovei_pu *pu, const char *separator, struct text *text)
{
    if (pu->at[LEVEL_L3] >= 0) {
        text_add(text, "%sL3 cache %d", separator, pu->at[LEVEL_L3]);
        separator = ", ";
    }
    text_add(text, "%snode %d", separator, pu->node_os);
    if (pu->at[LEVEL_PACKAGE] >= 0)
        text_add(text, ", package %d", pu->at[LEVEL_PACKAGE]);
}

static void describe_worker(const struct rovei_pu *pu, int worker, struct text *text)
{
    text_add(text, "worker %d: processor %d, core %d", worker, pu->os, pu->at[LEVEL_CORE]);
    if (pu->efficiency > 0)
        text_add(text, " of speed class %d", pu->efficiency);
    describe_place(pu, ", ", text);
}

/* The members of the group of workers that share what `first` has at `level`. */
static void describe_group(const struct rovei_description *d, enum rovei_level level, int first, struct text *text)
{
    int workers[ROVE_WORKERS_MAX], pus[ROVE_WORKERS_MAX], count = 0;
    const struct rovei_pu *seats = d->plan->seats;
    for (int i = first; i < d->workers && count < ROVE_WORKERS_MAX; i++)
        if (seats[i].at[level] == seats[first].at[level]) {
            pus[count] = seats[i].os;
            workers[count++] = i;
        }
    text_add(text, count == 1 ? "worker " : "workers ");
    text_add_numbers(text, workers, count);
    text_add(text, count == 1 ? ": processor " : ": processors ");
    text_add_numbers(text, pus, count);
    if (level == LEVEL_NODE)
        text_add(text, "; node %d", seats[first].node_os);
    else
        describe_place(&seats[first], "; ", text);
}

static bool describe_is_first(const struct rovei_description *d, enum rovei_level level, int worker)
{
    for (int i = 0; i < worker; i++)
        if (d->plan->seats[i].at[level] == d->plan->seats[worker].at[level])
            return false;
    return true;
}

static int describe_count_groups(const struct rovei_description *d, enum rovei_level level)
{
    int groups = 0;
    for (int i = 0; i < d->workers; i++)
        groups += describe_is_first(d, level, i);
    return groups;
}

static void describe_groups(const struct rovei_description *d, void (*line)(const char *text, void *arg), void *arg)
{
    int caches = describe_count_groups(d, LEVEL_L3), nodes = describe_count_groups(d, LEVEL_NODE);
    enum rovei_level level = caches > nodes && caches <= DESCRIBE_GROUPS ? LEVEL_L3 : LEVEL_NODE;
    int groups = level == LEVEL_L3 ? caches : nodes;
    for (int i = 0, shown = 0; i < d->workers && shown < DESCRIBE_GROUPS; i++)
        if (describe_is_first(d, level, i)) {
            struct text text = {0};
            describe_group(d, level, i, &text);
            line(text.data, arg);
            shown++;
        }
    if (groups > DESCRIBE_GROUPS) {
        struct text text = {0};
        text_add(&text, "and workers of %d more nodes", groups - DESCRIBE_GROUPS);
        line(text.data, arg);
    }
}

void rovei_describe(const struct rovei_description *description, void (*line)(const char *text, void *arg), void *arg)
{
    static void (*const parts[])(const struct rovei_description *d,
                                 struct text *text) = {describe_machine, describe_workers, describe_pinning};
    struct rovei_description d = *description;
    d.workers = d.workers < d.plan->count ? d.workers : d.plan->count;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct text text = {0};
        parts[i](&d, &text);
        line(text.data, arg);
    }
    for (int i = 0; i < d.workers && d.workers <= DESCRIBE_SINGLY; i++) {
        struct text text = {0};
        describe_worker(&d.plan->seats[i], i, &text);
        line(text.data, arg);
    }
    if (d.workers > DESCRIBE_SINGLY)
        describe_groups(&d, line, arg);
}
