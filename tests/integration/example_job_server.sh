# Talks to the server through pipes: answers, bad lines, the end of the input, backpressure, signals, statistics.
#
#   sh example_job_server.sh <program>
set -eu
program=$1
LC_ALL=C
export LC_ALL
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
    echo "$*" >&2
    exit 1
}

# Takes longer than anybody waits.
endless='primes 999999999999999999'

# All is answered when the input has ended, whatever the order; the last line needs no newline.
{ seq -f 'prime %g' 0 999 && printf 'primes 100000\n3 60000 primes 2\n0 0 primes 3'; } |
    "$program" "$folder/statistics" >"$folder/got" 2>"$folder/messages" || fail "failed: $(cat "$folder/messages")"
grep -qx 'job_server: 1003 jobs, 1003 done, 0 failed, 0 late' "$folder/messages" || fail "$(cat "$folder/messages")"
grep -qx 'rove_pool_jobs_submitted_total{pool="job_server"} 1003' "$folder/statistics" || fail "not 1003 in statistics"
[ "$(cut -d : -f 1 "$folder/got" | sort -n | uniq | wc -l)" -eq 1003 ] || fail "not 1003 answers"
[ "$(wc -l <"$folder/got")" -eq 1003 ] || fail "an answer comes twice"
[ "$(awk -F ': ' '$1 < 1001 && $2 == 1' "$folder/got" | wc -l)" -eq 168 ] || fail "not 168 primes below 1000"
grep -q '^3: 1$' "$folder/got" || fail "2 is prime"
grep -q '^1001: 9592$' "$folder/got" || fail "not 9592 primes below 100000"
grep -q '^1002: 0$' "$folder/got" && grep -q '^1003: 1$' "$folder/got" || fail "primes below 2 and 3"
"$program" </dev/null >"$folder/got" 2>"$folder/messages" || fail "failed without input"
[ ! -s "$folder/got" ] || fail "answers to nothing"
"$program" "$folder/absent/file" </dev/null 2>"$folder/messages" && fail "statistics that cannot be written are no failure"

# Each line, and the answer to it as a regular expression.
answers() {
    got=$(printf '%s\n' "$1" | "$program" 2>"$folder/messages") || fail "'$1': status $?"
    printf '%s\n' "$got" | grep -qx -- "1: $2" || fail "'$1' is answered by: $got"
}
answers 'prime 1000003' 1
answers 'primes -7' 0
answers '  3   0   prime   1000001  ' 0
answers "0 1 $endless" 'error: .*deadline.*'
answers '0 1 prime 999999999999999989' 'error: .*deadline.*'
answers '0 -1 prime 7' 'error: .*deadline.*'
answers 'prime -7' 'error: Numerical argument out of domain'
for line in '' 'prime' 'factor 7' 'primesandmore 7' 'prime 7 8' 'prime x' 'prime 9223372036854775808' '1 prime 7' \
    '1 2' "$(head -c 100000 /dev/zero | tr '\0' p)"; do
    answers "$line" "error: not a job: $line"
done
for level in -1 4 12; do
    answers "$level 0 prime 7" 'error: no such level'
done

# `begin` starts a server that has answered a line; input is descriptor 3, answers come on 4.
mkfifo "$folder/in" "$folder/out"
begin() {
    "$program" <"$folder/in" >"$folder/out" 2>"$folder/messages" &
    running=$!
    exec 3>"$folder/in" 4<"$folder/out"
    echo 'prime 7' >&3
    read -r answer <&4
    [ "$answer" = '1: 1' ] || fail "the first answer: $answer"
}
end() {
    cat <&4 >"$folder/got"
    exec 3>&- 4<&-
    status=0
    wait $running || status=$?
    grep -q '^job_server: [0-9]* jobs, 1 done, 0 failed' "$folder/messages" || fail "$(cat "$folder/messages")"
}

# A signal while it waits for input; and while jobs run, wait in the queue, and more lines than it may hold are there.
for signal in INT TERM; do
    number=2
    [ $signal = INT ] || number=15
    begin
    kill -$signal $running
    end
    [ $status -eq $((128 + number)) ] || fail "SIG$signal: status $status"
    begin
    yes "$endless" | head -n 500 >&3
    echo 'no command' >&3
    kill -$signal $running
    end
    [ $status -eq $((128 + number)) ] || fail "SIG$signal with jobs: status $status"
    grep -qv ': error: ' "$folder/got" && fail "SIG$signal: $(grep -v ': error: ' "$folder/got")"
    [ "$(wc -l <"$folder/got")" -lt 400 ] || fail "SIG$signal: the queue took everything"
done
