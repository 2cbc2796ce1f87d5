#!/bin/sh
# The tool on a machine with several NUMA nodes, which QEMU emulates:
#     sh tests/numa/guest.sh [--all] BUILD_FOLDER
# Boots a kernel of Debian with the tool and the StarPU it links to, and runs tests/numa/init.sh there. The
# guest has 4 nodes of 2 processors where that StarPU supports them, else 2 nodes. --all adds a cloud, a
# guest with a node without memory and one with a node without processors. Prints a line a check and the
# count; exit code 77 where something is missing. Seconds in an emulator say nothing of any machine.
set -u
boots=first
if [ "${1-}" = --all ]; then
    boots=all
    shift
fi
if [ $# -ne 1 ] || [ ! -x "$1/dagpole" ] || [ ! -x "$1/tests/numa/values" ]; then
    echo "usage: sh tests/numa/guest.sh [--all] BUILD_FOLDER, where tools and tests are built" >&2
    exit 2
fi
source=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
place=$build/tests/numa/guest
mkdir -p "$place"
cd "$place" || exit 1
# No boot takes a third of it, unless it hangs.
limit_s=2400
n_passed=0
n_failed=0

skip() {
    echo "SKIP: $*"
    exit 77
}

# unpack_kernel: the kernel that Debian's newest linux-image brings comes into the file kernel. The smaller
# image for virtual machines is tried first.
unpack_kernel() {
    for image in linux-image-cloud-amd64 linux-image-amd64; do
        rm -rf linux-image-*.deb unpacked
        package=$(apt-cache depends "$image" 2>/dev/null |
            sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | sort -V | tail -n 1)
        if [ -n "$package" ] && apt-get download -q "$package" >>apt.log 2>&1 &&
            dpkg -x linux-image-*.deb unpacked; then
            mv unpacked/boot/vmlinuz-* kernel
        fi
        rm -rf linux-image-*.deb unpacked
        [ ! -f kernel ] || return 0
    done
    return 1
}

# find_kernel: it stays in the build folder. Where the system's lists of packages are empty or old, lists of
# our own do, for which nobody needs to be root.
find_kernel() {
    [ ! -f kernel ] || return 0
    : >apt.log
    unpack_kernel && return
    mkdir -p lists/partial cache/archives/partial
    printf 'Dir::State::Lists "%s";\nDir::Cache "%s";\n' "$place/lists" "$place/cache" >apt.conf
    (
        export APT_CONFIG="$place/apt.conf"
        apt-get update -q >>apt.log 2>&1 && unpack_kernel
    )
    found=$?
    rm -rf lists cache apt.conf
    return $found
}

# copy_libraries PROGRAM...: what they link to, with the loader at its own path.
copy_libraries() {
    ldd "$@" | sed -n 's/^.* => \(\/[^ ]*\) .*/\1/p' | sort -u | while read -r library; do
        cp -L "$library" root/dagpole/lib/
    done
    ldd "$@" | sed -n 's/^[[:blank:]]*\(\/[^ ]*\/ld-[^ ]*\) .*/\1/p' | sort -u | while read -r loader; do
        mkdir -p "root/$(dirname "$loader")"
        cp -L "$loader" "root/$loader"
    done
}

# measure_copies NODES: what StarPU would measure at its first start in the guest, copies between each pair of
# nodes, which takes an emulator minutes. Nothing that is tested depends on the figures, so that synthetic
# nodes of this machine do. In the folders copies-0 and copies-1, by STARPU_USE_NUMA.
measure_copies() {
    rm -rf copies-0 copies-1
    "$build/dagpole" generate few.h5 --n 10 >/dev/null || exit 1 # which said why
    for mode in 1 0; do
        [ $mode = 1 ] || cp -r copies-1 copies-0
        env -u XDG_CACHE_HOME HWLOC_SYNTHETIC="numa:$1 core:2 pu:1" STARPU_WORKERS_NOBIND=1 \
            STARPU_HOSTNAME=guest STARPU_SILENT=1 STARPU_USE_NUMA=$mode STARPU_HOME="$place/copies-$mode" \
            "$build/dagpole" run few.h5 --threads 1 --no-cache >copies.log 2>&1 && continue
        echo "FAILED: a run on $1 synthetic nodes, STARPU_USE_NUMA=$mode:" >&2
        cat copies.log >&2
        exit 1
    done
}

# The file initramfs, which is all that the guest has. It is not compressed, since an emulator would take
# long to unpack it.
pack() {
    rm -rf root
    mkdir -p root/bin root/dev root/proc root/sys root/tmp root/scratch root/dagpole/lib
    cp "$(command -v busybox)" root/bin/busybox
    cp "$source/init.sh" root/init
    chmod +x root/init
    cp "$build/dagpole" "$build/tests/numa/values" "$build/tests/numa/places" root/dagpole/
    cp -r copies-0 copies-1 root/dagpole/
    copy_libraries root/dagpole/dagpole root/dagpole/values root/dagpole/places
    (cd root && find . | cpio --quiet -o -H newc) >initramfs
    rm -rf root
}

# distance A B: of two nodes. Neighbours make pairs.
distance() {
    if [ "$1" -eq "$2" ]; then
        echo 10
    elif [ $(($1 / 2)) -eq $(($2 / 2)) ]; then
        echo 16
    else
        echo 22
    fi
}

# boot NAME LAYOUT VARIABLE...: LAYOUT and VARIABLES are init.sh's.
boot() {
    name=$1
    layout=$2
    shift 2
    # The options of QEMU follow the variables.
    variables="layout=$layout $*"
    set --
    n_processors=0
    n_sockets=0
    node=0
    megabytes=0
    for word in $(echo "$layout" | tr , ' '); do
        numa=node,nodeid=$node
        n=${word%m}
        if [ "$n" -gt 0 ]; then
            numa=$numa,cpus=$n_processors-$((n_processors + n - 1))
            n_sockets=$((n_sockets + 1))
            n_processors=$((n_processors + n))
        fi
        if [ "$n" != "$word" ]; then
            set -- "$@" -object "memory-backend-ram,id=m$node,size=1G"
            numa=$numa,memdev=m$node
            megabytes=$((megabytes + 1024))
        fi
        set -- "$@" -numa "$numa"
        node=$((node + 1))
    done
    distances=""
    for from in $(seq 0 $((node - 1))); do
        row=""
        for to in $(seq 0 $((node - 1))); do
            row=$row${row:+-}$(distance "$from" "$to")
            set -- "$@" -numa "dist,src=$from,dst=$to,val=$(distance "$from" "$to")"
        done
        distances=$distances${distances:+,}$row
    done
    # A host that is busy keeps the emulator waiting: what the kernel would call a broken timer or a stalled
    # processor is neither.
    kernel_options="console=ttyS0 quiet panic=-1 numa_balancing=disable tsc=reliable nokaslr mitigations=off"
    kernel_options="$kernel_options no_timer_check nowatchdog rcupdate.rcu_cpu_stall_suppress=1"
    # In the foreground, so that what ends this script ends QEMU as well.
    timeout --foreground $limit_s qemu-system-x86_64 -machine q35 -accel tcg,thread=multi -cpu max \
        -smp "$n_processors,sockets=$n_sockets,cores=$((n_processors / n_sockets)),threads=1" \
        -m "${megabytes}M" "$@" -nodefaults -nographic -serial stdio -monitor none -no-reboot -net none \
        -kernel kernel -initrd initramfs \
        -append "$kernel_options $variables distances=$distances" </dev/null >console.log 2>&1
    tr -d '\r' <console.log >"$name.log"
    sed -n -e "s/^@pass /ok: $name: /p" -e "s/^@fail /FAILED: $name: /p" -e 's/^@note /    /p' "$name.log"
    n_passed=$((n_passed + $(grep -c '^@pass ' "$name.log")))
    n_failed=$((n_failed + $(grep -c '^@fail ' "$name.log")))
    if ! grep -q '^@end$' "$name.log"; then
        echo "FAILED: $name: the guest did not come to its end; $place/$name.log ends so:"
        tail -n 20 "$name.log"
        n_failed=$((n_failed + 1))
    fi
}

[ "$(uname -m)" = x86_64 ] || skip "this is no x86-64 machine"
for tool in qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio; do
    command -v "${tool%:*}" >/dev/null || skip "there is no ${tool%:*} (Debian package ${tool#*:})"
done
! ldd "$(command -v busybox)" >/dev/null 2>&1 ||
    skip "busybox needs libraries (Debian package busybox-static does not)"
find_kernel || skip "no kernel: Debian's linux-image-amd64 could not be downloaded"

limits=$("$build/dagpole" info --json)
# limit NAME
limit() {
    echo "$limits" | sed -n "s/^ *\"$1\": \([0-9]*\),*$/\1/p"
}
if [ "$(limit starpu_max_cpus)" -ge 8 ] && [ "$(limit starpu_max_numa_nodes)" -ge 4 ]; then
    full=2m,2m,2m,2m
    no_memory=2m,2m,2m,2
    no_processors=2m,2m,2m,0m
else
    full=2m,2m
    no_memory=2m,2
    no_processors=4m,0m
fi
measure_copies "$(echo "$full" | tr , ' ' | wc -w)"
pack
if [ $boots = first ]; then
    boot nodes $full points=5000 clouds=plummer schedulers=lws,dagpole gradients=yes mask=none
else
    # The mask is of two processors on different nodes.
    boot nodes $full points=20000 clouds=sphere,plummer schedulers=lws,prio,dagpole gradients=no mask=6
    boot no-memory $no_memory points=3000 clouds=plummer schedulers=lws,dagpole gradients=yes mask=none
    boot no-processors $no_processors points=3000 clouds=plummer schedulers=lws,dagpole gradients=yes \
        mask=none
fi
echo "$n_passed passed, $n_failed failed"
[ "$n_failed" -eq 0 ]
