/* The text reader: the input is the file. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!*fuzz_path)
        fuzz_open_directory("points.txt");
    if (size >= 4 && memcmp(data, "\x89HDF", 4) == 0)
        return 0; /* fuzz_hdf5.c */
    fuzz_write(data, size);
    fuzz_read_cloud();
    return 0;
}
