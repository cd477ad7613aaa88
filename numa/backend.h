/*
 * The seam to whatever knows the machine. hwloc stands behind it in backend_hwloc.c, the only file that knows hwloc;
 * a build without it has backend_absent.c in its place. backend_flat.c is always there, to fall back on.
 *
 * A backend fills in what the machine says of itself; the callers see to numbering, counts and the affinity mask.
 */
#ifndef ROVEI_NUMA_BACKEND_H
#define ROVEI_NUMA_BACKEND_H

#include "numa/topology.h"

/*
 * Fills `pus` (allocated with malloc; `at` -1 where there is nothing), `pu_count`, `is_real` and `source` from hwloc.
 * `is_allowed` tells what hwloc knows. Returns false if there is no machine to be had; what was wrong, then and when
 * another machine was taken than was asked for, is added to `report`.
 */
bool rovei_backend_hwloc(struct rovei_machine *machine, const struct rovei_machine_options *options,
                         rove_report *report);

/* The same from the processors `cpus`, each a core of its own, all of one node. Returns false if memory is short. */
bool rovei_backend_flat(struct rovei_machine *machine, const int *cpus, int count);

#endif
