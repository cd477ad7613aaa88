/*
 * A pool's figures as one object of JSON. Times are whole nanoseconds; what is unknown or has no bound is null.
 */
#include "runtime/pool/stats.h"
#include "runtime/pool/text.h"

/* Fractions are written in thousandths. */
enum { FRACTION_DIGITS = 3, FRACTION = 1000 };

/* What is being written. */
struct json {
    struct pool_text text;
    bool has_before; /* a comma goes before the next name or element */
};

static void json_separate(struct json *json)
{
    if (json->has_before)
        rovei_text_string(&json->text, ",");
    json->has_before = true;
}

/* Begins a member. */
static void json_name(struct json *json, const char *name)
{
    json_separate(json);
    rovei_text_string(&json->text, "\"");
    rovei_text_string(&json->text, name);
    rovei_text_string(&json->text, "\":");
}

static void json_open(struct json *json, const char *bracket)
{
    rovei_text_string(&json->text, bracket);
    json->has_before = false;
}

static void json_close(struct json *json, const char *bracket)
{
    rovei_text_string(&json->text, bracket);
    json->has_before = true;
}

static void json_number(struct json *json, const char *name, uint64_t number)
{
    json_name(json, name);
    rovei_text_number(&json->text, number);
}

static void json_null(struct json *json, const char *name)
{
    json_name(json, name);
    rovei_text_string(&json->text, "null");
}

static void json_fraction(struct json *json, const char *name, double number)
{
    double scaled = number * (double)FRACTION;
    uint64_t whole = scaled >= (double)INT64_MAX ? INT64_MAX : scaled > 0 ? (uint64_t)scaled : 0;
    json_name(json, name);
    rovei_text_fraction(&json->text, whole, FRACTION_DIGITS);
}

static void json_string(struct json *json, const char *name, const char *string)
{
    json_name(json, name);
    rovei_text_string(&json->text, "\"");
    rovei_text_foreign(&json->text, string, TEXT_JSON);
    rovei_text_string(&json->text, "\"");
}

#define MEMBER(name) #name, offsetof(rove_pool_stats, name)

static void json_stats(struct json *json, const rove_pool_stats *stats)
{
    static const struct {
        const char *name;
        size_t offset; /* in rove_pool_stats, of a uint64_t */
    } members[] = {{MEMBER(queued)},         {MEMBER(queued_most)}, {MEMBER(held)},           {MEMBER(running)},
                   {MEMBER(results_unread)}, {MEMBER(submitted)},   {MEMBER(refused_full)},   {MEMBER(refused_closed)},
                   {MEMBER(completed)},      {MEMBER(failed)},      {MEMBER(canceled)},       {MEMBER(timed_out)},
                   {MEMBER(crashed)},        {MEMBER(discarded)},   {MEMBER(retried)},        {MEMBER(helped)},
                   {MEMBER(moved)},          {MEMBER(stuck)},       {MEMBER(results_dropped)}};
    if (stats->capacity == ROVE_UNBOUNDED)
        json_null(json, "capacity");
    else
        json_number(json, "capacity", stats->capacity);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        json_number(json, members[i].name, *(const uint64_t *)((const char *)stats + members[i].offset));
}

#undef MEMBER

/* The bound of a bucket; the last one has none. */
static void json_bound(struct json *json, const char *name, int64_t bound)
{
    if (bound == INT64_MAX)
        json_null(json, name);
    else
        json_number(json, name, (uint64_t)bound);
}

