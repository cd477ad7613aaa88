/*
 * Prints the CRC-32, as gzip knows it, of every regular file of directory trees: a pool with a bounded queue,
 * priorities, a stream of results, progress, statistics and an orderly stop.
 *
 *     checksum_tree [-j WORKERS] [-q CAPACITY] [--json FILE] [--prometheus FILE] PATH...
 *
 * A line is "CRC32 SIZE PATH", in the order in which files are done; in a path, a newline is written as \n and a
 * backslash as \\. Symbolic links are followed only where they are named as a PATH. What cannot be read is named on
 * standard error, and the exit status is 1 then. SIGINT and SIGTERM stop it in order: it tells what is done and what is
 * not, and the exit status is 128 and the number of the signal. The options write statistics of the pool when all is
 * over. If standard error is a terminal and standard output is not, a bar shows how far it has come.
 *
 * The main thread walks the trees and submits a job for each file, and waits while CAPACITY files are in the queue.
 * Workers run the jobs, small files first; a large file is cut into blocks that several of them read. Another thread
 * prints the results; as long as CAPACITY of them wait for it, no job starts. So memory does not grow with the tree.
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <rove/rove.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { SMALL = 1 << 16, BLOCK = 1 << 20, BUFFER = 1 << 15 };

/* A part of a file; all zero is the empty one. */
struct part {
    uint64_t size;
    uLong crc;
};

/* A file that was found. Belongs to its job, and then to its result. */
struct file {
    struct part whole;
    char path[];
};

struct tool {
    rove_pool *pool;
    bool shows_bar;
    uint64_t expected; /* files, if there is a bar */
    uint64_t found;    /* by the main thread, as the next ones */
    bool is_search_over;
    bool has_search_failed;
    uint64_t done; /* by the thread that prints, as the next ones */
    uint64_t failed;
    uint64_t canceled;
    int output_error;
};

/* What the handler of signals needs to know. */
static rove_pool *pool_to_stop;
static atomic_int stop_signal;

static void stop(int signal)
{
    atomic_store_explicit(&stop_signal, signal, memory_order_relaxed); /* read when all is over */
    rove_pool_request_stop(pool_to_stop);
}

