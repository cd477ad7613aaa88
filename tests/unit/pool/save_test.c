/*
 * A pool's figures in a file.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/pool.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "written.h"

static void test_a_saved_file_is_the_text_and_readable(void **state)
{
    (void)state;
    rove_runtime *runtime = test_runtime(1);
    rove_pool *pool = written_pool(runtime, "saved");
    char folder[] = "/tmp/rove-write-XXXXXX";
    char path[FIELD];
    rove_report report = {"before"};
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/rove.prom", folder);
    assert_int_equal(rove_pool_save_prometheus(pool, path, &report), ROVE_OK);
    assert_string_equal(report.text, "");
    size_t size = rove_pool_write_prometheus(pool, NULL, 0) + 1;
    char *text = malloc(size);
    char *saved = calloc(1, size + 1);
    assert_true(text && saved);
    rove_pool_write_prometheus(pool, text, size);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(saved, 1, size + 1, file), size - 1);
    fclose(file);
    assert_string_equal(saved, text);
    free(saved);
    free(text);
    unlink(path);
    assert_int_equal(rmdir(folder), 0); /* it has left nothing else there */
    test_pool_end(pool);
    test_runtime_end(runtime);
}

static void test_what_cannot_be_saved_leaves_nothing(void **state)
{
    (void)state;
    rove_pool *pool = test_pool(NULL);
    char folder[] = "/tmp/rove-write-XXXXXX";
    char path[FIELD];
    rove_report report = {""};
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/here", folder);
    assert_int_equal(mkdir(path, 0700), 0); /* a file cannot take the place of a folder */
    assert_int_equal(rove_pool_save_prometheus(pool, path, &report), ROVE_FAILED);
    assert_non_null(strstr(report.text, path));
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(folder), 0);
    test_pool_end(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_saved_file_is_the_text_and_readable),
        cmocka_unit_test(test_what_cannot_be_saved_leaves_nothing),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
