/* Points packed for near sums: those of a leaf, or of the leaves around it, one behind the other,
 * run by run, whatever memory they come from. Sums over pairs then go over long rows, and what they
 * do to the points is collected beside them until dp_strip_take hands it out.
 *
 * A strip is made for so many vectors of what points carry: a charge a point, a dipole or both. The
 * plain one, for one vector of charges, is long and has loops of its own. Any other is shorter,
 * because each vector has rows of its own for what its points carry and for sums. A vector's sums
 * depend neither on the others in the strip nor on its place among them, and where the strip is not
 * plain, not on how many it is for either.
 *
 * In single precision coordinates are relative to the centre of a box, in its half sides. Charges,
 * and dipoles over the half side, are in a unit that none exceeds by much. A difference of two
 * coordinates has an error of about 2^-24 half sides, too much for a pair that is not much further
 * apart than that: `least` is the distance, in half sides, up to which a pair is summed in double
 * from the positions themselves. */
#ifndef DP_KERNEL_STRIP_H
#define DP_KERNEL_STRIP_H

#include "base/memory.h"
#include "kernel/kernel.h"

/* Most points in a plain strip: its rows stay in the first cache. */
#define DP_STRIP 512

/* Most in any other: the rows of two strips stay in the second cache, what four
 * points have with a strip in the first (near_many_tmpl.c). */
#define DP_STRIP_MANY 128

/* Most vectors in a strip. */
#define DP_STRIP_VECTORS 16

/* Rows are padded to full vectors of any instruction set with points that carry 0. */
#define DP_STRIP_PAD 16

enum { DP_STRIP_RUNS = 64 };

/* 1: `near` of a kernel takes such strips, 0: `near_many` does. */
static inline int dp_strip_is_plain(const dp_shape *shape) {
    return shape->n_vectors == 1 && !shape->has_dipoles && shape->n_sums <= DP_GRADIENT;
}

/* Points packed from one place. What they carry in vector v lies v carried_stride behind that of
 * the first, its sums go to out.potential + v out_stride and so on. */
typedef struct dp_strip_run {
    int begin, n;
    dp_soa points;
    dp_carried carried;
    int64_t carried_stride, out_stride;
    dp_sums out; /* where their sums go; potential NULL: nowhere */
} dp_strip_run;

/* Where coordinates and charges of single precision count from. The unit of each vector in use
 * comes from dp_strip_charge_unit and the largest of its |charge| and |dipole component| / half. Of
 * flow the parts of a value, which mix, have one unit, and the charge of the last counts over half
 * as well. */
typedef struct dp_strip_frame {
    double centre[3], half;
    double charge_unit[DP_STRIP_VECTORS];
} dp_strip_frame;

struct dp_strip {
    dp_isa isa;
    dp_shape shape; /* that it is for */
    int most;       /* points */
    int n_vectors;  /* of the shape's in use */
    int row;        /* numbers from one row to the next */
    int is_single;  /* the rows in single precision are in use, of those in double none */
    int has_close;  /* but then for the sums of pairs that are too close */
    int n, n_runs;
    int n_sums; /* wanted now: DP_POTENTIAL, ..., at most the shape's */
    dp_strip_frame frame;
    double inverse;                      /* 1 / half, and */
    double to_unit[DP_STRIP_VECTORS][2]; /* two factors that make 1 / charge_unit, which may be
                                            infinite by itself */
    double *x, *y, *z;                   /* positions as they are, */
    double *carried;                     /* what points carry as it is */
    double *sums;
    float *x_f, *y_f, *z_f, *carried_f, *sums_f; /* in the frame */
    double *memory;  /* the rows in double, and behind them those in single: dp_strip_bytes() */
    float *memory_f; /* within it */
    dp_strip_run runs[DP_STRIP_RUNS];
};

/* Where row k of vector v begins among the rows of what is carried (dp_n_carried) and among
 * those of the sums (as dp_sums has them). */
static inline int dp_strip_row(const dp_strip *strip, int k, int v) {
    return (k * strip->shape.n_vectors + v) * strip->row;
}

/* All vectors are in use. */
dagpole_status dp_strip_create(dp_isa isa, const dp_shape *shape, dp_strip *strip);
void dp_strip_free(dp_strip *strip);
int64_t dp_strip_bytes(const dp_shape *shape);

/* From the next dp_strip_begin on n_vectors of the vectors that the strip is for are in use. One
 * for several remains that, even with one in use. */
static inline void dp_strip_use_vectors(dp_strip *strip, int n_vectors) {
    strip->n_vectors = n_vectors;
}

/* Empties the strip and sets its frame. */
void dp_strip_begin(dp_strip *strip, int is_single, const dp_strip_frame *frame);

/* Points that may still be appended at once: 0 where the strip is full. */
static inline int dp_strip_room(const dp_strip *strip) {
    return strip->n_runs < DP_STRIP_RUNS ? strip->most - strip->n : 0;
}

/* Appends n points, at most dp_strip_room. The arrays must stay until the sums are taken. Strides
 * are in doubles from one vector to the next; with one vector they count for nothing. Points that
 * are targets alone need carry nothing: their rows then hold any numbers. */
void dp_strip_add(dp_strip *strip, int n, dp_soa points, dp_carried carried, int64_t carried_stride,
                  dp_sums out, int64_t out_stride);

/* Appends idle points up to a full vector and sets the sums to zero, as many as are wanted now. */
void dp_strip_end(dp_strip *strip, int n_sums);

/* For a strip of single precision that meets a close pair: sets the sums in double to zero, once.
 */
void dp_strip_use_close(dp_strip *strip);

/* The power of two that is at most `largest`, the largest charge by size (the one above may
 * overflow); 1 for 0. */
double dp_strip_charge_unit(double largest);

/* Adds the sums of every run to where they go. */
void dp_strip_take(const dp_strip *strip);

#endif
