# smoke.sh <rove-figures> <figure>: the figure runs at its tiny size, its answers are right (or it would end with 2), it
# ends with a figure, and it refuses arguments that make no sense. Whether `idle` was disturbed (it ends with 1 then) is
# not judged here: a debugger or a profiler that stops the threads wakes them.
set -eu
program=$1
figure=$2

fail() {
    echo "$*" >&2
    exit 1
}

status=0
lines=$("$program" --tiny "$figure") || status=$?
echo "$lines"
case $figure-$status in
*-0 | idle-1) ;;
*) fail "status $status" ;;
esac
case $figure in
idle) wanted='^pool threads that ran: [0-9]* .* used [0-9.]* ms' ;;
serial) wanted='^[1-9][0-9]* boards; .* ratio [0-9.]*' ;;
neighbours) wanted='^ *median *[0-9]\.[0-9]* *[0-9]\.[0-9]* (target' ;;
openmp) wanted='^ *median .*[0-9]\.[0-9]* |.*[0-9]\.[0-9]* (time' ;;
pool) wanted='^ *16 *[0-9]* *[0-9]*$' ;;
*) fail "an unknown figure" ;;
esac
echo "$lines" | tail -n 1 | grep -q "$wanted" || fail "no figure in the last line"

for number in 0 -1 many '' 3x nan 1e9; do
    status=0
    "$program" --tiny "$figure" "$number" >/dev/null 2>&1 || status=$?
    [ $status -eq 2 ] || fail "'$number' as a number: status $status"
done
status=0
"$program" --tiny "$figure" 1 2 >/dev/null 2>&1 || status=$?
[ $status -eq 2 ] || fail "an argument too many: status $status"
