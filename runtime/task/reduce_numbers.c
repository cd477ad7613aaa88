/*
 * Sums, products and extremes of arrays of numbers: kernels for a block, and rove_reduce_fixed over the blocks.
 *
 * A kernel works on eight numbers at a time, lane by lane, in vectors that the compiler maps to what the processor has;
 * lanes are independent, so that no width of a register changes a result. The lanes are added up in groups of four,
 * those in groups of four and so on, and not one after the other: each number goes through few additions.
 */
#include "runtime/task/reduce.h"

#include <math.h>
#include <string.h>

/* Numbers of a block, a microsecond's work. Blocks are the leaves of the tree, so this is part of the result. */
enum { BLOCK = 4096 };

enum {
    LANES = 8,
    GROUP = 4 * LANES,  /* added up first */
    PIECE = 16 * GROUP, /* then four groups, then four of those */
    PIECES = BLOCK / PIECE
};

/* The one that is loaded from arrays has their alignment. */
typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));
typedef double loose_lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));
typedef float loose_floats __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

/* The arrays of a call. */
struct numbers {
    const void *left;
    const void *right; /* of a product */
};

/* Stores the sum of the GROUP numbers from `index` on, lane by lane. */
typedef void group_fn(const struct numbers *numbers, int64_t index, lanes *sum);

static inline void group_f64(const struct numbers *numbers, int64_t index, lanes *sum)
{
    const loose_lanes *row = (const loose_lanes *)((const double *)numbers->left + index);
    *sum = (row[0] + row[1]) + (row[2] + row[3]);
}

static inline void group_f32(const struct numbers *numbers, int64_t index, lanes *sum)
{
    const loose_floats *row = (const loose_floats *)((const float *)numbers->left + index);
    lanes low = __builtin_convertvector(row[0], lanes) + __builtin_convertvector(row[1], lanes);
    lanes high = __builtin_convertvector(row[2], lanes) + __builtin_convertvector(row[3], lanes);
    *sum = low + high;
}

static inline void group_products(const struct numbers *numbers, int64_t index, lanes *sum)
{
    const loose_lanes *x = (const loose_lanes *)((const double *)numbers->left + index);
    const loose_lanes *y = (const loose_lanes *)((const double *)numbers->right + index);
    *sum = (x[0] * y[0] + x[1] * y[1]) + (x[2] * y[2] + x[3] * y[3]);
}

/* Stores the sum of so many groups, at most those of a piece. */
static inline __attribute__((always_inline)) void piece_add(group_fn *group, const struct numbers *numbers,
                                                            int64_t index, int groups, lanes *sum)
{
    lanes total = {0};
    for (int i = 0; i < groups;) {
        lanes part = {0};
        for (int j = 0; j < 4 && i < groups; j++, i++) {
            lanes four;
            group(numbers, index + (int64_t)i * GROUP, &four);
            part += four;
        }
        total += part;
    }
    *sum = total;
}

