/* NumPy's own format: a line of Python that says type, order and shape, then the numbers. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cloud/cloud.h"
#include "cloud/text.h"

enum { MAX_HEADER_BYTES = 4096, BLOCK_BYTES = 4096 };

typedef struct npy {
    char header[MAX_HEADER_BYTES + 1];
    int width; /* bytes of a number */
    int is_swapped, is_fortran;
    int64_t n;
    int n_columns;
} npy;

static dagpole_status refuse(const dp_input *input, const char *what) {
    return dp_fail(DAGPOLE_FILE, "'%.200s' is an npy file %s", input->path, what);
}

static dagpole_status read_exactly(dp_input *input, void *bytes, size_t asked) {
    size_t read;
    DP_TRY(dp_input_bytes(input, bytes, asked, &read));
    return read == asked ? DAGPOLE_OK : refuse(input, "that ends early");
}

/* Magic, version, length (2 bytes, from version 2 on 4, least first), text. */
static dagpole_status read_header(dp_input *input, npy *a) {
    unsigned char start[8], size[4] = {0};
    DP_TRY(read_exactly(input, start, sizeof start));
    int version = start[6];
    if (version < 1 || version > 3)
        return refuse(input, "of a version that is not 1, 2 or 3");
    DP_TRY(read_exactly(input, size, version == 1 ? 2 : 4));
    size_t length = size[0] | (size_t)size[1] << 8 | (size_t)size[2] << 16 | (size_t)size[3] << 24;
    if (length > MAX_HEADER_BYTES)
        return refuse(input, "with a header of more than 4096 bytes");
    a->header[length] = '\0';
    return read_exactly(input, a->header, length);
}

/* The value that belongs to a key of the header; "" where it is missing. */
static const char *value_of(const npy *a, const char *key) {
    const char *s = strstr(a->header, key);
    if (!s)
        return "";
    s = dp_text_skip_blanks(s + strlen(key));
    return *s == ':' ? dp_text_skip_blanks(s + 1) : "";
}

static dagpole_status parse_type(const dp_input *input, npy *a) {
    const char *type = value_of(a, "'descr'");
    char shown[24], what[128];
    int is_little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    int is_float = type[0] == '\'' && type[1] && strchr("<>=", type[1]) && type[2] == 'f' &&
                   (type[3] == '4' || type[3] == '8') && type[4] == '\'';
    snprintf(shown, sizeof shown, "%.*s", (int)strcspn(type, ",}"), type);
    snprintf(what, sizeof what, "of type %s: float32 ('<f4') or float64 ('<f8') is needed", shown);
    if (!is_float)
        return refuse(input, what);
    a->width = type[3] - '0';
    a->is_swapped = (type[1] == '>' && is_little) || (type[1] == '<' && !is_little);
    return DAGPOLE_OK;
}

/* "(N, 3)"; Python 2 put an L behind a number. */
static dagpole_status parse_shape(const dp_input *input, npy *a) {
    const char *shape = value_of(a, "'shape'"), *s = shape;
    char what[128];
    int64_t extent[2] = {0};
    int rank = 0;
    size_t shown = strcspn(shape, ")") + 1;
    snprintf(what, sizeof what, "of shape %.*s: (N, 3) or (N, 4) is needed",
             (int)(shown < 60 ? shown : 60), shape);
    for (char mark = '('; rank < 2 && *s == mark; mark = ',', rank++) {
        char *end;
        s = dp_text_skip_blanks(s + 1);
        if (!isdigit((unsigned char)*s))
            break;
        extent[rank] = strtoll(s, &end, 10);
        s = dp_text_skip_blanks(end + (*end == 'L'));
    }
    s += *s == ',';
    if (rank != 2 || *dp_text_skip_blanks(s) != ')' || (extent[1] != 3 && extent[1] != 4) ||
        extent[0] > DP_CLOUD_MAX_POINTS)
        return refuse(input, what);
    a->n = extent[0];
    a->n_columns = (int)extent[1];
    return DAGPOLE_OK;
}

static dagpole_status parse(const dp_input *input, npy *a) {
    const char *order = value_of(a, "'fortran_order'");
    DP_TRY(parse_type(input, a));
    DP_TRY(parse_shape(input, a));
    a->is_fortran = strncmp(order, "True", 4) == 0;
    if (!a->is_fortran && strncmp(order, "False", 5) != 0)
        return refuse(input, "that does not say whether it is in Fortran's order");
    return DAGPOLE_OK;
}

/* Where the file's length is known it is asked before memory is: a damaged shape asks for any. */
static dagpole_status check_length(const dp_input *input, const npy *a) {
    struct stat info;
    if (fstat(input->fd, &info) != 0)
        return dp_fail(DAGPOLE_FILE, "cannot read '%.250s': %s", input->path, strerror(errno));
    off_t left = info.st_size - lseek(input->fd, 0, SEEK_CUR) + (off_t)(input->end - input->begin);
    if (S_ISREG(info.st_mode) && left < a->n * a->n_columns * a->width)
        return refuse(input, "that is shorter than its shape says");
    return DAGPOLE_OK;
}

static double number_at(const npy *a, const unsigned char *bytes) {
    unsigned char ordered[8];
    float single;
    double value;
    for (int i = 0; i < a->width; i++)
        ordered[i] = bytes[a->is_swapped ? a->width - 1 - i : i];
    if (a->width == 8) {
        memcpy(&value, ordered, sizeof value);
        return value;
    }
    memcpy(&single, ordered, sizeof single);
    return (double)single;
}

static dagpole_status read_numbers(dp_input *input, const npy *a, dagpole_cloud *cloud) {
    unsigned char block[BLOCK_BYTES];
    int64_t count = a->n * a->n_columns, in_block = BLOCK_BYTES / a->width;
    for (int64_t begin = 0; begin < count; begin += in_block) {
        int64_t n = count - begin < in_block ? count - begin : in_block;
        DP_TRY(read_exactly(input, block, (size_t)(n * a->width)));
        for (int64_t i = 0; i < n; i++) {
            int64_t at = begin + i, row = a->is_fortran ? at % a->n : at / a->n_columns;
            int64_t column = a->is_fortran ? at / a->n : at % a->n_columns;
            double *to = column == 3 ? &cloud->charges[row] : &cloud->sources[3 * row + column];
            *to = number_at(a, block + i * a->width);
        }
    }
    return DAGPOLE_OK;
}

dagpole_status dp_cloud_read_npy(dp_input *input, dagpole_cloud *cloud) {
    npy a;
    char extra;
    size_t n_extra;
    DP_TRY(read_header(input, &a));
    DP_TRY(parse(input, &a));
    DP_TRY(check_length(input, &a));
    cloud->sources = dp_alloc((size_t)a.n, 3 * sizeof *cloud->sources);
    cloud->charges = dp_alloc((size_t)a.n, sizeof *cloud->charges);
    if (!cloud->sources || !cloud->charges)
        return DAGPOLE_NO_MEMORY;
    cloud->n_sources = a.n;
    for (int64_t i = 0; i < a.n; i++)
        cloud->charges[i] = 1;
    DP_TRY(read_numbers(input, &a, cloud));
    DP_TRY(dp_input_bytes(input, &extra, 1, &n_extra));
    if (n_extra)
        return refuse(input, "with more behind its array than the shape says");
    dp_text_name_charges(cloud, a.n_columns == 4 ? "" : NULL);
    return DAGPOLE_OK;
}
