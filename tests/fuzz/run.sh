#!/bin/sh
# The harnesses of libFuzzer: sh tests/fuzz/run.sh SECONDS [NAME...], from the top of the tree.
# Builds them in build-fuzz and runs each for so many seconds, as many at once as there are processors; new
# inputs are kept in build-fuzz/corpus, those that fail in build-fuzz/findings. The last line is the count;
# build-fuzz/NAME.status is 0 where NAME passed.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=.ci/setup.sh
. .ci/setup.sh
seconds=${1:?sh tests/fuzz/run.sh SECONDS [NAME...]}
shift
[ $# -gt 0 ] || set -- text hdf5 cache options
folder=build-fuzz
rm -f $folder/*.status

CC=${CC:-clang}
export CC
if ! command -v "${CC##* }" >/dev/null; then
    echo "skipped: there is no $CC"
    exit 77
fi
# As ninja wants targets.
targets=$(printf 'tests/fuzz/fuzz_%s ' "$@")
# Word splitting is wanted.
# shellcheck disable=SC2086
configure_build $folder --buildtype=debugoptimized -Dtests=enabled -Dwerror=true -Dfuzz=true &&
    ninja -C $folder $targets || exit 1

# What no memory holds is refused, as malloc would refuse it, instead of being reported.
export ASAN_OPTIONS=allocator_may_return_null=1:max_allocation_size_mb=32:quarantine_size_mb=16:detect_stack_use_after_return=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export LSAN_OPTIONS="suppressions=$PWD/tests/leaks.txt:print_suppressions=0"

# run_harness NAME END: until then, for a second at least (0 would be for ever). The parser of options prints
# on stdout and stderr, as it should: 3 silences both, not reports.
run_harness() {
    left=$(($2 - $(date +%s)))
    [ $left -gt 0 ] || left=1
    TMPDIR=$PWD/$folder/tmp/$1
    export TMPDIR
    mkdir -p "$TMPDIR" $folder/corpus/"$1" $folder/findings/"$1"
    $folder/tests/fuzz/fuzz_"$1" -max_total_time=$left -timeout=20 -rss_limit_mb=2048 \
        -max_len=2048 -use_value_profile=1 -close_fd_mask=3 -print_final_stats=1 \
        -artifact_prefix=$folder/findings/"$1"/ \
        $folder/corpus/"$1" tests/fuzz/corpus/"$1" >$folder/"$1".log 2>&1
}

# HDF5 reads beyond its own memory in some damaged files. Such a fault shows HDF5 in the first two
# frames (the first may be the sanitizer's memcpy); it is told, and is no fault of this library.
is_of_hdf5() {
    sed -n '/^ *#[01] /p' $folder/"$1".log | head -n 2 | grep -q libhdf5
}

# fuzz NAME: what came of it, and its status in NAME.status.
fuzz() {
    end=$(($(date +%s) + seconds))
    n_of_hdf5=0
    while run_harness "$1" $end; status=$?
    [ $status -ne 0 ] && is_of_hdf5 "$1"; do
        n_of_hdf5=$((n_of_hdf5 + 1))
        cp $folder/"$1".log $folder/"$1"-of-hdf5-$n_of_hdf5.log
        [ "$(date +%s)" -lt "$end" ] || { status=0; break; }
    done
    [ $n_of_hdf5 -eq 0 ] || echo "$1: $n_of_hdf5 faults inside HDF5"
    if [ $status -eq 0 ]; then
        echo "$1: $(sed -n 's/^stat::number_of_executed_units: *//p' $folder/"$1".log) inputs"
    else
        echo "FAILED: $1, all of it in $folder/$1.log"
        grep -B 1 -A 12 -m 1 -e '^==.*ERROR' $folder/"$1".log
        tail -n 40 $folder/"$1".log
    fi
    rm -rf "$TMPDIR"
    echo $status >$folder/"$1".status
}

# A processor for each: as many at once as there are.
n_running=0
for name; do
    fuzz "$name" >$folder/"$name".out 2>&1 &
    n_running=$((n_running + 1))
    if [ $n_running -ge "$(nproc)" ]; then
        wait
        n_running=0
    fi
done
wait
n_passed=0
n_failed=0
for name; do
    cat $folder/"$name".out
    if [ "$(cat $folder/"$name".status)" = 0 ]; then
        n_passed=$((n_passed + 1))
    else
        n_failed=$((n_failed + 1))
    fi
done
echo "$n_passed passed, $n_failed failed"
[ "$n_failed" -eq 0 ]
