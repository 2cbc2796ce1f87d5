/* Points packed for near sums: those of a leaf, or of the leaves around it, one behind the other,
 * run by run, whatever memory they come from. Sums over pairs then go over long rows, and what they
 * do to the points is collected beside them until dp_strip_take hands it out.
 *
 * In single precision coordinates are relative to the centre of a box, in its half sides, and
 * charges in a unit that none exceeds by much. A difference of two coordinates has an error of
 * about 2^-24 half sides, too much for a pair that is not much further apart than that: `least` is
 * the distance, in half sides, up to which a pair is summed in double from the positions
 * themselves. */
#ifndef DP_KERNEL_STRIP_H
#define DP_KERNEL_STRIP_H

#include "base/memory.h"
#include "kernel/kernel.h"

/* Most points in a strip: its rows stay in the first cache. */
#define DP_STRIP 512

/* Rows are padded to full vectors of any instruction set with points of charge 0. */
#define DP_STRIP_PAD  16
#define DP_STRIP_ROOM (DP_STRIP + DP_STRIP_PAD)

enum { DP_STRIP_ROWS = 8, DP_STRIP_RUNS = 64 };

/* Points packed from one place. */
typedef struct dp_strip_run {
    int begin, n;
    dp_soa points;
    const double *charges;
    dp_sums out; /* where their sums go; potential NULL: nowhere */
} dp_strip_run;

/* Where coordinates and charges of single precision count from. */
typedef struct dp_strip_frame {
    double centre[3], half, charge_unit;
} dp_strip_frame;

struct dp_strip {
    dp_isa isa;
    int is_single; /* the rows in single precision are in use, of those in double none */
    int has_close; /* but then for the sums of pairs that are too close */
    int n, has_gradient, n_runs;
    dp_strip_frame frame;
    double inverse;    /* 1 / half, and */
    double to_unit[2]; /* two factors that make 1 / charge_unit, which may be infinite by itself */
    double *x, *y, *z, *charge;              /* positions and charges as they are */
    double *potential, *gx, *gy, *gz;        /* sums */
    float *x_f, *y_f, *z_f, *charge_f;       /* in the frame */
    float *potential_f, *gx_f, *gy_f, *gz_f; /* sums in the frame */
    double *memory;  /* the rows in double, and behind them those in single: dp_strip_bytes() */
    float *memory_f; /* within it */
    dp_strip_run runs[DP_STRIP_RUNS];
};

dagpole_status dp_strip_create(dp_isa isa, dp_strip *strip);
void dp_strip_free(dp_strip *strip);
int64_t dp_strip_bytes(void);

/* Empties the strip and sets its frame. */
void dp_strip_begin(dp_strip *strip, int is_single, const dp_strip_frame *frame);

/* Points that may still be appended at once: 0 where the strip is full. */
static inline int dp_strip_room(const dp_strip *strip) {
    return strip->n_runs < DP_STRIP_RUNS ? DP_STRIP - strip->n : 0;
}

/* Appends n points, at most dp_strip_room. The arrays must stay until the sums are taken. */
void dp_strip_add(dp_strip *strip, int n, dp_soa points, const double *charges, dp_sums out);

/* Appends idle points up to a full vector and sets the sums to zero. */
void dp_strip_end(dp_strip *strip, int has_gradient);

/* For a strip of single precision that meets a close pair: sets the sums in double to zero, once.
 */
void dp_strip_use_close(dp_strip *strip);

/* The power of two that is at most `largest`, the largest charge by size (the one above may
 * overflow); 1 for 0. */
double dp_strip_charge_unit(double largest);

/* Adds the sums of every run to where they go. */
void dp_strip_take(const dp_strip *strip);

#endif
