#include "numa/backend.h"

#include <stdlib.h>

bool rovei_backend_flat(struct rovei_machine *machine, const int *cpus, int count)
{
    machine->pus = malloc((size_t)count * sizeof *machine->pus);
    if (!machine->pus)
        return false;
    for (int i = 0; i < count; i++)
        machine->pus[i] = (struct rovei_pu){.os = cpus[i], .at = {i, -1, -1, 0, -1}, .is_allowed = true};
    machine->pu_count = count;
    machine->is_real = true;
    machine->source = "flat";
    return true;
}
