/*
 * reduce_sum and reduce_dot in plain C: one number after the other, as the language says.
 */
#include "reduce/reduce.h"

void reduce_sum_serial(void)
{
    reduce_result = reduce_sum_range(0, reduce_count);
}

void reduce_dot_serial(void)
{
    reduce_result = reduce_dot_range(0, reduce_count);
}
