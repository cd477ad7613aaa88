/*
 * Heat on a square plate: its upper edge is kept at 100 degrees, the others at 0, and every point in between takes the
 * mean of its four neighbours, step after step, until nothing changes much any more. Each step is a parallel loop over
 * the plane, and whether to go on is decided by a reduction whose result does not depend on the number of workers: so
 * neither do the number of steps and the last bit of the result.
 *
 *     stencil [-n POINTS] [-s STEPS] [-e DEGREES] [-j WORKERS]
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <rove/rove.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE_MIN = 3, SIDE_MAX = 20000, STEPS_MAX = 1000000000 };

/* Rows of a block of the reduction: part of the result, hence a constant. */
enum { ROWS_PER_BLOCK = 16 };

static const double HOT = 100;

/* The plate, twice: as it is, and as it will be. */
struct plate {
    int64_t side; /* points of a row, and rows */
    int64_t steps_most;
    double change_least;
    double *now;
    double *next;
    int64_t steps; /* made so far */
    double change; /* the largest of the last step that was looked at */
};

static double *plate_row(double *points, const struct plate *plate, int64_t row)
{
    return points + row * plate->side;
}

static void plate_compute_tile(const rove_tile *tile, void *arg)
{
    const struct plate *plate = arg;
    for (int64_t row = tile->row_begin; row < tile->row_end; row++) {
        const double *above = plate_row(plate->now, plate, row - 1);
        const double *here = plate_row(plate->now, plate, row);
        const double *below = plate_row(plate->now, plate, row + 1);
        double *next = plate_row(plate->next, plate, row);
        for (int64_t i = tile->column_begin; i < tile->column_end; i++)
            next[i] = 0.25 * ((above[i] + below[i]) + (here[i - 1] + here[i + 1]));
    }
}

/* The largest change of a point in the rows from begin up to but not including end, if it is larger than `value`. */
static void change_of_rows(int64_t begin, int64_t end, void *value, void *arg)
{
    const struct plate *plate = arg;
    double *largest = value;
    for (int64_t i = begin * plate->side; i < end * plate->side; i++) {
        double difference = plate->next[i] - plate->now[i];
        double change = difference < 0 ? -difference : difference;
        *largest = change > *largest ? change : *largest;
    }
}

static void change_combine(void *left, void *right, void *arg)
{
    (void)arg;
    if (*(double *)right > *(double *)left)
        *(double *)left = *(double *)right;
}

static rove_status plate_step(struct plate *plate)
{
    const rove_tile inside = {1, plate->side - 1, 1, plate->side - 1};
    rove_status status = rove_for_2d(&inside, 0, 0, plate_compute_tile, plate);
    plate->steps++;
    return status;
}

/* Measures how much the last step has changed. */
static rove_status plate_measure(struct plate *plate)
{
    static const double none = 0;
    const rove_reduction reduction = {
        .size = sizeof none, .identity = &none, .body = change_of_rows, .combine = change_combine, .arg = plate};
    return rove_reduce_fixed(0, plate->side, ROWS_PER_BLOCK, &reduction, &plate->change);
}

/* What rove_run is to do, and what came of it. */
struct solution {
    struct plate *plate;
    double mean;
    double coldest;
    double hottest;
    rove_status status;
};

static rove_status plate_solve(struct plate *plate)
{
    plate->change = HOT;
    while (plate->steps < plate->steps_most && plate->change > plate->change_least) {
        rove_status status = plate_step(plate);
        if (!status && (plate->steps % 16 == 0 || plate->steps == plate->steps_most))
            status = plate_measure(plate);
        if (status)
            return status;
        double *before = plate->now;
        plate->now = plate->next;
        plate->next = before;
    }
    return ROVE_OK;
}

static void solution_find(void *arg)
{
    struct solution *solution = arg;
    struct plate *plate = solution->plate;
    size_t points = (size_t)(plate->side * plate->side);
    solution->status = plate_solve(plate);
    if (!solution->status)
        solution->status = rove_sum_f64(plate->now, points, &solution->mean);
    if (!solution->status)
        solution->status = rove_min_f64(plate->now, points, &solution->coldest);
    if (!solution->status)
        solution->status = rove_max_f64(plate->now, points, &solution->hottest);
    solution->mean /= (double)points;
}

/* Physics: nothing is colder or hotter than the edges, and the plate is symmetric, to the last bit. */
static bool solution_is_plausible(const struct solution *solution)
{
    struct plate *plate = solution->plate;
    bool is_symmetric = true;
    for (int64_t row = 0; row < plate->side; row++) {
        const double *points = plate_row(plate->now, plate, row);
        for (int64_t i = 0; i < plate->side / 2; i++)
            is_symmetric &= points[i] == points[plate->side - 1 - i];
    }
    return is_symmetric && solution->coldest == 0 && solution->hottest == HOT;
}

