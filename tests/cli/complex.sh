#!/bin/sh
# Complex charges and results from file to file: Helmholtz.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

expect 0 generate c.h5 --n 1000 --charges complex --vectors 2 --seed 5 --json
holds 'o["charges"] == "complex" and o["n_vectors"] == 2'
expect 0 generate q.h5 --n 1000 --charges mixed --seed 5
expect 0 generate d.h5 --n 400 --charges dipoles --seed 5

expect 0 run c.h5 --kernel helmholtz --wave-number 6.5 --damping 0.25 --digits 5 --n-crit 40 --gradients --output r.h5 --json
holds 'o["kernel"] == "helmholtz" and o["wave_number"] == 6.5 and o["damping"] == 0.25 and "lambda" not in o'
holds 'o["n_vectors"] == 2 and o["charges_from"] == "/charges"'
expect 0 run c.h5 --kernel helmholtz --wave-number 6.5 --damping 0.25 --digits 3
grep -q 'helmholtz, wave_number 6.5, damping 0.25' out || fail "run's table does not tell the parameters"
expect 0 verify r.h5 --tolerance 1e-5 --json
holds 'o["n_vectors"] == 2 and 0 < o["promised_error"] < 1e-5'
holds '0 < o["gradients"]["promised_error"] < 1e-4 and "gradients_far" not in o'
expect 0 verify r.h5
grep -q 'a charge is more than one number' out || fail "verify does not say why there is no far field"
# The parameters are the file's: those of another run would fail.
expect 0 run c.h5 --kernel helmholtz --wave-number 2 --digits 4 --output s.h5
expect 0 verify s.h5 --tolerance 1e-4

# Lattices, where errors add up: boxes of 8 charges and of 64, next to no waves and some.
expect 0 generate a.h5 --distribution lattice --n 27000 --charges alternating
expect 0 generate i.h5 --distribution lattice --n 27000 --charges complex
for case in "a.h5 3 13 0.001" "i.h5 4 13 0.001" "i.h5 7 32 0.4"; do
    # shellcheck disable=SC2086
    set -- $case
    expect 0 run "$1" --kernel helmholtz --digits "$2" --n-crit "$3" --wave-number "$4" --gradients --output l.h5
    expect 0 verify l.h5 --samples 200 --tolerance "1e-$2" --json
    holds "o['gradients']['promised_error'] < 10**(1 - $2)"
done

# Real charges are complex ones; the other way round there is no way.
expect 0 run q.h5 --kernel helmholtz --wave-number 3 --digits 4 --n-crit 40 --output t.h5
expect 0 verify t.h5 --tolerance 1e-4
printf '0 0 0 1\n0 1 0 -1\n' >p.txt
expect 0 run p.txt --kernel helmholtz --wave-number 3 --output u.h5
expect 0 verify u.h5 --tolerance 1e-6
expect 0 run d.h5 --kernel helmholtz --wave-number 3 --digits 3 --output w.h5
expect 0 verify w.h5 --tolerance 1e-3
expect 1 run c.h5
says "/charges of 'c.h5' holds complex numbers: those of the kernel laplace are real"
expect 1 run c.h5 --kernel yukawa --lambda 1
says "kernel yukawa are real"
expect 1 verify t.h5 --input d.h5
says "but its points file has 400 targets"

# No waves: Laplace's potentials, of complex charges. Too many: a sentence.
expect 0 run c.h5 --kernel helmholtz --wave-number 0 --digits 4 --n-crit 40 --output z.h5 --json
holds 'o["wave_number"] == 0 and o["damping"] == 0'
expect 0 verify z.h5 --tolerance 1e-4
expect 1 run c.h5 --kernel helmholtz --wave-number 500 --n-crit 40
says "wave_number is 500"
expect 1 run c.h5 --kernel helmholtz --wave-number 1 --hessians
says "only laplace has second derivatives"

# The other commands that take a kernel.
expect 0 foresee c.h5 --kernel helmholtz --wave-number 3 --digits 3 --workers 1,4 --repeat 1 --json
holds 'o["kernel"] == "helmholtz" and o["wave_number"] == 3 and len(o["foreseen"]) == 2'
expect 0 precompute --kernel helmholtz --wave-number 3 --root-side 1 --depth 2 --digits 3 --json
holds 'o["kernel"] == "helmholtz" and o["wave_number"] == 3 and o["damping"] == 0 and o["depth"] == 2'
expect 0 schedulers c.h5 --kernel helmholtz --wave-number 0 --damping 1 --digits 3 --only lws,dagpole --repeat 1 --json
holds 'o["kernel"] == "helmholtz" and all(s["same"] for s in o["schedulers"])'
expect 0 run c.h5 --kernel helmholtz --wave-number 3 --digits 3 --roof --json
cp out roof.json
expect 0 plot roof.json roof.svg
grep -q helmholtz roof.svg || fail "the chart does not name the kernel"

expect 1 run c.h5 --kernel helmholtz --wave-number 3 --inside i.h5
says "the kernel is helmholtz: expansions are known"

# NaN in an imaginary part is told by its place in the file, which its bytes are found in by the generator's first number.
expect 0 generate nan.h5 --n 50 --charges complex --seed 0
"$python" - <<'END' || fail "the first charge is not found in nan.h5"
import struct
def mix(state):
    z = state = (state + 0x9e3779b97f4a7c15) % 2**64
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9 % 2**64
    z = (z ^ z >> 27) * 0x94d049bb133111eb % 2**64
    return z ^ z >> 31
first = 2 * (mix(mix(0) ^ 0xd1b54a32d192ed03) >> 11) * 2.0**-53 - 1
data = bytearray(open("nan.h5", "rb").read())
at = data.index(struct.pack("<d", first))
data[at + 16 * 7 + 8:at + 16 * 8] = struct.pack("<d", float("nan"))
open("nan.h5", "wb").write(data)
END
expect 1 run nan.h5 --kernel helmholtz --wave-number 1 --output x.h5
says "/charges\\[7\\] of 'nan.h5' has the imaginary part nan: it must be finite"
[ ! -e x.h5 ] || fail "results of NaN were written"
finish
