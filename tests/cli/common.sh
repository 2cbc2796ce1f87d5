# shellcheck shell=sh
# For the tests of the tool, which source it: $1 is the tool, $2 a python3 that checks JSON. Each test
# works in an empty folder of its own.
set -u
tool=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
python=$2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
n_failed=0

fail() {
    echo "FAILED: $*"
    n_failed=$((n_failed + 1))
}

# expect CODE ARGUMENT...: the tool with these arguments ends with CODE; what it prints is in out and
# err. A failure says something on stderr, a success prints nothing there.
expect() {
    code=$1
    shift
    "$tool" "$@" >out 2>err
    got=$?
    [ "$got" -eq "$code" ] || { fail "dagpole $*: exit code $got instead of $code"; cat out err; }
    if [ "$code" -ne 0 ] && [ ! -s err ]; then
        fail "dagpole $*: not a word about what is wrong"
    fi
}

# says WORD: the last command explained itself with this word, in one sentence.
says() {
    grep -q -e "$1" err || { fail "the sentence does not name '$1':"; cat err; }
    [ "$(wc -l <err)" -eq 1 ] || { fail "more than one line on stderr:"; cat err; }
}

# holds EXPRESSION: true of the JSON object that the last command printed, which is called o.
holds() {
    "$python" -c '
import json, sys
o = json.load(open("out"))
sys.exit(not eval(sys.argv[1]))' "$1" || { fail "not true of the JSON: $1"; cat out; }
}

# Nothing half-written is left in the folder.
no_temporaries() {
    for file in "$work"/*.tmp-*; do
        [ ! -e "$file" ] || fail "left behind: $file"
    done
}

finish() {
    no_temporaries
    [ "$n_failed" -eq 0 ]
    exit
}