static double lanes_add_up(const lanes *sum)
{
    const lanes x = *sum;
    return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

/* The sum of the numbers from begin to end, at most a block. `rest` has what does not fill a group, then zeros. */
static inline __attribute__((always_inline)) double block_add(group_fn *group, const struct numbers *numbers,
                                                              int64_t begin, int64_t end, const struct numbers *rest)
{
    lanes sums[PIECES + 2] = {0};
    int count = 0;
    int64_t index = begin;
    for (; end - index >= PIECE; index += PIECE)
        piece_add(group, numbers, index, PIECE / GROUP, &sums[count++]);
    if (end - index >= GROUP)
        piece_add(group, numbers, index, (int)((end - index) / GROUP), &sums[count++]);
    if ((end - index) % GROUP != 0)
        piece_add(group, rest, 0, 1, &sums[count++]);
    for (int width = 1; width < count; width *= 2)
        for (int i = 0; i + width < count; i += 2 * width)
            sums[i] += sums[i + width];
    return lanes_add_up(&sums[0]);
}

/* Copies what does not fill a group. */
static const void *rest_copy(const void *array, size_t size, int64_t begin, int64_t end, void *rest)
{
    int64_t count = (end - begin) % GROUP;
    memset(rest, 0, GROUP * size);
    memcpy(rest, (const char *)array + (size_t)(end - count) * size, (size_t)count * size);
    return rest;
}

static void sum_body_f64(int64_t begin, int64_t end, void *value, void *arg)
{
    const struct numbers *numbers = arg;
    double rest[GROUP];
    struct numbers last = {.left = rest_copy(numbers->left, sizeof *rest, begin, end, rest)};
    *(double *)value += block_add(group_f64, numbers, begin, end, &last);
}

static void sum_body_f32(int64_t begin, int64_t end, void *value, void *arg)
{
    const struct numbers *numbers = arg;
    float rest[GROUP];
    struct numbers last = {.left = rest_copy(numbers->left, sizeof *rest, begin, end, rest)};
    *(double *)value += block_add(group_f32, numbers, begin, end, &last);
}

static void dot_body_f64(int64_t begin, int64_t end, void *value, void *arg)
{
    const struct numbers *numbers = arg;
    double left[GROUP], right[GROUP];
    struct numbers last = {.left = rest_copy(numbers->left, sizeof *left, begin, end, left),
                           .right = rest_copy(numbers->right, sizeof *right, begin, end, right)};
    *(double *)value += block_add(group_products, numbers, begin, end, &last);
}

static void sum_combine(void *left, void *right, void *arg)
{
    (void)arg;
    *(double *)left += *(double *)right;
}

/* Pairs of numbers: comparisons of longer vectors are not mapped well to processors with short ones. */
typedef double pair __attribute__((vector_size(2 * sizeof(double))));
typedef double loose_pair __attribute__((vector_size(2 * sizeof(double)), aligned(sizeof(double)), may_alias));
typedef int64_t pair_mask __attribute__((vector_size(2 * sizeof(double))));

/* The least numbers so far; NaN has been seen where `nan` is set. */
struct least {
    pair low;
    pair_mask nan;
};

/* `sign` is all zero, or turns the sign bits over: then it is the largest that is found. */
static inline void least_add(struct least *least, const double *numbers, pair_mask sign)
{
    pair x = (pair)((pair_mask) * (const loose_pair *)numbers ^ sign);
    pair_mask is_less = x < least->low;
    least->low = (pair)(((pair_mask)x & is_less) | ((pair_mask)least->low & ~is_less));
    least->nan |= x != x;
}

static double least_number(double left, double right)
{
    if (isnan(left) || isnan(right))
        return NAN;
    return right < left ? right : left;
}

static double block_least(const double *numbers, int64_t begin, int64_t end, bool is_negated)
{
    const int64_t bit = is_negated ? INT64_MIN : 0;
    struct least least[LANES / 2];
    for (int i = 0; i < LANES / 2; i++)
        least[i] = (struct least){.low = {INFINITY, INFINITY}};
    int64_t index = begin;
    for (; end - index >= LANES; index += LANES)
        for (int i = 0; i < LANES / 2; i++)
            least_add(&least[i], numbers + index + 2 * i, (pair_mask){bit, bit});
    double result = INFINITY;
    for (int i = 0; i < LANES; i++)
        result = least_number(result, least[i / 2].nan[i % 2] ? NAN : least[i / 2].low[i % 2]);
    for (; index < end; index++)
        result = least_number(result, is_negated ? -numbers[index] : numbers[index]);
    return result;
}

static void min_body(int64_t begin, int64_t end, void *value, void *arg)
{
    *(double *)value = least_number(*(double *)value, block_least(((struct numbers *)arg)->left, begin, end, false));
}

static void max_body(int64_t begin, int64_t end, void *value, void *arg)
{
    *(double *)value = least_number(*(double *)value, block_least(((struct numbers *)arg)->left, begin, end, true));
}

static void least_combine(void *left, void *right, void *arg)
{
    (void)arg;
    *(double *)left = least_number(*(double *)left, *(double *)right);
}

/* How a kind of value is computed from blocks. */
struct method {
    double identity;
    void (*body)(int64_t begin, int64_t end, void *value, void *arg);
    void (*combine)(void *left, void *right, void *arg);
};

/* What fits into one block is done here and now: it is the tree of one leaf. */
static rove_status numbers_reduce(const struct method *method, struct numbers *numbers, size_t count, double *result)
{
    rove_reduction reduction = {sizeof *result, &method->identity, method->body, method->combine, numbers};
    if (count > BLOCK)
        return rove_reduce_fixed(0, (int64_t)count, BLOCK, &reduction, result);
    *result = method->identity;
    if (count > 0)
        method->body(0, (int64_t)count, result, numbers);
    return ROVE_OK;
}

static bool numbers_are_valid(const void *array, size_t size, size_t count, const void *result)
{
    return result && (array || count == 0) && count <= PTRDIFF_MAX / size;
}

rove_status rove_sum_f64(const double *numbers, size_t count, double *result)
{
    static const struct method method = {0, sum_body_f64, sum_combine};
    if (!numbers_are_valid(numbers, sizeof *numbers, count, result))
        return ROVE_INVALID;
    return numbers_reduce(&method, &(struct numbers){.left = numbers}, count, result);
}

rove_status rove_sum_f32(const float *numbers, size_t count, float *result)
{
    static const struct method method = {0, sum_body_f32, sum_combine};
    if (!numbers_are_valid(numbers, sizeof *numbers, count, result))
        return ROVE_INVALID;
    double sum = 0;
    rove_status status = numbers_reduce(&method, &(struct numbers){.left = numbers}, count, &sum);
    *result = (float)sum;
    return status;
}

rove_status rove_dot_f64(const double *left, const double *right, size_t count, double *result)
{
    static const struct method method = {0, dot_body_f64, sum_combine};
    if (!numbers_are_valid(left, sizeof *left, count, result) || (!right && count > 0))
        return ROVE_INVALID;
    return numbers_reduce(&method, &(struct numbers){left, right}, count, result);
}

rove_status rove_min_f64(const double *numbers, size_t count, double *result)
{
    static const struct method method = {INFINITY, min_body, least_combine};
    if (!numbers_are_valid(numbers, sizeof *numbers, count, result))
        return ROVE_INVALID;
    return numbers_reduce(&method, &(struct numbers){.left = numbers}, count, result);
}

/* The largest is the least of the negated numbers, negated. */
rove_status rove_max_f64(const double *numbers, size_t count, double *result)
{
    static const struct method method = {INFINITY, max_body, least_combine};
    if (!numbers_are_valid(numbers, sizeof *numbers, count, result))
        return ROVE_INVALID;
    double least = INFINITY;
    rove_status status = numbers_reduce(&method, &(struct numbers){.left = numbers}, count, &least);
    *result = -least;
    return status;
}
