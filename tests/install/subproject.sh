#!/bin/sh
# The project whose source is $1 as a subproject of another Meson project, compiled as fast as it can be.
set -eu
source=$(cd "$1" && pwd)
user=$(cd "$(dirname "$0")" && pwd)/user.c
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir "$place/subprojects"
ln -s "$source" "$place/subprojects/dagpole"
cp "$user" "$place"
cat >"$place/meson.build" <<'END'
project('outside', 'c', default_options: ['buildtype=plain'])
executable('user', 'user.c',
           dependencies: [dependency('dagpole', fallback: 'dagpole'),
                          meson.get_compiler('c').find_library('m')])
END
cd "$place"
meson setup build --wrap-mode=forcefallback >log 2>&1 || { cat log; exit 1; }
ninja -C build -j 1 user >log 2>&1 || { cat log; exit 1; }
build/user
