/*
 * A program that loads the shared library, uses it, and lets go of it while its workers are asleep, again and again and
 * in several threads, and then leaves. Nothing crashes, not even at the exit.
 */
#include <dlfcn.h>
#include <rove/rove.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <support/support.h>

enum { TASKS = 20, THREADS = 4 };

static const char *path;

/* What is used of the library, by its address: this program has a copy of Rove of its own, which it must not mix up. */
struct library {
    void *handle;
    __typeof__(rove_run) *run;
    __typeof__(rove_group_spawn) *group_spawn;
    __typeof__(rove_group_wait) *group_wait;
    __typeof__(rove_runtime_create) *runtime_create;
    __typeof__(rove_runtime_destroy) *runtime_destroy;
};

static void *library_symbol(void *handle, const char *name)
{
    void *address = dlsym(handle, name);
    TEST_CHECK(address, "%s: %s", name, dlerror());
    return address;
}

static struct library library_load(void)
{
    struct library library = {.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
    TEST_CHECK(library.handle, "%s", dlerror());
    library.run = (__typeof__(rove_run) *)library_symbol(library.handle, "rove_run");
    library.group_spawn = (__typeof__(rove_group_spawn) *)library_symbol(library.handle, "rove_group_spawn");
    library.group_wait = (__typeof__(rove_group_wait) *)library_symbol(library.handle, "rove_group_wait");
    library.runtime_create = (__typeof__(rove_runtime_create) *)library_symbol(library.handle, "rove_runtime_create");
    library.runtime_destroy =
        (__typeof__(rove_runtime_destroy) *)library_symbol(library.handle, "rove_runtime_destroy");
    return library;
}

static int count_task(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

struct use {
    const struct library *library;
    rove_runtime *runtime;
    int64_t rounds;
};

static void spawn_and_wait(void *arg)
{
    const struct use *use = arg;
    rove_group group = {.runtime = use->runtime};
    atomic_int runs = 0;
    for (int i = 0; i < TASKS; i++)
        TEST_CHECK(use->library->group_spawn(&group, count_task, &runs) == ROVE_OK, "spawn");
    TEST_CHECK(use->library->group_wait(&group) == ROVE_OK, "wait");
    TEST_CHECK(atomic_load(&runs) == TASKS, "%d tasks", atomic_load(&runs));
}

/* Uses the default runtime, which is never destroyed, and every other time a runtime of its own. */
static void load_and_use(void *arg)
{
    int64_t rounds = *(int64_t *)arg;
    for (int64_t round = 0; round < rounds; round++) {
        struct library library = library_load();
        struct use use = {.library = &library};
        TEST_CHECK(library.run(NULL, spawn_and_wait, &use) == ROVE_OK, "run");
        spawn_and_wait(&use);
        if (round % 2) {
            TEST_CHECK(library.runtime_create(&use.runtime, NULL, NULL) == ROVE_OK, "create");
            TEST_CHECK(library.run(use.runtime, spawn_and_wait, &use) == ROVE_OK, "run");
            TEST_CHECK(library.runtime_destroy(use.runtime) == ROVE_OK, "destroy");
        }
        TEST_CHECK(dlclose(library.handle) == 0, "%s", dlerror());
    }
}

static int program(void *arg)
{
    int64_t rounds[THREADS];
    for (int i = 0; i < THREADS; i++)
        rounds[i] = *(int64_t *)arg;
    load_and_use(arg);
    test_on_threads(THREADS, load_and_use, rounds, sizeof rounds[0]);
    exit(0); /* with destructors and all, while the default runtime's threads sleep */
}

static void run_program(int64_t rounds, int64_t times)
{
    for (int64_t i = 0; i < times; i++) {
        struct test_outcome outcome = test_in_child(program, &rounds, 60, false);
        TEST_CHECK(outcome.end == TEST_END_EXIT && outcome.code == 0, "program %lld: end %d, code %d", (long long)i,
                   (int)outcome.end, outcome.code);
    }
}

static void once_each(void)
{
    run_program(1, test_scaled(50, 3));
}

static void again_and_again(void)
{
    run_program(test_scaled(100, 5), 2);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"once_each", once_each},
        {"again_and_again", again_and_again},
    };
    path = getenv("ROVE_TEST_LIBRARY");
    TEST_CHECK(path, "ROVE_TEST_LIBRARY names the shared library");
    setenv("HWLOC_PLUGINS_PATH", "/nonexistent", 1); /* loading hwloc's plugins would be most of a runtime's life */
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases, 0);
}
