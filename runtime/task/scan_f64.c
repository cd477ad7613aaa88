/*
 * Running sums of floating-point numbers, the same whoever computes them: the array is cut into blocks of a fixed size,
 * which are the indices of the scan and its tiles, and a block into lanes. Lanes are summed up from zero, side by side,
 * so that a processor which takes some cycles for an addition has several on the way. Then
 *
 *     result = (sum of all blocks before + sum of the lanes before in this block) + sum within the lane.
 */
#include "runtime/task/scan.h"

#include <rove/scan.h>

/* The length of a lane is no power of two, lest the lanes of a block compete for the same lines of the cache. */
enum { LANES = 4, LANE = 4088, BLOCK = LANES * LANE };

struct numbers {
    const double *in;
    double *out;
    int64_t count;
    rove_scan_kind kind;
};

/* How many elements a lane of a block has; only the last block may have lanes that are not full. */
static int64_t lane_length(const struct numbers *array, int64_t block, int lane)
{
    int64_t left = array->count - block * BLOCK - (int64_t)lane * LANE;
    return left < 0 ? 0 : left > LANE ? LANE : left;
}

/* The sum of a block; the sums of its lanes go into `sums`. */
static double block_sum(const struct numbers *array, int64_t block, double sums[LANES])
{
    const double *in = array->in + block * BLOCK;
    double a = 0, b = 0, c = 0, d = 0;
    if (lane_length(array, block, LANES - 1) == LANE) {
        for (int64_t i = 0; i < LANE; i++) {
            a += in[i];
            b += in[i + LANE];
            c += in[i + 2 * LANE];
            d += in[i + 3 * LANE];
        }
        sums[0] = a;
        sums[1] = b;
        sums[2] = c;
        sums[3] = d;
    } else {
        for (int lane = 0; lane < LANES; lane++) {
            sums[lane] = 0;
            for (int64_t i = 0; i < lane_length(array, block, lane); i++)
                sums[lane] += in[lane * LANE + i];
        }
    }
    return ((sums[0] + sums[1]) + sums[2]) + sums[3];
}

/* One step of a lane: reads the element before the result is written, which may be in the same place. */
static inline double lane_step(double base, double sum, const double *in, double *out, bool is_inclusive)
{
    double next = sum + *in;
    *out = base + (is_inclusive ? next : sum);
    return next;
}

static inline void block_scan(const struct numbers *array, int64_t block, const double bases[LANES], bool is_inclusive)
{
    const double *in = array->in + block * BLOCK;
    double *out = array->out + block * BLOCK;
    double a = 0, b = 0, c = 0, d = 0;
    if (lane_length(array, block, LANES - 1) == LANE) {
        for (int64_t i = 0; i < LANE; i++) {
            a = lane_step(bases[0], a, in + i, out + i, is_inclusive);
            b = lane_step(bases[1], b, in + i + LANE, out + i + LANE, is_inclusive);
            c = lane_step(bases[2], c, in + i + 2 * LANE, out + i + 2 * LANE, is_inclusive);
            d = lane_step(bases[3], d, in + i + 3 * LANE, out + i + 3 * LANE, is_inclusive);
        }
        return;
    }
    for (int lane = 0; lane < LANES; lane++) {
        double sum = 0;
        for (int64_t i = lane * LANE; i < lane * LANE + lane_length(array, block, lane); i++)
            sum = lane_step(bases[lane], sum, in + i, out + i, is_inclusive);
    }
}

static void numbers_sum(int64_t begin, int64_t end, void *value, void *arg)
{
    double sums[LANES];
    for (int64_t block = begin; block < end; block++)
        *(double *)value += block_sum(arg, block, sums);
}

static void numbers_scan(int64_t begin, int64_t end, void *value, void *arg)
{
    const struct numbers *array = arg;
    double prefix = *(double *)value;
    for (int64_t block = begin; block < end; block++) {
        double sums[LANES], bases[LANES] = {prefix};
        double sum = block_sum(array, block, sums), before = sums[0];
        for (int lane = 1; lane < LANES; lane++) {
            bases[lane] = prefix + before;
            before += sums[lane];
        }
        if (array->kind == ROVE_INCLUSIVE)
            block_scan(array, block, bases, true);
        else
            block_scan(array, block, bases, false);
        prefix += sum;
    }
    *(double *)value = prefix;
}

static void numbers_combine(void *left, const void *right, void *arg)
{
    (void)arg;
    *(double *)left += *(const double *)right;
}

rove_status rove_scan_f64(rove_scan_kind kind, const double *in, size_t count, double *out, double *total)
{
    static const double zero;
    if (!rovei_scan_is_valid(kind, in, count, out))
        return ROVE_INVALID;
    struct numbers array = {in, out, (int64_t)count, kind};
    struct rovei_scan scan = {.size = sizeof zero,
                              .identity = &zero,
                              .sum = numbers_sum,
                              .scan = numbers_scan,
                              .scan_again = numbers_scan,
                              .combine = numbers_combine,
                              .arg = &array,
                              .tile_limit = 1, /* so that a sum which is combined is always that of one block */
                              .chunk = 1};
    if (count > BLOCK)
        return rovei_scan_run(0, (int64_t)(count / BLOCK + (count % BLOCK != 0)), &scan, total);
    double value = 0;
    numbers_scan(0, count > 0, &value, &array);
    if (total)
        *total = value;
    return ROVE_OK;
}
