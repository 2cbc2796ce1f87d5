#!/bin/sh
# dagpole schedulers: what it prints, what it refuses, and no process left behind.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
expect 0 generate --n 20000 a.h5

expect 0 schedulers a.h5 --only lws,dagpole,prio --threads 2 --repeat 2 --digits 4 --json --plot a.svg
holds 'o["kind"] == "schedulers" and o["rounds"] == 2 and o["digits"] == 4 and o["threads"] == 2'
holds 'sorted(s["name"] for s in o["schedulers"]) == ["dagpole", "lws", "prio"]'
holds 'all(len(s["evaluate_s"]) == 2 and s["least_s"] <= s["median_s"] <= s["most_s"] for s in o["schedulers"])'
holds 'all(s["same"] and len(s["checksum"]) == 16 for s in o["schedulers"])'
holds 'len(set(s["checksum"] for s in o["schedulers"])) == 1'
holds 'o["schedulers"][0]["ratio"] == 1 and all(s["ratio"] >= 1 for s in o["schedulers"])'
holds 'all(abs(sum(s["share"].values()) - 1) < 1e-6 for s in o["schedulers"])'
checksum=$("$python" -c 'import json; print(json.load(open("out"))["schedulers"][0]["checksum"])')
"$python" - <<'END' || fail "the chart does not name what it shows"
import xml.etree.ElementTree as tree
words = ' '.join(t.text for t in tree.parse('a.svg').iter('{http://www.w3.org/2000/svg}text'))
assert all(w in words for w in ('lws', 'dagpole', 'prio', 'ms', 'a.h5', '20,000 points')), words
END

# The same bits as any other run of the plan.
expect 0 run a.h5 --digits 4 --serial --json
holds "o['checksum'] == '$checksum'"
expect 0 run a.h5 --digits 5 --serial --json
holds "o['checksum'] != '$checksum'"

# The table; what is set in the environment does not count.
STARPU_SCHED=prio "$tool" schedulers a.h5 --only lws --repeat 1 --gradients >out 2>err || fail "one scheduler"
grep -q '^lws .* same$' out || { fail "no row of lws"; cat out err; }
expect 0 schedulers a.h5 --repeat 1 --except "$("$tool" info --json | "$python" -c '
import json, sys
print(",".join(s for s in json.load(sys.stdin)["schedulers"] if s not in ("lws", "eager")))')" --json
holds 'sorted(s["name"] for s in o["schedulers"]) == ["eager", "lws"]'

# Wrong usage.
expect 2 schedulers
expect 2 schedulers a.h5 --only lws,nonsense
says nonsense
expect 2 schedulers a.h5 --only ''
expect 2 schedulers a.h5 --only lws,
expect 2 schedulers a.h5 --except nonsense
says nonsense
expect 2 schedulers a.h5 --only lws --except lws
says except
for limit in 0 -1 nan; do
    expect 2 schedulers a.h5 --timeout $limit
    says timeout
done
expect 2 schedulers a.h5 --repeat 0
expect 2 schedulers - --only lws
expect 2 schedulers a.h5 --lambda 1
says lambda

# What fails.
expect 1 schedulers missing.h5
says missing.h5
expect 1 schedulers a.h5 --only lws --plot no/such/folder/a.svg
says no/such/folder
mkdir folder
expect 1 schedulers a.h5 --only lws --plot folder
says folder
cp a.h5 input.h5
ln -s a.h5 link.h5
for path in a.h5 ./a.h5 link.h5; do
    expect 2 schedulers a.h5 --only lws --repeat 1 --plot $path
    says "--plot '$path' would overwrite the input"
done
cmp -s a.h5 input.h5 || fail "a chart replaced the input"
expect 2 schedulers a.h5 --only lws --repeat 1 --plot -
says "--plot is a file"
[ ! -e ./- ] || fail "a file that is named -"
printf 'no points\n' >words.txt
expect 1 schedulers words.txt --only lws,prio --repeat 2
says words.txt
expect 1 schedulers a.h5 --only lws --repeat 1 --threads 4096
says 4096
rm -f b.svg
expect 1 schedulers a.h5 --only lws --repeat 1 --timeout 0.001 --plot b.svg
says 'not done after 0.001 s'
[ ! -e b.svg ] || fail "a chart of nothing"

expect 0 generate --n 100000 struck.h5

# strike SIGNAL OPTION...: sends the signal to the first process that the tool starts.
strike() {
    signal=$1
    shift
    "$tool" schedulers struck.h5 --only lws,prio --repeat 1 --json "$@" >out 2>err &
    running=$!
    child=
    while [ -z "$child" ] && [ -e /proc/$running/stat ]; do
        for process in /proc/[0-9]*; do
            read -r number _ _ parent _ 2>/dev/null <"$process/stat" && [ "$parent" = $running ] && child=$number
        done
    done
    kill -s "$signal" "$child"
    wait $running || { fail "dagpole schedulers with a process struck by SIG$signal"; cat err; }
    holds 'len(o["schedulers"]) == 2 and o["schedulers"][0]["median_s"] > 0 and o["schedulers"][0]["same"]'
    holds "o['schedulers'][1]['failure'].startswith('$struck')"
}

# A crash and a hang are rows of the table. The address sanitizer would make an exit of SIGSEGV.
struck='ended by signal 6'
strike ABRT
struck='not done after 15 s'
strike STOP --timeout 15

# Nobody is left behind, whatever ends the tool.
expect 0 generate --n 300000 long.h5
nobody() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        n=0
        for process in /proc/[0-9]*; do
            tr '\0' ' ' 2>/dev/null <"$process/cmdline" | grep -q -F "$work/long.h5" && n=$((n + 1))
        done
        [ $n -eq 0 ] && return
        sleep 0.2
    done
    fail "$n processes left behind after $1"
}
for ending in 'INT 130' 'TERM 143' 'KILL 137'; do
    signal=${ending% *}
    timeout --preserve-status -s "$signal" 1 env --default-signal "$tool" schedulers "$work/long.h5" \
        --only lws,prio --digits 12 --no-cache --plot c.svg >out 2>err
    got=$?
    [ $got -eq "${ending#* }" ] || { fail "SIG$signal: exit code $got"; cat err; }
    [ ! -s out ] || fail "SIG$signal: a table of what was interrupted"
    [ ! -e c.svg ] || fail "SIG$signal: a chart of what was interrupted"
    nobody "SIG$signal"
done
# The true cause where no process can be made.
# shellcheck disable=SC3045 # every /bin/sh of Linux has ulimit -n
(
    exec >out 2>err
    ulimit -n 7
    exec "$tool" schedulers a.h5 --only lws --repeat 1
) && fail "schedulers with seven files"
says 'no process could be made: Too many open files'
finish
