/*
 * The command line of rove-bench.
 */
#include "harness/options.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <rove/runtime.h>
#include <stdexcept>

namespace perf
{

const char *const options_help =
    "rove-bench measures Rove against plain C, OpenMP and oneTBB.\n"
    "\n"
    "  --rove_workers=1,2,4       worker counts; default: 1 and as many as the machine allows\n"
    "  --rove_scale=full|small|tiny   size of all problems; default: full, in a report: small\n"
    "  --rove_text=PATH,...       files and folders for wordcount; default: /usr/include\n"
    "  --rove_png=FILE            write the last mandelbrot picture to FILE\n"
    "  --rove_report=DIR          run a selection in about a minute and a half, print a table, and write\n"
    "                             bench.json, bench.svg and mandelbrot.png to the folder DIR\n"
    "\n"
    "and all flags of Google Benchmark:\n\n";

namespace
{

/* If `arg` is `--name=value`, stores the value. */
bool read_flag(const char *arg, const char *name, std::string &value)
{
    size_t length = std::strlen(name);
    if (std::strncmp(arg, "--", 2) != 0 || std::strncmp(arg + 2, name, length) != 0 || arg[2 + length] != '=')
        return false;
    value = arg + 2 + length + 1;
    return true;
}

std::vector<int> parse_workers(const std::string &list)
{
    std::vector<int> workers;
    const char *at = list.c_str();
    for (;;) {
        char *end;
        long count = std::strtol(at, &end, 10);
        if (end == at || count < 1 || count > ROVE_WORKERS_MAX || (*end != ',' && *end != '\0'))
            throw std::invalid_argument("--rove_workers=" + list + ": wants numbers from 1 to " +
                                        std::to_string(ROVE_WORKERS_MAX) + ", separated by commas");
        workers.push_back(static_cast<int>(count));
        if (*end == '\0')
            break;
        at = end + 1;
    }
    std::sort(workers.begin(), workers.end());
    workers.erase(std::unique(workers.begin(), workers.end()), workers.end());
    return workers;
}

perf_scale parse_scale(const std::string &name)
{
    static const char *const names[] = {"full", "small", "tiny"};
    for (int scale = PERF_FULL; scale <= PERF_TINY; scale++) {
        if (name == names[scale])
            return static_cast<perf_scale>(scale);
    }
    throw std::invalid_argument("--rove_scale=" + name + ": wants full, small or tiny");
}

bool take_own_flag(const char *arg, Options &options)
{
    std::string value;
    if (read_flag(arg, "rove_workers", value)) {
        options.workers = parse_workers(value);
    } else if (read_flag(arg, "rove_scale", value)) {
        options.scale = parse_scale(value);
        options.scale_given = true;
    } else if (!read_flag(arg, "rove_text", options.text) && !read_flag(arg, "rove_png", options.png) &&
               !read_flag(arg, "rove_report", options.report)) {
        return false;
    }
    return true;
}

/* Flags of Google Benchmark that rove-bench has to know about, too. */
void peek_at_flag(const char *arg, Options &options)
{
    std::string value;
    if (std::strcmp(arg, "--help") == 0)
        options.help = true;
    else if (std::strcmp(arg, "--benchmark_list_tests") == 0)
        options.list_only = true;
    else if (read_flag(arg, "benchmark_list_tests", value))
        options.list_only = value == "true" || value == "1" || value == "yes";
    else if (read_flag(arg, "benchmark_out", value))
        options.has_output_file = !value.empty();
    else
        read_flag(arg, "benchmark_out_format", options.output_format);
}

} // namespace

Options take_options(int &argc, char **argv)
{
    Options options;
    int kept = 1;
    for (int i = 1; i < argc; i++) {
        if (take_own_flag(argv[i], options))
            continue;
        peek_at_flag(argv[i], options);
        argv[kept++] = argv[i];
    }
    argc = kept;
    argv[argc] = nullptr;
    if (!options.report.empty() && !options.scale_given)
        options.scale = PERF_SMALL;
    return options;
}

} // namespace perf
