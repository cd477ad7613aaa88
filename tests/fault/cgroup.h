/*
 * A control group of a test's own, of version 1: made below the group that the process is in, and taken away again.
 * Where that cannot be done (no such hierarchy, no leave), the test says so and is skipped.
 */
#ifndef TESTS_FAULT_CGROUP_H
#define TESTS_FAULT_CGROUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CGROUP_PATH = 1024 };

struct cgroup {
    char parent[CGROUP_PATH];
    char folder[CGROUP_PATH + 64];
};

static inline bool cgroup_has_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += length)
        if ((at == list || at[-1] == ',') && strchr(",\n", at[length]))
            return true;
    return false;
}

/* Where the hierarchy of the controller is mounted. */
static inline bool cgroup_find_mount(const char *controller, char mount[512])
{
    char line[4096], options[512];
    FILE *file = fopen("/proc/self/mountinfo", "r");
    bool is_found = false;
    while (file && !is_found && fgets(line, sizeof line, file)) {
        const char *type = strstr(line, " - cgroup ");
        is_found = type && sscanf(line, "%*s %*s %*s / %511s", mount) == 1 &&
                   sscanf(type, " - cgroup %*s %511s", options) == 1 && cgroup_has_word(options, controller);
    }
    if (file)
        fclose(file);
    return is_found;
}

/* The path of the process's own group in that hierarchy. */
static inline bool cgroup_find_own(const char *controller, char path[512])
{
    char line[1024], controllers[256];
    FILE *file = fopen("/proc/self/cgroup", "r");
    bool is_found = false;
    while (file && !is_found && fgets(line, sizeof line, file))
        is_found =
            sscanf(line, "%*d:%255[^:]:%511[^\n]", controllers, path) == 2 && cgroup_has_word(controllers, controller);
    if (file)
        fclose(file);
    return is_found;
}

static inline bool cgroup_write(const char *folder, const char *name, const char *text)
{
    char path[CGROUP_PATH + 128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    bool is_written = file && fputs(text, file) >= 0;
    if (file)
        is_written = fclose(file) == 0 && is_written;
    return is_written;
}

static inline bool cgroup_read(const char *folder, const char *name, char *text, int size)
{
    char path[CGROUP_PATH + 128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    bool is_read = file && fgets(text, size, file);
    if (file)
        fclose(file);
    return is_read;
}

/* Groups that an aborted run has left behind are empty, and only those can be removed. */
static inline void cgroup_sweep(const char *parent)
{
    DIR *folder = opendir(parent);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char path[CGROUP_PATH + 300];
        snprintf(path, sizeof path, "%s/%s", parent, entry->d_name);
        if (strncmp(entry->d_name, "rove-test-", 10) == 0)
            rmdir(path);
    }
    if (folder)
        closedir(folder);
}

/* Makes a group, with the parent's processors and memory nodes where it needs some. Says why if it cannot be done. */
static inline bool cgroup_begin(struct cgroup *group, const char *controller)
{
    char mount[512], own[512], text[4096];
    if (!cgroup_find_mount(controller, mount) || !cgroup_find_own(controller, own)) {
        printf("  skipped: there is no hierarchy of version 1 for %s\n", controller);
        return false;
    }
    snprintf(group->parent, sizeof group->parent, "%s%s", mount, strcmp(own, "/") == 0 ? "" : own);
    cgroup_sweep(group->parent);
    snprintf(group->folder, sizeof group->folder, "%s/rove-test-%d", group->parent, (int)getpid());
    if (mkdir(group->folder, 0700)) {
        printf("  skipped: %s: %s\n", group->folder, strerror(errno));
        return false;
    }
    static const char *const inherited[] = {"cpuset.cpus", "cpuset.mems"};
    for (int i = 0; i < 2; i++)
        if (cgroup_read(group->parent, inherited[i], text, sizeof text) &&
            !cgroup_write(group->folder, inherited[i], text)) {
            printf("  skipped: %s: %s\n", inherited[i], strerror(errno));
            rmdir(group->folder);
            return false;
        }
    return true;
}

/* Moves the calling process, all of its threads, into the group. */
static inline void cgroup_enter(const struct cgroup *group)
{
    char text[24];
    snprintf(text, sizeof text, "%d", (int)getpid());
    TEST_CHECK(cgroup_write(group->folder, "cgroup.procs", text), "%s: %s", group->folder, strerror(errno));
}

static inline void cgroup_put(const struct cgroup *group, const char *name, const char *text)
{
    TEST_CHECK(cgroup_write(group->folder, name, text), "%s: %s", name, strerror(errno));
}

/* Requires: nobody is in the group. */
static inline void cgroup_end(const struct cgroup *group)
{
    while (rmdir(group->folder) && errno == EBUSY) /* a process that has ended stays for a moment */
        test_yield();
}

#endif
