#!/bin/sh
# The harnesses of libFuzzer: sh tests/fuzz/run.sh SECONDS [NAME...], from the top of the tree.
# Builds them in build-fuzz and runs each for so many seconds; new inputs are kept in
# build-fuzz/corpus, those that fail in build-fuzz/findings. The last line is the count.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=.ci/setup.sh
. .ci/setup.sh
seconds=${1:?sh tests/fuzz/run.sh SECONDS [NAME...]}
shift
[ $# -gt 0 ] || set -- text hdf5 cache options

CC=${CC:-clang}
export CC
if ! command -v "${CC##* }" >/dev/null; then
    echo "skipped: there is no $CC"
    exit 77
fi
folder=build-fuzz
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
TMPDIR=$PWD/$folder/tmp
export TMPDIR

# The parser of options prints on stdout and stderr, as it should: 3 silences both, not reports.
n_passed=0
n_failed=0

# run_harness NAME END: until then, for a second at least (0 would be for ever).
run_harness() {
    left=$(($2 - $(date +%s)))
    [ $left -gt 0 ] || left=1
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

for name; do
    end=$(($(date +%s) + seconds))
    n_of_hdf5=0
    while run_harness "$name" $end; status=$?
    [ $status -ne 0 ] && is_of_hdf5 "$name"; do
        n_of_hdf5=$((n_of_hdf5 + 1))
        cp $folder/"$name".log $folder/"$name"-of-hdf5-$n_of_hdf5.log
        [ "$(date +%s)" -lt "$end" ] || { status=0; break; }
    done
    [ $n_of_hdf5 -eq 0 ] || echo "$name: $n_of_hdf5 faults inside HDF5"
    if [ $status -eq 0 ]; then
        n_passed=$((n_passed + 1))
        echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' $folder/"$name".log) inputs"
    else
        n_failed=$((n_failed + 1))
        echo "FAILED: $name, all of it in $folder/$name.log"
        grep -B 1 -A 12 -m 1 -e '^==.*ERROR' $folder/"$name".log
        tail -n 40 $folder/"$name".log
    fi
    rm -rf "$TMPDIR"
done
echo "$n_passed passed, $n_failed failed"
[ "$n_failed" -eq 0 ]
