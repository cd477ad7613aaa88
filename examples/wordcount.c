/*
 * Counts the words of files and of everything below directories, and prints the most frequent ones: a parallel
 * reduction whose value is a hash table.
 *
 *     wordcount [-n COUNT] [-j WORKERS] PATH...
 *
 * A word is a run of the letters A to Z and a to z that is as long as possible; capitals count as small letters. Equal
 * counts are ordered by word. On a terminal, standard error shows how far it has come.
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* How often a word occurs. The word itself lies in the table's text; a count of zero marks a free place. */
struct entry {
    uint64_t count;
    size_t text;
    size_t length;
    uint32_t hash;
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* In ASCII a capital and its small letter differ in one bit. */
static char small_letter(char letter)
{
    return (char)(letter | 0x20);
}

/* A hash table with linear probing; all zero is valid and empty. */
struct table {
    struct entry *entries;
    size_t capacity; /* a power of two, or zero */
    size_t used;
    char *text;
    size_t text_size;
    size_t text_capacity;
};

/* Memory that is there, or the end of the program. */
static void *memory_resize(void *memory, size_t size)
{
    memory = realloc(memory, size);
    if (!memory) {
        fprintf(stderr, "wordcount: no memory for %zu bytes\n", size);
        exit(1);
    }
    return memory;
}

static void table_grow(struct table *table)
{
    size_t capacity = table->capacity ? table->capacity * 2 : 1024;
    struct entry *entries = memory_resize(NULL, capacity * sizeof *entries);
    memset(entries, 0, capacity * sizeof *entries);
    for (size_t i = 0; i < table->capacity; i++) {
        if (!table->entries[i].count)
            continue;
        size_t place = table->entries[i].hash & (capacity - 1);
        while (entries[place].count)
            place = (place + 1) & (capacity - 1);
        entries[place] = table->entries[i];
    }
    free(table->entries);
    table->entries = entries;
    table->capacity = capacity;
}

/* Copies the word, in small letters, behind the others and returns where it lies. */
static size_t table_keep_text(struct table *table, const char *word, size_t length)
{
    size_t where = table->text_size;
    if (table->text_capacity - where < length) {
        table->text_capacity = (where + length) * 2 + 4096;
        table->text = memory_resize(table->text, table->text_capacity);
    }
    for (size_t i = 0; i < length; i++)
        table->text[table->text_size++] = small_letter(word[i]);
    return where;
}

static bool table_is_word(const struct table *table, const struct entry *entry, const char *word, size_t length)
{
    size_t same = 0;
    while (same < length && table->text[entry->text + same] == small_letter(word[same]))
        same++;
    return same == length;
}

static void table_add(struct table *table, const char *word, size_t length, uint32_t hash, uint64_t count)
{
    if (table->used >= table->capacity / 2)
        table_grow(table);
    size_t place = hash & (table->capacity - 1);
    for (; table->entries[place].count; place = (place + 1) & (table->capacity - 1)) {
        struct entry *entry = &table->entries[place];
        if (entry->hash == hash && entry->length == length && table_is_word(table, entry, word, length)) {
            entry->count += count;
            return;
        }
    }
    size_t where = table_keep_text(table, word, length);
    table->entries[place] = (struct entry){.count = count, .text = where, .length = length, .hash = hash};
    table->used++;
}

static void table_clear(struct table *table)
{
    free(table->entries);
    free(table->text);
    *table = (struct table){0};
}

/* Adds the words of `right`, and empties it. The smaller table goes into the larger one: counting is commutative. */
static void table_merge(void *left_value, void *right_value, void *arg)
{
    struct table *left = left_value, *right = right_value;
    (void)arg;
    if (left->used < right->used) {
        struct table swap = *left;
        *left = *right;
        *right = swap;
    }
    for (size_t i = 0; i < right->capacity; i++) {
        const struct entry *entry = &right->entries[i];
        if (entry->count)
            table_add(left, right->text + entry->text, entry->length, entry->hash, entry->count);
    }
    table_clear(right);
}

/* A part of a file, so that one large file is also counted in parallel. */
struct piece {
    char *path; /* shared by the pieces of the file; the first one owns it */
    size_t begin;
    size_t end;
    size_t file_size;
};

enum { PIECE_SIZE = 1 << 18 };

struct job {
    struct piece *pieces;
    size_t piece_count;
    size_t piece_capacity;
    size_t bytes;
    bool show_progress;
    atomic_size_t bytes_done;
    atomic_int percent_shown;
    atomic_bool failed; /* something could not be read */
    struct table table;
    rove_status status;
};

/* Counts the words that begin in the piece, wherever they end. `text` is the whole file. */
static void piece_count_words(const struct piece *piece, const char *text, struct table *table)
{
    size_t at = piece->begin;
    while (at > 0 && at < piece->end && is_letter(text[at - 1]) && is_letter(text[at]))
        at++; /* the rest of a word that began before */
    while (at < piece->end) {
        uint32_t hash = 2166136261u;
        size_t first = at;
        for (; at < piece->file_size && is_letter(text[at]); at++)
            hash = (hash ^ (unsigned char)small_letter(text[at])) * 16777619u;
        if (at > first)
            table_add(table, text + first, at - first, hash ^ hash >> 15, 1);
        else
            at++;
    }
}

/* Maps the whole file, which costs address space and reads only the piece; returns NULL, with errno set, if it is not
 * there any more. */
static char *piece_map(const struct piece *piece)
{
    int file = open(piece->path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return NULL;
    void *text = mmap(NULL, piece->file_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    return text == MAP_FAILED ? NULL : text;
}

static void job_complain(struct job *job, const char *path, int error)
{
    atomic_store_explicit(&job->failed, true, memory_order_relaxed); /* read after the reduction */
    fprintf(stderr, "wordcount: %s: %s\n", path, strerror(error));
}

/* Whoever reaches a new percentage first draws it, so nobody waits for anybody. Relaxed: only numbers are shown. */
static void job_show_progress(struct job *job, size_t bytes)
{
    enum { WIDTH = 50 };
    size_t done = atomic_fetch_add_explicit(&job->bytes_done, bytes, memory_order_relaxed) + bytes;
    int percent = (int)(done * 100 / job->bytes);
    int shown = atomic_load_explicit(&job->percent_shown, memory_order_relaxed);
    if (!job->show_progress || percent <= shown ||
        !atomic_compare_exchange_strong_explicit(&job->percent_shown, &shown, percent, memory_order_relaxed,
                                                 memory_order_relaxed))
        return;
    char bar[WIDTH + 1] = {0};
    memset(bar, '.', WIDTH);
    memset(bar, '#', (size_t)percent * WIDTH / 100);
    fprintf(stderr, "\r[%s] %3d%%", bar, percent);
}

static void job_count_pieces(int64_t begin, int64_t end, void *value, void *arg)
{
    struct job *job = arg;
    for (int64_t i = begin; i < end; i++) {
        const struct piece *piece = &job->pieces[i];
        char *text = piece_map(piece);
        if (text) {
            piece_count_words(piece, text, value);
            munmap(text, piece->file_size);
        } else {
            job_complain(job, piece->path, errno);
        }
        job_show_progress(job, piece->end - piece->begin);
    }
}

static void job_run(void *arg)
{
    static const struct table empty;
    struct job *job = arg;
    rove_reduction reduction = {sizeof empty, &empty, job_count_pieces, table_merge, job};
    job->status = rove_reduce(0, (int64_t)job->piece_count, &reduction, &job->table);
}

static void job_add_file(struct job *job, const char *path, size_t size)
{
    char *copy = strcpy(memory_resize(NULL, strlen(path) + 1), path);
    for (size_t begin = 0; begin < size; begin += PIECE_SIZE) {
        if (job->piece_count == job->piece_capacity) {
            job->piece_capacity = job->piece_capacity * 2 + 64;
            job->pieces = memory_resize(job->pieces, job->piece_capacity * sizeof *job->pieces);
        }
        size_t end = size - begin < PIECE_SIZE ? size : begin + PIECE_SIZE;
        job->pieces[job->piece_count++] = (struct piece){copy, begin, end, size};
    }
    job->bytes += size;
}

/* Adds every regular file that `paths`, which ends in NULL, leads to. */
static void job_add_paths(struct job *job, char **paths)
{
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
    FTSENT *entry = NULL;
    while (walk && (entry = fts_read(walk))) {
        if (entry->fts_info == FTS_F && entry->fts_statp->st_size > 0)
            job_add_file(job, entry->fts_path, (size_t)entry->fts_statp->st_size);
        else if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR || entry->fts_info == FTS_NS)
            job_complain(job, entry->fts_path, entry->fts_errno);
    }
    if (!walk || errno)
        job_complain(job, "the search for files", errno);
    if (walk)
        fts_close(walk);
}

static void job_clear(struct job *job)
{
    table_clear(&job->table);
    for (size_t i = 0; i < job->piece_count; i++) {
        if (job->pieces[i].begin == 0)
            free(job->pieces[i].path);
    }
    free(job->pieces);
}

/* A word of the result, where the sort can compare it. */
struct word {
    uint64_t count;
    size_t length;
    const char *text;
};

static int word_compare(const void *left_word, const void *right_word)
{
    const struct word *left = left_word, *right = right_word;
    if (left->count != right->count)
        return left->count > right->count ? -1 : 1;
    size_t shorter = left->length < right->length ? left->length : right->length;
    int order = memcmp(left->text, right->text, shorter);
    return order ? order : (left->length > right->length) - (left->length < right->length);
}

static void table_print(const struct table *table, size_t most)
{
    struct word *words = memory_resize(NULL, (table->used + 1) * sizeof *words);
    size_t count = 0;
    for (size_t i = 0; i < table->capacity; i++) {
        const struct entry *entry = &table->entries[i];
        if (entry->count)
            words[count++] = (struct word){entry->count, entry->length, table->text + entry->text};
    }
    qsort(words, count, sizeof *words, word_compare);
    for (size_t i = 0; i < count && i < most; i++) {
        printf("%7llu ", (unsigned long long)words[i].count);
        fwrite(words[i].text, 1, words[i].length, stdout);
        putchar('\n');
    }
    free(words);
}

static void usage_exit(void)
{
    fprintf(stderr, "usage: wordcount [-n COUNT] [-j WORKERS] PATH...\n"
                    "prints the COUNT (default 10) most frequent words of the files and directories\n");
    exit(2);
}

static int option_number(char option, const char *text, int max)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno || end == text || *end || number < 1 || number > max) {
        fprintf(stderr, "wordcount: -%c %s: not a number from 1 to %d\n", option, text, max);
        usage_exit();
    }
    return (int)number;
}

