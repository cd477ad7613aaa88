/*
 * The parallel part of a scan; see scan.h for how it goes.
 *
 * Edges, all on the state of a tile, whose operations are acquire and release [tile] throughout:
 *   whoever sets SCAN_PREFIXED -> whoever reads it, and reads the prefix;
 *   whoever sets SCAN_SUMMED -> whoever links the tile, and reads the sum;
 *   whoever sets SCAN_LINKED -> whoever keeps the tile, and from then on may write its prefix, which had been read;
 *   whoever sets SCAN_RELEASED -> whoever links the tile, and reads again what had been read to sum it up.
 */
#include "runtime/task/scan.h"

#include "runtime/platform/cpu.h"

#include <stdlib.h>
#include <string.h>

/* How many tiles a member sums up before it looks, for a moment, whether it could not rather scan one of them. They are
 * to fit into its cache. */
enum { SCAN_KEPT = 2 };

/* How long that moment is, in nanoseconds: about as long as somebody takes for a tile. */
enum { SCAN_PATIENCE_NS = 16 * RANGE_CHUNK_NS };

/* Memory for the table, in bytes: as many tiles as fit, within bounds. */
enum { SCAN_TABLE = 1 << 18, SCAN_TILES_MIN = 16 };

/* First in, first out. */
struct tile_list {
    int64_t first; /* -1: empty */
    int64_t last;
    int64_t count;
};

struct scan_member {
    struct scan_round *round;
    struct crew_member *crew;
    struct rovei_range range;
    struct tile_list kept;    /* summed up by this member, and not scanned yet */
    struct tile_list adopted; /* ready to be scanned, and nobody else will */
};

static struct scan_tile *tile_at(const struct scan_round *round, int64_t tile)
{
    return (struct scan_tile *)(void *)(round->table + (size_t)tile * (SCAN_HEADER + 2 * round->room));
}

static void *tile_prefix(const struct scan_round *round, int64_t tile)
{
    return (char *)tile_at(round, tile) + SCAN_HEADER;
}

static void *tile_sum(const struct scan_round *round, int64_t tile)
{
    return (char *)tile_at(round, tile) + SCAN_HEADER + round->room;
}

static bool tile_has(const struct scan_round *round, int64_t tile, uint32_t bit)
{
    return atomic_load_explicit(&tile_at(round, tile)->state, memory_order_acquire) & bit; /* [tile] */
}

/* Sets a bit and returns those that were set before. */
static uint32_t tile_set(const struct scan_round *round, int64_t tile, uint32_t bit)
{
    return atomic_fetch_or_explicit(&tile_at(round, tile)->state, bit, memory_order_acq_rel); /* [tile] */
}

static void list_append(const struct scan_round *round, struct tile_list *list, int64_t tile)
{
    tile_at(round, tile)->next = -1;
    if (list->first < 0)
        list->first = tile;
    else
        tile_at(round, list->last)->next = tile;
    list->last = tile;
    list->count++;
}

static int64_t list_take(const struct scan_round *round, struct tile_list *list)
{
    int64_t tile = list->first;
    list->first = tile_at(round, tile)->next;
    list->count--;
    return tile;
}

/* Does the indices of a tile in chunks. False if the loop is over before they are done. */
static bool member_pass(struct scan_member *member, int64_t tile, scan_pass_fn *pass, void *value)
{
    struct scan_round *round = member->round;
    struct rovei_range *range = &member->range;
    range->begin = round->begin + tile * round->tile;
    range->end = round->end - range->begin > round->tile ? range->begin + round->tile : round->end;
    range_resume(range);
    while (range->begin < range->end) {
        if (loop_status(round->crew.loop))
            return false;
        crew_attend(member->crew);
        int64_t end = range_next(range);
        pass(range->begin, end, value, round->scan->arg);
        range_advance(range, end);
    }
    return true;
}

