#define _GNU_SOURCE
#include "scarcity.h"
#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>
#include <support/support.h>
#include <sys/resource.h>

struct scrap {
    struct scrap *next;
};

static struct scrap *scraps;
static struct rlimit limit_before;

void test_scarcity_prepare(void)
{
    volatile char room[1 << 18]; /* the stack grows while it may */
    for (size_t i = 0; i < sizeof room; i += 1024)
        room[i] = 0;
    TEST_CHECK(mallopt(M_ARENA_MAX, 1) == 1, "one arena for all");
}

void test_scarcity_begin(void)
{
    TEST_CHECK(!getrlimit(RLIMIT_AS, &limit_before), "the limit is not known");
    struct rlimit none = {0, limit_before.rlim_max};
    TEST_CHECK(!setrlimit(RLIMIT_AS, &none), "no limit can be set");
    for (size_t size = 1 << 22; size >= sizeof(struct scrap); size /= 2) {
        for (struct scrap *scrap; (scrap = malloc(size));) {
            scrap->next = scraps;
            scraps = scrap;
        }
    }
    void *volatile page = malloc(4096); /* volatile: a compiler may take for granted that it works */
    TEST_CHECK(!page, "there is memory after all");
}

void test_scarcity_end(void)
{
    TEST_CHECK(!setrlimit(RLIMIT_AS, &limit_before), "the limit cannot be lifted");
    while (scraps) {
        struct scrap *next = scraps->next;
        free(scraps);
        scraps = next;
    }
}