int main(int argc, char **argv)
{
    int most = 10;
    rove_config config;
    rove_config_default(&config);
    for (int option; (option = getopt(argc, argv, "n:j:")) != -1;) {
        if (option == 'n')
            most = option_number('n', optarg, INT_MAX);
        else if (option == 'j')
            config.workers = option_number('j', optarg, ROVE_WORKERS_MAX);
        else
            usage_exit();
    }
    config.oversubscribe = config.workers > 0; /* what -j says is meant */
    if (optind == argc)
        usage_exit();

    struct job job = {.show_progress = isatty(STDERR_FILENO)};
    job_add_paths(&job, argv + optind);

    rove_runtime *runtime;
    rove_report report;
    rove_status status = rove_runtime_create(&runtime, &config, &report);
    if (status) {
        fprintf(stderr, "wordcount: %s\n", report.text);
        return 1;
    }
    status = rove_run(runtime, job_run, &job);
    rove_runtime_destroy(runtime);
    if (job.show_progress)
        fputs("\r\x1b[K", stderr);
    if (status || job.status) {
        fprintf(stderr, "wordcount: %s\n", rove_status_text(status ? status : job.status));
        return 1;
    }
    table_print(&job.table, (size_t)most);
    job_clear(&job);
    if (fflush(stdout)) {
        fprintf(stderr, "wordcount: output: %s\n", strerror(errno));
        return 1;
    }
    return job.failed ? 1 : 0;
}
