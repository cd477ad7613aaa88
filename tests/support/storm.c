#include "storm.h"
#include <stdatomic.h>
#include <stdlib.h>

enum { PIECES = 4 };

/* The tasks from `begin` up to but not including `end`: the first one and the tree below it. */
struct part {
    rove_task task;
    struct storm *storm;
    rove_group *outer;
    int64_t begin;
    int64_t end;
};

static void part_run(struct storm *storm, rove_group *outer, int64_t begin, int64_t end);

static void part_forked(rove_task *task)
{
    struct part *part = (struct part *)task;
    part_run(part->storm, part->outer, part->begin, part->end);
}

static int part_spawned(void *arg)
{
    part_forked(arg);
    return 0;
}

static int part_spawned_from_heap(void *arg)
{
    part_forked(arg);
    free(arg);
    return 0;
}

static void storm_spawn(rove_group *group, rove_group_fn *fn, struct part *part)
{
    rove_status status = rove_group_spawn(group, fn, part);
    if (status == ROVE_OK)
        return;
    TEST_CHECK(status == ROVE_NO_MEMORY, "spawn: %s", rove_status_text(status));
    atomic_fetch_add(&part->storm->refused, 1);
    fn(part);
}

static void storm_spawn_outer(const struct part *part)
{
    struct part *copy = malloc(sizeof *copy);
    TEST_CHECK(copy, "no memory for a task");
    *copy = *part;
    storm_spawn(part->outer, part_spawned_from_heap, copy);
}

static void storm_wait(rove_group *group)
{
    rove_status status = rove_group_wait(group);
    TEST_CHECK(status == ROVE_OK, "wait: %s", rove_status_text(status));
}

/* One of the ways that the storm may take. */
static unsigned storm_choose(const struct storm *storm, struct test_random *random)
{
    unsigned way;
    do
        way = 1u << test_random_below(random, 4);
    while (!(way & storm->ways));
    return way;
}

/* Starts the piece, or calls it. Returns whether it was forked and needs a join. */
static bool piece_start(struct part *piece, rove_group *local, struct test_random *random)
{
    switch (storm_choose(piece->storm, random)) {
    case STORM_FORK:
        rove_fork(&piece->task, part_forked);
        return true;
    case STORM_SPAWN_OUTER:
        storm_spawn_outer(piece);
        return false;
    case STORM_SPAWN_LOCAL:
        piece->outer = local;
        storm_spawn(local, part_spawned, piece);
        return false;
    default:
        part_run(piece->storm, piece->outer, piece->begin, piece->end);
        return false;
    }
}

static void part_run(struct storm *storm, rove_group *outer, int64_t begin, int64_t end)
{
    if (begin == end)
        return;
    struct test_random random = test_random_make(storm->stream * 1000003 + (uint64_t)begin);
    test_once_mark(&storm->once, begin++);
    if (begin == end)
        return;
    rove_group local = {0};
    struct part pieces[PIECES], *forked[PIECES];
    int pieces_count = 1 + (int)test_random_below(&random, PIECES), forks = 0;
    for (int i = 0; i < pieces_count && begin < end; i++) {
        int64_t middle = begin + 1 + (int64_t)test_random_below(&random, (uint64_t)(end - begin));
        pieces[i] = (struct part){.storm = storm, .outer = outer, .begin = begin, .end = middle};
        if (i == pieces_count - 1)
            pieces[i].end = end;
        begin = pieces[i].end;
        if (piece_start(&pieces[i], &local, &random))
            forked[forks++] = &pieces[i];
    }
    int joins_before_wait = (int)test_random_below(&random, (uint64_t)forks + 1);
    for (int i = forks - 1; i >= 0; i--) {
        if (forks - 1 - i == joins_before_wait)
            storm_wait(&local);
        rove_status status = rove_join(&forked[i]->task, part_forked);
        TEST_CHECK(status == ROVE_OK, "join: %s", rove_status_text(status));
    }
    storm_wait(&local);
}

void storm_init(struct storm *storm, int64_t tasks, uint64_t stream, unsigned ways)
{
    *storm = (struct storm){.stream = stream, .ways = ways};
    test_once_init(&storm->once, tasks);
}

void storm_run(void *arg)
{
    struct storm *storm = arg;
    rove_group group = {0};
    struct part nothing = {.storm = storm, .outer = &group};
    if (storm->ways & STORM_SPAWN_OUTER) /* alone, because a group's first spawn must be */
        storm_spawn(&group, part_spawned, &nothing);
    part_run(storm, &group, 0, storm->once.count);
    storm_wait(&group);
}

int storm_task(void *storm)
{
    storm_run(storm);
    return 0;
}

void storm_fini(struct storm *storm)
{
    test_once_check(&storm->once);
    test_once_fini(&storm->once);
}

int storm_in(rove_runtime *runtime, int64_t tasks, uint64_t stream, unsigned ways)
{
    struct storm storm;
    storm_init(&storm, tasks, stream, ways);
    rove_status status = rove_run(runtime, storm_run, &storm);
    if (status == ROVE_NO_MEMORY) {
        storm.refused++;
        storm_run(&storm);
    } else {
        TEST_CHECK(status == ROVE_OK, "run: %s", rove_status_text(status));
    }
    storm_fini(&storm);
    return storm.refused;
}
