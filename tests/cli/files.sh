#!/bin/sh
# Files of any name.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
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
finish
