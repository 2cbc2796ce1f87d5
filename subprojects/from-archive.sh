#!/bin/sh
# For machines that reach no network: makes the folder that Meson looks for from a release archive of
# StarPU that is at hand, which may be a near version or another packing of it.
#     sh subprojects/from-archive.sh ARCHIVE [NAME]
# NAME is what the archive is called in what this prints.
# The exact archive of the wrap needs no script: copied to subprojects/packagecache/ it is taken, and its
# hash is checked.
set -eu
if [ $# -lt 1 ] || [ $# -gt 2 ] || [ ! -f "$1" ]; then
    echo "usage: sh subprojects/from-archive.sh ARCHIVE [NAME], a release of StarPU 1.3 or 1.4" >&2
    exit 2
fi
archive=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
name=${2-$archive}
cd "$(dirname "$0")"
new=$(mktemp -d ./new.XXXXXX)
trap 'rm -rf "$new"' EXIT
tar -xf "$archive" -C "$new" --strip-components=1
if [ ! -f "$new/configure" ]; then
    echo "$name has no configure script: it is no release archive of StarPU." >&2
    exit 1
fi
version=$(sed -n "s/^PACKAGE_VERSION='\(.*\)'$/\1/p" "$new/configure")
case $version in
1.4.*) wrap=starpu.wrap ;;
1.3.*) wrap=starpu-1.3.wrap ;;
*)
    echo "$name is version $version, StarPU 1.3 or 1.4 is needed." >&2
    exit 1
    ;;
esac
folder=$(sed -n 's/^directory = //p' "$wrap")
cp packagefiles/starpu/* "$new"
rm -rf "./$folder"
chmod 755 "$new"
mv "$new" "$folder"
echo "subprojects/$folder is StarPU $version from $name."
