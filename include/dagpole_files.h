/* Point clouds and files of dagpole: what the command-line tool reads, writes and makes, for
 * programs that want the same. dagpole.h includes it. */
#ifndef DAGPOLE_FILES_H
#define DAGPOLE_FILES_H

#include "dagpole.h"

#ifdef __cplusplus
extern "C" {
#endif

/* (It has no size: what changes it changes DAGPOLE_ABI.) */
typedef struct dagpole_cloud {
    int64_t n_sources, n_targets; /* n_targets = n_sources where targets is NULL */
    double *sources;              /* n_sources x 3 */
    double *charges;       /* n_vectors x n_sources values, or NULL where there are dipoles alone */
    double *targets;       /* n_targets x 3, or NULL: the sources are the targets */
    char charges_from[64]; /* of a cloud that was read: "/charges", "the column 'q'", "1 each,
                              the file has none", ...; else "" */
    int64_t n_vectors;     /* of charges and dipoles; 0 counts as 1 */
    double *dipoles;       /* n_vectors x n_sources values, or NULL */
    dagpole_kernel kernel; /* DAGPOLE_LAPLACE (0), or the one that charges and dipoles are for:
                              dagpole_kernel_query says how many doubles a value is */
} dagpole_cloud;

/* distribution: "cube" (uniform in [0, 1]^3), "sphere" (uniform on the unit sphere's surface),
 * "plummer" (scale 1, cut at radius 100), "ellipsoid" (surface, half axes 1, 1, 4), "graded" (as
 * many in each of 20 octaves of the distance from a centre), "disk" (Kuzmin's disk, scale 1, cut at
 * radius 20, 0.1 thick), "two-scale" (every other point in a cube a millionth as wide beside a
 * cube) or "lattice" (integer coordinates, the smallest cube that holds n; no random numbers).
 * charges: "unit" (all 1), "mixed" (uniform in [-1, 1]), "alternating" (1 and -1 in turn; on a
 * lattice neighbours differ, as in rock salt) or, each number uniform in [-1, 1], "dipoles" (no
 * charges), "complex" (charges for DAGPOLE_HELMHOLTZ), "forces" (for DAGPOLE_STOKES) or
 * "stresslets" (likewise, no charges: the densities behind normals of length 1, which point outward
 * on sphere and ellipsoid and anywhere elsewhere). The same seed gives the same cloud everywhere.
 * The arrays are owned by *cloud: dagpole_cloud_free.
 * Statuses: BAD_ARGUMENT, NO_MEMORY. */
DAGPOLE_API dagpole_status dagpole_cloud_generate(const char *distribution, int64_t n,
                                                  uint64_t seed, const char *charges,
                                                  dagpole_cloud *cloud);

/* Reads HDF5 (/sources N x 3, /charges N or V x N, /dipoles N x 3 or V x N x 3, one of the two or
 * both, optional /targets M x 3; or PyExaFMM's particle_data/...; numbers of any width), text, XYZ,
 * PQR or npy; what is there and cannot be opened or is ambiguous is refused, never passed over.
 *   text    x y z [q] a line, perhaps below these names; separated by blanks, or by commas, or by
 *           semicolons (one may follow the last column); # and % and two slashes begin comments.
 *   count   a count alone on the first line, then at once so many such rows.
 *   XYZ     a count alone, one line of comment, so many rows "symbol x y z [q]"; in extended XYZ
 *           the comment's "Properties=..." says which columns are pos and charge, q, charges or
 *           initial_charges (of more than one the first in this list).
 *   PQR     the last five columns of ATOM and HETATM are x y z charge radius.
 *   npy     N x 3 or N x 4, float32 or float64, any order of bytes and axes.
 * All but HDF5 may be a pipe; dagpole(1) says more. q = 1 where there is none: charges_from tells.
 * The arrays are owned by *cloud, as those of a generated one: dagpole_cloud_free.
 * Statuses: FILE, NO_MEMORY, BAD_ARGUMENT, NUMERIC (a number that is NaN or Inf). */
DAGPOLE_API dagpole_status dagpole_cloud_read(const char *path, dagpole_cloud *cloud);

/* The same of HDF5 whose dipoles are in another dataset, N x 3 or V x N x 3, of any name. */
DAGPOLE_API dagpole_status dagpole_cloud_read_dipoles(const char *path, const char *dataset,
                                                      dagpole_cloud *cloud);

/* The same for any kernel. dipoles: a dataset's name, or NULL: /dipoles, where it is there. Where
 * the kernel's values are complex, charges and dipoles are compounds of two floats r and i, as h5py
 * writes complex numbers, or real numbers. Where a charge is a vector of 3, /charges is N x 3 or V
 * x N x 3, and all other kinds of files are refused. Statuses: as dagpole_cloud_read. */
DAGPOLE_API dagpole_status dagpole_cloud_read_for(const char *path, dagpole_kernel kernel,
                                                  const char *dipoles, dagpole_cloud *cloud);

/* Writes HDF5: to a temporary file beside path, then renamed. A symbolic link stays, and what it
 * leads to is replaced. What replaces a file takes its mode; one that may not be written stays, and
 * the call fails. Temporary files in that directory which processes of this host left when they
 * were killed are removed. Statuses: FILE, BAD_ARGUMENT, NO_MEMORY. */
DAGPOLE_API dagpole_status dagpole_cloud_write(const char *path, const dagpole_cloud *cloud);

/* Frees the arrays and sets the struct to zero. NULL is allowed. */
DAGPOLE_API void dagpole_cloud_free(dagpole_cloud *cloud);

/* Results and everything needed to repeat the run. */
typedef struct dagpole_results {
    size_t size; /* set it to sizeof(dagpole_results) before the call */
    int64_t n_targets;
    double *potentials; /* n_vectors x n_targets values: dagpole_kernel_query has their doubles */
    double *gradients;  /* the same, or NULL */
    char *input;        /* path of the points file, of any length; NULL = not known */
    /* The caller's report (its size set), or NULL where it is not wanted: members are written as
     * attributes and read back as far as the file holds them, the others as 0. */
    dagpole_report *report;
    int64_t n_vectors;     /* 0 counts as 1: then the datasets have no such dimension */
    double *hessians;      /* n_vectors x n_targets x 6, xx, xy, xz, yy, yz, zz, or NULL */
    double *pressures;     /* n_vectors x n_targets, or NULL; of a kernel that has them */
    dagpole_kernel kernel; /* whose results these are; the report's, where there is one */
} dagpole_results;

/* /potentials, /gradients, /hessians, /pressures and attributes; complex numbers as compounds of r
 * and i, as h5py reads them. Written as dagpole_cloud_write writes. Statuses: BAD_ARGUMENT, FILE,
 * NO_MEMORY. */
DAGPOLE_API dagpole_status dagpole_results_write(const char *path, const dagpole_results *results);

/* Of *results size and report are read; the other members are overwritten and owned by it:
 * dagpole_results_free. Statuses: BAD_ARGUMENT, FILE, NO_MEMORY. */
DAGPOLE_API dagpole_status dagpole_results_read(const char *path, dagpole_results *results);

/* Frees what dagpole_results_read made; all but size and report become zero. NULL is allowed. */
DAGPOLE_API void dagpole_results_free(dagpole_results *results);

/* Removes temporary files that a write in progress left and the temporary directory of StarPU's
 * files, and may be called from a signal handler. For programs that end on Ctrl-C. */
DAGPOLE_API void dagpole_remove_temporaries(void);

#ifdef __cplusplus
}
#endif

#endif
