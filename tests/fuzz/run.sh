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
for name; do
    mkdir -p "$TMPDIR" $folder/corpus/"$name" $folder/findings/"$name"
    if $folder/tests/fuzz/fuzz_"$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 \
        -max_len=2048 -use_value_profile=1 -close_fd_mask=3 -print_final_stats=1 \
        -artifact_prefix=$folder/findings/"$name"/ \
        $folder/corpus/"$name" tests/fuzz/corpus/"$name" >$folder/"$name".log 2>&1; then
        n_passed=$((n_passed + 1))
        echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' $folder/"$name".log) inputs"
    else
        n_failed=$((n_failed + 1))
        echo "FAILED: $name, all of it in $folder/$name.log"
        tail -n 40 $folder/"$name".log
    fi
    rm -rf "$TMPDIR"
done
echo "$n_passed passed, $n_failed failed"
[ "$n_failed" -eq 0 ]
