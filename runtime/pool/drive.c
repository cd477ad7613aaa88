/*
 * Drivers: what they take, when they are started, and when they leave.
 */
#include "runtime/pool/run.h"

#include "runtime/platform/cpu.h"
#include "runtime/platform/memory.h"
#include "runtime/pool/progress.h"
#include "runtime/sched/sleep.h"

/* How long a driver goes on, in nanoseconds, before it lets other work of the runtime have its turn. */
enum { DRIVE_TURN = 1000000 };

/* How long a driver that finds no job waits for one, in nanoseconds, before it leaves: about what it costs to send the
 * next one on its way. */
enum { DRIVE_LINGER = 2000 };

/* A driver that found fewer jobs than this, and short ones, has caught up with who submits them: it waits for so many
 * nanoseconds before it looks again, so that a few come together. To meet at the lock for each costs both more. */
enum { DRIVE_FEW = 8, DRIVE_REST = 400 };

/* How long the jobs that a driver takes at once may be together, in nanoseconds, by what jobs took so far. */
enum { DRIVE_HANDFUL = 20000 };

int rovei_pool_width(const struct rove_pool *pool)
{
    if (pool->config.is_serial)
        return 1;
    return pool->config.placement == ROVE_PLACE_SHARED ? pool_width(pool) : pool->lane_count;
}

static bool pool_has_lanes(const struct rove_pool *pool)
{
    return pool->config.placement != ROVE_PLACE_SHARED;
}

static void driver_run(rove_task *task);

static struct pool_driver *driver_make(struct rove_pool *pool)
{
    struct pool_driver *driver = pool->idle_drivers;
    if (driver) {
        pool->idle_drivers = driver->next_idle;
        return driver;
    }
    driver = rovei_memory_allocate(pool->allocator, sizeof *driver);
    if (!driver)
        return NULL;
    driver->pool = pool;
    driver->next = pool->drivers;
    pool->drivers = driver;
    return driver;
}

bool rovei_pool_prepare_driver(struct rove_pool *pool)
{
    struct pool_driver *driver = driver_make(pool);
    if (driver) {
        driver->next_idle = pool->idle_drivers;
        pool->idle_drivers = driver;
    }
    return driver != NULL;
}

/* The worker whose inbox a lane's driver is put into, or NULL. */
static struct rovei_worker *lane_worker(const struct rove_pool *pool, int lane)
{
    struct rove_runtime *runtime = pool->runtime;
    int workers = atomic_load_explicit(&runtime->target, memory_order_relaxed); /* a hint */
    return runtime_pool(runtime, lane % (workers > 0 ? workers : 1));
}

/* Puts the driver's task where a worker will find it. False if the runtime takes nothing from outside any more. */
static bool driver_inject(struct rove_pool *pool, struct pool_driver *driver)
{
    struct rove_runtime *runtime = pool->runtime;
    struct rovei_worker *worker = pool_has_lanes(pool) ? lane_worker(pool, driver->lane) : NULL;
    struct rovei_injector *outside = &runtime->injectors[rovei_injector_near(runtime)];
    struct rovei_injector *injector = worker ? &worker->inbox : outside;
    bool is_inside = pool_worker_self(pool) != NULL;
    ROVEI_INIT(driver->injected.task.run, (uintptr_t)driver_run);
    mutex_lock_soon(&outside->lock); /* of the injector, because that is what closing the runtime passes */
    bool is_refused = runtime_is_closed(runtime) && !is_inside;
    if (!is_refused && injector == outside)
        injector_append(injector, &driver->injected, &driver->injected, 1);
    else if (!is_refused)
        injector_push(injector, &driver->injected, &driver->injected, 1);
    mutex_unlock(&outside->lock);
    if (is_refused)
        return false;
    if (worker && pool->due.wakes_for && pool->due.wakes_for != worker)
        rovei_wake_for(pool->due.wakes_for, NULL);
    if (worker)
        pool->due.wakes_for = worker;
    else
        pool->due.wakes_one = true;
    return true;
}

/* Sends a driver on its way. False if there is none, or the runtime is closed. */
static bool driver_start(struct rove_pool *pool, int lane)
{
    struct pool_driver *driver = driver_make(pool);
    if (!driver)
        return false;
    driver->lane = lane;
    driver->is_starting = true;
    driver->is_counted = true;
    if (!driver_inject(pool, driver)) {
        driver->next_idle = pool->idle_drivers;
        pool->idle_drivers = driver;
        return false;
    }
    rovei_pool_retain(pool);
    pool->active++;
    pool->starting++;
    pool->lanes[lane].drivers++;
    return true;
}

