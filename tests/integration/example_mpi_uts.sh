# The ranks together count every node of the tree once, and each plans only for the processors it was bound to.
#
#   sh example_mpi_uts.sh <mpirun> <program>
set -eu
mpirun=$1
program=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Containers run this as root, on few processors and without leave to read another process's memory.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_btl_vader_single_copy_mechanism=none
bound='-bind-to core'
free='-bind-to none'
if "$mpirun" --version 2>&1 | grep -qi 'open.mpi'; then
    bound='--oversubscribe --bind-to core:overload-allowed'
    free='--oversubscribe --bind-to none'
fi

fail() {
    echo "$*" >&2
    cat "$folder"/* >&2
    exit 1
}

# count <ranks> <binding> <depth> <nodes>: leaves a line "<rank> <workers> <processors> <nodes>" per rank in shares.
count() {
    # shellcheck disable=SC2086
    "$mpirun" -n "$1" $2 "$program" "$3" >"$folder/out" 2>"$folder/err" </dev/null || fail "$1 ranks, $2: failed"
    grep -q "^$4 nodes in [0-9.]* s on $1 ranks$" "$folder/out" || fail "$1 ranks, $2: not $4 nodes"
    sed -n 's/^rank \([0-9]*\): workers \([0-9]*\), processors \([0-9,-]*\); nodes \([0-9]*\),.*/\1 \2 \3 \4/p' \
        "$folder/out" >"$folder/shares"
    [ "$(wc -l <"$folder/shares")" -eq "$1" ] || fail "$1 ranks, $2: not a line for each rank"
    awk -v ranks="$1" -v nodes="$4" '{
        count = 0
        for (i = split($3, parts, ","); i > 0; i--)
            count += split(parts[i], ends, "-") == 2 ? ends[2] - ends[1] + 1 : 1
        if ($1 != NR - 1 || $2 < 1 || $2 > count)
            exit 1
        sum += $4
    }
    END {
        if (sum != nodes)
            exit 1
    }' "$folder/shares" || fail "$1 ranks, $2: more workers than processors, or the parts are not the whole"
}

# Bound to one processor each, ranks have one worker each; and if there is one for each rank, not the same.
count 2 "$bound" 10 4130071
if ! grep -q '^[0-9]* [0-9]* [0-9]*[,-]' "$folder/shares"; then
    grep -q '^0 1 ' "$folder/shares" && grep -q '^1 1 ' "$folder/shares" || fail "more workers than the one processor"
    processors=$(cut -d ' ' -f 3 "$folder/shares" | sort -u | wc -l)
    [ "$(nproc)" -eq 1 ] || [ "$processors" -eq 2 ] || fail "both ranks on the same processor"
fi

# Not bound, each rank has all that this script has, as many as a program without MPI would have.
count 2 "$free" 10 4130071
[ "$(cut -d ' ' -f 3 "$folder/shares" | sort -u | wc -l)" -eq 1 ] || fail "ranks that are not bound differ"
count 1 "$free" 1 6
count 3 "$free" 5 3987
export ROVE_WORKERS=1
count 2 "$free" 7 63914
[ "$(cut -d ' ' -f 2 "$folder/shares" | sort -u)" = 1 ] || fail "ROVE_WORKERS=1 is not followed"

for depth in 13 many; do
    # shellcheck disable=SC2086
    if "$mpirun" -n 2 $free "$program" "$depth" >"$folder/out" 2>"$folder/err" </dev/null; then
        fail "depth '$depth': succeeded"
    fi
    [ "$(grep -c '^usage: mpi_uts' "$folder/err")" -eq 1 ] || fail "depth '$depth': not one usage line"
done
