/* What is no HDF5 file: the first bytes say what it is. */
#include <string.h>

#include "cloud/cloud.h"

typedef struct signature {
    size_t length;
    const char *bytes, *what;
} signature;

static const signature others[] = {
    {8, "\x89HDF\r\n\x1a\n", "HDF5, which is not read from a pipe or device: a file is needed"},
    {4, "PK\x03\x04", "a zip archive, such as npz: its npy array of N x 3 or N x 4 is needed"},
    {4, "PK\x05\x06", "an empty zip archive"},
    {2, "\x1f\x8b", "gzip: unpack it first"},
    {3, "BZh", "bzip2: unpack it first"},
    {6,
     "\xfd"
     "7zXZ\0",
     "xz: unpack it first"},
    {4, "\x28\xb5\x2f\xfd", "zstd: unpack it first"},
    {2, "\xff\xfe", "text in UTF-16: UTF-8 or ASCII is needed"},
    {2, "\xfe\xff", "text in UTF-16: UTF-8 or ASCII is needed"},
    {10, "MATLAB 5.0", "MATLAB's format 5: one of version 7.3 with /sources, or text, is needed"},
    {3, "CDF", "NetCDF's classic format: HDF5 with /sources is needed"},
    {4, "\x0e\x03\x13\x01", "HDF4: HDF5 is needed"},
    {1, "\x80", "Python's pickle: an npy array of N x 3 or N x 4 is needed"},
};

/* Letters of UTF-16 without its mark. */
static int has_wide_letters(const unsigned char *s, size_t n) {
    return n >= 4 && ((s[0] && !s[1] && s[2] && !s[3]) || (!s[0] && s[1] && !s[2] && s[3]));
}

static int begins_with(const unsigned char *s, size_t n, const signature *signature) {
    return n >= signature->length && memcmp(s, signature->bytes, signature->length) == 0;
}

static dagpole_status read_input(dp_input *input, dagpole_cloud *cloud) {
    static const signature npy = {6, "\x93NUMPY", NULL};
    const unsigned char *s = input->buffer;
    size_t n = input->end;
    if (begins_with(s, n, &npy))
        return dp_cloud_read_npy(input, cloud);
    const char *what = has_wide_letters(s, n) ? "text in UTF-16: UTF-8 or ASCII is needed" : NULL;
    for (size_t i = 0; !what && i < sizeof others / sizeof others[0]; i++)
        if (begins_with(s, n, &others[i]))
            what = others[i].what;
    if (what)
        return dp_fail(DAGPOLE_FILE, "'%.250s' looks like %s", input->path, what);
    return dp_cloud_read_text(input, cloud);
}

dagpole_status dp_cloud_read_stream(const char *path, dagpole_cloud *cloud) {
    dp_input *input;
    DP_TRY(dp_input_open(path, &input));
    dagpole_status status = read_input(input, cloud);
    dp_input_close(input);
    cloud->n_targets = cloud->n_sources;
    cloud->n_vectors = 1;
    return status;
}
