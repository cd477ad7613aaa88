/*
 * Tasks that cross from one worker to another: of all that run here, one in a hundred at least is stolen, so the seam
 * between private and public is worn and not just passed by. Each runs exactly once, and what it carries arrives whole.
 */
#include <rove/rove.h>
#include <stdio.h>
#include <support/support.h>

enum { CROSSINGS_LEAST = 100 }; /* one task in so many */

enum { COMB = 1000 };

/* How the teeth of the combs are given away. */
enum way { FORKS, FORKS_AT, SPAWNS, ALL };

static struct test_once once;
static enum way way;

/* A comb: gives away a few numbers at a time and goes on with the rest. Who steals gets little and soon comes again. */
struct tooth {
    rove_task task;
    int64_t begin;
    int64_t end;
    int64_t sum; /* set by the task */
};

static int64_t comb_sum(int64_t begin, int64_t end);

static void tooth_forked(rove_task *task)
{
    struct tooth *self = (struct tooth *)task;
    self->sum = comb_sum(self->begin, self->end);
}

static int tooth_spawned(void *arg)
{
    tooth_forked(arg);
    return 0;
}

/* Gives the tooth away, goes on with the rest up to `end`, and adds up both. */
static int64_t comb_fork(struct tooth *tooth, int64_t end)
{
    rove_fork(&tooth->task, tooth_forked);
    int64_t sum = comb_sum(tooth->end, end);
    TEST_CHECK(rove_join(&tooth->task, tooth_forked) == ROVE_OK, "join");
    return sum;
}

static int64_t comb_fork_at(struct tooth *tooth, int64_t end)
{
    rove_slot *slot, *after;
    rove_deque *deque = rove_deque_here(&slot);
    TEST_CHECK(rove_fork_at(deque, slot, &tooth->task, tooth_forked) == slot + 1, "a task is not queued");
    int64_t sum = comb_sum(tooth->end, end);
    int outcome = rove_join_at(deque, slot, &tooth->task);
    TEST_CHECK(rove_deque_here(&after) == deque && after == slot, "the deque goes on elsewhere");
    if (outcome == ROVE_JOIN_RUNS)
        tooth_forked(&tooth->task);
    else
        TEST_CHECK(outcome == ROVE_OK, "join");
    return sum;
}

static int64_t comb_spawn(struct tooth *tooth, int64_t end)
{
    rove_group group = {0};
    TEST_CHECK(rove_group_spawn(&group, tooth_spawned, tooth) == ROVE_OK, "spawn");
    int64_t sum = comb_sum(tooth->end, end);
    TEST_CHECK(rove_group_wait(&group) == ROVE_OK, "wait");
    return sum;
}

static int64_t comb_split(struct tooth *tooth, int64_t end)
{
    static int64_t (*const splits[])(struct tooth * tooth, int64_t end) = {
        [FORKS] = comb_fork, [FORKS_AT] = comb_fork_at, [SPAWNS] = comb_spawn};
    int64_t sum = splits[way == ALL ? tooth->begin % ALL : way](tooth, end);
    TEST_CHECK(tooth->sum == (tooth->end - tooth->begin) * (tooth->begin + tooth->end - 1) / 2,
               "%lld to %lld adds up to %lld", (long long)tooth->begin, (long long)tooth->end, (long long)tooth->sum);
    return sum + tooth->sum;
}

static int64_t comb_sum(int64_t begin, int64_t end)
{
    if (begin == end)
        return 0;
    test_once_mark(&once, begin);
    if (begin + 1 == end)
        return begin;
    int64_t middle = begin + 2 + begin % 7;
    struct tooth tooth = {.begin = begin + 1, .end = middle < end ? middle : end, .sum = -1};
    return begin + comb_split(&tooth, end);
}

/* One comb after the other, each as deep as a stack allows with ease. */
static void combs_run(void *arg)
{
    int64_t tasks = *(int64_t *)arg;
    for (int64_t begin = 0; begin < tasks; begin += COMB) {
        int64_t end = begin + COMB < tasks ? begin + COMB : tasks;
        int64_t sum = comb_sum(begin, end);
        TEST_CHECK(sum == (end - begin) * (begin + end - 1) / 2, "the comb at %lld adds up to %lld", (long long)begin,
                   (long long)sum);
    }
}

/* Checks all runs so far; returns how many tasks have crossed in them. */
static uint64_t check_crossings(rove_runtime *runtime, int64_t tasks)
{
    rove_stats stats;
    TEST_CHECK(rove_runtime_stats(runtime, &stats) == ROVE_OK, "statistics");
    printf("  %d workers: %lld tasks, %llu crossed, %llu lost races, %llu doorbells, %llu forced, %llu parks\n",
           rove_worker_count(runtime), (long long)tasks, (unsigned long long)stats.steals,
           (unsigned long long)stats.steals_lost, (unsigned long long)stats.doorbells, (unsigned long long)stats.forced,
           (unsigned long long)stats.parks);
    TEST_CHECK(stats.spawned == stats.executed, "%llu spawned, %llu executed", (unsigned long long)stats.spawned,
               (unsigned long long)stats.executed);
    TEST_CHECK(stats.stolen_forks <= stats.steals, "%llu forks stolen by %llu steals",
               (unsigned long long)stats.stolen_forks, (unsigned long long)stats.steals);
    return stats.steals;
}

static void run_combs(enum way teeth)
{
    int64_t tasks = test_scaled(100000, 20000);
    way = teeth;
    for (int workers = 2; workers <= 8; workers *= 2) {
        rove_runtime *runtime = test_runtime(workers);
        uint64_t before, after = 0;
        do { /* again if there was hardly a thief, for want of a processor; if there never is, the watchdog comes */
            before = after;
            test_once_init(&once, tasks);
            TEST_CHECK(rove_run(runtime, combs_run, &tasks) == ROVE_OK, "run");
            test_once_check(&once);
            test_once_fini(&once);
            after = check_crossings(runtime, tasks);
        } while ((after - before) * CROSSINGS_LEAST < (uint64_t)tasks);
        test_runtime_end(runtime);
    }
}

static void forks(void)
{
    run_combs(FORKS);
}

static void forks_at(void)
{
    run_combs(FORKS_AT);
}

static void spawns(void)
{
    run_combs(SPAWNS);
}

static void forks_and_spawns(void)
{
    run_combs(ALL);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"forks", forks},
        {"forks_at", forks_at},
        {"spawns", spawns},
        {"forks_and_spawns", forks_and_spawns},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 60);
}
