#!/bin/bash
# Shows that the tests would find a mistake: makes one mistake at a time in a copy of the headers, runs the model tests
# on it, then the unit tests, and prints a table of which found which. A mutant that survives must be listed, with the
# reason why it may, in mutants.survivors (function, mutant and reason, separated by tabs); the script fails if one is
# not, or if a listed one is found or no longer exists.
#
# Usage: mutants.sh <source folder> <folder to work in> [pattern]      only mutants that match, as "function mutant"
# Environment: CC, CXX; ROVE_TEST_SEED and ROVE_TEST_SCALE as for the model tests
set -euo pipefail

work=$2 only=${3:-}
source=$work/source
model=$source/tests/model
headers='include/rove/deque.h runtime/queue/deque.h runtime/queue/injector.h runtime/pool/hand.h'
failures=0

# What is mutated is what was there at the start, whatever happens to the sources meanwhile.
rm -rf "$work"
mkdir -p "$source/tests/unit" "$work/runtime" "$work/tests/unit"
cp -r "$1/include" "$1/runtime" "$source/"
cp -r "$1/tests/model" "$source/tests/"
cp -r "$1/tests/unit/queue" "$source/tests/unit/"
cp -r "$source/include" "$work/"
cp -r "$source/runtime/queue" "$source/runtime/platform" "$source/runtime/sched" "$source/runtime/pool" "$work/runtime/"
cp -r "$model" "$work/tests/"
cp -r "$source/tests/unit/queue" "$work/tests/unit/"

# verdict <test>: builds and runs a model test on the copy, then the unit test of the same name; says which of them
# killed the mutant, or "survived".
verdict()
{
    local log=$work/log
    if ! "${CXX:-c++}" -std=c++11 -O1 -w -I "$work/tests/model/seam" -I "$work/include" -I "$work" \
        "$work/tests/model/$1_test.cpp" -o "$work/model" 2>"$log"; then
        echo "does not compile"
    elif ! timeout 600 "$work/model" >"$log" 2>&1; then
        grep -q FAILED "$log" || echo "model.$1 crashed or hung"
        sed -n 's/^\([a-z_0-9]*\) .*FAILED$/model.'"$1"' \1/p' "$log"
    elif [ ! -e "$work/tests/unit/queue/$1_test.c" ]; then
        echo "survived"
    elif ! "${CC:-cc}" -std=c11 -O1 -w -I "$work/include" -I "$work" "$work/tests/unit/queue/$1_test.c" \
        "$work/runtime/queue/ring.c" "$work/runtime/platform/memory.c" -lcmocka -lpthread -o "$work/unit" 2>"$log"; then
        echo "does not compile as C"
    elif timeout 60 "$work/unit" >"$log" 2>&1; then
        echo "survived"
    else
        echo "unit.queue.$1 $(sed -n 's/.*FAILED.*\] \(test_[a-z_0-9]*\)$/\1/p' "$log" | head -n 1)"
    fi
}

# judge <file> <where> <what>: the mutant is in place in the copy.
judge()
{
    local file=$1 where=$2 what=$3 test=deque result reason
    [[ $file == *injector* ]] && test=injector
    [[ $file == *hand* ]] && test=hand
    [[ $file == *sleep* ]] && test=sleep
    printf '%s\t%s\n' "$where" "$what" >>"$work/judged"
    result=$(verdict $test)
    reason=$(sed -n "s/^$(printf '%s\t%s' "$where" "$what" | sed 's/[][\.*^$/]/\\&/g')\t//p" "$model/mutants.survivors")
    if [[ $result == survived && -n $reason ]]; then
        result="survives: $reason"
    elif [[ $result == "does not"* || $result == survived || -n $reason ]]; then
        result="**$result**"
        failures=$((failures + 1))
    fi
    printf '| `%s` | `%s` | %s |\n' "$where" "${what//|/\\|}" "$result"
    cp "$source/$file" "$work/$file"
}

wanted()
{
    [[ -z $only || $1 =~ $only ]]
}

# special <file> <function> <what> <sed script>: a mutant that is not a change of a single word.
special()
{
    wanted "$2 $3" || return 0
    sed -E "$4" "$source/$1" >"$work/$1"
    if cmp -s "$source/$1" "$work/$1"; then
        echo "| \`$2\` | $3 | **does not apply any more** |"
        failures=$((failures + 1))
    else
        judge "$1" "$2" "$3"
    fi
}

