#!/bin/sh
# The shared library $1 exports exactly what the header $2 declares, with the two functions that
# StarPU asks a library of policies for, and its SONAME ends in the ABI $3 of the header.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
nm -D --defined-only "$1" | awk '{ print $3 }' | sort >"$work/exported"
# A declaration may go over several lines: join them, then take the name before the bracket.
tr '\n' ' ' <"$2" | sed 's/DAGPOLE_API/\n&/g' | sed -n 's/^DAGPOLE_API [^(]*[ *]\(dagpole_[a-z_]*\)(.*/\1/p' |
    sort >"$work/declared"
[ "$(wc -l <"$work/declared")" -gt 20 ] || { echo "only $(cat "$work/declared") found in the header"; exit 1; }
printf 'starpu_get_sched_lib_%s\n' policies policy | sort - "$work/declared" | diff - "$work/exported"
[ "$(sed -n 's/^#define DAGPOLE_ABI *//p' "$2")" = "$3" ]
readelf -d "$1" | grep -q "SONAME.*\[libdagpole\.so\.$3\]" || { echo "the SONAME is not that of ABI $3"; exit 1; }
