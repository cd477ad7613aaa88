/*
 * Reads a text from files and folders. Folders are read in the order of their names, so that the text does not depend
 * on the file system.
 */
#include "wordcount/text.h"

#include "support/memory.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for `more` bytes. */
static void text_reserve(struct wordcount_text *text, size_t *capacity, size_t more)
{
    if (text->size + more <= *capacity)
        return;
    size_t larger = 2 * (text->size + more);
    char *bytes = perf_allocate(larger, 1);
    if (text->size > 0)
        memcpy(bytes, text->bytes, text->size);
    free(text->bytes);
    text->bytes = bytes;
    *capacity = larger;
}

/* Appends one file and a newline, so that words of neighbouring files stay apart. */
static void text_append(struct wordcount_text *text, size_t *capacity, const char *path, size_t limit)
{
    enum { PIECE = 1 << 16 };
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return;
    size_t count = 1;
    while (count > 0 && text->size < limit) {
        text_reserve(text, capacity, PIECE + 1);
        size_t wanted = limit - text->size < PIECE ? limit - text->size : PIECE;
        count = fread(text->bytes + text->size, 1, wanted, file);
        text->size += count;
    }
    text_reserve(text, capacity, 1);
    text->bytes[text->size++] = '\n';
    fclose(file);
}

static int text_compare_names(const FTSENT **left, const FTSENT **right)
{
    return strcmp((*left)->fts_name, (*right)->fts_name);
}

/* Cuts `list` at its commas; the result ends with NULL and its names lie in `list`. */
static char **text_split(char *list)
{
    size_t count = 1;
    for (const char *c = list; *c != '\0'; c++)
        count += *c == ',';
    char **names = perf_allocate(count + 1, sizeof *names);
    size_t used = 0;
    char *rest = NULL;
    for (char *name = strtok_r(list, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest))
        names[used++] = name;
    return names;
}

/* Returns false after a line on standard error if one of the names does not exist. */
static bool text_walk(struct wordcount_text *text, FTS *tree, size_t limit)
{
    size_t capacity = 0;
    for (FTSENT *entry = fts_read(tree); entry != NULL && text->size < limit; entry = fts_read(tree)) {
        if (entry->fts_info == FTS_F) {
            text_append(text, &capacity, entry->fts_path, limit);
        } else if (entry->fts_info == FTS_NS && entry->fts_level == FTS_ROOTLEVEL) {
            fprintf(stderr, "rove-bench: %s: %s\n", entry->fts_path, strerror(entry->fts_errno));
            return false;
        }
    }
    return true;
}

bool wordcount_text_read(struct wordcount_text *text, const char *paths, size_t limit)
{
    *text = (struct wordcount_text){0};
    char *list = perf_allocate(strlen(paths) + 1, 1);
    strcpy(list, paths);
    char **names = text_split(list);
    FTS *tree = names[0] == NULL ? NULL : fts_open(names, FTS_PHYSICAL | FTS_NOCHDIR, text_compare_names);
    bool is_read = tree != NULL && text_walk(text, tree, limit);
    if (tree != NULL)
        fts_close(tree);
    if (is_read && text->size == 0)
        fprintf(stderr, "rove-bench: no file can be read at or below '%s'\n", paths);
    else if (tree == NULL)
        fprintf(stderr, "rove-bench: '%s' is no list of paths\n", paths);
    free(names);
    free(list);
    return is_read && text->size > 0;
}
