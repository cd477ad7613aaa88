#!/bin/sh
# Builds Rove as part of another project, without hwloc, and runs a program against it.
#
# Usage: CC=... CMAKE=... subproject.sh <top of Rove's tree>
set -eu
source=$1
here=$(cd "$(dirname "$0")" && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$CMAKE" -S "$here/subproject" -B "$work" -DROVE_SOURCE="$source" -DROVE_HWLOC=OFF
"$CMAKE" --build "$work"
for program in owner_shared owner_static; do
    echo "Running $program"
    "$work/$program"
    if ldd "$work/$program" | grep hwloc; then
        echo "$program needs hwloc in a build without it"
        exit 1
    fi
done
