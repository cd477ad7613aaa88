# Counts real files as the shell's own tools count them, for every number of workers.
#
#   sh example_wordcount.sh <program>
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

# The definition: a word is a run of letters that is as long as possible. Files are split apart, so that no word goes
# from the end of one into the next.
count_by_tools() {
    find "$@" -type f -size +0c -exec sh -c 'for f; do tr -cs A-Za-z "\n" <"$f"; echo; done' sh {} + |
        tr A-Z a-z | grep . | sort | uniq -c | sort -k1,1nr -k2,2
}

# A folder with everything that is awkward: names with spaces, no newline at the end, bytes above 127, an empty file, a
# word across what may be cut, a word longer than any buffer, and one file that is larger than all the others.
mkdir -p "$folder/data/a folder" "$folder/data/empty folder"
printf 'one Two TWO three' >"$folder/data/a folder/no newline"
printf 'three\303\244three 3three4 three_three-three\n' >"$folder/data/bytes"
: >"$folder/data/nothing"
printf '%300000s' '' | tr ' ' w >"$folder/data/long"
awk 'BEGIN { for (i = 0; i < 120000; i++) printf "%s%c%c ", (i % 7 ? "wo" : "rd"), 97 + i % 26, 97 + i % 5 }' \
    >"$folder/data/large"
ln -s "$folder/data" "$folder/data/loop"

check() {
    count_by_tools "$@" >"$folder/wanted"
    for workers in 1 2 5; do
        "$program" -n 1000000000 -j $workers "$@" >"$folder/got" 2>"$folder/messages" || fail "failed on $*"
        cmp "$folder/wanted" "$folder/got" || fail "another result than that of sort and uniq on $*"
        [ ! -s "$folder/messages" ] || fail "messages although this is no terminal: $(cat "$folder/messages")"
    done
}

check "$folder/data"
check "$folder/data/large" "$folder/data/bytes"
check "$folder/data/nothing"
# Files as they are in the world.
mkdir "$folder/real"
find /usr/include /usr/share/doc -type f -readable 2>/dev/null | head -n 400 | while IFS= read -r file; do
    cp "$file" "$folder/real/"
done
check "$folder/real"

# As many as were asked for, the most frequent first.
[ "$("$program" -n 3 "$folder/data" | wc -l)" -eq 3 ] || fail "-n 3 does not print three lines"
[ "$("$program" "$folder/data/bytes" | head -n 1 | tr -s ' ')" = ' 6 three' ] || fail "six times three"

# What cannot be read is named, and the rest is counted.
status=0
"$program" "$folder/absent" "$folder/data/bytes" >"$folder/got" 2>"$folder/messages" || status=$?
[ $status -eq 1 ] || fail "a file that is absent: status $status"
grep -q 'absent: No such file' "$folder/messages" || fail "a file that is absent is not named"
grep -q three "$folder/got" || fail "the rest is not counted"
for options in '-n' '-n 0' '-n many' '-j 0' '-j 100000' '-x' ''; do
    status=0
    # shellcheck disable=SC2086
    "$program" $options >/dev/null 2>"$folder/messages" || status=$?
    [ $status -eq 2 ] || fail "options '$options': status $status"
    [ -s "$folder/messages" ] || fail "options '$options': no message"
done

# On a terminal it draws a bar and wipes it out in the end.
if command -v script >/dev/null; then
    script -qec "'$program' '$folder/data'" /dev/null </dev/null >"$folder/screen"
    grep -q '100%' "$folder/screen" || fail "no progress on a terminal"
fi
