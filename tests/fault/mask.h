/*
 * Masks of processors for a test that changes its own: they stay, so it is done in a child.
 */
#ifndef TESTS_FAULT_MASK_H
#define TESTS_FAULT_MASK_H

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

/* What the calling thread may use. */
static inline cpu_set_t mask_read(void)
{
    cpu_set_t set;
    TEST_CHECK(sched_getaffinity(0, sizeof set, &set) == 0, "affinity: %s", strerror(errno));
    return set;
}

/* The processor number `index` of those in the mask, counted from 0. Requires: there are so many. */
static inline int mask_processor(const cpu_set_t *mask, int index)
{
    int pu = 0;
    for (;; pu++)
        if (CPU_ISSET((size_t)pu, mask) && index-- == 0)
            return pu;
}

/* Sets the mask of each thread of the process. */
static inline void mask_put_on_each_thread(const cpu_set_t *set)
{
    DIR *folder = opendir("/proc/self/task");
    TEST_CHECK(folder, "/proc/self/task: %s", strerror(errno));
    for (struct dirent *entry; (entry = readdir(folder));)
        if (entry->d_name[0] != '.') /* a thread that has just ended is none to care about */
            TEST_CHECK(sched_setaffinity(atoi(entry->d_name), sizeof *set, set) == 0 || errno == ESRCH, "%s",
                       strerror(errno));
    closedir(folder);
}

#endif
