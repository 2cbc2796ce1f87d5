# shellcheck shell=sh
# Set-up shared by examples/quickstart.sh and tests/run.sh, which source it from the top of the
# tree: installs what .ci/packages lists and is missing, and configures build folders.

# Names of the packages: those that a build needs, with "tests" all of them.
list_packages() {
    sed -e 's/#.*//' .ci/packages | while read -r package use; do
        if [ -n "$package" ] && { [ -z "$use" ] || [ "$use" = "$1" ]; }; then
            echo "$package"
        fi
    done
}

# Those of the packages named that dpkg does not hold as installed.
list_missing() {
    for package; do
        case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
        *' installed') ;;
        *) echo "$package" ;;
        esac
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "This needs root or sudo: $*" >&2
        return 1
    fi
}

# Whether what the packages hold is there by other means.
has_tools() {
    for tool in cc meson ninja pkg-config; do
        command -v "$tool" >/dev/null || return 1
    done
    pkg-config --exists starpu-1.4 || pkg-config --exists starpu-1.3 || return 1
    pkg-config --exists hwloc openblas hdf5 || return 1
    [ "$1" != tests ] || pkg-config --exists check
}

# install_packages [tests]
install_packages() {
    # Word splitting is wanted: package names hold no blanks.
    # shellcheck disable=SC2046
    set -- "${1-}" $(list_packages "${1-}")
    use=$1
    shift
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        has_tools "$use" && return 0
        echo "This is no Debian system. Please install what these Debian packages hold, so that" >&2
        echo "pkg-config finds it, and run this again: $*" >&2
        return 1
    fi
    # shellcheck disable=SC2046
    set -- $(list_missing "$@")
    [ $# -gt 0 ] || return 0
    echo "Installing: $*"
    as_root apt-get update -q &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

# configure_build FOLDER MESON_OPTION...: makes the build folder, or gives the options to the one
# that is there.
configure_build() {
    if [ -f "$1/build.ninja" ]; then
        meson configure "$@"
    else
        meson setup "$@"
    fi
}
