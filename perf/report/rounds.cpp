/*
 * How a report measures.
 */
#include "report/rounds.hpp"

#include "harness/plain_names.hpp"
#include "report/progress.hpp"

#include <algorithm>
#include <stdexcept>

namespace perf
{

namespace
{

using Run = benchmark::BenchmarkReporter::Run;

/* A case has at least so many rounds, and more until it has had the most of rounds or of seconds. One that takes very
 * long has fewer. */
constexpr int ROUNDS_MIN = 3;
constexpr int ROUNDS_MAX = 9;
constexpr double SECONDS_ENOUGH = 1.0;
constexpr double SECONDS_MAX = 4.0;

/* Collects the runs of one call of Google Benchmark. */
class Collector : public benchmark::BenchmarkReporter
{
  public:
    std::vector<Run> runs;
    std::unique_ptr<Context> context;

    bool ReportContext(const Context &now) override
    {
        context = std::make_unique<Context>(now);
        return true;
    }

    void ReportRuns(const std::vector<Run> &reported) override
    {
        runs.insert(runs.end(), reported.begin(), reported.end());
    }
};

/* Runs a case once more. */
void run_again(Collector &collector, Measurement &measurement)
{
    collector.runs.clear();
    benchmark::RunSpecifiedBenchmarks(&collector, "^" + measurement.bench->name + "/iterations:");
    for (Run &run : collector.runs) {
        make_name_plain(run);
        if (run.error_occurred)
            throw std::runtime_error(run.benchmark_name() + ": " + run.error_message);
        run.repetition_index = static_cast<int64_t>(measurement.runs.size());
        measurement.runs.push_back(run);
    }
}

bool is_enough(const Measurement &measurement)
{
    double seconds = 0;
    for (const Run &run : measurement.runs)
        seconds += run.real_accumulated_time;
    return seconds >= (measurement.runs.size() < ROUNDS_MIN ? SECONDS_MAX : SECONDS_ENOUGH);
}

/* The measurements from `begin` to `end`, all of one workload, take turns. */
void run_workload(Collector &collector, Progress &progress, Measurement *begin, Measurement *end)
{
    progress.begin_workload(begin->bench->workload->name);
    for (int round = 1; round <= ROUNDS_MAX; round++) {
        for (Measurement *at = begin; at != end; at++) {
            if (is_enough(*at))
                continue;
            progress.begin_case(at->bench->name, round);
            run_again(collector, *at);
        }
    }
}

size_t count_workloads(const std::vector<Case> &cases)
{
    size_t count = 0;
    for (size_t i = 0; i < cases.size(); i++)
        count += i == 0 || cases[i].workload != cases[i - 1].workload;
    return count;
}

} // namespace

std::vector<Measurement> measure_in_rounds(const std::vector<Case> &cases,
                                           std::unique_ptr<benchmark::BenchmarkReporter::Context> &context)
{
    std::vector<Measurement> measurements;
    for (const Case &bench : cases)
        measurements.push_back({&bench, {}});

    Collector collector;
    Progress progress(count_workloads(cases));
    Measurement *end = measurements.data() + measurements.size();
    for (Measurement *at = measurements.data(); at != end;) {
        Measurement *next = std::find_if(
            at, end, [at](const Measurement &other) { return other.bench->workload != at->bench->workload; });
        run_workload(collector, progress, at, next);
        at = next;
    }
    context = std::move(collector.context);
    return measurements;
}

} // namespace perf
