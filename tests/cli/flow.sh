#!/bin/sh
# Forces and velocities from file to file: Stokes.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

expect 0 generate f.h5 --n 800 --charges forces --vectors 2 --seed 5 --json
holds 'o["charges"] == "forces" and o["n_vectors"] == 2'
expect 0 generate q.h5 --n 800 --charges mixed --seed 5

expect 0 run f.h5 --kernel stokes --digits 5 --n-crit 40 --gradients --pressures --output r.h5 --json
holds 'o["kernel"] == "stokes" and o["gradients"] and o["pressures"] and o["n_vectors"] == 2'
expect 0 verify r.h5 --tolerance 1e-5 --json
holds 'o["n_vectors"] == 2 and 0 < o["promised_error"] < 1e-5'
holds '0 < o["gradients"]["promised_error"] < 1e-4 and 0 < o["pressures"]["promised_error"] < 1e-4'
expect 0 run f.h5 --kernel stokes --digits 4 --n-crit 40 --pressures --output s.h5
grep -q '(/potentials, /pressures)' out || fail "run's table does not name /pressures"
expect 0 verify s.h5 --tolerance 1e-4
grep -q '^  pressures' out || fail "verify's table does not have pressures"
grep -q '^  velocities' out || fail "verify does not call velocities by their name"
expect 1 verify s.h5 --tolerance 1e-12
says "--tolerance"

# same_normals N FILE: somewhere in the file lie two vectors of N stresslets, a normal and a density each,
# whose normals are the same and whose densities are not.
same_normals() {
    "$python" -c '
import sys
n, b = int(sys.argv[1]), open(sys.argv[2], "rb").read()
both = lambda at: (b[at:at + 24], b[at + 48 * n:at + 48 * n + 24])
same, other = lambda at: len(set(both(at))) == 1, lambda at: len(set(both(at))) == 2
sys.exit(not any(all(same(at + 48 * i) and other(at + 48 * i + 24) for i in range(n))
                 for at in range(len(b) - 96 * n + 1)))' "$1" "$2"
}

# Stresslets: a normal and a density.
expect 0 generate d.h5 --n 800 --distribution sphere --charges stresslets --vectors 2 --seed 5 --json
holds 'o["charges"] == "stresslets" and o["n_vectors"] == 2'
same_normals 800 d.h5 || fail "the vectors do not have the same normals with densities of their own"
expect 0 generate e.h5 --n 800 --charges stresslets
grep -q '^800 stresslets (random) on a cube' out || fail "generate does not say what it made"
expect 0 run d.h5 --kernel stokes --digits 5 --n-crit 40 --gradients --pressures --output t.h5 --json
holds 'o["dipoles"] and o["charges_from"] == "/dipoles" and o["n_vectors"] == 2'
expect 0 verify t.h5 --tolerance 1e-5 --json
holds '0 < o["promised_error"] < 1e-5 and 0 < o["gradients"]["promised_error"] < 1e-4'
holds '0 < o["pressures"]["promised_error"] < 1e-4'
expect 0 foresee d.h5 --kernel stokes --digits 3 --workers 1,4 --repeat 1 --json
holds 'len(o["foreseen"]) == 2'
expect 1 run d.h5
says "/dipoles of 'd.h5' has shape 2 x 800 x 6: 800 x 3 (one dipole a source)"
expect 1 run d.h5 --kernel helmholtz --wave-number 1
says "/dipoles of 'd.h5'"

# What is no force, and what forces are not for.
expect 1 run q.h5 --kernel stokes
says "/charges of 'q.h5' has shape 800: 800 x 3 (one charge a source)"
expect 1 run f.h5
says "/charges of 'f.h5' has shape 2 x 800 x 3: 800 (one charge a source)"
expect 1 run f.h5 --kernel stokes --dipoles /sources
says "800 x 6 (one dipole a source)"
printf '0 0 0 1\n0 1 0 -1\n' >p.txt
expect 1 run p.txt --kernel stokes
says "those of the kernel stokes have 3"
expect 2 run f.h5 --pressures
says "the kernel laplace has none"
expect 2 run f.h5 --kernel stokes --lambda 1
says "not of stokes"
expect 1 run f.h5 --kernel stokes --hessians
says "stokes"

# Sums with surfaces are Laplace's, with a derivative more.
expect 0 run f.h5 --kernel stokes --digits 4 --n-crit 40 --gradients --roof --json
holds 'all(o["arithmetic"]["operators"][k]["roof_s"] > 0 for k in ("P2M", "M2L", "L2P", "P2P"))'
cp out roof.json
expect 0 plot roof.json roof.svg
grep -q stokes roof.svg || fail "the chart does not name the kernel"
expect 1 run f.h5 --kernel stokes --inside i.h5
says "the kernel is stokes: expansions are known"
[ ! -e i.h5 ] || fail "expansions of stokes were written"

expect 0 foresee f.h5 --kernel stokes --digits 3 --workers 1,4 --repeat 1 --json
holds 'o["kernel"] == "stokes" and len(o["foreseen"]) == 2'
expect 0 foresee f.h5 --kernel stokes --pressures --digits 3 --workers 1,4 --repeat 1 --json
holds 'len(o["foreseen"]) == 2'
for command in run foresee schedulers; do
    expect 2 "$command" f.h5 --pressures
    says "--pressures: the kernel laplace has none"
done
expect 0 precompute --kernel stokes --digits 3 --json
holds 'o["kernel"] == "stokes" and "root_side" not in o'
finish
