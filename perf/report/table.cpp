/*
 * The table at the end of a report.
 */
#include "report/report.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace perf
{

namespace
{

using Row = std::vector<std::string>;

__attribute__((format(printf, 1, 2))) std::string format(const char *pattern, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, pattern);
    std::vsnprintf(text, sizeof text, pattern, arguments);
    va_end(arguments);
    return text;
}

/* Three digits and a unit. */
std::string format_seconds(double seconds)
{
    static const char *const units[] = {"s", "ms", "us", "ns"};
    int unit = 0;
    for (; seconds < 0.9995 && unit < 3; unit++)
        seconds *= 1000;
    return format("%.*f %s", seconds < 9.995 ? 2 : seconds < 99.95 ? 1 : 0, seconds, units[unit]);
}

std::string format_time(const Measurement *measurement)
{
    return measurement == nullptr ? "-" : format_seconds(measurement->seconds());
}

/* How many times as long the first took as the second. */
std::string format_ratio(const Measurement *first, const Measurement *second)
{
    if (first == nullptr || second == nullptr)
        return "-";
    double ratio = first->seconds() / second->seconds();
    return format("%.*f", ratio < 9.995 ? 2 : ratio < 99.95 ? 1 : 0, ratio);
}

std::string format_ns(const Measurement *measurement)
{
    if (measurement == nullptr)
        return "-";
    double ns = measurement->ns_per_task();
    return format("%.*f", ns < 99.95 ? 1 : 0, ns);
}

/* The first column to the left, the others to the right, each as wide as its widest cell. */
std::string align(const std::vector<Row> &rows)
{
    std::vector<size_t> widths(rows.front().size());
    for (const Row &row : rows) {
        for (size_t i = 0; i < row.size(); i++)
            widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (const Row &row : rows) {
        std::string line = row[0] + std::string(widths[0] - row[0].size(), ' ');
        for (size_t i = 1; i < row.size(); i++)
            line += "  " + std::string(widths[i] - row[i].size(), ' ') + row[i];
        text += line + "\n";
    }
    return text;
}

bool has_label(const Report &report, const std::string &label)
{
    return std::any_of(report.measurements.begin(), report.measurements.end(), [&label](const Measurement &one) {
        return one.bench->variant->label != nullptr && label == one.bench->variant->label;
    });
}

/* The peers that were measured: label and title. */
std::vector<std::pair<std::string, std::string>> peers_of(const Report &report)
{
    std::vector<std::pair<std::string, std::string>> peers;
    if (has_label(report, "openmp"))
        peers.emplace_back("openmp", "OpenMP");
    if (has_label(report, "tbb"))
        peers.emplace_back("tbb", "oneTBB");
    if (has_label(report, "plain"))
        peers.emplace_back("plain", "plain");
    return peers;
}

/* The workloads that were measured, small ones or others, in order. */
std::vector<const perf_workload *> workloads_of(const Report &report, bool micro)
{
    std::vector<const perf_workload *> workloads;
    for (const Measurement &measurement : report.measurements) {
        const perf_workload *workload = measurement.bench->workload;
        if (is_micro(*workload) == micro && (workloads.empty() || workloads.back() != workload))
            workloads.push_back(workload);
    }
    return workloads;
}

std::vector<int> worker_counts(const Report &report)
{
    return report.all_workers > 1 ? std::vector<int>{1, report.all_workers} : std::vector<int>{1};
}

Row workload_head(const Report &report)
{
    std::string all = std::to_string(report.all_workers);
    Row row{"", "serial", "call", "Rove 1", "T1/Ts", "T1/call"};
    if (report.all_workers > 1)
        row.insert(row.end(), {"Rove " + all, "T1/T" + all});
    for (const auto &peer : peers_of(report)) {
        for (int workers : worker_counts(report))
            row.push_back(peer.second + " " + std::to_string(workers));
    }
    return row;
}

Row workload_row(const Report &report, const perf_workload &workload)
{
    const Measurement *serial = report.find(workload, "serial", 1);
    const Measurement *call = report.find(workload, "call", 1);
    const Measurement *one = report.find(workload, "rove", 1);
    Row row{problem_of(workload)->title, format_time(serial),    format_time(call), format_time(one),
            format_ratio(one, serial),   format_ratio(one, call)};
    if (report.all_workers > 1) {
        const Measurement *all = report.find(workload, "rove", report.all_workers);
        row.insert(row.end(), {format_time(all), format_ratio(one, all)});
    }
    for (const auto &peer : peers_of(report)) {
        for (int workers : worker_counts(report)) {
            std::string ratio =
                format_ratio(report.find(workload, peer.first, workers), report.find(workload, "rove", workers));
            row.push_back(ratio == "-" ? ratio : ratio + "x");
        }
    }
    return row;
}

std::string workload_table(const Report &report)
{
    std::vector<Row> rows{workload_head(report)};
    for (const perf_workload *workload : workloads_of(report, false))
        rows.push_back(workload_row(report, *workload));
    if (rows.size() == 1)
        return "";
    std::string notes =
        "\nserial: plain C.  call: plain C, nothing inlined.  T1/Ts, T1/call: what Rove costs on one worker.\n"
        "T1/Tn: speed-up on n workers.";
    if (!peers_of(report).empty())
        notes += "  OpenMP n, oneTBB n: time in relation to that of Rove, both on n workers.";
    return align(rows) + notes + "\n";
}

/* A row for each worker count, or one where the variants have a fixed count. */
void add_micro_rows(const Report &report, const perf_workload &workload, std::vector<Row> &rows)
{
    for (int workers : worker_counts(report)) {
        const Measurement *rove = report.find(workload, "rove", workers);
        bool is_fixed = rove != nullptr && rove->bench->variant->workers != PERF_EACH;
        int shown = is_fixed ? rove->bench->workers : workers;
        Row row{problem_of(workload)->title, std::to_string(shown), format_ns(rove)};
        for (const auto &peer : peers_of(report))
            row.push_back(format_ns(report.find(workload, peer.first, workers)));
        if (has_label(report, "futex"))
            row.push_back(format_ns(report.find(workload, "futex", 1)));
        rows.push_back(row);
        if (is_fixed)
            return;
    }
}

std::string micro_table(const Report &report)
{
    Row head{"single operations, in ns", "workers", "Rove"};
    for (const auto &peer : peers_of(report))
        head.push_back(peer.second);
    if (has_label(report, "futex"))
        head.push_back("bare futex");
    std::vector<Row> rows{head};
    for (const perf_workload *workload : workloads_of(report, true))
        add_micro_rows(report, *workload, rows);
    return rows.size() == 1 ? "" : align(rows);
}

} // namespace

std::string make_table(const Report &report)
{
    std::string text = "\n" + report.machine + "\nmedians of wall-clock times; compare figures of one report only\n\n";
    std::string workloads = workload_table(report);
    std::string micro = micro_table(report);
    return text + workloads + (workloads.empty() || micro.empty() ? "" : "\n") + micro;
}

} // namespace perf
