#!/bin/sh
# generate, run, verify, precompute and info together, on small clouds.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

expect 0 generate --distribution=sphere --n 3e3 --seed 7 --charges mixed a.h5
expect 0 generate --distribution sphere --n 3000 --seed 7 --charges mixed --json b.h5
holds 'o["n"] == 3000 and o["seed"] == 7 and o["charges"] == "mixed" and o["file"] == "b.h5"'

# A table for people; nothing is written without --output.
expect 0 run a.h5
grep -q evaluate out || fail "run's table has no evaluate"
grep -q 'not written' out || fail "run does not say that nothing was written"
set -- *.h5
[ $# -eq 2 ] || fail "run without --output wrote a file"

# Leaves small enough for a far field.
expect 0 run a.h5 --digits 6 --n-crit 60 --threads 2 --gradients --repeat 2 --output r.h5 --json
holds 'o["n_sources"] == 3000 and o["n_targets"] == 3000 and o["kernel"] == "laplace"'
holds 'o["digits"] == 6 and o["threads"] == 2 and o["scheduler"] in ("lws", "dagpole") and o["evaluations"] == 2'
holds '{"depth", "boxes", "leaves", "mean_u", "mean_v", "mean_w", "mean_x"} <= o["tree"].keys()'
holds '{"tree", "lists", "operators", "graph", "total"} <= o["setup_s"].keys()'
holds '{"P2M", "M2M", "M2L", "P2L", "L2L", "L2P", "M2P", "P2P"} <= o["operators_s"].keys()'
holds 'abs(sum(o["share"][k] for k in ("tasks", "runtime", "idle")) - 1) < 1e-6'
holds '0 < o["evaluate_best_s"] <= o["evaluate_s"] + 1e-9 and o["evaluate_s"] < o["total_s"]'
holds 'o["bytes_copied"] == 0'
holds 'o["peak_rss_bytes"] > 1e6 and o["output"] == "r.h5" and o["gradients"]'
[ ! -s err ] || { fail "run writes to stderr, which is no terminal:"; cat err; }

# A terminal gets a progress bar.
"$python" -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))' \
    "$tool" run a.h5 --digits 12 --repeat 20 >out 2>&1 </dev/null || fail "run on a terminal"
grep -q 'evaluate .*\[#* *\] .*%' out || fail "no progress bar on a terminal"

# The input is found from another folder; the sample depends on the seed.
mkdir elsewhere
cd elsewhere || exit 1
expect 0 verify ../r.h5 --samples 200 --seed 3 --tolerance 1e-6 --json
holds 'o["samples"] == 200 and o["seed"] == 3 and not o["absolute"]'
holds '0 < o["rel_l2_error"] <= 1e-6 and o["rel_l2_error"] < o["max_error"]'
holds '0 < o["gradients"]["rel_l2_error"] <= 1e-5 and o["gradients_far"]["rel_l2_error"] <= 3e-4'
holds 'o["gradients"]["rel_l2_error"] <= o["gradients_far"]["rel_l2_error"]'
holds 'o["promised_error"] <= o["rel_l2_error"] and "promised_error" not in o["gradients_far"]'
first=$(cat out)
expect 0 verify ../r.h5 --samples 200 --seed 3 --tolerance 1e-6 --json
[ "$first" = "$(cat out)" ] || fail "verify with the same seed differs"
expect 0 verify ../r.h5 --samples 200 --seed 4 --json
[ "$first" != "$(cat out)" ] || fail "verify with another seed does not differ"
expect 0 verify ../r.h5 --samples 1e6 --json
holds 'o["samples"] == 3000'
cd .. || exit 1
expect 1 verify r.h5 --tolerance 1e-14
says "--tolerance"
expect 0 verify r.h5 --input b.h5
grep -q 'gradients without the near field' out || fail "verify's table lacks the far field"

