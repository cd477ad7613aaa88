/*
 * Machines for the tests of this floor: synthetic ones, which hwloc reads from HWLOC_SYNTHETIC, and ones written down
 * as hwloc XML, for shapes that a synthetic description cannot have.
 */
#ifndef TESTS_UNIT_NUMA_MACHINES_H
#define TESTS_UNIT_NUMA_MACHINES_H

#include "numa/topology.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* An object of an XML machine of up to 64 processors; children follow their parent, one deeper. */
struct xml_object {
    int depth;
    const char *type;
    unsigned os;
    uint64_t cpus;
    uint64_t nodes;
    const char *attributes;
};

static inline void xml_close(FILE *file, int from, int to)
{
    for (; from > to; from--)
        fputs("</object>", file);
}

/* Writes objects up to one without a type to a new file, and stores its name, which must be released with xml_fini. */
static inline void xml_init(char path[32], const struct xml_object *objects, const char *trailer)
{
    strcpy(path, "/tmp/rove-machine-XXXXXX");
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    FILE *file = fdopen(descriptor, "w");
    assert_non_null(file);
    /* The parser that hwloc has where it lacks libxml wants each header on a line of its own. */
    fputs("<?xml version=\"1.0\"?>\n<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n<topology version=\"2.0\">\n", file);
    int depth = 0;
    for (unsigned id = 1; objects->type; objects++, id++) {
        xml_close(file, depth, objects->depth);
        depth = objects->depth + 1;
        fprintf(file, "<object type=\"%s\" os_index=\"%u\" gp_index=\"%u\" %s", objects->type, objects->os, id,
                objects->attributes ? objects->attributes : "");
        static const char *const sets[] = {"cpuset", "complete_cpuset", "nodeset", "complete_nodeset"};
        for (int i = 0; i < 4; i++) {
            uint64_t set = i < 2 ? objects->cpus : objects->nodes;
            fprintf(file, " %s=\"0x%08x,0x%08x\"", sets[i], (unsigned)(set >> 32), (unsigned)set);
        }
        fputs(">\n", file);
    }
    xml_close(file, depth, 0);
    fprintf(file, "%s</topology>\n", trailer);
    assert_int_equal(fclose(file), 0);
}

static inline void xml_fini(const char *path)
{
    assert_int_equal(unlink(path), 0);
}

