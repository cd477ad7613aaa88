/*
 * What a runtime is to be like: the configuration, checked, with the environment's word in it.
 */
#ifndef ROVEI_SCHED_SETTINGS_H
#define ROVEI_SCHED_SETTINGS_H

#include <rove/runtime.h>

enum { SETTINGS_NAME_SIZE = 8 };

struct rovei_settings {
    char name[SETTINGS_NAME_SIZE];
    int workers;             /* configured number, 0: none */
    int workers_environment; /* the environment's, 0: none */
    bool oversubscribe;
    int workers_min; /* 0: the number is fixed */
    int workers_max;
    int spares;
    rove_plan plan;
    int *pus; /* owned */
    size_t pu_count;
    rove_pin pin;
    int64_t spin_ns;
    size_t stack_size;
    bool name_overruns;
    const void *topology;
    const char *topology_xml;
    rove_allocator allocator;
    rove_hooks hooks;
    bool is_verbose;
};

/* Checks `config` (NULL: the defaults) and reads the environment. ROVE_OK; ROVE_INVALID with a report that names the
 * field or the variable; ROVE_NO_MEMORY. */
rove_status rovei_settings_make(struct rovei_settings *settings, const rove_config *config, rove_report *report);
/* Whether ROVE_VERBOSE asks for words, also where the settings could not be made. */
bool rovei_settings_is_verbose(void);

void rovei_settings_fini(struct rovei_settings *settings);

#endif
