/* Whether a kernel of the caller's is what it has to be, at random points of every scale that a
 * plan has. */
#include <math.h>

#include "api/user.h"
#include "base/random.h"
#include "geometry/offsets.h"
#include "operators/probe.h"

enum { N_SAMPLES = 24 };

/* Differences up to this share of 10^-digits are as good as none. */
#define SHARE 0.1

/* A gradient is held against differences of values, whose own error is smaller, and second
 * derivatives against those of gradients. */
#define STEP        1e-4
#define SLOPE_ERROR 1e-5

/* Pairs of one scale. */
typedef struct sample {
    const dp_user *user;
    double allowed; /* of differences, over the root mean square of the values */
    double half;    /* of the scale's boxes, as all lengths here in the caller's unit */
    double target[N_SAMPLES][3], source[N_SAMPLES][3];
    double r[N_SAMPLES][3];  /* target - source, exactly */
    double value[N_SAMPLES]; /* of the kernel at (r, 0) */
    double size;             /* root mean square of these */
} sample;

static const double zero[3] = {0, 0, 0};

static double value_of(const dp_user *user, const double target[3], const double source[3]) {
    double value = NAN;
    user->given.values(user->given.user, 1, target, 1, source, &value);
    return value;
}

static dagpole_status refuse_value(double value, const double t[3], const double s[3]) {
    return dp_fail(DAGPOLE_NUMERIC,
                   "user_kernel.values gave %g for target (%.9g, %.9g, %.9g) and source (%.9g, "
                   "%.9g, %.9g): values must be finite where points are apart",
                   value, t[0], t[1], t[2], s[0], s[1], s[2]);
}

/* The value where it is finite. */
static dagpole_status take_value(const dp_user *user, const double target[3],
                                 const double source[3], double *value) {
    *value = value_of(user, target, source);
    return isfinite(*value) ? DAGPOLE_OK : refuse_value(*value, target, source);
}

/* Sources are this share of `reach` away at least. */
#define HOLE 0.1

static void draw_pair(const double centre[3], double reach, uint64_t *state, sample *s, int i) {
    for (double most = 0; most < HOLE * reach * s->half;) {
        most = 0;
        for (int d = 0; d < 3; d++) {
            s->target[i][d] = centre[d] + s->half * dp_random(state);
            s->source[i][d] = s->target[i][d] - reach * s->half * dp_random(state);
            s->r[i][d] = s->target[i][d] - s->source[i][d];
            most = fmax(most, fabs(s->r[i][d]));
        }
    }
}

/* Targets around a centre, and sources up to `reach` half sides from them. */
static dagpole_status draw(const double centre[3], double reach, uint64_t *state, sample *s) {
    double length = 0;
    for (int i = 0; i < N_SAMPLES; i++) {
        draw_pair(centre, reach, state, s, i);
        DP_TRY(take_value(s->user, s->r[i], zero, &s->value[i]));
        length = hypot(length, s->value[i]);
    }
    s->size = length / sqrt(N_SAMPLES);
    return DAGPOLE_OK;
}

/* How far a value is from that of pair i, over the size of all. */
static double difference(const sample *s, int i, double value) {
    return s->size > 0 ? fabs(value - s->value[i]) / s->size : fabs(value);
}

static dagpole_status check_translation(const sample *s) {
    for (int i = 0; i < N_SAMPLES; i++) {
        const double *t = s->target[i], *y = s->source[i];
        double value;
        DP_TRY(take_value(s->user, t, y, &value));
        if (!(difference(s, i, value) <= s->allowed))
            return dp_fail(DAGPOLE_UNSUPPORTED,
                           "user_kernel is not the same everywhere: it is %.17g for target (%.9g, "
                           "%.9g, %.9g) and source (%.9g, %.9g, %.9g), but %.17g for points moved "
                           "so that the source lies at 0",
                           value, t[0], t[1], t[2], y[0], y[1], y[2], s->value[i]);
    }
    return DAGPOLE_OK;
}

static dagpole_status take_reflected(const sample *s, int i, int axes, double *value) {
    double r[3];
    for (int d = 0; d < 3; d++)
        r[d] = axes >> d & 1 ? -s->r[i][d] : s->r[i][d];
    return take_value(s->user, r, zero, value);
}