/* Whether a driver has jobs in its hand; `is_lent`: one whose job waits. */
static bool pool_has_hand(const struct rove_pool *pool, bool is_lent)
{
    for (const struct pool_driver *driver = pool->drivers; driver; driver = driver->next)
        if ((driver->is_lent || !is_lent) && !hand_is_empty(&driver->hand))
            return true;
    return false;
}

/* A driver for each lane that has jobs and none; and where jobs lie behind others that may take long, one for an idle
 * lane, which then helps and, when it has taken one, looks here again. */
static bool pool_rouse_lanes(struct rove_pool *pool)
{
    bool is_served = true;
    int idle = -1;
    for (int i = 0; i < pool->lane_count && pool->queued > 0; i++) {
        const struct pool_lane *lane = &pool->lanes[i];
        if (lane->length > 0 && lane->drivers == 0 && !lane->is_blocked)
            is_served = driver_start(pool, i) && is_served;
        else if (lane->drivers == 0)
            idle = i;
    }
    bool may_help = pool->config.placement != ROVE_PLACE_KEYED && idle >= 0;
    if (may_help && pool->queued > 0 && pool->starting == 0)
        driver_start(pool, idle); /* if it cannot be had, whoever is busy comes back */
    return is_served;
}

bool rovei_pool_rouse(struct rove_pool *pool)
{
    bool is_stalled = atomic_load_explicit(&pool->is_stalled, memory_order_relaxed); /* set under the lock */
    bool has_jobs = (pool->queued > 0 && !is_stalled) || (pool->lent > 0 && pool_has_hand(pool, true));
    if (!has_jobs || pool->config.is_serial)
        return true;
    if (pool_has_lanes(pool))
        return pool_rouse_lanes(pool);
    if (pool->starting > 0 || pool->lingering > 0 || pool->active >= rovei_pool_width(pool))
        return true;
    return driver_start(pool, 0) || pool->active > 0;
}

/* Accounts for what the driver has run since it last had the lock. */
static void driver_flush(struct rove_pool *pool, struct pool_driver *driver)
{
    int64_t now = ticks_now();
    if (now >= pool->next_measure)
        rovei_pool_measure_tick(pool);
    if (driver->runs > 0 && driver->since > 0)
        ROVEI_STORE(pool->mean_run, (3 * pool->mean_run + (now - driver->since) / (int64_t)driver->runs) / 4, RELAXED);
    for (size_t i = 0; i < driver->spent_count; i++)
        cells_give(&pool->cells, driver->spent[i]);
    size_t ended = driver->ended;
    pool->running -= driver->finished;
    pool->lanes[driver->lane_taken].ended += ended;
    driver->spent_count = driver->finished = driver->ended = driver->runs = 0;
    driver->since = now;
    if (ended > 0)
        rovei_pool_count_ended(pool, ended);
}

void rovei_pool_finish(struct rove_pool *pool, struct pool_driver *driver)
{
    uint64_t told = 0;
    pool_lock(pool);
    while (pool->config.on_progress && driver->ended > 0 && pool->left == driver->ended && told != pool->submitted) {
        told = pool->submitted;
        pool_unlock(pool);
        rovei_pool_tell_progress(pool, true); /* before those are told who wait for the end */
        pool_lock(pool);
    }
    if (driver->is_starting) {
        driver->is_starting = false;
        pool->starting--;
    }
    driver_flush(pool, driver);
}

/* How many jobs to take at once: a share of what is there, if jobs are short. */
static size_t driver_handful(const struct rove_pool *pool)
{
    if (pool->config.levels > 1 || pool_has_lanes(pool) || pool->config.capacity == 0 || pool->config.is_serial)
        return 1;
    size_t share = pool->queued / (size_t)(pool->active + 1);
    int64_t run = pool->mean_run > 0 ? pool->mean_run : 1;
    size_t most = (size_t)(ticks_of(DRIVE_HANDFUL) / run);
    size_t count = share < most ? share : most;
    return count > HAND_CELLS ? HAND_CELLS : count > 0 ? count : 1;
}

/* Whoever comes for one job of a keyed pool takes it from a lane that no driver is at, and has that lane until the job
 * is done with. */
