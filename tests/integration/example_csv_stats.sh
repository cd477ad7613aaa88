# Statistics of measurements as awk computes them, for every number of workers, and what is said about bad files.
#
#   sh example_csv_stats.sh <program>
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

# The definition. Numbers below 2^53 are exact in awk, so are these sums of tenths.
stats_by_awk() {
    awk -F ';' '
        { tenths = $2; sub(/\./, "", tenths); tenths += 0 }
        !($1 in count) || tenths < min[$1] { min[$1] = tenths }
        !($1 in count) || tenths > max[$1] { max[$1] = tenths }
        { sum[$1] += tenths; count[$1]++ }
        function decimal(number, unit, size) {
            size = number < 0 ? -number : number
            return sprintf("%s%d.%0*d", number < 0 ? "-" : "", int(size / unit), unit == 10 ? 1 : 2, size % unit)
        }
        function mean(key, size) {
            size = sum[key] < 0 ? -sum[key] : sum[key]
            size = int((size * 20 + count[key]) / (2 * count[key]))
            return sum[key] < 0 ? -size : size
        }
        END {
            for (key in count)
                print key ";" decimal(min[key], 10) ";" decimal(mean(key), 100) ";" decimal(max[key], 10) ";" count[key]
        }' "$1" | sort -t ';' -k1,1
}

check() {
    stats_by_awk "$1" >"$folder/wanted"
    "$program" -s "$1" >"$folder/serial" 2>"$folder/messages" || fail "failed on $1"
    sort -t ';' -k1,1 "$folder/serial" | cmp - "$folder/wanted" || fail "another result than that of awk on $1"
    for workers in 1 2 3 8; do
        "$program" -j $workers "$1" >"$folder/got" 2>"$folder/messages" || fail "failed on $1 with $workers workers"
        cmp "$folder/serial" "$folder/got" || fail "$workers workers have another result on $1"
        [ ! -s "$folder/messages" ] || fail "messages although this is no terminal: $(cat "$folder/messages")"
    done
}

"$program" --generate "$folder/large" 100000 7
"$program" --generate "$folder/again" 100000 7
"$program" --generate "$folder/other" 100000 8
[ "$(wc -l <"$folder/large")" -eq 100000 ] || fail "it did not generate 100000 rows"
cmp "$folder/large" "$folder/again" || fail "the same seed makes another file"
cmp -s "$folder/large" "$folder/other" && fail "another seed makes the same file"
check "$folder/large"
[ "$(wc -l <"$folder/wanted")" -eq 500 ] || fail "there are not 500 stations"

# More stations than any table begins with, a long name, rounding of halves, and no newline at the end.
awk 'BEGIN {
    for (i = 0; i < 40000; i++) printf "station %d;%d.%d\n", i * 7919 % 13000, i % 2001 - 1000, i % 10
    for (i = 0; i < 70000; i++) printf "x"
    printf ";-999999.9\nhalf;0.1\nhalf;0.1\nhalf;0.1\nhalf;0.2\n"
    printf "less;-0.1\nless;-0.1\nless;-0.1\nless;-0.2\nlast;-0.0" }' \
    >"$folder/awkward"
check "$folder/awkward"
grep -q '^half;0.1;0.13;0.2;4$' "$folder/got" || fail "a half is not rounded away from zero"
grep -q '^less;-0.2;-0.13;-0.1;4$' "$folder/got" || fail "a negative half is not rounded away from zero"
printf 'a;1.0' >"$folder/one"
check "$folder/one"

# What is wrong is named, with its line, the first one first, and nothing is printed.
complains() {
    status=0
    "$program" -j 3 "$1" >"$folder/got" 2>"$folder/messages" || status=$?
    [ $status -eq 1 ] || fail "$1: status $status"
    grep -q -- "$2" "$folder/messages" || fail "$1: not '$2' but: $(cat "$folder/messages")"
    [ "$(wc -l <"$folder/messages")" -eq 1 ] || fail "$1: more than one message"
    [ ! -s "$folder/got" ] || fail "$1: results in spite of an error"
}
complains "$folder/absent" 'absent: No such file'
complains "$folder" 'is no regular file'
: >"$folder/empty"
complains "$folder/empty" 'is empty'
for line in '' 'a' 'a;' ';1.0' 'a;1' 'a;1.' 'a;.5' 'a;1.23' 'a;1,2' 'a;--1.0' 'a;1.0 ' 'a;1234567.0' 'a;b;1.0' \
    'a;1.0;'; do
    { head -n 77776 "$folder/large" && printf '%s\n' "$line" && tail -n 22000 "$folder/large" &&
        echo 'also bad'; } >"$folder/bad"
    complains "$folder/bad" ": line 77777 is not like .*: \"$line\"$"
done
for options in '' '-j 0 FILE' '-j many FILE' '-x FILE' 'FILE FILE' '--generate' '--generate FILE' \
    '--generate FILE x 1' '--generate FILE -5 1' '--generate FILE 5 1 1'; do
    status=0
    # shellcheck disable=SC2086
    (cd "$folder" && "$program" $options >/dev/null 2>messages) || status=$?
    [ $status -eq 2 ] || fail "options '$options': status $status"
    [ -s "$folder/messages" ] || fail "options '$options': no message"
done
status=0
"$program" --generate "$folder/absent/file" 5 1 2>"$folder/messages" || status=$?
[ $status -eq 1 ] && grep -q 'absent/file' "$folder/messages" || fail "a file that cannot be written: status $status"

# On a terminal it draws a bar and wipes it out in the end.
if command -v script >/dev/null; then
    script -qec "'$program' '$folder/large'" /dev/null </dev/null >"$folder/screen"
    grep -q '#.*%' "$folder/screen" || fail "no progress on a terminal"
fi
