#define _GNU_SOURCE
#include "runtime/platform/usage.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

bool rovei_usage_read(int tid, struct rovei_usage *usage)
{
    char text[96];
    snprintf(text, sizeof text, "/proc/self/task/%d/schedstat", tid);
    int file = open(text, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0)
        return false;
    text[length] = '\0';
    return sscanf(text, "%" SCNd64 " %" SCNd64, &usage->ran_ns, &usage->waited_ns) == 2;
}
