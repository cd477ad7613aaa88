#!/bin/sh
# count.sh <program> <most> <most at>: fails if a fork and its join take more than <most> instructions, or more than
# <most at> where the place in the deque is passed on. Both have one digit after the point. The figures include the two
# calls of fib that belong to each fork.
set -eu
. "$(dirname "$0")/instructions.sh"

plain=$(hundredths "$1" plain)
at=$(hundredths "$1" at)
echo "rove_fork and rove_join: $(decimal "$plain") instructions; at most $2"
echo "rove_fork_prepared_at and rove_join_at: $(decimal "$at") instructions; at most $3"
[ "$plain" -le "${2%.*}${2#*.}0" ] && [ "$at" -le "${3%.*}${3#*.}0" ]
