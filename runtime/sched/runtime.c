#include "runtime/sched/runtime.h"

#include "numa/describe.h"
#include "numa/limits.h"
#include "numa/pin.h"
#include "numa/quota.h"
#include "numa/report.h"
#include "runtime/platform/barrier.h"
#include "runtime/platform/memory.h"
#include "runtime/platform/overrun.h"
#include "runtime/sched/guest.h"
#include "runtime/sched/scale.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The least that rove_set_workers may ask for where the configuration does not say. */
enum { LIMIT_DEFAULT = 64, LIMIT_PER_PU = 4 };

static void runtime_print(const char *line, void *arg)
{
    (void)arg;
    fprintf(stderr, "rove: %s\n", line);
}

/* ROVE_VERBOSE prints; a log hook, if there is one, gets the lines instead. */
static void runtime_describe(struct rove_runtime *runtime, const char *decided_by, int quota, const rove_report *report)
{
    const struct rovei_settings *settings = &runtime->settings;
    void (*line)(const char *, void *) = settings->hooks.log;
    if (!line && settings->is_verbose)
        line = runtime_print;
    if (!line)
        return;
    struct rovei_description description = {.machine = &runtime->machine,
                                            .plan = &runtime->plan,
                                            .workers = atomic_load_explicit(&runtime->target, memory_order_relaxed),
                                            .decided_by = decided_by,
                                            .quota = quota,
                                            .pin = settings->pin};
    rovei_describe(&description, line, settings->hooks.arg);
    if (report->text[0])
        line(report->text, settings->hooks.arg);
}

/* How many workers, and how many there may ever be. */
static int runtime_count_workers(struct rove_runtime *runtime, int *quota, const char **decided_by)
{
    const struct rovei_settings *settings = &runtime->settings;
    struct rovei_quota where;
    rovei_quota_init(&where, "");
    *quota = rovei_quota_read(&where);
    struct rovei_limits limits = {.environment = settings->workers_environment,
                                  .configured = settings->workers,
                                  .oversubscribe = settings->oversubscribe,
                                  .listed = settings->plan == ROVE_PLAN_LIST ? (int)settings->pu_count : 0,
                                  .quota = *quota};
    return rovei_limits_workers(&limits, &runtime->machine, decided_by);
}

static int runtime_most(const struct rove_runtime *runtime, int workers)
{
    int limit = runtime->settings.workers_max;
    if (limit == 0) {
        limit = LIMIT_PER_PU * runtime->machine.allowed_count;
        if (limit < LIMIT_DEFAULT)
            limit = LIMIT_DEFAULT;
    }
    if (limit < workers)
        limit = workers;
    return limit < ROVE_WORKERS_MAX ? limit : ROVE_WORKERS_MAX;
}

static rove_status runtime_make_slots(struct rove_runtime *runtime)
{
    const rove_allocator *allocator = &runtime->settings.allocator;
    size_t slots = (size_t)runtime->limit * sizeof *runtime->pool;
    runtime->pool = rovei_memory_allocate(allocator, slots);
    runtime->guests = rovei_memory_allocate(allocator, slots);
    size_t nodes = (size_t)runtime->plan.node_count;
    runtime->injectors = rovei_memory_allocate(allocator, nodes * sizeof *runtime->injectors);
    runtime->injector_slabs = rovei_memory_allocate(allocator, nodes * sizeof *runtime->injector_slabs);
    if (!runtime->pool || !runtime->guests || !runtime->injectors || !runtime->injector_slabs)
        return ROVE_NO_MEMORY;
    for (; runtime->injector_count < runtime->plan.node_count; runtime->injector_count++) {
        injector_init(&runtime->injectors[runtime->injector_count]);
        rovei_slab_init(&runtime->injector_slabs[runtime->injector_count], SLAB_PACK, allocator);
    }
    return ROVE_OK;
}

/* Threads that are refused make a smaller runtime; memory that is refused makes none. */
static rove_status runtime_start_threads(struct rove_runtime *runtime, rove_report *report)
{
    int wanted = atomic_load_explicit(&runtime->target, memory_order_relaxed);
    mutex_lock(&runtime->seats);
    int error;
    rove_status status = rovei_workers_start(runtime, wanted, &error);
    if (status == ROVE_NO_THREADS) {
        int threads = runtime->pool_threads;
        report_add(report, "only %d of %d threads could be started: %s", threads, wanted, strerror(error));
        atomic_store_explicit(&runtime->target, threads > 0 ? threads : 1, memory_order_relaxed);
        status = threads > 0 ? ROVE_OK : rovei_guest_prepare(runtime);
    }
    rovei_scale_adjust(runtime, -1);
    mutex_unlock(&runtime->seats);
    return status;
}

/* A runtime whose scaler is refused has a fixed number of workers. */
static void runtime_begin_auto(struct rove_runtime *runtime, rove_report *report)
{
    const struct rovei_settings *settings = &runtime->settings;
    int least = settings->workers_min < runtime->most ? settings->workers_min : runtime->most;
    int most = settings->workers_environment > 0 ? settings->workers_environment : settings->workers;
    if (most > 0 && most < least)
        most = least;
    rove_status status = rove_auto_workers(runtime, least, most);
    if (status)
        report_add(report, "the number of workers stays fixed: %s", rove_status_text(status));
}

