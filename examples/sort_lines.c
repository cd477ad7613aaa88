/*
 * Sorts the lines of a file by their bytes, as `LC_ALL=C sort` does: a memory-mapped file, a reduction that counts its
 * lines, a scan that enters each where it belongs in an index, and a parallel sort of that.
 *
 *     sort_lines [-j WORKERS] [-r] [-o OUTPUT] FILE
 *
 * -r reverses the order. A last line without a newline gets one. The file is mapped, its lines are not copied: 32 bytes
 * of memory for each line, and as much again for the sort. OUTPUT, which may be FILE, is only written when all is
 * sorted.
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <rove/rove.h>
#include <rove/scan.h>
#include <rove/sort.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_BYTES = 16 };

/* A line without its newline. Its first bytes stand in front, as numbers that compare as they do, because most
 * comparisons end there and need not look into the file. */
struct line {
    uint64_t key[KEY_BYTES / 8];
    const char *text;
    size_t length;
};

struct job {
    const char *text;
    size_t size;
    bool is_reverse;
    int64_t count; /* lines */
    struct line *lines;
    rove_status status;
};

/* Where the line that begins at `at` ends: at its newline, or at the end of the file. */
static const char *line_end(const struct job *job, const char *at)
{
    const char *end = memchr(at, '\n', (size_t)(job->text + job->size - at));
    return end ? end : job->text + job->size;
}

/* In each number the first byte is on top; a line that is shorter is filled up with zeros. */
static struct line line_make(const char *text, size_t length)
{
    struct line line = {.text = text, .length = length};
    for (size_t i = 0; i < KEY_BYTES; i++)
        line.key[i / 8] = line.key[i / 8] << 8 | (i < length ? (unsigned char)text[i] : 0);
    return line;
}

/* Where the first line begins that begins from byte `begin` on; `end` if none does before that. */
static const char *first_line(const struct job *job, int64_t begin, int64_t end)
{
    const char *at = job->text + begin;
    if (begin == 0 || at[-1] == '\n')
        return at;
    at = memchr(at, '\n', (size_t)(end - begin));
    return at ? at + 1 : job->text + end;
}

/* How many lines begin from byte `begin` up to but not including `end`. */
static void count_lines(int64_t begin, int64_t end, void *value, void *arg)
{
    const struct job *job = arg;
    for (const char *at = first_line(job, begin, end); at < job->text + end; at = line_end(job, at) + 1)
        ++*(int64_t *)value;
}

/* Enters them into the index; `value` says how many begin before. */
static void index_lines(int64_t begin, int64_t end, void *value, void *arg)
{
    const struct job *job = arg;
    for (const char *at = first_line(job, begin, end); at < job->text + end;) {
        size_t length = (size_t)(line_end(job, at) - at);
        job->lines[(*(int64_t *)value)++] = line_make(at, length);
        at += length + 1;
    }
}

static void add_counts(void *left, const void *right, void *arg)
{
    (void)arg;
    *(int64_t *)left += *(const int64_t *)right;
}

static void add_owned_counts(void *left, void *right, void *arg)
{
    add_counts(left, right, arg);
}

/* Of two lines whose keys are the same: what comes behind the key, and if that too is the same, or only zeros that
 * filled up, the shorter one first. */
static int line_compare_rest(const struct line *left, const struct line *right)
{
    size_t shorter = left->length < right->length ? left->length : right->length;
    int order = shorter > KEY_BYTES ? memcmp(left->text + KEY_BYTES, right->text + KEY_BYTES, shorter - KEY_BYTES) : 0;
    return order ? order : (left->length > right->length) - (left->length < right->length);
}

static int line_compare(const void *left_line, const void *right_line, void *arg)
{
    const struct line *left = left_line, *right = right_line;
    const struct job *job = arg;
    size_t word = left->key[0] == right->key[0];
    int order = (left->key[word] > right->key[word]) - (left->key[word] < right->key[word]);
    if (order == 0)
        order = line_compare_rest(left, right);
    return job->is_reverse ? (order < 0) - (order > 0) : order;
}

/* How many lines there are, then where each of them lies, then their order. */
static void job_run(void *arg)
{
    static const int64_t zero;
    struct job *job = arg;
    const rove_reduction counting = {sizeof zero, &zero, count_lines, add_owned_counts, job};
    const rove_scanner indexing = {sizeof zero, &zero, count_lines, index_lines, add_counts, job};
    job->status = rove_reduce(0, (int64_t)job->size, &counting, &job->count);
    if (job->status)
        return;
    job->lines = malloc((size_t)job->count * sizeof *job->lines + 1);
    job->status = job->lines ? rove_scan(0, (int64_t)job->size, &indexing, NULL) : ROVE_NO_MEMORY;
    if (!job->status)
        job->status = rove_sort(job->lines, (size_t)job->count, sizeof *job->lines, line_compare, job);
}

