/*
 * Cases: their names, their problems and how one runs.
 */
#include "harness/cases.hpp"

#include "support/clock.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <thread>

namespace perf
{

const perf_runtime *const runtimes[5] = {&perf_serial_runtime, &perf_rove_runtime, &perf_openmp_runtime,
                                         &perf_tbb_runtime, &perf_plain_runtime};

namespace
{

perf_scale scale = PERF_FULL;
bool failed = false;

std::string name_of(const perf_variant &variant, int workers)
{
    std::string name = variant.workload->name;
    if (variant.label != nullptr)
        name = name + "/" + variant.label;
    if (variant.workers <= PERF_EACH)
        name = name + "/workers:" + std::to_string(workers);
    return name;
}

/* The worker counts that a variant runs with if these are asked for. */
std::vector<int> worker_counts(const perf_variant &variant, const std::vector<int> &asked)
{
    if (variant.workers == PERF_EACH)
        return asked;
    if (variant.workers != PERF_EACH_SPARING)
        return {variant.workers};
    int most = static_cast<int>(std::thread::hardware_concurrency()) - 1;
    std::vector<int> counts;
    std::copy_if(asked.begin(), asked.end(), std::back_inserter(counts), [most](int count) { return count <= most; });
    return counts.empty() ? std::vector<int>{1} : counts;
}

void add_cases(std::vector<Case> &cases, const perf_workload *workload, const std::vector<int> &workers)
{
    for (const perf_runtime *runtime : runtimes) {
        for (size_t i = 0; i < runtime->variant_count; i++) {
            const perf_variant &variant = runtime->variants[i];
            if (variant.workload != workload)
                continue;
            for (int count : worker_counts(variant, workers))
                cases.push_back({name_of(variant, count), workload, runtime, &variant, count});
        }
    }
}

void fail(benchmark::State &state, const std::string &why)
{
    failed = true;
    state.SkipWithError(why.c_str());
}

/* The sums over the iterations of a benchmark. */
struct Totals {
    double seconds = 0;
    int64_t runs = 0;
    int64_t answer = 0;
};

/* One run: everything but the workload itself is untimed. */
bool run_once(benchmark::State &state, const Case &bench, const perf_problem &problem, Totals &totals)
{
    state.PauseTiming();
    bench.workload->reset();
    state.ResumeTiming();

    int64_t begin = perf_now_ns();
    bench.variant->run();
    int64_t end = perf_now_ns();

    state.PauseTiming();
    double seconds = bench.workload->seconds ? bench.workload->seconds() : static_cast<double>(end - begin) / 1e9;
    totals.answer = bench.workload->answer();
    totals.seconds += seconds;
    totals.runs++;
    state.SetIterationTime(seconds);
    state.ResumeTiming();
    return totals.answer == problem.expected;
}

void set_counters(benchmark::State &state, const perf_problem &problem, const Totals &totals, double steals)
{
    double tasks = static_cast<double>(problem.tasks) * static_cast<double>(totals.runs);
    state.counters["tasks"] = tasks / totals.seconds;
    state.counters["ns_per_task"] = totals.seconds / tasks * 1e9;
    state.counters["check"] = static_cast<double>(totals.answer);
    if (steals >= 0)
        state.counters["steals"] = steals / static_cast<double>(totals.runs);
}

void set_own_counters(benchmark::State &state, const perf_workload &workload)
{
    perf_counter counters[PERF_COUNTERS_MAX];
    size_t count = workload.counters ? workload.counters(counters) : 0;
    for (size_t i = 0; i < count; i++)
        state.counters[counters[i].name] = counters[i].value;
}

void run_started(benchmark::State &state, const Case &bench, const perf_problem &problem)
{
    Totals totals;
    for (auto _ : state) {
        if (!run_once(state, bench, problem, totals)) {
            fail(state,
                 "wrong answer: " + std::to_string(totals.answer) + " instead of " + std::to_string(problem.expected));
            return;
        }
    }
    const perf_runtime &runtime = *bench.runtime;
    set_counters(state, problem, totals, runtime.steals ? static_cast<double>(runtime.steals()) : -1);
    set_own_counters(state, *bench.workload);
}

} // namespace

std::vector<Case> make_cases(const std::vector<int> &workers)
{
    std::vector<Case> cases;
    for (size_t i = 0; i < perf_workload_count; i++)
        add_cases(cases, perf_workloads[i], workers);
    return cases;
}

void set_scale(perf_scale wanted)
{
    scale = wanted;
}

const perf_problem *problem_of(const perf_workload &workload)
{
    static std::map<const perf_workload *, perf_problem> problems;
    auto found = problems.find(&workload);
    if (found != problems.end())
        return &found->second;
    perf_problem problem = {};
    if (!workload.prepare(scale, &problem))
        return nullptr;
    return &problems.emplace(&workload, problem).first->second;
}

void run_case(benchmark::State &state, const Case &bench)
{
    const perf_problem *problem = problem_of(*bench.workload);
    if (problem == nullptr) {
        fail(state, "cannot be prepared");
        return;
    }
    if (!bench.runtime->start(bench.workers)) {
        fail(state, std::string(bench.runtime->title) + " cannot be started");
        return;
    }
    run_started(state, bench, *problem);
    bench.runtime->stop();
}

bool has_failed()
{
    return failed;
}

} // namespace perf
