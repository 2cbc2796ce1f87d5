#!/bin/sh
# What fails ends with 1 and a sentence that names the culprit, and leaves no file behind.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
expect 0 generate --n 500 a.h5

expect 1 run missing.h5
says missing.h5
printf '0 0 0 1\n0 nan 0 1\n' >nan.txt
expect 1 run nan.txt --output nan.h5
says "sources\\[1\\]\\[1\\] of 'nan.txt' is nan: it must be finite"
printf '0 0 0 1\n0 1 0 inf\n' >inf.txt
expect 1 run inf.txt --output nan.h5
says "charges\\[1\\] of 'inf.txt' is inf: it must be finite"
[ ! -e nan.h5 ] || fail "results of NaN were written"
printf '1 2 3\na b c\n' >words.txt
expect 1 run words.txt
says words.txt
# shellcheck disable=SC2002
cat a.h5 | "$tool" run - >out 2>err && fail "HDF5 from a pipe"
says pipe
# shellcheck disable=SC2094
"$tool" run - --output a.h5 <a.h5 >out 2>err && fail "--output over the standard input"
says a.h5
printf '2\ncube\n0.5 0 0 1\n0.25 0 0 1\n' >cube.xyz
expect 1 run cube.xyz
says "'0.5' is no symbol"
printf '1 2\n' >two.txt
expect 1 run two.txt
says two.txt
head -c 2000 a.h5 >short.h5
expect 1 run short.h5
says short.h5
expect 1 run .
says '\.'
expect 1 verify a.h5
says a.h5
expect 1 verify missing.h5
says missing.h5

# Outputs that cannot be are told of before the work, which here would find no input.
ln -s no/such/folder/r.h5 nowhere
mkfifo pipe
for option in --output --inside --trace --timeline --graph; do
    expect 1 run missing.h5 $option no/such/folder/r
    says "'no/such/folder/r': its directory is missing"
    expect 1 run missing.h5 $option nowhere
    says "'nowhere': its directory is missing"
    expect 1 run missing.h5 $option .
    says "'\\.': it is a directory"
done
for option in --output --inside; do
    expect 1 run missing.h5 $option pipe
    says "'pipe': it is there and not a regular file"
done
expect 1 generate --n 1e11 no/such/folder/a.h5
says "'no/such/folder/a.h5': its directory is missing"
expect 1 run a.h5 --output no/such/folder/r.h5
says no/such/folder
mkdir folder
expect 1 run a.h5 --output folder
says folder
expect 1 generate --n 10 no/such/folder/a.h5
says no/such/folder
expect 2 run a.h5 --output ./a.h5
says a.h5
ln -s a.h5 link.h5
expect 2 run a.h5 --output link.h5
says link.h5
expect 0 run a.h5
if [ -w /dev/full ]; then
    "$tool" info >/dev/full 2>err && fail "info to a full disk ended with 0"
    says output
fi

# A full disk, as a limit on the size of files shows it.
expect 0 generate --n 50000 large.h5
(ulimit -f 100 && n_failed=0 && expect 1 generate --n 50000 full.h5 && says full.h5 &&
    expect 1 run large.h5 --no-cache --output full.h5 && says full.h5 && exit $n_failed) || fail "a full disk"
[ ! -e full.h5 ] || fail "half a file on a full disk"
no_temporaries

# Less address space than OpenBLAS's buffer takes, without a thread of OpenBLAS's own and with one, which
# wants a buffer too. Sanitizers, and libraries elsewhere, take more than that for themselves.
little_space() {
    # shellcheck disable=SC3045
    (ulimit -v 150000 && exec timeout -k 1 60 "$tool" "$@") >out 2>err
    got=$?
}
for OPENBLAS_NUM_THREADS in 1 2; do
    export OPENBLAS_NUM_THREADS
    little_space --version
    if [ $got -eq 127 ] || [ "${SANITIZE:-none}" != none ]; then continue; fi
    [ $got -eq 0 ] || { fail "--version in little address space: exit code $got"; cat err; }
    little_space run large.h5 --serial --no-cache
    [ $got -eq 1 ] || { fail "a run in little address space: exit code $got"; cat err; }
    says NO_MEMORY
done
unset OPENBLAS_NUM_THREADS

expect 1 precompute --tune --cache a.h5
says a.h5

# The points file is gone.
expect 0 run a.h5 --output r.h5
mv a.h5 moved.h5
expect 1 verify r.h5
says a.h5
says --input
expect 0 verify r.h5 --input moved.h5

# A damaged header is noticed by its checksum, and HDF5 says nothing of it at the process's end.
for header in 0 1; do
    "$python" -c '
import re, sys
b = bytearray(open("r.h5", "rb").read())
b[[m.start() for m in re.finditer(b"OHDR", b)][int(sys.argv[1])] + 40] ^= 4
open("damaged.h5", "wb").write(b)' $header || fail "r.h5 has no header $header"
    expect 1 verify damaged.h5 --input moved.h5
    says damaged.h5
done

expect 1 run moved.h5 --scheduler nonsense
says nonsense
STARPU_SCHED=nonsense
export STARPU_SCHED
expect 1 run moved.h5
says nonsense
unset STARPU_SCHED
expect 1 run moved.h5 --threads 4096
says 4096
finish
