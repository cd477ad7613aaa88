/* A program of two objects that fork, which may also load plugins that do: `program [plugin]...`. */
#include "forks.h"
#include <dlfcn.h>

int second_check(void);

int main(int argc, char **argv)
{
    int failures = forks_check_alone("program") + second_check();
    for (int i = 1; i < argc; i++) {
        void *plugin = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
        int (*check)(void) = plugin ? (int (*)(void))dlsym(plugin, "plugin_check") : NULL;
        if (!check) {
            printf("program: %s\n", dlerror());
            return 1;
        }
        failures += check() + forks_check_alone("program with a plugin") + second_check();
    }
    return failures != 0;
}
