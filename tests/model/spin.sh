#!/bin/sh
# Runs a Spin model to the end: first assertions and deadlocks, then each of its LTL properties under weak fairness.
#
# Usage: spin.sh <spin> <cc> <model> <folder to work in>
set -eu
spin=$1 cc=$2 model=$3 work=$4

mkdir -p "$work"
cd "$work"
"$spin" -a "$model"

# search <flags of the compiler> -- <flags of the search>; a search that was cut short proves nothing.
search()
{
    flags=
    while [ "$1" != -- ]; do
        flags="$flags $1"
        shift
    done
    shift
    # shellcheck disable=SC2086
    "$cc" -O2 -w $flags -o pan pan.c
    ./pan -m2000000 "$@" | tee pan.log
    grep -q 'errors: 0' pan.log
    if grep -q -e 'max search depth too small' -e 'Search not completed' pan.log; then
        echo "The search was cut short"
        return 1
    fi
}

search -DSAFETY -DNOCLAIM --
sed -n 's/^ltl  *\([A-Za-z_0-9]*\).*/\1/p' "$model" | while read -r property; do
    search -DNFAIR=3 -- -a -f -N "$property"
done
