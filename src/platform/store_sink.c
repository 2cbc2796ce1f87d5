#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "platform/store_internal.h"

static void keep_error(dp_store_sink *sink) {
    if (!sink->error)
        sink->error = errno ? errno : EIO;
}

/* HDF5 opens a file that it is to create twice: once to see whether it is there. */
static H5FD_t *open_sink(const char *name, unsigned flags, hid_t properties, haddr_t max_address) {
    (void)name, (void)flags, (void)max_address;
    dp_store_sink *const *sink = H5Pget_driver_info(properties);
    if (!sink)
        return NULL;
    memset(&(*sink)->driver, 0, sizeof(*sink)->driver);
    (*sink)->end_allocated = (*sink)->end_written = 0;
    return &(*sink)->driver;
}

static herr_t close_sink(H5FD_t *file) {
    (void)file;
    return 0;
}

static haddr_t get_end_allocated(const H5FD_t *file, H5FD_mem_t type) {
    (void)type;
    return ((const dp_store_sink *)file)->end_allocated;
}

static herr_t set_end_allocated(H5FD_t *file, H5FD_mem_t type, haddr_t address) {
    (void)type;
    ((dp_store_sink *)file)->end_allocated = address;
    return 0;
}

static haddr_t get_end_written(const H5FD_t *file, H5FD_mem_t type) {
    (void)type;
    return ((const dp_store_sink *)file)->end_written;
}

/* What was never written reads as zeros. */
static herr_t read_sink(H5FD_t *file, H5FD_mem_t type, hid_t properties, haddr_t address,
                        size_t bytes, void *buffer) {
    (void)type, (void)properties;
    dp_store_sink *sink = (dp_store_sink *)file;
    char *next = buffer;
    while (bytes > 0) {
        ssize_t n = pread(sink->fd, next, bytes, (off_t)address);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            keep_error(sink);
        if (n <= 0) {
            memset(next, 0, bytes);
            break;
        }
        next += n, address += (haddr_t)n, bytes -= (size_t)n;
    }
    return 0;
}

static herr_t write_sink(H5FD_t *file, H5FD_mem_t type, hid_t properties, haddr_t address,
                         size_t bytes, const void *buffer) {
    (void)type, (void)properties;
    dp_store_sink *sink = (dp_store_sink *)file;
    const char *next = buffer;
    if (address + bytes > sink->end_written)
        sink->end_written = address + bytes;
    while (bytes > 0 && !sink->error) {
        ssize_t n = pwrite(sink->fd, next, bytes, (off_t)address);
        if (n < 0 && errno != EINTR)
            keep_error(sink);
        if (n > 0)
            next += n, address += (haddr_t)n, bytes -= (size_t)n;
    }
    return 0;
}

/* A reader wants the file to be as long as what was allocated in it. */
static herr_t truncate_sink(H5FD_t *file, hid_t properties, hbool_t is_closing) {
    (void)properties, (void)is_closing;
    dp_store_sink *sink = (dp_store_sink *)file;
    if (!sink->error && ftruncate(sink->fd, (off_t)sink->end_allocated) != 0)
        keep_error(sink);
    sink->end_written = sink->end_allocated;
    return 0;
}

static const H5FD_class_t sink_class = {
#ifdef H5FD_CLASS_VERSION
    .version = H5FD_CLASS_VERSION,
    .value = 601,
#endif
    .name = "dagpole_sink",
    .maxaddr = (haddr_t)INT64_MAX,
    .fc_degree = H5F_CLOSE_STRONG,
    .fapl_size = sizeof(dp_store_sink *),
    .open = open_sink,
    .close = close_sink,
    .get_eoa = get_end_allocated,
    .set_eoa = set_end_allocated,
    .get_eof = get_end_written,
    .read = read_sink,
    .write = write_sink,
    .truncate = truncate_sink,
    .fl_map = H5FD_FLMAP_SINGLE,
};

/* The file format since HDF5 1.8: checksums guard all headers, so that HDF5 refuses those that are
 * damaged. HDF5 1.10 reads beyond its memory in damaged headers of the older format. */
hid_t dp_store_sink_create(const char *path, dp_store_sink *sink) {
    hid_t properties = H5Pcreate(H5P_FILE_ACCESS);
    hid_t file = -1;
    sink->class_id = H5FDregister(&sink_class);
    if (sink->class_id >= 0 && properties >= 0 &&
        H5Pset_driver(properties, sink->class_id, &sink) >= 0 &&
        H5Pset_libver_bounds(properties, H5F_LIBVER_V18, H5F_LIBVER_V18) >= 0)
        file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, properties);
    H5Pclose(properties);
    return file;
}
