#!/bin/sh
# The shared library $1 exports exactly what the headers from $3 on declare, with the two functions that
# StarPU asks a library of policies for, and its SONAME ends in the ABI $2 of the first header.
set -eu
library=$1 abi=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
nm -D --defined-only "$library" | awk '{ print $3 }' | sort >"$work/exported"
# A declaration may go over several lines: join them, then take the name before the bracket.
cat "$@" | tr '\n' ' ' | sed 's/DAGPOLE_API/\n&/g' | sed -n 's/^DAGPOLE_API [^(]*[ *]\(dagpole_[a-z_]*\)(.*/\1/p' |
    sort >"$work/declared"
[ "$(wc -l <"$work/declared")" -gt 20 ] || { echo "only $(cat "$work/declared") found in the headers"; exit 1; }
printf 'starpu_get_sched_lib_%s\n' policies policy | sort - "$work/declared" | diff - "$work/exported"
[ "$(sed -n 's/^#define DAGPOLE_ABI *//p' "$1")" = "$abi" ]
readelf -d "$library" | grep -q "SONAME.*\[libdagpole\.so\.$abi\]" || { echo "the SONAME is not that of ABI $abi"; exit 1; }
