/*
 * Counts the nodes of an unbalanced tree on many machines: MPI spreads subtrees over ranks, and Rove spreads the work
 * of each rank over the processors that the rank was given. It shows how the two fit together:
 *
 *   - one runtime for each rank. It follows the processors that mpirun bound the rank to, and nothing is to be
 *     configured: bound to a core, a rank has one worker; bound to a socket, as many as the socket has cores.
 *   - MPI is only called by the main thread, between two calls of rove_run (MPI_THREAD_FUNNELED).
 *   - nobody knows how large a subtree is, so ranks take them in chunks, as they need them, from a counter that rank 0
 *     keeps; within a chunk, Rove balances.
 *
 *     mpirun -n RANKS [--bind-to core|socket|none] mpi_uts [DEPTH]        DEPTH from 1 to 12, 10 if it is not given
 *
 * The tree is that of the Unbalanced Tree Search benchmark (Olivier et al. 2006), at depth 10 its T1 with 4,130,071
 * nodes: a node is a SHA-1 digest, which says how many children there are and what they are.
 */
#define _GNU_SOURCE
#include <math.h>
#include <mpi.h>
#include <rove/rove.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DIGEST = 20, SEED = 19, AVERAGE = 4, CHILDREN_MAX = 100, DEPTH_DEFAULT = 10, DEPTH_MAX = 12 };

/* Subtrees that are handed out begin here: some hundreds, most of which take a millisecond or less. */
enum { SPLIT_DEPTH = 4 };

/* The right answers. */
static const long long nodes_of_depth[DEPTH_MAX + 1] = {1,     6,      65,      254,     944,      3987,    16000,
                                                        63914, 257042, 1031269, 4130071, 16526523, 66106929};

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("mpi_uts: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    MPI_Abort(MPI_COMM_WORLD, 1);
    abort();
}

/* SHA-1 (FIPS 180-4) of a message that fits into one block. */

static uint32_t rotate(uint32_t word, int bits)
{
    return word << bits | word >> (32 - bits);
}

static uint32_t load_word(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void store_word(uint8_t *bytes, uint32_t word)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(word >> (24 - 8 * i));
}

static uint32_t mix_words(int round, uint32_t b, uint32_t c, uint32_t d)
{
    switch (round / 20) {
    case 0:
        return ((b & c) | (~b & d)) + 0x5a827999u;
    case 1:
        return (b ^ c ^ d) + 0x6ed9eba1u;
    case 2:
        return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu;
    default:
        return (b ^ c ^ d) + 0xca62c1d6u;
    }
}

