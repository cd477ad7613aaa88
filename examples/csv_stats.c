/*
 * Statistics of a file of measurements, by station: a memory-mapped file, split at the ends of its lines, and a
 * parallel reduction whose value is a hash table.
 *
 *     csv_stats [-j WORKERS] [-s] FILE          prints "station;min;mean;max;count", ordered by station; -s: serially
 *     csv_stats --generate FILE ROWS SEED       makes such a file; the same seed makes the same file
 *
 * A line is "station;value". The station is any text without a semicolon; the value has one decimal, and at most six
 * digits before it. Values are kept as whole tenths, so that sums are exact and do not depend on their order; the mean
 * is rounded to hundredths, halves away from zero. On a terminal, standard error shows how far it has come.
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is known about a station. Its name lies in the file; a count of zero marks a free place. */
struct station {
    const char *name;
    uint32_t length;
    uint32_t hash;
    int32_t min; /* tenths, as all values */
    int32_t max;
    int64_t sum;
    int64_t count;
};

/* A hash table with linear probing, at most half full; all zero is valid and empty. */
struct table {
    struct station *stations;
    size_t capacity; /* a power of two, or zero */
    size_t used;
};

static void *memory_take(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory) {
        fprintf(stderr, "csv_stats: no memory for %zu bytes\n", count * size);
        exit(1);
    }
    return memory;
}

/* The place of the station, or the free one where it belongs. */
static struct station *table_find(const struct table *table, const char *name, uint32_t length, uint32_t hash)
{
    for (size_t place = hash & (table->capacity - 1);; place = (place + 1) & (table->capacity - 1)) {
        struct station *station = &table->stations[place];
        if (station->count == 0 ||
            (station->hash == hash && station->length == length && memcmp(station->name, name, length) == 0))
            return station;
    }
}

static void table_grow(struct table *table)
{
    struct table larger = {.capacity = table->capacity ? table->capacity * 2 : 1024, .used = table->used};
    larger.stations = memory_take(larger.capacity, sizeof *larger.stations);
    for (size_t i = 0; i < table->capacity; i++) {
        const struct station *station = &table->stations[i];
        if (station->count)
            *table_find(&larger, station->name, station->length, station->hash) = *station;
    }
    free(table->stations);
    *table = larger;
}

static void table_add(struct table *table, const struct station *one)
{
    if (table->used >= table->capacity / 2)
        table_grow(table);
    struct station *station = table_find(table, one->name, one->length, one->hash);
    if (station->count == 0) {
        *station = *one;
        table->used++;
        return;
    }
    station->min = one->min < station->min ? one->min : station->min;
    station->max = one->max > station->max ? one->max : station->max;
    station->sum += one->sum;
    station->count += one->count;
}

/* A file, and how far the work on it has come. */
struct job {
    const char *text;
    size_t size;
    bool show_progress;
    atomic_size_t bytes_done;
    atomic_int percent_shown;
    atomic_size_t bad; /* where the first line begins that is not as it should be; SIZE_MAX: none known */
    struct table table;
    rove_status status;
};

/* Reads a value; returns what follows it, or NULL if it is none. */
static const char *value_read(const char *at, const char *end, int32_t *tenths)
{
    enum { DIGITS = 6 };
    bool is_negative = at < end && *at == '-';
    int32_t value = 0;
    int digits = 0;
    for (at += is_negative; at < end && *at >= '0' && *at <= '9' && digits <= DIGITS; at++, digits++)
        value = value * 10 + (*at - '0');
    if (digits == 0 || digits > DIGITS || end - at < 2 || at[0] != '.' || at[1] < '0' || at[1] > '9')
        return NULL;
    value = value * 10 + (at[1] - '0');
    *tenths = is_negative ? -value : value;
    return at + 2;
}

