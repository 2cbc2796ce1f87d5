#include "cli/utf8.h"

int cli_utf8_length(const char *text) {
    const unsigned char *s = (const unsigned char *)text;
    if (*s < 0x80)
        return 1;
    int n = *s >= 0xc2 && *s < 0xe0   ? 2
            : *s >= 0xe0 && *s < 0xf0 ? 3
            : *s >= 0xf0 && *s < 0xf5 ? 4
                                      : 0;
    for (int i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    int is_long = (*s == 0xe0 && s[1] < 0xa0) || (*s == 0xf0 && s[1] < 0x90);
    int is_outside = (*s == 0xed && s[1] >= 0xa0) || (*s == 0xf4 && s[1] >= 0x90);
    return is_long || is_outside ? 0 : n;
}
