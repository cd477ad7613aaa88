/*
 * A pool's figures in Prometheus' text format: for each metric what it is, its type, and all its samples.
 *
 * Times are in seconds there, written from nanoseconds digit by digit. A histogram has few of our buckets, summed up:
 * the bounds are 4^k - 1 nanoseconds, which are bounds of buckets here too, so its counts are exact.
 */
#include "runtime/pool/stats.h"
#include "runtime/pool/text.h"

/* The histogram's bounds: 4^5 - 1 ns, a microsecond, to 4^19 - 1 ns, which are 275 seconds. */
enum { BOUND_FIRST = 5, BOUND_LAST = 19 };

enum { SAMPLES_MAX = 5, NANO_DIGITS = 9 };

/* A metric whose samples are numbers among the statistics. */
struct metric {
    const char *name;
    const char *type;
    const char *help;
    const char *label; /* what tells its samples apart; NULL if there is one only */
    struct metric_sample {
        const char *value; /* of the label */
        size_t offset;     /* in rove_pool_stats, of a uint64_t */
    } samples[SAMPLES_MAX];
    int count;
};

#define AT(field) offsetof(rove_pool_stats, field)

static const struct metric metrics[] = {
    {"queued", "gauge", "Jobs that wait in the queue.", NULL, {{NULL, AT(queued)}}, 1},
    {"queued_most", "gauge", "The most jobs that ever waited in the queue.", NULL, {{NULL, AT(queued_most)}}, 1},
    {"held", "gauge", "Jobs that wait for futures, or for their next run.", NULL, {{NULL, AT(held)}}, 1},
    {"running", "gauge", "Jobs that run.", NULL, {{NULL, AT(running)}}, 1},
    {"results_unread", "gauge", "Results that nobody has read.", NULL, {{NULL, AT(results_unread)}}, 1},
    {"jobs_submitted_total", "counter", "Jobs that were accepted.", NULL, {{NULL, AT(submitted)}}, 1},
    {"submissions_refused_total",
     "counter",
     "Submissions that were refused.",
     "reason",
     {{"full", AT(refused_full)}, {"closed", AT(refused_closed)}},
     2},
    {"jobs_ended_total",
     "counter",
     "Jobs that have ended.",
     "status",
     {{"completed", AT(completed)},
      {"failed", AT(failed)},
      {"canceled", AT(canceled)},
      {"timed_out", AT(timed_out)},
      {"crashed", AT(crashed)}},
     5},
    {"jobs_discarded_total", "counter", "Jobs that have ended without having run.", NULL, {{NULL, AT(discarded)}}, 1},
    {"jobs_retried_total", "counter", "Runs of jobs after their first.", NULL, {{NULL, AT(retried)}}, 1},
    {"jobs_helped_total", "counter", "Jobs run by workers that found the queue full.", NULL, {{NULL, AT(helped)}}, 1},
    {"jobs_moved_total", "counter", "Jobs run elsewhere than where they were placed.", NULL, {{NULL, AT(moved)}}, 1},
    {"jobs_stuck_total", "counter", "Jobs that the watchdog has named.", NULL, {{NULL, AT(stuck)}}, 1},
    {"results_dropped_total", "counter", "Results lost in a full stream.", NULL, {{NULL, AT(results_dropped)}}, 1},
};

#undef AT

/* What is being written, and where. */
struct exposition {
    const rove_pool *pool;
    rove_pool_stats stats;
    rove_pool_lane lanes[ROVE_LANES_MAX];
    size_t lane_count;
    struct pool_text text;
};

