#!/bin/sh
# count.sh <program> <most>: fails if a fork and its join take more than <most> instructions, which valgrind counts: they
# do not depend on what else the machine does. The figure includes the two calls of fib that belong to each fork.
set -eu

# fib(15) forks 986 times, fib(23) 46,367 times.
instructions()
{
    HWLOC_COMPONENTS=stop valgrind --tool=callgrind --callgrind-out-file=/dev/null "$1" "$2" 2>&1 |
        sed -n 's/.*Collected : *//p'
}

small=$(instructions "$1" 15)
large=$(instructions "$1" 23)
if [ -z "$small" ] || [ -z "$large" ]; then
    echo "valgrind did not count"
    exit 1
fi
hundredths=$(((large - small) * 100 / (46367 - 986)))
echo "$((hundredths / 100)).$(printf %02d $((hundredths % 100))) instructions per fork and join; at most $2"
[ "$hundredths" -le "$(($2 * 100))" ]
