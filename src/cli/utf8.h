#ifndef DP_CLI_UTF8_H
#define DP_CLI_UTF8_H

/* Bytes of the UTF-8 character at s, a text that ends with 0; 0 where it is none. */
int cli_utf8_length(const char *s);

#endif
