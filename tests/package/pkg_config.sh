#!/bin/sh
# Builds a program with nothing but a compiler and pkg-config, and runs it: shared, then static, then C++.
#
# Usage: CC=... CXX=... pkg_config.sh <folder of rove.pc>
set -eu
PKG_CONFIG_PATH=$1
export PKG_CONFIG_PATH
here=$(cd "$(dirname "$0")" && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
libraries=$(pkg-config --variable=libdir rove)

# shellcheck disable=SC2046
"$CC" -O2 "$here/consumer/consumer.c" $(pkg-config --cflags --libs rove) -o "$work/shared"
LD_LIBRARY_PATH=$libraries "$work/shared"

# shellcheck disable=SC2046
"$CXX" -std=c++17 -O2 "$here/consumer/consumer.cpp" $(pkg-config --cflags --libs rove) -o "$work/shared_cxx"
LD_LIBRARY_PATH=$libraries "$work/shared_cxx"

# Where only the static library lies, the linker takes that. It lies elsewhere, as an installation may be moved.
cp -R "$(pkg-config --variable=prefix rove)" "$work/moved"
find "$work/moved" -name 'librove.so*' -exec rm {} +
PKG_CONFIG_PATH=$(dirname "$(find "$work/moved" -name rove.pc)")
# shellcheck disable=SC2046
"$CC" -O2 "$here/consumer/consumer.c" $(pkg-config --static --cflags --libs rove) -o "$work/static"
if ldd "$work/static" | grep librove; then
    echo "The program that was linked statically needs the shared library"
    exit 1
fi
"$work/static"

# It says the version that the header says.
version=$(sed -n 's/^#define ROVE_VERSION_[A-Z]* //p' "$(pkg-config --variable=includedir rove)/rove/version.h" |
    paste -s -d .)
test "$(pkg-config --modversion rove)" = "$version"
