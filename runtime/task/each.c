/*
 * Loops over the elements of an array.
 */
#include <rove/parallel.h>

struct each {
    char *base;
    size_t size;
    void (*fn)(void *element, void *arg);
    void *arg;
};

static void each_body(int64_t begin, int64_t end, void *arg)
{
    const struct each *each = arg;
    for (int64_t i = begin; i < end; i++)
        each->fn(each->base + (size_t)i * each->size, each->arg);
}

rove_status rove_for_each(void *base, size_t count, size_t size, void (*fn)(void *element, void *arg), void *arg)
{
    if (!fn || (count > 0 && (!base || size == 0 || count > PTRDIFF_MAX / size)))
        return ROVE_INVALID;
    struct each each = {base, size, fn, arg};
    return rove_for(0, (int64_t)count, each_body, &each);
}
