/*
 * Running one job: its scope, its times, its retries, and all who are told of its end.
 */
#ifndef ROVEI_POOL_RUN_H
#define ROVEI_POOL_RUN_H

#include "runtime/pool/pool.h"

/* A driver's place on the stack of its worker: what is the same for all jobs that it runs, and the one that it is at.
 * */
struct pool_run {
    struct rovei_lender lender; /* first: names the innermost job of a worker */
    struct rove_pool *pool;
    struct pool_driver *driver;
    struct rovei_worker *worker; /* NULL on a thread that is none: then jobs only end, and none runs */
    struct pool_worker *record;
    struct pool_cell *cell;
    int64_t now;     /* ticks when the last job ended, if that was just now; else 0 */
    bool is_plain;   /* there is nothing to do for a job but to run it and to take its times */
    bool is_delayed; /* there may be something between the end of a job and the start of the next */
    void *abort;     /* the jmp_buf of the job, or NULL */
    bool was_counted;
    struct pool_suspended suspended;
    rove_scope scope;
    struct rovei_frame frame;
    struct rovei_frame promise; /* on top of it, if the job has a future */
    rove_job_info info;         /* filled in when it is asked for */
};

/* Begins a stay of a driver on the calling thread. */
void rovei_run_begin(struct pool_run *run, struct rove_pool *pool, struct pool_driver *driver);

/* The lender's function: the job begins, or has ended, to wait. */
void rovei_run_lent_out(struct rovei_lender *lender, bool begins);

/* Runs the job, or ends it without running it, and notes in the driver what has become of its cell. */
void rovei_run_job(struct pool_run *run, struct pool_cell *cell);

#endif
