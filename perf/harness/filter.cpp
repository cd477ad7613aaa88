/*
 * Which cases run.
 */
#include "harness/filter.hpp"

#include <regex.h>
#include <stdexcept>

namespace perf
{

namespace
{

class Pattern
{
  public:
    explicit Pattern(const std::string &text)
    {
        int error = regcomp(&compiled_, text.c_str(), REG_EXTENDED | REG_NOSUB);
        if (error == 0)
            return;
        char why[128];
        regerror(error, &compiled_, why, sizeof why);
        throw std::invalid_argument("--benchmark_filter=" + text + ": " + why);
    }

    ~Pattern()
    {
        regfree(&compiled_);
    }

    Pattern(const Pattern &) = delete;
    Pattern &operator=(const Pattern &) = delete;

    bool matches(const std::string &name) const
    {
        return regexec(&compiled_, name.c_str(), 0, nullptr, 0) == 0;
    }

  private:
    regex_t compiled_;
};

} // namespace

std::vector<Case> select_cases(const std::vector<Case> &cases, const std::string &filter)
{
    if (filter.empty() || filter == "all")
        return cases;
    bool is_inverted = filter[0] == '-';
    Pattern pattern(is_inverted ? filter.substr(1) : filter);
    std::vector<Case> selected;
    for (const Case &bench : cases) {
        if (pattern.matches(bench.name) != is_inverted)
            selected.push_back(bench);
    }
    return selected;
}

} // namespace perf
