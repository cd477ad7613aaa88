/*
 * On which processors the calling thread may run. Processors are named by the numbers of the operating system, and a
 * set of them is a plain array: nobody else has to know how the kernel wants its masks, or of machines beyond the 1024
 * processors of a fixed cpu_set_t.
 */
#ifndef ROVEI_PLATFORM_AFFINITY_H
#define ROVEI_PLATFORM_AFFINITY_H

/* Stores the processors that the calling thread may use in `*cpus`, ascending and at least one, and their number in
 * `*count`. What the cpusets of control groups forbid is not among them. The caller frees `*cpus`. Returns 0, or an
 * errno value; then `*cpus` is NULL and `*count` 0. */
int rovei_affinity_read(int **cpus, int *count);

/* Restricts the calling thread to the `count` processors of `cpus`, as far as they exist and are allowed. Returns 0 or
 * an errno value; EINVAL if none is left. */
int rovei_affinity_bind(const int *cpus, int count);

#endif
