/*
 * The command line of rove-bench: its own flags; all others belong to Google Benchmark.
 */
#ifndef PERF_OPTIONS_HPP
#define PERF_OPTIONS_HPP

#include "harness/bench.h"

#include <string>
#include <vector>

namespace perf
{

struct Options {
    std::vector<int> workers; /* --rove_workers: ascending; empty: 1 and as many as the machine allows */
    perf_scale scale = PERF_FULL;
    bool scale_given = false;
    std::string text;   /* --rove_text: empty: the default */
    std::string png;    /* --rove_png: where to write the last picture; empty: nowhere */
    std::string report; /* --rove_report: folder for the report's files; empty: no report */
    bool list_only = false;
    bool help = false;
    bool has_output_file = false;       /* --benchmark_out is given */
    std::string output_format = "json"; /* --benchmark_out_format */
};

/* Reads the flags in argv and takes those that are rove-bench's own out of it. Throws std::invalid_argument, whose text
 * names the flag, if one cannot be read. */
Options take_options(int &argc, char **argv);

/* What --help says about rove-bench's own flags. */
extern const char *const options_help;

} // namespace perf

#endif
