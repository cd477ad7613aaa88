/*
 * Which cases run: those whose plain name matches, by the rules of Google Benchmark.
 */
#ifndef PERF_FILTER_HPP
#define PERF_FILTER_HPP

#include "harness/cases.hpp"

namespace perf
{

/* The cases that `filter` selects: an extended regular expression that may match anywhere in the name, and selects the
 * other cases if it begins with a minus; "all" and nothing select every case. Throws std::invalid_argument if it is no
 * regular expression. */
std::vector<Case> select_cases(const std::vector<Case> &cases, const std::string &filter);

} // namespace perf

#endif
