#!/bin/sh
# Does what README.md tells its reader, word for word, in an empty folder: the first C program in it, built by the first
# CMake file in it, and by the command with pkg-config; and the other C program, which has a pool.
#
# Usage: CC=... CMAKE=... readme.sh <README.md> <prefix> <folder of rove.pc>
set -eu
readme=$1 prefix=$2
PKG_CONFIG_PATH=$3
export PKG_CONFIG_PATH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# extract <language> <number>: the block of that number, from 1, among those that are fenced as that language.
extract()
{
    awk -v fence="^\`\`\`$1\$" -v number="$2" '
        inside && /^```$/ { exit }
        inside { print }
        $0 ~ fence { inside = ++count == number }' "$readme"
}

extract c 1 >fib.c
extract c 2 >pool.c
extract c 3 >more.c
extract cmake 1 >CMakeLists.txt
test -s fib.c && test -s pool.c && test -s CMakeLists.txt
test ! -s more.c # which nobody would compile
command=$(grep -E '^cc .*pkg-config' "$readme")

"$CMAKE" -S . -B build -DCMAKE_PREFIX_PATH="$prefix"
"$CMAKE" --build build
test "$(./build/fib)" = "fib(40) = 102334155"

cc() { "$CC" -Wall -Wextra -Werror "$@"; }
eval "$command"
test "$(LD_LIBRARY_PATH=$(pkg-config --variable=libdir rove) ./fib)" = "fib(40) = 102334155"

# shellcheck disable=SC2046
cc -std=c11 -O2 pool.c $(pkg-config --cflags --libs rove) -o pool
LD_LIBRARY_PATH=$(pkg-config --variable=libdir rove) ./pool | sort >squares
seq 5 | awk '{ print $1 ": success, " $1 * $1 }' | cmp - squares
