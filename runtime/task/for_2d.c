/*
 * Loops over a plane: its tiles, row by row, as one long range.
 */
#include "runtime/task/for.h"
#include "runtime/task/range.h"

struct for_tiles {
    rove_tile whole;
    int64_t rows; /* of a tile */
    int64_t columns;
    int64_t across; /* how many tiles lie beside each other */
    rove_tile_fn *body;
    void *arg;
};

/* The tile that is `rows` by `columns` tiles large and begins with number `first`, clipped to the plane. Computed so
 * that nothing overflows: the plane's own end is taken where a tile reaches it. */
static rove_tile tiles_span(const struct for_tiles *tiles, int64_t first, int64_t rows, int64_t columns)
{
    const rove_tile *whole = &tiles->whole;
    rove_tile tile = {.row_begin = whole->row_begin + first / tiles->across * tiles->rows,
                      .column_begin = whole->column_begin + first % tiles->across * tiles->columns};
    bool is_lowest = (whole->row_end - tile.row_begin - 1) / tiles->rows < rows;
    bool is_rightmost = (whole->column_end - tile.column_begin - 1) / tiles->columns < columns;
    tile.row_end = is_lowest ? whole->row_end : tile.row_begin + rows * tiles->rows;
    tile.column_end = is_rightmost ? whole->column_end : tile.column_begin + columns * tiles->columns;
    return tile;
}

static void tiles_each(int64_t begin, int64_t end, void *arg)
{
    const struct for_tiles *tiles = arg;
    for (int64_t i = begin; i < end; i++) {
        rove_tile tile = tiles_span(tiles, i, 1, 1);
        tiles->body(&tile, tiles->arg);
    }
}

/* Cells that come one after the other in as few tiles as they fill: a part of a row, whole rows, a part of a row. */
static void tiles_merged(int64_t begin, int64_t end, void *arg)
{
    const struct for_tiles *tiles = arg;
    while (begin < end) {
        int64_t before = begin % tiles->across, left = end - begin;
        int64_t rows = before == 0 && left >= tiles->across ? left / tiles->across : 1;
        int64_t columns = tiles->across - before < left ? tiles->across - before : left;
        rove_tile tile = tiles_span(tiles, begin, rows, columns);
        tiles->body(&tile, tiles->arg);
        begin += rows * columns;
    }
}

rove_status rove_for_2d(const rove_tile *whole, int64_t rows, int64_t columns, rove_tile_fn *body, void *arg)
{
    if (!whole || !body || rows < 0 || columns < 0 || (rows == 0) != (columns == 0) ||
        !range_is_countable(whole->row_begin, whole->row_end) ||
        !range_is_countable(whole->column_begin, whole->column_end))
        return ROVE_INVALID;
    if (whole->row_end <= whole->row_begin || whole->column_end <= whole->column_begin)
        return ROVE_OK;
    bool is_merged = rows == 0;
    struct for_tiles tiles = {
        .whole = *whole, .rows = is_merged ? 1 : rows, .columns = is_merged ? 1 : columns, .body = body, .arg = arg};
    tiles.across = (whole->column_end - whole->column_begin - 1) / tiles.columns + 1;
    int64_t count;
    if (__builtin_mul_overflow((whole->row_end - whole->row_begin - 1) / tiles.rows + 1, tiles.across, &count))
        return ROVE_INVALID;
    return rovei_for_lines(0, count, tiles.across, is_merged ? tiles_merged : tiles_each, &tiles);
}
