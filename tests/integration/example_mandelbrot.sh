#!/bin/sh
# The mandelbrot example: a PNG of the size that was asked for, the same whoever draws its rows.
#
# Usage: example_mandelbrot.sh <mandelbrot>
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for workers in 1 2 7; do
    "$1" -w 321 -h 200 -i 500 -j $workers "$work/$workers.png" >/dev/null
    cmp "$work/1.png" "$work/$workers.png"
done

# Signature, then the header chunk: its length, its name, width and height.
test "$(od -A n -t x1 -N 24 "$work/1.png" | tr -d ' \n')" = \
    89504e470d0a1a0a0000000d49484452"$(printf '%08x%08x' 321 200)"
test "$(tail -c 8 "$work/1.png" | od -A n -t x1 -N 4 | tr -d ' \n')" = 49454e44

if "$1" "$work/absent/picture.png" 2>/dev/null; then
    echo "mandelbrot says that it wrote where there is no folder"
    exit 1
fi
