/*
 * Names as they were registered.
 */
#include "harness/plain_names.hpp"

#include <utility>

namespace perf
{

void make_name_plain(benchmark::BenchmarkReporter::Run &run)
{
    run.run_name.min_time.clear();
    run.run_name.iterations.clear();
    run.run_name.repetitions.clear();
    run.run_name.time_type.clear();
    run.run_name.threads.clear();
}

PlainNames::PlainNames(std::unique_ptr<benchmark::BenchmarkReporter> inner) : inner_(std::move(inner))
{
}

bool PlainNames::ReportContext(const Context &context)
{
    inner_->SetOutputStream(&GetOutputStream());
    inner_->SetErrorStream(&GetErrorStream());
    return inner_->ReportContext(context);
}

void PlainNames::ReportRuns(const std::vector<Run> &runs)
{
    std::vector<Run> plain = runs;
    for (Run &run : plain)
        make_name_plain(run);
    inner_->ReportRuns(plain);
}

void PlainNames::Finalize()
{
    inner_->Finalize();
}

} // namespace perf
