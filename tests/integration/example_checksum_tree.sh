# Checksums as gzip writes them, on trees as they are and on odd ones; errors, interruption, output that fails.
#
#   sh example_checksum_tree.sh <program>
set -eu
program=$1
LC_ALL=C
export LC_ALL
folder=$(mktemp -d)
trap 'chmod -R u+rwx "$folder"; rm -rf "$folder"' EXIT
chmod 755 "$folder"

fail() {
    echo "$*" >&2
    exit 1
}

# The definition: a gzip file ends with the check sum and the size, four bytes each, the lowest first.
sums_by_gzip() {
    find "$@" -type f -exec sh -c '
        for path; do
            sum=$(gzip -1 -c <"$path" | tail -c 8 | od -An -v -tx1 -N4 | awk "{ print \$4 \$3 \$2 \$1 }")
            size=$(($(wc -c <"$path")))
            printf "%s %s " "$sum" "$size"
            printf "%s\n" "$path" | sed -e "s/\\\\/\\\\\\\\/g" -e ":more" -e "\$!N" -e "\$!bmore" -e "s/\n/\\\\n/g"
        done' sh {} + | sort
}

check() {
    sums_by_gzip "$@" >"$folder/wanted"
    for options in '-j 1' '-j 2 -q 1' '-j 5 -q 7'; do
        # shellcheck disable=SC2086
        "$program" $options "$@" >"$folder/got" 2>"$folder/messages" || fail "$options: failed on $*"
        sort "$folder/got" | cmp - "$folder/wanted" || fail "$options: other sums than those of gzip on $*"
        [ ! -s "$folder/messages" ] || fail "messages although this is no terminal: $(cat "$folder/messages")"
    done
}

# Everything that is awkward: names with a newline, a backslash, a space, bytes above 127; empty files and folders; sizes
# around that of a block; what is no regular file.
data=$folder/data
mkdir -p "$data/a folder" "$data/empty folder"
: >"$data/empty"
printf x >"$data/a folder/new
line"
printf y >"$data/a folder/back\\slash"
printf z >"$data/a folder/-\303\244 \377"
awk 'BEGIN { for (i = 0; i < 330000; i++) print i * 7919 % 65521, i }' >"$data/large"
for size in 1048575 1048576 1048577 2097152 3145727; do
    head -c $size "$data/large" >"$data/of $size"
done
ln -s "$data" "$data/loop"
ln -s absent "$data/dangling"
mkfifo "$data/fifo"
check "$data"
grep -q '/a folder/new\\nline$' "$folder/got" || fail "a newline in a name is not written as \\n"
grep -q '/a folder/back\\\\slash$' "$folder/got" || fail "a backslash in a name is not doubled"
check "$data/empty" "$data/a folder"
[ "$("$program" "$data/empty")" = "00000000 0 $data/empty" ] || fail "the sum of nothing is not 0"
ln -s "$data/a folder" "$folder/link"
[ "$("$program" "$folder/link" | wc -l)" -eq 3 ] || fail "a link is not followed where it is named"
# Files as they are in the world.
mkdir "$folder/real"
find /usr/include /usr/share/doc -type f -readable 2>/dev/null | head -n 300 | while IFS= read -r file; do
    cp "$file" "$folder/real/"
done
check "$folder/real"

# What cannot be read is named, and the rest is done.
expect_error() {
    wanted=$1
    shift
    status=0
    "$@" >"$folder/got" 2>"$folder/messages" || status=$?
    [ $status -eq 1 ] || fail "$wanted: status $status"
    grep -q -- "$wanted" "$folder/messages" || fail "not '$wanted' but: $(cat "$folder/messages")"
}
expect_error 'absent: No such file or directory$' "$program" "$folder/absent" "$data/empty"
[ "$(wc -l <"$folder/got")" -eq 1 ] || fail "the rest is not done"
expect_error 'dangling: No such file or directory$' "$program" "$data/dangling"
mkdir "$folder/closed" "$folder/closed/inner"
printf x >"$folder/closed/file"
printf x >"$folder/closed/open"
chmod 0 "$folder/closed/file" "$folder/closed/inner"
as_user=
[ "$(id -u)" -ne 0 ] || as_user='setpriv --reuid=65534 --regid=65534 --clear-groups'
# shellcheck disable=SC2086
if $as_user test -x "$program" 2>/dev/null && $as_user test ! -r "$folder/closed/file"; then
    expect_error 'closed/file: Permission denied$' $as_user "$program" "$folder/closed"
    grep -q 'closed/inner: Permission denied$' "$folder/messages" || fail "a closed folder is not named"
    [ "$(wc -l <"$folder/got")" -eq 1 ] || fail "beside what is closed the rest is not done"
