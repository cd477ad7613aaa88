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

# verdict <test>: builds and runs a model test on the copy, then the unit tests of the same name; says which of them
# killed the mutant, or "survived".
verdict()
{
    local log=$work/log unit
    if ! "${CXX:-c++}" -std=c++11 -O1 -w -I "$work/tests/model/seam" -I "$work/include" -I "$work" \
        "$work/tests/model/$1_test.cpp" -o "$work/model" 2>"$log"; then
        echo "does not compile"
    elif ! timeout 600 "$work/model" >"$log" 2>&1; then
        grep -q FAILED "$log" || echo "model.$1 crashed or hung"
        sed -n 's/^\([a-z_0-9]*\) .*FAILED$/model.'"$1"' \1/p' "$log"
    else
        for unit in "$work/tests/unit/queue/$1"_test.c "$work/tests/unit/queue/$1"_*_test.c; do
            [ ! -e "$unit" ] || verdict_unit "$unit" "$log" || return 0
        done
        echo "survived"
    fi
}

# verdict_unit <source> <log>: fails, and says why, if the unit test finds the mutant.
verdict_unit()
{
    local name
    name=$(basename "$1" _test.c)
    if ! "${CC:-cc}" -std=c11 -O1 -w -I "$work/include" -I "$work" "$1" "$work/runtime/queue/slots.c" \
        "$work"/runtime/platform/*.c -lcmocka -lpthread -o "$work/unit" 2>"$2"; then
        echo "does not compile as C"
        return 1
    elif ! timeout 60 "$work/unit" >"$2" 2>&1; then
        echo "unit.queue.$name $(sed -n 's/.*FAILED.*\] \(test_[a-z_0-9]*\)$/\1/p' "$2" | head -n 1)"
        return 1
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

fast=include/rove/deque.h
special $fast rovei_deque_push 'bottom stored before the slot' \
    's/^( *)rovei_deque_write\(slot, task\);/\1bool is_slow = rovei_deque_raise(deque, slot);\n&/
        s/return rovei_deque_raise\(deque, slot\);/return is_slow;/'
special $fast rovei_deque_raise 'limit read before bottom is stored' \
    's/^( *)(.*\[push\] \*\/)$/\1uintptr_t limit = ROVEI_LOAD(deque->limit, RELAXED);\n\1\2/
        s/>= ROVEI_LOAD\(deque->limit, RELAXED\)/>= limit/'
special $fast rovei_deque_take 'split read before bottom is stored' \
    's/^( *)(.*\[take\] \*\/)$/\1uintptr_t split = ROVEI_LOAD(deque->split, RELAXED);\n\1\2/
        s/>= ROVEI_LOAD\(deque->split, RELAXED\)/>= split/'

deque=runtime/queue/deque.h
in_publish='/ void deque_publish\(/,/^}/'
in_empty='/ void deque_empty\(/,/^}/'
in_count='/ void deque_count_on\(/,/^}/'
in_last='/ bool deque_take_last\(/,/^}/'
in_half='/uintptr_t deque_half\(/,/^}/'
in_slow='/ bool deque_take_slow\(/,/^}/'
in_pop='/\*deque_pop_public\(/,/^}/'
in_steal='/ deque_steal\(/,/^}/'
in_look='/ bool deque_has_public\(/,/^}/'
in_force='/ bool deque_force\(/,/^}/'
in_extend='/ void deque_extend\(/,/^}/'
special $deque deque_public_end 'beyond the end' \
    's/\(uintptr_t\)bottom < end \? \(uintptr_t\)bottom : end/(uintptr_t)bottom/'
special $deque deque_publish 'limit reset after split is stored' \
    "$in_publish"'{/STORE\(deque->limit/{h;d}; /\[publish\] \*\/$/G}'
special $deque deque_publish 'limit stays' "$in_publish"'{/STORE\(deque->limit/d}'
special $deque deque_publish 'one task too few' \
    "$in_publish"'s/STORE\(deque->split, end,/STORE(deque->split, end - sizeof(rove_slot),/'
special $deque deque_empty 'bottom stays' "$in_empty"'{/STORE\(deque->bottom/d}'
special $deque deque_empty 'split stays' "$in_empty"'{/STORE\(deque->split/d}'
special $deque deque_empty 'split stored before bottom' \
    "$in_empty"'{/STORE\(deque->bottom/{h;d}; /STORE\(deque->split/G}'
special $deque deque_restart 'origin stays' '/ void deque_restart\(/,/^}/{/STORE/d}'
special $deque deque_count_on 'the same index again' "$in_count"'{/STORE\(deque->top/d; s/index \+ 1/index/}'
special $deque deque_count_on 'top stays' "$in_count"'{/STORE\(deque->top/d}'
special $deque deque_count_on 'origin for the index before' \
    "$in_count"'s/restart\(deque, slot, index \+ 1\)/restart(deque, slot, index)/'
special $deque deque_count_on 'not emptied' "$in_count"'{/deque_empty/d}'
special $deque deque_count_on 'emptied after the count' "$in_count"'{/deque_empty/{h;d}; /STORE\(deque->top/G}'
special $deque deque_count_on 'emptied last' "$in_count"'{/deque_empty/{h;d}; /deque_restart/G}'
special $deque deque_count_on 'origin before the count' "$in_count"'{/STORE\(deque->top/{h;d}; /deque_restart/G}'
special $deque deque_count_on 'origin before it is emptied' \
    "$in_count"'{/deque_restart/d; s/( *)deque_empty/\1deque_restart(deque, slot, index + 1);\n&/}'
special $deque deque_take_last 'no dispute' \
    "$in_last"'s/bool won = .*/bool won = true; ROVEI_STORE(deque->top, expected + 1, SEQ_CST);/'
special $deque deque_take_last 'a lost dispute counts as won' "$in_last"'s/return won;/return true;/'
special $deque deque_take_last 'not emptied' "$in_last"'{/deque_empty/d}'
special $deque deque_take_last 'emptied before the exchange' \
    "$in_last"'{/deque_empty/d; s/( *)bool won/\1deque_empty(deque, slot);\n&/}'
special $deque deque_take_last 'emptied last' "$in_last"'{/deque_empty/{h;d}; /deque_restart/G}'
special $deque deque_take_last 'origin stays' "$in_last"'{/deque_restart/d}'
special $deque deque_take_last 'origin for the index before' \
    "$in_last"'s/restart\(deque, slot, index \+ 1\)/restart(deque, slot, index)/'
special $deque deque_take_last 'origin before the exchange' \
    "$in_last"'{/deque_restart/d; s/( *)bool won/\1deque_restart(deque, slot, index + 1);\n&/}'
special $deque deque_half 'all becomes private, not half' "$in_half"'s/\? .* :/? top :/'
special $deque deque_half 'half is rounded down' "$in_half"'s/ \+ 1\) \/ 2/) \/ 2/'
special $deque deque_half 'nothing becomes private' "$in_half"'s/\? .* :/? slot :/'
special $deque deque_take_slow 'token answered without a look at top' \
    "$in_slow"'s/^( *)int64_t index = .*/\1if (split >= DEQUE_TOKENS)\n\1    return true;\n&/'
special $deque deque_take_slow 'token answered with half' "$in_slow"'s/split < DEQUE_TOKENS \? (.*) : mine;/\1;/'
special $deque deque_take_slow 'split lowered with a store, not CAS' \
    "$in_slow"'{s/if \(!ROVEI_CAS\(deque->split, split, keep, SEQ_CST\)\)/ROVEI_STORE(deque->split, keep, SEQ_CST);/
        /^ *continue;/d}'
