/* The operators of a plan, ready to be applied: matrices packed for one instruction set.
 *
 * Conventions. A level's operators work in coordinates relative to the box's centre in units of
 * half its side h, and on h times the potential, so that one set serves every level of a
 * homogeneous kernel and no operator carries a scale. An expansion has k coefficients in the
 * compressed basis, padded with zeros to k_padded; parity a's coefficients are consecutive, so a
 * reflection of space is a change of signs. multipole = projection of the upward equivalent
 * density; local = projection of h times the downward check potential. */
#ifndef DP_OPERATORS_OPERATORS_H
#define DP_OPERATORS_OPERATORS_H

#include "geometry/cube.h"
#include "operators/data.h"
#include "operators/isotropic.h"
#include "operators/panel.h"

/* Where kernel sums are taken on a surface, and the matrices between these sums and an expansion:
 * one for each parity. A column holds sums by parity, `ld` apart, one for each orbit. Of a complex
 * kernel real and imaginary parts are `row` apart. */
typedef struct dp_surface_sums {
    dp_orbits orbits;
    int n_components;
    int row;                                /* orbits.n, padded */
    int ld;                                 /* rows of all components */
    dp_panel to_expansion[DP_N_PARITIES];   /* k_a x sums: potentials to expansion */
    dp_panel from_expansion[DP_N_PARITIES]; /* sums x k_a: expansion to densities */
    double *isotropic; /* of the outer surface, ld each: densities of each part of the set's
                          isotropic local, in the even parity; NULL: none */
} dp_surface_sums;

/* Points that a point meets there. */
static inline int dp_surface_points(const dp_surface_sums *surface) {
    return 8 * surface->orbits.n;
}

enum { DP_LEAST_PAIRED = 512 };

/* M2L from one position, as parts that do not mix: a part takes the coefficients of some parities,
 * one behind the other, to those of the same parities. One part of all parities, or where the
 * position has coordinates that are zero (geometry/offsets.h) two or four. */
typedef struct dp_m2l_part {
    dp_ranges ranges[8];           /* coefficients of its parities, by reflection */
    dp_panel a, b;                 /* the matrix is a b + rounded_a rounded_b: */
    dp_panel rounded_a, rounded_b; /* in floats where singular values are so small that their
                                      rounding stays below what the cut leaves out */
    /* Where numbers are complex (dp_is_paired) ranges are of the real parts only, b has the rows of
     * Re b and behind them those of Im b, each for a real part, and the matrix is conj(a b). a has
     * the rows of Re a and -Im a for the real part of what it gets. */
    int *turned; /* where a's rows go with imaginary parts, like a.at */
} dp_m2l_part;

/* The imaginary parts of ranges of real parts: those of a parity are behind its real ones. */
static inline dp_ranges dp_imaginary(const dp_ranges *real) {
    dp_ranges imaginary = *real;
    for (int i = 0; i < real->n; i++) {
        imaginary.range[i].begin = real->range[i].end;
        imaginary.range[i].end += real->range[i].end - real->range[i].begin;
    }
    return imaginary;
}

typedef struct dp_m2l_parts {
    int n;
    dp_m2l_part part[4];
} dp_m2l_parts;

typedef struct dp_operator_set {
    dp_isa isa;
    dp_to_orbits_fn to_orbits;
    dp_from_orbits_fn from_orbits;
    dp_from_orbits_fn from_orbits_far; /* in double: screened sums at any distance */
    dp_to_orbits_many_fn to_orbits_many;
    dp_from_orbits_many_fn from_orbits_many, from_orbits_many_far;
    dp_lambda lambda;                   /* in units of 1 / half side */
    int n_components;                   /* 2 of a complex kernel, whose coefficients are twice as
                                           many: real and imaginary parts take part in them alike */
    int has_floats;                     /* M2L has, where small singular values allow it */
    int k, k_padded;                    /* k = 0: the far field vanishes at this level */
    dp_surface_sums outer;              /* P2M, L2P: points of the far surface */
    dp_surface_sums inner;              /* P2L, M2P: points of the near surface */
    int k_begin[DP_N_PARITIES + 1];     /* coefficients of each parity */
    dp_m2l_parts m2l[DP_N_FOLDED];      /* for positions with v >= 0 */
    dp_ranges ranges[8];                /* all coefficients, by reflection */
    dp_ranges of_parity[DP_N_PARITIES]; /* those of one */
    dp_isotropic isotropic;
    double *flip; /* 8 x k_padded: -0 where a reflection changes a coefficient's sign, else 0. Where
                     numbers are complex as many again, opposite where an imaginary part is */
} dp_operator_set;

