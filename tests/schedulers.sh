#!/bin/sh
# The tests that evaluate, under one scheduler after another on two NUMA nodes:
#     sh tests/schedulers.sh BUILD_FOLDER [SCHEDULER...]
# Under lws, prio, dmdas, ws, eager and dagpole where none is named. The nodes are synthetic: workers do as if
# the machine had two nodes of one core. The suites are runtime, api and accuracy; tests that
# name schedulers themselves keep theirs. Prints a line a scheduler; the logs stay in BUILD_FOLDER/meson-logs.
set -u
if [ $# -lt 1 ] || [ ! -f "$1/build.ninja" ]; then
    echo "usage: sh tests/schedulers.sh BUILD_FOLDER [SCHEDULER...]" >&2
    exit 2
fi
build=$1
shift
[ $# -gt 0 ] || set -- lws prio dmdas ws eager dagpole

export HWLOC_SYNTHETIC="numa:2 core:1 pu:1" STARPU_WORKERS_NOBIND=1
# Workers that wait spin, and there may be more of them than cores.
export CK_TIMEOUT_MULTIPLIER=5
mkdir -p "$build/meson-logs"
log=$build/meson-logs/schedulers-build.txt
if ! ninja -C "$build" >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
n_failed=0
for scheduler; do
    log=$build/meson-logs/schedulers-$scheduler.txt
    STARPU_SCHED=$scheduler meson test -C "$build" --no-rebuild --num-processes 1 --timeout-multiplier 5 \
        --print-errorlogs --logbase "testlog-$scheduler" \
        --suite runtime --suite api --suite accuracy >"$log" 2>&1
    code=$?
    count=$(sed -n 's/^\(Ok\|Fail\|Skipped\|Timeout\): *\([0-9]*\) *$/\2 \1/p' "$log" |
        tr '[:upper:]' '[:lower:]' | paste -s -d , | sed 's/,/, /g')
    if [ $code -eq 0 ]; then
        echo "$scheduler: passed ($count)"
    else
        echo "$scheduler: FAILED ($count), see $log"
        n_failed=$((n_failed + 1))
    fi
done
[ "$n_failed" -eq 0 ]
