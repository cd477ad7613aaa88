/*
 * The report: its medians and its files.
 */
#include "report/report.hpp"

#include "mandelbrot/mandelbrot.h"
#include "report/rounds.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace perf
{

namespace
{

namespace fs = std::filesystem;
using Run = benchmark::BenchmarkReporter::Run;

template <typename Value> double median_over(const std::vector<Run> &runs, Value value)
{
    std::vector<double> values;
    for (const Run &run : runs)
        values.push_back(value(run));
    std::sort(values.begin(), values.end());
    size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/* The median as a run of its own, as Google Benchmark reports it for repetitions. */
Run median_run(const Measurement &measurement)
{
    Run result = measurement.runs.front();
    result.run_type = Run::RT_Aggregate;
    result.aggregate_name = "median";
    result.iterations = 1;
    result.real_accumulated_time = measurement.seconds();
    result.cpu_accumulated_time =
        median_over(measurement.runs, [](const Run &run) { return run.cpu_accumulated_time; });
    for (auto &[name, counter] : result.counters) {
        const std::string &key = name;
        counter.value = median_over(measurement.runs, [&key](const Run &run) { return run.counters.at(key).value; });
    }
    return result;
}

void require_written(std::ofstream &file, const fs::path &path)
{
    if (!file.flush())
        throw std::runtime_error("cannot write " + path.string());
}

void write_json(const fs::path &path, const std::vector<Measurement> &measurements,
                const benchmark::BenchmarkReporter::Context &context)
{
    std::ofstream file(path);
    benchmark::JSONReporter writer;
    writer.SetOutputStream(&file);
    writer.ReportContext(context);
    for (const Measurement &measurement : measurements) {
        std::vector<Run> runs = measurement.runs;
        runs.push_back(median_run(measurement));
        for (Run &run : runs)
            run.repetitions = static_cast<int64_t>(measurement.runs.size());
        writer.ReportRuns(runs);
    }
    writer.Finalize();
    require_written(file, path);
}

void write_svg(const fs::path &path, const Report &report)
{
    std::ofstream file(path);
    file << make_svg(report);
    require_written(file, path);
}

std::string processor_name()
{
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        size_t colon = line.find(": ");
        if (line.rfind("model name", 0) == 0 && colon != std::string::npos)
            return line.substr(colon + 2);
    }
    return "processor";
}

/* The load tells whether something else ran when the report began. */
std::string describe_machine(const benchmark::BenchmarkReporter::Context &context)
{
    const benchmark::CPUInfo &cpu = context.cpu_info;
    std::string text = std::to_string(cpu.num_cpus) + " x " + processor_name() + ", " PERF_COMPILER ", " PERF_FLAGS;
    if (cpu.load_avg.empty())
        return text;
    char load[32];
    std::snprintf(load, sizeof load, ", load before: %.1f", cpu.load_avg.front());
    return text + load;
}

} // namespace

double Measurement::seconds() const
{
    return median_over(runs, [](const Run &run) { return run.real_accumulated_time; });
}

double Measurement::ns_per_task() const
{
    return median_over(runs, [](const Run &run) { return run.counters.at("ns_per_task").value; });
}

const Measurement *Report::find(const perf_workload &workload, const std::string &label, int workers) const
{
    for (const Measurement &measurement : measurements) {
        const perf_variant &variant = *measurement.bench->variant;
        if (variant.workload == &workload && label == (variant.label ? variant.label : "rove") &&
            (variant.workers != PERF_EACH || measurement.bench->workers == workers))
            return &measurement;
    }
    return nullptr;
}

bool is_micro(const perf_workload &workload)
{
    return std::strncmp(workload.name, "micro/", 6) == 0;
}

void run_report(const Options &options, const std::vector<Case> &cases)
{
    fs::path folder = options.report;
    fs::create_directories(folder);
    std::unique_ptr<benchmark::BenchmarkReporter::Context> context;
    Report report;
    report.measurements = measure_in_rounds(cases, context);
    report.all_workers = options.workers.back();
    report.machine = describe_machine(*context);

    std::fputs(make_table(report).c_str(), stdout);
    write_json(folder / "bench.json", report.measurements, *context);
    write_svg(folder / "bench.svg", report);
    std::printf("\nwritten: %s, bench.svg", (folder / "bench.json").c_str());
    bool has_picture =
        std::any_of(cases.begin(), cases.end(), [](const Case &bench) { return bench.workload == &perf_mandelbrot; });
    if (has_picture) {
        if (!mandelbrot_write_png((folder / "mandelbrot.png").c_str()))
            throw std::runtime_error("the mandelbrot picture was not written");
        std::printf(", mandelbrot.png");
    }
    std::printf("\n");
}

} // namespace perf
