#!/bin/sh
# dagpole plot: what it draws, what it refuses, and nothing half written. run --roof, which it draws.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

# drawn FILE WORD...: an SVG whose texts have these words.
drawn() {
    "$python" - "$@" <<'END' || fail "$1 is not the picture that was asked for"
import re, sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
assert root.tag == '{http://www.w3.org/2000/svg}svg'
words = ' '.join(t.text for t in root.iter('{http://www.w3.org/2000/svg}text'))
assert all(w in words for w in sys.argv[2:]), words
numbers = [v for e in root.iter() for k, v in e.attrib.items() if k in 'x y x1 x2 y1 y2 cx cy width height'.split()]
assert numbers and all(re.fullmatch(r'-?\d+(\.\d+)?', v) for v in numbers)
assert all(-1 <= float(v) <= 2000 for v in numbers)
END
}

# The share of each operator's time that is arithmetic.
expect 0 generate --distribution sphere --n 20000 'a & <b>.h5'
expect 0 run 'a & <b>.h5' --roof --json --threads 2
cp out run.json
holds 'o["kind"] == "run" and all(o["arithmetic"][r] > 1e6 for r in ("flop_rate", "near_rate", "to_surface_rate", "from_surface_rate"))'
holds 'all(v["seconds"] == o["operators_s"][k] for k, v in o["arithmetic"]["operators"].items())'
holds 'all(o["arithmetic"]["operators"][k]["pairs"] > 0 for k in ("P2P", "P2M", "L2P"))'
holds 'all(o["arithmetic"]["operators"][k]["flops"] > 0 for k in ("M2L", "M2M", "L2L", "P2M", "L2P"))'
holds 'all(o["arithmetic"]["operators"][k]["roof_s"] == 0 for k in ("GATHER", "SCATTER"))'
# Near pairs: every one of a leaf with itself at least.
holds 'o["arithmetic"]["operators"]["P2P"]["pairs"] >= o["n_sources"] * o["n_sources"] / o["tree"]["leaves"]'
expect 0 plot run.json run.svg
drawn run.svg 'a & <b>.h5' P2P M2L 'arithmetic' 'the rest' ms
expect 0 run 'a & <b>.h5' --roof
grep -q 'error of .* in the median over operators' out || { fail "no word on what was expected"; cat out; }
expect 0 run 'a & <b>.h5' --json
cp out plain.json
expect 1 plot plain.json plain.svg
says 'roof'

# Of all pairs, without a far field.
expect 0 generate --n 500 few.h5
expect 0 run few.h5 --n-crit 500 --roof --json
holds 'o["arithmetic"]["operators"]["P2P"]["pairs"] == 500 * 500'
holds 'all(v["flops"] == 0 for v in o["arithmetic"]["operators"].values())'

# Schedulers, one of which failed; names that XML would trip over.
cat >schedulers.json <<'END'
{"kind": "schedulers", "input": "/x/cl\u00f6ud \ud83d\ude00.h5", "n_sources": 1000000, "n_targets": 1000000,
 "kernel": "laplace", "digits": 6, "threads": 2, "instruction_set": "avx2", "rounds": 3,
 "schedulers": [{"name": "l<w>s", "median_s": 0.5, "least_s": 0.4, "most_s": 1.5, "ratio": 1},
                {"name": "broken", "evaluate_s": [], "failure": "ended by signal 11 (Segmentation fault)"}]}
END
expect 0 plot schedulers.json s.svg
drawn s.svg 'l<w>s' broken 'signal 11' '1,000,000 points' 'clöud 😀.h5'
"$tool" plot schedulers.json /dev/stdout >piped.svg 2>err || fail "to the standard output"
cmp -s s.svg piped.svg || fail "the standard output gets another picture"
"$tool" plot - s2.svg <schedulers.json 2>err || fail "from the standard input"
cmp -s s.svg s2.svg || fail "the standard input gives another picture"
# A file that takes the standard output gets the picture, and keeps what it has.
echo before >log
"$tool" plot schedulers.json /dev/stdout >>log 2>err || fail "to the end of a file"
(echo before && cat s.svg) | cmp -s - log || fail "what was in the file of the standard output is gone"
ln -s s.svg link.svg
expect 0 plot run.json link.svg
[ -L link.svg ] || fail "a link was replaced"
cmp -s run.svg s.svg || fail "what a link leads to was not replaced"
mkdir later
ln -s later/t.svg link2.svg
expect 0 plot run.json link2.svg
[ -L link2.svg ] || fail "a link to nothing was replaced"
cmp -s run.svg later/t.svg || fail "what a link is to lead to was not made"

