/*
 * Names as they were registered. Google Benchmark appends how a benchmark is timed ("/manual_time") and how often it
 * runs ("/iterations:1"); other tools look for the names without.
 */
#ifndef PERF_PLAIN_NAMES_HPP
#define PERF_PLAIN_NAMES_HPP

#include <benchmark/benchmark.h>
#include <memory>

namespace perf
{

/* Takes everything that was appended out of the name of `run`. */
void make_name_plain(benchmark::BenchmarkReporter::Run &run);

/* Passes everything on to another reporter, with plain names. */
class PlainNames : public benchmark::BenchmarkReporter
{
  public:
    explicit PlainNames(std::unique_ptr<benchmark::BenchmarkReporter> inner);
    bool ReportContext(const Context &context) override;
    void ReportRuns(const std::vector<Run> &runs) override;
    void Finalize() override;

  private:
    std::unique_ptr<benchmark::BenchmarkReporter> inner_;
};

} // namespace perf

#endif
