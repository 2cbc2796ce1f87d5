#!/bin/sh
# Dipoles and second derivatives from file to file.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

expect 0 generate d.h5 --n 2000 --charges dipoles --vectors 2 --seed 5 --json
holds 'o["charges"] == "dipoles" and o["n_vectors"] == 2'
expect 0 generate q.h5 --n 2000 --charges mixed --seed 5

expect 0 run d.h5 --digits 5 --n-crit 60 --hessians --output r.h5 --json
holds 'o["dipoles"] and o["hessians"] and o["gradients"] and o["n_vectors"] == 2'
holds 'o["charges_from"] == "/dipoles"'
expect 0 run d.h5 --digits 5 --hessians --output r2.h5
grep -q 'with second derivatives' out || fail "run's table does not tell of second derivatives"
grep -q '/potentials, /gradients, /hessians' out || fail "run's table does not name /hessians"
expect 0 verify r.h5 --tolerance 1e-5 --json
holds '0 < o["promised_error"] < 1e-5 and 0 < o["hessians"]["promised_error"] < 1e-3'
expect 0 verify r.h5
grep -q 'second derivatives' out || fail "verify's table does not have second derivatives"
grep -q 'sources carry dipoles' out || fail "verify does not say why there is no far field"
expect 0 foresee d.h5 --workers 1,4 --digits 3 --repeat 1 --json
holds 'len(o["foreseen"]) == 2'
expect 0 foresee d.h5 --hessians --dipoles /dipoles --workers 1,4 --digits 3 --repeat 1 --json
holds 'len(o["foreseen"]) == 2'
expect 1 foresee d.h5 --dipoles /none --workers 1
says "/none"
expect 1 foresee q.h5 --kernel yukawa --lambda 1 --hessians --workers 1
says "only laplace has second derivatives"
expect 0 schedulers d.h5 --only lws --repeat 1 --digits 3 --hessians --json
holds 'o["gradients"] and not o["schedulers"][0].get("failure")'

# Charges have second derivatives too; Yukawa has none.
expect 0 run q.h5 --digits 4 --n-crit 60 --hessians --output s.h5
expect 0 verify s.h5 --tolerance 1e-4 --json
holds '0 < o["hessians"]["promised_error"] < 1e-2 and o["gradients_far"]'
expect 1 run q.h5 --kernel yukawa --lambda 1 --hessians
says "only laplace has second derivatives"

# Another dataset of dipoles, beside charges of another number of vectors or none at all.
expect 0 run d.h5 --digits 3 --dipoles /sources --output t.h5 --json
holds 'o["charges_from"] == "/sources" and o["n_vectors"] == 1'
expect 1 verify t.h5
says "results of 1 vectors, but its points file has 2"
expect 0 verify t.h5 --dipoles /sources --tolerance 1e-3
expect 0 run q.h5 --digits 3 --dipoles /sources --output u.h5 --json
holds 'o["charges_from"] == "/charges, /sources"'
expect 1 verify u.h5
says "--dipoles names them"
expect 0 verify u.h5 --dipoles /sources --tolerance 1e-3
expect 1 run d.h5 --dipoles /nothing
says "/nothing"
printf '0 0 0\n1 0 0\n' > p.txt
expect 1 run p.txt --dipoles /d
says "no HDF5"
finish
