/* PQR files: records of the protein data bank, of which ATOM and HETATM end with the five columns
 * "x y z charge radius". What stands before these is not used, the radius neither. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "cloud/text.h"

/* Of PDB files, as far as their names go; digits may follow. */
static const char *const records[] = {
    "ATOM",   "HETATM", "REMARK", "TER",    "END",    "CRYST",  "HEADER", "TITLE",  "COMPND",
    "SOURCE", "KEYWDS", "EXPDTA", "AUTHOR", "REVDAT", "JRNL",   "MODEL",  "ENDMDL", "CONECT",
    "MASTER", "ORIGX",  "SCALE",  "MTRIX",  "ANISOU", "SEQRES", "HELIX",  "SHEET",  "SSBOND",
    "LINK",   "CISPEP", "SITE",   "HET",    "HETNAM", "HETSYN", "FORMUL", "MODRES", "DBREF",
    "SEQADV", "NUMMDL", "MDLTYP", "CAVEAT", "OBSLTE", "SPRSDE", "SPLIT",  "USER",   "TURN",
};

static int is_record(const char *s, const char *name) {
    size_t length = strlen(name);
    if (strncmp(s, name, length) != 0)
        return 0;
    s += length + strspn(s + length, "0123456789");
    return !*s || isspace((unsigned char)*s);
}

int dp_text_is_pqr(const char *s) {
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++)
        if (is_record(s, records[i]))
            return 1;
    return 0;
}

/* The last five columns; 0 where there are fewer, or not after another one, or no numbers. */
static int parse_atom(const dp_text *text, const char *s, double values[5]) {
    const char *columns[5] = {NULL};
    int n = 0;
    while (*s) {
        columns[n++ % 5] = s;
        while (*s && !isspace((unsigned char)*s))
            s++;
        s = dp_text_skip_blanks(s);
    }
    for (int i = 0; n >= 6 && i < 5; i++) {
        const char *begin = columns[(n + i) % 5], *end;
        values[i] = dp_text_number(begin, &end, text->input->locale);
        if (end == begin || (*end && !isspace((unsigned char)*end)))
            return 0;
    }
    return n >= 6;
}

static dagpole_status read_record(dp_text *text, const char *s) {
    double values[5];
    if (!dp_text_is_pqr(s))
        return dp_input_bad_line(text->input, "a record of PQR is needed, such as ATOM");
    if (is_record(s, "MODEL") && text->cloud->n_sources)
        return dp_input_bad_line(text->input, "a file with one model is needed");
    if (!is_record(s, "ATOM") && !is_record(s, "HETATM"))
        return DAGPOLE_OK;
    if (!parse_atom(text, s, values))
        return dp_input_bad_line(text->input, "'x y z charge radius' at the end is needed (PQR)");
    return dp_text_push(text, values, values[3]);
}

/* The name tells them apart where the columns do not: occupancy and temperature are no charge and
 * radius. */
static int is_pdb(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot && (strcasecmp(dot, ".pdb") == 0 || strcasecmp(dot, ".ent") == 0);
}

dagpole_status dp_text_read_pqr(dp_text *text, const char *s) {
    if (is_pdb(text->input->path))
        return dp_fail(DAGPOLE_FILE, "'%.250s' is a PDB file, which has no charges: PQR is needed",
                       text->input->path);
    dp_text_name_charges(text->cloud, "charge");
    while (s) {
        DP_TRY(read_record(text, s));
        DP_TRY(dp_text_next(text, &s));
    }
    if (text->cloud->n_sources)
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_FILE, "'%.250s' has neither ATOM nor HETATM", text->input->path);
}
