/*
 * micro/small_loop_* in plain C.
 */
#include "micro/small_loop/small_loop.h"

void small_loop_serial(void)
{
    for (int64_t loop = 0; loop < small_loop_loops; loop++)
        for (int64_t i = 0; i < small_loop_indices; i++)
            small_loop_handle(i);
}
