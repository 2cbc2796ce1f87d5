#!/bin/sh
# The measuring programs: what each command prints as JSON, and wrong usage. $1 is sweep, bench lies
# beside it. No time is judged.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

expect 0 evaluate --clouds lattice --n 500,1000 --charges unit,mixed --digits 3 --threads 1 \
    --n-crit 50 --runs 1 --repeat 1 --samples 50 --json
holds 'o["kind"] == "sweep" and o["mode"] == "evaluate" and len(o["rows"]) == 4'
holds '[(r["cloud"], r["charges"], r["n"]) for r in o["rows"][:3]] == [
    ("lattice", "unit", 500), ("lattice", "mixed", 500), ("lattice", "unit", 1000)]'
holds 'all(0 < r["multiple"] < 1 and r["evaluate_s"] >= r["evaluate_s_least"] > 0 and r["k"] > 0
    for r in o["rows"])'
expect 0 accuracy --n 1000 --n-crit 60 --clouds cube --digits 3,4 --threads 1 --kernels yukawa --json
holds 'len(o["rows"]) >= 2 and all(0 < r["potential_multiple"] < 1 for r in o["rows"])'
expect 0 accuracy --n 1000 --n-crit 60 --clouds lattice --digits 3 --threads 1 --kernels helmholtz,stokes \
    --charges unit,alternating --lambda 5 --json
holds 'len(o["rows"]) >= 4 and all(0 < r["potential_multiple"] < 1 and 0 < r["gradient_multiple"] < 1
    for r in o["rows"])'
expect 0 leaves --n 200 --clouds cube --digits 3 --threads 1 --runs 1 --repeat 1 --leaves 0.5 --json
holds 'o["rows"][0]["chosen_over_best"] >= 1'
expect 0 soak --serial --evaluations 8 --plans 8 --contexts 8 --most 1000 --json
holds '[r["use"] for r in o["rows"]] == ["evaluation", "plan", "context"]'
expect 0 against --with "'$tool' plain --digits 9" --n 1000 --digits 3 --threads 1 --runs 1 --json
holds 'o["rows"][0]["dagpole_error"] < 1e-3 and o["rows"][0]["other_error"] < 1e-9'

for list in 2 13 3.5 three 3,,4; do
    expect 1 evaluate --digits "$list"
    says "$list"
done
expect 1 evaluate --clouds ring
says ring
expect 1 evaluate --kernels magnetic
says magnetic
expect 1 evaluate --kernels helmholtz --charges forces
says "not those of the kernel helmholtz"
expect 1 accuracy --isa mmx
says mmx
expect 1 against
says --with
expect 1 against --with false --n 100
says false
expect 1 against --with true --n 100
says output
expect 2 plain file
says OUTPUT
expect 2 nonsense
says "'nonsense'"
expect 2 soak --digits
says --digits

# The table of kernels.
kernels=$(dirname "$0")/../../perf/kernels.py
"$python" "$kernels" "$(dirname "$tool")/../dagpole" --n 500 --digits 3,4 --clouds cube \
    --kernels 'laplace;stokes, stresslets' --repeat 1 --samples 50 >out 2>err || { fail "kernels.py"; cat err; }
[ "$(grep -c '^| [ls].*, cube |\( [^|]* ([0-9.]*), [0-9]* %; [^|]* |\)\{2\}$' out)" -eq 2 ] ||
    { fail "not a table of two kernels and numbers of digits"; cat out; }

tool=$(dirname "$tool")/bench
expect 0 loops --only "take strip" --json
holds 'o["kind"] == "bench" and len(o["rows"]) == 4 and all(r["best"] > 0 for r in o["rows"])'
expect 0 operators --clouds cube --n 2000 --n-crit 50 --digits 3 --runs 1 --json
holds '{"P2M", "M2L", "P2P"} <= {r["operator"] for r in o["rows"]}'
expect 0 stages --n 2000 --n-crit 50 --digits 3 --threads 1 --runs 1 --json
holds '{"points", "operators_cold", "graph.walk", "submission"} <= {r["stage"] for r in o["rows"]}'
expect 0 stages --n 2000 --n-crit 50 --digits 3 --threads 1 --runs 1 --kernels stokes --json
expect 0 tasks --clouds cube --n 2000 --n-crit 50 --digits 3 --kernels laplace,helmholtz --json
holds 'abs(sum(r["percent"] for r in o["rows"]) - 200) < 0.1'
expect 0 loops --only "one-sided yukawa" --json # past all kernels of the list
expect 1 loops --only helmholtz
says helmholtz
expect 1 loops --only nonsense
says nonsense
finish
