#include "runtime/sched/wait.h"

#include "runtime/platform/clock.h"
#include "runtime/platform/cpu.h"
#include "runtime/sched/broadcast.h"
#include "runtime/sched/guest.h"
#include "runtime/sched/isolation.h"
#include "runtime/sched/runtime.h"
#include "runtime/sched/steal.h"

/* How many waits may lie on top of each other on one stack before a wait no longer runs strangers. */
enum { WAIT_DEPTH = 32 };

/* A worker that has seen work but could not get it looks again for at least so long, in nanoseconds. */
enum { WAIT_PATIENCE = 20000 };

/* Half of the stack that the worker began with is for what the waiter itself still has to do. */
static bool wait_has_stack(const struct rovei_worker *worker)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    uintptr_t low = worker->stack.low;
    return here > low && here - low > (worker->stack_begin - low) / 2;
}

bool rovei_wait_may_nest(const struct rovei_worker *worker)
{
    return worker->depth < WAIT_DEPTH && wait_has_stack(worker);
}

static bool wait_find_at_thief(struct rovei_worker *worker, const struct rovei_wait *wait, struct rovei_job *job)
{
    struct rovei_worker *thief = wait->stolen ? rovei_thief_of(worker->runtime, wait->stolen) : NULL;
    return thief && thief != worker && rovei_find_from(worker, thief, job);
}

/* Deep down only what is part of what is waited for may run, or the stack would grow with the work of strangers. */
static bool wait_find_related(struct rovei_worker *worker, const struct rovei_wait *wait, struct rovei_job *job)
{
    if (wait->is_related && rovei_find_own(worker, job)) {
        if (wait->is_related(job->task, wait->arg))
            return true;
        worker_spawn(worker, job->task); /* back to where it was, so there is room */
    }
    return wait_find_at_thief(worker, wait, job);
}

static bool wait_find_isolated(const struct rovei_wait *wait, struct rovei_job *job)
{
    job->joiner = NULL;
    job->task = rovei_isolation_take(wait->isolation);
    return job->task != NULL;
}

static bool wait_find(struct rovei_worker *worker, const struct rovei_wait *wait, struct rovei_job *job)
{
    if (worker->ticks % WAIT_INJECTOR_TICKS == 0 && rovei_find_injected(worker, job))
        return true;
    return rovei_find_own(worker, job) || wait_find_at_thief(worker, wait, job) || rovei_find_stolen(worker, job) ||
           rovei_find_injected(worker, job);
}

static bool wait_find_for(struct rovei_worker *worker, const struct rovei_wait *wait, bool takes_all,
                          struct rovei_job *job)
{
    if (wait->isolation)
        return wait_find_isolated(wait, job);
    return takes_all ? wait_find(worker, wait, job) : wait_find_related(worker, wait, job);
}

static bool wait_has_run_out(const struct rovei_wait *wait)
{
    return wait->until != 0 && rovei_clock_now() >= wait->until;
}

/* Looks for a job, and sleeps between, until there is one (true), or the wait is over or has run out. */
static bool wait_search(struct rovei_worker *worker, const struct rovei_wait *wait, bool is_hearing, bool *is_searcher,
                        struct rovei_job *job)
{
    struct rove_runtime *runtime = worker->runtime;
    int64_t patience = runtime->settings.spin_ns;
    int64_t since = 0;
    bool is_last_awake = false;
    while (!wait->is_over(wait->arg) && !wait_has_run_out(wait)) {
        if (!runtime_is_here(runtime)) /* first: in a child, what is queued is the parent's */
            return false;
        if (worker_has_broadcasts(worker)) {
            rovei_broadcasts_run(worker);
            continue; /* it may have forked */
        }
        if (wait_find_for(worker, wait, is_hearing || is_last_awake, job))
            return true;
        if (since == 0) {
            since = rovei_clock_now();
            if (is_hearing && !*is_searcher)
                *is_searcher = rovei_search_start(runtime);
        }
        int64_t now = rovei_clock_now();
        bool is_in_phase = is_hearing && runtime_is_in_phase(runtime);
        bool is_welcome = *is_searcher || !is_hearing || is_in_phase;
        if (is_welcome && now - since < patience) {
            cpu_relax();
            continue;
        }
        if ((*is_searcher || is_in_phase) && rovei_force_any(worker, now))
            continue;
        if (is_in_phase) { /* owners that are busy are looked at once per patience, not all the time */
            patience = patience < WAIT_PATIENCE ? WAIT_PATIENCE : patience;
            since = now;
            continue;
        }
        *is_searcher = rovei_park(worker, wait, is_hearing, *is_searcher);
        if (wait->is_between_tasks)
            rovei_worker_follow_plan(worker);
        /* A DEAF worker is woken when its wait is over, for a broadcast, and otherwise for that. */
        is_last_awake = !is_hearing && !worker_has_broadcasts(worker);
        patience = patience < WAIT_PATIENCE ? WAIT_PATIENCE : patience;
        since = 0;
    }
    return false;
}

rove_status rovei_wait(struct rovei_worker *worker, const struct rovei_wait *wait, bool is_searcher)
{
    bool is_hearing = !wait->isolation && (wait->is_between_tasks || rovei_wait_may_nest(worker));
    struct rovei_lender *lender = worker->lender && !wait->is_over(wait->arg) ? rovei_worker_lend(worker) : NULL;
    bool was_away = rovei_worker_is_away(worker) && !wait->is_over(wait->arg); /* in a blocking region */
    struct rovei_region region = {0};
    struct rovei_isolated isolated = {.worker = worker};
    struct rovei_job job;
    if (was_away)
        region = rovei_region_suspend(worker);
    if (wait->isolation && runtime_is_here(worker->runtime))
        rovei_isolation_enter(wait->isolation, &isolated);
    worker->depth++;
    while (wait_search(worker, wait, is_hearing, &is_searcher, &job)) {
        if (is_searcher)
            rovei_search_stop(worker);
        is_searcher = false;
        rovei_job_run(worker, &job);
    }
    if (is_searcher)
        rovei_search_stop(worker);
    worker->depth--;
    if (wait->isolation && runtime_is_here(worker->runtime)) /* in a child the lock may be held for ever */
        rovei_isolation_leave(wait->isolation, &isolated);
    if (was_away)
        rovei_region_resume(worker, region);
    rovei_worker_take_back(worker, lender);
    if (!runtime_is_here(worker->runtime))
        return ROVE_FORKED;
    return wait->until == 0 || wait->is_over(wait->arg) ? ROVE_OK : ROVE_PENDING;
}
