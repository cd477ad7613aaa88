#!/bin/sh
# Runs one story of a Spin model to the end. The comment of the model says which there are, in lines like
#
#   story STOPS  property ends  mutants 1 4
#
# By day: assertions and deadlocks, then the story's LTL property under weak fairness, then each of its mutants, where an
# error must be found. A property whose name ends in _nightly is left to the night, which checks nothing else; that of
# safety_nightly is the assertions and deadlocks themselves.
#
# Usage: spin.sh <spin> <cc> <model> <folder to work in> <story> day|night
set -eu
spin=$1 cc=$2 model=$3 work=$4 story=$5 time=$6

memory=1900 # MiB
[ "$time" = day ] || memory=8000
line=$(sed -n "s/^ \\*   story $story  *//p" "$model")
property=$(expr "$line" : 'property \([a-z_]*\)')
mutants=$(expr "$line" : '.*mutants \([0-9 ]*\)')
mkdir -p "$work"
cd "$work"

# search <mutant> <flags of the compiler> -- <flags of the search>
search()
{
    level=-O2
    [ "$1" = 0 ] || level=-O0 # to compile what Spin has made takes longer than to find a mistake in it
    "$spin" -DSTORY="$story" -DMUTANT="$1" -a "$model" >spin.log || { cat spin.log; return 1; }
    shift
    flags=
    while [ "$1" != -- ]; do
        flags="$flags $1"
        shift
    done
    shift
    # shellcheck disable=SC2086
    "$cc" $level -w -DCOLLAPSE -DMEMLIM="$memory" $flags -o pan pan.c
    ./pan -m400000 "$@" >pan.log
}

# must_hold <arguments of search>: a search that was cut short proves nothing.
must_hold()
{
    search 0 "$@"
    grep -e 'errors:' -e 'states, stored' pan.log || true
    if ! grep -q "errors: 0" pan.log || grep -q -e 'max search depth too small' -e 'Search not completed' pan.log; then
        grep -v '^Depth=' pan.log
        return 1
    fi
}

case $time-$property in
day-safety_nightly) ;;
night-safety_nightly | day-none | day-*_nightly) must_hold -DSAFETY -DNOCLAIM -- ;;
night-*) must_hold -DNFAIR=3 -- -a -f -N "${property%_nightly}" ;;
day-*)
    must_hold -DSAFETY -DNOCLAIM --
    must_hold -DNFAIR=3 -- -a -f -N "$property"
    ;;
esac
if [ "$time" = night ]; then
    exit
fi
for mutant in $mutants; do
    search "$mutant" -DSAFETY -DNOCLAIM --
    if grep -q 'errors: 0' pan.log || ! grep -q 'errors:' pan.log; then
        echo "Mutant $mutant survives"
        exit 1
    fi
    echo "mutant $mutant: $(sed -n 's/^pan:1: //p' pan.log | cut -c1-60)"
done