/* Maps the file. An empty one has no lines. Returns false after a line on standard error. */
static bool job_open(struct job *job, const char *path)
{
    struct stat stat;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    const char *trouble = NULL;
    void *text = NULL;
    if (file < 0 || fstat(file, &stat))
        trouble = strerror(errno);
    else if (!S_ISREG(stat.st_mode))
        trouble = "is no regular file";
    else if (stat.st_size > 0 &&
             (text = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, file, 0)) == MAP_FAILED)
        trouble = strerror(errno);
    if (file >= 0)
        close(file);
    if (trouble) {
        fprintf(stderr, "sort_lines: %s: %s\n", path, trouble);
        return false;
    }
    job->text = text;
    job->size = (size_t)stat.st_size;
    return true;
}

static bool job_write(const struct job *job, FILE *file)
{
    for (int64_t i = 0; i < job->count; i++) {
        const struct line *line = &job->lines[i];
        bool has_newline = line->text + line->length < job->text + job->size;
        fwrite(line->text, 1, line->length + has_newline, file);
        if (!has_newline)
            putc('\n', file);
    }
    return !ferror(file) && !fflush(file);
}

/* Writes to a new file that then takes the name of the old one, because the lines may lie in that. */
static bool job_write_to(const struct job *job, const char *path)
{
    bool is_written = false;
    char *fresh = malloc(strlen(path) + 8);
    int file = fresh ? mkstemp(strcat(strcpy(fresh, path), ".XXXXXX")) : -1;
    mode_t mask = umask(0);
    umask(mask);
    FILE *stream = file >= 0 && !fchmod(file, 0666 & ~mask) ? fdopen(file, "wb") : NULL;
    if (stream) {
        is_written = job_write(job, stream);
        is_written = !fclose(stream) && is_written && !rename(fresh, path);
    }
    if (!is_written) {
        fprintf(stderr, "sort_lines: %s could not be written: %s\n", path, strerror(errno));
        if (file >= 0)
            unlink(fresh);
    }
    free(fresh);
    return is_written;
}

static bool job_output(const struct job *job, const char *output)
{
    if (output)
        return job_write_to(job, output);
    if (job_write(job, stdout))
        return true;
    fprintf(stderr, "sort_lines: output: %s\n", strerror(errno));
    return false;
}

static void usage_exit(void)
{
    fprintf(stderr, "usage: sort_lines [-j WORKERS] [-r] [-o OUTPUT] FILE\n"
                    "sorts the lines of FILE by their bytes; -r: in reverse\n");
    exit(2);
}

static int workers_read(const char *text)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno || end == text || *end || number < 1 || number > ROVE_WORKERS_MAX) {
        fprintf(stderr, "sort_lines: -j %s: not a number from 1 to %d\n", text, ROVE_WORKERS_MAX);
        usage_exit();
    }
    return (int)number;
}

int main(int argc, char **argv)
{
    const char *output = NULL;
    struct job job = {0};
    rove_config config;
    rove_config_default(&config);
    for (int option; (option = getopt(argc, argv, "j:ro:")) != -1;) {
        if (option == 'j')
            config.workers = workers_read(optarg);
        else if (option == 'r')
            job.is_reverse = true;
        else if (option == 'o')
            output = optarg;
        else
            usage_exit();
    }
    config.oversubscribe = config.workers > 0; /* what -j says is meant */
    if (optind != argc - 1)
        usage_exit();
    if (!job_open(&job, argv[optind]))
        return 1;

    rove_runtime *runtime;
    rove_report report;
    if (rove_runtime_create(&runtime, &config, &report)) {
        fprintf(stderr, "sort_lines: %s\n", report.text);
        return 1;
    }
    rove_status status = rove_run(runtime, job_run, &job);
    rove_runtime_destroy(runtime);
    bool is_done = !status && !job.status;
    if (!is_done)
        fprintf(stderr, "sort_lines: %s\n", rove_status_text(status ? status : job.status));
    else
        is_done = job_output(&job, output);
    free(job.lines);
    if (job.size > 0)
        munmap((void *)(uintptr_t)job.text, job.size);
    return is_done ? 0 : 1;
}
