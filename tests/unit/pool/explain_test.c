/*
 * What a pool says to people: explanations of refusals, and lines for the log.
 */
#include "runtime/pool/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <support/pool.h>

#include <cmocka.h>

#include "written.h"

static char logged[1024];

static void log_line(const char *line, void *arg)
{
    (void)arg;
    TEST_CHECK(strlen(line) < sizeof logged, "a line of %zu", strlen(line));
    memcpy(logged, line, strlen(line) + 1);
}

static void test_an_explanation_names_everything(void **state)
{
    (void)state;
    struct test_held held;
    rove_pool_config config = test_pool_config(NULL);
    config.name = "odd\n\"one\"";
    config.capacity = 7;
    test_held_begin(&held, &config);
    for (int i = 0; i < 3; i++)
        assert_int_equal(rove_pool_submit(held.pool, written_fail_odd, NULL), ROVE_OK);
    rove_report report;
    memset(&report, '#', sizeof report);
    rove_pool_explain(held.pool, "resize\timage", ROVE_FULL, &report);
    assert_string_equal(report.text, "resize\xef\xbf\xbdimage: pool \"odd\xef\xbf\xbd\"one\"\": the queue is full "
                                     "(3 of 7 queued, 0 held, 1 running)");
    rove_pool_explain(held.pool, NULL, ROVE_OK, &report);
    assert_string_equal(report.text, "pool \"odd\xef\xbf\xbd\"one\"\": success (3 of 7 queued, 0 held, 1 running)");
    rove_pool_explain(NULL, "submit", ROVE_INVALID, &report);
    assert_true(strncmp(report.text, "submit: no pool: ", 17) == 0);
    rove_pool_explain(held.pool, "submit", ROVE_FULL, NULL);
    char operation[2 * ROVE_REPORT_SIZE];
    memset(operation, 'x', sizeof operation);
    operation[sizeof operation - 1] = '\0';
    rove_pool_explain(held.pool, operation, ROVE_FULL, &report);
    assert_int_equal(strlen(report.text), ROVE_REPORT_SIZE - 1);
    test_held_release(&held);
    test_held_end(&held);
}

static void test_a_line_of_the_log_is_one_line(void **state)
{
    (void)state;
    static char endless[2000];
    rove_pool_config config = test_pool_config(NULL);
    config.name = "odd\n\xff";
    config.log = log_line;
    rove_pool *pool = test_pool(&config);
    rovei_pool_log(pool, "job \"%s\" on worker %d", "two\nlines", 7);
    assert_string_equal(logged, "pool \"odd\xef\xbf\xbd\xef\xbf\xbd\": job \"two\xef\xbf\xbdlines\" on worker 7");
    memset(endless, 'x', sizeof endless - 1);
    rovei_pool_log(pool, "%s", endless);
    assert_in_range(strlen(logged), 400, 600);
    test_pool_end(pool);
    pool = test_pool(NULL);
    logged[0] = '\0';
    rovei_pool_log(pool, "nobody listens");
    assert_string_equal(logged, "");
    test_pool_end(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_explanation_names_everything),
        cmocka_unit_test(test_a_line_of_the_log_is_one_line),
    };
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
