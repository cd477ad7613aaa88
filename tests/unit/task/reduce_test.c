/*
 * Reductions: neighbours are combined in the order of their indices, whatever the type of the value, its size, and the
 * number of workers.
 */
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 50 };

static void sum_body(int64_t begin, int64_t end, void *value, void *arg)
{
    (void)arg;
    for (int64_t i = begin; i < end; i++)
        *(int64_t *)value += i;
}

static void sum_combine(void *left, void *right, void *arg)
{
    (void)arg;
    *(int64_t *)left += *(int64_t *)right;
}

static const int64_t zero;
static const rove_reduction sum = {sizeof zero, &zero, sum_body, sum_combine, NULL};

static void sums(void *arg)
{
    (void)arg;
    for (int64_t length = 0; length < 3000; length = length < 50 ? length + 1 : length * 3 / 2) {
        int64_t result = -1, begin = -length / 3, end = begin + length;
        TEST_CHECK(rove_reduce(begin, end, &sum, &result) == ROVE_OK, "length %lld", (long long)length);
        TEST_CHECK(result == (end * (end - 1) - begin * (begin - 1)) / 2, "sum %lld", (long long)result);
    }
    int64_t result = -1;
    TEST_CHECK(rove_reduce(0, 1000000, &sum, &result) == ROVE_OK && result == 499999500000, "sum %lld",
               (long long)result);
    TEST_CHECK(rove_reduce(7, 7, &sum, &result) == ROVE_OK && result == 0, "an empty range gave %lld",
               (long long)result);
    TEST_CHECK(rove_reduce(INT64_MAX, INT64_MIN, &sum, &result) == ROVE_OK && result == 0, "upside down gave %lld",
               (long long)result);
}

