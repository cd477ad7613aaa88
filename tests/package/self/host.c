/* A program that does not know Rove and loads plugins that do: `host <plugin>...`. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    int failures = 0;
    for (int i = 1; i < argc; i++) {
        void *plugin = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
        int (*check)(void) = plugin ? (int (*)(void))dlsym(plugin, "plugin_check") : NULL;
        if (!check) {
            printf("host: %s\n", dlerror());
            return 1;
        }
        failures += check();
    }
    return failures != 0;
}
