#!/bin/sh
# Compares what the shared library exports with what the public headers declare, and looks for names in the static
# library that could clash with those of a program.
#
# Usage: symbols.sh <nm> <include folder> <shared library> <static library>
set -eu
nm=$1 include=$2 shared=$3 static=$4

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A declaration may go over several lines; the name is what stands before the first parenthesis or, of a variable, the
# last word before an attribute or the semicolon.
grep -hv '^#' "$include"/rove/*.h | tr '\n' ' ' | grep -o 'ROVE_API [^;]*;' |
    sed -e 's/__attribute__((.*))//' -e 's/(.*//' -e 's/[ ;]*$//' -e 's/.*[ *]//' |
    sort -u >"$work/declared"
"$nm" -D --defined-only "$shared" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u >"$work/exported"

failed=0
if [ ! -s "$work/declared" ] || ! diff "$work/declared" "$work/exported" >"$work/difference"; then
    echo "Declared in the headers (<) and exported by the library (>) differ:"
    cat "$work/difference"
    failed=1
fi
if grep -v -E '^(rove_[a-z0-9_]+|rovei_self(_announce|_outside)?|rovei_(fork|join)_slow)$' "$work/exported"; then
    echo "is exported, which is no public name and none that the inline functions need"
    failed=1
fi
if "$nm" -g --defined-only "$static" | awk 'NF == 3 { print $3 }' | grep -v -E '^rovei?_'; then
    echo "is defined by the static library and does not begin with rove_ or rovei_"
    failed=1
fi
exit $failed