# Paths of any length come back.
deep=.
while [ ${#deep} -lt 1500 ]; do
    deep=$deep/a-folder-below-a-folder-with-a-name-of-some-length
done
mkdir -p "$deep"
cp a.h5 "$deep"
expect 0 run "$deep/a.h5" --digits 3 --output deep.h5
cd elsewhere || exit 1
expect 0 verify ../deep.h5 --tolerance 1e-3
cd ..

# A symbolic link stays, and what it leads to is replaced or made.
mkdir results
ln -s results/kept.h5 link.h5
for digits in 3 4; do
    expect 0 run a.h5 --digits $digits --output link.h5 --json
    if [ ! -L link.h5 ] || [ -L results/kept.h5 ]; then
        fail "a link was replaced"
    fi
    expect 0 verify results/kept.h5 --samples 100 --tolerance 1e-$digits
done
set -- results/*
[ $# -eq 1 ] || fail "more than the result beside the link's end: $*"

# verify does find errors: the potentials of other charges are wrong.
expect 0 generate --distribution sphere --n 3000 --seed 7 --charges unit unit.h5
expect 0 verify r.h5 --input unit.h5 --json
holds 'o["rel_l2_error"] > 0.1'
expect 0 generate --n 2999 other.h5
expect 1 verify r.h5 --input other.h5
says '2,999'

# The report says how it was run.
expect 0 run a.h5 --serial --no-cache --gradients --output serial.h5 --json
holds 'o["threads"] == 1'
expect 0 run a.h5 --threads 1 --scheduler prio --gradients --output prio.h5 --json
holds 'o["scheduler"] == "prio" and o["threads"] == 1'
expect 0 run a.h5 --threads 2 --scheduler dagpole --json
holds 'o["scheduler"] == "dagpole" and o["threads"] == 2'

# Experts' options are taken and recorded.
expect 0 run a.h5 --digits 4 --p 7 --n-crit 40 --tolerance 1e-5 --svd-cutoff 1e-12 --block-boxes 8 --json
holds 'o["p"] == 7 and o["n_crit"] == 40 and o["tolerance"] == 1e-5 and o["svd_cutoff"] == 1e-12'

expect 0 run a.h5 --kernel yukawa --lambda 2.5 --digits 5 --output y.h5 --json
holds 'o["kernel"] == "yukawa" and o["lambda"] == 2.5'
expect 0 verify y.h5 --tolerance 1e-5

# Operators on disk.
expect 0 precompute --digits 3 --cache cache --json
holds 'o["digits"] == 3'
expect 0 info --cache cache --json
holds 'o["cache"]["files"] >= 1 and o["cache"]["bytes"] > 1000'
expect 0 run a.h5 --digits 3 --cache cache --json
holds 'o["operators_cached"]'
expect 0 precompute --kernel yukawa --lambda 1 --digits 3 --root-side 2 --depth 3 --cache cache

# Coefficients of the cost model: built in, until somebody tunes.
expect 0 run a.h5 --digits 3 --cache tuned --json
holds 'o["coefficients"] == "built-in"'
expect 0 precompute --tune --cache tuned --json
holds '"digits" not in o and o["tuning"]["coefficients"].startswith("tuned 20")'
holds 'o["tuning"]["tuned"].keys() == o["tuning"]["built_in"].keys() and "flop" in o["tuning"]["tuned"]'
holds 'all(0 < t < 1e-3 for t in o["tuning"]["tuned"].values())'
coefficients=$("$python" -c 'import json; print(json.load(open("out"))["tuning"]["coefficients"])')
expect 0 info --cache tuned --json
holds "o['coefficients'] == '$coefficients'"
expect 0 run a.h5 --digits 3 --cache tuned --output tuned.h5 --json
holds "o['coefficients'] == '$coefficients'"
expect 0 verify tuned.h5 --tolerance 1e-3
expect 0 run a.h5 --digits 3 --cache tuned
grep -q "coefficients $coefficients" out || fail "run's table does not name the coefficients"
expect 0 run a.h5 --digits 3 --no-cache --json
holds 'o["coefficients"] == "built-in"'
# Sanitizers, under which tuning takes long, have watched it above.
if [ "${SANITIZE:-none}" = none ]; then
    expect 0 precompute --tune --digits 3 --cache both
    grep -q '^operators for laplace, 3 digits' out || fail "precompute --tune --digits builds no operators"
    grep -q 'pair_laplace  *[0-9.]*  *[0-9.]*$' out || fail "precompute --tune prints no coefficients"
fi

# A damaged file is passed over, with a line that names it.
for file in tuned/coefficients-*.h5; do
    echo damaged >"$file"
    expect 0 run a.h5 --digits 3 --cache tuned --json
    holds 'o["coefficients"] == "built-in"'
    says "$file"
done

expect 0 info
grep -q StarPU out || fail "info does not name StarPU"
expect 0 info --json
holds 'o["cores"] >= 1 and o["starpu_max_cpus"] >= 1 and {"lws", "dagpole"} <= set(o["schedulers"])'
holds 'o["instruction_set"] in ("portable", "avx2", "avx512", "avx512-emulated")'

# Without a home that can be written: a word about it, and the same results.
for home in /dev/null "$work/a.h5" /proc/none; do
    mkdir -p tmp
    (
        unset XDG_CACHE_HOME STARPU_HOME STARPU_SILENT
        export HOME="$home" TMPDIR="$work/tmp"
        "$tool" run a.h5 --digits 3 --threads 2 --output homeless.h5 >out 2>err
    ) || { fail "dagpole run with HOME=$home: exit code $?"; cat err; }
    grep -q "$home" err || fail "not a word about HOME=$home"
    ! grep -v '^dagpole: ' err || fail "more than the tool's own words with HOME=$home"
    rmdir tmp || fail "StarPU's files are left behind with HOME=$home"
    expect 0 verify homeless.h5 --tolerance 1e-3
done

# Without any home.
(
    unset XDG_CACHE_HOME HOME
    "$tool" run a.h5 --digits 3 --serial >out 2>err
) || { fail "dagpole run without a home: exit code $?"; cat err; }
says 'neither XDG_CACHE_HOME nor HOME'

# Text files, three and four columns; no points at all is legal.
printf '0 0 0 1\n1 0 0 -2\n0 1 0 3\n' >four.txt
printf '0,0,0\n1,0,0\n0,1,0\n' >three.csv
for file in four.txt three.csv; do
    expect 0 run $file --output text.h5
    expect 0 verify text.h5 --tolerance 1e-6
done
# The standard input, as a pipe and as a file of either kind.
"$tool" run - --output piped.h5 --json <four.txt >out 2>err || fail "run - with a text file: $(cat err)"
holds 'o["n_sources"] == 3 and o["charges_from"] == "the column after x y z"'
expect 0 verify piped.h5 --tolerance 1e-6
"$tool" run - --json <a.h5 >out 2>err || fail "run - with an HDF5 file: $(cat err)"
holds 'o["n_sources"] == 3000 and o["charges_from"] == "/charges"'
# shellcheck disable=SC2002
cat four.txt | "$tool" run - --output piped.h5 >out 2>err || fail "run - with a pipe: $(cat err)"
grep -q 'charges: the column after x y z' out || fail "run's table does not say where charges are from"
expect 1 verify piped.h5
says '--input'
expect 0 verify piped.h5 --input four.txt --tolerance 1e-6
"$tool" verify piped.h5 --input - --tolerance 1e-6 <four.txt >out 2>err || fail "verify - : $(cat err)"
printf '2\nProperties=species:S:1:pos:R:3:mass:R:1\nH 0 0 0 1.008\nO 1 0 0 15.999\n' >mass.xyz
expect 0 run mass.xyz
grep -q 'charges: 1 each, the file has none' out || fail "a mass was taken for a charge"

for n in 0 1 2; do
    expect 0 generate --n $n few.h5
    expect 0 run few.h5 --gradients --output few-out.h5
    expect 0 verify few-out.h5 --json
done
printf '0 0 0 0\n1 0 0 0\n' >zero.txt
expect 0 run zero.txt --output zero.h5
expect 0 verify zero.h5 --json --tolerance 1e-6
holds 'o["absolute"] and o["rel_l2_error"] == 0'
finish
