# The program of the README: prints the right numbers, and says what it wants.
#
#   sh example_fib.sh <program>
set -eu
program=$1

expect() {
    wanted=$1
    shift
    got=$("$@")
    [ "$got" = "$wanted" ] || {
        echo "$*: got '$got' instead of '$wanted'" >&2
        exit 1
    }
}

refuse() {
    if message=$("$@" 2>&1 >/dev/null); then
        echo "$*: succeeded" >&2
        exit 1
    fi
    [ -n "$message" ] || {
        echo "$*: failed without a word" >&2
        exit 1
    }
}

expect 'fib(0) = 0' "$program" 0
expect 'fib(1) = 1' "$program" 1
expect 'fib(30) = 832040' "$program" 30
for workers in 1 2 4; do
    expect 'fib(32) = 2178309' env ROVE_WORKERS=$workers "$program" 32
done
# Under a sanitizer the README's number would take minutes.
if [ -z "${ROVE_TEST_SANITIZED:-}" ]; then
    expect 'fib(40) = 102334155' "$program"
fi
refuse "$program" -1
refuse "$program" 93
refuse "$program" many
refuse "$program" ''
refuse "$program" 3x
refuse "$program" 3 4
refuse env ROVE_WORKERS=many "$program" 3