/* Makes the prefix of `tile` known, and links the tile, and others behind it, that had only been waiting for that. */
static void member_hand_on(struct scan_member *member, int64_t tile)
{
    struct scan_round *round = member->round;
    const struct rovei_scan *scan = round->scan;
    while (tile_set(round, tile, SCAN_PREFIXED) & SCAN_SUMMED) {
        void *next = tile_prefix(round, tile + 1);
        memcpy(next, tile_prefix(round, tile), scan->size);
        scan->combine(next, tile_sum(round, tile), scan->arg);
        if (tile_set(round, tile, SCAN_LINKED) & SCAN_RELEASED)
            list_append(round, &member->adopted, tile);
        tile++;
    }
}

static void member_count(struct scan_member *member)
{
    /* Relaxed: read when all have been joined. */
    atomic_fetch_add_explicit(&member->round->scanned, 1, memory_order_relaxed);
}

/* Scans a tile that has been summed up and linked. */
static bool member_scan(struct scan_member *member, int64_t tile)
{
    if (!member_pass(member, tile, member->round->scan->scan_again, tile_prefix(member->round, tile)))
        return false;
    member_count(member);
    return true;
}

/* Scans a tile in one pass. The value that runs along becomes the prefix of the next tile, which nobody else touches
 * until it is known. */
static bool member_scan_at_once(struct scan_member *member, int64_t tile)
{
    struct scan_round *round = member->round;
    void *value = tile_prefix(round, tile + 1);
    memcpy(value, tile_prefix(round, tile), round->scan->size);
    if (!member_pass(member, tile, round->scan->scan, value))
        return false;
    member_count(member);
    member_hand_on(member, tile + 1);
    return true;
}

static bool member_sum(struct scan_member *member, int64_t tile)
{
    struct scan_round *round = member->round;
    const struct rovei_scan *scan = round->scan;
    void *sum = tile_sum(round, tile);
    memcpy(sum, scan->identity, scan->size);
    if (!member_pass(member, tile, scan->sum, sum))
        return false;
    list_append(round, &member->kept, tile);
    if (tile_set(round, tile, SCAN_SUMMED) & SCAN_PREFIXED)
        member_hand_on(member, tile);
    return true;
}

/* Whether the oldest of the tiles that the member keeps can be scanned, at once or after a moment. A bounded wait: the
 * tile before may be in the hands of a thread that does not run. */
static bool member_can_scan(struct scan_member *member, bool patient)
{
    if (member->kept.count == 0)
        return false;
    bool is_linked = tile_has(member->round, member->kept.first, SCAN_LINKED);
    int64_t until = patient && !is_linked ? ticks_now() + ticks_of(SCAN_PATIENCE_NS) : 0;
    while (!is_linked && patient && ticks_now() < until) {
        cpu_relax();
        is_linked = tile_has(member->round, member->kept.first, SCAN_LINKED);
    }
    return is_linked;
}

/* Leaves the tiles that cannot be scanned yet to whoever links them. */
static void member_release(struct scan_member *member)
{
    while (member->kept.count > 0) {
        int64_t tile = list_take(member->round, &member->kept);
        if ((tile_set(member->round, tile, SCAN_RELEASED) & SCAN_LINKED) && !member_scan(member, tile))
            return;
    }
}

/* Does one thing. False if there is nothing left that this member could do, or the loop is over. */
static bool member_step(struct scan_member *member)
{
    struct scan_round *round = member->round;
    if (member->adopted.count > 0)
        return member_scan(member, list_take(round, &member->adopted));
    if (member_can_scan(member, member->kept.count == SCAN_KEPT))
        return member_scan(member, list_take(round, &member->kept));
    int64_t tile = atomic_load_explicit(&round->taken, memory_order_relaxed); /* relaxed: the number is all there is */
    if (tile < round->count)
        tile = atomic_fetch_add_explicit(&round->taken, 1, memory_order_relaxed);
    if (tile < round->count)
        return tile_has(round, tile, SCAN_PREFIXED) ? member_scan_at_once(member, tile) : member_sum(member, tile);
    if (member_can_scan(member, true))
        return member_scan(member, list_take(round, &member->kept));
    member_release(member);
    return false;
}

