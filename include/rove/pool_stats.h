/*
 * What a pool has done and is doing: counters, histograms of waiting and running times, what each worker is at,
 * progress; and all of it as text, for Prometheus and as JSON.
 */
#ifndef ROVE_POOL_STATS_H
#define ROVE_POOL_STATS_H

#include <rove/export.h>
#include <rove/status.h>
#include <stddef.h>
#include <stdint.h>

ROVE_BEGIN_C

struct rove_pool;

/* Times by size: bucket b counts those of at most rove_histogram_bound(b) and above that of b - 1. Four buckets for
 * each power of two, so a time is known to within a quarter. */
enum { ROVE_HISTOGRAM_BUCKETS = 160 };

typedef struct rove_histogram {
    uint64_t count;
    uint64_t sum; /* nanoseconds */
    uint64_t buckets[ROVE_HISTOGRAM_BUCKETS];
} rove_histogram;

/* The greatest time that bucket `bucket` counts, in nanoseconds; INT64_MAX for the last and beyond, -1 for a negative
 * one. */
ROVE_API int64_t rove_histogram_bound(int bucket);

/* The time below or at which the fraction `quantile` (0 to 1) of all times lies, rounded up to the bound of its bucket;
 * 0 if there are none, or for NULL. */
ROVE_API int64_t rove_histogram_quantile(const rove_histogram *histogram, double quantile);

/* Plural nouns and participles count jobs, since the creation, where they are not said to be of the moment. */
typedef struct rove_pool_stats {
    size_t capacity;
    uint64_t queued;         /* at the moment: jobs that wait in the queue */
    uint64_t held;           /* at the moment: jobs that wait for futures, or for their next run */
    uint64_t running;        /* at the moment */
    uint64_t results_unread; /* at the moment: records in the stream */
    uint64_t submitted;      /* accepted */
    uint64_t refused_full;   /* submissions that found no room and did not wait, or gave up */
    uint64_t refused_closed; /* submissions that came too late */
    uint64_t completed;      /* ended as ROVE_OK */
    uint64_t failed;         /* ended as ROVE_FAILED */
    uint64_t canceled;
    uint64_t timed_out;
    uint64_t crashed;
    uint64_t discarded;       /* ended without ever having run; they count above, too */
    uint64_t retried;         /* runs after the first */
    uint64_t helped;          /* run by a worker that found the queue full, or at once in a serial pool */
    uint64_t moved;           /* run by another worker, or another lane, than the one that had been given it */
    uint64_t results_dropped; /* records lost in a full stream */
    uint64_t stuck;           /* named by the watchdog */
    uint64_t queued_most;     /* the most jobs that ever waited */
    rove_histogram waiting;   /* nanoseconds from submission to start */
    rove_histogram run_time;  /* nanoseconds of a run */
} rove_pool_stats;

/* Adds up the counters. Returns ROVE_OK; ROVE_INVALID for NULL; ROVE_FORKED. Any thread. Does not stop anything: the
 * counters are those of slightly different moments; when nothing runs, submitted = completed + failed + canceled +
 * timed_out + crashed. */
ROVE_API rove_status rove_pool_get_stats(const struct rove_pool *pool, rove_pool_stats *stats);

/* What a worker has done for the pool, and what it is at. */
typedef struct rove_pool_worker {
    int worker;       /* its number, see rove_worker_id */
    uint64_t runs;    /* of jobs */
    uint64_t run_ns;  /* nanoseconds that these took */
    const char *name; /* of the job that runs there now, or NULL */
    uint64_t id;      /* of that job */
    int64_t age;      /* nanoseconds since that job has started; -1 if none runs */
} rove_pool_worker;

/* Fills in up to `most` workers that have run jobs of the pool, in the order of their numbers, and returns how many
 * there are. First comes -1, if anything has run there: workers for whose
 * record there was no memory. A `name` is the program's own pointer: it may only be read while the job is known
 * to run, or if it is constant. 0 for a null pool or in a child of fork(2). Any thread. */
ROVE_API size_t rove_pool_get_workers(const struct rove_pool *pool, rove_pool_worker *workers, size_t most);

/* How unevenly the time was spent: the greatest run_ns of a worker over the mean of all that have run jobs; 1 is even;
 * 0 if nothing has run, or for NULL. */
ROVE_API double rove_pool_imbalance(const struct rove_pool *pool);

/* A lane of a pool that has lanes (rove_placement). */
typedef struct rove_pool_lane {
    uint64_t total;  /* jobs that were given to it */
    uint64_t active; /* of those, jobs that have not ended */
} rove_pool_lane;

/* As rove_pool_get_workers; 0 lanes in a pool with ROVE_PLACE_SHARED. */
ROVE_API size_t rove_pool_get_lanes(const struct rove_pool *pool, rove_pool_lane *lanes, size_t most);

/* A job that has run for too long. */
typedef struct rove_stuck {
    struct rove_pool *pool;
    int worker;
    const char *name; /* of the job, or NULL */
    uint64_t id;
    int64_t age; /* nanoseconds */
} rove_stuck;

/* How far a pool has come. */
typedef struct rove_progress {
    uint64_t done;   /* jobs that have ended, `failed` included */
    uint64_t failed; /* that have not ended as ROVE_OK */
    uint64_t total;  /* that were accepted so far */
    double rate;     /* jobs per second since the first was accepted */
    int64_t left;    /* nanoseconds until `total` is reached at that rate; -1: unknown */
} rove_progress;

/* The progress at this moment. Returns as rove_pool_get_stats. Any thread. */
ROVE_API rove_status rove_pool_get_progress(const struct rove_pool *pool, rove_progress *progress);

/*
 * Writes all of the above as text into `text`, which has room for `size` bytes: in Prometheus' text exposition format
 * (version 0.0.4; metrics rove_pool_..., with the label pool="<name>"), and as one JSON object. Always terminated if
 * `size` is above 0; returns how many bytes the whole has without the terminator, like snprintf(3): if that is `size`
 * or more, it was cut off. The texts of several pools are not to be joined into one, as the format wants all samples of
 * a metric together: give each a file, which node_exporter's textfile collector reads all, and each pool a name of its
 * own. 0 for a null pool or in a child of fork(2). `text` may be NULL if `size` is 0. Any thread.
 */
ROVE_API size_t rove_pool_write_prometheus(const struct rove_pool *pool, char *text, size_t size);
ROVE_API size_t rove_pool_write_json(const struct rove_pool *pool, char *text, size_t size);

/* Writes the Prometheus text to the file `path` such that a reader finds either the old one or the whole new one (for
 * the textfile collector of node_exporter). Returns ROVE_OK; ROVE_INVALID for NULL; ROVE_NO_MEMORY; ROVE_FAILED if the
 * file cannot be written, with the reason in `report`, which may be NULL; ROVE_FORKED. Blocks. Any thread. */
ROVE_API rove_status rove_pool_save_prometheus(const struct rove_pool *pool, const char *path, rove_report *report);

ROVE_END_C

#endif
