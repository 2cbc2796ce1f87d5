#!/bin/sh
# Every test: sh tests/run.sh
# Builds in build/, with sanitizers in build-asan/ and build-tsan/, for fuzzing in build-fuzz/. The
# last line is the count; the exit code is 0 where nothing failed.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=.ci/setup.sh
. .ci/setup.sh

# What the address and undefined-behaviour sanitizers watch, and what the thread sanitizer.
# Tests of numbers alone and of signals at any moment are for the plain build.
sanitized="--suite unit --suite errors --suite cli --suite runtime --suite sanitized --no-suite numbers --no-suite signals"
threaded="--suite runtime --suite api"

n_passed=0
n_failed=0
n_skipped=0
failures=""

# count_result NAME STATUS: a check that is one command; 77: skipped.
count_result() {
    if [ "$2" -eq 0 ]; then
        n_passed=$((n_passed + 1))
    elif [ "$2" -eq 77 ]; then
        n_skipped=$((n_skipped + 1))
    else
        n_failed=$((n_failed + 1))
        failures="$failures
FAILED: $1"
    fi
}

# failed_tests: which of the tests whose logs are read failed, and the end of what each printed.
failed_tests() {
    grep -v -e '"result": "OK"' -e '"result": "SKIP"' -e '"result": "EXPECTEDFAIL"' |
        sed 's/^{"name": "\([^"]*\)", "stdout": "\(.*\)$/FAILED: \1: \2/; s/^\(FAILED: [^:]*: \).*\(.\{1500\}\)$/\1... \2/'
}

# run_tests FOLDER MESON_TEST_OPTION...: anything in the log but OK, SKIP and EXPECTEDFAIL failed;
# so did a run that left no log.
run_tests() {
    rm -f "$1"/meson-logs/testlog*.json
    meson test -C "$@" --print-errorlogs
    set -- "$1"/meson-logs/testlog*.json
    if [ ! -f "$1" ]; then
        count_result "meson test left no $1" 1
        return
    fi
    n_all=$(cat "$@" | grep -c '"result": "')
    n_none=$(cat "$@" | grep -c '"result": "SKIP"')
    n_ok=$(cat "$@" | grep -c -e '"result": "OK"' -e '"result": "EXPECTEDFAIL"')
    n_passed=$((n_passed + n_ok))
    n_skipped=$((n_skipped + n_none))
    n_bad=$((n_all - n_ok - n_none))
    n_failed=$((n_failed + n_bad))
    [ "$n_bad" -eq 0 ] || failures="$failures
$(cat "$@" | failed_tests)"
    [ "$n_all" -gt 0 ] || count_result "no test in $1" 1
}

# configure FOLDER MESON_OPTION...
configure() {
    configure_build "$@" -Dtests=enabled -Dwerror=true
}

# configure_sanitized FOLDER MESON_OPTION...: compiling takes a third of what it does with -O2 and all of the
# debugger's information; lines in reports need no more than -g1. What GCC suspects of instrumented sizes of
# text at -O1 is not so; the plain build has all warnings.
configure_sanitized() {
    configure "$@" -Dbuildtype=custom -Ddebug=false -Doptimization=1 "-Dc_args=-g1 -Wno-format-truncation"
}

check_format() {
    find build/include src tests examples perf -name '*.[ch]' -exec clang-format --dry-run -Werror {} +
}

install_packages tests
count_result "packages" $?

configure build --buildtype=release && ninja -C build
count_result "build" $?
run_tests build
# The tool on an emulated machine with several NUMA nodes, skipped where QEMU is missing.
run_tests build --suite numa

# What these tests need is built as they are run, the rest is not.
configure_sanitized build-asan -Db_sanitize=address,undefined -Db_lundef=false
count_result "build folder with sanitizers" $?
# Slower code gets more time, from Check as well. Libraries that keep memory until the process ends
# are not our leaks.
export CK_TIMEOUT_MULTIPLIER=5
export ASAN_OPTIONS=detect_stack_use_after_return=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
# hwloc's plugins are unloaded at the end, so that no suppression could name what they leave behind.
export HWLOC_PLUGINS_PATH=/nonexistent
export LSAN_OPTIONS="suppressions=$PWD/tests/leaks.txt:print_suppressions=0"
# Word splitting is wanted.
# shellcheck disable=SC2086
run_tests build-asan --timeout-multiplier 5 $sanitized

configure_sanitized build-tsan -Db_sanitize=thread -Db_lundef=false
count_result "build folder with the thread sanitizer" $?
export TSAN_OPTIONS="suppressions=$PWD/tests/races.txt:halt_on_error=1"
# shellcheck disable=SC2086
run_tests build-tsan --timeout-multiplier 5 $threaded

sh tests/fuzz/run.sh 20
status=$?
for name in text hdf5 cache options; do
    # One that was not run has what all of them ended with: no clang, or no program.
    count_result "fuzzing: $name" "$(cat build-fuzz/$name.status 2>/dev/null || echo $status)"
done

# Clang's warnings are others than gcc's.
if [ -d build-fuzz ]; then
    ninja -C build-fuzz src/libdagpole.a dagpole
    count_result "build with clang" $?
else
    count_result "build with clang" 77
fi

check_format
count_result "clang-format" $?

# Named once more here, since the end of a long log is what people read.
[ -z "$failures" ] || echo "$failures"
[ "$n_skipped" -eq 0 ] || skipped=", $n_skipped skipped"
echo "$n_passed passed, $n_failed failed${skipped-}"
[ "$n_failed" -eq 0 ]
