/*
 * Threads of this process, from /proc/self/task: `schedstat` for the time, `stat` for it where there is no schedstat,
 * `status` for the switches.
 */
#include "figures/threads.h"

#include "figures/figures.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads a file of the thread into `text`. Returns whether it is there. */
static bool thread_read_file(int id, const char *name, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/%s", id, name);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t length = fread(text, 1, size - 1, file);
    fclose(file);
    text[length] = '\0';
    return length > 0;
}

static int64_t thread_cpu_ns(int id)
{
    char text[1024];
    long long on_processor, user, system;
    if (thread_read_file(id, "schedstat", text, sizeof text) && sscanf(text, "%lld", &on_processor) == 1)
        return on_processor;
    if (!thread_read_file(id, "stat", text, sizeof text))
        figure_die("/proc/self/task/%d/stat cannot be read", id);
    /* The name is in parentheses and may hold any character; the times are the 12th and 13th field behind it. */
    const char *fields = strrchr(text, ')');
    if (!fields || sscanf(fields, ") %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lld %lld", &user, &system) != 2)
        figure_die("/proc/self/task/%d/stat is not understood", id);
    return (user + system) * (1000000000 / sysconf(_SC_CLK_TCK));
}

static int64_t thread_switches(int id, const char *status, const char *key)
{
    const char *line = strstr(status, key);
    if (!line)
        figure_die("/proc/self/task/%d/status does not tell %s", id, key);
    return strtoll(line + strlen(key), NULL, 10);
}

static struct figure_thread thread_read(int id)
{
    char status[4096];
    struct figure_thread thread = {.id = id, .cpu_ns = thread_cpu_ns(id)};
    if (!thread_read_file(id, "comm", thread.name, sizeof thread.name) ||
        !thread_read_file(id, "status", status, sizeof status))
        figure_die("/proc/self/task/%d cannot be read", id);
    thread.name[strcspn(thread.name, "\n")] = '\0';
    thread.voluntary = thread_switches(id, status, "\nvoluntary_ctxt_switches:");
    thread.involuntary = thread_switches(id, status, "\nnonvoluntary_ctxt_switches:");
    return thread;
}

static int thread_compare(const void *left, const void *right)
{
    int a = ((const struct figure_thread *)left)->id;
    int b = ((const struct figure_thread *)right)->id;
    return (a > b) - (a < b);
}

size_t figure_threads_read(struct figure_thread *threads, size_t capacity)
{
    DIR *folder = opendir("/proc/self/task");
    if (!folder)
        figure_die("/proc/self/task cannot be read");
    size_t count = 0;
    for (const struct dirent *entry; count < capacity && (entry = readdir(folder));)
        if (entry->d_name[0] != '.')
            threads[count++] = thread_read(atoi(entry->d_name));
    closedir(folder);
    qsort(threads, count, sizeof *threads, thread_compare);
    return count;
}

bool figure_thread_ran(const struct figure_thread *before, const struct figure_thread *after)
{
    return before->cpu_ns != after->cpu_ns || before->voluntary != after->voluntary ||
           before->involuntary != after->involuntary;
}
