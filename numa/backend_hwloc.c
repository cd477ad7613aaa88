/*
 * What hwloc knows of the machine. Only what plans are made from is asked for, because reading the rest (devices,
 * instruction caches, distances, memory attributes) takes longer than starting all workers.
 */
#include "numa/backend.h"
#include "numa/report.h"
#include "runtime/platform/process.h"

#include <errno.h>
#include <hwloc.h>
#include <stdlib.h>

/* Processors that the cpuset forbids are kept, so that a message can tell a forbidden processor from an absent one.
 * Some versions bind the calling thread to every processor in turn to ask it; it must stay where it is. */
static unsigned long backend_flags(void)
{
    unsigned long flags = HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED;
#if HWLOC_API_VERSION >= 0x00020500
    flags |= HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING;
#endif
#if HWLOC_API_VERSION >= 0x00020800
    flags |= HWLOC_TOPOLOGY_FLAG_NO_DISTANCES | HWLOC_TOPOLOGY_FLAG_NO_MEMATTRS;
#endif
    return flags;
}

/* Groups are kept where they add structure: a memory node that is neither a package nor a cache is attached to one, and
 * without it would appear to belong to the whole machine. */
static int backend_filter(hwloc_topology_t topology)
{
    static const hwloc_obj_type_t kept[] = {HWLOC_OBJ_PACKAGE, HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_CORE};
    int failed = hwloc_topology_set_all_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_NONE);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        failed |= hwloc_topology_set_type_filter(topology, kept[i], HWLOC_TYPE_FILTER_KEEP_ALL);
    return failed | hwloc_topology_set_type_filter(topology, HWLOC_OBJ_GROUP, HWLOC_TYPE_FILTER_KEEP_STRUCTURE);
}

/* Loads the topology of `xml`, or where that is NULL the one that hwloc takes by itself. NULL if that fails. */
static hwloc_topology_t backend_open(const char *xml, rove_report *report)
{
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology)) {
        report_add(report, "hwloc cannot be initialized");
        return NULL;
    }
    errno = 0;
    if (xml && hwloc_topology_set_xml(topology, xml))
        report_add(report, "hwloc cannot read %s: %s", xml, errno ? strerror(errno) : "not its XML");
    else if (hwloc_topology_set_flags(topology, backend_flags()) || backend_filter(topology))
        report_add(report, "hwloc refuses its options");
    else if (hwloc_topology_load(topology))
        report_add(report, "hwloc cannot read %s", xml ? xml : "the machine");
    else
        return topology;
    hwloc_topology_destroy(topology);
    return NULL;
}

/* Where several memories are attached at the same place, as on machines with two kinds, the first is the ordinary one;
 * memory without processors is attached to the whole machine, behind any that is nearer. */
static hwloc_obj_t backend_node(hwloc_obj_t object)
{
    while (object && object->type != HWLOC_OBJ_NUMANODE)
        object = object->memory_first_child;
    return object;
}

static struct rovei_pu backend_pu(hwloc_topology_t topology, hwloc_obj_t object)
{
    struct rovei_pu pu = {.os = (int)object->os_index, .at = {-1, -1, -1, -1, -1}};
    for (hwloc_obj_t above = object; above; above = above->parent) {
        hwloc_obj_t node = pu.at[LEVEL_NODE] < 0 ? backend_node(above->memory_first_child) : NULL;
        if (node) {
            pu.at[LEVEL_NODE] = (int)node->logical_index;
            pu.node_os = (int)node->os_index;
        }
        if (above->type == HWLOC_OBJ_CORE)
            pu.at[LEVEL_CORE] = (int)above->logical_index;
        else if (above->type == HWLOC_OBJ_L2CACHE)
            pu.at[LEVEL_L2] = (int)above->logical_index;
        else if (above->type == HWLOC_OBJ_L3CACHE)
            pu.at[LEVEL_L3] = (int)above->logical_index;
        else if (above->type == HWLOC_OBJ_PACKAGE)
            pu.at[LEVEL_PACKAGE] = (int)above->logical_index;
    }
#if HWLOC_API_VERSION >= 0x00020400
    int kind = hwloc_cpukinds_get_by_cpuset(topology, object->cpuset, 0);
    int efficiency;
    if (kind >= 0 && !hwloc_cpukinds_get_info(topology, (unsigned)kind, NULL, &efficiency, NULL, NULL, 0))
        pu.efficiency = efficiency > 0 ? efficiency : 0;
#endif
    hwloc_const_cpuset_t allowed = hwloc_topology_get_allowed_cpuset(topology);
    pu.is_allowed = !allowed || hwloc_bitmap_isset(allowed, object->os_index);
    return pu;
}