static dagpole_status check_reflections(const sample *s) {
    for (int i = 0; i < N_SAMPLES; i++) {
        const double *r = s->r[i];
        double value;
        DP_TRY(take_reflected(s, i, 7, &value));
        if (!(difference(s, i, value) <= s->allowed))
            return dp_fail(DAGPOLE_UNSUPPORTED,
                           "user_kernel is not symmetric: with r = (%.9g, %.9g, %.9g) G(r) is "
                           "%.17g and G(-r) %.17g",
                           r[0], r[1], r[2], s->value[i], value);
        for (int d = 0; d < 3; d++) {
            DP_TRY(take_reflected(s, i, 1 << d, &value));
            if (!(difference(s, i, value) <= s->allowed))
                return dp_fail(DAGPOLE_UNSUPPORTED,
                               "user_kernel changes with the sign of %c alone: with r = (%.9g, "
                               "%.9g, %.9g) it is %.17g, and with -%c %.17g (where that is because "
                               "of a medium's matrix, rotate the coordinates into its axes)",
                               "xyz"[d], r[0], r[1], r[2], s -> value[i], "xyz"[d], value);
        }
    }
    return DAGPOLE_OK;
}

/* G(half x) = half^degree G(x): what one set of operators for all levels stands on. */
static dagpole_status check_degree(const sample *s) {
    double factor = pow(s->half, s->user->given.degree);
    for (int i = 0; s->user->given.is_homogeneous && i < N_SAMPLES; i++) {
        double x[3] = {s->r[i][0] / s->half, s->r[i][1] / s->half, s->r[i][2] / s->half};
        double value;
        DP_TRY(take_value(s->user, x, zero, &value));
        if (!(difference(s, i, factor * value) <= s->allowed + 1e-14))
            return dp_fail(DAGPOLE_UNSUPPORTED,
                           "user_kernel is not homogeneous of degree %g: with x = (%.9g, %.9g, "
                           "%.9g) and a = %.9g G(x) is %.17g and G(a x) %.17g",
                           s->user->given.degree, x[0], x[1], x[2], s->half, value, s->value[i]);
    }
    return DAGPOLE_OK;
}

static double slope_of(const sample *s, int i, int d, double step) {
    double up[3] = {s->r[i][0], s->r[i][1], s->r[i][2]}, down[3] = {up[0], up[1], up[2]};
    up[d] += step;
    down[d] -= step;
    return (value_of(s->user, up, zero) - value_of(s->user, down, zero)) / (up[d] - down[d]);
}

/* In lengths within which the value of sample i changes much: of 1/r that is r, of a screened
 * kernel less. */
static double step_of(const sample *s, int i, double length) {
    double slope = 0;
    for (int d = 0; d < 3; d++)
        slope = fmax(slope, fabs(slope_of(s, i, d, STEP * length)));
    double own = fabs(s->value[i]) / slope;
    return STEP * (own < length ? own : length); /* 0/0: length */
}

static dagpole_status check_gradients(const sample *s) {
    const dagpole_user_kernel *k = &s->user->given;
    for (int i = 0; k->gradients && i < N_SAMPLES; i++) {
        const double *r = s->r[i];
        double gradient[3] = {NAN, NAN, NAN}, slope[3], error = 0, size = 0;
        double length = sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]);
        double step = step_of(s, i, length);
        k->gradients(k->user, 1, r, 1, zero, gradient);
        for (int d = 0; d < 3; d++) {
            slope[d] = slope_of(s, i, d, step);
            error = fmax(error, fabs(gradient[d] - slope[d]));
            size = fmax(size, fabs(slope[d]));
            error = isfinite(gradient[d]) ? error : INFINITY;
        }
        if (!(error <= SLOPE_ERROR * (size + s->size / length)))
            return dp_fail(DAGPOLE_UNSUPPORTED,
                           "user_kernel.gradients is not the gradient of values: at r = (%.9g, "
                           "%.9g, %.9g) it is (%g, %g, %g), and differences give (%g, %g, %g)",
                           r[0], r[1], r[2], gradient[0], gradient[1], gradient[2], slope[0],
                           slope[1], slope[2]);
    }
    return DAGPOLE_OK;
}

