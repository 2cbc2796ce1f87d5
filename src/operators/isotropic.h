/* The isotropic part of expansions: of a multipole its charge, as it is seen from afar, of a local
 * the part that is the same in all directions.
 *
 * Far away a multipole does what its isotropic moment does, sum_i q_i s(|y_i - c|), first of all:
 * s(r) = sinh(lambda r) / (lambda r) is the one isotropic field that the kernel allows without a
 * source, which of Laplace is 1 and makes the moment the charge. An error of the moment is the same
 * at every distance but for the kernel's decay. Dipoles have no charge, so that an R-th of what
 * charges would do is left at a distance of R, beside the error's charge; and where boxes of
 * alternating charges are all alike, on a lattice, the errors' charges of all boxes add up. Moments
 * are known, though: P2M puts them right, and M2M's matrix is made such that a parent has what its
 * children have.
 *
 * All this transposed: charges of one sign make potentials that grow with the cloud, and are nearly
 * the same all over a small box. What an operator loses of such a potential, over the size of the
 * box, is an error of the gradient. L2L, which is M2M transposed, takes s of a parent to its
 * children as it is, and L2P sets a local's part of s aside and adds s itself.
 *
 * Where a box is more than a third of a wavelength, or two screening lengths, wide, boxes that add
 * up are few, and nothing is put right. */
#ifndef DP_OPERATORS_ISOTROPIC_H
#define DP_OPERATORS_ISOTROPIC_H

#include "operators/data.h"

enum { DP_ISOTROPIC_TERMS = 16 };

/* Parts: one, of a complex kernel two. Part 1 of s is -i s, whose product with a multipole is the
 * imaginary part of its moment; part 1 of a charge is i. */
typedef struct dp_isotropic {
    int n_parts;    /* 0: moments are not put right at this level */
    int k;          /* coefficients that are not 0: the first, the even parity's */
    int row;        /* from one vector to the next: an expansion's length, padded */
    double *vector; /* the local s of each part, then the multipole of each part's charge at the
                       centre; the products of each with each are 1 and 0 */
    double unit;    /* of locals, in that of sums: 1, but of the caller's kernels 4 pi */
    int n_terms;    /* s is a polynomial of r^2 in half sides: */
    double term[2][DP_ISOTROPIC_TERMS]; /* real and imaginary parts, from the constant on */
} dp_isotropic;

static inline const double *dp_isotropic_local(const dp_isotropic *isotropic, int part) {
    return isotropic->vector + (size_t)part * (size_t)isotropic->row;
}

static inline const double *dp_isotropic_multipole(const dp_isotropic *isotropic, int part) {
    return isotropic->vector + (size_t)(isotropic->n_parts + part) * (size_t)isotropic->row;
}

/* In `vector`. */
static inline size_t dp_isotropic_numbers(const dp_isotropic *isotropic) {
    return 2 * (size_t)isotropic->n_parts * (size_t)isotropic->row;
}

/* The caller frees it, after a failure as well. NO_MEMORY. */
dagpole_status dp_isotropic_create(const dp_surface *surface, const dp_operator_data *data,
                                   dp_isotropic *isotropic);
void dp_isotropic_free(dp_isotropic *isotropic);

/* The expansion of a child, in the octant of positive coordinates, of one part of its parent's s.
 * local: k of the child. NO_MEMORY. */
dagpole_status dp_isotropic_of_child(const dp_isotropic *parent, const dp_surface *surface,
                                     const dp_operator_data *child, int part, double *local);

/* Adds what n points have, vector by vector and part by part. Of a complex kernel real and
 * imaginary parts of what is carried are `stride` apart, as vectors are. */
void dp_isotropic_add_moments(const dp_isotropic *isotropic, const dp_frame *frame, int64_t n,
                              dp_soa points, dp_carried carried, int64_t stride, int n_vectors,
                              double *moments);

/* How much of part `part` of s there is in a local. */
double dp_isotropic_size(const dp_isotropic *isotropic, int part, const double *local);

/* Adds to the sums of n points what s does there: `size` is one of each part, vector by vector. Of
 * a complex kernel sums of real and imaginary parts are out_stride apart, as vectors are. */
void dp_isotropic_evaluate(const dp_isotropic *isotropic, const double *size, const dp_frame *frame,
                           int n_vectors, int64_t n, dp_soa points, dp_sums out,
                           int64_t out_stride);

/* Takes `times` the constant that `local` is at the centre out of another. Of Laplace. */
void dp_isotropic_take(const dp_isotropic *isotropic, double times, const double *local,
                       double *from);

/* Adds to a multipole what it lacks of these moments, one of each part. */
void dp_isotropic_set(const dp_isotropic *isotropic, const double *moments, double *multipole);

/* The charge out of a multipole. Of Laplace, whose moment is the charge; others stay as they are.
 */
void dp_isotropic_clear(const dp_isotropic *isotropic, double *multipole);

#endif
