#include "numa/quota.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUOTA_LINE_SIZE = 4096 };

/* The next line without its end; the rest of one that is too long is dropped. */
static bool quota_next_line(FILE *file, char line[QUOTA_LINE_SIZE])
{
    if (!fgets(line, QUOTA_LINE_SIZE, file))
        return false;
    size_t length = strcspn(line, "\n");
    if (line[length] == '\0')
        for (int c = fgetc(file); c != '\n' && c != EOF;)
            c = fgetc(file);
    line[length] = '\0';
    return true;
}

static FILE *quota_open(const char *folder, const char *name)
{
    char path[QUOTA_PATH_SIZE + 64];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    return length > 0 && (size_t)length < sizeof path ? fopen(path, "re") : NULL;
}

/* Whether `word` is one of the words of `list`, which commas separate. */
static bool quota_has_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strcspn(at, ",") == length && !strncmp(at, word, length))
            return true;
    }
    return false;
}

/* The kernel writes blanks within paths as a backslash and three octal digits. */
static void quota_unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; to++) {
        if (from[0] == '\\' && strspn(from + 1, "01234567") >= 3) {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* The next field of a line, whose fields single blanks separate. */
static char *quota_next_field(char **rest)
{
    char *field = *rest;
    if (!field)
        return NULL;
    char *blank = strchr(field, ' ');
    if (blank)
        *blank = '\0';
    *rest = blank ? blank + 1 : NULL;
    return field;
}

/*
 * Where below a mount a group's folder is, or NULL if the mount does not show it. Both paths are as seen from the root
 * of the process's namespace. A mount may show only the part of the hierarchy below `mount_root`; or, if that is above
 * the namespace ("/../.."), a part around the group, of which only the outermost can be found.
 */
static const char *quota_below(const char *group, const char *mount_root)
{
    if (!strncmp(group, "/..", 3))
        return NULL;
    if (!strncmp(mount_root, "/..", 3))
        return strspn(mount_root, "/.") == strlen(mount_root) ? "" : NULL;
    size_t length = strcmp(mount_root, "/") ? strlen(mount_root) : 0;
    if (strncmp(group, mount_root, length) || (group[length] != '/' && group[length] != '\0'))
        return NULL;
    return strcmp(group + length, "/") ? group + length : "";
}

static void quota_set_path(struct rovei_quota_path *path, const char *root, const char *mount, const char *below)
{
    int length = snprintf(path->folder, sizeof path->folder, "%s%s%s", root, mount, below);
    path->top = strlen(root) + strlen(mount);
    if (length < 0 || (size_t)length >= sizeof path->folder)
        path->folder[0] = '\0';
}

/* The group in one hierarchy, from /proc/self/cgroup: the one without controllers or the one with `cpu`. */
static bool quota_find_group(const char *proc, bool unified, char group[QUOTA_LINE_SIZE])
{
    FILE *file = quota_open(proc, "cgroup");
    bool found = false;
    while (file && !found && quota_next_line(file, group)) {
        char *controllers = strchr(group, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        controllers++;
        found = unified ? *controllers == '\0' : quota_has_word(controllers, "cpu");
        if (found)
            memmove(group, path, strlen(path) + 1);
    }
    if (file)
        fclose(file);
    return found;
}

/* A line of mountinfo is: id, parent, device, root, mount point, options, tags, "-", type, source, options. */
static void quota_try_mount(struct rovei_quota *quota, const char *root, const char *proc, char *line)
{
    char *rest = line;
    for (int i = 0; i < 3; i++)
        quota_next_field(&rest);
    char *mount_root = quota_next_field(&rest);
    char *mount = quota_next_field(&rest);
    for (char *tag = quota_next_field(&rest); tag && strcmp(tag, "-");)
        tag = quota_next_field(&rest);
    const char *type = quota_next_field(&rest);
    quota_next_field(&rest);
    const char *options = quota_next_field(&rest);
    if (!type || !options)
        return;
    bool unified = !strcmp(type, "cgroup2");
    bool legacy = !strcmp(type, "cgroup") && quota_has_word(options, "cpu");
    struct rovei_quota_path *path = unified ? &quota->unified : &quota->legacy;
    char group[QUOTA_LINE_SIZE];
    if ((!unified && !legacy) || path->folder[0] || !quota_find_group(proc, unified, group))
        return;
    quota_unescape(mount_root);
    quota_unescape(mount);
    const char *below = quota_below(group, mount_root);
    if (below)
        quota_set_path(path, root, mount, below);
}

void rovei_quota_init(struct rovei_quota *quota, const char *root)
{
    *quota = (struct rovei_quota){0};
    char proc[QUOTA_PATH_SIZE];
    int length = snprintf(proc, sizeof proc, "%s/proc/self", root);
    FILE *file = length > 0 && (size_t)length < sizeof proc ? quota_open(proc, "mountinfo") : NULL;
    if (!file)
        return;
    char line[QUOTA_LINE_SIZE];
    while (quota_next_line(file, line))
        quota_try_mount(quota, root, proc, line);
    fclose(file);
}

/* Reads up to two numbers from a file. "max" and everything else that is no number ends them. */
static int quota_read_numbers(const char *folder, const char *name, long long numbers[2])
{
    FILE *file = quota_open(folder, name);
    int count = file ? fscanf(file, "%lld %lld", &numbers[0], &numbers[1]) : 0;
    if (file)
        fclose(file);
    return count > 0 ? count : 0;
}

/* Processors that one group grants, rounded up; 0 for no limit. Where the period is not told it is 100 milliseconds. */
static int quota_of_group(const char *folder, bool unified)
{
    long long numbers[2] = {0, 0}, period[2] = {0, 0};
    if (quota_read_numbers(folder, unified ? "cpu.max" : "cpu.cfs_quota_us", numbers) == 0 || numbers[0] <= 0)
        return 0;
    if (unified)
        period[0] = numbers[1];
    else
        quota_read_numbers(folder, "cpu.cfs_period_us", period);
    if (period[0] <= 0)
        period[0] = 100000;
    long long processors = numbers[0] / period[0] + (numbers[0] % period[0] != 0);
    return processors > INT_MAX ? INT_MAX : (int)processors;
}

/* The least of the group and those around it, up to where the hierarchy is mounted. */
static int quota_of_path(const struct rovei_quota_path *path, bool unified)
{
    char folder[QUOTA_PATH_SIZE];
    memcpy(folder, path->folder, sizeof folder);
    int least = 0;
    for (size_t length = strlen(folder); length > 0 && length >= path->top;) {
        folder[length] = '\0';
        int granted = quota_of_group(folder, unified);
        if (granted > 0 && (least == 0 || granted < least))
            least = granted;
        do
            length--;
        while (length > 0 && folder[length] != '/');
    }
    return least;
}

int rovei_quota_read(const struct rovei_quota *quota)
{
    int unified = quota_of_path(&quota->unified, true);
    int legacy = quota_of_path(&quota->legacy, false);
    return legacy == 0 || (unified > 0 && unified < legacy) ? unified : legacy;
}
