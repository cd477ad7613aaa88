/*
 * serial: a program's serial phase inside rove_run. There is nothing to steal, so the other worker must sleep; a
 * runtime whose idle workers search on burns a processor for nothing.
 */
#include "figures/figures.h"
#include "nqueens/nqueens.h"
#include "runtimes/rove.h"
#include "support/clock.h"

#include <stdio.h>

enum { SERIAL_WORKERS = 2, SETTLE_NS = 10000000 };

struct serial {
    int64_t duration_ns;
    int64_t expected; /* solutions of one small board */
    int64_t boards;   /* how many were solved in the time measured */
    int64_t wall_ns;
    int64_t cpu_ns;    /* of the process */
    int64_t others_ns; /* of it, by other threads than this one */
};

/* Solves small boards, one after the other and each in some 20 us, for so long. Returns how many. */
static int64_t solve_boards(int64_t duration_ns, int64_t expected)
{
    int64_t boards = 0;
    for (int64_t end = perf_now_ns() + duration_ns; perf_now_ns() < end; boards++) {
        perf_nqueens.reset();
        nqueens_serial();
        if (perf_nqueens.answer() != expected)
            figure_die("a board has %lld solutions and not %lld", (long long)perf_nqueens.answer(),
                       (long long)expected);
    }
    return boards;
}

static void serial_run(void *arg)
{
    struct serial *serial = arg;
    solve_boards(SETTLE_NS, serial->expected);
    int64_t wall = perf_now_ns();
    int64_t own = figure_thread_cpu_ns();
    int64_t cpu = figure_cpu_ns();
    serial->boards = solve_boards(serial->duration_ns, serial->expected);
    serial->cpu_ns = figure_cpu_ns() - cpu;
    serial->others_ns = serial->cpu_ns - (figure_thread_cpu_ns() - own);
    if (serial->others_ns < 0)
        serial->others_ns = 0; /* the clocks are not read at once */
    serial->wall_ns = perf_now_ns() - wall;
}

enum figure_end figure_serial(enum perf_scale scale, double seconds)
{
    struct perf_problem board;
    struct serial serial = {.duration_ns = (int64_t)(seconds * 1e9)};
    figure_job_prepare(scale);
    figure_runtime_start(SERIAL_WORKERS);
    printf("serial: %g s of serial work inside a runtime of %d workers", seconds, SERIAL_WORKERS);
    figure_print_load();
    figure_job_run(); /* so that the other worker is awake when the serial phase begins */
    perf_nqueens.prepare(PERF_TINY, &board);
    serial.expected = board.expected;
    rove_status status = rove_run(perf_rove_current(), serial_run, &serial);
    perf_rove_require(status, "rove_run");
    figure_runtime_stop();
    printf("%lld boards; wall %.3f s, CPU %.3f s, of it by other threads %.3f ms: ratio %.4f (target: at most 1.02)\n",
           (long long)serial.boards, (double)serial.wall_ns / 1e9, (double)serial.cpu_ns / 1e9,
           (double)serial.others_ns / 1e6, (double)serial.cpu_ns / (double)serial.wall_ns);
    return FIGURE_DONE;
}
