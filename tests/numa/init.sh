#!/bin/busybox sh
# The first process of the guest that tests/numa/guest.sh boots: runs the tool and prints a line a check.
# The kernel hands words of its command line that it does not know to this process as variables:
#     layout       of each node its processors, with "m" where it has memory: 2m,2m,2m,2
#     distances    rows of the matrix, in each the values joined by "-"
#     points       of a cloud
#     clouds       distributions
#     schedulers   tried with and without STARPU_USE_NUMA=1, where the tool has them
#     gradients    yes: with gradients
#     mask         of two processors (taskset's) for one more run, or none
# Lists are joined by commas. Lines for the host begin with "@"; the last one is "@end".
# shellcheck shell=dash disable=SC2154
PATH=/bin
export PATH
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
# StarPU keys its files by it.
hostname guest
# The libraries of the host's programs, whatever folders they came from.
export LD_LIBRARY_PATH=/dagpole/lib
# No XDG_CACHE_HOME: StarPU would take it for its home before it looks at STARPU_HOME.
export HOME=/scratch STARPU_SILENT=1
cd /scratch || exit 1
# No command takes a tenth of it unless it hangs.
limit_s=400
datasets=/potentials
[ "$gradients" = no ] || datasets="$datasets /gradients"

# split LIST: its words.
split() {
    echo "$1" | tr , ' '
}

# check WHAT COMMAND...: what the command printed is shown where it fails.
check() {
    what=$1
    shift
    if "$@" >said 2>&1; then
        echo "@pass $what"
    else
        echo "@fail $what (exit code $?)"
        tail -n 20 said | sed 's/^/@note /'
    fi
}

# dagpole ARGUMENT...
dagpole() {
    timeout $limit_s /dagpole/dagpole "$@"
}

# equal EXPECTED GOT
equal() {
    [ "$1" = "$2" ] || { echo "'$2' instead of '$1'"; return 1; }
}

# The nodes as the kernel shows them: "2m,2m,2m,2".
nodes_of_kernel() {
    for node in /sys/devices/system/node/node[0-9]*; do
        n=0
        for processor in "$node"/cpu[0-9]*; do
            [ ! -e "$processor" ] || n=$((n + 1))
        done
        grep -q 'MemTotal: *0 kB' "$node/meminfo" || n=${n}m
        echo $n
    done | paste -s -d ,
}

distances_of_kernel() {
    cat /sys/devices/system/node/node[0-9]*/distance | tr ' ' - | paste -s -d ,
}

# Whether "dagpole info", which the file info holds, lists the scheduler.
has_scheduler() {
    grep '^ ' info | tr ' ' '\n' | grep -q -x -e "$1"
}

# report WORKERS SCHEDULER: what the last run said of itself in run.json.
report() {
    grep -q "\"threads\": $1," run.json || { echo "not $1 workers:"; grep threads run.json; return 1; }
    grep -q "\"scheduler\": \"$2\"," run.json || { echo "not $2:"; grep scheduler run.json; return 1; }
}

# number NAME: of the last run's report.
number() {
    sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p" run.json
}

# The data is spread over the nodes that have processors and memory, and lies on those that the plan chose, but
# for the pages that two nodes' data share. Where there is one such node nothing is spread, and nothing counted.
lies_at_home() {
    echo "$(number bytes_at_home) of $(number bytes_fields) bytes on $(number numa_nodes) nodes"
    [ "$(number numa_nodes)" -eq "$n_homes" ] && [ $((10 * $(number bytes_at_home))) -ge $((9 * $(number bytes_fields))) ]
}

# evaluate CLOUD OPTION...: results in run.h5, the report in run.json.
evaluate() {
    rm -f run.h5
    file=$1.h5
    shift
    [ "$gradients" = no ] || set -- --gradients "$@"
    dagpole run "$file" --digits 3 --json --output run.h5 "$@" >run.json
}

# masked MASK COMMAND...: on some of the processors.
masked() {
    taskset -p "$1" $$ >/dev/null || return 1
    shift
    "$@"
    code=$?
    taskset -p ff $$ >/dev/null
    return $code
}

