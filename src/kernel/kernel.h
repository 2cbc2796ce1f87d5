/* Green's functions. Each kernel appears once in portable C (the oracle) and once as a source
 * compiled per instruction set. Kernel sums leave out the factor 1/(4 pi): the far field carries it
 * nowhere, the plan applies DP_KERNEL_FACTOR once where results are scattered.
 *
 * Values: g(r) = 1/r for Laplace, exp(-lambda r)/r for Yukawa. Pairs at a distance of DP_NEAREST or
 * less coincide: they add nothing. Nor do pairs whose squared distance overflows.
 *
 * With d the difference of a target and a source and n = d / r, derivatives with respect to d are
 *   grad g   = -e1 d
 *   second   = e2 n n - e1 I
 *   third    = (e2 (I n, in the three orders of the axes) - e3 n n n) / r
 * with e1 = -g'/r, e2 = g'' - g'/r, e3 = 3 e2 - r g''' (dp_radial).
 *
 * A kernel's value consists of parts, each of which is a vector of its own inside (dp_shape): one
 * of a real kernel, real and imaginary part of a complex one, four of Stokes (kernel/flow.h). */
#ifndef DP_KERNEL_KERNEL_H
#define DP_KERNEL_KERNEL_H

#include "base/status.h"
#include "kernel/names.h"
#include "platform/cpu.h"

#define DP_KERNEL_FACTOR 0.079577471545947667884 /* 1 / (4 pi) */

/* Nearer, a gradient could overflow in double. In coordinates scaled to a cloud of unit size, so
 * that only points within 2^-300 of the cloud's extent are taken for coincident. */
#define DP_NEAREST 0x1p-300

/* What a kernel depends on. Of Yukawa a real number, of Helmholtz damping - i k. */
typedef double _Complex dp_lambda;

static inline dp_lambda dp_lambda_of(double damping, double wave_number) {
    return __builtin_complex(damping, -wave_number);
}

static inline double dp_damping(dp_lambda lambda) {
    return __real__ lambda;
}

static inline double dp_wave_number(dp_lambda lambda) {
    return -__imag__ lambda;
}

/* Points as structure of arrays. */
typedef struct dp_soa {
    const double *x, *y, *z;
} dp_soa;

/* From point i on. */
static inline dp_soa dp_soa_from(dp_soa points, int64_t i) {
    return (dp_soa){points.x + i, points.y + i, points.z + i};
}

/* What sources carry: charges, dipoles or both. */
typedef struct dp_carried {
    const double *charge; /* NULL: none */
    dp_soa dipole;        /* x NULL: none */
} dp_carried;

/* Second derivatives: xx, xy, xz, yy, yz, zz. */
enum { DP_N_SECOND = 6 };

/* Their axes, and which of them is along a and b. */
static const int dp_second_axes[DP_N_SECOND][2] = {{0, 0}, {0, 1}, {0, 2}, {1, 1}, {1, 2}, {2, 2}};

static inline int dp_second_along(int a, int b) {
    return a && b ? a + b + 1 : a + b;
}

/* Where sums go: potential[j] += sum_i (q_i + p_i . grad_s) g(|t_j - s_i|) of charges q and dipoles
 * p, where gx is not NULL also its gradient with respect to the target, g{x,y,z}[j] += ..., and
 * where hessian[0] is not NULL its second derivatives. */
typedef struct dp_sums {
    double *potential;
    double *gx, *gy, *gz;         /* all three or none */
    double *hessian[DP_N_SECOND]; /* all six or none; with them all three of the gradient */
} dp_sums;

/* Numbers of a sum that are wanted: the potential, with its gradient, with second derivatives. */
enum { DP_POTENTIAL = 1, DP_GRADIENT = 4, DP_HESSIAN = 10 };

static inline int dp_n_sums(const dp_sums *sums) {
    return sums->hessian[0] ? DP_HESSIAN : sums->gx ? DP_GRADIENT : DP_POTENTIAL;
}

/* Rows that lie one behind the other, n_sums of them, `row` numbers apart. */
static inline dp_sums dp_sums_of_rows(double *first, int64_t row, int n_sums) {
    dp_sums sums = {.potential = first};
    if (n_sums >= DP_GRADIENT) {
        sums.gx = first + row;
        sums.gy = first + 2 * row;
        sums.gz = first + 3 * row;
    }
    for (int k = 0; n_sums >= DP_HESSIAN && k < DP_N_SECOND; k++)
        sums.hessian[k] = first + (DP_GRADIENT + k) * row;
    return sums;
}