/* The first signal stops the pool, the second one the process. */
static void stop_on_signals(rove_pool *pool)
{
    struct sigaction action = {.sa_handler = stop, .sa_flags = SA_RESTART | (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    pool_to_stop = pool;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* One call for the line, so that lines of several threads do not mix; it wipes out the bar, which comes back. */
static void complain(const struct tool *tool, const char *path, int error)
{
    fprintf(stderr, "%schecksum_tree: %s: %s\n", tool->shows_bar ? "\r\x1b[K" : "", path, strerror(error));
}

/* Adds the bytes from `at` on, up to `end` or the end of the file. Returns 0 or an error. */
static int read_part(int descriptor, off_t at, off_t end, struct part *part)
{
    unsigned char buffer[BUFFER];
    while (at < end && !rove_is_canceled()) {
        size_t most = end - at < BUFFER ? (size_t)(end - at) : BUFFER;
        ssize_t got = pread(descriptor, buffer, most, at);
        if (got < 0 && errno != EINTR)
            return errno;
        if (got == 0)
            return 0;
        if (got > 0) {
            part->crc = crc32(part->crc, buffer, (uInt)got);
            part->size += (uint64_t)got;
            at += got;
        }
    }
    return 0;
}

static void read_blocks(int64_t begin, int64_t end, void *part, void *descriptor)
{
    int error = read_part(*(int *)descriptor, begin * BLOCK, end * BLOCK, part);
    if (error)
        rove_fail(error);
}

static void join_parts(void *left_part, void *right_part, void *arg)
{
    struct part *left = left_part, *right = right_part;
    (void)arg;
    left->crc = crc32_combine(left->crc, right->crc, (z_off_t)right->size);
    left->size += right->size;
}

/* A large file is read in parallel. While this job waits for the others that read it, its worker reads on, or runs
 * other jobs. */
static int read_whole(int descriptor, off_t size, struct part *whole)
{
    if (size <= BLOCK)
        return read_part(descriptor, 0, INT64_MAX, whole);
    static const struct part empty;
    const rove_reduction reduction = {sizeof empty, &empty, read_blocks, join_parts, &descriptor};
    rove_status status = rove_reduce(0, (size + BLOCK - 1) / BLOCK, &reduction, whole);
    if (status == ROVE_FAILED)
        return rove_scope_error(rove_current_scope());
    if (status)
        return ECANCELED;
    return whole->size < (uint64_t)size ? ESTALE : 0; /* it has become shorter: its blocks belong to no one file */
}

/* The job. The file may have gone since it was found, or be something else now. */
static int checksum(void *arg, void **value)
{
    struct file *file = arg;
    struct stat stat;
    (void)value;
    int descriptor = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* does not wait for a fifo */
    if (descriptor < 0)
        return errno;
    int error = fstat(descriptor, &stat) ? errno : S_ISREG(stat.st_mode) ? 0 : ESTALE;
    if (!error)
        error = read_whole(descriptor, stat.st_size, &file->whole);
    close(descriptor);
    return error ? error : rove_is_canceled() ? ECANCELED : 0;
}

/* Submits a job for the file; waits while the queue is full. Returns false if the pool takes no more. */
static bool submit(struct tool *tool, const char *path, off_t size)
{
    struct file *file = calloc(1, sizeof *file + strlen(path) + 1);
    if (!file) {
        complain(tool, path, ENOMEM);
        tool->has_search_failed = true;
        return true;
    }
    strcpy(file->path, path);
    rove_job job = {.fn = checksum,
                    .arg = file,
                    .user = file,
                    .id = tool->found,
                    .name = file->path,
                    .priority = (size >= SMALL) + (size > BLOCK)};
    if (rove_pool_submit_job(tool->pool, &job, ROVE_NEVER, NULL) != ROVE_OK) {
        free(file);
        return false;
    }
    tool->found++;
    return true;
}

/* What was found: a file is counted or submitted, an error is told once. Returns false if the search is to end. */
static bool visit(struct tool *tool, const FTSENT *entry, bool only_counts)
{
    bool is_file = entry->fts_info == FTS_F && S_ISREG(entry->fts_statp->st_mode);
    bool is_error = entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR || entry->fts_info == FTS_NS;
    if (only_counts) {
        tool->expected += is_file;
        return rove_pool_get_state(tool->pool) == ROVE_POOL_OPEN;
    }
    if (is_error || entry->fts_info == FTS_SLNONE) {
        complain(tool, entry->fts_path, is_error ? entry->fts_errno : ENOENT);
        tool->has_search_failed = true;
    }
    if (is_file)
        return submit(tool, entry->fts_path, entry->fts_statp->st_size);
    return rove_pool_get_state(tool->pool) == ROVE_POOL_OPEN;
}

/* Visits everything that `paths`, which ends in NULL, leads to. */
static void search(struct tool *tool, char **paths, bool only_counts)
{
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
    FTSENT *entry = NULL;
    bool goes_on = tree != NULL;
    while (goes_on && (errno = 0, entry = fts_read(tree)))
        goes_on = visit(tool, entry, only_counts);
    if (!tree || (goes_on && errno)) {
        complain(tool, "the search for files", errno);
        tool->has_search_failed = true;
    } else if (goes_on) {
        tool->is_search_over = !only_counts;
    }
    if (tree)
        fts_close(tree);
}

/* The pool calls it on workers, one at a time and not too often. */
static void show_progress(const rove_progress *progress, void *arg)
{
    enum { WIDTH = 40 };
    const struct tool *tool = arg;
    uint64_t expected = tool->expected > progress->done ? tool->expected : progress->done;
    size_t width = expected ? (size_t)(progress->done * WIDTH / expected) : WIDTH;
    char bar[WIDTH + 1] = {0};
    memset(bar, '.', WIDTH);
    memset(bar, '#', width);
    double left = progress->rate > 0 ? (double)(expected - progress->done) / progress->rate : 0;
    fprintf(stderr, "\r[%s] %" PRIu64 " of %" PRIu64 " files, %.0f s left\x1b[K", bar, progress->done, expected, left);
}

static void print_file(const struct file *file)
{
    printf("%08lx %" PRIu64 " ", file->whole.crc, file->whole.size);
    for (const char *at = file->path; *at; at++) {
        if (*at == '\n' || *at == '\\')
            putchar('\\');
        putchar(*at == '\n' ? 'n' : *at);
    }
    putchar('\n');
}

/* Right after something was written: who cannot print any more needs no more jobs. */
static void check_output(struct tool *tool)
{
    if (!ferror(stdout) || tool->output_error)
        return;
    tool->output_error = errno;
    rove_pool_cancel(tool->pool);
}

/* Takes over the file of the result. */
static void take_result(struct tool *tool, const rove_result *result)
{
    struct file *file = result->user;
    if (result->status == ROVE_OK) {
        tool->done++;
        print_file(file);
        check_output(tool);
    } else if (result->status == ROVE_CANCELED) {
        tool->canceled++;
    } else {
        tool->failed++;
        complain(tool, file->path, result->error);
    }
    free(file);
}

/* The thread that prints. What it has printed is written before it waits for more. */
static void *print_results(void *arg)
{
    enum { MOST = 64 };
    struct tool *tool = arg;
    rove_result results[MOST];
    size_t count;
    for (;;) {
        rove_status status = rove_pool_next_batch(tool->pool, results, MOST, 0, &count);
        if (status == ROVE_TIMED_OUT) {
            fflush(stdout);
            check_output(tool);
            status = rove_pool_next_batch(tool->pool, results, MOST, ROVE_NEVER, &count);
        }
        if (status)
            break; /* closed, and all is read */
        for (size_t i = 0; i < count; i++)
            take_result(tool, &results[i]);
    }
    fflush(stdout);
    check_output(tool);
    return NULL;
}

/* Runs all of it. Returns false if nothing could be begun. */
static bool run(struct tool *tool, char **paths)
{
    pthread_t printer;
    if (tool->shows_bar)
        search(tool, paths, true);
    int error = pthread_create(&printer, NULL, print_results, tool);
    if (error) {
        complain(tool, "a thread that prints", error);
        return false;
    }
    search(tool, paths, false);
    rove_pool_close(tool->pool);
    pthread_join(printer, NULL);
    if (tool->shows_bar)
        fputs("\r\x1b[K", stderr);
    if (tool->output_error)
        complain(tool, "output", tool->output_error);
    return true;
}

static bool save_json(const struct tool *tool, const char *path)
{
    size_t size = rove_pool_write_json(tool->pool, NULL, 0) + 1;
    char *text = malloc(size);
    FILE *file = text ? fopen(path, "w") : NULL;
    bool is_saved = false;
    if (file) {
        rove_pool_write_json(tool->pool, text, size);
        is_saved = fprintf(file, "%s\n", text) > 0;
        is_saved &= fclose(file) == 0;
    }
    if (!is_saved)
        complain(tool, path, errno);
    free(text);
    return is_saved;
}

/* The exit status, after a word about what is not done. */
static int conclude(const struct tool *tool)
{
    int signal = atomic_load_explicit(&stop_signal, memory_order_relaxed); /* its handler has stopped the pool */
    if (signal)
        fprintf(stderr,
                "checksum_tree: stopped by signal %d: %" PRIu64 " files are done, %" PRIu64 " failed, %" PRIu64
                " that were found are not done%s\n",
                signal, tool->done, tool->failed, tool->canceled,
                tool->is_search_over ? "" : ", and the search is not over");
    if (signal)
        return 128 + signal;
    return tool->failed || tool->has_search_failed || tool->output_error;
}

static void usage_exit(void)
{
    fprintf(stderr, "usage: checksum_tree [-j WORKERS] [-q CAPACITY] [--json FILE] [--prometheus FILE] PATH...\n"
                    "prints the CRC-32, the size and the path of every file of the trees\n");
    exit(2);
}

static int option_number(int option, const char *text, int max)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno || end == text || *end || number < 1 || number > max) {
        fprintf(stderr, "checksum_tree: -%c %s: not a number from 1 to %d\n", option, text, max);
        usage_exit();
    }
    return (int)number;
}

struct options {
    int workers;
    int capacity;
    const char *json;
    const char *prometheus;
};

static void options_read(struct options *options, int argc, char **argv)
{
    static const struct option names[] = {
        {"json", required_argument, NULL, 'J'}, {"prometheus", required_argument, NULL, 'P'}, {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "j:q:", names, NULL)) != -1;) {
        if (option == 'j')
            options->workers = option_number(option, optarg, ROVE_WORKERS_MAX);
        else if (option == 'q')
            options->capacity = option_number(option, optarg, 1 << 20);
        else if (option == 'J')
            options->json = optarg;
        else if (option == 'P')
            options->prometheus = optarg;
        else
            usage_exit();
    }
    if (optind == argc)
        usage_exit();
}

