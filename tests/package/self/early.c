/* A shared library whose constructor starts workers, before any constructor of the program runs. */
#include <rove/rove.h>

rove_runtime *early_runtime(void);

static rove_runtime *runtime;

static void hold(void *worker)
{
    (void)worker;
}

__attribute__((constructor)) static void start(void)
{
    rove_config config;
    rove_config_default(&config);
    config.workers = 3;
    config.oversubscribe = true;
    if (rove_runtime_create(&runtime, &config, NULL) == ROVE_OK)
        rove_run(runtime, hold, NULL);
}

rove_runtime *early_runtime(void)
{
    return runtime;
}