/* Adds the line that begins at `at`; returns where the next one begins, or NULL if it is not as it should be. */
static const char *line_add(struct table *table, const char *at, const char *end)
{
    struct station station = {.name = at, .count = 1};
    uint32_t hash = 2166136261u; /* FNV-1a, Fowler, Noll and Vo 1991 */
    for (; at < end && *at != ';' && *at != '\n'; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    if (at == end || *at == '\n' || at == station.name || at - station.name > UINT32_MAX)
        return NULL;
    station.length = (uint32_t)(at - station.name);
    station.hash = hash ^ hash >> 15;
    at = value_read(at + 1, end, &station.min);
    if (!at || (at < end && *at != '\n'))
        return NULL;
    station.max = station.min;
    station.sum = station.min;
    table_add(table, &station);
    return at < end ? at + 1 : at;
}

/* Relaxed, as all these numbers: they are only shown, or read when the work is done. */
static void job_report_bad(struct job *job, size_t offset)
{
    size_t bad = atomic_load_explicit(&job->bad, memory_order_relaxed);
    while (offset < bad &&
           !atomic_compare_exchange_weak_explicit(&job->bad, &bad, offset, memory_order_relaxed, memory_order_relaxed))
        ;
}

/* Whoever reaches a new percentage first draws it, so nobody waits for anybody. */
static void job_show_progress(struct job *job, size_t bytes)
{
    enum { WIDTH = 50 };
    if (!job->show_progress)
        return;
    size_t done = atomic_fetch_add_explicit(&job->bytes_done, bytes, memory_order_relaxed) + bytes;
    int percent = (int)(done / (job->size / 100 + 1));
    int shown = atomic_load_explicit(&job->percent_shown, memory_order_relaxed);
    if (percent <= shown || !atomic_compare_exchange_strong_explicit(&job->percent_shown, &shown, percent,
                                                                     memory_order_relaxed, memory_order_relaxed))
        return;
    char bar[WIDTH + 1] = {0};
    memset(bar, '.', WIDTH);
    memset(bar, '#', (size_t)percent * WIDTH / 100);
    fprintf(stderr, "\r[%s] %3d%%", bar, percent);
}

/* Adds the lines that begin from byte `begin` up to but not including `end`, wherever they end. Once a line was bad,
 * only those before it are of interest, because one of them may be worse. */
static void job_add(int64_t begin, int64_t end, void *value, void *arg)
{
    struct job *job = arg;
    const char *at = job->text + begin, *stop = job->text + end, *text_end = job->text + job->size;
    if (begin > 0 && at[-1] != '\n') {
        at = memchr(at, '\n', (size_t)(stop - at));
        at = at ? at + 1 : stop;
    }
    while (at < stop && (size_t)(at - job->text) < atomic_load_explicit(&job->bad, memory_order_relaxed)) {
        const char *next = line_add(value, at, text_end);
        if (!next)
            job_report_bad(job, (size_t)(at - job->text));
        at = next ? next : stop;
    }
    job_show_progress(job, (size_t)(end - begin));
}

/* Adds the stations of `right`, and empties it. The smaller table goes into the larger one: the order does not
 * matter. */
static void job_merge(void *left_value, void *right_value, void *arg)
{
    struct table *left = left_value, *right = right_value;
    (void)arg;
    if (left->used < right->used) {
        struct table swap = *left;
        *left = *right;
        *right = swap;
    }
    for (size_t i = 0; i < right->capacity; i++) {
        if (right->stations[i].count)
            table_add(left, &right->stations[i]);
    }
    free(right->stations);
    *right = (struct table){0};
}

static void job_run(void *arg)
{
    static const struct table empty;
    struct job *job = arg;
    rove_reduction reduction = {sizeof empty, &empty, job_add, job_merge, job};
    job->status = rove_reduce(0, (int64_t)job->size, &reduction, &job->table);
}

/* Runs the job with so many workers; 0: as many as there are processors. */
static bool job_run_parallel(struct job *job, int workers)
{
    rove_runtime *runtime;
    rove_report report;
    rove_config config;
    rove_config_default(&config);
    config.workers = workers;
    config.oversubscribe = workers > 0; /* what -j says is meant */
    if (rove_runtime_create(&runtime, &config, &report)) {
        fprintf(stderr, "csv_stats: %s\n", report.text);
        return false;
    }
    rove_status status = rove_run(runtime, job_run, job);
    rove_runtime_destroy(runtime);
    if (status || job->status)
        fprintf(stderr, "csv_stats: %s\n", rove_status_text(status ? status : job->status));
    return !status && !job->status;
}

static int station_compare(const void *left_station, const void *right_station)
{
    const struct station *left = left_station, *right = right_station;
    int order = memcmp(left->name, right->name, left->length < right->length ? left->length : right->length);
    return order ? order : (left->length > right->length) - (left->length < right->length);
}

/* A number of tenths, or of hundredths, with its decimals. */
static void print_decimal(int64_t number, int64_t unit)
{
    uint64_t size = (uint64_t)(number < 0 ? -number : number);
    printf(";%s%llu.%0*llu", number < 0 ? "-" : "", (unsigned long long)(size / (uint64_t)unit), unit == 10 ? 1 : 2,
           (unsigned long long)(size % (uint64_t)unit));
}

static int64_t mean_in_hundredths(const struct station *station)
{
    int64_t size = station->sum < 0 ? -station->sum : station->sum;
    int64_t whole = size / station->count, rest = size % station->count;
    int64_t mean = whole * 10 + (rest * 20 + station->count) / (2 * station->count);
    return station->sum < 0 ? -mean : mean;
}

static void table_print(const struct table *table)
{
    struct station *stations = memory_take(table->used + 1, sizeof *stations);
    size_t count = 0;
    for (size_t i = 0; i < table->capacity; i++) {
        if (table->stations[i].count)
            stations[count++] = table->stations[i];
    }
    qsort(stations, count, sizeof *stations, station_compare);
    for (size_t i = 0; i < count; i++) {
        fwrite(stations[i].name, 1, stations[i].length, stdout);
        print_decimal(stations[i].min, 10);
        print_decimal(mean_in_hundredths(&stations[i]), 100);
        print_decimal(stations[i].max, 10);
        printf(";%lld\n", (long long)stations[i].count);
    }
    free(stations);
}

/* Says which line is not as it should be, and how it begins. */
static void complain_about_line(const struct job *job, const char *path)
{
    enum { SHOWN = 60 };
    size_t line = 1, bad = atomic_load_explicit(&job->bad, memory_order_relaxed), length = 0;
    for (const char *at = job->text; (at = memchr(at, '\n', (size_t)(job->text + bad - at))); at++)
        line++;
    while (length < SHOWN && bad + length < job->size && job->text[bad + length] != '\n')
        length++;
    fprintf(stderr, "csv_stats: %s: line %zu is not like \"station;12.3\": \"%.*s\"\n", path, line, (int)length,
            job->text + bad);
}

/* Maps the file. Returns false after a line on standard error. */
static bool job_open(struct job *job, const char *path)
{
    struct stat stat;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    void *text = MAP_FAILED;
    const char *trouble = NULL;
    if (file < 0 || fstat(file, &stat))
        trouble = strerror(errno);
    else if (!S_ISREG(stat.st_mode))
        trouble = "is no regular file";
    else if (stat.st_size == 0)
        trouble = "is empty";
    else if ((text = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, file, 0)) == MAP_FAILED)
        trouble = strerror(errno);
    if (file >= 0)
        close(file);
    if (trouble) {
        fprintf(stderr, "csv_stats: %s: %s\n", path, trouble);
        return false;
    }
    job->text = text;
    job->size = (size_t)stat.st_size;
    return true;
}

