#!/bin/sh
# Does what README.md tells its reader, word for word, in an empty folder: the first C program in it, built by the first
# CMake file in it, and by the command with pkg-config.
#
# Usage: CC=... CMAKE=... readme.sh <README.md> <prefix> <folder of rove.pc>
set -eu
readme=$1 prefix=$2
PKG_CONFIG_PATH=$3
export PKG_CONFIG_PATH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# extract <language>: the first block that is fenced as that language.
extract()
{
    awk -v fence="^\`\`\`$1\$" '
        inside && /^```$/ { exit }
        inside { print }
        $0 ~ fence { inside = 1 }' "$readme"
}

extract c >fib.c
extract cmake >CMakeLists.txt
test -s fib.c && test -s CMakeLists.txt
command=$(grep -E '^cc .*pkg-config' "$readme")

"$CMAKE" -S . -B build -DCMAKE_PREFIX_PATH="$prefix"
"$CMAKE" --build build
test "$(./build/fib)" = "fib(40) = 102334155"

cc() { "$CC" -Wall -Wextra -Werror "$@"; }
eval "$command"
test "$(LD_LIBRARY_PATH=$(pkg-config --variable=libdir rove) ./fib)" = "fib(40) = 102334155"