static void create(struct tool *tool, const struct options *options, rove_runtime **runtime)
{
    rove_report report;
    rove_config config;
    rove_config_default(&config);
    config.workers = options->workers;
    config.oversubscribe = options->workers > 0; /* what -j says is meant */
    rove_status status = rove_runtime_create(runtime, &config, &report);

    rove_pool_config pool_config;
    rove_pool_config_default(&pool_config);
    pool_config.name = "checksum_tree";
    pool_config.runtime = *runtime;
    pool_config.capacity = (size_t)options->capacity;
    pool_config.levels = 3;
    pool_config.has_results = true;
    pool_config.results_capacity = (size_t)options->capacity;
    pool_config.on_progress = tool->shows_bar ? show_progress : NULL;
    pool_config.arg = tool;
    if (!status)
        status = rove_pool_create(&tool->pool, &pool_config, &report);
    if (status) {
        fprintf(stderr, "checksum_tree: %s\n", report.text);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    struct options options = {.capacity = 1024};
    options_read(&options, argc, argv);
    struct tool tool = {.shows_bar = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO)};
    rove_runtime *runtime;
    rove_report report;
    create(&tool, &options, &runtime);
    stop_on_signals(tool.pool);
    int result = run(&tool, argv + optind) ? conclude(&tool) : 1;

    if (options.json && !save_json(&tool, options.json))
        result = result ? result : 1;
    if (options.prometheus && rove_pool_save_prometheus(tool.pool, options.prometheus, &report) != ROVE_OK) {
        fprintf(stderr, "checksum_tree: %s\n", report.text);
        result = result ? result : 1;
    }
    /* Signals come to this thread: those of the runtime take none, and the one that prints has ended. So no handler is
     * in the middle of the pool. */
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    rove_pool_destroy(tool.pool);
    rove_runtime_destroy(runtime);
    return result;
}
