#!/bin/sh
# shared.sh <static program> <shared program>: fails if a fork and its join take over a tenth more instructions in the
# program that is linked with the shared library than in the same one linked with the static library.
set -eu
. "$(dirname "$0")/instructions.sh"

failures=0
for form in plain at; do
    static=$(hundredths "$1" $form)
    shared=$(hundredths "$2" $form)
    echo "$form: $(decimal "$static") instructions with the static library, $(decimal "$shared") with the shared one"
    [ "$((shared * 10))" -le "$((static * 11))" ] || failures=1
done
exit $failures
