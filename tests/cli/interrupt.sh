#!/bin/sh
# Ctrl-C at any moment: exit code 130, no temporary file, no half result. SIGTERM: 143.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
expect 0 generate --distribution plummer --n 50000 a.h5

# interrupt SIGNAL CODE DELAY ARGUMENT...: sends the signal after so many seconds; CODE, or 0 where the
# tool was faster.
interrupt() {
    signal=$1
    code=$2
    delay=$3
    shift 3
    timeout --preserve-status -s "$signal" "$delay" env --default-signal "$tool" "$@" >out 2>err
    got=$?
    case $got in
    0) n_finished=$((n_finished + 1)) ;;
    "$code") ;;
    *) fail "dagpole $*, $signal after $delay s: exit code $got"; cat err ;;
    esac
    no_temporaries
}

n_finished=0
for delay in 0.05 0.1 0.2 0.3 0.5; do
    interrupt INT 130 $delay run a.h5 --digits 9 --gradients --repeat 300 --no-cache --output r.h5
done
[ $n_finished -eq 0 ] || fail "no run lasted long enough to be interrupted"
[ ! -e r.h5 ] || fail "an interrupted run left a result"
grep -q interrupted err || fail "an interrupted run does not say so"
interrupt TERM 143 0.3 run a.h5 --digits 12 --repeat 300 --no-cache
[ $n_finished -eq 0 ] || fail "a run was not ended by SIGTERM"

# A signal that was ignored when the tool was started (nohup, a background job of a script) stays so.
for signal in INT TERM HUP; do
    rm -f r.h5
    (
        trap '' "$signal"
        exec "$tool" run a.h5 --digits 3 --repeat 30 --no-cache --output r.h5 >out 2>err
    ) &
    running=$!
    for _ in 1 2 3 4 5 6; do
        sleep 0.05
        kill -s "$signal" $running 2>/dev/null
    done
    wait $running
    got=$?
    [ $got -eq 0 ] || { fail "SIG$signal was ignored at the start: exit code $got"; cat err; }
    [ -e r.h5 ] || fail "no result where SIG$signal was ignored"
done

# While StarPU starts, whose files are in a temporary directory where there is no home.
mkdir tmp
(
    unset STARPU_HOME
    export HOME=/dev/null XDG_CACHE_HOME=/dev/null TMPDIR="$work/tmp"
    for delay in 0.01 0.02 0.03 0.04 0.06 0.08 0.1 0.15 0.2; do
        for signal in INT TERM HUP; do
            timeout -s $signal $delay env --default-signal "$tool" run a.h5 --digits 9 --repeat 300 >out 2>err
        done
    done
)
rmdir tmp || { fail "an interrupted start left StarPU's files"; ls tmp; }

# While a large file is being written.
for delay in 0.02 0.1 0.2 0.3; do
    rm -f big.h5
    interrupt INT 130 $delay generate --n 3e6 big.h5
    [ ! -e big.h5 ] || expect 0 run big.h5 --help
done
finish