static struct pool_cell *lane_take_free(struct rove_pool *pool, struct pool_driver *helper)
{
    const rove_pool_config *config = &pool->config;
    for (int i = 0; i < pool->lane_count; i++) {
        struct pool_lane *lane = &pool->lanes[i];
        struct pool_cell *cell = lane->drivers == 0 ? rovei_lane_take(lane, config->levels, config->aging, true) : NULL;
        if (!cell)
            continue;
        helper->lane = i;
        helper->is_counted = true;
        pool->active++;
        lane->drivers++;
        return cell;
    }
    return NULL;
}

/* Out of the own lane; from the longest other one if that is empty and any may help it. */
static struct pool_cell *lane_take(struct rove_pool *pool, struct pool_driver *driver, bool *is_moved)
{
    const rove_pool_config *config = &pool->config;
    bool is_keyed = config->placement == ROVE_PLACE_KEYED;
    int own = driver->lane;
    if (is_keyed && driver->is_helper)
        return lane_take_free(pool, driver);
    struct pool_cell *cell = rovei_lane_take(&pool->lanes[own], config->levels, config->aging, is_keyed);
    if (cell || is_keyed || !pool_has_lanes(pool))
        return cell;
    int longest = own;
    for (int i = 0; i < pool->lane_count; i++)
        if (pool->lanes[i].length > pool->lanes[longest].length)
            longest = i;
    *is_moved = true;
    return rovei_lane_take(&pool->lanes[longest], config->levels, config->aging, false);
}

/* A job from the hand of a fellow, which was counted as running when it was taken. */
static struct pool_cell *driver_rob(const struct rove_pool *pool, const struct pool_driver *driver)
{
    for (struct pool_driver *fellow = pool->drivers; fellow; fellow = fellow->next) {
        struct pool_cell *cell = fellow == driver ? NULL : hand_take(&fellow->hand);
        if (cell)
            return cell;
    }
    return NULL;
}

size_t rovei_pool_take(struct rove_pool *pool, struct pool_driver *driver, struct pool_cell **cells, bool *is_moved)
{
    *is_moved = false;
    size_t wanted = pool->queued == 0 ? 0 : driver->is_helper ? 1 : driver_handful(pool);
    size_t promised = wanted == 0 ? 0 : rovei_stream_promise(pool, wanted);
    size_t count = 0;
    if (promised > 1) {
        count = rovei_lane_take_many(&pool->lanes[0], cells, promised);
    } else if (promised == 1) {
        cells[0] = lane_take(pool, driver, is_moved);
        count = cells[0] != NULL;
    }
    if (count < promised)
        rovei_stream_unpromise(pool, promised - count);
    pool_set_queued(pool, pool->queued - count);
    pool->running += count;
    if (count == 0 && !pool_has_lanes(pool)) {
        cells[0] = driver_rob(pool, driver);
        *is_moved = cells[0] != NULL;
        count = cells[0] != NULL;
    }
    if (count > 0 && pool_has_lanes(pool))
        driver->lane_taken = cells[0]->lane;
    return count;
}

/* Under the lock: the driver has nothing to do here any more. */
static void driver_leave(struct rove_pool *pool, struct pool_driver *driver)
{
    driver->is_counted = false;
    pool->active--;
    pool->lanes[driver->lane].drivers--;
    driver->next_idle = pool->idle_drivers;
    pool->idle_drivers = driver;
}

/* Under the lock: the driver goes to the end of the runtime's queue. */
static void driver_yield(struct rove_pool *pool, struct pool_driver *driver)
{
    driver->is_starting = true;
    pool->starting++;
    driver_inject(pool, driver);
}

/* Whether others do what there is to do: more drivers than the width allows, after one was lent out and is back. */
static bool driver_is_surplus(const struct rove_pool *pool, const struct pool_driver *driver)
{
    return pool_has_lanes(pool) ? pool->lanes[driver->lane].drivers > 1 : pool->active > rovei_pool_width(pool);
}

/* Waits a moment for jobs, without the lock. They are looked for again under the lock, so a hint is enough here. */
static void driver_linger(struct rove_pool *pool)
{
    int64_t end = ticks_now() + ticks_of(DRIVE_LINGER);
    pool->lingering++;
    pool_unlock(pool);
    while (ROVEI_LOAD(pool->queued, RELAXED) == 0 && ticks_now() < end)
        for (int i = 0; i < 8; i++)
            cpu_relax(); /* whoever submits writes what is looked at */
    pool_lock(pool);
    pool->lingering--;
}

