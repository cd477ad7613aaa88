// The same from C++17: the headers are C, a task can be a base class, and a lambda without captures is a function.
#include <cstdint>
#include <cstdio>
#include <rove/rove.h>
#include <vector>

namespace
{

struct Fib : rove_task {
    int n;
    long value;
};

long fib(int n);

void fib_task(rove_task *task)
{
    Fib *self = static_cast<Fib *>(task);
    self->value = fib(self->n);
}

long fib(int n)
{
    if (n < 2)
        return n;
    Fib left{};
    left.n = n - 1;
    rove_fork(&left, fib_task);
    long right = fib(n - 2);
    rove_join(&left, fib_task);
    return left.value + right;
}

} // namespace

int main()
{
    Fib root{};
    root.n = 27;
    if (rove_run(
            nullptr, [](void *arg) { fib_task(static_cast<Fib *>(arg)); }, &root) != ROVE_OK ||
        root.value != 196418)
        return std::puts("wrong: fork and join"), 1;

    std::vector<double> values(100000, 1.5);
    rove_range_fn *twice = [](std::int64_t begin, std::int64_t end, void *arg) {
        for (std::int64_t i = begin; i < end; i++)
            static_cast<double *>(arg)[i] *= 2;
    };
    if (rove_for(0, static_cast<std::int64_t>(values.size()), twice, values.data()) != ROVE_OK)
        return std::puts("wrong: loop"), 1;
    for (double value : values) {
        if (value != 3)
            return std::puts("wrong: not every index exactly once"), 1;
    }
    return 0;
}
