# Sorts files as `LC_ALL=C sort` does, for every number of workers.
#
#   sh example_sort_lines.sh <program>
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

check() {
    sort "$1" >"$folder/wanted"
    sort -r "$1" >"$folder/reverse"
    for workers in 1 2 3 8; do
        "$program" -j $workers "$1" >"$folder/got" 2>"$folder/messages" || fail "failed on $1 with $workers workers"
        cmp "$folder/wanted" "$folder/got" || fail "$workers workers: another order than that of sort on $1"
        "$program" -j $workers -r -o "$folder/output" "$1" || fail "failed on $1 with $workers workers, in reverse"
        cmp "$folder/reverse" "$folder/output" || fail "$workers workers: another order than that of sort -r on $1"
        [ ! -s "$folder/messages" ] || fail "messages: $(cat "$folder/messages")"
    done
}

# Many lines with much in common, lines of all lengths, empty ones, bytes above 127 and below 32, zeros, no newline at
# the end, and a line that is longer than all the others together.
awk 'BEGIN { for (i = 0; i < 150000; i++) printf "%s%d\n", i % 3 ? "line " : "", i * 7919 % 65537 }' >"$folder/many"
check "$folder/many"
awk 'BEGIN { for (i = 0; i < 2000; i++) { for (j = 0; j < i % 97; j++) printf "%c", 97 + i * j % 3; print "" } }' \
    >"$folder/lengths"
check "$folder/lengths"
printf 'b\n\na\n\n\303\244\n\001\n\tx\naa\na\na\000b\na\000\nab\nabcdefgh\nabcdefgh\000\nabcdefg\nabcdefgi' \
    >"$folder/bytes"
check "$folder/bytes"
{ awk 'BEGIN { for (i = 0; i < 900; i++) print "word " i * 37 % 101 }' && printf '%300000s' '' | tr ' ' w; } \
    >"$folder/long"
check "$folder/long"
printf 'x' >"$folder/one"
check "$folder/one"
printf '\n' >"$folder/newline"
check "$folder/newline"
: >"$folder/empty"
check "$folder/empty"
# Files as they are in the world.
find /usr/include /usr/share/doc -type f -readable 2>/dev/null | head -n 200 | while IFS= read -r file; do
    cat "$file"
done >"$folder/real"
check "$folder/real"

# The output may be the input, and is left alone if something goes wrong.
cp "$folder/many" "$folder/same"
"$program" -o "$folder/same" "$folder/same" || fail "the output is the input"
sort "$folder/many" | cmp - "$folder/same" || fail "another order where the output is the input"
status=0
"$program" -o "$folder/same" "$folder/absent" 2>"$folder/messages" || status=$?
[ $status -eq 1 ] || fail "a file that is absent: status $status"
grep -q 'absent: No such file' "$folder/messages" || fail "a file that is absent is not named"
sort "$folder/many" | cmp - "$folder/same" || fail "the output was touched in spite of an error"
status=0
"$program" "$folder" 2>"$folder/messages" || status=$?
[ $status -eq 1 ] && grep -q 'is no regular file' "$folder/messages" || fail "a folder: status $status"
status=0
"$program" -o "$folder/absent/file" "$folder/one" 2>"$folder/messages" || status=$?
[ $status -eq 1 ] && grep -q 'absent/file could not be written' "$folder/messages" || fail "no folder: status $status"
for options in '' '-j 0 FILE' '-j many FILE' '-x FILE' 'FILE FILE' '-o'; do
    status=0
    # shellcheck disable=SC2086
    "$program" $options >/dev/null 2>"$folder/messages" || status=$?
    [ $status -eq 2 ] || fail "options '$options': status $status"
    [ -s "$folder/messages" ] || fail "options '$options': no message"
done