/* Whether the driver may wait for jobs: it is at the end of its work and not out of place. */
static bool driver_may_linger(const struct rove_pool *pool, const struct pool_driver *driver)
{
    return driver->has_run && pool->queued == 0 && !pool->is_closed && !pool_has_lanes(pool) && pool->lingering == 0;
}

/* Whether jobs are left for a driver that comes back: those in the hand of a fellow, too, as its job may be a long one.
 * In a pool with lanes no hand holds more than the job that is about to run. */
static bool pool_has_more(const struct rove_pool *pool)
{
    return pool->queued > 0 || (!pool_has_lanes(pool) && pool_has_hand(pool, false));
}

/* Lets jobs come together, if the last ones were few and short. Without the lock: the mean is a hint. */
static void driver_rest(const struct rove_pool *pool, size_t count)
{
    if (count >= DRIVE_FEW || ROVEI_LOAD(pool->mean_run, RELAXED) > ticks_of(4 * DRIVE_REST)) /* with the rest in it */
        return;
    int64_t end = ticks_now() + ticks_of(DRIVE_REST);
    while (ticks_now() < end)
        cpu_relax();
}

enum take { TAKE_JOBS, TAKE_YIELDED, TAKE_LEFT };

/* Takes jobs, or decides what to do without. Under the lock. */
static enum take driver_decide(struct rove_pool *pool, struct pool_driver *driver, int64_t turn_end,
                               struct pool_cell **cells, size_t *count, bool *is_moved)
{
    bool is_surplus = driver_is_surplus(pool, driver);
    bool is_out_of_turn = driver->has_run && driver->since > turn_end; /* a turn may have been over when it began */
    if (!is_surplus && !is_out_of_turn)
        *count = rovei_pool_take(pool, driver, cells, is_moved);
    if (*count == 0 && !is_surplus && !is_out_of_turn && driver_may_linger(pool, driver)) {
        driver_linger(pool);
        driver->since = ticks_now();          /* what has come meanwhile does not start before */
        if (!driver_is_surplus(pool, driver)) /* now */
            *count = rovei_pool_take(pool, driver, cells, is_moved);
    }
    if (*count > 1) /* one alone goes through no hand, or two drivers could rob each other of it */
        hand_fill(&driver->hand, cells, *count);
    if (*count > 0)
        return TAKE_JOBS;
    if (is_out_of_turn && pool_has_more(pool)) {
        driver_yield(pool, driver);
        return TAKE_YIELDED;
    }
    driver_leave(pool, driver);
    return TAKE_LEFT;
}

/* Fills the driver's hand, or stores in `*only` the one job that there is. If it has left, or will come again later, it
 * must not be touched any more. */
static enum take driver_take(struct pool_run *run, int64_t turn_end, struct pool_cell **only)
{
    struct rove_pool *pool = run->pool;
    struct pool_cell *cells[HAND_CELLS];
    bool is_moved = false;
    size_t count = 0;
    rovei_pool_finish(pool, run->driver);
    enum take outcome = driver_decide(pool, run->driver, turn_end, cells, &count, &is_moved);
    if (outcome == TAKE_JOBS)
        run->now = run->driver->since;
    rovei_pool_offer_room(pool);
    rovei_pool_rouse(pool);
    pool_unlock(pool);
    for (size_t i = 0; i < count; i++)
        __builtin_prefetch(cells[i], 1);
    if (is_moved)
        pool_count(run->record, POOL_MOVED);
    *only = count == 1 ? cells[0] : NULL;
    return outcome;
}

static void driver_run(rove_task *task)
{
    struct pool_driver *driver = (struct pool_driver *)task;
    struct rove_pool *pool = driver->pool;
    struct pool_run run;
    rovei_run_begin(&run, pool, driver);
    int64_t turn_end = ticks_now() + ticks_of(DRIVE_TURN);
    driver->since = 0;
    driver->has_run = false;
    enum take outcome;
    struct pool_cell *cell;
    while ((outcome = driver_take(&run, turn_end, &cell)) == TAKE_JOBS) {
        driver->has_run = true;
        if (!cell)
            cell = hand_take(&driver->hand);
        size_t runs = 0;
        for (; cell; cell = hand_take(&driver->hand), runs++)
            rovei_run_job(&run, cell);
        driver_rest(pool, runs);
    }
    if (outcome == TAKE_LEFT)
        rovei_pool_release(pool);
}
