#!/bin/sh
# foresee: forecasts as a table and as JSON, and what it refuses.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
expect 0 generate --distribution sphere --n 20000 a.h5

expect 0 foresee a.h5 --digits 3 --threads 1 --workers 1,2,...,64,100 --json
holds '[m["workers"] for m in o["foreseen"]] == [1, 2, 4, 8, 16, 32, 64, 100]'
holds '[m["numa_nodes"] for m in o["foreseen"]] == [1, 1, 1, 1, 1, 2, 4, 7]'
holds 'o["measured"]["times"] == "evaluation" and o["measured"]["evaluate_s"] > 0'
holds 'all(m["seconds"] >= max(m["work_s"] / m["workers"], m["span_s"]) for m in o["foreseen"])'
holds 'all(0 < m["best"]["seconds"] <= m["seconds"] for m in o["foreseen"])'
holds 'all(m["limit"] in m["lost_s"] for m in o["foreseen"])'
holds 'all((m["bytes_remote"] > 0) == (m["numa_nodes"] > 1) for m in o["foreseen"])'

# Costs that are asked for are met: 10 ms a submission, by two threads three quarters of it.
expect 0 foresee a.h5 --digits 3 --threads 1 --workers 64 --numa 2 --submit-us 1e4 --json
holds 'o["assumed"]["submit_us"] == 1e4 and o["foreseen"][0]["limit"] == "submission"'
holds 'o["foreseen"][0]["submitters"] == 2 and o["foreseen"][0]["numa_nodes"] == 2'
holds 'o["foreseen"][0]["seconds"] >= 0.0075 * (o["foreseen"][0]["tasks"] - 1)'

# From coefficients nothing is evaluated, and nothing varies.
expect 0 foresee a.h5 --digits 3 --threads 1 --workers 8 --times coefficients --json
holds 'o["measured"]["times"] == "coefficients" and "evaluate_s" not in o["measured"]'
cp out first
expect 0 foresee a.h5 --digits 3 --threads 1 --workers 8 --times coefficients --json
cmp -s first out || fail "two forecasts from the same coefficients differ"

# Without their work tasks take what the runtime takes for them.
expect 0 foresee a.h5 --digits 3 --threads 1 --workers 1 --times none --submit-us 0 --task-us 7 --access-us 0 --json
holds 'abs(o["foreseen"][0]["seconds"] - 7e-6 * o["foreseen"][0]["tasks"]) < 1e-9'

expect 0 foresee a.h5 --digits 3 --threads 1 --workers 2,4 --gradients
grep -q 'foreseen, not measured' out || fail "the table does not say that it is foreseen"

expect 0 foresee a.h5 --digits 3 --threads 1 --workers 1,2,...,256 --plot a.svg
"$python" -c 'import xml.dom.minidom; xml.dom.minidom.parse("a.svg")' || fail "a.svg is no XML"
grep -q 'Foreseen, not measured' a.svg || fail "the picture does not say that it is foreseen"
for word in workers speed-up submit; do
    grep -q "$word" a.svg || fail "the picture does not speak of $word"
done
expect 1 foresee a.h5 --plot no/such/folder/a.svg
says no/such/folder
mkdir folder
expect 1 foresee a.h5 --plot folder
says folder
if [ -w /dev/full ]; then
    "$tool" foresee a.h5 --digits 3 --threads 1 --plot /dev/full >out 2>err && fail "a plot on a full disk"
    says full
fi

expect 0 foresee a.h5 --digits 3 --threads 1 --workers 2,256 --timeline t.svg
"$python" -c 'import xml.dom.minidom; xml.dom.minidom.parse("t.svg")' || fail "t.svg is no XML"
grep -q 'Foreseen, not measured' t.svg || fail "the timeline does not say that it is foreseen"
grep -q '256 workers' t.svg || fail "the timeline is not of the largest machine"
expect 1 foresee a.h5 --timeline no/such/folder/a.svg
says no/such/folder

# What would be found out after the work, or cost a file, is refused before it.
cp a.h5 input.h5
ln -s a.h5 link.h5
for option in --plot --timeline; do
    for path in a.h5 ./a.h5 link.h5; do
        expect 2 foresee a.h5 --digits 3 --threads 1 --workers 2 $option $path
        says "$option '$path' would overwrite the input"
    done
    expect 2 foresee a.h5 --digits 3 --threads 1 --workers 2 $option -
    says "$option is a file"
done
[ ! -e ./- ] || fail "a file that is named -"
cmp -s a.h5 input.h5 || fail "a picture replaced the input"
for path in both.svg ./both.svg; do
    expect 2 foresee a.h5 --digits 3 --threads 1 --workers 2 --plot both.svg --timeline $path
    says both.svg
done
[ ! -e both.svg ] || fail "one of two pictures in one file"
expect 2 foresee a.h5 --digits 3 --threads 1 --workers 1,4097 --timeline wide.svg
says "at most 4096 workers"
[ ! -e wide.svg ] || fail "a timeline of more workers than it has"

# inside FILE: every point of the lines lies between the axes.
inside() {
    "$python" - "$1" <<'END' || fail "$1 has points outside its axes"
import sys, xml.etree.ElementTree as tree
svg = '{http://www.w3.org/2000/svg}'
root = tree.parse(sys.argv[1]).getroot()
lines = list(root.iter(svg + 'polyline'))
points = [tuple(map(float, p.split(','))) for l in lines for p in l.attrib['points'].split()]
axes = [e.attrib for e in root.iter(svg + 'line')][-2:]
low, high = float(axes[1]['y1']), float(axes[1]['y2'])
assert len(lines) == 3 and points and low < high
assert all(low - 0.1 <= y <= high + 0.1 for _, y in points), (low, high, points)
END
}

# Slower than one worker, and faster than the ideal with the best blocks; nothing and next to nothing.
expect 0 generate --n 2 two.h5
expect 0 generate --n 0 none.h5
for cloud in two.h5 none.h5; do
    expect 0 foresee $cloud --digits 3 --threads 1 --workers 1,2,16 --plot few.svg --json
    inside few.svg
    cp out few.json
    expect 0 plot few.json again.svg
    cmp -s few.svg again.svg || fail "plot draws another forecast of $cloud than foresee"
done
cat >odd.json <<'END'
{"kind": "foresee", "foreseen": [{"workers": 2, "seconds": 3, "speed_up": 0.25, "best": {"seconds": 0.25}},
                                 {"workers": 4, "seconds": 0, "speed_up": 0.5, "best": {"seconds": 0}}]}
END
expect 0 plot odd.json odd.svg
inside odd.svg

for list in 0 1000000 4,2 4,4 "1," ,1 1,,2 ... 1,... 1,...,... a 1-2 -1 1.5; do
    expect 2 foresee a.h5 --workers "$list"
    says workers
done
expect 2 foresee a.h5 --workers 4 --numa 8
says numa
expect 2 foresee a.h5 --numa 0
says numa
expect 2 foresee a.h5 --local-gbs -3
says local-gbs
expect 2 foresee a.h5 --remote-gbs 0
says remote-gbs
expect 2 foresee a.h5 --submit-us -1
says submit-us
expect 2 foresee
says FILE
expect 1 foresee missing.h5
says missing.h5
finish