/* Rows and columns of second derivatives, by differences of gradients along an axis. */
static void bend_of(const sample *s, int i, double step, double bend[3][3]) {
    const dagpole_user_kernel *k = &s->user->given;
    for (int d = 0; d < 3; d++) {
        double up[3] = {s->r[i][0], s->r[i][1], s->r[i][2]}, down[3] = {up[0], up[1], up[2]};
        double above[3] = {NAN, NAN, NAN}, below[3] = {NAN, NAN, NAN};
        up[d] += step;
        down[d] -= step;
        k->gradients(k->user, 1, up, 1, zero, above);
        k->gradients(k->user, 1, down, 1, zero, below);
        for (int a = 0; a < 3; a++)
            bend[a][d] = (above[a] - below[a]) / (up[d] - down[d]);
    }
}

static dagpole_status check_hessians(const sample *s) {
    static const int place[3][3] = {{0, 1, 2}, {1, 3, 4}, {2, 4, 5}};
    const dagpole_user_kernel *k = &s->user->given;
    for (int i = 0; k->hessians && i < N_SAMPLES; i++) {
        const double *r = s->r[i];
        double is[DP_N_SECOND], bend[3][3], size = 0;
        double length = sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]);
        for (int a = 0; a < DP_N_SECOND; a++)
            is[a] = NAN;
        k->hessians(k->user, 1, r, 1, zero, is);
        bend_of(s, i, step_of(s, i, length), bend);
        for (int at = 0; at < 9; at++)
            size = fmax(size, fabs(bend[at / 3][at % 3]));
        for (int at = 0; at < 9; at++) {
            int a = at / 3, d = at % 3;
            if (fabs(is[place[a][d]] - bend[a][d]) <=
                SLOPE_ERROR * (size + s->size / length / length))
                continue;
            return dp_fail(DAGPOLE_UNSUPPORTED,
                           "user_kernel.hessians does not hold second derivatives: at r = (%.9g, "
                           "%.9g, %.9g) that along %c and %c is %g, and differences of gradients "
                           "give %g",
                           r[0], r[1], r[2], "xyz"[a], "xyz"[d], is[place[a][d]], bend[a][d]);
        }
    }
    return DAGPOLE_OK;
}

static int has_permutations(const sample *s) {
    for (int i = 0; i < N_SAMPLES; i++)
        for (int q = 1; q < DP_N_PERMUTATIONS; q++) {
            const int *axis = dp_permutation[q];
            double r[3] = {s->r[i][axis[0]], s->r[i][axis[1]], s->r[i][axis[2]]};
            if (!(difference(s, i, value_of(s->user, r, zero)) <= s->allowed))
                return 0;
        }
    return 1;
}

/* One scale, and what is learned of it. */
static dagpole_status check_scale(const double centre[3], double reach, uint64_t *state, sample *s,
                                  dp_user_survey *survey) {
    DP_TRY(draw(centre, reach, state, s));
    DP_TRY(check_translation(s));
    DP_TRY(check_reflections(s));
    DP_TRY(check_degree(s));
    DP_TRY(check_gradients(s));
    DP_TRY(check_hessians(s));
    survey->has_permutations = survey->has_permutations && has_permutations(s);
    return DAGPOLE_OK;
}

dagpole_status dp_user_check(const dp_user *user, const dp_cube *cube, int depth, int digits,
                             dp_user_survey *survey) {
    sample s = {.user = user, .allowed = SHARE * pow(10, -digits)};
    uint64_t state = 3;
    double centre[3], finest = 0.5 * dp_cube_side(cube, depth) * user->unit;
    for (int d = 0; d < 3; d++)
        centre[d] = (cube->corner[d] + 0.5 * cube->side) * user->unit;
    *survey = (dp_user_survey){.has_permutations = 1};
    for (int level = depth < DP_FIRST_LEVEL ? depth : DP_FIRST_LEVEL; level <= depth; level++) {
        s.half = 0.5 * dp_cube_side(cube, level) * user->unit;
        DP_TRY(check_scale(centre, level < DP_FIRST_LEVEL ? 1 : DP_V_REACH, &state, &s, survey));
        survey->size[level] = s.size;
    }
    s.half = finest;
    DP_TRY(check_scale(centre, 1, &state, &s, survey));
    survey->near_size = s.size;
    return DAGPOLE_OK;
}
