#!/bin/sh
# shared.sh <static program> <shared program>: fails if a fork and its join take more instructions in the program that
# is linked with the shared library than in the same one linked with the static library. That an executable reads its
# own copy of rovei_self makes both the same; a single load more would be two instructions for each fork and join.
set -eu
. "$(dirname "$0")/instructions.sh"

failures=0
for form in plain at; do
    static=$(hundredths "$1" $form)
    shared=$(hundredths "$2" $form)
    echo "$form: $(decimal "$static") instructions with the static library, $(decimal "$shared") with the shared one"
    [ "$shared" -le "$((static + 50))" ] || failures=1
done
exit $failures
