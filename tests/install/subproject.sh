#!/bin/sh
# The project whose source is $1 as a subproject of another Meson project, compiled as fast as it can be.
# Loops for AVX2 and AVX-512 take longer to compile than all else, and no project around them changes how:
# where the build folder $2 has compiled them, they are taken from there.
set -eu
source=$(cd "$1" && pwd)
build=$2
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
cat >"$place/cc" <<'END'
#!/bin/sh
object=
for argument; do
    case $argument in
    subprojects/dagpole/*-avx*.a.p/*_tmpl.c.o) object=$argument ;;
    esac
done
if [ -n "$object" ] && [ -f "$BUILT/${object#subprojects/dagpole/}" ]; then
    exec cp "$BUILT/${object#subprojects/dagpole/}" "$object"
fi
exec ${COMPILER:-cc} "$@"
END
chmod +x "$place/cc"
cd "$place"
export BUILT="$build" COMPILER="${CC-}"
CC=$place/cc
export CC
meson setup build --wrap-mode=forcefallback >log 2>&1 || { cat log; exit 1; }
ninja -C build -j 1 user >log 2>&1 || { cat log; exit 1; }
build/user
