/*
 * What the tests of a pool's text share. To be included after cmocka.h.
 */
#ifndef TESTS_UNIT_POOL_WRITTEN_H
#define TESTS_UNIT_POOL_WRITTEN_H

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/pool.h>

enum { WATCH_SECONDS = 50, FIELD = 128 };

static inline int written_fail_odd(void *arg, void **value)
{
    (void)arg;
    (void)value;
    return rove_current_job()->id % 2;
}

/* A pool in which much has happened: 10 jobs have run, of which 5 have failed, 3 were too late, and 2 refused. */
static inline void written_make_history(rove_pool *pool)
{
    for (uint64_t id = 0; id < 13; id++) {
        rove_job job = {.fn = written_fail_odd, .id = id, .key = id, .deadline = id >= 10};
        assert_int_equal(rove_pool_submit_job(pool, &job, ROVE_NEVER, NULL), ROVE_OK);
    }
    assert_int_equal(rove_pool_drain(pool, ROVE_NEVER), ROVE_OK);
    assert_int_equal(rove_pool_submit(pool, written_fail_odd, NULL), ROVE_CLOSED);
    assert_int_equal(rove_pool_submit(pool, written_fail_odd, NULL), ROVE_CLOSED);
}

static inline rove_pool *written_pool(rove_runtime *runtime, const char *name)
{
    rove_pool_config config = test_pool_config(runtime);
    config.name = name;
    config.placement = ROVE_PLACE_KEYED;
    config.lanes = 3;
    rove_pool *pool = test_pool(&config);
    written_make_history(pool);
    return pool;
}

/* In every size the text is the beginning of the whole, terminated, and nothing behind it is touched. `stable`: how
 * much of the whole does not change with time. */
static inline void written_expect_cut_off(const rove_pool *pool,
                                          size_t (*write)(const rove_pool *pool, char *text, size_t size),
                                          const char *whole, size_t stable)
{
    size_t length = strlen(whole);
    char *part = malloc(length + FIELD);
    assert_non_null(part);
    for (size_t size = 0; size <= stable + 1; size++) {
        memset(part, '#', length + FIELD);
        size_t said = write(pool, size ? part : NULL, size);
        assert_true(stable < length ? said > stable : said == length);
        size_t kept = size == 0 ? 0 : size - 1;
        assert_memory_equal(part, whole, kept < stable ? kept : stable);
        assert_int_equal(part[kept], size ? '\0' : '#');
        assert_int_equal(part[size], '#');
    }
    free(part);
}

/* Sets a locale whose numbers have a comma, if one is installed. */
static inline bool written_set_locale(void)
{
    static const char *const locales[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", "nl_NL.UTF-8"};
    for (size_t i = 0; i < sizeof locales / sizeof *locales; i++)
        if (setlocale(LC_ALL, locales[i]) && *localeconv()->decimal_point == ',')
            return true;
    print_message("no locale with a decimal comma is installed\n");
    return false;
}

#endif
