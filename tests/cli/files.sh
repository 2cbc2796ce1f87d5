#!/bin/sh
# Files of any name, and the modes of those that are replaced.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
umask 022
expect 0 generate --n 500 a.h5

# JSON is UTF-8: valid names as they are, other bytes as U+FFFD.
name=$(printf 'caf\303\251-\342\202\254-\360\237\220\213.h5')
cp a.h5 "$name"
expect 0 run "$name" --digits 3 --serial --json --output r.h5
"$python" - "$name" <<'END' || fail "a name in UTF-8 is not as it is"
import json, sys
text = open("out", "rb").read().decode("utf-8", "strict")
sys.exit(sys.argv[1] not in json.dumps(json.loads(text), ensure_ascii=False))
END
# Latin 1, half a character, one written too long, half of a pair, and beyond the last.
for bytes in '\0351' '\0342\0202' '\0300\0257' '\0355\0240\0200' '\0364\0220\0200\0200'; do
    name=$(printf 'a%bb.h5' "$bytes")
    cp a.h5 "$name" || continue # a file system that takes no such names
    expect 0 run "$name" --digits 3 --serial --json
    "$python" - <<'END' || { fail "the name a${bytes}b.h5 is no JSON"; cat out; }
import json, re, sys
text = open("out", "rb").read().decode("utf-8", "strict")
sys.exit(not re.search("a\ufffd+b[.]h5", json.dumps(json.loads(text), ensure_ascii=False)))
END
done

# mode FILE: its mode.
mode() {
    stat -c %a "$1"
}

# What is replaced gives its mode, what is new gets the umask's.
for option in --output --inside --trace --timeline --graph; do
    for mode in 600 640 666; do
        rm -f r
        expect 0 run a.h5 --digits 3 --serial $option r
        [ "$(mode r)" = 644 ] || fail "run $option: a new file has mode $(mode r)"
        chmod $mode r
        expect 0 run a.h5 --digits 3 --serial $option r
        [ "$(mode r)" = $mode ] || fail "run $option: mode $mode became $(mode r)"
    done
done
for mode in 600 640; do
    chmod $mode a.h5
    expect 0 generate --n 500 a.h5
    [ "$(mode a.h5)" = $mode ] || fail "generate: mode $mode became $(mode a.h5)"
done
chmod 644 a.h5

# Root may write what it likes: then somebody else tries.
somebody() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
    else
        "$@"
    fi
}
chmod 777 .
echo mine >protected
chmod 444 protected
if somebody "$tool" --version >/dev/null 2>&1; then
    for option in --output --inside --trace --timeline --graph; do
        somebody "$tool" run a.h5 --digits 3 --serial --no-cache $option protected >out 2>err
        [ $? -eq 1 ] || fail "run $option into a protected file"
        says "'protected': it is there and may not be written (mode 0444)"
    done
    somebody "$tool" generate --n 500 protected >out 2>err && fail "generate into a protected file"
    says "'protected': it is there and may not be written (mode 0444)"
fi
[ "$(cat protected)" = mine ] || fail "a protected file was replaced"
finish
