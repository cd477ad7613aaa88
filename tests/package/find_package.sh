#!/bin/sh
# Builds a program of somebody else's that finds Rove by find_package, and runs it: C and C++, shared and static.
#
# Usage: CC=... CXX=... CMAKE=... find_package.sh <prefix>
set -eu
prefix=$1
here=$(cd "$(dirname "$0")" && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp "$here"/consumer/* "$work"
"$CMAKE" -S "$work" -B "$work/build" -DCMAKE_PREFIX_PATH="$prefix"
"$CMAKE" --build "$work/build"
for program in c_shared c_static cxx_shared cxx_static; do
    echo "Running $program"
    "$work/build/$program"
done

# The shared ones need the library, the static ones do not.
LC_ALL=C ldd "$work/build/c_shared" | grep -q "librove\.so\.0 => $prefix"
if ldd "$work/build/c_static" | grep librove; then
    echo "The program that links rove::static needs the shared library"
    exit 1
fi
