#!/bin/sh
# StarPU's configure, which Meson calls again by every reconfiguration: leaves early where the last call
# was the same, so that StarPU is not built again. The working directory is the folder to build in.
set -eu
source=$(dirname "$0")
wanted=$(printf '%s\n' "${CC-}" "${CFLAGS-}" "${LDFLAGS-}" "${PKG_CONFIG_PATH-}" "$@")
if [ -f config.status ] && [ "$(cat configured-with 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi
rm -f configured-with
# Nothing compiled with other options stays.
[ ! -f Makefile ] || make -s clean
"$source/configure" "$@"
# Meson knows by this file that StarPU is built and installed.
rm -f ../*.stamp
printf '%s\n' "$wanted" >configured-with
