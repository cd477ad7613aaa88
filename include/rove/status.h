/*
 * What a call that can fail returns, and how it says why.
 *
 *     rove_report report;
 *     rove_runtime *runtime;
 *     if (rove_runtime_create(&runtime, NULL, &report) != ROVE_OK)
 *         fprintf(stderr, "%s\n", report.text);
 */
#ifndef ROVE_STATUS_H
#define ROVE_STATUS_H

#include <rove/export.h>

ROVE_BEGIN_C

/* The outcome of a call. ROVE_OK is zero, so `if (rove_run(...))` reads as "if it failed". */
typedef enum rove_status {
    ROVE_OK = 0,
    ROVE_INVALID = 1,     /* an argument, a configuration field or an environment variable makes no sense */
    ROVE_NO_MEMORY = 2,   /* memory could not be had; what was there before is unharmed */
    ROVE_NO_THREADS = 3,  /* the system refused to start a thread, and nothing could go on without it */
    ROVE_FAILED = 4,      /* a task returned an error; the group knows which */
    ROVE_CLOSED = 5,      /* the runtime or pool is shut down, or the runtime is being shut down: no new work */
    ROVE_FORKED = 6,      /* the runtime belongs to the process that this one was forked from */
    ROVE_UNSUPPORTED = 7, /* this machine or this build cannot do it */
    ROVE_BUSY = 8,        /* the object is in use in a way that forbids the call */
    ROVE_CANCELED = 9,    /* the work was asked to stop before it had ended */
    ROVE_TIMED_OUT = 10,  /* a deadline has passed: of the work, or, in a pool, of the call */
    ROVE_PENDING = 11,    /* what was waited for has not come in the time given, and may still come */
    ROVE_FULL = 12,       /* the queue holds as much as it may */
    ROVE_DRAINING = 13,   /* the pool takes no new jobs, and runs those that it has */
    ROVE_REJECTED = 14,   /* the work was not accepted, and has not run */
    ROVE_CRASHED = 15     /* the work was broken off by rove_job_abort */
} rove_status;

enum { ROVE_REPORT_SIZE = 256 };

/* A sentence that says what failed and why, with the names and numbers of the case. Always terminated; empty when
 * there is nothing to say. A call that succeeds with less than was asked for also says so here. */
typedef struct rove_report {
    char text[ROVE_REPORT_SIZE];
} rove_report;

/* The meaning of `status` in a few words, in English, as a constant string; never NULL, also for a number that is
 * no status. Any thread, at any time, also in a signal handler. */
ROVE_API const char *rove_status_text(rove_status status);

ROVE_END_C

#endif