echo '| function | mutant | found by |'
echo '|---|---|---|'

for file in $headers; do
    while IFS=$'\t' read -r line function code; do
        what=$(sed 's/^ *//' <<<"$code")
        wanted "$function $what" || continue
        awk -v line="$line" -v code="$code" 'NR == line { $0 = code } { print }' "$source/$file" >"$work/$file"
        judge "$file" "$function" "$what"
    done < <(awk -f "$model/mutants.awk" "$source/$file")
done

deque=runtime/queue/deque.h
special $deque deque_publish 'limit reset after split is stored' \
    '/STORE\(deque->limit, deque->ring_limit, RELAXED\); *\/\*/{h;d}; /\[publish\] \*\/$/{/STORE/G}'
special $deque deque_answer 'token overwritten with a store' \
    's/if \(ROVEI_CAS\(deque->split, token, slot, ACQ_REL\)\)/ROVEI_STORE(deque->split, slot, SEQ_CST);/'
special $deque deque_answer 'token answered without a look at top' \
    '/deque_answer/,/^}/s/return ROVEI_LOAD\(deque->top, RELAXED\) <= slot/return true/'
special $deque deque_take_last 'bottom stays' '/deque_take_last/,/^}/{/STORE\(deque->bottom/d}'
special $deque deque_take_last 'split stays' '/deque_take_last/,/^}/{/STORE\(deque->split/d}'
special $deque deque_take_slow 'second look at top before split is stored' \
    '/STORE\(deque->split, keep, SEQ_CST\)/{h;d}; /top = ROVEI_LOAD\(deque->top, SEQ_CST\);/{/int64_t/!G}'
special $deque deque_take_slow 'no second look at top' '/deque_take_slow/,/^}/{/top = ROVEI_LOAD\(deque->top, SEQ_CST\)/d}'
special $deque deque_take_slow 'store after the second look, not CAS' \
    's/if \(ROVEI_CAS\(deque->split, keep, top \+ 1, RELEASE\)\)/ROVEI_STORE(deque->split, top + 1, RELEASE);/'
special $deque deque_take_slow 'all becomes private, not half' 's/top \+ \(slot - top \+ 1\) \/ 2/top/'
special $deque deque_take_slow 'disputed slot becomes private' 's/keep, top \+ 1, RELEASE/keep, top, RELEASE/'
special $deque deque_take_slow 'bottom stays when all is stolen' \
    '/deque_take_slow/,/^}/{/STORE\(deque->bottom, top, /d}'
special $deque deque_take_slow 'split stays when all is stolen' '/deque_take_slow/,/^}/{/STORE\(deque->split, top, /d}'
special $deque deque_restore 'bottom is put back below top' 's/top > bottom \? top : bottom/bottom/'
special $deque deque_steal 'slot read after the CAS' \
    '/struct rove_task \*found = /{s/ROVEI_LOAD.*/NULL;/;p;s/.*//;d}; s/\*task = found;/*task = found = ROVEI_LOAD(ring->slots[top \& ring->mask], RELAXED);/'
special $deque deque_steal 'ring read before split' \
    '/struct rovei_ring \*ring = ROVEI_LOAD/d; /enum steal_result deque_steal/{n;s/$/ struct rovei_ring *ring = ROVEI_LOAD(deque->ring, ACQUIRE);/}'
special $deque deque_steal 'split read before top' \
    '/deque_steal/,/^}/{/int64_t top = /{h;d}; /int64_t split = /G}'
special $deque deque_steal 'steals below a token' 's/split >= DEQUE_TOKENS \|\| top >= split/top >= split/'
special $deque deque_force 'forces while something is public' \
    's/split >= DEQUE_TOKENS \|\| ROVEI_LOAD\(deque->top, ACQUIRE\) < split/split >= DEQUE_TOKENS/'
special $deque deque_force 'bottom read before the barrier' \
    '/int64_t bottom = ROVEI_LOAD\(deque->bottom, ACQUIRE\); *\/\*/d; s/( *)if \(!barrier\(\)\).*/\1int64_t bottom = ROVEI_LOAD(deque->bottom, ACQUIRE);\n&/'
special $deque deque_force 'publishes though the barrier failed' \
    's/if \(!barrier\(\)\) \{.*/barrier();\n if (false) {/'
special $deque deque_force 'publishes with a store, not CAS' \
    's/return ROVEI_CAS\(deque->split, expected, public_end, ACQ_REL\)/ROVEI_STORE(deque->split, public_end, RELEASE);\n return true/'
