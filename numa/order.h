/*
 * In which order the processors of a machine are given to workers.
 */
#ifndef ROVEI_NUMA_ORDER_H
#define ROVEI_NUMA_ORDER_H

#include "numa/topology.h"

#include <rove/runtime.h>

/*
 * Stores in `*pus` the places in `machine->pus` of all allowed processors, each once, as `kind` wants them, and their
 * number in `*count`:
 *
 *   cores    fast cores before slow ones, neighbours together, the second threads of cores after all the first ones
 *   compact  fast cores before slow ones, neighbours together, the threads of a core one after the other
 *   spread   as cores, but each as far as possible from those before it
 *
 * The caller frees `*pus`. Returns false if memory is short. Requires: `kind` is not the list.
 */
bool rovei_order_make(const struct rovei_machine *machine, rove_plan kind, int **pus, int *count);

#endif
