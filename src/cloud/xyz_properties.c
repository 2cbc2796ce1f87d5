#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cloud/xyz.h"

/* Moves past a word, of which quoted parts may hold blanks. */
static const char *skip_word(const char *s) {
    for (char quote = '\0'; *s && (quote || !isspace((unsigned char)*s)); s++) {
        if (*s == '\\' && s[1])
            s++;
        else if (*s == quote)
            quote = '\0';
        else if (!quote && (*s == '"' || *s == '\''))
            quote = *s;
    }
    return s;
}

/* Where the value of the entry begins; NULL where there is none. */
static const char *find_properties(const char *s) {
    static const char key[] = "Properties=";
    for (s = dp_text_skip_blanks(s); *s; s = dp_text_skip_blanks(skip_word(s)))
        if (strncasecmp(s, key, sizeof key - 1) == 0)
            return s + sizeof key - 1;
    return NULL;
}

/* In all, and of one property. */
enum { MAX_COLUMNS = 1000 };

typedef struct property {
    char name[64];
    char type; /* 'S', 'R', 'I' or 'L' */
    int n_columns;
} property;

/* "name:type:columns" at *s, which then is behind it and its colon; 0 where it is something else.
 */
static int next_property(const char **s, property *p) {
    size_t length = strcspn(*s, ":\"' \t");
    const char *type = *s + length + 1;
    if (length == 0 || length >= sizeof p->name || (*s)[length] != ':' || !*type ||
        !strchr("SRIL", *type) || type[1] != ':' || !isdigit((unsigned char)type[2]))
        return 0;
    char *end;
    long n = strtol(type + 2, &end, 10);
    memcpy(p->name, *s, length);
    p->name[length] = '\0';
    p->type = *type;
    p->n_columns = (int)n;
    *s = *end == ':' ? end + 1 : end;
    return n >= 1 && n <= MAX_COLUMNS && (*end == ':' || !*end || strchr("\"' \t", *end));
}

/* How much a name is one that charges go by: 0 for not at all. Where there are more than one the
 * first of this list is meant. */
static int rank_of(const char *name) {
    static const char *const names[] = {"charge", "q", "charges", "initial_charges"};
    enum { N_NAMES = sizeof names / sizeof names[0] };
    for (int i = 0; i < N_NAMES; i++)
        if (strcasecmp(name, names[i]) == 0)
            return N_NAMES - i;
    return 0;
}

static dagpole_status take(const dp_input *input, const property *p, dp_xyz_layout *layout) {
    int is_number = p->type == 'R' || p->type == 'I', rank = rank_of(p->name);
    if (strcasecmp(p->name, "pos") == 0) {
        if (!is_number || p->n_columns != 3)
            return dp_input_bad_line(input, "its property pos is needed as pos:R:3");
        layout->position = layout->n_columns;
    } else if (strcasecmp(p->name, "species") == 0) {
        layout->species = layout->n_columns;
    } else if (rank && (!is_number || p->n_columns != 1)) {
        return dp_input_bad_line(input, "its charges are needed as one column of type R or I");
    } else if (rank > rank_of(layout->charge_name)) {
        layout->charge = layout->n_columns;
        strcpy(layout->charge_name, p->name);
    }
    layout->n_columns += p->n_columns;
    if (layout->n_columns > MAX_COLUMNS)
        return dp_input_bad_line(input, "its properties have more than 1000 columns");
    return DAGPOLE_OK;
}

dagpole_status dp_xyz_read_properties(const dp_input *input, dp_xyz_layout *layout) {
    const char *s = find_properties(input->text);
    if (!s)
        return DAGPOLE_OK;
    s += *s == '"' || *s == '\'';
    *layout = (dp_xyz_layout){.species = -1, .position = -1, .charge = -1};
    do {
        property p;
        if (!next_property(&s, &p))
            return dp_input_bad_line(input, "'Properties=name:type:columns:...' is needed, with "
                                            "types S, R, I and L");
        DP_TRY(take(input, &p, layout));
    } while (*s && !strchr("\"' \t", *s));
    if (layout->position < 0)
        return dp_input_bad_line(input, "a property pos:R:3 is needed");
    return DAGPOLE_OK;
}
