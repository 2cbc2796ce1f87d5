#!/bin/sh
# The set-up below the source $1, with commands of its own making in place of the system's: what is
# missing is installed, and nothing else asks for root; other systems are told what they need.
set -u
cd "$1" || exit 1
bin=$(mktemp -d) || exit 1
trap 'rm -rf "$bin"' EXIT
for command in sh sed cat env; do
    ln -s "$(command -v $command)" "$bin/$command"
done

# fake NAME LINE...: a command with this script.
fake() {
    name=$1
    shift
    printf '#!/bin/sh\n' >"$bin/$name"
    printf '%s\n' "$@" >>"$bin/$name"
    chmod +x "$bin/$name"
}

n_failed=0
# setup CODE WORD WHAT: install_packages ends with CODE and names WORD.
setup() {
    said=$(PATH=$bin sh -c '. .ci/setup.sh; install_packages tests' 2>&1)
    got=$?
    case $got,$said in
    "$1",*"$2"*) ;;
    *) echo "FAILED: $3: exit code $got instead of $1, '$2' in: $said"; n_failed=$((n_failed + 1)) ;;
    esac
}

setup 1 libstarpu-dev "neither Debian nor the libraries"
for tool in cc meson ninja; do
    fake $tool 'exit 1'
done
fake pkg-config 'exit 0'
setup 0 '' "not Debian, but all is there"
fake pkg-config 'case $* in *check*) exit 1; esac'
setup 1 libstarpu-dev "not Debian, no Check"

fake dpkg-query 'echo "install ok installed"'
fake apt-get 'echo "apt-get $*"; exit 1'
fake id 'echo 1000'
setup 0 '' "Debian with all packages: neither root nor sudo nor apt-get"
fake dpkg-query 'case $* in *hdf5*) exit 1; esac' 'echo "install ok installed"'
setup 1 'root or sudo' "a package is missing, no root, no sudo"
fake sudo 'echo "sudo $*"; "$@"'
setup 1 'sudo apt-get update' "a package is missing, apt-get fails"
fake apt-get 'echo "apt-get $*"'
setup 0 'apt-get install -y -q --no-install-recommends libhdf5-dev' "a package is missing, sudo"
fake sudo 'exit 1'
fake id 'echo 0'
setup 0 'apt-get install -y -q --no-install-recommends libhdf5-dev' "a package is missing, root"
fake dpkg-query 'echo "deinstall ok config-files"'
setup 0 'check' "packages that were removed"
exit $n_failed
