#!/bin/sh
# For machines that reach no network: makes the folder that Meson looks for from a clone of StarPU.
#     sh subprojects/from-git.sh REPOSITORY TAG
# A repository has no configure script, which autoconf, automake and libtool make.
set -eu
if [ $# -ne 2 ]; then
    echo "usage: sh subprojects/from-git.sh REPOSITORY TAG, such as ../starpu starpu-1.4.10" >&2
    exit 2
fi
for tool in git autoreconf libtoolize; do
    if ! command -v "$tool" >/dev/null; then
        echo "This needs $tool (Debian: git, autoconf, automake, libtool)." >&2
        exit 1
    fi
done
if ! git -C "$1" rev-parse -q --verify "$2^{commit}" >/dev/null; then
    echo "$1 is no repository with the tag $2." >&2
    exit 1
fi
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
git -C "$1" archive --format=tar --prefix=starpu/ --output="$new/source.tar" "$2"
tar -xf "$new/source.tar" -C "$new"
(cd "$new/starpu" && autoreconf --install --force -I m4 >autoreconf.log 2>&1) || {
    tail -n 20 "$new/starpu/autoreconf.log" >&2
    echo "autoreconf made no configure script of $2." >&2
    exit 1
}
tar -cf "$new/release.tar" -C "$new" starpu
sh "$(dirname "$0")/from-archive.sh" "$new/release.tar" "$2 of $1"