static void member_work(struct rovei_crew *crew, struct crew_member *self)
{
    struct scan_round *round = (struct scan_round *)(void *)crew;
    struct scan_member member = {.round = round, .crew = self, .kept.first = -1, .adopted.first = -1};
    range_start(&member.range, round->begin, round->end);
    member.range.chunk = atomic_load_explicit(&round->chunk, memory_order_relaxed); /* relaxed: any value will do */
    while (member_step(&member))
        ;
    atomic_store_explicit(&round->chunk, member.range.chunk, memory_order_relaxed);
}

/* How long a tile is to be. */
static int64_t round_tile(const struct rovei_scan *scan, const struct rovei_range *range)
{
    int64_t left = range->end - range->begin;
    int64_t tile = crew_tile(left, range->chunk < left ? range->chunk : left);
    return scan->tile_limit > 0 && tile > scan->tile_limit ? scan->tile_limit : tile;
}

bool rovei_scan_round_init(struct scan_round *round, struct rovei_loop *loop, const struct rovei_scan *scan,
                           const struct rovei_range *range)
{
    int64_t wanted = (range->end - range->begin) / round_tile(scan, range);
    size_t room = (scan->size + scan->extra + SCAN_ALIGNMENT - 1) / SCAN_ALIGNMENT * SCAN_ALIGNMENT;
    size_t stride = SCAN_HEADER + 2 * room, bytes;
    size_t tiles = SCAN_TABLE / stride;
    if (tiles > SCAN_TILES)
        tiles = SCAN_TILES;
    if ((int64_t)tiles > wanted)
        tiles = (size_t)wanted;
    if (tiles < SCAN_TILES_MIN)
        tiles = SCAN_TILES_MIN;
    if (__builtin_mul_overflow(tiles + 1, stride, &bytes))
        return false;
    *round = (struct scan_round){.crew = {.loop = loop, .work = member_work}, .scan = scan, .room = room};
    round->capacity = (int64_t)tiles;
    round->table = aligned_alloc(SCAN_ALIGNMENT, bytes);
    return round->table;
}

void rovei_scan_round_fini(struct scan_round *round)
{
    free(round->table);
}

/* Lays tiles over the beginning of the range. */
static void round_cut(struct scan_round *round, const struct rovei_range *range)
{
    int64_t left = range->end - range->begin;
    round->tile = round_tile(round->scan, range);
    round->count = left / round->tile + (left % round->tile != 0);
    round->begin = range->begin;
    round->end = range->end;
    if (round->count > round->capacity) {
        round->count = round->capacity;
        round->end = round->begin + round->count * round->tile;
    }
    atomic_init(&round->chunk, range->chunk);
    atomic_init(&round->taken, 0);
    atomic_init(&round->scanned, 0);
    for (int64_t i = 0; i < round->count; i++)
        atomic_init(&tile_at(round, i)->state, i == 0 ? SCAN_PREFIXED : 0);
    atomic_init(&tile_at(round, round->count)->state, 0);
}

rove_status rovei_scan_round_run(struct scan_round *round, struct rovei_range *range, void *value)
{
    size_t size = round->scan->size;
    round_cut(round, range);
    memcpy(tile_prefix(round, 0), value, size);
    rove_status status = rovei_crew_run(&round->crew);
    if (!status && atomic_load_explicit(&round->scanned, memory_order_relaxed) < round->count)
        status = loop_status(round->crew.loop);
    if (status)
        return status;
    memcpy(value, tile_prefix(round, round->count), size);
    range->begin = round->end;
    range->chunk = atomic_load_explicit(&round->chunk, memory_order_relaxed);
    range_resume(range);
    return ROVE_OK;
}
