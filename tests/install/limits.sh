#!/bin/sh
# On a machine that is larger than the system's StarPU supports, configuring the source $1 says in one
# line what to type.
set -u
source=$(cd "$1" && pwd)
pkg-config --exists starpu-1.4 || pkg-config --exists starpu-1.3 || exit 77
place=$(mktemp -d) || exit 1
trap 'rm -rf "$place"' EXIT
mkdir "$place/bin"
cat >"$place/bin/lscpu" <<'END'
#!/bin/sh
case $* in
-p=CORE) seq 0 1023 ;;
*) echo "NUMA node(s):  64" ;;
esac
END
chmod +x "$place/bin/lscpu"
PATH=$place/bin:$PATH meson setup "$place/build" "$source" -Dtests=disabled >"$place/log" 2>&1 ||
    { cat "$place/log"; exit 1; }
grep -q 'has 1024 cores and 64 nodes; to use all of it, type: meson configure .* -Dstarpu=bundled' \
    "$place/log" || { echo "not a word about what to type:"; cat "$place/log"; exit 1; }
