#!/bin/sh
# Installs the build folder $1 into an empty place and uses it from there: C, C++ and the static
# library through pkg-config, tool and man page.
set -eu
build=$1
unset HWLOC_PLUGINS_PATH # see tests/meson.build
user=$(dirname "$0")/user.c
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

DESTDIR=$place meson install -C "$build" --no-rebuild --quiet
package=$(find "$place" -name dagpole.pc)
prefix=$(dirname "$(dirname "$(find "$place" -name dagpole.h)")")
export PKG_CONFIG_PATH="${package%/*}"
libraries=$(pkg-config --variable=libdir dagpole)

# equal WHAT GOT: it says the version of the package.
equal() {
    [ "$2" = "$(pkg-config --modversion dagpole)" ] ||
        { echo "the version is $(pkg-config --modversion dagpole) in dagpole.pc, '$2' in $1"; exit 1; }
}
# number MACRO: its value in the header.
number() {
    sed -n "s/^#define DAGPOLE_$1 *//p" "$prefix/include/dagpole.h"
}
equal "the tool" "$("$prefix/bin/dagpole" --version | sed 's/.* //')"
equal "the man page" "$(sed -n 's/^\.TH .*"dagpole \([0-9.]*\)".*/\1/p' "$prefix/share/man/man1/dagpole.1")"
equal "the header" "$(number VERSION_MAJOR).$(number VERSION_MINOR).$(number VERSION_PATCH)"
soname=$(readelf -d "$libraries/libdagpole.so" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
[ "$soname" = "libdagpole.so.$(number ABI)" ] || { echo "the SONAME is '$soname'"; exit 1; }
# dagpole.h and the three that it includes, apart from those of a StarPU that was built with it.
[ "$(find "$prefix/include" -type f ! -path '*/include/starpu/*' | wc -l)" -eq 4 ]

# Sanitized libraries want a sanitized program. Flags are several words, so splitting is wanted.
# shellcheck disable=SC2086,SC2046
compile() {
    name=$1
    shift
    "$@" $SANITIZE "$user" -o "$place/$name" $(pkg-config --cflags $link dagpole) \
        $(pkg-config --libs $link dagpole) -lm
    echo "$name"
    LD_LIBRARY_PATH=$libraries "$place/$name"
}

link=
compile shared-c cc -std=c11 -Wall -Wextra -Werror
readelf -d "$place/shared-c" | grep -q 'libdagpole\.so' || { echo "not linked to the .so"; exit 1; }
if command -v c++ >/dev/null; then
    compile shared-c++ c++ -std=c++11 -Wall -Wextra -Werror -x c++
fi

# With the shared library out of the way pkg-config --static finds the other one.
rm "$libraries"/libdagpole.so*
link=--static
compile static-c cc -std=c11 -Wall -Wextra -Werror