# same_bits CLOUD: what the last run wrote is what --serial did.
same_bits() {
    # Word splitting is wanted: names of datasets hold no blanks.
    # shellcheck disable=SC2086
    /dagpole/values "$1-serial.h5" run.h5 $datasets
}

# set_numa MODE: what STARPU_USE_NUMA is, in a home of its own, since StarPU measures the nodes that it sees.
# The host has done that; StarPU does it again where it counts other nodes or processors.
set_numa() {
    export STARPU_USE_NUMA="$1" STARPU_HOME="$HOME/starpu-$1"
    if [ ! -d "$STARPU_HOME" ]; then
        cp -r "/dagpole/copies-$1" "$STARPU_HOME"
        sed -i "s/^[0-9]* # Number of CPUs/$n_processors # Number of CPUs/" \
            "$STARPU_HOME/.starpu/sampling/bus/guest.config"
    fi
}

# setting WORKERS SCHEDULER NUMA: all clouds on so many workers.
setting() {
    set_numa "$3"
    for cloud in $(split "$clouds"); do
        run="$cloud, $2, STARPU_USE_NUMA=$3"
        check "$run: evaluates" evaluate "$cloud" --scheduler "$2"
        check "$run: $1 workers" report "$1" "$2"
        check "$run: same bits as --serial" same_bits "$cloud"
        # With STARPU_USE_NUMA=1 copies elsewhere may be all that was ever touched.
        [ "$3" = 0 ] || continue
        check "$run: data at home" lies_at_home
        echo "@note $2 read $(number bytes_remote) of $(number bytes_read) bytes on other nodes," \
            "$(number bytes_remote_at_home) with every task at home"
    done
}

# The firmware has left the console within a line.
echo
n_processors=$(nproc)
check "the kernel's nodes are $layout" equal "$layout" "$(nodes_of_kernel)"
check "the kernel's distances are $distances" equal "$distances" "$(distances_of_kernel)"
check "info" dagpole info
mv said info
n_nodes=$(split "$layout" | wc -w)
n_homes=$(split "$layout" | tr ' ' '\n' | grep -c '^[1-9][0-9]*m$')
# A node without processors counts where hwloc gives it those of its nearest neighbour, which it does among 4
# nodes and not among 2.
n_least=$(split "$layout" | tr ' ' '\n' | grep -c '^[1-9]')
cores=$(sed -n 's/^cores *//p' info)
check "info counts $n_processors cores and $n_least to $n_nodes nodes: $cores" \
    grep -q "^cores *$n_processors,.* NUMA nodes [$n_least-$n_nodes]," info

for cloud in $(split "$clouds"); do
    check "$cloud: $points points" dagpole generate "$cloud.h5" --distribution "$cloud" --n "$points" \
        --charges mixed
    check "$cloud: --serial" evaluate "$cloud" --serial
    mv run.h5 "$cloud-serial.h5"
    check "$cloud: 3 digits against the direct sum" dagpole verify "$cloud-serial.h5" --serial \
        --samples 40 --tolerance 1e-3
done

for scheduler in $(split "$schedulers"); do
    if has_scheduler "$scheduler"; then
        setting "$n_processors" "$scheduler" 0
        setting "$n_processors" "$scheduler" 1
    fi
done
set_numa 0
check "scratch and copies of operators lie on their nodes" /dagpole/places "$n_homes"
if [ "$mask" != none ]; then
    set_numa 1
    run="$cloud, lws, STARPU_USE_NUMA=1, processors of mask $mask"
    # Blocks follow the processors that there are, and so do the last bits.
    check "$run: --serial" masked "$mask" evaluate "$cloud" --serial
    mv run.h5 "$cloud-serial.h5"
    check "$run: evaluates" masked "$mask" evaluate "$cloud" --scheduler lws
    check "$run: 2 workers" report 2 lws
    check "$run: same bits as --serial" same_bits "$cloud"
fi
echo @end
sync
reboot -f
