#define _GNU_SOURCE
#include "numa/limits.h"
#include "numa/quota.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A file system of our own below `root`, with the files of a process and its control groups. */
static char root[64];

static const char mount_v2[] = "30 23 0:26 / /cg rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
static const char mount_v1[] = "24 30 0:22 / /proc rw - proc proc rw\n"
                               "33 32 0:30 / /cg/cpuset rw shared:9 - cgroup cgroup rw,cpuset\n"
                               "34 32 0:31 / /cg/cpu,cpuacct rw shared:10 master:2 - cgroup cgroup rw,cpu,cpuacct\n";

static int root_setup(void **state)
{
    (void)state;
    strcpy(root, "/tmp/rove-quota-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int root_remove(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static int root_teardown(void **state)
{
    (void)state;
    return nftw(root, root_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *path, const char *content)
{
    char full[512];
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *slash = strchr(full + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        assert_true(mkdir(full, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    fputs(content, file);
    assert_int_equal(fclose(file), 0);
}

static void put_process(const char *mountinfo, const char *groups)
{
    put("/proc/self/mountinfo", mountinfo);
    put("/proc/self/cgroup", groups);
}

static int read_quota(void)
{
    struct rovei_quota quota;
    rovei_quota_init(&quota, root);
    return rovei_quota_read(&quota);
}

static void check_v2(const char *content, int expected)
{
    put("/cg/a/cpu.max", content);
    assert_int_equal(read_quota(), expected);
}

static void test_quota_is_rounded_up(void **state)
{
    (void)state;
    put_process(mount_v2, "0::/a\n");
    check_v2("50000 100000\n", 1);
    check_v2("100000 100000\n", 1);
    check_v2("150000 100000\n", 2);
    check_v2("200000 100000\n", 2);
    check_v2("1000 1000000\n", 1);
    check_v2("6400000 100000\n", 64);
}

static void test_no_quota_is_zero(void **state)
{
    (void)state;
    put_process(mount_v2, "0::/a\n");
    assert_int_equal(read_quota(), 0);
    check_v2("max 100000\n", 0);
    check_v2("max", 0);
}

static void test_garbage_is_no_quota(void **state)
{
    (void)state;
    put_process(mount_v2, "0::/a\n");
    check_v2("", 0);
    check_v2("\n\n", 0);
    check_v2("many few\n", 0);
    check_v2("-1 100000\n", 0);
    check_v2("0 100000\n", 0);
    check_v2("250000\n", 3);
    check_v2("250000 0\n", 3);
    check_v2("250000 -7\n", 3);
    check_v2("99999999999999999999999999 1\n", INT_MAX);
}

static void test_quota_of_version_one(void **state)
{
    (void)state;
    put_process(mount_v1, "9:name=systemd:/x\n8:cpuset:/other\n7:cpu,cpuacct:/a/b\n");
    put("/cg/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n");
    put("/cg/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
    assert_int_equal(read_quota(), 0);
    put("/cg/cpu,cpuacct/a/b/cpu.cfs_quota_us", "50000\n");
    assert_int_equal(read_quota(), 1);
    put("/cg/cpu,cpuacct/a/b/cpu.cfs_quota_us", "150000\n");
    assert_int_equal(read_quota(), 2);
    put("/cg/cpu,cpuacct/a/b/cpu.cfs_period_us", "50000\n");
    assert_int_equal(read_quota(), 3);
    put("/cg/cpu,cpuacct/cpu.cfs_quota_us", "100000\n");
    assert_int_equal(read_quota(), 1);
}

static void test_the_least_of_nested_groups_counts(void **state)
{
    (void)state;
    put_process(mount_v2, "0::/a/b/c\n");
    put("/cg/a/b/c/cpu.max", "800000 100000\n");
    assert_int_equal(read_quota(), 8);
    put("/cg/a/cpu.max", "300000 100000\n");
    assert_int_equal(read_quota(), 3);
    put("/cg/a/b/cpu.max", "max 100000\n");
    assert_int_equal(read_quota(), 3);
    put("/cg/a/b/cpu.max", "250000 50000\n");
    assert_int_equal(read_quota(), 3);
    put("/cg/cpu.max", "200000 100000\n");
    assert_int_equal(read_quota(), 2);
    put("/cpu.max", "100000 100000\n");
    assert_int_equal(read_quota(), 2);
}

static void test_other_groups_do_not_count(void **state)
{
    (void)state;
    put_process(mount_v2, "0::/a/b\n");
    put("/cg/a/bb/cpu.max", "100000 100000\n");
    put("/cg/a/b/c/cpu.max", "100000 100000\n");
    put("/cg/b/cpu.max", "100000 100000\n");
    assert_int_equal(read_quota(), 0);
}

static void test_both_versions_together_give_the_least(void **state)
{
    (void)state;
    char mounts[512];
    snprintf(mounts, sizeof mounts, "%s%s", mount_v2, mount_v1);
    put_process(mounts, "3:cpuacct,cpu:/v1\n0::/v2\n");
    put("/cg/v2/cpu.max", "400000 100000\n");
    assert_int_equal(read_quota(), 4);
    put("/cg/cpu,cpuacct/v1/cpu.cfs_quota_us", "300000\n");
    assert_int_equal(read_quota(), 3);
    put("/cg/v2/cpu.max", "200000 100000\n");
    assert_int_equal(read_quota(), 2);
}

static void test_a_mount_of_a_part_of_the_hierarchy(void **state)
{
    (void)state;
    put_process("30 23 0:26 /pod/box /cg rw - cgroup2 cgroup2 rw\n", "0::/pod/box/app\n");
    put("/cg/app/cpu.max", "500000 100000\n");
    assert_int_equal(read_quota(), 5);
    put("/cg/cpu.max", "400000 100000\n");
    assert_int_equal(read_quota(), 4);
    put("/proc/self/cgroup", "0::/pod/box\n");
    assert_int_equal(read_quota(), 4);
    put("/proc/self/cgroup", "0::/pod/boxes\n");
    assert_int_equal(read_quota(), 0);
}

static void test_groups_beyond_the_namespace(void **state)
{
    (void)state;
    put("/cg/cpu.max", "400000 100000\n");
    put_process("30 23 0:26 /../.. /cg rw - cgroup2 cgroup2 rw\n", "0::/\n");
    assert_int_equal(read_quota(), 4);
    put_process("30 23 0:26 /../other /cg rw - cgroup2 cgroup2 rw\n", "0::/\n");
    assert_int_equal(read_quota(), 0);
    put_process("30 23 0:26 / /cg rw - cgroup2 cgroup2 rw\n", "0::/../other\n");
    assert_int_equal(read_quota(), 0);
}

static void test_the_first_mount_that_shows_the_group_is_taken(void **state)
{
    (void)state;
    put_process("30 23 0:26 /pod /elsewhere rw - cgroup2 cgroup2 rw\n"
                "31 23 0:26 / /cg rw - cgroup2 cgroup2 rw\n"
                "32 23 0:26 /a /again rw - cgroup2 cgroup2 rw\n",
                "0::/a\n");
    put("/elsewhere/cpu.max", "100000 100000\n");
    put("/again/cpu.max", "200000 100000\n");
    check_v2("700000 100000\n", 7);
}

static void test_blanks_and_colons_in_paths(void **state)
{
    (void)state;
    put_process("30 23 0:26 / /my\\040cg rw - cgroup2 cgroup2 rw\n", "0::/a:b c\n");
    put("/my cg/a:b c/cpu.max", "300000 100000\n");
    assert_int_equal(read_quota(), 3);
}

static void test_missing_or_broken_process_files_mean_no_quota(void **state)
{
    (void)state;
    put("/cg/cpu.max", "100000 100000\n");
    put("/cg/a/cpu.max", "100000 100000\n");
    assert_int_equal(read_quota(), 0);
    put("/proc/self/mountinfo", mount_v2);
    assert_int_equal(read_quota(), 0);
    static const char *const groups[] = {"\n", ":", "0", "0:", "0:cpu", "5:memory:/a\n", "no colons\n/a\n"};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        put("/proc/self/cgroup", groups[i]);
        assert_int_equal(read_quota(), 0);
    }
    put("/proc/self/cgroup", "0::/a\n");
    static const char *const mounts[] = {"",
                                         "\n",
                                         "30",
                                         "30 23 0:26 / /cg rw\n",
                                         "30 23 0:26 / /cg rw - cgroup2\n",
                                         "30 23 0:26 / /cg rw - cgroup2 cgroup2\n",
                                         " - cgroup2 cgroup2\n",
                                         "     -"};
    for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
        put("/proc/self/mountinfo", mounts[i]);
        assert_int_equal(read_quota(), 0);
    }
}

static void test_long_lines_do_not_hide_others(void **state)
{
    (void)state;
    char *mounts = malloc(20000);
    assert_non_null(mounts);
    memset(mounts, 'x', 20000);
    strcpy(mounts + 10000, "\n");
    strcat(mounts, mount_v2);
    put_process(mounts, "0::/a\n");
    free(mounts);
    check_v2("300000 100000\n", 3);
}

static void test_a_path_that_is_too_long_means_no_quota(void **state)
{
    (void)state;
    char group[3000] = "0::/";
    memset(group + 4, 'y', sizeof group - 5);
    group[sizeof group - 1] = '\0';
    put_process(mount_v2, group);
    put("/cg/cpu.max", "100000 100000\n");
    assert_int_equal(read_quota(), 0);
}

static void test_a_changed_quota_is_seen_without_looking_for_the_group_again(void **state)
{
    (void)state;
    put_process(mount_v2, "0::/a\n");
    put("/cg/a/cpu.max", "400000 100000\n");
    struct rovei_quota quota;
    rovei_quota_init(&quota, root);
    assert_int_equal(rovei_quota_read(&quota), 4);
    put("/cg/a/cpu.max", "100000 100000\n");
    assert_int_equal(rovei_quota_read(&quota), 1);
    put("/cg/a/cpu.max", "max 100000\n");
    assert_int_equal(rovei_quota_read(&quota), 0);
}

static void test_quota_decides_the_workers(void **state)
{
    (void)state;
    put_process(mount_v2, "0::/a\n");
    static const struct {
        const char *content;
        int workers;
    } cases[] = {{"50000 100000", 1}, {"100000 100000", 1}, {"150000 100000", 2}, {"max 100000", 16}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put("/cg/a/cpu.max", cases[i].content);
        struct rovei_machine machine = {.pu_count = 16, .allowed_count = 16};
        struct rovei_limits limits = {.quota = read_quota()};
        const char *decided_by;
        assert_int_equal(rovei_limits_workers(&limits, &machine, &decided_by), cases[i].workers);
    }
}

static void test_the_real_quota_is_sensible(void **state)
{
    (void)state;
    struct rovei_quota quota;
    rovei_quota_init(&quota, "");
    assert_true(rovei_quota_read(&quota) >= 0);
}

int main(void)
{
#define ON_A_ROOT(test) cmocka_unit_test_setup_teardown(test, root_setup, root_teardown)
    const struct CMUnitTest tests[] = {
        ON_A_ROOT(test_quota_is_rounded_up),
        ON_A_ROOT(test_no_quota_is_zero),
        ON_A_ROOT(test_garbage_is_no_quota),
        ON_A_ROOT(test_quota_of_version_one),
        ON_A_ROOT(test_the_least_of_nested_groups_counts),
        ON_A_ROOT(test_other_groups_do_not_count),
        ON_A_ROOT(test_both_versions_together_give_the_least),
        ON_A_ROOT(test_a_mount_of_a_part_of_the_hierarchy),
        ON_A_ROOT(test_groups_beyond_the_namespace),
        ON_A_ROOT(test_the_first_mount_that_shows_the_group_is_taken),
        ON_A_ROOT(test_blanks_and_colons_in_paths),
        ON_A_ROOT(test_missing_or_broken_process_files_mean_no_quota),
        ON_A_ROOT(test_long_lines_do_not_hide_others),
        ON_A_ROOT(test_a_path_that_is_too_long_means_no_quota),
        ON_A_ROOT(test_a_changed_quota_is_seen_without_looking_for_the_group_again),
        ON_A_ROOT(test_quota_decides_the_workers),
        cmocka_unit_test(test_the_real_quota_is_sensible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
