/*
 * rove-bench: registers every case with Google Benchmark and runs those that the command line asks for.
 */
#include "harness/cases.hpp"
#include "harness/filter.hpp"
#include "harness/options.hpp"
#include "harness/plain_names.hpp"
#include "mandelbrot/mandelbrot.h"
#include "report/report.hpp"
#include "wordcount/wordcount.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <rove/rove.h>
#include <stdexcept>
#include <utility>

namespace
{

using perf::Case;
using perf::Options;

/* As many workers as Rove would use by itself: what the processors, the affinity mask and the quota allow. */
int default_workers()
{
    rove_runtime *runtime;
    rove_report report;
    if (rove_runtime_create(&runtime, nullptr, &report) != ROVE_OK)
        throw std::runtime_error(std::string("Rove does not start: ") + report.text);
    int workers = rove_worker_count(runtime);
    rove_runtime_destroy(runtime);
    return workers;
}

void choose_workers(Options &options)
{
    if (!options.workers.empty())
        return;
    options.workers.push_back(1);
    if (int all = default_workers(); all > 1)
        options.workers.push_back(all);
}

/* What a reader of the figures has to know. */
void describe(const Options &options)
{
    static const char *const scales[] = {"full", "small", "tiny"};
    benchmark::AddCustomContext("rove_scale", scales[options.scale]);
    benchmark::AddCustomContext("rove_compiler", PERF_COMPILER);
    benchmark::AddCustomContext("rove_flags", PERF_FLAGS);
    for (const perf_runtime *runtime : perf::runtimes) {
        if (runtime->absent != nullptr) {
            std::fprintf(stderr, "rove-bench: %s\n", runtime->absent);
            benchmark::AddCustomContext(std::string("rove_absent_") + runtime->title, runtime->absent);
        }
    }
    if (std::strcmp(PERF_BUILD_TYPE, "Release") != 0)
        std::fprintf(stderr, "rove-bench: not built as Release but as '%s': the figures mean little\n",
                     PERF_BUILD_TYPE);
}

void register_case(const Case &bench, bool once)
{
    auto *registered =
        benchmark::RegisterBenchmark(bench.name.c_str(), [bench](benchmark::State &state) { run_case(state, bench); });
    registered->UseManualTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
    if (once)
        registered->Iterations(1);
}

void list(const std::vector<Case> &cases)
{
    for (const Case &bench : cases)
        std::puts(bench.name.c_str());
}

/* Runs the registered cases as Google Benchmark's flags say. */
void run_registered(const Options &options)
{
    std::unique_ptr<benchmark::BenchmarkReporter> console(benchmark::CreateDefaultDisplayReporter());
    perf::PlainNames display(std::move(console));
    if (!options.has_output_file) {
        benchmark::RunSpecifiedBenchmarks(&display, ".");
        return;
    }
    std::unique_ptr<benchmark::BenchmarkReporter> writer;
    if (options.output_format == "json")
        writer = std::make_unique<benchmark::JSONReporter>();
    else if (options.output_format == "console")
        writer = std::make_unique<benchmark::ConsoleReporter>(benchmark::ConsoleReporter::OO_None);
    else
        throw std::invalid_argument("--benchmark_out_format=" + options.output_format + ": wants json or console");
    perf::PlainNames file(std::move(writer));
    benchmark::RunSpecifiedBenchmarks(&display, &file, ".");
}

/* Writes the picture, computing it first if no benchmark has. */
void write_png(const std::string &path)
{
    if (perf::problem_of(perf_mandelbrot) == nullptr || !mandelbrot_write_png(path.c_str()))
        throw std::runtime_error("the mandelbrot picture was not written");
}

/* What a report leaves out unless it is asked for: variants of what it shows, and what takes long or says little in a
 * table. */
const char report_selection[] =
    "-^(sort_|reduce_dot|micro/(idle|phases|blocking|scale|pool_submit|small_loop_(10x1ns|1000)))|"
    "^pool/(submit(_many|ters)|results|priorities|lanes|timing|latency|jobs_(1|100)us)|"
    "/(rove|openmp|futex)_";

/* The filter of the command line, or what takes its place in a report. */
std::string choose_filter(const Options &options)
{
    std::string filter = benchmark::GetBenchmarkFilter();
    bool is_given = !filter.empty() && filter != ".";
    return is_given || options.report.empty() ? filter : report_selection;
}

void run(Options &options)
{
    choose_workers(options);
    perf::set_scale(options.scale);
    if (!options.text.empty())
        wordcount_set_text(options.text.c_str());
    std::vector<Case> cases = perf::select_cases(perf::make_cases(options.workers), choose_filter(options));
    if (cases.empty())
        throw std::invalid_argument("no benchmark has a name that matches the filter");
    if (options.list_only) {
        list(cases);
        return;
    }
    describe(options);
    for (const Case &bench : cases)
        register_case(bench, !options.report.empty());
    if (options.report.empty())
        run_registered(options);
    else
        perf::run_report(options, cases);
    if (!options.png.empty())
        write_png(options.png);
}

void print_help()
{
    std::fputs(perf::options_help, stdout);
    benchmark::PrintDefaultHelp();
}

/* The command line with a short default for how long a benchmark is repeated: most workloads take long enough. */
std::vector<char *> with_defaults(int argc, char **argv)
{
    static char min_time[] = "--benchmark_min_time=0.1";
    std::vector<char *> arguments(argv, argv + argc);
    if (std::getenv("BENCHMARK_MIN_TIME") == nullptr)
        arguments.insert(arguments.begin() + 1, min_time);
    arguments.push_back(nullptr);
    return arguments;
}

} // namespace

int main(int argc, char **argv)
{
    try {
        std::vector<char *> arguments = with_defaults(argc, argv);
        int count = static_cast<int>(arguments.size()) - 1;
        Options options = perf::take_options(count, arguments.data());
        benchmark::Initialize(&count, arguments.data(), print_help);
        if (benchmark::ReportUnrecognizedArguments(count, arguments.data()))
            return EXIT_FAILURE;
        run(options);
    } catch (const std::exception &error) {
        std::fprintf(stderr, "rove-bench: %s\n", error.what());
        return EXIT_FAILURE;
    }
    benchmark::Shutdown();
    if (perf::has_failed())
        std::fprintf(stderr, "rove-bench: FAILED: some benchmark gave a wrong answer or could not run, see above\n");
    return perf::has_failed() ? EXIT_FAILURE : EXIT_SUCCESS;
}
