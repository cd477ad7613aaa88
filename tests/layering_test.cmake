# Shows that layering.cmake can fail: a small tree that keeps the rules passes, and each way to break one is found.
#
#   cmake -DROVE_FIXTURE=<folder to work in> -P layering_test.cmake

cmake_minimum_required(VERSION 3.25)

# The smallest tree with something on every floor.
function(write_tree)
    file(REMOVE_RECURSE ${ROVE_FIXTURE})
    file(WRITE ${ROVE_FIXTURE}/include/rove/task.h
         "#ifndef ROVE_TASK_H\n#define ROVE_TASK_H\n#include <stdint.h>\n#ifdef __cplusplus\n#endif\n#endif\n")
    file(WRITE ${ROVE_FIXTURE}/runtime/platform/futex.c "#include <unistd.h>\n\n#ifdef __linux__\n#endif\n")
    file(WRITE ${ROVE_FIXTURE}/runtime/platform/futex.h "#include <rove/task.h>\n")
    file(WRITE ${ROVE_FIXTURE}/runtime/queue/deque.h "#include \"runtime/platform/futex.h\"\n")
    file(WRITE ${ROVE_FIXTURE}/numa/backend_hwloc.c "#include <hwloc.h>\n#if 1\n#endif\n")
    file(WRITE ${ROVE_FIXTURE}/numa/plan.h "#include \"runtime/queue/deque.h\"\n")
    file(WRITE ${ROVE_FIXTURE}/runtime/sched/steal.h "#include \"numa/plan.h\"\n")
    file(WRITE ${ROVE_FIXTURE}/runtime/task/group.c "#include <rove/task.h>\n# include \"runtime/sched/steal.h\"\n")
endfunction()

function(run_check result_variable output_variable)
    execute_process(
        COMMAND ${CMAKE_COMMAND} -DROVE_SOURCE=${ROVE_FIXTURE} -P ${CMAKE_CURRENT_LIST_DIR}/layering.cmake
        RESULT_VARIABLE result
        OUTPUT_VARIABLE output
        ERROR_VARIABLE output)
    set(${result_variable} ${result} PARENT_SCOPE)
    set(${output_variable} "${output}" PARENT_SCOPE)
endfunction()

# expect_broken(<file> <line to add to it> <what must be said>)
function(expect_broken file line message)
    write_tree()
    file(APPEND ${ROVE_FIXTURE}/${file} "${line}\n")
    run_check(result output)
    string(FIND "${output}" "${message}" position)
    if(result EQUAL 0 OR position EQUAL -1 OR NOT output MATCHES "1 broken rules")
        message(FATAL_ERROR "'${line}' in ${file} should be found as '${message}', but the check said:\n${output}")
    endif()
endfunction()

write_tree()
run_check(result output)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "A tree that keeps the rules is refused:\n${output}")
endif()

expect_broken(runtime/platform/futex.c "#include \"runtime/queue/deque.h\"" "futex.c:5: upward include")
expect_broken(runtime/queue/deque.h "#include \"numa/plan.h\"" "deque.h:2: upward include")
expect_broken(numa/plan.h "  #  include \"runtime/sched/steal.h\"" "plan.h:2: upward include")
expect_broken(runtime/sched/steal.h "#include \"runtime/task/group.c\"" "steal.h:2: upward include")
expect_broken(runtime/sched/steal.h "#include \"numa/absent.h\"" "no path from the top")
expect_broken(runtime/sched/steal.h "#include \"include/rove/task.h\"" "is included as <rove/...>")
expect_broken(runtime/sched/steal.h "#include <rove/absent.h>" "<rove/absent.h> does not exist")
expect_broken(runtime/sched/steal.h "#include HEADER" "include of a macro")
expect_broken(include/rove/task.h "#include \"numa/plan.h\"" "public header includes")
expect_broken(include/rove/task.h "#include <pthread.h>" "<pthread.h> of the operating system")
expect_broken(runtime/task/group.c "#include <sys/mman.h>" "<sys/mman.h> of the operating system")
expect_broken(numa/backend_hwloc.c "#include <sched.h>" "<sched.h> of the operating system")
expect_broken(runtime/task/group.c "#include <signal.h>" "<signal.h> of the operating system")
expect_broken(runtime/platform/futex.c "#include <hwloc.h>" "<hwloc.h> outside")
expect_broken(numa/plan.h "#include <hwloc/linux.h>" "<hwloc/linux.h> outside")
expect_broken(runtime/task/group.c "#ifdef NDEBUG\n#endif" "conditional compilation outside")
expect_broken(numa/plan.h "#if defined(__x86_64__)\n#endif" "conditional compilation outside")
expect_broken(include/rove/task.h "# ifndef __GNUC__\n#endif" "conditional compilation outside")
expect_broken(runtime/stray.c "" "runtime/stray.c: lies on no floor")

file(REMOVE_RECURSE ${ROVE_FIXTURE})
