/*
 * What a filter and a partition share: a scan over words of 64 elements.
 */
#ifndef ROVEI_TASK_FILTER_H
#define ROVEI_TASK_FILTER_H

#include <rove/filter.h>
#include <stdint.h>

struct rovei_filter {
    const char *in;
    size_t count; /* elements */
    size_t size;  /* of one, in bytes */
    rove_keep_fn *keep;
    void *arg;
    char *out;      /* where those that are kept go, one after the other */
    char *rest;     /* NULL, or the end of where the others go, one before the other */
    uint64_t *bits; /* answers, a word for 64 elements, where a word was asked about before it was copied; or NULL */
};

/* Runs it; tells in `kept` how many are kept. `bits` is NULL before and after. */
rove_status rovei_filter_run(struct rovei_filter *filter, size_t *kept);

/* Whether the arguments of both make sense. */
bool rovei_filter_is_valid(const void *base, size_t count, size_t size, rove_keep_fn *keep);

#endif
