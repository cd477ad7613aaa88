#!/bin/sh
# pool.sh <program> [<form> <most>]...: fails if a job takes more than <most> instructions in one of the forms, from its
# submission to its end.
set -eu
. "$(dirname "$0")/instructions.sh"

program=$1
shift
failures=0
while [ $# -ge 2 ]; do
    small=$(instructions "$program" "$1" 2)
    large=$(instructions "$program" "$1" 22)
    if [ -z "$small" ] || [ -z "$large" ]; then
        echo "valgrind did not count" >&2
        exit 1
    fi
    count=$(((large - small) * 100 / (20 * 500)))
    echo "$1: $(decimal "$count") instructions per job; at most $2"
    [ "$count" -le "$(($2 * 100))" ] || failures=1
    shift 2
done
exit $failures