special $deque deque_take_slow 'second look at top before split is stored' \
    "$in_slow"'{s/^( *)if \(!ROVEI_CAS\(deque->split, split, keep, SEQ_CST\)\).*/\1int64_t index = ROVEI_LOAD(deque->top, SEQ_CST);\n&/
        /^ *int64_t index = ROVEI_LOAD\(deque->top, SEQ_CST\); *\/\*/d}'
special $deque deque_take_slow 'no second look at top' \
    "$in_slow"'{s/^( *)uintptr_t guess = .*/\1int64_t index = ROVEI_LOAD(deque->top, RELAXED);\n\1uintptr_t guess = deque_place(origin, index);/
        /^ *int64_t index = ROVEI_LOAD\(deque->top, SEQ_CST\); *\/\*/d}'
special $deque deque_take_slow 'end is not looked at' "$in_slow"'{/mine >= ROVEI_LOAD\(deque->end/{N;d}}'
special $deque deque_take_slow 'what a thief has put back is taken for private' \
    "$in_slow"'s/^( *)uintptr_t guess = /\1if (split <= mine)\n\1    return true;\n&/'
special $deque deque_take_slow 'widened with a store, not CAS' \
    "$in_slow"'s/if \(ROVEI_CAS\(deque->split, keep, top \+ sizeof \*slot, RELEASE\)\)/ROVEI_STORE(deque->split, top + sizeof *slot, RELEASE);/'
special $deque deque_take_slow 'disputed slot becomes private' \
    "$in_slow"'s/keep, top \+ sizeof \*slot, RELEASE/keep, top, RELEASE/'
special $deque deque_take_slow 'not widened' "$in_slow"'s/if \(ROVEI_CAS\(deque->split, keep, .*/if (true)/'
special $deque deque_take_slow 'what is gone is not counted on' "$in_slow"'{/deque_count_on/d}'
special $deque deque_take_slow 'what is gone is emptied, not counted on' \
    "$in_slow"'s/deque_count_on\(deque, slot, index\)/deque_empty(deque, slot)/'
special $deque deque_withdraw 'bottom stays' '/ void deque_withdraw\(/,/^}/{/STORE/d}'
special $deque deque_pop 'no first look' '/\*deque_pop\(/,/^}/{/bottom <= ROVEI_LOAD\(deque->split/{N;d}}'
special $deque deque_pop_public 'the same index again' \
    "$in_pop"'s/deque_count_on\(deque, deque->first, index\);/deque_empty(deque, deque->first), deque_restart(deque, deque->first, index);/'
