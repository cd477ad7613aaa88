#include <rove/status.h>

const char *rove_status_text(rove_status status)
{
    switch (status) {
    case ROVE_OK:
        return "success";
    case ROVE_INVALID:
        return "an argument, a configuration field or an environment variable makes no sense";
    case ROVE_NO_MEMORY:
        return "memory could not be had";
    case ROVE_NO_THREADS:
        return "the system refused to start a thread";
    case ROVE_FAILED:
        return "a task returned an error";
    case ROVE_CLOSED:
        return "it is closed and takes no new work";
    case ROVE_FORKED:
        return "the runtime belongs to the process that this one was forked from";
    case ROVE_UNSUPPORTED:
        return "this machine or this build cannot do it";
    case ROVE_BUSY:
        return "the object is in use in a way that forbids the call";
    case ROVE_CANCELED:
        return "the work was asked to stop";
    case ROVE_TIMED_OUT:
        return "a deadline has passed";
    case ROVE_PENDING:
        return "what was waited for has not come yet";
    case ROVE_FULL:
        return "the queue is full";
    case ROVE_DRAINING:
        return "it is closed, and runs what it has";
    case ROVE_REJECTED:
        return "the work was not accepted";
    case ROVE_CRASHED:
        return "the work was broken off";
    }
    return "no status of Rove";
}