# Sweeps: over digits with a line per cloud, over workers with one alone.
cat >sweep.json <<'END'
{"kind": "sweep", "mode": "evaluate", "instruction_set": "avx2", "rows": [
 {"cloud": "cube", "charges": "mixed", "n": 1000000, "digits": 3, "threads": 2, "evaluate_s": 0.1},
 {"cloud": "cube", "charges": "mixed", "n": 1000000, "digits": 6, "threads": 2, "evaluate_s": 0.3},
 {"cloud": "sphere", "charges": "mixed", "n": 1000000, "digits": 6, "threads": 2, "evaluate_s": 0.2}]}
END
expect 0 plot sweep.json sweep.svg
drawn sweep.svg cube sphere 'digits asked for' 'time of an evaluation, s' '1,000,000 points'
[ "$(grep -c '<circle' sweep.svg)" -eq 3 ] || fail "not a mark for each of three rows"
printf '{"kind": "sweep", "rows": [{"threads": 1, "evaluate_s": 2}, {"threads": 2, "evaluate_s": 1}]}' >workers.json
expect 0 plot workers.json workers.svg
drawn workers.svg workers

# Numbers at the edge of what a double holds: a picture, and soon.
edge() {
    printf '%s' "$1" >edge.json
    rm -f edge.svg
    timeout 20 "$tool" plot edge.json edge.svg 2>err || { fail "a plot of $1: $?"; cat err; }
    [ ! -e edge.svg ] || drawn edge.svg
}
edge '{"kind": "sweep", "rows": [{"digits": 1e17, "evaluate_s": 1}, {"digits": 1.00000000000000032e17, "evaluate_s": 1}]}'
edge '{"kind": "sweep", "rows": [{"digits": 3, "evaluate_s": 1.5e308}]}'
edge '{"kind": "sweep", "rows": [{"digits": 3, "evaluate_s": 1e-308}, {"digits": 4, "evaluate_s": 1.7e308}]}'
edge '{"kind": "sweep", "rows": [{"digits": 1e-320, "evaluate_s": 1}, {"digits": 1.7e308, "evaluate_s": 1}]}'
edge '{"kind": "sweep", "rows": [{"digits": 1.7e308, "evaluate_s": 1}]}'
edge '{"kind": "sweep", "rows": [{"digits": 5e-324, "evaluate_s": 1}]}'
edge '{"kind": "sweep", "rows": [{"threads": 1e-320, "evaluate_s": 1}, {"threads": 1.7e308, "evaluate_s": 1}]}'
edge '{"kind": "schedulers", "schedulers": [{"name": "a", "median_s": 1, "least_s": 1, "most_s": 1.7e308, "ratio": 1}]}'
edge '{"kind": "run", "arithmetic": {"operators": {"P2P": {"seconds": 1.7e308, "roof_s": 1}}}}'

# A forecast: the picture that foresee draws itself.
expect 0 foresee few.h5 --workers 2,4 --threads 1 --json --plot foresee.svg
cp out foresee.json
holds 'o["kind"] == "foresee"'
expect 0 plot foresee.json again.svg
cmp -s foresee.svg again.svg || fail "plot draws another forecast than foresee"

# refused CODE WORD TEXT: no picture of this JSON, and what is there stays.
refused() {
    printf '%s' "$3" >bad.json
    echo before >kept.svg
    expect "$1" plot bad.json kept.svg
    says "$2"
    [ "$(cat kept.svg)" = before ] || fail "a refused plot of '$3' wrote its file"
}
refused 1 empty ''
refused 1 empty '  '
refused 1 'line 1, column 2' '{'
refused 1 'line 2, column 3' '{"kind":
  x}'
