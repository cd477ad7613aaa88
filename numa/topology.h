/*
 * The machine as the scheduler sees it: its processors ("PUs", hardware threads), and which of them share what. It is
 * read once, when a runtime is created; plans are made from it.
 */
#ifndef ROVEI_NUMA_TOPOLOGY_H
#define ROVEI_NUMA_TOPOLOGY_H

#include <rove/status.h>
#include <stdbool.h>

/* What processors can share, in the order of the distances of rove/stats.h. */
enum rovei_level { LEVEL_CORE, LEVEL_L2, LEVEL_L3, LEVEL_NODE, LEVEL_PACKAGE, LEVELS };

/* Operating system numbers of processors are below this; a description that names larger ones is not believed. */
enum { MACHINE_OS_LIMIT = 1 << 16 };

struct rovei_pu {
    int os;         /* number of the operating system */
    int at[LEVELS]; /* the core, cache, node and package that it belongs to, counted from 0; -1 where there is none.
                       Every PU has a core and a node. */
    int node_os;    /* the operating system's number of its node */
    int efficiency; /* kind of core: the higher the faster; 0 where all are alike */
    bool is_allowed;
};

/* All zero is a machine that is not loaded. */
struct rovei_machine {
    struct rovei_pu *pus; /* neighbours in the array are neighbours in the machine */
    int pu_count;
    int allowed_count;
    int counts[LEVELS]; /* how many there are: cores, caches, nodes that have processors, packages */
    bool is_real;       /* this machine, so that binding makes sense; false for a description of another */
    const char *source; /* "hwloc", "given", "xml", "synthetic" or "flat" */
};

struct rovei_machine_options {
    const void *topology;     /* an hwloc_topology_t of the program's own, loaded; or NULL */
    const char *topology_xml; /* path of an hwloc XML file; or NULL */
};

/*
 * Reads the machine. On the real one, the processors that are allowed are those of the calling thread's affinity mask.
 * Where hwloc is missing or fails, or its processors and the mask have nothing in common, the machine is flat: the
 * processors of the mask on one node. Whatever did not go as asked is added to `report` (NULL is legal).
 *
 * Returns ROVE_OK, and then at least one processor is allowed; or ROVE_NO_MEMORY. Requires: `machine` is not loaded.
 */
rove_status rovei_machine_load(struct rovei_machine *machine, const struct rovei_machine_options *options,
                               rove_report *report);
void rovei_machine_fini(struct rovei_machine *machine);

#endif
