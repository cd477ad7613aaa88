/*
 * stencil in plain C.
 */
#include "stencil/stencil.h"

void stencil_serial(void)
{
    for (int64_t step = 0; step < stencil_steps; step++) {
        stencil_compute(1, stencil_side - 1, 1, stencil_side - 1);
        stencil_swap();
    }
}
