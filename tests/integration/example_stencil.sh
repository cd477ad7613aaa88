# The plate has the same temperatures to the last bit, whatever the number of workers.
#
#   sh example_stencil.sh <program>
set -eu
program=$1

fail() {
    echo "$*" >&2
    exit 1
}

# The smallest plate has one point inside, a quarter of whose neighbours is hot: three hot points at the edge and 25.
"$program" -n 3 -s 20 -e 0 | grep -q '^16 steps, last change 0, mean 36.1111111111 degrees, checksum ' ||
    fail "the smallest plate is $("$program" -n 3 -s 20 -e 0)"

# Sizes around nothing in particular; long enough to be shared.
for options in '-n 4' '-n 37 -e 0.01' '-n 300 -s 150' '-n 701 -s 33 -e 0'; do
    # shellcheck disable=SC2086
    wanted=$("$program" $options -j 1)
    for workers in 1 2 7; do
        # shellcheck disable=SC2086
        got=$("$program" $options -j $workers)
        [ "$got" = "$wanted" ] || fail "$options: '$got' with $workers workers instead of '$wanted'"
    done
done

# It stops when little changes, and a stricter limit takes more steps.
steps() {
    "$program" "$@" | cut -d' ' -f1
}
[ "$(steps -n 40 -e 0.1)" -lt "$(steps -n 40 -e 0.01)" ] || fail "a stricter limit takes no more steps"
[ "$(steps -n 40 -e 0.1 -s 5)" -eq 5 ] || fail "-s 5 does not make 5 steps"

"$program" --help | grep -q usage || fail "no help"
for options in '-n 2' '-n many' '-n' '-s 0' '-e -1' '-e nan' '-j 0' '-j 100000' '-x' 'plate'; do
    status=0
    # shellcheck disable=SC2086
    "$program" $options >/dev/null 2>&1 || status=$?
    [ $status -eq 2 ] || fail "options '$options': status $status"
done