static void test_a_sum_is_right_for_every_length(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 8; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        assert_int_equal(rove_run(runtime, sums, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
    sums(NULL);
}

/* Strings under concatenation: associative, not commutative, and they own memory. `live` counts what is owned. */
struct string {
    char *text;
    size_t size;
    size_t capacity;
};

static atomic_int live;

static void string_append(struct string *string, const char *text, size_t size)
{
    if (!string->text)
        atomic_fetch_add(&live, 1);
    if (string->capacity - string->size <= size) {
        string->capacity = (string->size + size) * 2 + 16;
        string->text = realloc(string->text, string->capacity);
        TEST_CHECK(string->text, "no memory for a string of %zu", string->capacity);
    }
    memcpy(string->text + string->size, text, size);
    string->size += size;
    string->text[string->size] = '\0';
}

static void string_free(struct string *string)
{
    if (string->text)
        atomic_fetch_sub(&live, 1);
    free(string->text);
}

static char letter_at(int64_t index)
{
    return (char)('a' + (index * index + index / 7) % 26);
}

static void string_body(int64_t begin, int64_t end, void *value, void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    for (int64_t i = begin; i < end; i++)
        string_append(value, &(char){letter_at(i)}, 1);
}

static void string_combine(void *left, void *right, void *arg)
{
    struct string *taken = right;
    (void)arg;
    if (taken->size)
        string_append(left, taken->text, taken->size);
    string_free(taken);
}

static void concatenate(void *arg)
{
    static const struct string empty;
    enum { LETTERS = 60000 };
    (void)arg;
    atomic_int calls = 0;
    rove_reduction reduction = {sizeof empty, &empty, string_body, string_combine, &calls};
    struct string result = {(char *)1, 77, 77};
    TEST_CHECK(rove_reduce(0, LETTERS, &reduction, &result) == ROVE_OK, "concatenation");
    TEST_CHECK(result.size == LETTERS, "%zu letters", result.size);
    for (int64_t i = 0; i < LETTERS; i++)
        TEST_CHECK(result.text[i] == letter_at(i), "letter %lld of %d calls is %c", (long long)i, atomic_load(&calls),
                   result.text[i]);
    string_free(&result);
    TEST_CHECK(rove_reduce(3, 3, &reduction, &result) == ROVE_OK && !result.text && !result.size, "an empty string");
}

static void test_a_concatenation_keeps_the_order_and_loses_no_memory(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 8; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < 20; i++)
            assert_int_equal(rove_run(runtime, concatenate, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
    concatenate(NULL);
    assert_int_equal(live, 0);
}

/* Products of matrices modulo a prime, another operation in which order matters. Linear recurrences come of them. */
struct matrix {
    uint64_t cell[2][2];
};

enum { PRIME = 1000003 };

static void matrix_multiply(struct matrix *left, const struct matrix *right)
{
    struct matrix product;
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 2; j++)
            product.cell[i][j] = (left->cell[i][0] * right->cell[0][j] + left->cell[i][1] * right->cell[1][j]) % PRIME;
    }
    *left = product;
}

static void matrix_body(int64_t begin, int64_t end, void *value, void *arg)
{
    (void)arg;
    for (int64_t i = begin; i < end; i++) {
        struct matrix factor = {{{(uint64_t)i % 10, 1}, {1, (uint64_t)i % 3}}};
        matrix_multiply(value, &factor);
    }
}

static void matrix_combine(void *left, void *right, void *arg)
{
    (void)arg;
    matrix_multiply(left, right);
}

static const struct matrix unit = {{{1, 0}, {0, 1}}};
static const rove_reduction matrix_product = {sizeof unit, &unit, matrix_body, matrix_combine, NULL};

static void matrices(void *arg)
{
    enum { FACTORS = 200000 };
    (void)arg;
    struct matrix serial = unit, result;
    matrix_body(0, FACTORS, &serial, NULL);
    TEST_CHECK(rove_reduce(0, FACTORS, &matrix_product, &result) == ROVE_OK, "product");
    TEST_CHECK(!memcmp(&result, &serial, sizeof result), "the product differs from the serial one");
}

static void test_a_product_of_matrices_keeps_the_order(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 8; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < 10; i++)
            assert_int_equal(rove_run(runtime, matrices, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
}

/* A value that is too large for the stack of a task, with a length that is no multiple of anything. */
enum { BINS = 5001 };

static void histogram_body(int64_t begin, int64_t end, void *value, void *arg)
{
    (void)arg;
    for (int64_t i = begin; i < end; i++)
        ((uint32_t *)value)[i * 7919 % BINS]++;
}

static void histogram_combine(void *left, void *right, void *arg)
{
    (void)arg;
    for (int i = 0; i < BINS; i++)
        ((uint32_t *)left)[i] += ((uint32_t *)right)[i];
}

static void histogram(void *arg)
{
    static const uint32_t empty[BINS];
    static uint32_t result[BINS];
    (void)arg;
    rove_reduction reduction = {sizeof empty, empty, histogram_body, histogram_combine, NULL};
    memset(result, 0xff, sizeof result);
    TEST_CHECK(rove_reduce(0, 40L * BINS, &reduction, result) == ROVE_OK, "histogram");
    for (int i = 0; i < BINS; i++)
        TEST_CHECK(result[i] == 40, "bin %d has %u", i, result[i]);
}

static void test_a_large_value_is_reduced(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 4; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < 20; i++)
            assert_int_equal(rove_run(runtime, histogram, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
}

/* A value of one byte must not be written past its end. */
static void parity_body(int64_t begin, int64_t end, void *value, void *arg)
{
    (void)arg;
    *(unsigned char *)value ^= (unsigned char)((end - begin) & 1);
}

static void parity_combine(void *left, void *right, void *arg)
{
    (void)arg;
    *(unsigned char *)left ^= *(unsigned char *)right;
}

static void parity(void *arg)
{
    static const unsigned char even;
    (void)arg;
    unsigned char result[3] = {9, 9, 9};
    rove_reduction reduction = {1, &even, parity_body, parity_combine, NULL};
    TEST_CHECK(rove_reduce(0, 99999, &reduction, &result[1]) == ROVE_OK, "parity");
    TEST_CHECK(result[0] == 9 && result[1] == 1 && result[2] == 9, "%d %d %d", result[0], result[1], result[2]);
}

static void test_a_value_of_one_byte_is_reduced(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(4);
    assert_int_equal(rove_run(runtime, parity, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

static void add_length(int64_t begin, int64_t end, void *value, void *arg)
{
    (void)arg;
    *(int64_t *)value += end - begin;
}

static void longest(void *arg)
{
    static const int64_t begins[] = {0, INT64_MIN, -1};
    (void)arg;
    rove_reduction reduction = {sizeof zero, &zero, add_length, sum_combine, NULL};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        int64_t result = 0, end = (int64_t)((uint64_t)begins[i] + INT64_MAX);
        TEST_CHECK(rove_reduce(begins[i], end, &reduction, &result) == ROVE_OK, "the longest range");
        TEST_CHECK(result == INT64_MAX, "%lld indices", (long long)result);
    }
}

static void test_the_longest_range_is_cut_without_overflow(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    assert_int_equal(rove_run(runtime, longest, NULL), ROVE_OK);
    test_runtime_end(runtime);
}

/* Reductions within the bodies of reductions. */
static void row_body(int64_t begin, int64_t end, void *value, void *arg)
{
    (void)arg;
    for (int64_t i = begin; i < end; i++) {
        int64_t row = 0;
        TEST_CHECK(rove_reduce(0, i, &sum, &row) == ROVE_OK && row == i * (i - 1) / 2, "row %lld", (long long)i);
        *(int64_t *)value += row;
    }
}

static void rows(void *arg)
{
    (void)arg;
    rove_reduction reduction = {sizeof zero, &zero, row_body, sum_combine, NULL};
    int64_t result = 0;
    TEST_CHECK(rove_reduce(0, 500, &reduction, &result) == ROVE_OK, "rows");
    TEST_CHECK(result == 20708500, "%lld", (long long)result);
}

static void test_reductions_nest(void **state)
{
    (void)state;
    for (int workers = 1; workers <= 8; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        for (int i = 0; i < 10; i++)
            assert_int_equal(rove_run(runtime, rows, NULL), ROVE_OK);
        test_runtime_end(runtime);
    }
    rows(NULL);
}

static void outside(void *arg)
{
    matrices(arg);
    rows(arg);
}

static void test_threads_may_reduce_at_the_same_time(void **state)
{
    (void)state;
    test_on_threads(8, outside, NULL, 0);
}

static void misuse(void *arg)
{
    (void)arg;
    int64_t result = 55;
    rove_reduction broken = sum;
    TEST_CHECK(rove_reduce(0, 9, NULL, &result) == ROVE_INVALID, "no reduction");
    TEST_CHECK(rove_reduce(0, 9, &sum, NULL) == ROVE_INVALID, "no result");
    broken.size = 0;
    TEST_CHECK(rove_reduce(0, 9, &broken, &result) == ROVE_INVALID, "no size");
    broken = sum, broken.identity = NULL;
    TEST_CHECK(rove_reduce(0, 9, &broken, &result) == ROVE_INVALID, "no identity");
    broken = sum, broken.body = NULL;
    TEST_CHECK(rove_reduce(0, 9, &broken, &result) == ROVE_INVALID, "no body");
    broken = sum, broken.combine = NULL;
    TEST_CHECK(rove_reduce(0, 9, &broken, &result) == ROVE_INVALID, "no combine");
    TEST_CHECK(rove_reduce(INT64_MIN, INT64_MAX, &sum, &result) == ROVE_INVALID, "all numbers");
    TEST_CHECK(rove_reduce(-1, INT64_MAX, &sum, &result) == ROVE_INVALID, "one index too many");
    TEST_CHECK(result == 55, "a refused reduction wrote %lld", (long long)result);
}

static void test_a_reduction_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(2);
    assert_int_equal(rove_run(runtime, misuse, NULL), ROVE_OK);
    test_runtime_end(runtime);
    misuse(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sum_is_right_for_every_length),
        cmocka_unit_test(test_a_concatenation_keeps_the_order_and_loses_no_memory),
        cmocka_unit_test(test_a_product_of_matrices_keeps_the_order),
        cmocka_unit_test(test_a_large_value_is_reduced),
        cmocka_unit_test(test_a_value_of_one_byte_is_reduced),
        cmocka_unit_test(test_the_longest_range_is_cut_without_overflow),
        cmocka_unit_test(test_reductions_nest),
        cmocka_unit_test(test_threads_may_reduce_at_the_same_time),
        cmocka_unit_test(test_a_reduction_that_makes_no_sense_is_refused),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