/* FNV-1a over the bits of all points, eight bytes at a time (Fowler, Noll and Vo 1991). */
static uint64_t plate_checksum(const struct plate *plate)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (int64_t i = 0; i < plate->side * plate->side; i++) {
        uint64_t bits;
        memcpy(&bits, &plate->now[i], sizeof bits);
        sum = (sum ^ bits) * UINT64_C(0x100000001b3);
        sum ^= sum >> 32;
    }
    return sum;
}

static bool plate_init(struct plate *plate)
{
    size_t points = (size_t)(plate->side * plate->side);
    plate->now = calloc(points, sizeof *plate->now);
    plate->next = calloc(points, sizeof *plate->next);
    if (!plate->now || !plate->next)
        return false;
    for (int64_t i = 0; i < plate->side; i++)
        plate->now[i] = plate->next[i] = HOT;
    return true;
}

static void plate_fini(struct plate *plate)
{
    free(plate->now);
    free(plate->next);
}

/* Solves on a runtime of its own. Returns false, and says why, if that cannot be. */
static bool solution_compute(struct solution *solution, const rove_config *config)
{
    rove_runtime *runtime;
    rove_report report;
    if (rove_runtime_create(&runtime, config, &report) != ROVE_OK) {
        fprintf(stderr, "stencil: %s\n", report.text);
        return false;
    }
    rove_status status = rove_run(runtime, solution_find, solution);
    if (!status)
        status = solution->status;
    if (status)
        fprintf(stderr, "stencil: %s\n", rove_status_text(status));
    rove_runtime_destroy(runtime);
    return status == ROVE_OK;
}

static void usage_print(FILE *file)
{
    fprintf(file,
            "usage: stencil [-n POINTS] [-s STEPS] [-e DEGREES] [-j WORKERS]\n"
            "  -n  points of a row of the plate, from %d to %d (500)\n"
            "  -s  steps at the most, from 1 to %d (2000)\n"
            "  -e  ends when a step changes no point by more than this (0.001)\n"
            "  -j  workers, from 1 to %d (as many as the machine offers)\n",
            SIDE_MIN, SIDE_MAX, STEPS_MAX, ROVE_WORKERS_MAX);
}

static _Noreturn void option_refuse(int option, const char *text)
{
    fprintf(stderr, "stencil: -%c %s makes no sense\n", option, text);
    usage_print(stderr);
    exit(2);
}

static long option_number(int option, const char *text, long min, long max)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno || end == text || *end || number < min || number > max)
        option_refuse(option, text);
    return number;
}

static double option_degrees(int option, const char *text)
{
    char *end;
    double degrees = strtod(text, &end);
    if (end == text || *end || !(degrees >= 0))
        option_refuse(option, text);
    return degrees;
}

static void options_read(int argc, char **argv, struct plate *plate, rove_config *config)
{
    static const struct option help[] = {{"help", no_argument, NULL, '?' + 256}, {0}};
    int option;
    while ((option = getopt_long(argc, argv, "n:s:e:j:", help, NULL)) != -1) {
        if (option == 'n') {
            plate->side = option_number(option, optarg, SIDE_MIN, SIDE_MAX);
        } else if (option == 's') {
            plate->steps_most = option_number(option, optarg, 1, STEPS_MAX);
        } else if (option == 'e') {
            plate->change_least = option_degrees(option, optarg);
        } else if (option == 'j') {
            config->workers = (int)option_number(option, optarg, 1, ROVE_WORKERS_MAX);
            config->oversubscribe = true; /* what -j says is meant */
        } else {
            usage_print(option == help->val ? stdout : stderr);
            exit(option == help->val ? 0 : 2);
        }
    }
    if (optind != argc) {
        usage_print(stderr);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    struct plate plate = {.side = 500, .steps_most = 2000, .change_least = 0.001};
    rove_config config;
    rove_config_default(&config);
    options_read(argc, argv, &plate, &config);

    struct solution solution = {.plate = &plate};
    bool is_done = plate_init(&plate);
    if (!is_done)
        fprintf(stderr, "stencil: no memory for %lld x %lld points\n", (long long)plate.side, (long long)plate.side);
    else
        is_done = solution_compute(&solution, &config);
    if (is_done && !solution_is_plausible(&solution)) {
        fprintf(stderr, "stencil: the result is wrong\n");
        is_done = false;
    }
    if (is_done)
        printf("%lld steps, last change %.9g, mean %.12g degrees, checksum %016" PRIx64 "\n", (long long)plate.steps,
               plate.change, solution.mean, plate_checksum(&plate));
    plate_fini(&plate);
    return is_done ? 0 : 1;
}