special $deque deque_pop_public 'does not begin again' "$in_pop"'{/if \(bottom != deque->first\)/{N;d}}'
special $deque deque_pop_public 'begins again at the slot after the first' \
    "$in_pop"'s/deque_count_on\(deque, deque->first, index\)/deque_count_on(deque, deque->first + 1, index)/'
special $deque deque_steal 'slot read after the CAS' \
    "$in_steal"'{/struct rove_task \*found = /d
        s/\*task = found;/*task = ROVEI_LOAD(((rove_slot *)place)->task, RELAXED);/}'
special $deque deque_steal 'split read before top' "$in_steal"'{/int64_t top = /{h;d}; /uintptr_t split = /G}'
special $deque deque_steal 'origin read before split' "$in_steal"'{/uintptr_t split = /{h;d}; /uintptr_t origin = /G}'
special $deque deque_steal 'origin read first' \
    "$in_steal"'{/uintptr_t origin = /d
        s/^( *)int64_t top = /\1uintptr_t origin = ROVEI_LOAD(deque->origin, ACQUIRE);\n&/}'
special $deque deque_steal 'no second look at top' "$in_steal"'{/ROVEI_LOAD\(deque->top, RELAXED\) != top/{N;d}}'
special $deque deque_steal 'second look at top before origin is read' \
    "$in_steal"'{/ROVEI_LOAD\(deque->top, RELAXED\) != top/{N;d}}
        '"$in_steal"'s/^( *)uintptr_t origin = /\1if (ROVEI_LOAD(deque->top, RELAXED) != top)\n\1    return STEAL_LOST;\n&/'
special $deque deque_steal 'steals below a token' \
    "$in_steal"'s/split >= DEQUE_TOKENS \|\| place >= split/place >= split/'
special $deque deque_has_public 'origin read before split' \
    "$in_look"'{/uintptr_t split = /{h;d}; /uintptr_t origin = /G}'
special $deque deque_has_public 'origin read first' \
    "$in_look"'{/uintptr_t origin = /d
        s/^( *)int64_t top = /\1uintptr_t origin = ROVEI_LOAD(deque->origin, ACQUIRE);\n&/}'
special $deque deque_force 'forces while something is public' "$in_force"'s/ \|\| deque_has_public\(deque\)//'
special $deque deque_force 'token over a token' "$in_force"'s/split >= DEQUE_TOKENS \|\| //'
special $deque deque_force 'bottom read before the barrier' \
    "$in_force"'{/uintptr_t end = /{s/ *\/\*.*//;h;d}}
        '"$in_force"'{s/^( *)if \(!barrier\(\)\).*/    uintptr_t end = deque_public_end(deque, ROVEI_LOAD(deque->bottom, ACQUIRE));\n&/}'
special $deque deque_force 'publishes though the barrier failed' \
    "$in_force"'s/if \(!barrier\(\)\) \{.*/barrier();\n if (false) {/'
special $deque deque_force 'publishes with a store, not CAS' \
    "$in_force"'s/return ROVEI_CAS\(deque->split, expected, end, SEQ_CST\)/ROVEI_STORE(deque->split, end, SEQ_CST);\n return true/'
special $deque deque_force 'withdraws with a store, not CAS' \
    "$in_force"'s/ROVEI_CAS\(deque->split, expected, split, SEQ_CST\)/ROVEI_STORE(deque->split, split, SEQ_CST)/'
special $deque deque_force 'does not withdraw' "$in_force"'{/ROVEI_CAS\(deque->split, expected, split, SEQ_CST\)/d}'
special $deque deque_force 'end of the public part may sink' "$in_force"'{/if \(end < split\)/{N;d}}'
special $deque deque_extend 'limit stays' "$in_extend"'{/if \(limit != DEQUE_HUNGRY\)/{N;d}}'
special $deque deque_extend 'limit set though somebody is hungry' "$in_extend"'{/if \(limit != DEQUE_HUNGRY\)/d}'
special $deque deque_extend 'limit set with a store, not CAS' \
    "$in_extend"'s/ROVEI_CAS\(deque->limit, limit, \(uintptr_t\)end, RELAXED\)/ROVEI_STORE(deque->limit, (uintptr_t)end, RELAXED)/'
special $deque deque_extend 'end stays' "$in_extend"'{/STORE\(deque->end/d}'

world=tests/model/deque_world.hpp scenarios=tests/model/deque_test.cpp
special $world force 'token not unique' \
    's/return deque_force\(&deque, DEQUE_TOKENS .*, barrier\)/return deque_force(\&deque, DEQUE_TOKENS, barrier)/'
special $world extend 'tried again after it has failed' 's/is_stuck = is_stuck \|\| /is_stuck = /'
special $scenarios row 'joined beyond what the last fork has returned' 's/std::min\(first \+ i, next\)/first + i/'
special $scenarios again 'pushed after a theft without being written' 's/this->prepare\(\+\+task\)/++task/'
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
special $sleep rovei_park 'phases are not looked at' \
    '/^bool rovei_park/,/^}/s/\(is_hearing && runtime_is_in_phase\(runtime\)\)/false/'
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
