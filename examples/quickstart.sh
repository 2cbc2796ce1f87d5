#!/bin/sh
# From a fresh Debian 12 to the verified potentials of a million charges:
#     sh examples/quickstart.sh [N]
# N: charges on the sphere, 1000000 by default.
set -eu
n=${1:-1000000}
cd "$(dirname "$0")/.."
# shellcheck source=.ci/setup.sh
. .ci/setup.sh

install_packages
configure_build build --buildtype=release
ninja -C build dagpole

results=build/quickstart
mkdir -p "$results"
build/dagpole generate --distribution sphere --n "$n" --seed 1 "$results/sphere.h5"
echo
build/dagpole run "$results/sphere.h5" --digits 6 --output "$results/potentials.h5"
echo
build/dagpole verify "$results/potentials.h5" --samples 1000 --tolerance 1e-6
echo
echo "Points and charges are in $results/sphere.h5, potentials in $results/potentials.h5."