fi
if [ -c /dev/full ]; then
    status=0
    "$program" "$data" >/dev/full 2>"$folder/messages" || status=$?
    [ $status -eq 1 ] && grep -q 'output: No space left' "$folder/messages" || fail "output that fails: $status"
fi
for options in '' '-j 0 FILE' '-j many FILE' '-q 0 FILE' '-x FILE' '--json' '--prometheus'; do
    status=0
    # shellcheck disable=SC2086
    "$program" $options >/dev/null 2>"$folder/messages" || status=$?
    [ $status -eq 2 ] || fail "options '$options': status $status"
    [ -s "$folder/messages" ] || fail "options '$options': no message"
done
for option in --json --prometheus; do
    "$program" $option "$folder/statistics" "$data/empty" >/dev/null || fail "$option: failed"
    grep -q checksum_tree "$folder/statistics" || fail "$option does not name the pool"
    expect_error 'absent/statistics' "$program" $option "$folder/absent/statistics" "$data/empty"
done

# A reader that does not read: the pipe fills, then the stream of results, then the queue, and the search stands still.
# `begin` leaves it there, with a line read.
mkdir "$folder/many"
(cd "$folder/many" && seq -f 'file-with-a-name-that-is-long-enough-to-fill-the-pipe-before-the-end-%g' 3000 | xargs touch)
mkfifo "$folder/pipe"
begin() {
    "$program" "$@" "$folder/many" >"$folder/pipe" 2>"$folder/messages" &
    running=$!
    exec 3<"$folder/pipe"
    read -r first <&3
    [ "${first#00000000 0 }" != "$first" ] || fail "the first line: $first"
}
end() {
    cat <&3 >"$folder/got"
    exec 3<&-
    status=0
    wait $running || status=$?
    lines=$(($(wc -l <"$folder/got") + 1))
}

for signal in INT TERM; do
    number=2
    [ $signal = INT ] || number=15
    begin -q 16
    kill -$signal $running
    end
    [ $status -eq $((128 + number)) ] || fail "SIG$signal: status $status"
    grep -q "stopped by signal $number: $lines files are done, 0 failed, [0-9]* that were found are not done" \
        "$folder/messages" || fail "SIG$signal: $lines lines, but: $(cat "$folder/messages")"
    grep -q "search is not over" "$folder/messages" || fail "SIG$signal: the search is over, with a queue of 16"
    [ "$(wc -l <"$folder/messages")" -eq 1 ] || fail "SIG$signal: more than one message"
    [ $lines -lt 3000 ] || fail "SIG$signal: all is done"
done

# Files that vanish when they have been found: each is done or named.
begin -q 16
rm -r "$folder/many"
end
[ $status -eq 1 ] || fail "files that vanish: status $status"
lost=$(grep -c 'pipe-before-the-end-[0-9]*: No such file or directory$' "$folder/messages")
[ "$lost" -gt 0 ] && [ $((lines + lost)) -eq 3000 ] || fail "of 3000 files $lines are done and $lost have vanished"

# On a terminal it draws a bar and wipes it out in the end.
if command -v script >/dev/null; then
    script -qec "'$program' '$data' >/dev/null" /dev/null </dev/null >"$folder/screen"
    grep -q '####\] 10 of 10 files' "$folder/screen" || fail "no progress on a terminal"
    tail -c 3 "$folder/screen" | grep -q '\[K$' || fail "the bar is not wiped out"
fi