/* A topology that was not loaded, or by a component that gives up, has no processors. */
static bool backend_read(struct rovei_machine *machine, hwloc_topology_t topology, rove_report *report)
{
    int count = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU);
    if (count < 1) {
        report_add(report, "hwloc's topology has no processors, or is not loaded");
        return false;
    }
    machine->pus = malloc((size_t)count * sizeof *machine->pus);
    for (int i = 0; machine->pus && i < count; i++) {
        hwloc_obj_t object = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PU, (unsigned)i);
        if (!object || object->os_index >= MACHINE_OS_LIMIT) {
            report_add(report, "hwloc's topology has processors that cannot be");
            free(machine->pus);
            machine->pus = NULL;
            return false;
        }
        machine->pus[i] = backend_pu(topology, object);
    }
    if (!machine->pus)
        report_add(report, "no memory for hwloc's processors");
    machine->pu_count = count;
    return machine->pus != NULL;
}

static bool backend_is_synthetic(hwloc_topology_t topology)
{
    hwloc_obj_t root = hwloc_get_root_obj(topology);
    const char *backend = root ? hwloc_obj_get_info_by_name(root, "Backend") : NULL;
    return backend && !strcmp(backend, "Synthetic");
}

/* Says what kind of machine was read. hwloc takes the real one without a word where its environment variables name
 * another that it cannot read; and it pretends to bind threads to machines that do not exist. */
static void backend_judge(struct rovei_machine *machine, hwloc_topology_t topology,
                          const struct rovei_machine_options *options, rove_report *report)
{
    bool synthetic = backend_is_synthetic(topology);
    machine->is_real = !synthetic && hwloc_topology_is_thissystem(topology);
    if (options->topology) {
        machine->source = "given";
    } else if (options->topology_xml) {
        machine->source = "xml";
    } else if (synthetic) {
        machine->source = "synthetic";
    } else {
        const char *text = getenv("HWLOC_SYNTHETIC");
        const char *path = getenv("HWLOC_XMLFILE");
        machine->source = machine->is_real || !path ? "hwloc" : "xml";
        if (text && *text && machine->is_real)
            report_add(report, "hwloc cannot read HWLOC_SYNTHETIC='%s', this is the real machine", text);
        else if (path && *path && machine->is_real && !getenv("HWLOC_THISSYSTEM"))
            report_add(report, "hwloc cannot read HWLOC_XMLFILE='%s', this is the real machine", path);
    }
}

static bool backend_load(struct rovei_machine *machine, const struct rovei_machine_options *options,
                         rove_report *report)
{
    /* hwloc only reads it, but its functions do not say so. */
    hwloc_topology_t given = (hwloc_topology_t)options->topology;
    if (given && hwloc_topology_abi_check(given)) {
        report_add(report, "the given topology is of another version of hwloc than this library");
        return false;
    }
    hwloc_topology_t topology = given ? given : backend_open(options->topology_xml, report);
    if (!topology)
        return false;
    bool done = backend_read(machine, topology, report);
    if (done)
        backend_judge(machine, topology, options, report);
    if (!given)
        hwloc_topology_destroy(topology);
    return done;
}

bool rovei_backend_hwloc(struct rovei_machine *machine, const struct rovei_machine_options *options,
                         rove_report *report)
{
    rovei_process_hold_forks(); /* hwloc has a lock of its own, which a child must not find held */
    bool done = backend_load(machine, options, report);
    rovei_process_release_forks();
    return done;
}
