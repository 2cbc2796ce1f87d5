#!/bin/sh
# Every test against a StarPU that Meson builds below subprojects/, for 16 workers and 8 NUMA nodes:
#     sh tests/bundled.sh [1.4|1.3] [MESON_TEST_OPTION...]
# Both where none is named, in build-starpu-1.4/ and build-starpu-1.3/. Takes StarPU's archives from
# the network, or as README.md (Large machines) says. The last line tells how it ended.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=.ci/setup.sh
. .ci/setup.sh

versions="1.4 1.3"
case ${1-} in
1.3 | 1.4)
    versions=$1
    shift
    ;;
esac

# built FOLDER: when StarPU's library was built last.
built() {
    find "$1/subprojects" -path '*/dist/*' -name 'libstarpu-*.so' -exec stat -L -c %Y {} +
}

# test_with VERSION MESON_TEST_OPTION...
test_with() {
    folder=build-starpu-$1
    [ "$1" = 1.4 ] && choice=bundled || choice=bundled-$1
    shift
    configure_build "$folder" --buildtype=release -Dtests=enabled -Dwerror=true "-Dstarpu=$choice" \
        -Dstarpu_maxcpus=16 -Dstarpu_maxnumanodes=8 || return 1
    ninja -C "$folder" || return 1
    before=$(built "$folder")
    meson setup --reconfigure "$folder" >/dev/null && ninja -C "$folder" || return 1
    if [ -z "$before" ] || [ "$before" != "$(built "$folder")" ]; then
        echo "FAILED: reconfiguring $folder built StarPU again"
        return 1
    fi
    meson test -C "$folder" --print-errorlogs "$@"
}

install_packages tests || exit 1
ended=""
n_failed=0
for version in $versions; do
    if test_with "$version" "$@"; then
        ended="$ended StarPU $version passed;"
    else
        ended="$ended StarPU $version FAILED;"
        n_failed=$((n_failed + 1))
    fi
done
echo "${ended# }"
[ "$n_failed" -eq 0 ]
