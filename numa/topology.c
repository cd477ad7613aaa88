#include "numa/topology.h"
#include "numa/backend.h"
#include "numa/report.h"
#include "runtime/platform/affinity.h"
#include "runtime/platform/cpu.h"

#include <stdlib.h>
#include <string.h>

/* The affinity mask of the calling thread. */
struct machine_mask {
    int *cpus;
    int count;
};

static void machine_mask_read(struct machine_mask *mask, rove_report *report)
{
    int error = rovei_affinity_read(&mask->cpus, &mask->count);
    if (error)
        report_add(report, "the affinity mask cannot be read: %s", strerror(error));
}

static int compare_ints(const void *a, const void *b)
{
    int left = *(const int *)a, right = *(const int *)b;
    return (left > right) - (left < right);
}

/* On the real machine, what is allowed is also in the mask; without a mask, everything may be tried. */
static void machine_allow(struct rovei_machine *machine, const struct machine_mask *mask)
{
    machine->allowed_count = 0;
    for (int i = 0; i < machine->pu_count; i++) {
        struct rovei_pu *pu = &machine->pus[i];
        if (machine->is_real && mask->cpus)
            pu->is_allowed =
                pu->is_allowed && bsearch(&pu->os, mask->cpus, (size_t)mask->count, sizeof pu->os, compare_ints);
        machine->allowed_count += pu->is_allowed;
    }
}

/* What the processors have at `level` is numbered from 0 without gaps in the order of the processors. Caches and
 * packages may be missing; a processor without a core is one, and without a node belongs to the first. */
static bool machine_number(struct rovei_machine *machine, enum rovei_level level)
{
    int limit = 0;
    for (int i = 0; i < machine->pu_count; i++) {
        int *at = &machine->pus[i].at[level];
        if (*at < 0 && level == LEVEL_NODE)
            *at = 0;
        limit = *at >= limit ? *at + 1 : limit;
    }
    int *numbers = calloc((size_t)limit + 1, sizeof *numbers);
    if (!numbers)
        return false;
    int count = 0;
    for (int i = 0; i < machine->pu_count; i++) {
        int *at = &machine->pus[i].at[level];
        if (*at >= 0) {
            if (!numbers[*at])
                numbers[*at] = ++count;
            *at = numbers[*at] - 1;
        } else if (level == LEVEL_CORE) {
            *at = count++;
        }
    }
    free(numbers);
    machine->counts[level] = count;
    return true;
}

static bool machine_settle(struct rovei_machine *machine)
{
    for (enum rovei_level level = 0; level < LEVELS; level++)
        if (!machine_number(machine, level))
            return false;
    return true;
}

static bool machine_load_flat(struct rovei_machine *machine, const struct machine_mask *mask)
{
    int here = rovei_cpu_current();
    bool done =
        mask->cpus ? rovei_backend_flat(machine, mask->cpus, mask->count) : rovei_backend_flat(machine, &here, 1);
    if (done)
        machine_allow(machine, mask);
    return done;
}

rove_status rovei_machine_load(struct rovei_machine *machine, const struct rovei_machine_options *options,
                               rove_report *report)
{
    *machine = (struct rovei_machine){0};
    struct machine_mask mask = {0};
    machine_mask_read(&mask, report);
    if (rovei_backend_hwloc(machine, options, report)) {
        machine_allow(machine, &mask);
        if (machine->allowed_count == 0) {
            report_add(report, "none of the %d processors that hwloc sees is allowed to this thread",
                       machine->pu_count);
            rovei_machine_fini(machine);
        }
    }
    bool done = machine->pus || machine_load_flat(machine, &mask);
    done = done && machine_settle(machine);
    free(mask.cpus);
    if (done)
        return ROVE_OK;
    rovei_machine_fini(machine);
    report_add(report, "no memory for a description of the machine");
    return ROVE_NO_MEMORY;
}

void rovei_machine_fini(struct rovei_machine *machine)
{
    free(machine->pus);
    *machine = (struct rovei_machine){0};
}
