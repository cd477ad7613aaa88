/*
 * How a report measures: all cases of a workload take turns, round after round.
 */
#ifndef PERF_ROUNDS_HPP
#define PERF_ROUNDS_HPP

#include "report/report.hpp"

#include <memory>

namespace perf
{

/* Measures all cases, each registered with one iteration, and shows the progress. Stores in `context` what Google
 * Benchmark knows about the machine. Throws if an answer is wrong or a case cannot run. */
std::vector<Measurement> measure_in_rounds(const std::vector<Case> &cases,
                                           std::unique_ptr<benchmark::BenchmarkReporter::Context> &context);

} // namespace perf

#endif
