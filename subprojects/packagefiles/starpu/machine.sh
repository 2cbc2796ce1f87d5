#!/bin/sh
# Prints this machine's processors, cores and NUMA nodes, 0 for what it cannot tell.
LC_ALL=C
export LC_ALL
processors=$(getconf _NPROCESSORS_ONLN 2>/dev/null)
cores=$(lscpu -p=CORE 2>/dev/null | grep -v '^#' | sort -u | wc -l)
nodes=$(lscpu 2>/dev/null | sed -n 's/^NUMA node(s): *//p')
echo "${processors:-0} ${cores:-0} ${nodes:-0}"
