#include "heap.h"
#include <stdatomic.h>
#include <stdlib.h>

/* Lies in front of each block, at the end of a space as large as the block's alignment. */
struct heap_header {
    size_t size;
    void *start;
    struct test_heap *heap;
};

static struct heap_header *heap_header_of(void *memory)
{
    return (struct heap_header *)memory - 1;
}

static void *heap_allocate(size_t size, size_t alignment, void *arg)
{
    struct test_heap *heap = arg;
    int64_t call = atomic_fetch_add(&heap->calls, 1);
    TEST_CHECK(size > 0 && alignment && (alignment & (alignment - 1)) == 0, "%zu bytes aligned to %zu", size,
               alignment);
    if (call >= atomic_load(&heap->refuse_from) && call < atomic_load(&heap->refuse_to))
        return NULL;
    size_t space = alignment < 64 ? 64 : alignment;
    char *start = aligned_alloc(space, space + (size + space - 1) / space * space);
    TEST_CHECK(start, "no memory for %zu bytes, in earnest", size);
    *heap_header_of(start + space) = (struct heap_header){size, start, heap};
    atomic_fetch_add(&heap->blocks, 1);
    return start + space;
}

static void heap_release(void *memory, size_t size, void *arg)
{
    struct test_heap *heap = arg;
    if (!memory)
        return;
    struct heap_header *header = heap_header_of(memory);
    TEST_CHECK(header->heap == heap, "a block comes back that is not from here");
    header->heap = NULL;
    if (header->size != size)
        atomic_fetch_add(&heap->wrong_sizes, 1);
    atomic_fetch_sub(&heap->blocks, 1);
    free(header->start);
}

rove_allocator test_heap_allocator(struct test_heap *heap)
{
    return (rove_allocator){heap_allocate, heap_release, heap};
}

void test_heap_refuse(struct test_heap *heap, int64_t from, int64_t to)
{
    atomic_store(&heap->refuse_from, from);
    atomic_store(&heap->refuse_to, to);
    atomic_store(&heap->calls, 0);
}

void test_heap_check(struct test_heap *heap, const char *what, int64_t number)
{
    int64_t blocks = atomic_load(&heap->blocks), wrong = atomic_load(&heap->wrong_sizes);
    TEST_CHECK(blocks == 0, "%s %lld leaves %lld blocks", what, (long long)number, (long long)blocks);
    TEST_CHECK(wrong == 0, "%s %lld gives back %lld blocks with a wrong size", what, (long long)number,
               (long long)wrong);
}
