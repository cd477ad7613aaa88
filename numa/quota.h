/*
 * How many processors' worth of time the control groups of this process grant it. Threads beyond that are stopped in
 * the middle of their work for the rest of each period, holding whatever others wait for.
 */
#ifndef ROVEI_NUMA_QUOTA_H
#define ROVEI_NUMA_QUOTA_H

#include <stdbool.h>
#include <stddef.h>

enum { QUOTA_PATH_SIZE = 1024 };

/* One hierarchy of control groups: the folder of the process's own group, of which the first `top` characters are
 * where the hierarchy is mounted. Empty if there is none. */
struct rovei_quota_path {
    char folder[QUOTA_PATH_SIZE];
    size_t top;
};

/* Where to look. Found once, so that looking again is a matter of a few small files. */
struct rovei_quota {
    struct rovei_quota_path unified; /* version 2 */
    struct rovei_quota_path legacy;  /* version 1, the hierarchy of the controller `cpu` */
};

/* Finds the groups that this process is in. `root` is put before every path that is read: "" for the real ones. A
 * process that is moved to another group later is seen in the old one until this is called again. */
void rovei_quota_init(struct rovei_quota *quota, const char *root);

/* The least quota of the process's group and all those around it, in processors, rounded up and so at least 1; 0 if
 * there is none, or if none can be read. */
int rovei_quota_read(const struct rovei_quota *quota);

#endif