/* From target i on. potential may be NULL: then there are none. */
static inline dp_sums dp_sums_from(dp_sums sums, int64_t i) {
    if (sums.potential)
        sums.potential += i;
    if (sums.gx) {
        sums.gx += i;
        sums.gy += i;
        sums.gz += i;
    }
    for (int k = 0; sums.hessian[0] && k < DP_N_SECOND; k++)
        sums.hessian[k] += i;
    return sums;
}

/* Row k, in the order of dp_sums_of_rows. */
static inline double *dp_sums_row(const dp_sums *sums, int k) {
    double *const rows[] = {sums->potential, sums->gx, sums->gy, sums->gz};
    return k < DP_GRADIENT ? rows[k] : sums->hessian[k - DP_GRADIENT];
}

/* What the points of a plan have beside coordinates: for each vector rows of numbers. */
typedef struct dp_shape {
    int n_vectors;
    int has_charges, has_dipoles; /* what sources carry, in this order; at least one of them */
    int n_sums;                   /* rows of sums at a target: DP_GRADIENT or DP_HESSIAN */
    int n_parts;                  /* of a value, vectors of their own, one behind the other; 0: 1 */
} dp_shape;

/* Vectors that a value of the kernel consists of. */
static inline int dp_n_parts(const dp_shape *shape) {
    return shape->n_parts > 1 ? shape->n_parts : 1;
}

/* The parts are a real and an imaginary one. */
static inline int dp_is_complex(const dp_shape *shape) {
    return shape->n_parts == 2;
}

/* The parts of Stokes: three of forces and velocities, one of sources and pressures. */
enum { DP_FLOW_PARTS = 4 };

static inline int dp_is_flow(const dp_shape *shape) {
    return shape->n_parts == DP_FLOW_PARTS;
}

/* The caller's vectors. */
static inline int dp_n_values(const dp_shape *shape) {
    return shape->n_vectors / dp_n_parts(shape);
}

/* Vectors of a column of expansions. */
static inline int dp_column_vectors(const dp_shape *shape) {
    return dp_is_complex(shape) ? 2 : 1;
}

/* Columns of expansions: of a complex kernel one for both parts, else one for each. */
static inline int dp_n_columns(const dp_shape *shape) {
    return shape->n_vectors / dp_column_vectors(shape);
}

/* Charges, and what is wanted of them is at most gradients. */
static inline dp_shape dp_shape_of_charges(int n_vectors) {
    return (dp_shape){.n_vectors = n_vectors, .has_charges = 1, .n_sums = DP_GRADIENT};
}

/* Rows of what the sources of one vector carry. */
static inline int dp_n_carried(const dp_shape *shape) {
    return shape->has_charges + 3 * shape->has_dipoles;
}

/* What the first of these rows is: 0, a charge, or 1, a component of a dipole. */
static inline int dp_first_carried(const dp_shape *shape) {
    return !shape->has_charges;
}

/* Rows that lie one behind the other, `row` numbers apart. */
static inline dp_carried dp_carried_of_rows(const dp_shape *shape, const double *first,
                                            int64_t row) {
    const double *dipole = first + shape->has_charges * row;
    dp_carried carried = {.charge = shape->has_charges ? first : NULL};
    if (shape->has_dipoles)
        carried.dipole = (dp_soa){dipole, dipole + row, dipole + 2 * row};
    return carried;
}

/* From source i on. */
static inline dp_carried dp_carried_from(dp_carried carried, int64_t i) {
    return (dp_carried){carried.charge ? carried.charge + i : NULL,
                        carried.dipole.x ? dp_soa_from(carried.dipole, i) : carried.dipole};
}

/* Adds the sums of n_sources sources to n_targets targets. No alignment or padding is required;
 * targets' and sources' arrays may be the same points (a pair at distance zero adds nothing). The
 * order of every sum is a function of the sizes alone. lambda is ignored by Laplace. */
typedef void (*dp_p2p_fn)(dp_lambda lambda, int64_t n_targets, dp_soa targets, dp_sums out,
                          int64_t n_sources, dp_soa sources, dp_carried carried);

/* dp_p2p_fn also is the type of the sums of squares, which are variances where every charge and
 * every dipole has a random sign of its own. What is carried are the squares of charges, q_i, but
 * dipoles p_i themselves: potential[j] += sum_i q_i g^2 + (p_i . grad g)^2 and, where gx is not
 * NULL, gx[j] += sum_i q_i |grad g|^2 + |grad (p_i . grad g)|^2, and where hessian[0] is not NULL,
 * hessian[0][j] += the same with squares of all 9 second derivatives; the others are not used. */

