#!/bin/sh
# The way of a StarPU through the wraps of the source $1, with an archive of the test's own making in its
# place: from subprojects/packagecache, by from-archive.sh and by from-git.sh, built once, built again for other limits,
# found without an environment before and after installation.
set -u
source=$(cd "$1" && pwd)
place=$(mktemp -d) || exit 1
trap 'rm -rf "$place"' EXIT
cd "$place" || exit 1
unset LD_LIBRARY_PATH
n_failed=0

fail() {
    echo "FAILED: $*"
    n_failed=$((n_failed + 1))
}

# quiet WHAT COMMAND...: shows what the command said only where it fails.
quiet() {
    what=$1
    shift
    "$@" >log 2>&1 || { fail "$what"; cat log; return 1; }
}

# refused WORD COMMAND...
refused() {
    word=$1
    shift
    if "$@" >log 2>&1 || ! grep -q -e "$word" log; then
        fail "not refused with '$word': $*"
        cat log
    fi
}

# A library that knows how often it was built and for how many workers.
stand_in() {
    mkdir -p "$1"
    cat >"$1/configure" <<'END'
#!/bin/sh
PACKAGE_VERSION='1.4.10'
for option; do
    case $option in
    --prefix=*) prefix=${option#*=} ;;
    --libdir=*) libdir=${option#*=} ;;
    --enable-maxcpus=*) maxcpus=${option#*=} ;;
    esac
done
echo "#define STARPU_MAXCPUS $maxcpus" >starpu.h
echo "int maxcpus(void) { return $maxcpus; }" >starpu.c
cat >Makefile <<MAKE
all: libstarpu-1.4.so
libstarpu-1.4.so: starpu.c
	\$(CC) -shared -fPIC -o \$@ starpu.c
	echo >>built
clean:
	rm -f libstarpu-1.4.so
install:
	mkdir -p \$(DESTDIR)$prefix/include/starpu/1.4 \$(DESTDIR)$libdir
	cp starpu.h \$(DESTDIR)$prefix/include/starpu/1.4
	cp libstarpu-1.4.so \$(DESTDIR)$libdir
MAKE
touch config.status
END
    sed -i "s/^PACKAGE_VERSION='1.4.10'/PACKAGE_VERSION='$2'/" "$1/configure"
    chmod +x "$1/configure"
}

# A project with the wraps of the source.
mkdir -p project/subprojects/packagecache
cp -r "$source"/subprojects/*.wrap "$source"/subprojects/*.sh "$source/subprojects/packagefiles" \
    project/subprojects
cat >project/meson.build <<'END'
project('user', 'c', meson_version: '>=1.0.0')
starpu = subproject('starpu')
executable('user', 'user.c', dependencies: starpu.get_variable('starpu_dep'),
           build_rpath: starpu.get_variable('libdir'),
           install_rpath: '$ORIGIN' / '..' / get_option('libdir'), install: true)
END
cp "$source/meson_options.txt" project
cat >project/user.c <<'END'
#include <starpu.h>
#include <stdio.h>
int maxcpus(void);
int main(void) {
    printf("%d %d\n", STARPU_MAXCPUS, maxcpus());
    return 0;
}
END

# runs LIMIT PROGRAM
runs() {
    [ "$("$2" 2>&1)" = "$1 $1" ] || { fail "$2 does not say $1:"; "$2"; }
}

# built TIMES
built() {
    times=$(wc -l <build/subprojects/starpu-1.4.10/build/built)
    [ "$times" -eq "$1" ] || fail "StarPU was built $times times instead of $1"
}

stand_in starpu-1.4.10 1.4.10
tar -czf project/subprojects/packagecache/starpu-1.4.10.tar.gz starpu-1.4.10
refused 8f35f59c337ba109 meson setup build project
hash=$(sha256sum project/subprojects/packagecache/starpu-1.4.10.tar.gz | cut -d ' ' -f 1)
sed -i "s/^source_hash = .*/source_hash = $hash/" project/subprojects/starpu.wrap
rm -rf build
quiet "packagecache" meson setup build project -Dstarpu_maxcpus=100 &&
    quiet "packagecache: build" ninja -C build && runs 100 build/user
quiet "reconfigure" meson setup --reconfigure build project && quiet "build" ninja -C build && built 1
quiet "another limit" meson configure build -Dstarpu_maxcpus=200 &&
    quiet "build" ninja -C build && built 2 && runs 200 build/user
DESTDIR=$place/installed quiet "install" meson install -C build --no-rebuild
rm -rf build
runs 200 installed/usr/local/bin/user

cp -rs /usr/bin bin
rm bin/make
refused 'takes make' env PATH="$place/bin" "$(command -v meson)" setup build project
rm project/subprojects/starpu-1.4.10/configure
refused 'no configure script' meson setup build project

# A near version by hand takes the place of the release.
stand_in near 1.4.99
tar -czf near.tar.gz near
quiet "from-archive.sh" sh project/subprojects/from-archive.sh near.tar.gz
rm -rf project/subprojects/packagecache build
quiet "from-archive.sh: set-up" meson setup build project -Dstarpu_maxcpus=7 &&
    quiet "from-archive.sh: build" ninja -C build && runs 7 build/user
refused usage sh project/subprojects/from-archive.sh
mkdir other && touch other/autogen.sh && tar -czf other.tar.gz other
refused 'no configure script' sh project/subprojects/from-archive.sh other.tar.gz
stand_in old 1.2.10
tar -czf old.tar.gz old
refused 1.2.10 sh project/subprojects/from-archive.sh old.tar.gz

# A clone has no configure script.
if command -v git >/dev/null && command -v autoreconf >/dev/null && command -v libtoolize >/dev/null; then
    mkdir -p clone/m4 && touch clone/m4/none.m4
    cat >clone/configure.ac <<'END'
AC_INIT([StarPU], [1.4.98])
AC_OUTPUT
END
    git -C clone init -q && git -C clone add . &&
        git -C clone -c user.name=nobody -c user.email=nobody@example.org commit -q -m none &&
        git -C clone tag of-the-test
    quiet "from-git.sh" sh project/subprojects/from-git.sh clone of-the-test
    grep -q 1.4.98 project/subprojects/starpu-1.4.10/configure || fail "from-git.sh took another tag"
    refused 'with the tag no-such-tag' sh project/subprojects/from-git.sh clone no-such-tag
fi
rm -f bin/git
refused 'needs git' env PATH="$place/bin" sh project/subprojects/from-git.sh clone of-the-test
refused usage sh project/subprojects/from-git.sh clone
[ "$(find project/subprojects -name 'new.*')" = "" ] || fail "from-archive.sh left a folder behind"
exit $n_failed
