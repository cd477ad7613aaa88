#!/bin/sh
# Compiles each public header alone, twice over so that its guard is tested too, without a warning.
#
# Usage: headers.sh <include folder> <compiler> <standard, such as c11 or c++17>
set -eu
include=$1 compiler=$2 standard=$3

case $standard in
c++*) language=c++ ;;
*) language=c ;;
esac

failed=0
for path in "$include"/rove/*.h; do
    header=rove/$(basename "$path")
    printf '#include <%s>\n#include <%s>\nextern int nothing;\n' "$header" "$header" |
        "$compiler" -fsyntax-only -x "$language" -std="$standard" -Wall -Wextra -pedantic -Wshadow -Wconversion \
            -Werror -I "$include" - || {
        echo "$header does not compile alone as $standard with $compiler"
        failed=1
    }
done
exit $failed
