/* A shared library that forks, to be loaded by a program. */
#include "forks.h"

__attribute__((visibility("default"))) int plugin_check(void);

int plugin_check(void)
{
    return forks_check_alone("plugin");
}
