#include "runtime/task/sort_place.h"

/* Elements that are sorted in place. */
struct place_sort {
    struct rovei_sorting *sorting;
    const struct rovei_items *items;
    char *base;
};

static char *place_at(const struct place_sort *sort, size_t index)
{
    return sort->base + index * sort->items->size;
}

/* Whether the element at `a` belongs in front of the one at `b`. */
static bool place_is_before(const struct place_sort *sort, size_t a, size_t b)
{
    return item_compare(sort->items, place_at(sort, a), place_at(sort, b)) < 0;
}

static void place_swap(const struct place_sort *sort, size_t a, size_t b)
{
    item_swap(place_at(sort, a), place_at(sort, b), sort->items->size);
}

/* Lets the element at `root` sink to its place in the heap, whose largest is on top: along the path of the larger
 * children down to a leaf, then up to where it belongs; most of them belong near the leaves (Wegener 1993). */
static void heap_sink(const struct place_sort *sort, size_t root, size_t count)
{
    size_t path[8 * sizeof(size_t)], depth = 0;
    for (size_t node = root; node < count / 2; depth++) {
        size_t child = 2 * node + 1;
        if (child + 1 < count && place_is_before(sort, child, child + 1))
            child++;
        path[depth] = node = child;
    }
    while (depth > 0 && place_is_before(sort, path[depth - 1], root))
        depth--;
    for (size_t node = root, i = 0; i < depth; node = path[i++])
        place_swap(sort, node, path[i]);
}

void rovei_sort_place(struct rovei_sorting *sorting, const struct rovei_items *items, char *base, size_t count)
{
    struct place_sort sort = {sorting, items, base};
    for (size_t root = count / 2; root-- > 0 && !sorting_is_over(sorting);)
        heap_sink(&sort, root, count);
    for (size_t end = count; end-- > 1 && !sorting_is_over(sorting);) {
        place_swap(&sort, 0, end);
        heap_sink(&sort, 0, end);
    }
}

/* Lets the elements begin..middle and middle..end change places. */
static void place_rotate(const struct place_sort *sort, size_t begin, size_t middle, size_t end)
{
    size_t left = middle - begin, right = end - middle;
    while (left > 0 && right > 0) {
        size_t fewer = left < right ? left : right;
        item_swap(place_at(sort, middle - left), place_at(sort, middle + right - fewer), fewer * sort->items->size);
        if (left < right)
            right -= fewer;
        else
            left -= fewer;
    }
}

/* The first of the elements first..last that is to change sides: the one at i is compared with the one at mirror - i,
 * in the other part. As i grows, what is at i comes later and its mirror image earlier, so a binary search finds
 * it. */
static size_t place_exchange(const struct place_sort *sort, size_t first, size_t last, size_t mirror)
{
    while (first < last) {
        size_t left = first + (last - first) / 2;
        if (place_is_before(sort, mirror - left, left))
            last = left;
        else
            first = left + 1;
    }
    return first;
}

/* Merges begin..middle with middle..end. Elements are exchanged around `middle`, as many on either side as belong on
 * the other side of the whole's center, by one rotation; what is on either side of the center is then a smaller
 * merge. */
static void place_merge(const struct place_sort *sort, size_t begin, size_t middle, size_t end)
{
    if (begin == middle || middle == end || sorting_is_over(sort->sorting))
        return;
    size_t center = begin + (end - begin) / 2, sum = center + middle;
    size_t first = middle > center ? sum - end : begin;
    size_t last = middle > center ? center : middle;
    first = place_exchange(sort, first, last, sum - 1);
    place_rotate(sort, first, middle, sum - first);
    place_merge(sort, begin, first, center);
    place_merge(sort, center, sum - first, end);
}

static void place_merge_sort(const struct place_sort *sort, size_t begin, size_t end)
{
    if (end - begin < 2 || sorting_is_over(sort->sorting))
        return;
    size_t middle = begin + (end - begin) / 2;
    place_merge_sort(sort, begin, middle);
    place_merge_sort(sort, middle, end);
    if (place_is_before(sort, middle, middle - 1))
        place_merge(sort, begin, middle, end);
}

void rovei_sort_place_stable(struct rovei_sorting *sorting, const struct rovei_items *items, char *base, size_t count)
{
    struct place_sort sort = {sorting, items, base};
    place_merge_sort(&sort, 0, count);
}
