#!/bin/sh
# Several vectors of charges in one file.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

expect 0 generate v.h5 --n 2000 --charges mixed --vectors 3 --seed 5 --json
holds 'o["n_vectors"] == 3'
expect 0 generate one.h5 --n 2000 --charges mixed --seed 5
expect 2 generate w.h5 --n 2000 --vectors 0
says "--vectors"

expect 0 run v.h5 --digits 5 --n-crit 60 --gradients --output r.h5 --json
holds 'o["n_vectors"] == 3 and o["n_sources"] == 2000'
expect 0 run v.h5 --digits 5
grep -q '3 vectors' out || fail "run's table does not say how many vectors"
expect 0 verify r.h5 --tolerance 1e-5 --json
holds 'o["n_vectors"] == 3 and 0 <= o["vector"] < 3 and 0 < o["promised_error"] < 1e-5'
expect 0 verify r.h5
grep -q 'of 3, counted from 0' out || fail "verify's table does not name the vector"
expect 0 foresee v.h5 --workers 1,4 --digits 3 --repeat 1 --json
holds 'len(o["foreseen"]) == 2'

# Vector v has the charges of the seed that is v more: a quarter of the bytes of such a file.
expect 0 generate last.h5 --n 2000 --charges mixed --seed 7
expect 0 generate none.h5 --n 2000 --charges mixed --seed 8
"$python" - <<'END' || fail "vectors have other charges than the seeds that follow"
import sys
vectors = open("v.h5", "rb").read()
def share(path):
    data = open(path, "rb").read()
    return sum(data[i:i + 64] in vectors for i in range(0, len(data), 64)) * 64 / len(data)
sys.exit(not (share("last.h5") > 0.2 and share("none.h5") < 0.1))
END

# Results of other vectors than the points file has.
expect 1 verify r.h5 --input one.h5
says "3 vectors"
finish