special $deque deque_force 'withdraws with a store, not CAS' \
    's/ROVEI_CAS\(deque->split, expected, split, RELEASE\)/ROVEI_STORE(deque->split, split, RELEASE)/'
special $deque deque_force 'end of the public part may sink' 's/bottom > split \? bottom : split/bottom/'
special $deque deque_reset_limit 'limit reset though somebody is hungry' '/if \(limit != DEQUE_HUNGRY\)/d'
special $deque deque_reset_limit 'limit reset with a store, not CAS' \
    's/ROVEI_CAS\(deque->limit, limit, deque->ring_limit, RELAXED\)/ROVEI_STORE(deque->limit, deque->ring_limit, RELAXED)/'
special $deque deque_grow 'ring stored before the slots are copied' \
    '/STORE\(deque->ring, larger/d; /void deque_grow/,/^}/s/( *)for \(int64_t i = top.*/\1ROVEI_STORE(deque->ring, larger, RELEASE);\n&/'
special tests/model/deque_test.cpp force 'token not unique' \
    's/return deque_force\(&deque, DEQUE_TOKENS .*, barrier\)/return deque_force(\&deque, DEQUE_TOKENS, barrier)/'
special tests/model/model.hpp model_barrier 'no membarrier' 's/model_barriers\.pass\(\);//'
special tests/model/model.hpp model_barrier 'ordinary fence for membarrier' \
    's/model_barriers\.pass\(\);/rl::atomic_thread_fence(rl::mo_seq_cst, $);/'

injector=runtime/queue/injector.h
special $injector injector_push 'without the lock' '/injector_push/,/^}/{/mutex_/d}'
special $injector injector_push 'length stored before the lock is taken' \
    '/injector_append\(/,/^}/{/STORE\(injector->length/d}; /injector_push\(/,/^}/s/( *)mutex_lock.*/\1ROVEI_STORE(injector->length, ROVEI_LOAD(injector->length, RELAXED) + count, SEQ_CST);\n&/'
special $injector injector_push 'length stored after the lock is left' \
    '/injector_append\(/,/^}/{/STORE\(injector->length/d}; /injector_push\(/,/^}/s/( *)mutex_unlock.*/&\n\1ROVEI_STORE(injector->length, ROVEI_LOAD(injector->length, RELAXED) + count, SEQ_CST);/'
special $injector injector_append 'the last keeps its link' '/injector_append\(/,/^}/{/last->next = NULL;/d}'
special $injector injector_take 'without the lock' \
    '/\*injector_take/,/^}/{s/ \|\| !mutex_try_lock\(&injector->lock\)//; /mutex_unlock/d}'
special $injector injector_take 'newest stays when all is taken' '/\*injector_take/,/^}/{/if \(!injector->oldest\)/{N;d}}'
special $injector injector_take 'the batch stays linked to what is left' '/\*injector_take/,/^}/{/last->next = NULL;/d}'
special $injector injector_take 'looks empty while a task is being taken' \
    '/\*injector_take/,/^}/{s/( *)struct rovei_injected \*first = /\1int64_t length = ROVEI_LOAD(injector->length, RELAXED);\n\1ROVEI_STORE(injector->length, 0, SEQ_CST);\n&/; s/ROVEI_LOAD\(injector->length, RELAXED\) - taken/length - taken/}'

hand=runtime/pool/hand.h
special $hand hand_fill 'the generation stays' '/uint64_t generation =/{N;s/ \+ 1;/;/}'
special $hand hand_fill 'word stored before the cells' \
    '/^static inline void hand_fill/,/^}/{/for \(size_t/{N;h;d}; /\[filled\]/G}'
special $hand hand_take 'the cell is read after the exchange' \
    '/^static inline struct pool_cell \*hand_take/,/^}/{/uintptr_t cell =/d; s/return \(struct pool_cell \*\)cell;/return (struct pool_cell *)ROVEI_LOAD(hand->cells[hand_next(word)], RELAXED);/}'
special $hand hand_take 'taken with a store, not CAS' \
    's/if \(ROVEI_CAS\(hand->word, word, (word \+ .*), RELAXED\)\)/ROVEI_STORE(hand->word, \1, RELEASE);/'

sleep=runtime/sched/sleep.c
world=tests/model/sleep_world.hpp
special $sleep sleep_ring_all 'no barrier' \
    's/!rovei_barrier_heavy\(\)/false/'