/* Of Stokes charges always are, and what they and dipoles are to each part. A charge is a force, a
 * dipole a derivative of that: the three of part j do, times p_jk, what force j's derivative along
 * k with respect to the source does. A source of flow comes with dipoles alone (a double layer is
 * made of both), and has none itself. Rows of what is not there are not read. */
static inline dp_carried dp_carried_of_flow(dp_carried carried, int part) {
    if (part < DP_FLOW_PARTS - 1)
        return carried;
    return (dp_carried){.charge = carried.dipole.x ? carried.charge : NULL};
}

/* What sources' parts do to targets' parts, all at once: what part p of a source carries is
 * p carried_stride behind what the first does, and its sums are p out_stride behind. Otherwise as
 * dp_p2p_fn. There are no second derivatives.
 *
 * Sums of squares have a random sign for every charge and every dipole of every part. Those of the
 * parts of a vector are one sum, which is where its first part's would be: of Stokes part 0 of out
 * has those of velocities and of all their derivatives, part 3 those of pressures. Nothing is
 * written to parts 1 and 2. As above charges are carried as squares, dipoles are not. */
typedef void (*dp_p2p_parts_fn)(dp_lambda lambda, int64_t n_targets, dp_soa targets, dp_sums out,
                                int64_t out_stride, int64_t n_sources, dp_soa sources,
                                dp_carried carried, int64_t carried_stride);

/* Near sums: each target of one strip of points with each source of another (kernel/strip.h).
 * Where the two strips are the same, each pair within it; a point does nothing to itself.
 * is_mutual: sources take what targets do to them as well, each pair is computed once. Sums are
 * added to the strips' own. Targets come a few at a time, each broadcast to a vector of sources.
 *
 * Plain strips (one vector of charges, at most gradients) have loops of their own. Any others, both
 * of one shape, go through near_many: a pair is computed once for all vectors and whatever is
 * carried. Single precision sums what is too close in double. */
typedef struct dp_strip dp_strip;

typedef struct dp_near {
    dp_lambda lambda;
    double least;     /* single precision: closest pair, in half sides */
    int n_sums;       /* DP_POTENTIAL, ... */
    int has_pressure; /* of flow: the last part is wanted as well; else it may be left out */
    int is_mutual;
    int is_apart; /* mutual, and no two points are DP_NEAREST apart or less */
    dp_strip *targets, *sources;
    struct dp_user_work *user; /* for a kernel of the caller's (kernel/user.h) */
} dp_near;

typedef void (*dp_near_fn)(const dp_near *near);

/* ---- sums between a box's points and a surface: P2M, P2L, L2P and M2P -----
 *
 * The surface is its own mirror image in the three coordinate planes of the box's frame: a set of
 * orbits, each the 8 images of one point; image g has coordinate d negated where bit d of g is set.
 * (Where a coordinate is 0 images coincide, and each counts.) The 8 squared distances to a point
 * share the squares of 6 differences, and sums come and go by parity: parity a takes image g with
 * the sign (-1)^(number of bits in a & g), which makes the matrices behind them block diagonal
 * (operators/surface.h). */

/* Coordinates relative to a box's centre in units of half its side, potentials times that. */
typedef struct dp_frame {
    double centre[3], half;
} dp_frame;

/* Rows over orbits are padded to a multiple of this many numbers, with zeros. */
#define DP_ORBIT_PAD 8

typedef struct dp_orbits {
    int n;
    double *x, *y, *z; /* one image of each, in the frame; padded */
} dp_orbits;

/* Numbers of parity a and orbit o are at [a ld + o], in padded rows. lambda is in the frame's
 * units. The order of every sum is a function of the sizes alone. Points may lie anywhere that is
 * not next to the surface; in single precision they are rounded to it in the frame.
 *
 * To orbits: adds to potential, by parity, the sums over the images of h times the potential that n
 * charges have there. */
typedef void (*dp_to_orbits_fn)(dp_lambda lambda, const dp_orbits *orbits, double *potential,
                                int ld, const dp_frame *frame, int64_t n, dp_soa points,
                                const double *charges);

/* From orbits, the transpose: the density at image g is the sum over the parities; adds to the sums
 * at n points what densities do there (1/h of it, 1/h^2 in a gradient). */
