/*
 * fib with Rove in the plain form: fork one half, call the other, join.
 */
#include "fib/fib.h"
#include "runtimes/rove.h"

struct fib {
    rove_task task;
    int n;
    int64_t value;
};

static void fib_task(rove_task *task);
static int64_t fib_parts(int n);

static inline int64_t fib(int n)
{
    return n < 2 ? n : fib_parts(n);
}

/* Without the attribute clang makes it part of fib, because nothing else calls it. */
__attribute__((noinline)) static int64_t fib_parts(int n)
{
    struct fib left;
    left.n = n - 1;
    rove_fork(&left.task, fib_task);
    int64_t right = fib(n - 2);
    rove_join(&left.task, fib_task);
    return left.value + right;
}

static void fib_task(rove_task *task)
{
    struct fib *self = (struct fib *)task;
    self->value = fib(self->n);
}

static void fib_root(void *arg)
{
    (void)arg;
    fib_answer = fib(fib_n);
}

void fib_rove_plain(void)
{
    perf_rove_run(fib_root);
}