static void write_header(struct exposition *out, const char *name, const char *type, const char *help)
{
    const char *parts[] = {"# HELP rove_pool_", name, " ", help, "\n# TYPE rove_pool_", name, " ", type, "\n"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        rovei_text_string(&out->text, parts[i]);
}

/* The name of a sample and its labels, of which `label` may be NULL, without the closing brace. */
static void write_name(struct exposition *out, const char *name, const char *suffix, const char *label)
{
    const char *parts[] = {"rove_pool_", name, suffix, "{pool=\""};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        rovei_text_string(&out->text, parts[i]);
    rovei_text_foreign(&out->text, out->pool->name, TEXT_LABEL);
    rovei_text_string(&out->text, "\"");
    if (label) {
        rovei_text_string(&out->text, ",");
        rovei_text_string(&out->text, label);
        rovei_text_string(&out->text, "=\"");
    }
}

static void write_number(struct exposition *out, uint64_t number)
{
    rovei_text_string(&out->text, "} ");
    rovei_text_number(&out->text, number);
    rovei_text_string(&out->text, "\n");
}

static void write_seconds(struct exposition *out, uint64_t ns)
{
    rovei_text_string(&out->text, "} ");
    rovei_text_fraction(&out->text, ns, NANO_DIGITS);
    rovei_text_string(&out->text, "\n");
}

static void write_metric(struct exposition *out, const struct metric *metric)
{
    write_header(out, metric->name, metric->type, metric->help);
    for (int i = 0; i < metric->count; i++) {
        const struct metric_sample *sample = &metric->samples[i];
        write_name(out, metric->name, "", metric->label);
        if (metric->label) {
            rovei_text_string(&out->text, sample->value);
            rovei_text_string(&out->text, "\"");
        }
        write_number(out, *(const uint64_t *)((const char *)&out->stats + sample->offset));
    }
}

/* Numbers that are no counters among the statistics. */
static void write_settings(struct exposition *out)
{
    write_header(out, "state", "gauge", "0: open, 1: draining, 2: stopping, 3: closed.");
    write_name(out, "state", "", NULL);
    write_number(out, (uint64_t)rove_pool_get_state(out->pool));
    write_header(out, "capacity", "gauge", "How many jobs may wait in the queue.");
    write_name(out, "capacity", "", NULL);
    if (out->stats.capacity == ROVE_UNBOUNDED)
        rovei_text_string(&out->text, "} +Inf\n");
    else
        write_number(out, out->stats.capacity);
}

static void write_histogram(struct exposition *out, const char *name, const char *help, const rove_histogram *histogram)
{
    uint64_t sum = 0;
    int bucket = 0;
    write_header(out, name, "histogram", help);
    for (int power = BOUND_FIRST; power <= BOUND_LAST; power++) {
        int64_t bound = (INT64_C(1) << 2 * power) - 1;
        while (bucket <= histogram_bucket(bound))
            sum += histogram->buckets[bucket++];
        write_name(out, name, "_bucket", "le");
        rovei_text_fraction(&out->text, (uint64_t)bound, NANO_DIGITS);
        rovei_text_string(&out->text, "\"");
        write_number(out, sum);
    }
    write_name(out, name, "_bucket", "le");
    rovei_text_string(&out->text, "+Inf\"");
    write_number(out, histogram->count);
    write_name(out, name, "_sum", NULL);
    write_seconds(out, histogram->sum);
    write_name(out, name, "_count", NULL);
    write_number(out, histogram->count);
}

/* A sample that is about the worker or lane with a number. */
static void write_place(struct exposition *out, const char *name, const char *label, int number)
{
    write_name(out, name, "", label);
    rovei_text_integer(&out->text, number);
    rovei_text_string(&out->text, "\"");
}

static void write_workers(struct exposition *out, const char *name, const char *help, bool is_time)
{
    write_header(out, name, "counter", help);
    for (int i = POOL_SHARED_INDEX; i < rove_worker_limit(out->pool->runtime); i++) {
        rove_pool_worker worker;
        struct pool_at at;
        if (!rovei_pool_describe_worker(out->pool, i, &worker, &at))
            continue;
        write_place(out, name, "worker", i);
        if (is_time)
            write_seconds(out, worker.run_ns);
        else
            write_number(out, worker.runs);
    }
}

static void write_lanes(struct exposition *out)
{
    if (out->lane_count == 0)
        return;
    write_header(out, "lane_jobs_total", "counter", "Jobs that were given to a lane.");
    for (size_t i = 0; i < out->lane_count; i++) {
        write_place(out, "lane_jobs_total", "lane", (int)i);
        write_number(out, out->lanes[i].total);
    }
    write_header(out, "lane_active", "gauge", "Jobs of a lane that have not ended.");
    for (size_t i = 0; i < out->lane_count; i++) {
        write_place(out, "lane_active", "lane", (int)i);
        write_number(out, out->lanes[i].active);
    }
}

size_t rove_pool_write_prometheus(const rove_pool *pool, char *text, size_t size)
{
    struct exposition out = {.pool = pool, .text = {.memory = text, .size = text ? size : 0}};
    if (rove_pool_get_stats(pool, &out.stats) != ROVE_OK)
        return rovei_text_end(&out.text);
    out.lane_count = rove_pool_get_lanes(pool, out.lanes, ROVE_LANES_MAX);
    write_settings(&out);
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++)
        write_metric(&out, &metrics[i]);
    write_workers(&out, "worker_runs_total", "Runs of jobs on a worker.", false);
    if (!pool->config.is_untimed) {
        write_workers(&out, "worker_busy_seconds_total", "Time that a worker has run jobs.", true);
        write_histogram(&out, "waiting_seconds", "Time from a job's submission to its start.", &out.stats.waiting);
        write_histogram(&out, "run_seconds", "Time that a run of a job took.", &out.stats.run_time);
    }
    write_lanes(&out);
    return rovei_text_end(&out.text);
}
