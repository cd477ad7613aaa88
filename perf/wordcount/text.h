/*
 * Reads a text from files and folders.
 */
#ifndef PERF_WORDCOUNT_TEXT_H
#define PERF_WORDCOUNT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes in memory. */
struct wordcount_text {
    char *bytes;
    size_t size;
};

/* Reads the regular files at or below `paths`, a list separated by commas, one after the other, until `limit` bytes are
 * read. A file that may not be read is left out. Returns false after a line on standard error if a path does not exist
 * or nothing at all was read. */
bool wordcount_text_read(struct wordcount_text *text, const char *paths, size_t limit);

#endif