static int stats(const char *path, int workers, bool is_serial)
{
    struct job job = {.show_progress = isatty(STDERR_FILENO), .bad = SIZE_MAX};
    if (!job_open(&job, path))
        return 1;
    bool is_done = true;
    if (is_serial)
        job_add(0, (int64_t)job.size, &job.table, &job);
    else
        is_done = job_run_parallel(&job, workers);
    if (job.show_progress)
        fputs("\r\x1b[K", stderr);
    if (atomic_load_explicit(&job.bad, memory_order_relaxed) != SIZE_MAX) {
        complain_about_line(&job, path);
        is_done = false;
    }
    if (is_done)
        table_print(&job.table);
    if (fflush(stdout)) {
        fprintf(stderr, "csv_stats: output: %s\n", strerror(errno));
        is_done = false;
    }
    free(job.table.stations);
    munmap((void *)(uintptr_t)job.text, job.size);
    return is_done ? 0 : 1;
}

/* SplitMix64, Steele, Lea and Flood 2014. */
static uint64_t random_next(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Some hundred stations, with names of very different lengths; each has a climate of its own. */
static void row_print(FILE *file, uint64_t *random)
{
    static const char *const first[] = {"Bel", "Kar", "Mont", "San ", "Ul", "Ost", "Tri", "Zü", "Nor", "La "};
    static const char *const second[] = {"a", "bor", "chester", "do", "en", "fjord", "grad", "heim", "ó", "kirchen"};
    static const char *const third[] = {"", " am See", "-les-Bains", " Sur", "ville"};
    uint64_t bits = random_next(random);
    unsigned station = (unsigned)(bits % 500);
    int mean = (int)(station * 7919 % 400) - 100;
    int spread = (int)(bits >> 16 & 255) + (int)(bits >> 24 & 255) + (int)(bits >> 32 & 255) - 382;
    int tenths = mean + spread, size = tenths < 0 ? -tenths : tenths;
    fprintf(file, "%s%s%s;%s%d.%d\n", first[station % 10], second[station / 10 % 10], third[station / 100],
            tenths < 0 ? "-" : "", size / 10, size % 10);
}

static int generate(const char *path, uint64_t rows, uint64_t seed)
{
    FILE *file = fopen(path, "wb");
    if (!file) {
        fprintf(stderr, "csv_stats: %s: %s\n", path, strerror(errno));
        return 1;
    }
    for (uint64_t i = 0; i < rows; i++)
        row_print(file, &seed);
    bool is_written = !ferror(file);
    if (fclose(file) || !is_written) {
        fprintf(stderr, "csv_stats: %s could not be written: %s\n", path, strerror(errno));
        return 1;
    }
    return 0;
}

static void usage_exit(void)
{
    fprintf(stderr, "usage: csv_stats [-j WORKERS] [-s] FILE\n"
                    "       csv_stats --generate FILE ROWS SEED\n"
                    "prints min, mean and max by station of a file of lines such as \"station;12.3\"\n");
    exit(2);
}

static uint64_t number_read(const char *name, const char *text, uint64_t min, uint64_t max)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || number < min || number > max) {
        fprintf(stderr, "csv_stats: %s %s: not a number from %llu to %llu\n", name, text, (unsigned long long)min,
                (unsigned long long)max);
        usage_exit();
    }
    return number;
}

int main(int argc, char **argv)
{
    int workers = 0;
    bool is_serial = false;
    if (argc > 1 && strcmp(argv[1], "--generate") == 0) {
        if (argc != 5)
            usage_exit();
        return generate(argv[2], number_read("ROWS", argv[3], 0, UINT32_MAX),
                        number_read("SEED", argv[4], 0, UINT64_MAX));
    }
    for (int option; (option = getopt(argc, argv, "j:s")) != -1;) {
        if (option == 'j')
            workers = (int)number_read("-j", optarg, 1, ROVE_WORKERS_MAX);
        else if (option == 's')
            is_serial = true;
        else
            usage_exit();
    }
    if (optind != argc - 1)
        usage_exit();
    return stats(argv[optind], workers, is_serial);
}
