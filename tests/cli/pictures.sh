#!/bin/sh
# What run shows of its tasks: --trace, --timeline, --graph and --inside.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

# checks FILE EXPRESSION: true of the trace FILE, whose events by phase are called X, C and M.
checks() {
    "$python" -c '
import json, sys
o = json.load(open("report.json"))
events = json.load(open(sys.argv[1]))["traceEvents"]
X, C, M = ([e for e in events if e["ph"] == p] for p in "XCM")
sys.exit(not eval(sys.argv[2]))' "$1" "$2" || fail "not true of $1: $2"
}

expect 0 generate --distribution sphere --n 3000 --seed 7 a.h5
expect 0 run a.h5 --n-crit 60 --threads 2 --repeat 2 --trace t.json --timeline t.svg --graph t.dot \
    --inside i.h5 --json
cp out report.json
holds '{"tasks", "measured_s", "predicted_s", "median_ratio"} <= o["tasks_by_operator"]["M2L"].keys()'
holds 'sum(k["tasks"] for k in o["tasks_by_operator"].values()) == o["tasks"]'
holds 'all(k["median_ratio"] > 0 for k in o["tasks_by_operator"].values())'
holds '0 < o["critical_path"]["in_tasks_s"] <= o["critical_path"]["end_s"] <= o["evaluate_s"]'
holds '0 < o["critical_path"]["span_s"] <= o["critical_path"]["end_s"]'

# A slice for each task, under its worker, and how many workers idle.
checks t.json 'len(X) == o["tasks"] and {e["tid"] for e in X} <= {1, 2}'
checks t.json 'all({"level", "block", "home_node", "submit_us", "ready_us"} <= e["args"].keys() for e in X)'
checks t.json 'all(0 <= e["args"]["submit_us"] <= e["args"]["ready_us"] <= e["ts"] for e in X)'
checks t.json 'max(e["ts"] + e["dur"] for e in X) <= 1e6 * o["evaluate_s"] + 0.01'
checks t.json '{e["name"] for e in X} == o["tasks_by_operator"].keys()'
checks t.json 'all(0 <= e["args"]["idle"] <= 2 for e in C) and C[-1]["args"]["idle"] == 2'
checks t.json '"worker 1" in [e["args"].get("name") for e in M]'
checks t.json 'all(a["ts"] + a["dur"] <= b["ts"] + 0.01 for t in (1, 2) for s in [sorted((e for e in X if e["tid"] == t), key=lambda e: e["ts"])] for a, b in zip(s, s[1:]))'

"$python" -c '
import sys, xml.etree.ElementTree as tree
texts = [t.text for t in tree.parse("t.svg").iter("{http://www.w3.org/2000/svg}text")]
for wanted in "M2L", "critical path", "worker":
    assert wanted in texts, wanted
assert any("ms" in t and "time" in t for t in texts), texts' || fail "the timeline lacks a label"

# Each task is a node, and with more of them each operator of a level is.
[ "$(grep -c ' \[label=' t.dot)" -eq "$("$python" -c 'import json; print(json.load(open("report.json"))["tasks"])')" ] ||
    fail "not every task is a node"
grep -q 't[0-9]* -> t[0-9]*' t.dot || fail "the graph has no edges"
grep -q 'penwidth=3' t.dot || fail "the graph marks no chain"
expect 0 run a.h5 --n-crit 12 --block-boxes 2 --serial --graph many.dot --timeline many.svg --json
holds 'o["tasks"] > 500'
grep -q 'label="M2L, level 3\\n[0-9]* tasks' many.dot || fail "no M2L of level 3 in the graph"
"$python" -c '
import json, re
n = [int(t.replace(",", "")) for t in re.findall(r"\\n([\d,]+) tasks\\n", open("many.dot").read())]
assert sum(n) == json.load(open("out"))["tasks"], n' || fail "the graph does not count every task"
if command -v dot >/dev/null; then
    for file in t.dot many.dot; do
        dot -Tsvg $file >drawn.svg 2>err || { fail "dot does not draw $file"; cat err; }
    done
fi

# For people.
expect 0 run a.h5 --n-crit 60 --trace t.json
grep -q '^critical path: ' out || fail "no critical path in the summary"
grep -q '^  P2P  *[0-9]' out || fail "no P2P in the summary"
expect 0 run a.h5 --n-crit 60
! grep -q 'critical path' out || fail "a summary of tasks that nobody asked for"
expect 0 generate --n 0 empty.h5
expect 0 run empty.h5 --trace t.json --timeline t.svg --graph t.dot --inside i.h5
"$python" -c 'import json; json.load(open("t.json"))' || fail "a trace of nothing is no JSON"

# What cannot be written is refused before the work.
rm -f t.json t.svg t.dot i.h5
for option in --trace --timeline --graph --inside; do
    expect 1 run a.h5 $option no/such/folder/t
    says no/such/folder
    mkdir folder
    expect 1 run a.h5 $option folder
    says folder
    rmdir folder
    expect 2 run a.h5 $option a.h5
    says overwrite
    expect 2 run a.h5 $option -
    says $option
    expect 2 run a.h5 $option ''
    says $option
    expect 2 run a.h5 --output same $option same
    says same
done
expect 2 run a.h5 --trace same --graph same
says same
[ ! -e same ] || fail "wrong usage wrote a file"
# Nothing is left of evaluations that failed, and of files for which the disk is too small.
printf '0 0 0 1\n0 nan 0 1\n' >nan.txt
expect 1 run nan.txt --trace t.json --timeline t.svg --graph t.dot --inside i.h5
(ulimit -f 4 && n_failed=0 && expect 1 run a.h5 --n-crit 20 --trace t.json && says t.json && exit $n_failed) ||
    fail "a full disk"
(ulimit -f 4 && n_failed=0 && expect 1 run a.h5 --n-crit 20 --inside i.h5 && says i.h5 && exit $n_failed) ||
    fail "a full disk"
timeout --preserve-status -s INT 0.5 env --default-signal "$tool" run a.h5 --digits 12 --repeat 1000000 \
    --trace t.json --timeline t.svg --graph t.dot --inside i.h5 >out 2>err
[ $? -eq 130 ] || fail "an interrupted run did not end with 130"
for file in t.json t.svg t.dot i.h5; do
    [ ! -e $file ] || fail "$file of an evaluation that did not end"
done
finish
