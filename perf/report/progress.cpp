/*
 * Progress of a report.
 */
#include "report/progress.hpp"

#include "support/clock.h"

#include <cstdio>
#include <unistd.h>

namespace perf
{

Progress::Progress(size_t workloads)
    : is_terminal_(isatty(STDERR_FILENO) == 1), workloads_(workloads), begin_(perf_now_ns())
{
}

Progress::~Progress()
{
    clear_line();
}

void Progress::clear_line()
{
    if (is_terminal_)
        std::fputs("\r\033[K", stderr);
}

double Progress::elapsed() const
{
    return static_cast<double>(perf_now_ns() - begin_) / 1e9;
}

void Progress::begin_workload(const std::string &name)
{
    workload_++;
    if (!is_terminal_)
        std::fprintf(stderr, "[%2zu/%zu] %5.1f s  %s\n", workload_, workloads_, elapsed(), name.c_str());
}

void Progress::begin_case(const std::string &name, int round)
{
    enum { WIDTH = 24 };
    if (!is_terminal_)
        return;
    size_t done = WIDTH * (workload_ - 1) / workloads_;
    std::string bar = std::string(done, '#') + std::string(WIDTH - done, '.');
    clear_line();
    std::fprintf(stderr, "[%s] %2zu/%zu  %5.1f s  %s, round %d", bar.c_str(), workload_, workloads_, elapsed(),
                 name.c_str(), round);
}

} // namespace perf