static void json_histogram(struct json *json, const char *name, const rove_histogram *histogram)
{
    json_name(json, name);
    json_open(json, "{");
    json_number(json, "count", histogram->count);
    json_number(json, "sum_ns", histogram->sum);
    json_number(json, "mean_ns", histogram->count > 0 ? histogram->sum / histogram->count : 0);
    json_bound(json, "p50_ns", rove_histogram_quantile(histogram, 0.5));
    json_bound(json, "p90_ns", rove_histogram_quantile(histogram, 0.9));
    json_bound(json, "p99_ns", rove_histogram_quantile(histogram, 0.99));
    json_bound(json, "p999_ns", rove_histogram_quantile(histogram, 0.999));
    json_name(json, "buckets");
    json_open(json, "[");
    for (int i = 0; i < ROVE_HISTOGRAM_BUCKETS; i++) {
        if (histogram->buckets[i] == 0)
            continue;
        json_separate(json);
        json_open(json, "{");
        json_bound(json, "le_ns", rove_histogram_bound(i));
        json_number(json, "count", histogram->buckets[i]);
        json_close(json, "}");
    }
    json_close(json, "]");
    json_close(json, "}");
}

static void json_worker(struct json *json, const rove_pool *pool, const rove_pool_worker *worker,
                        const struct pool_at *at)
{
    json_separate(json);
    json_open(json, "{");
    json_name(json, "worker");
    rovei_text_integer(&json->text, worker->worker);
    json_number(json, "runs", worker->runs);
    if (!pool->config.is_untimed)
        json_number(json, "run_ns", worker->run_ns);
    if (worker->age >= 0) {
        json_name(json, "job");
        json_open(json, "{");
        json_number(json, "id", worker->id);
        if (worker->name)
            json_string(json, "name", at->text);
        else
            json_null(json, "name");
        if (!pool->config.is_untimed)
            json_number(json, "age_ns", (uint64_t)worker->age);
        json_close(json, "}");
    } else {
        json_null(json, "job");
    }
    json_close(json, "}");
}

static void json_workers(struct json *json, const rove_pool *pool)
{
    json_name(json, "workers");
    json_open(json, "[");
    for (int i = POOL_SHARED_INDEX; i < rove_worker_limit(pool->runtime); i++) {
        rove_pool_worker worker;
        struct pool_at at;
        if (rovei_pool_describe_worker(pool, i, &worker, &at))
            json_worker(json, pool, &worker, &at);
    }
    json_close(json, "]");
    json_fraction(json, "imbalance", rove_pool_imbalance(pool));
}

static void json_lanes(struct json *json, const rove_pool *pool)
{
    rove_pool_lane lanes[ROVE_LANES_MAX];
    size_t count = rove_pool_get_lanes(pool, lanes, ROVE_LANES_MAX);
    json_name(json, "lanes");
    json_open(json, "[");
    for (size_t i = 0; i < count; i++) {
        json_separate(json);
        json_open(json, "{");
        json_number(json, "total", lanes[i].total);
        json_number(json, "active", lanes[i].active);
        json_close(json, "}");
    }
    json_close(json, "]");
}

static void json_progress(struct json *json, const rove_pool *pool)
{
    rove_progress progress;
    if (rove_pool_get_progress(pool, &progress) != ROVE_OK)
        return;
    json_name(json, "progress");
    json_open(json, "{");
    json_number(json, "done", progress.done);
    json_number(json, "failed", progress.failed);
    json_number(json, "total", progress.total);
    json_fraction(json, "rate", progress.rate);
    if (progress.left < 0)
        json_null(json, "left_ns");
    else
        json_number(json, "left_ns", (uint64_t)progress.left);
    json_close(json, "}");
}

size_t rove_pool_write_json(const rove_pool *pool, char *text, size_t size)
{
    static const char *const states[] = {"open", "draining", "stopping", "closed"};
    struct json json = {.text = {.memory = text, .size = text ? size : 0}};
    rove_pool_stats stats;
    if (rove_pool_get_stats(pool, &stats) != ROVE_OK)
        return rovei_text_end(&json.text);
    json_open(&json, "{");
    json_string(&json, "pool", pool->name);
    json_string(&json, "state", states[rove_pool_get_state(pool)]);
    json_stats(&json, &stats);
    if (!pool->config.is_untimed) {
        json_histogram(&json, "waiting", &stats.waiting);
        json_histogram(&json, "run_time", &stats.run_time);
    }
    json_workers(&json, pool);
    json_lanes(&json, pool);
    json_progress(&json, pool);
    json_close(&json, "}");
    return rovei_text_end(&json.text);
}
