#define _GNU_SOURCE
#include "slots.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Atomic size_t slots_most = SIZE_MAX;

void test_slots_limit(size_t bytes)
{
    atomic_store(&slots_most, bytes);
}

/* Stands before the C library's function of this name, by which the arrays are made writable. The C library does not
 * come through here when it needs memory itself. */
int mprotect(void *start, size_t size, int protection)
{
    if (protection & PROT_WRITE && size > atomic_load(&slots_most)) {
        errno = ENOMEM;
        return -1;
    }
    return (int)syscall(SYS_mprotect, start, size, protection);
}