/* Tests must not depend on what the caller's environment says of the machine. */
static inline void machine_clean_environment(void)
{
    static const char *const names[] = {"HWLOC_SYNTHETIC", "HWLOC_XMLFILE", "HWLOC_COMPONENTS", "HWLOC_THISSYSTEM",
                                        "HWLOC_FSROOT"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
}

static inline bool machine_has_hwloc(void)
{
    struct rovei_machine machine;
    struct rovei_machine_options options = {.topology_xml = "/nonexistent/machine.xml"};
    rove_report report = {0};
    assert_int_equal(rovei_machine_load(&machine, &options, &report), ROVE_OK);
    rovei_machine_fini(&machine);
    return !strstr(report.text, "built without hwloc");
}

/* Without hwloc there are no machines but the real one. */
#define SKIP_WITHOUT_HWLOC()                                                                                           \
    do {                                                                                                               \
        if (!machine_has_hwloc())                                                                                      \
            skip();                                                                                                    \
    } while (0)

static inline void machine_load_synthetic(struct rovei_machine *machine, const char *description)
{
    struct rovei_machine_options options = {0};
    rove_report report = {0};
    setenv("HWLOC_SYNTHETIC", description, 1);
    assert_int_equal(rovei_machine_load(machine, &options, &report), ROVE_OK);
    unsetenv("HWLOC_SYNTHETIC");
    assert_string_equal(report.text, "");
    assert_string_equal(machine->source, "synthetic");
    assert_false(machine->is_real);
}

static inline void machine_load_xml(struct rovei_machine *machine, const struct xml_object *objects,
                                    const char *trailer)
{
    char path[32];
    xml_init(path, objects, trailer);
    struct rovei_machine_options options = {.topology_xml = path};
    rove_report report = {0};
    assert_int_equal(rovei_machine_load(machine, &options, &report), ROVE_OK);
    xml_fini(path);
    assert_string_equal(report.text, "");
    assert_string_equal(machine->source, "xml");
}

#define CACHE(depth)                                                                                                   \
    "cache_size=\"1\" cache_linesize=\"64\" cache_associativity=\"8\" cache_type=\"0\" depth=\"" depth "\""

/* Two nodes with processors and one, on the whole machine, without. */
static const struct xml_object machine_with_bare_node[] = {
    {0, "Machine", 0, 0xf, 0x7, NULL},
    {1, "NUMANode", 2, 0x0, 0x4, "local_memory=\"4096\""},
    {1, "Package", 0, 0x3, 0x1, NULL},
    {2, "NUMANode", 0, 0x3, 0x1, "local_memory=\"4096\""},
    {2, "Core", 0, 0x1, 0x1, NULL},
    {3, "PU", 0, 0x1, 0x1, NULL},
    {2, "Core", 1, 0x2, 0x1, NULL},
    {3, "PU", 1, 0x2, 0x1, NULL},
    {1, "Package", 1, 0xc, 0x2, NULL},
    {2, "NUMANode", 1, 0xc, 0x2, "local_memory=\"4096\""},
    {2, "Core", 0, 0x4, 0x2, NULL},
    {3, "PU", 2, 0x4, 0x2, NULL},
    {2, "Core", 1, 0x8, 0x2, NULL},
    {3, "PU", 3, 0x8, 0x2, NULL},
    {0},
};

/* Two packages of which only the first has memory. */
static const struct xml_object machine_with_bare_package[] = {
    {0, "Machine", 0, 0x3, 0x1, NULL},
    {1, "Package", 0, 0x1, 0x1, NULL},
    {2, "NUMANode", 0, 0x1, 0x1, NULL},
    {2, "PU", 0, 0x1, 0x1, NULL},
    {1, "Package", 1, 0x2, 0x0, NULL},
    {2, "PU", 1, 0x2, 0x0, NULL},
    {0},
};

/* A package of one core with two threads and an L3 cache, beside one of three cores that share nothing; the numbers of
 * the processors have gaps. */
static const struct xml_object machine_asymmetric[] = {
    {0, "Machine", 0, 0x70000000005, 0x3, NULL},
    {1, "Package", 0, 0x5, 0x1, NULL},
    {2, "NUMANode", 0, 0x5, 0x1, NULL},
    {2, "L3Cache", 0, 0x5, 0x1, CACHE("3")},
    {3, "L2Cache", 0, 0x5, 0x1, CACHE("2")},
    {4, "Core", 0, 0x5, 0x1, NULL},
    {5, "PU", 0, 0x1, 0x1, NULL},
    {5, "PU", 2, 0x4, 0x1, NULL},
    {1, "Package", 1, 0x70000000000, 0x2, NULL},
    {2, "NUMANode", 1, 0x70000000000, 0x2, NULL},
    {2, "Core", 0, 0x10000000000, 0x2, NULL},
    {3, "PU", 40, 0x10000000000, 0x2, NULL},
    {2, "Core", 1, 0x20000000000, 0x2, NULL},
    {3, "PU", 41, 0x20000000000, 0x2, NULL},
    {2, "Core", 2, 0x40000000000, 0x2, NULL},
    {3, "PU", 42, 0x40000000000, 0x2, NULL},
    {0},
};

/* Two slow cores in front of two fast ones of two threads each. */
static const struct xml_object machine_hybrid[] = {
    {0, "Machine", 0, 0x3f, 0x1, NULL},
    {1, "NUMANode", 0, 0x3f, 0x1, NULL},
    {1, "Core", 0, 0x1, 0x1, NULL},
    {2, "PU", 0, 0x1, 0x1, NULL},
    {1, "Core", 1, 0x2, 0x1, NULL},
    {2, "PU", 1, 0x2, 0x1, NULL},
    {1, "Core", 2, 0xc, 0x1, NULL},
    {2, "PU", 2, 0x4, 0x1, NULL},
    {2, "PU", 3, 0x8, 0x1, NULL},
    {1, "Core", 3, 0x30, 0x1, NULL},
    {2, "PU", 4, 0x10, 0x1, NULL},
    {2, "PU", 5, 0x20, 0x1, NULL},
    {0},
};
static const char machine_hybrid_kinds[] = "<cpukind cpuset=\"0x00000003\" forced_efficiency=\"0\"></cpukind>"
                                           "<cpukind cpuset=\"0x0000003c\" forced_efficiency=\"1\"></cpukind>";

/* Four processors of which the second and third are not allowed. */
static const struct xml_object machine_restricted[] = {
    {0, "Machine", 0, 0xf, 0x1, "allowed_cpuset=\"0x9\" allowed_nodeset=\"0x1\""},
    {1, "NUMANode", 0, 0xf, 0x1, NULL},
    {1, "Core", 0, 0x3, 0x1, NULL},
    {2, "PU", 0, 0x1, 0x1, NULL},
    {2, "PU", 1, 0x2, 0x1, NULL},
    {1, "Core", 1, 0xc, 0x1, NULL},
    {2, "PU", 2, 0x4, 0x1, NULL},
    {2, "PU", 3, 0x8, 0x1, NULL},
    {0},
};

#endif