refused 1 'line 1' '{"kind": "run",}'
refused 1 'line 1' '[1 2]'
refused 1 'line 1' '[01]'
refused 1 'line 1' '[1.]'
refused 1 'line 1' '[-]'
refused 1 'line 1' '[1e999]'
refused 1 'line 1' '["a'
refused 1 'line 1' '["\x"]'
refused 1 'line 1' '["\u12"]'
refused 1 'line 1' '["\ud800"]'
refused 1 'line 1' '{"a" 1}'
refused 1 'line 1' '{} {}'
refused 1 'line 1' 'nul'
refused 1 64 "$("$python" -c 'print("[" * 100000)')"
refused 1 "not dagpole's" '{"a": 1}'
refused 1 "not dagpole's" '[]'
refused 1 "not dagpole's" '"text"'
refused 1 "not dagpole's" '{"kind": 3}'
refused 1 "nonsense" '{"kind": "nonsense"}'
refused 1 schedulers '{"kind": "schedulers"}'
refused 1 schedulers '{"kind": "schedulers", "schedulers": []}'
refused 1 'scheduler 1' '{"kind": "schedulers", "schedulers": [{}]}'
refused 1 'scheduler 1' '{"kind": "schedulers", "schedulers": [3]}'
refused 1 'scheduler 1' '{"kind": "schedulers", "schedulers": [{"name": "a", "median_s": 1, "least_s": 2, "most_s": 1, "ratio": 1}]}'
refused 1 first '{"kind": "schedulers", "schedulers": [{"name": "a", "failure": "b"}]}'
refused 1 P2P '{"kind": "run", "arithmetic": {"operators": {"P2P": {}}}}'
refused 1 'no operator' '{"kind": "run", "arithmetic": {"operators": {}}}'
refused 1 'more than 32 operators' "{\"kind\": \"run\", \"arithmetic\": {\"operators\": {$("$python" -c '
print(",".join("\"%d\": {\"seconds\": 1, \"roof_s\": 1}" % i for i in range(33)))')}}}"

refused 1 foreseen '{"kind": "foresee"}'
refused 1 'machine 2' '{"kind": "foresee", "foreseen": [
    {"workers": 2, "seconds": 1, "speed_up": 2, "best": {"seconds": 1}},
    {"workers": 2, "seconds": 1, "speed_up": 2, "best": {"seconds": 1}}]}'
refused 1 rows '{"kind": "sweep"}'
refused 1 rows '{"kind": "sweep", "rows": []}'
refused 1 evaluate_s '{"kind": "sweep", "mode": "soak", "rows": [{"cloud": "cube"}]}'
refused 1 'row 2' '{"kind": "sweep", "rows": [{"digits": 3, "evaluate_s": 1}, {"digits": 4}]}'
refused 1 '24 lines' "{\"kind\": \"sweep\", \"rows\": [$("$python" -c '
print(",".join("{\"cloud\": \"%d\", \"digits\": 3, \"evaluate_s\": 1}" % i for i in range(25)))')]}"

expect 2 plot
expect 2 plot run.json
says OUT.svg
expect 2 plot run.json a.svg b.svg
says b.svg
cp run.json input.json
expect 2 plot run.json run.json
says run.json
cmp -s run.json input.json || fail "a picture replaced its figures"
expect 2 plot run.json -
says OUT.svg
[ ! -e ./- ] || fail "a file that is named -"
expect 1 plot missing.json a.svg
says missing.json
expect 1 plot run.json no/such/folder/a.svg
says no/such/folder
mkdir folder
expect 1 plot run.json folder
says folder
expect 1 plot folder a.svg
says folder
(ulimit -f 1 && n_failed=0 && expect 1 plot run.json full.svg && says full.svg && exit $n_failed) || fail "a full disk"
[ ! -e full.svg ] || fail "half a picture on a full disk"
[ ! -e a.svg ] || fail "a picture of nothing"
finish
