#!/bin/sh
# Help, and wrong usage: exit code 2 and one sentence that names the option.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

expect 0 --help
for command in generate run verify precompute info foresee schedulers plot; do
    grep -q "^  $command " out || fail "--help does not list $command"
done
expect 0 --version
grep -q '^dagpole [0-9][0-9.]*$' out || fail "--version prints $(cat out)"
for command in generate run verify precompute info foresee schedulers plot; do
    expect 0 "$command" --help
    grep -q "^usage: dagpole $command" out || fail "$command --help has no usage line"
    [ "$command" = plot ] || grep -q -e --json out || fail "$command --help does not list --json"
    [ ! -s err ] || fail "$command --help writes to stderr"
    expect 2 "$command" --nonsense
    says "'--nonsense'"
    [ "$command" != plot ] || continue # it has no options
    expect 2 "$command" --json=yes a
    says --json
done

expect 2
says command
expect 2 evaluate
says "'evaluate'"

expect 2 generate --n 10
says FILE
expect 2 generate --n 10 a b
says "'b'"
expect 2 generate a
says --n
for n in -1 ten 1.5 1e400 9e99 nan '' 10x 0x; do
    expect 2 generate --n "$n" a
    says --n
done
expect 2 generate --n
says --n
expect 2 generate --n 10 --distribution ring a
says --distribution
expect 2 generate --n 10 --distribution 'cube|sphere' a
says --distribution
expect 2 generate --n 10 --charges '' a
says --charges
expect 2 generate --n 10 --seed -1 a
says --seed
[ ! -e a ] || fail "wrong usage of generate wrote a file"

expect 2 run
says FILE
for digits in 2 13 6.5 six '' 6x 99999999999999999999; do
    expect 2 run a --digits "$digits"
    says "--digits"
done
for lambda in 0 -1 nan inf x; do
    expect 2 run a --kernel yukawa --lambda "$lambda"
    says "--lambda"
done
expect 2 run a --kernel yukawa
says "--lambda"
expect 2 run a --lambda 1
says "--lambda"
expect 2 run a --kernel coulomb
says "laplace|yukawa|helmholtz"
expect 2 run a --kernel user
says "'user'"
expect 2 run a --kernel helmholtz
says "needs --wave-number"
expect 2 run a --kernel helmholtz --damping 1
says "needs --wave-number"
for number in -1 nan inf x; do
    expect 2 run a --kernel helmholtz --wave-number "$number"
    says "--wave-number takes a number of at least 0, not '$number'"
    expect 2 run a --kernel helmholtz --wave-number 1 --damping "$number"
    says "--damping takes"
done
expect 2 run a --kernel yukawa --lambda 1 --damping 1
says "--damping is of the kernel helmholtz, not of yukawa"
expect 2 verify a --wave-number 1
says "'--wave-number'"
expect 2 run a --threads 0
says "--threads"
expect 2 run a --threads -2
says "--threads"
expect 2 run a --p 2
says "--p"
expect 2 run a --n-crit 0
says "--n-crit"
expect 2 run a --tolerance 1
says "--tolerance"
expect 2 run a --svd-cutoff 0
says "--svd-cutoff"
expect 2 run a --block-boxes 0
says "--block-boxes"
expect 2 run a --repeat 0
says "--repeat"
expect 2 run a --output
says "--output"
expect 2 run a --output ''
says "--output"
expect 2 run a --dipoles ''
says "--dipoles"
expect 2 run a --output -
says "standard output"
expect 2 generate --n 10 -
says "standard output"

expect 2 verify
says RESULTS
expect 2 verify a --samples 0
says "--samples"
expect 2 verify a --dipoles ''
says "--dipoles"
expect 2 verify a --tolerance 0
says "--tolerance"
expect 2 precompute a
says "'a'"
expect 2 precompute --kernel yukawa --lambda 1
says "--root-side"
expect 2 precompute --kernel helmholtz --wave-number 1 --depth 3
says "--root-side"
expect 2 precompute --kernel yukawa --lambda 1 --root-side 1 --depth 43
says "2 to 42"
expect 2 precompute --no-cache
says "--no-cache"
expect 2 precompute --tune --no-cache
says "--no-cache"
expect 2 precompute --tune=yes
says "--tune"
expect 2 precompute --tune --kernel yukawa --lambda 1
says "--root-side"
expect 2 info a
says "'a'"
finish