special $sleep sleep_ring 'an old look at the doorbell' \
    '/^static void sleep_ring\(/,/^}/{/ROVEI_LOAD/d}'
special $sleep sleep_ring_all 'nobody is rung' \
    '/^static void sleep_ring_all/,/^}/{/ sleep_ring\(/d}'
special $sleep rovei_park 'state stored after the look' \
    '/^bool rovei_park/,/^}/{/store_explicit\(&worker->state/{h;d}; /bool has_work/G}'
special $sleep rovei_park 'counts announced after the look' \
    '/^bool rovei_park/,/^}/{/if \(is_hearing\)$/{N;/sleep_count/{h;d}}; /bool has_work/G}'
special $sleep rovei_park 'counts announced after the state' \
    '/^bool rovei_park/,/^}/{/if \(is_hearing\)$/{N;/sleep_count/{h;d}}; /store_explicit\(&worker->state/G}'
special $sleep rovei_park 'no look' \
    's/bool has_work = .*/bool has_work = false;/'
special $sleep rovei_park 'a wait that ends hands nothing over' \
    's/if \(!is_called && is_searcher && \(is_over \|\| has_work\)\)/if (false)/'
special $sleep rovei_park 'who wakes does not listen' \
    '/^bool rovei_park/,/^}/{/else if \(!is_called\)/{N;d}}'
special $sleep rovei_park 'broadcasts are not looked at' \
    '/^bool rovei_park/,/^}/s/ \|\| worker_has_broadcasts\(worker\)//'
special $sleep rovei_bench_idle 'benched though it has been told something' \
    's/worker_has_broadcasts\(worker\) \|\| !sleep_change/!sleep_change/'
special $sleep rovei_search_stop 'the last searcher does not hand over' \
    '/^void rovei_search_stop/,/^}/{/sleep_hand_over/d}'
special $sleep sleep_hand_over 'only if something is visible' \
    's/if \(sleep_is_anybody_awake\(runtime, worker\) \|\| /if (/'
special $sleep sleep_hand_over 'only if somebody is awake' \
    's/ \|\| rovei_work_is_visible\(runtime\)\)/)/'
special $sleep rovei_listen 'listen omitted' \
    '/^void rovei_listen/,/^}/{/deque_ring/d}'
special $sleep rovei_work_is_visible 'private tasks are not looked at' \
    's/ \|\| \(can_force && worker_hides_tasks\(worker\)\)//'
special $sleep rovei_work_is_visible 'injectors are not looked at' \
    's/if \(!injector_is_empty.*/if (false)/'
special $sleep sleep_may_not 'the last one awake sleeps deaf' \
    's/\(is_hearing \|\| !sleep_is_anybody_awake\(runtime, worker\)\)/is_hearing/'
special $sleep rovei_wake_worker 'the end of a wait does not wake' \
    '/^void rovei_wake_worker/,/^}/{s/rovei_futex_wake.*/;/}'
special $sleep rovei_wake_worker 'deaf ones are not woken' \
    's/ \|\| state == WORKER_DEAF\) && sleep_end/) \&\& sleep_end/'
special $sleep sleep_wake_if_asleep 'a call does not wake' \
    '/^static bool sleep_wake_if_asleep/,/^}/{/rovei_futex_wake/d}'
special runtime/sched/sleep.h idle_searchers 'without a sign' 's/\(int32_t\)\(counts >> 32\)/counts >> 32 \& 0x7fffffff/'
special $world inject 'counts read before publishing' \
    '/void inject\(/,/^    }/{/rovei_wake_one/d; s/( *)injector_push/\1rovei_wake_one(\&runtime, NULL);\n&/}'
special $world spawn 'counts read before publishing' \
    '/void spawn\(/,/^    }/{/rovei_wake_one/d; s/( *)deque_publish/\1rovei_wake_one(\&runtime, \&worker);\n&/}'

# A reason for what is no mutant (any more) is as wrong as a survivor without one.
while IFS=$'\t' read -r where what _; do
    if [[ -z $only ]] && ! grep -qFx "$where"$'\t'"$what" "$work/judged"; then
        printf '| `%s` | `%s` | **listed, but no mutant** |\n' "$where" "${what//|/\\|}"
        failures=$((failures + 1))
    fi
done <"$model/mutants.survivors"
[ "$failures" -eq 0 ] || { echo "$failures mutants are not as they should be"; exit 1; }