typedef void (*dp_from_orbits_fn)(dp_lambda lambda, const dp_orbits *orbits, const double *density,
                                  int ld, const dp_frame *frame, int64_t n, dp_soa points,
                                  dp_sums out);

/* The same for charges, dipoles or both and for any sums (1/h^3 in second derivatives), of
 * n_vectors vectors at once, 1 ... DP_MANY, whose pairs are computed once. What vector v's points
 * carry is v carried_stride behind what those of the first do, and its potentials are v vector_ld
 * behind the first's; its densities are v vector_ld behind and its sums v out_stride. A vector's
 * sums do not depend on which others there are, nor on how many; they differ from those of the
 * loops for one in the last bits. */
#define DP_MANY 32

/* Of a complex kernel vectors are real and imaginary parts of charges or sums, half as many at
 * once. To orbits what its real part does is not mixed with what its imaginary part does: the
 * latter is behind, as if of as many vectors more. From orbits densities for the imaginary part are
 * behind those for the real one; sums are of both. */

typedef void (*dp_to_orbits_many_fn)(dp_lambda lambda, const dp_orbits *orbits, int n_vectors,
                                     double *potential, int64_t vector_ld, int ld,
                                     const dp_frame *frame, int64_t n, dp_soa points,
                                     dp_carried carried, int64_t carried_stride);
typedef void (*dp_from_orbits_many_fn)(dp_lambda lambda, const dp_orbits *orbits, int n_vectors,
                                       const double *density, int64_t vector_ld, int ld,
                                       const dp_frame *frame, int64_t n, dp_soa points, dp_sums out,
                                       int64_t out_stride);

/* ---- precisions and kernels ----------------------------------------------------------------- */

/* How exactly sums are computed. */
typedef enum dp_precision {
    DP_DOUBLE = 0, /* to the last bit */
    DP_REDUCED,    /* in double, but reciprocal square roots to DP_REDUCED_ERROR only */
    DP_SINGLE,     /* in single; near sums have close pairs in double */
    DP_ROUGH,      /* the same, and reciprocal square roots to DP_ROUGH_ERROR only */
    DP_N_PRECISIONS
} dp_precision;

const char *dp_precision_name(dp_precision precision); /* "double", "reduced", ... */

/* Largest relative errors of g. A lattice has few distances, so that these errors do not average
 * out there: alternating charges show them three times as large beside what charges of random sign
 * give. */
#define DP_REDUCED_ERROR 1.6e-13
#define DP_SINGLE_ERROR  3e-7
#define DP_ROUGH_ERROR   7e-5 /* of the root; three times that in a gradient */

/* g and what its derivatives are made of, at the top of this file. */
typedef struct dp_radial {
    double g, e1, e2, e3;
} dp_radial;

typedef struct dp_user dp_user;
/* A parameter of a kernel: a double of dagpole_plan_options, finite and at least 0, which plans
 * report. */
typedef struct dp_parameter {
    const char *name; /* "lambda" */
    size_t offset, report_offset;
    int is_positive; /* 1: above 0 */
} dp_parameter;

