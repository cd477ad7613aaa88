/*
 * uts: the tree. Tree T1 of the benchmark's authors has geometrically distributed numbers of children with an average
 * of 4, a depth of 10 and the seed 19; smaller sizes are less deep.
 */
#include "uts/uts.h"

#include "support/sha1.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { UTS_SEED = 19, UTS_AVERAGE = 4, UTS_CHILDREN_MAX = 100 };

static int uts_depth;
static double uts_log_of_failure; /* log(1 - p), p being the chance that a node has no further child */
int64_t uts_answer;

static void uts_store(uint8_t bytes[4], uint32_t word)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(word >> (24 - 8 * i));
}

struct uts_node uts_root(void)
{
    struct uts_node root = {.depth = 0};
    uts_store(root.state + 16, UTS_SEED);
    perf_sha1(root.state, sizeof root.state, root.state);
    return root;
}

void uts_make_child(const struct uts_node *node, int index, struct uts_node *child)
{
    uint8_t message[sizeof node->state + 4];
    memcpy(message, node->state, sizeof node->state);
    uts_store(message + sizeof node->state, (uint32_t)index);
    perf_sha1(message, sizeof message, child->state);
    child->depth = node->depth + 1;
}

/* The last 31 bits of the state as a number from 0 up to but not including 1. */
static double uts_chance(const struct uts_node *node)
{
    const uint8_t *tail = node->state + 16;
    uint32_t bits = (uint32_t)(tail[0] & 0x7f) << 24 | (uint32_t)tail[1] << 16 | (uint32_t)tail[2] << 8 | tail[3];
    return (double)bits / 2147483648.0;
}

int uts_child_count(const struct uts_node *node)
{
    if (node->depth >= uts_depth)
        return 0;
    int count = (int)floor(log(1 - uts_chance(node)) / uts_log_of_failure);
    return count < UTS_CHILDREN_MAX ? count : UTS_CHILDREN_MAX;
}

static bool uts_prepare(enum perf_scale scale, struct perf_problem *problem)
{
    static const struct {
        int depth;
        int64_t nodes;
    } sizes[] = {[PERF_FULL] = {10, 4130071}, [PERF_SMALL] = {9, 1031269}, [PERF_TINY] = {4, 944}};
    uts_depth = sizes[scale].depth;
    uts_log_of_failure = log(1 - 1 / (1 + (double)UTS_AVERAGE));
    snprintf(problem->title, sizeof problem->title, "uts(depth %d)", uts_depth);
    problem->expected = sizes[scale].nodes;
    problem->tasks = sizes[scale].nodes;
    return true;
}

static void uts_reset(void)
{
    uts_answer = -1;
}

static int64_t uts_get_answer(void)
{
    return uts_answer;
}

const struct perf_workload perf_uts = {
    .name = "uts", .prepare = uts_prepare, .reset = uts_reset, .answer = uts_get_answer};
