/*
 * Text in memory that may be too small, and what becomes of strings that could make it unreadable.
 */
#include "runtime/pool/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <support/support.h>

#include <cmocka.h>

#define UNKNOWN "\xef\xbf\xbd" /* U+FFFD */

enum { ROOM = 256 };

static void expect_foreign(const char *string, enum text_place place, const char *expected)
{
    char memory[ROOM];
    struct pool_text text = {.memory = memory, .size = sizeof memory};
    rovei_text_foreign(&text, string, place);
    assert_int_equal(rovei_text_end(&text), strlen(expected));
    assert_string_equal(memory, expected);
}

static void expect_everywhere(const char *string, const char *expected)
{
    expect_foreign(string, TEXT_LINE, expected);
    expect_foreign(string, TEXT_LABEL, expected);
    expect_foreign(string, TEXT_JSON, expected);
}

static void test_utf_8_stays_as_it_is(void **state)
{
    (void)state;
    expect_everywhere(NULL, "");
    expect_everywhere("", "");
    expect_everywhere("thumbnails {a=1}, 'b'", "thumbnails {a=1}, 'b'");
    expect_everywhere("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
    expect_everywhere("\xe2\x82\xac \xf0\x9f\x98\x80", "\xe2\x82\xac \xf0\x9f\x98\x80");
    expect_everywhere("\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf \xf0\x90\x80\x80",
                      "\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf \xf0\x90\x80\x80");
    expect_everywhere("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf");
}

static void test_what_is_not_utf_8_is_replaced_byte_by_byte(void **state)
{
    (void)state;
    expect_everywhere("\x80", UNKNOWN);
    expect_everywhere("\xff\xfe", UNKNOWN UNKNOWN);
    expect_everywhere("\xc3", UNKNOWN);             /* cut off */
    expect_everywhere("\xe2\x82", UNKNOWN UNKNOWN); /* the same */
    expect_everywhere("\xf0\x9f\x98", UNKNOWN UNKNOWN UNKNOWN);
    expect_everywhere("\xc3"
                      "a",
                      UNKNOWN "a");
    expect_everywhere("\xc0\xaf", UNKNOWN UNKNOWN); /* longer than it need be */
    expect_everywhere("\xc1\xbf", UNKNOWN UNKNOWN);
    expect_everywhere("\xe0\x9f\xbf", UNKNOWN UNKNOWN UNKNOWN);
    expect_everywhere("\xf0\x8f\xbf\xbf", UNKNOWN UNKNOWN UNKNOWN UNKNOWN);
    expect_everywhere("\xed\xa0\x80", UNKNOWN UNKNOWN UNKNOWN);             /* a surrogate */
    expect_everywhere("\xf4\x90\x80\x80", UNKNOWN UNKNOWN UNKNOWN UNKNOWN); /* beyond the last */
    expect_everywhere("\xf5\x80\x80\x80", UNKNOWN UNKNOWN UNKNOWN UNKNOWN);
}

static void test_what_has_a_meaning_is_escaped(void **state)
{
    (void)state;
    const char *quoted = "a\"b\\c\nd\te\rf\x7f\x01";
    expect_foreign(quoted, TEXT_LINE, "a\"b\\c" UNKNOWN "d" UNKNOWN "e" UNKNOWN "f" UNKNOWN UNKNOWN);
    expect_foreign(quoted, TEXT_LABEL, "a\\\"b\\\\c\\nd" UNKNOWN "e" UNKNOWN "f" UNKNOWN UNKNOWN);
    expect_foreign(quoted, TEXT_JSON, "a\\\"b\\\\c\\u000ad\\u0009e\\u000df\\u007f\\u0001");
}

static void expect_numbers(uint64_t number, int64_t integer, int digits, const char *expected)
{
    char memory[ROOM];
    struct pool_text text = {.memory = memory, .size = sizeof memory};
    rovei_text_number(&text, number);
    rovei_text_string(&text, " ");
    rovei_text_integer(&text, integer);
    rovei_text_string(&text, " ");
    rovei_text_fraction(&text, number, digits);
    rovei_text_end(&text);
    assert_string_equal(memory, expected);
}

static void test_numbers_are_written_exactly(void **state)
{
    (void)state;
    expect_numbers(0, 0, 9, "0 0 0.000000000");
    expect_numbers(7, -7, 9, "7 -7 0.000000007");
    expect_numbers(1000000000, INT64_MAX, 9, "1000000000 9223372036854775807 1.000000000");
    expect_numbers(1234567890123, INT64_MIN, 9, "1234567890123 -9223372036854775808 1234.567890123");
    expect_numbers(UINT64_MAX, 1, 3, "18446744073709551615 1 18446744073709551.615");
    expect_numbers(UINT64_MAX, 1, 19, "18446744073709551615 1 1.8446744073709551615");
}

static void write_some(struct pool_text *text)
{
    rovei_text_string(text, "rove ");
    rovei_text_number(text, 1234567890);
    rovei_text_foreign(text, " \"gr\xc3\xbc\xc3\x9f\" ", TEXT_JSON);
    rovei_text_fraction(text, 98765, 3);
}

static void test_what_does_not_fit_is_counted_and_cut_off(void **state)
{
    (void)state;
    char whole[ROOM];
    struct pool_text all = {.memory = whole, .size = sizeof whole};
    write_some(&all);
    size_t length = rovei_text_end(&all);
    assert_int_equal(length, strlen(whole));
    for (size_t size = 0; size <= length + 2; size++) {
        char part[ROOM];
        memset(part, '#', sizeof part);
        struct pool_text text = {.memory = size ? part : NULL, .size = size};
        write_some(&text);
        assert_int_equal(rovei_text_end(&text), length);
        size_t kept = size == 0 ? 0 : size <= length ? size - 1 : length;
        assert_memory_equal(part, whole, kept);
        assert_int_equal(part[kept], size ? '\0' : '#');
        assert_int_equal(part[kept + 1], '#');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf_8_stays_as_it_is),
        cmocka_unit_test(test_what_is_not_utf_8_is_replaced_byte_by_byte),
        cmocka_unit_test(test_what_has_a_meaning_is_escaped),
        cmocka_unit_test(test_numbers_are_written_exactly),
        cmocka_unit_test(test_what_does_not_fit_is_counted_and_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
