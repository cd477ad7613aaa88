# Checks the floors of the library: reads every #include and every conditional of the sources below include/, runtime/
# and numa/, names all that break a rule, and fails if there is one.
#
#   cmake -DROVE_SOURCE=<top of the tree> -P layering.cmake
#
# Floors, from the ground up. A file includes its own floor, floors below and public headers; nothing else of Rove.
set(floors
    runtime/platform
    runtime/queue
    numa
    runtime/sched
    runtime/task
    runtime/pool)

# Headers of ISO C that any file may use. The rest of them is a matter of the operating system and, like all its other
# headers, belongs to runtime/platform.
set(iso_headers assert ctype errno float inttypes limits math setjmp stdalign stdarg stdatomic stdbool stddef stdint stdio
                stdlib stdnoreturn string)

cmake_minimum_required(VERSION 3.25)

set(broken 0)
function(break_rule where what)
    message("${where}: ${what}")
    math(EXPR broken "${broken} + 1")
    set(broken ${broken} PARENT_SCOPE)
endfunction()

# The height of the floor that a path (from the top of the tree) lies on; public headers are above all; -1: on none.
function(find_height path result)
    set(${result} -1 PARENT_SCOPE)
    list(LENGTH floors top)
    if(path MATCHES "^include/rove/[^/]+$")
        set(${result} ${top} PARENT_SCOPE)
    endif()
    cmake_path(GET path PARENT_PATH folder)
    list(FIND floors "${folder}" height)
    if(NOT height EQUAL -1)
        set(${result} ${height} PARENT_SCOPE)
    endif()
endfunction()

# An include in angle brackets: public headers, ISO C, hwloc behind its seam, the system on the ground floor.
macro(check_system_include file line header)
    if("${header}" MATCHES "^rove/")
        if(NOT EXISTS ${ROVE_SOURCE}/include/${header})
            break_rule("${file}:${line}" "<${header}> does not exist")
        endif()
    elseif("${header}" MATCHES "^hwloc(\\.h|/)")
        if(NOT "${file}" STREQUAL "numa/backend_hwloc.c")
            break_rule("${file}:${line}" "<${header}> outside numa/backend_hwloc.c")
        endif()
    elseif(NOT "${file}" MATCHES "^runtime/platform/")
        string(REGEX REPLACE "\\.h$" "" name "${header}")
        if(NOT name IN_LIST iso_headers)
            break_rule("${file}:${line}" "<${header}> of the operating system outside runtime/platform")
        endif()
    endif()
endmacro()

# An include in quotes: a path from the top of the tree, not upward.
macro(check_own_include file line header height)
    find_height("${header}" target)
    if(NOT EXISTS ${ROVE_SOURCE}/${header})
        break_rule("${file}:${line}" "\"${header}\" is no path from the top of the tree")
    elseif(target EQUAL -1)
        break_rule("${file}:${line}" "\"${header}\" lies on no floor")
    elseif("${file}" MATCHES "^include/")
        break_rule("${file}:${line}" "public header includes \"${header}\"")
    elseif("${header}" MATCHES "^include/")
        break_rule("${file}:${line}" "\"${header}\" is public and is included as <rove/...>")
    elseif(target GREATER ${height})
        break_rule("${file}:${line}" "upward include of \"${header}\"")
    endif()
endmacro()

# A conditional: the guard of a header, and the question whether this is C++, are open to all.
macro(check_conditional file line text)
    if(NOT "${file}" MATCHES "^(runtime/platform/|numa/backend_[^/]*\\.c$|include/rove/self.h$)"
       AND NOT "${text}" MATCHES "^#ifndef ROVE[A-Z0-9_]*_H$"
       AND NOT "${text}" MATCHES "^#ifdef (__cplusplus|ROVE_DEBUG)$")
        break_rule("${file}:${line}" "conditional compilation outside runtime/platform and numa/backend_*.c: ${text}")
    endif()
endmacro()

# Finds the directives of a file with their line numbers. Only they are taken apart, because brackets and semicolons in
# other lines would upset CMake's lists.
function(check_file file)
    find_height("${file}" height)
    if(height EQUAL -1)
        break_rule("${file}" "lies on no floor")
    endif()
    file(READ ${ROVE_SOURCE}/${file} text)
    string(REGEX REPLACE "[][;\\]" " " text "${text}")
    string(REPLACE "\n" ";" lines "${text}")
    set(number 0)
    foreach(text IN LISTS lines)
        math(EXPR number "${number} + 1")
        string(REGEX REPLACE "^[ \t]*#[ \t]*" "#" text "${text}")
        if("${text}" MATCHES "^#include[ \t]*<([^>]*)>")
            check_system_include("${file}" ${number} "${CMAKE_MATCH_1}")
        elseif("${text}" MATCHES "^#include[ \t]*\"([^\"]*)\"")
            check_own_include("${file}" ${number} "${CMAKE_MATCH_1}" ${height})
        elseif("${text}" MATCHES "^#include")
            break_rule("${file}:${number}" "include of a macro")
        elseif("${text}" MATCHES "^#(if|ifdef|ifndef|elif)[^a-z]")
            string(STRIP "${text}" text)
            check_conditional("${file}" ${number} "${text}")
        endif()
    endforeach()
    set(broken ${broken} PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE files RELATIVE ${ROVE_SOURCE} ${ROVE_SOURCE}/include/*.[ch] ${ROVE_SOURCE}/runtime/*.[ch]
     ${ROVE_SOURCE}/numa/*.[ch])
list(SORT files)
list(LENGTH files count)
if(count EQUAL 0)
    message(FATAL_ERROR "No sources below ${ROVE_SOURCE}")
endif()
foreach(file IN LISTS files)
    check_file(${file})
endforeach()
if(broken)
    message(FATAL_ERROR "${broken} broken rules in ${count} files")
endif()
message(STATUS "${count} files keep to their floors")