typedef struct dp_kernel {
    dagpole_kernel id;
    const char *name; /* "laplace" */
    int n_parameters;
    const dp_parameter *parameters;
    /* NULL: 0. Values decay at least as exp(-damping r) does, from a box to the next. */
    dp_lambda (*lambda)(const dagpole_plan_options *options);
    int has_dipoles, has_hessians; /* what sources may carry, what targets may want: without
                                      has_hessians near_many and from_orbits_many have none */
    int p_more;                    /* points along an edge beyond what digits take alone */
    int is_homogeneous; /* 1: g(a r) = a^degree g(r), one operator set serves every level */
    double
        degree; /* a frame's potentials are in half a side to this power: -1 if not homogeneous */
    int has_isotropic;    /* 1: away from 0 its Laplacian is lambda^2 g (operators/isotropic.h) */
    int has_permutations; /* 1: of the axes, as symmetries; reflections always are */
    int rates;            /* whose coefficients the model takes for it: DP_REAL_YUKAWA, */
    double cost;          /* and a pair in times of these */
    double unmeasured;    /* of a real kernel: a pair in times of Laplace's, until it is measured */
    const dp_user
        *user; /* a kernel of the caller's: of the loops it has those of near sums in
                  double alone, and no scalar definition (kernel/user.h); NULL: built in */
    double (*value)(dp_lambda lambda, double r); /* scalar, r > 0: the definition */
    double (*slope)(dp_lambda lambda, double r); /* dg/dr */
    dp_radial (*radial)(dp_lambda lambda, double r);
    /* Of a complex kernel, of which this is the real part: of p2p, squares and scalar functions.
     * The other loops are of both parts. */
    const struct dp_kernel *imaginary;
    int n_parts;                 /* of a value: 1, 2 or DP_FLOW_PARTS */
    const struct dp_kernel *far; /* whose expansions and operators serve it; NULL: its own */
    /* Of Stokes, in place of the scalar functions and of p2p and squares (kernel/flow.h). Beside
     * them it has near_many. */
    void (*parts)(const double d[3], double of[DP_FLOW_PARTS][DP_FLOW_PARTS][DP_HESSIAN]);
    dp_p2p_parts_fn p2p_parts[DP_N_ISA];
    dp_p2p_parts_fn squares_parts[DP_N_ISA];
    dp_p2p_fn p2p[DP_N_ISA]; /* to the last bit */
    dp_p2p_fn squares[DP_N_ISA];
    dp_near_fn near[DP_N_PRECISIONS][DP_N_ISA];      /* of plain strips */
    dp_near_fn near_many[DP_N_PRECISIONS][DP_N_ISA]; /* of any others */
    dp_to_orbits_fn to_orbits[DP_N_PRECISIONS][DP_N_ISA];
    dp_from_orbits_fn from_orbits[DP_N_PRECISIONS][DP_N_ISA];
    dp_to_orbits_many_fn to_orbits_many[DP_N_PRECISIONS][DP_N_ISA];
    dp_from_orbits_many_fn from_orbits_many[DP_N_PRECISIONS][DP_N_ISA];
} dp_kernel;

/* Whose expansions serve another. */
extern const dp_kernel dp_kernel_laplace;

/* Of the matrices between its expansions: 2 of a complex kernel. */
static inline int dp_n_components(const dp_kernel *kernel) {
    return kernel->imaginary ? 2 : 1;
}

/* The kernel of its expansions. */
static inline const dp_kernel *dp_kernel_far(const dp_kernel *kernel) {
    return kernel->far ? kernel->far : kernel;
}

/* NULL where there is no such kernel. */
const dp_kernel *dp_kernel_get(dagpole_kernel id);
const dp_kernel *dp_kernel_number(int i); /* 0, 1, ...: in the order of the list, real ones first */

/* g between n_targets and n_sources points as a column-major matrix (ld n_targets). For a kernel
 * of the caller's lambda is half the side of the box that is the frame, in the caller's unit. */
void dp_kernel_matrix(const dp_kernel *kernel, dp_lambda lambda, int n_targets, dp_soa targets,
                      int n_sources, dp_soa sources, double *matrix);

/* The oracle: scalar loops over value(), slope() and, for dipoles and second derivatives,
 * radial(). */
void dp_p2p_ref(const dp_kernel *kernel, dp_lambda lambda, int64_t n_targets, dp_soa targets,
                dp_sums out, int64_t n_sources, dp_soa sources, dp_carried carried);

/* The same over the parts of Stokes. */
void dp_p2p_parts_ref(const dp_kernel *kernel, int64_t n_targets, dp_soa targets, dp_sums out,
                      int64_t out_stride, int64_t n_sources, dp_soa sources, dp_carried carried,
                      int64_t carried_stride);

/* What sums are taken by: the loop of a kernel, or of the caller's the callbacks. */
typedef struct dp_direct_loop {
    dp_p2p_fn p2p;
    dp_p2p_parts_fn parts;              /* NULL: p2p; else, with */
    int64_t out_stride, carried_stride; /* what it takes */
    dp_lambda lambda;
    struct dp_user_work *user; /* NULL: p2p */
    int is_squares;            /* of user's values */
} dp_direct_loop;

/* Adds sums by it, as dp_p2p_fn does. */
void dp_direct_add(const dp_direct_loop *loop, int64_t n_targets, dp_soa targets, dp_sums out,
                   int64_t n_sources, dp_soa sources, dp_carried carried);

/* Direct sums with compensation (for references of 12 digits and more): the contribution of all
 * sources, in chunks of 256 by the vectorised loop, p2p or squares of a kernel; the chunks' sums
 * are accumulated with Neumaier's compensation. Rows of out that are not NULL are overwritten. */
dagpole_status dp_direct(const dp_direct_loop *loop, int64_t n_targets, dp_soa targets, dp_sums out,
                         int64_t n_sources, dp_soa sources, dp_carried carried);

#endif
