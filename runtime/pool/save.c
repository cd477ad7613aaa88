/*
 * A pool's figures in a file that other programs read at any time: written under another name first, which no collector
 * takes for a finished file, and then renamed, which replaces the old one at once.
 */
#include "runtime/platform/clock.h"
#include "runtime/platform/memory.h"
#include "runtime/pool/pool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* How many names are tried: another process may have the same idea in the same nanosecond. */
enum { NAMES = 16 };

/* What is added to the path: a dot, a number, ".tmp" and the terminator. */
enum { SUFFIX_SIZE = 32 };

/* Text that is still to come may make it longer than it was when it was measured. */
enum { TEXT_SLACK = 4096 };

/* One block of memory. */
struct saving {
    char *name; /* of the file that is written first */
    size_t name_size;
    char *text;
    size_t text_size;
    size_t length;
};

static void saving_release(const rove_pool *pool, const struct saving *saving)
{
    rovei_memory_release(pool->allocator, saving->name, saving->name_size + saving->text_size);
}

/* Gets the whole text; false if there is no memory. */
static bool saving_prepare(const rove_pool *pool, const char *path, struct saving *saving)
{
    saving->name_size = strlen(path) + SUFFIX_SIZE;
    saving->length = rove_pool_write_prometheus(pool, NULL, 0);
    for (;;) {
        saving->text_size = saving->length + TEXT_SLACK;
        saving->name = rovei_memory_allocate(pool->allocator, saving->name_size + saving->text_size);
        if (!saving->name)
            return false;
        saving->text = saving->name + saving->name_size;
        saving->length = rove_pool_write_prometheus(pool, saving->text, saving->text_size);
        if (saving->length < saving->text_size)
            return true;
        saving_release(pool, saving);
    }
}

/* Creates a file that nobody has; NULL with the reason in `errno`. */
static FILE *saving_open(const struct saving *saving, const char *path)
{
    FILE *file = NULL;
    for (int i = 0; i < NAMES && !file; i++) {
        snprintf(saving->name, saving->name_size, "%s.%" PRId64 ".tmp", path, rovei_clock_now());
        file = fopen(saving->name, "wbx");
        if (!file && errno != EEXIST)
            break;
    }
    return file;
}

/* Writes the text; 0 or an errno value. */
static int saving_write(const struct saving *saving, FILE *file)
{
    errno = 0;
    bool is_whole = fwrite(saving->text, 1, saving->length, file) == saving->length;
    int error = is_whole ? 0 : errno;
    if (fclose(file) && is_whole) {
        is_whole = false;
        error = errno;
    }
    return is_whole ? 0 : error ? error : EIO;
}

/* 0 or an errno value. */
static int saving_save(const struct saving *saving, const char *path)
{
    FILE *file = saving_open(saving, path);
    if (!file)
        return errno;
    int error = saving_write(saving, file);
    if (error == 0 && rename(saving->name, path))
        error = errno;
    if (error != 0)
        remove(saving->name);
    return error;
}

static rove_status save_report(rove_report *report, rove_status status, const char *path, const char *reason)
{
    if (report)
        snprintf(report->text, sizeof report->text, "the metrics were not saved in %s: %s", path, reason);
    return status;
}

rove_status rove_pool_save_prometheus(const rove_pool *pool, const char *path, rove_report *report)
{
    struct saving saving;
    if (report)
        report->text[0] = '\0';
    rove_status status = path ? pool_check(pool) : ROVE_INVALID;
    if (status != ROVE_OK)
        return status;
    if (!saving_prepare(pool, path, &saving))
        return save_report(report, ROVE_NO_MEMORY, path, rove_status_text(ROVE_NO_MEMORY));
    int error = saving_save(&saving, path);
    saving_release(pool, &saving);
    return error == 0 ? ROVE_OK : save_report(report, ROVE_FAILED, path, strerror(error));
}