/* Expansions of a complex kernel this long take M2L in complex numbers: half as many bytes as its
 * real matrix, twice as many products of half the size. Rows of a are padded for every parity's
 * parts by themselves, which shorter ones would feel. */
static inline int dp_is_paired(const dp_operator_set *set) {
    return set->n_components == 2 && set->k >= DP_LEAST_PAIRED;
}

/* Between a level and the next finer one, for the child in the octant of positive coordinates. */
typedef struct dp_transfer {
    dp_panel m2m; /* k of the parent x k of the child */
    dp_panel l2l; /* k of the child x k of the parent */
} dp_transfer;

/* Flops between the sums on a surface and one expansion, without padding: a parity's coefficients
 * meet each orbit once. */
static inline double dp_surface_flops(const dp_operator_set *set, const dp_surface_sums *surface) {
    return 2.0 * set->k * surface->orbits.n * surface->n_components;
}

typedef struct dp_operators {
    dp_offsets offsets;
    const dp_user *user; /* the kernel, where it is the caller's */
    int depth, n_sets;
    dp_operator_set *sets;
    dp_operator_set *level[DP_MAX_DEPTH + 1]; /* of the boxes of a level; NULL where there is no far
                                                 field: levels 0 and 1, or the kernel vanishes */
    dp_transfer *transfers;                   /* n_sets (homogeneous: 1) */
    dp_transfer *below[DP_MAX_DEPTH + 1];     /* from the boxes of a level to their children */
    int is_cached;                            /* all came from the cache */
    int is_kept;                              /* all are in the cache now */
    void *arrays;                             /* of a copy: all of them, one behind the other */
} dp_operators;

/* No box on levels 0 and 1 has a V or X list: operators start at level 2. */
enum { DP_FIRST_LEVEL = 2 };

typedef struct dp_operators_request {
    const dp_kernel *kernel;
    dp_lambda lambda; /* in scaled coordinates; of a kernel of the caller's what takes these to the
                         caller's unit */
    double side;      /* of the root cube, scaled */
    int depth;
    dp_accuracy accuracy;
    dp_isa isa;
    const char *cache_dir; /* "" = none */
} dp_operators_request;

/* Loads what the cache holds, builds the rest and stores it (a cache that cannot be written is no
 * failure: message, if not NULL, then holds one sentence, else ""). NO_MEMORY, NUMERIC. */
dagpole_status dp_operators_create(const dp_team *team, const dp_operators_request *request,
                                   char message[DP_ERROR_TEXT_BYTES], dp_operators **operators);
void dp_operators_destroy(dp_operators *operators);
int64_t dp_operators_bytes(const dp_operators *operators);

/* The same operators in memory that is bound to a NUMA node, by the operating system's number, or
 * lies anywhere where the system refuses (copy.c). NO_MEMORY. */
dagpole_status dp_operators_copy(const dp_operators *from, int node, dp_operators **copy);
void dp_operators_copy_free(dp_operators *copy);

/* Flops of one column of M2L from a folded position: without padding, and with it. */
double dp_m2l_flops(const dp_operator_set *set, int folded);
double dp_m2l_padded_flops(const dp_operator_set *set, int folded);

/* The padded flops' mean over all positions, times what floats cost (model/cost.h). */
double dp_m2l_mean_flops(const dp_operator_set *set);

/* Both surfaces of a set whose k_padded, of_parity and isotropic are there (surface_sums.c): adds
 * to *surface what it can on failure as well. */
dagpole_status dp_outer_create(const dp_operator_set *set, const dp_surface *surface,
                               const dp_operator_data *data, dp_surface_sums *sums);
dagpole_status dp_inner_create(const dp_operator_set *set, const dp_surface *surface,
                               const dp_operator_data *data, dp_surface_sums *sums);
void dp_surface_sums_free(dp_surface_sums *sums);
int64_t dp_surface_sums_bytes(const dp_surface_sums *sums);

/* Packs one level's data (set.c), and the transfer between a parent's and a child's
 * (m2m_l2l_build.c).
 */
dagpole_status dp_operator_set_create(const dp_team *team, dp_isa isa, const dp_surface *surface,
                                      const dp_operator_data *data, dp_operator_set *set);
void dp_operator_set_free(dp_operator_set *set);
dagpole_status dp_transfer_create(dp_isa isa, const dp_surface *of_parent,
                                  const dp_surface *of_child, const dp_operator_data *parent,
                                  const dp_operator_data *child, dp_transfer *transfer);
void dp_transfer_free(dp_transfer *transfer);

#endif
