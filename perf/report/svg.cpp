/*
 * The picture of a report: a group of bars for each workload, one bar for each runtime and worker count. A bar begins
 * at 1, the time of serial code, and ends at the time that the runtime took in relation to it, on a logarithmic scale.
 */
#include "report/report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

namespace perf
{

namespace
{

constexpr double WIDTH = 1200, HEIGHT = 600;
constexpr double LEFT = 70, RIGHT = 1180, TOP = 110, BOTTOM = 540;

/* What a bar stands for. Colours that colour-blind readers tell apart (Okabe and Ito 2002); paler: one worker. */
struct Series {
    const char *label;
    bool is_all;
    const char *title;
    const char *colour;
};

const Series SERIES[] = {
    {"rove", false, "Rove", "#7fb8dc"},    {"rove", true, "Rove", "#0072b2"},   {"openmp", false, "OpenMP", "#f3d27a"},
    {"openmp", true, "OpenMP", "#e69f00"}, {"tbb", false, "oneTBB", "#a9a9a9"}, {"tbb", true, "oneTBB", "#606060"},
};

struct Bar {
    const Series *series;
    double ratio; /* time in relation to serial */
};

struct Group {
    std::string title;
    std::vector<Bar> bars;
};

/* The vertical axis: powers of ten from 10^low to 10^high. */
struct Axis {
    int low = 0;
    int high = 1;

    double place(double ratio) const
    {
        return BOTTOM - (std::log10(ratio) - low) / (high - low) * (BOTTOM - TOP);
    }
};

__attribute__((format(printf, 2, 3))) void append(std::string &svg, const char *pattern, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, pattern);
    std::vsnprintf(text, sizeof text, pattern, arguments);
    va_end(arguments);
    svg += text;
}

std::string escape(const std::string &text)
{
    std::string safe;
    for (char c : text) {
        if (c == '&')
            safe += "&amp;";
        else if (c == '<')
            safe += "&lt;";
        else
            safe += c;
    }
    return safe;
}

std::string short_number(double value)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.*f", value < 1.995 ? 2 : value < 9.95 ? 1 : 0, value);
    return text;
}

std::vector<Group> make_groups(const Report &report)
{
    std::vector<Group> groups;
    const perf_workload *last = nullptr;
    for (const Measurement &measurement : report.measurements) {
        const perf_workload *workload = measurement.bench->workload;
        const Measurement *serial = report.find(*workload, "serial", 1);
        if (workload == last || is_micro(*workload) || serial == nullptr)
            continue;
        last = workload;
        groups.push_back({problem_of(*workload)->title, {}});
        for (const Series &series : SERIES) {
            if (series.is_all && report.all_workers == 1)
                continue;
            if (const Measurement *one = report.find(*workload, series.label, series.is_all ? report.all_workers : 1))
                groups.back().bars.push_back({&series, one->seconds() / serial->seconds()});
        }
    }
    return groups;
}

Axis fit_axis(const std::vector<Group> &groups)
{
    Axis axis;
    for (const Group &group : groups) {
        for (const Bar &bar : group.bars) {
            axis.low = std::min(axis.low, static_cast<int>(std::floor(std::log10(bar.ratio) - 0.1)));
            axis.high = std::max(axis.high, static_cast<int>(std::ceil(std::log10(bar.ratio) + 0.1)));
        }
    }
    return axis;
}

void draw_axis(std::string &svg, const Axis &axis)
{
    for (int power = axis.low; power <= axis.high; power++) {
        double y = axis.place(std::pow(10, power));
        append(svg, "<line x1='%g' y1='%.1f' x2='%g' y2='%.1f' stroke='%s' stroke-width='%s'/>\n", LEFT, y, RIGHT, y,
               power == 0 ? "#000" : "#ddd", power == 0 ? "1.5" : "1");
        append(svg, "<text x='%g' y='%.1f' text-anchor='end'>%g</text>\n", LEFT - 8, y + 4, std::pow(10, power));
    }
    append(svg, "<text x='%g' y='%.1f' text-anchor='end' fill='#555' font-size='11'>serial</text>\n", LEFT - 24,
           axis.place(1) + 4);
}

void draw_group(std::string &svg, const Axis &axis, const Group &group, double left, double width)
{
    double bar_width = 0.92 * width / static_cast<double>(std::size(SERIES));
    double x = left + (width - bar_width * static_cast<double>(group.bars.size())) / 2;
    for (const Bar &bar : group.bars) {
        double end = axis.place(bar.ratio);
        double top = std::min(end, axis.place(1));
        double height = std::max(1.0, std::fabs(end - axis.place(1)));
        append(svg, "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' fill='%s'/>\n", x + 0.5, top, bar_width - 1,
               height, bar.series->colour);
        append(svg, "<text x='%.1f' y='%.1f' text-anchor='middle' font-size='9'>%s</text>\n", x + bar_width / 2,
               bar.ratio >= 1 ? top - 4 : top + height + 11, short_number(bar.ratio).c_str());
        x += bar_width;
    }
    append(svg, "<text x='%.1f' y='%g' text-anchor='middle'>%s</text>\n", left + width / 2, BOTTOM + 28,
           escape(group.title).c_str());
}

void draw_legend(std::string &svg, const Report &report)
{
    double x = LEFT;
    for (const Series &series : SERIES) {
        if (series.is_all && report.all_workers == 1)
            continue;
        int workers = series.is_all ? report.all_workers : 1;
        append(svg, "<rect x='%g' y='74' width='14' height='14' fill='%s'/>\n", x, series.colour);
        append(svg, "<text x='%g' y='86'>%s, %d worker%s</text>\n", x + 20, series.title, workers,
               workers == 1 ? "" : "s");
        x += 165;
    }
}

} // namespace

std::string make_svg(const Report &report)
{
    std::vector<Group> groups = make_groups(report);
    Axis axis = fit_axis(groups);
    std::string svg;
    append(svg,
           "<svg xmlns='http://www.w3.org/2000/svg' width='%g' height='%g' viewBox='0 0 %g %g' "
           "font-family='DejaVu Sans, Helvetica, Arial, sans-serif' font-size='12'>\n",
           WIDTH, HEIGHT, WIDTH, HEIGHT);
    append(svg, "<rect width='%g' height='%g' fill='#fff'/>\n", WIDTH, HEIGHT);
    append(svg,
           "<text x='%g' y='32' font-size='18' font-weight='bold'>Time in relation to serial code, finest grain "
           "(logarithmic; lower is better)</text>\n",
           LEFT);
    append(svg, "<text x='%g' y='54' fill='#555'>%s</text>\n", LEFT, escape(report.machine).c_str());
    draw_legend(svg, report);
    draw_axis(svg, axis);
    double width = groups.empty() ? 0 : (RIGHT - LEFT) / static_cast<double>(groups.size());
    for (size_t i = 0; i < groups.size(); i++)
        draw_group(svg, axis, groups[i], LEFT + width * static_cast<double>(i), width);
    return svg + "</svg>\n";
}

} // namespace perf
