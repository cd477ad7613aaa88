/*
 * Cases: every combination of a workload, a variant and a worker count, under the name that the benchmark has.
 */
#ifndef PERF_CASES_HPP
#define PERF_CASES_HPP

#include "harness/bench.h"

#include <benchmark/benchmark.h>
#include <string>
#include <vector>

namespace perf
{

struct Case {
    std::string name;
    const perf_workload *workload;
    const perf_runtime *runtime;
    const perf_variant *variant;
    int workers;
};

/* The runtimes of this program, absent ones included. */
extern const perf_runtime *const runtimes[5];

/* All cases for these worker counts, those of a workload next to each other. */
std::vector<Case> make_cases(const std::vector<int> &workers);

/* The workload's problem at the scale that the program runs at; prepared on first use. NULL after a line on standard
 * error if it cannot be prepared. */
const perf_problem *problem_of(const perf_workload &workload);

/* Sets the scale. Before any problem is prepared. */
void set_scale(perf_scale scale);

/* Runs a case as a benchmark and checks every answer. */
void run_case(benchmark::State &state, const Case &bench);

/* Whether some answer was wrong or some case could not run. */
bool has_failed();

} // namespace perf

#endif
