#define _GNU_SOURCE
#include "runtime/platform/futex.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Callers are between two steps of a protocol and look at errno themselves, or must not change their caller's. */
static void futex_call(_Atomic uint32_t *word, int operation, uint32_t value, const struct timespec *until)
{
    int saved = errno;
    syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, until, NULL, FUTEX_BITSET_MATCH_ANY);
    errno = saved;
}

void rovei_futex_wait(_Atomic uint32_t *word, uint32_t expected)
{
    futex_call(word, FUTEX_WAIT, expected, NULL);
}

void rovei_futex_wait_until(_Atomic uint32_t *word, uint32_t expected, int64_t until)
{
    struct timespec time = {until / 1000000000, until % 1000000000};
    futex_call(word, FUTEX_WAIT_BITSET, expected, &time); /* this one takes a point in time */
}

void rovei_futex_wake(_Atomic uint32_t *word, int count)
{
    futex_call(word, FUTEX_WAKE, (uint32_t)count, NULL);
}