/* Requires: size is at most 55. `digest` may overlap the message. */
static void sha1(const uint8_t *message, size_t size, uint8_t digest[DIGEST])
{
    static const uint32_t start[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    uint8_t block[64] = {0};
    uint32_t schedule[80], state[5];
    memcpy(block, message, size);
    block[size] = 0x80;
    store_word(block + 60, (uint32_t)size * 8);
    for (int i = 0; i < 16; i++)
        schedule[i] = load_word(block + 4 * i);
    for (int i = 16; i < 80; i++)
        schedule[i] = rotate(schedule[i - 3] ^ schedule[i - 8] ^ schedule[i - 14] ^ schedule[i - 16], 1);
    memcpy(state, start, sizeof state);
    for (int i = 0; i < 80; i++) {
        uint32_t next = rotate(state[0], 5) + mix_words(i, state[1], state[2], state[3]) + state[4] + schedule[i];
        state[4] = state[3];
        state[3] = state[2];
        state[2] = rotate(state[1], 30);
        state[1] = state[0];
        state[0] = next;
    }
    for (int i = 0; i < 5; i++)
        store_word(digest + 4 * i, start[i] + state[i]);
}

/* The tree. */

struct node {
    uint8_t digest[DIGEST];
    int height; /* how many levels may still lie below it */
};

static struct node node_root(int depth)
{
    struct node root = {.height = depth};
    store_word(root.digest + DIGEST - 4, SEED);
    sha1(root.digest, DIGEST, root.digest);
    return root;
}

static void node_make_child(const struct node *node, int index, struct node *child)
{
    uint8_t message[DIGEST + 4];
    memcpy(message, node->digest, DIGEST);
    store_word(message + DIGEST, (uint32_t)index);
    sha1(message, sizeof message, child->digest);
    child->height = node->height - 1;
}

/* Geometrically distributed: the last 31 bits of the digest are the dice. */
static int node_child_count(const struct node *node)
{
    if (node->height == 0)
        return 0;
    double dice = (load_word(node->digest + DIGEST - 4) & 0x7fffffffu) / 2147483648.0;
    int count = (int)floor(log(1 - dice) / log(1 - 1 / (1 + (double)AVERAGE)));
    return count < CHILDREN_MAX ? count : CHILDREN_MAX;
}

/* Counting below a node, with a task for every child but the last. */

struct visit {
    rove_task task;
    struct node node;
    long long nodes;
};

static void visit_task(rove_task *task);

static long long node_count(const struct node *node)
{
    int children = node_child_count(node);
    if (children == 0)
        return 1;
    struct visit visits[children];
    int last = children - 1;
    for (int i = 0; i < last; i++) {
        node_make_child(node, i, &visits[i].node);
        rove_fork(&visits[i].task, visit_task);
    }
    node_make_child(node, last, &visits[last].node);
    long long nodes = 1 + node_count(&visits[last].node);
    for (int i = last; i-- > 0;) {
        rove_join(&visits[i].task, visit_task);
        nodes += visits[i].nodes;
    }
    return nodes;
}

static void visit_task(rove_task *task)
{
    struct visit *self = (struct visit *)task;
    self->nodes = node_count(&self->node);
}

/* The subtrees that are handed out. Every rank makes the same list: that costs less than sending it. */

struct subtree {
    struct node root;
    long long nodes; /* counted by the rank that took it */
};

struct forest {
    struct subtree *subtrees;
    long count;
    long capacity;
    long long nodes_above; /* nodes of the tree that are in none of them */
};

static void forest_add(struct forest *forest, const struct node *root)
{
    if (forest->count == forest->capacity) {
        forest->capacity = forest->capacity * 2 + 256;
        forest->subtrees = realloc(forest->subtrees, (size_t)forest->capacity * sizeof *forest->subtrees);
        if (!forest->subtrees)
            fail("no memory for %ld subtrees", forest->capacity);
    }
    forest->subtrees[forest->count++] = (struct subtree){.root = *root};
}

static void forest_grow(struct forest *forest, const struct node *node, int levels)
{
    if (levels == 0) {
        forest_add(forest, node);
        return;
    }
    forest->nodes_above++;
    int children = node_child_count(node);
    for (int i = 0; i < children; i++) {
        struct node child;
        node_make_child(node, i, &child);
        forest_grow(forest, &child, levels - 1);
    }
}

/* A chunk of the forest, counted by all workers of the rank: a group of tasks, each of which forks and joins more. */

struct chunk {
    struct subtree *subtrees;
    long count;
    rove_status status;
};

static int subtree_count(void *arg)
{
    struct subtree *subtree = arg;
    subtree->nodes = node_count(&subtree->root);
    return 0;
}

static void chunk_count(void *arg)
{
    struct chunk *chunk = arg;
    rove_group group = {0};
    chunk->status = rove_group_spawn_many(&group, subtree_count, chunk->subtrees, sizeof *chunk->subtrees,
                                          (size_t)chunk->count, NULL);
    rove_status waited = rove_group_wait(&group);
    if (!chunk->status)
        chunk->status = waited;
}

/* What a rank did. */
struct share {
    long long nodes;
    long subtrees;
    long chunks;
    double seconds;
};

static void share_add_chunk(struct share *share, struct subtree *subtrees, long count)
{
    struct chunk chunk = {.subtrees = subtrees, .count = count};
    rove_status status = rove_run(NULL, chunk_count, &chunk);
    if (status || chunk.status)
        fail("%s", rove_status_text(status ? status : chunk.status));
    for (long i = 0; i < count; i++)
        share->nodes += subtrees[i].nodes;
    share->subtrees += count;
    share->chunks++;
}

/* The next number of the counter that rank 0 keeps. Where the network cannot do this by itself, the answer comes when
 * rank 0 calls MPI the next time, after its chunk. */
static long counter_next(MPI_Win counter)
{
    static const long one = 1;
    long ticket;
    MPI_Fetch_and_op(&one, &ticket, MPI_LONG, 0, 0, MPI_SUM, counter);
    MPI_Win_flush(0, counter);
    return ticket;
}

/* Takes chunks until none is left. Chunks become smaller (guided self-scheduling, Polychronopoulos and Kuck 1987): the
 * counter only numbers them, since every rank can tell from the number where a chunk begins. */
static void share_take(struct share *share, const struct forest *forest, int ranks, MPI_Win counter)
{
    long begin = 0;
    for (long chunk = 0, ticket = counter_next(counter); begin < forest->count; chunk++) {
        long left = forest->count - begin;
        long count = left / (2 * ranks) > 1 ? left / (2 * ranks) : 1;
        if (chunk == ticket) {
            share_add_chunk(share, forest->subtrees + begin, count);
            ticket = counter_next(counter);
        }
        begin += count;
    }
}

/* MPI's own waits may spin, on a processor that a neighbour needs. */
static void wait_asleep(MPI_Request *request)
{
    static const struct timespec pause = {.tv_nsec = 200000};
    int is_done = 0;
    for (MPI_Test(request, &is_done, MPI_STATUS_IGNORE); !is_done; MPI_Test(request, &is_done, MPI_STATUS_IGNORE))
        nanosleep(&pause, NULL);
}

/* Counts with all ranks. Returns this rank's share. */
static struct share count_together(const struct forest *forest, int rank, int ranks)
{
    struct share share = {.nodes = rank == 0 ? forest->nodes_above : 0};
    MPI_Request all_done;
    MPI_Win counter;
    long *ticket;
    MPI_Win_allocate(rank == 0 ? (MPI_Aint)sizeof *ticket : 0, sizeof *ticket, MPI_INFO_NULL, MPI_COMM_WORLD, &ticket,
                     &counter);
    MPI_Win_lock_all(0, counter);
    if (rank == 0) {
        *ticket = 0;
        MPI_Win_sync(counter);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    double begin = MPI_Wtime();
    share_take(&share, forest, ranks, counter);
    share.seconds = MPI_Wtime() - begin;
    MPI_Ibarrier(MPI_COMM_WORLD, &all_done);
    wait_asleep(&all_done);
    MPI_Win_unlock_all(counter);
    MPI_Win_free(&counter);
    return share;
}

/* The processors that this rank may use, such as "0-3,8". */
static void describe_processors(char *text, size_t size)
{
    cpu_set_t allowed;
    *text = '\0';
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return;
    size_t length = 0;
    for (int pu = 0; pu < CPU_SETSIZE && length + 16 < size; pu++) {
        int first = pu;
        while (pu < CPU_SETSIZE && CPU_ISSET((size_t)pu, &allowed))
            pu++;
        if (pu == first)
            continue;
        length += (size_t)snprintf(text + length, size - length, "%s%d", length ? "," : "", first);
        if (pu > first + 1)
            length += (size_t)snprintf(text + length, size - length, "-%d", pu - 1);
    }
}

/* Prints a line for each rank, in their order. */
static void print_shares(const struct share *share, int rank, int ranks)
{
    enum { LINE = 256 };
    char line[LINE], processors[96];
    describe_processors(processors, sizeof processors);
    snprintf(line, sizeof line, "rank %d: workers %d, processors %s; nodes %lld, subtrees %ld, chunks %ld, %.3f s",
             rank, rove_worker_count(rove_default_runtime(NULL)), processors, share->nodes, share->subtrees,
             share->chunks, share->seconds);
    char *lines = rank == 0 ? calloc((size_t)ranks, LINE) : NULL;
    if (rank == 0 && !lines)
        fail("no memory for %d lines", ranks);
    MPI_Gather(line, LINE, MPI_CHAR, lines, LINE, MPI_CHAR, 0, MPI_COMM_WORLD);
    for (int i = 0; lines && i < ranks; i++)
        puts(lines + (size_t)i * LINE);
    free(lines);
}

/* Adds up what the ranks have counted. Returns whether it is right. */
static bool check_sum(const struct share *share, int depth, int rank, int ranks)
{
    long long nodes = 0;
    double seconds = 0;
    MPI_Allreduce(&share->nodes, &nodes, 1, MPI_LONG_LONG, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(&share->seconds, &seconds, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    bool is_right = nodes == nodes_of_depth[depth];
    if (rank == 0)
        printf("%lld nodes in %.3f s on %d ranks\n", nodes, seconds, ranks);
    if (rank == 0 && !is_right)
        fprintf(stderr, "mpi_uts: a tree of depth %d has %lld nodes\n", depth, nodes_of_depth[depth]);
    return is_right;
}

/* The depth that the arguments ask for; 0 if they make no sense. */
static int read_depth(int argc, char **argv)
{
    if (argc == 1)
        return DEPTH_DEFAULT;
    char *end;
    long depth = strtol(argv[1], &end, 10);
    return argc == 2 && end != argv[1] && !*end && depth >= 1 && depth <= DEPTH_MAX ? (int)depth : 0;
}

int main(int argc, char **argv)
{
    int granted, rank, ranks;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &granted);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (granted < MPI_THREAD_FUNNELED)
        fail("this MPI allows no threads beside the main one");
    int depth = read_depth(argc, argv);
    if (depth == 0) {
        if (rank == 0)
            fprintf(stderr, "usage: mpi_uts [DEPTH], with DEPTH from 1 to %d\n", DEPTH_MAX);
        MPI_Finalize();
        return 2;
    }
    rove_report report;
    if (!rove_default_runtime(&report))
        fail("%s", report.text);
    struct forest forest = {0};
    struct node root = node_root(depth);
    forest_grow(&forest, &root, depth < SPLIT_DEPTH ? depth : SPLIT_DEPTH);
    struct share share = count_together(&forest, rank, ranks);
    print_shares(&share, rank, ranks);
    bool is_right = check_sum(&share, depth, rank, ranks);
    free(forest.subtrees);
    MPI_Finalize();
    return is_right ? 0 : 1;
}