static void runtime_free(struct rove_runtime *runtime)
{
    rove_allocator allocator = runtime->settings.allocator;
    if (__atomic_load_n(&runtime->scope.state, __ATOMIC_RELAXED) & SCOPE_IS_COUNTED)
        atomic_fetch_sub_explicit(&rovei_scopes_to_heed, 1, memory_order_relaxed); /* a hint */
    size_t slots = (size_t)runtime->limit * sizeof *runtime->pool;
    for (int i = 0; i < runtime->limit && runtime->pool && runtime->guests; i++) {
        rovei_worker_destroy(runtime_pool(runtime, i));
        rovei_worker_destroy(runtime_guest(runtime, i));
    }
    for (int i = 0; i < runtime->injector_count; i++) {
        injector_fini(&runtime->injectors[i]);
        rovei_slab_fini(&runtime->injector_slabs[i]);
    }
    size_t nodes = (size_t)runtime->plan.node_count;
    rovei_memory_release(&allocator, runtime->injectors, nodes * sizeof *runtime->injectors);
    rovei_memory_release(&allocator, runtime->injector_slabs, nodes * sizeof *runtime->injector_slabs);
    rovei_memory_release(&allocator, (void *)runtime->pool, slots);
    rovei_memory_release(&allocator, (void *)runtime->guests, slots);
    while (runtime->seatings) {
        struct rovei_seating *seating = runtime->seatings;
        runtime->seatings = seating->older;
        rovei_plan_fini(&seating->plan);
        rovei_memory_release(&allocator, seating, sizeof *seating);
    }
    rovei_plan_fini(&runtime->plan);
    rovei_machine_fini(&runtime->machine);
    mutex_fini(&runtime->seats);
    mutex_fini(&runtime->stopping);
    if (runtime->process.page)
        rovei_process_mark_fini(&runtime->process);
    rovei_settings_fini(&runtime->settings);
    rovei_memory_release(&allocator, runtime, sizeof *runtime);
}

static rove_status runtime_build(struct rove_runtime *runtime, rove_report *report)
{
    const struct rovei_settings *settings = &runtime->settings;
    if (!rovei_process_mark_init(&runtime->process))
        return ROVE_NO_MEMORY;
    int error = settings->name_overruns ? rovei_overrun_install() : 0;
    if (error)
        report_add(report, "stack overruns cannot be named: %s", strerror(error));
    struct rovei_machine_options options = {.topology = settings->topology, .topology_xml = settings->topology_xml};
    bool is_bound = rovei_worker_unbind();
    rove_status status = rovei_machine_load(&runtime->machine, &options, report);
    if (is_bound)
        rovei_worker_bind();
    if (status)
        return status;
    int quota;
    const char *decided_by;
    int workers = runtime_count_workers(runtime, &quota, &decided_by);
    runtime->quota = quota;
    runtime->most = runtime_most(runtime, workers);
    if (workers > runtime->most)
        workers = runtime->most;
    int slots = runtime->most + settings->spares;
    runtime->limit = slots < ROVE_WORKERS_MAX ? slots : ROVE_WORKERS_MAX;
    status = rovei_plan_make(&runtime->plan, &runtime->machine, settings->plan, settings->pus, settings->pu_count,
                             runtime->limit, report);
    if (!status)
        status = runtime_make_slots(runtime);
    if (status)
        return status;
    atomic_store_explicit(&runtime->seated, &runtime->plan, memory_order_relaxed); /* nobody looks yet */
    atomic_store_explicit(&runtime->has_barrier, rovei_barrier_register(), memory_order_relaxed);
    atomic_store_explicit(&runtime->target, workers, memory_order_relaxed);
    status = runtime_start_threads(runtime, report);
    if (!status && settings->workers_min > 0)
        runtime_begin_auto(runtime, report);
    if (!status)
        runtime_describe(runtime, decided_by, quota, report);
    return status;
}

static rove_status runtime_create(rove_runtime **out, const rove_config *config, rove_report *report)
{
    struct rovei_settings settings;
    rove_status status = rovei_settings_make(&settings, config, report);
    if (status)
        return status;
    struct rove_runtime *runtime = rovei_memory_allocate(&settings.allocator, sizeof *runtime);
    if (!runtime) {
        rovei_settings_fini(&settings);
        report_add(report, "no memory for a runtime");
        return ROVE_NO_MEMORY;
    }
    runtime->settings = settings;
    runtime->begin = rovei_ticks_mark();
    runtime->scope.state = SCOPE_IS_BEGUN;
    mutex_init(&runtime->seats);
    mutex_init(&runtime->stopping);
    status = runtime_build(runtime, report);
    if (status) {
        if (status == ROVE_NO_MEMORY)
            report_add(report, "no memory for the workers");
        if (runtime->pool_threads > 0)
            rove_runtime_shutdown(runtime);
        runtime_free(runtime);
        return status;
    }
    *out = runtime;
    return ROVE_OK;
}

rove_status rove_runtime_create(rove_runtime **out, const rove_config *config, rove_report *report)
{
    rove_report unread;
    if (!report)
        report = &unread;
    report->text[0] = '\0';
    if (!out) {
        report_add(report, "there is no place to store the runtime: the pointer is null");
        return ROVE_INVALID;
    }
    *out = NULL;
    rove_status status = runtime_create(out, config, report);
    if (status && rovei_settings_is_verbose())
        runtime_print(report->text, NULL);
    return status;
}

rove_status rove_runtime_destroy(rove_runtime *runtime)
{
    if (!runtime)
        return ROVE_OK;
    rove_status status = rove_runtime_shutdown(runtime);
    if (!status)
        runtime_free(runtime);
    return status;
}

void rovei_runtime_enter_slot(struct rove_runtime *runtime, _Atomic(struct rovei_worker *) *slot,
                              struct rovei_worker *worker)
{
    atomic_store_explicit(slot, worker, memory_order_seq_cst); /* [slot] */
    if (worker->seat >= atomic_load_explicit(&runtime->slots_used, memory_order_relaxed))
        atomic_store_explicit(&runtime->slots_used, worker->seat + 1, memory_order_seq_cst); /* [slot] */
}
