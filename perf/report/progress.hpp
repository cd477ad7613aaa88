/*
 * Progress of a report on standard error: one line that changes on a terminal, one line per workload elsewhere.
 */
#ifndef PERF_PROGRESS_HPP
#define PERF_PROGRESS_HPP

#include <cstdint>
#include <string>

namespace perf
{

class Progress
{
  public:
    /* For `workloads` workloads. */
    explicit Progress(size_t workloads);
    ~Progress();

    Progress(const Progress &) = delete;
    Progress &operator=(const Progress &) = delete;

    /* The next workload begins. */
    void begin_workload(const std::string &name);

    /* A case is about to run for the `round`th time, from 1. */
    void begin_case(const std::string &name, int round);

  private:
    void clear_line();
    double elapsed() const;

    bool is_terminal_;
    size_t workloads_;
    size_t workload_ = 0;
    int64_t begin_;
};

} // namespace perf

#endif
