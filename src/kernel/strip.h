/* Points packed for near sums: those of a leaf, or of the leaves around it, one behind the other,
 * whatever memory they come from. Sums over pairs then run over long rows, and what they do to the
 * sources of a pair is collected beside the points until dp_strip_take hands it out.
 *
 * In single precision coordinates are relative to the centre of a box, in its half sides, and
 * charges in a unit that none exceeds by much. A difference of two coordinates has an error of about
 * 2^-24 half sides, too much for a pair that is not much further apart than that: `least` is the
 * distance, in half sides, up to which a pair is summed in double from the positions themselves. */
#ifndef DP_KERNEL_STRIP_H
#define DP_KERNEL_STRIP_H

#include "base/memory.h"
#include "kernel/kernel.h"

/* Most points in a strip: its rows stay in the first cache. */
#define DP_STRIP 512

/* Rows are padded to full vectors of any instruction set with points of charge 0. */
#define DP_STRIP_PAD 16

enum { DP_STRIP_ROWS = 8 };

/* Where coordinates and charges of single precision count from. */
typedef struct dp_strip_frame {
    double centre[3], half, charge_unit;
} dp_strip_frame;

struct dp_strip {
    int is_single; /* the rows in single precision are in use */
    int has_close; /* then: the sums in double are, too, for pairs that are too close */
    int n, has_gradient;
    dp_strip_frame frame;
    double *x, *y, *z, *charge;                     /* positions and charges as they are */
    double *potential, *gx, *gy, *gz;               /* sums */
    float *x_f, *y_f, *z_f, *charge_f;              /* in the frame */
    float *potential_f, *gx_f, *gy_f, *gz_f;        /* sums in the frame */
    double *memory;
    float *memory_f;
};

dagpole_status dp_strip_create(dp_strip *strip);
void dp_strip_free(dp_strip *strip);
int64_t dp_strip_bytes(void);

/* Empties the strip and sets its frame. */
void dp_strip_begin(dp_strip *strip, int is_single, const dp_strip_frame *frame);

/* Appends n points; n is at most DP_STRIP - strip->n. */
void dp_strip_add(dp_strip *strip, int n, dp_soa points, const double *charges);

/* Appends idle points up to a full vector and sets the sums to zero. */
void dp_strip_end(dp_strip *strip, int has_gradient);

/* For a strip of single precision that meets a close pair: sets the sums in double to zero, once. */
void dp_strip_use_close(dp_strip *strip);

/* The power of two above `largest`, the largest charge by size; 1 for 0. */
double dp_strip_charge_unit(double largest);

/* Adds the sums of points begin ... begin + n - 1 to out. */
void dp_strip_take(const dp_strip *strip, int begin, int n, dp_sums out);

#endif
