/*
 * The report: a selection of all benchmarks in about a minute and a half, a table that a person reads, and files.
 *
 * All cases of a workload take turns, round after round, so that a disturbance of the machine hits all of them alike;
 * medians are compared, and only with medians of the same report.
 */
#ifndef PERF_REPORT_HPP
#define PERF_REPORT_HPP

#include "harness/cases.hpp"
#include "harness/options.hpp"

#include <benchmark/benchmark.h>
#include <string>
#include <vector>

namespace perf
{

/* What was measured of a case. */
struct Measurement {
    const Case *bench;
    std::vector<benchmark::BenchmarkReporter::Run> runs;

    /* Medians over all runs. Require at least one run. */
    double seconds() const;
    double ns_per_task() const;
};

/* Everything that a report shows. */
struct Report {
    std::vector<Measurement> measurements;
    int all_workers;     /* the largest worker count; 1 where there is but one */
    std::string machine; /* processors, compiler and sizes in a line */

    /* The measurement of a workload under `label` at `workers`, or NULL. A variant of one count is found under any. */
    const Measurement *find(const perf_workload &workload, const std::string &label, int workers) const;
};

/* Runs `cases`, all registered with one iteration, and shows the result as `options` say. Throws if a file cannot be
 * written. */
void run_report(const Options &options, const std::vector<Case> &cases);

/* Whether the workload is one of the small ones that measure a single operation. */
bool is_micro(const perf_workload &workload);

/* The table, ending with a newline. */
std::string make_table(const Report &report);

/* The picture as SVG: for each workload how long each runtime took in relation to serial code. */
std::string make_svg(const Report &report);

} // namespace perf

#endif
