#include "runtime/queue/slots.h"

#include "runtime/platform/memory.h"

/* Bytes that can be written at first: 512 slots, and a whole page on every machine that has pages of up to so much. A
 * larger page is rounded to by the system. */
enum { SLOTS_AT_FIRST = 4096 };

/* Bytes of address space: for 2^25 slots, or for a part of what the process may have where that is limited. */
enum { SLOTS_MOST = 1 << 28, SLOTS_LEAST = 1 << 16, SLOTS_PART = 1024 };

/* Bytes that can be written. */
static size_t slots_size(struct rovei_deque *deque)
{
    return ROVEI_LOAD(deque->end, RELAXED) + sizeof(rove_slot) - (uintptr_t)deque->first; /* own variable */
}

static size_t slots_reservation(void)
{
    size_t part = rovei_memory_address_space() / SLOTS_PART;
    size_t size = SLOTS_LEAST;
    while (size < SLOTS_MOST && 2 * size <= part)
        size *= 2;
    return size;
}

bool rovei_slots_open(struct rovei_deque *deque)
{
    size_t size = slots_reservation();
    rove_slot *first = rovei_memory_reserve(size);
    if (!first)
        first = rovei_memory_reserve(size = SLOTS_LEAST);
    if (!first)
        return false;
    if (!rovei_memory_commit(first, SLOTS_AT_FIRST)) {
        rovei_memory_unreserve(first, size);
        return false;
    }
    deque_init(deque, first, first + SLOTS_AT_FIRST / sizeof *first - 1, 0);
    deque->reserved_size = size;
    return true;
}

bool rovei_slots_extend(struct rovei_deque *deque)
{
    size_t size = slots_size(deque);
    if (deque->is_final || 2 * size > deque->reserved_size || !rovei_memory_commit(deque->first, 2 * size)) {
        deque->is_final = true;
        return false;
    }
    deque_extend(deque, deque->first + 2 * size / sizeof(rove_slot) - 1);
    return true;
}

void rovei_slots_close(struct rovei_deque *deque)
{
    if (deque->first)
        rovei_memory_unreserve(deque->first, deque->reserved_size);
}
