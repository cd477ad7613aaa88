#define _GNU_SOURCE
#include "runtime/platform/futex.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Callers are between two steps of a protocol and look at errno themselves, or must not change their caller's. */
static void futex_call(_Atomic uint32_t *word, int operation, uint32_t value)
{
    int saved = errno;
    syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
    errno = saved;
}

void rovei_futex_wait(_Atomic uint32_t *word, uint32_t expected)
{
    futex_call(word, FUTEX_WAIT, expected);
}

void rovei_futex_wake(_Atomic uint32_t *word, int count)
{
    futex_call(word, FUTEX_WAKE, (uint32_t)count);
}
