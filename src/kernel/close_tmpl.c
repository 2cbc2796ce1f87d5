/* Pairs that loops in single precision leave out because they are too close, summed in double.
 * Compiled once per instruction set (meson.build). */
#include "kernel/pairs.h"

#include "kernel/ahead.h"
#include "kernel/derivatives.h"
#include "kernel/flow.h"
#include "kernel/tile.h"

/* Vectors of single precision are twice as wide. */
#define CLOSE_WIDTH (2 * VEC_WIDTH)

typedef struct close_pairs {
    const dp_strip_run *run[CLOSE_WIDTH]; /* where the sources are from */
    double dx[CLOSE_WIDTH], dy[CLOSE_WIDTH], dz[CLOSE_WIDTH];
    double value[CLOSE_WIDTH], slope[CLOSE_WIDTH];
    double derivative[N_DERIVATIVES][CLOSE_WIDTH]; /* where there is more than charges' gradients */
} close_pairs;

/* The run of point i, searched from *run on; points are asked for in order. */
static const dp_strip_run *run_of(const dp_strip_run *run, int i) {
    while (i >= run->begin + run->n)
        run++;
    return run;
}

/* Differences of positions where a lane is asked for, and 0 where not: a pair that adds nothing. */
static void subtract(const dp_strip_run *from, int target, const dp_strip *s, int j, unsigned lanes,
                     close_pairs *c) {
    const dp_strip_run *run = s->runs;
    const dp_soa *t = &from->points;
    for (int k = 0; k < CLOSE_WIDTH; k++) {
        c->dx[k] = c->dy[k] = c->dz[k] = 0;
        if (!(lanes >> k & 1))
            continue;
        run = run_of(run, j + k);
        int i = j + k - run->begin;
        c->dx[k] = t->x[target] - run->points.x[i];
        c->dy[k] = t->y[target] - run->points.y[i];
        c->dz[k] = t->z[target] - run->points.z[i];
        c->run[k] = run;
    }
}

/* dx, dy, dz: from source to target. */
VEC_INLINE void derive_close(const pair *g, vec dx, vec dy, vec dz, int k, close_pairs *c) {
    vec of[N_DERIVATIVES];
    derive(MOST_ORDER, EXACT, g, -dx, -dy, -dz, of, 1);
    for (int d = 0; d < N_DERIVATIVES; d++) {
        vec scaled = of[d] * (d ? gradient_unit(EXACT) : potential_unit(EXACT));
        memcpy(c->derivative[d] + k, &scaled, sizeof scaled);
    }
}

VEC_INLINE void make_close(pair_fn *kernel, dp_lambda lambda, int has_more, close_pairs *c) {
    vec_lambda unit_lambda = splat_lambda(lambda, pair_unit(EXACT));
    vec least = vec_splat(DP_NEAREST);
    for (int k = 0; k < CLOSE_WIDTH; k += VEC_WIDTH) {
        vec dx = load(c->dx + k), dy = load(c->dy + k), dz = load(c->dz + k);
        vec r2 = square(dx, dy, dz);
        pair g = kernel(EXACT, unit_lambda, &least, r2, vec_guess(r2));
        vec value = g.value * potential_unit(EXACT);
        vec slope = g.value * g.ratio * -gradient_unit(EXACT);
        memcpy(c->value + k, &value, sizeof value);
        memcpy(c->slope + k, &slope, sizeof slope);
        if (has_more)
            derive_close(&g, dx, dy, dz, k, c);
    }
}

/* What point i carries in vector v: a charge and a dipole. */
typedef struct load_of_point {
    double of[4];
} load_of_point;

static load_of_point load_of(const dp_strip *s, const dp_strip_run *run, int i, int v) {
    const dp_soa *dipole = &run->carried.dipole;
    int64_t at = v * run->carried_stride + i - run->begin;
    load_of_point load = {{0}};
    if (s->shape.has_charges)
        load.of[0] = run->carried.charge[at];
    if (s->shape.has_dipoles) {
        load.of[1] = dipole->x[at];
        load.of[2] = dipole->y[at];
        load.of[3] = dipole->z[at];
    }
    return load;
}

static int has_more(const dp_strip *s) {
    return s->shape.has_dipoles || s->n_sums > DP_GRADIENT;
}

/* Pair k of c to one side of vector v; sign: of its differences as seen from there. */
static void add_charge(dp_strip *strip, int i, int v, double charge, const close_pairs *c, int k,
                       double sign) {
    double *sums = strip->sums + i;
    sums[dp_strip_row(strip, 0, v)] += charge * c->value[k];
    if (strip->n_sums > DP_POTENTIAL) {
        double weight = sign * charge * c->slope[k];
        sums[dp_strip_row(strip, 1, v)] += weight * c->dx[k];
        sums[dp_strip_row(strip, 2, v)] += weight * c->dy[k];
        sums[dp_strip_row(strip, 3, v)] += weight * c->dz[k];
    }
}

/* All else: dipoles, and second derivatives of charges. */
static void add_more(dp_strip *strip, int i, int v, const load_of_point *load, const close_pairs *c,
                     int k, double sign) {
    int end = dp_first_carried(&strip->shape) + dp_n_carried(&strip->shape);
    for (int b = dp_first_carried(&strip->shape); b < end; b++)
        for (int a = b ? 0 : DP_GRADIENT; a < strip->n_sums; a++)
            strip->sums[dp_strip_row(strip, a, v) + i] +=
                sign_of(sign > 0 ? b : a) * load->of[b] * c->derivative[place_of(a, b)][k];
}

static void add_close(dp_strip *strip, int i, int v, const load_of_point *load,
                      const close_pairs *c, int k, double sign) {
    if (strip->shape.has_charges)
        add_charge(strip, i, v, load->of[0], c, k, sign);
    if (has_more(strip))
        add_more(strip, i, v, load, c, k, sign);
}

VEC_INLINE void sum_close(pair_fn *kernel, const dp_near *near, int is_mutual, int i, int j,
                          unsigned lanes) {
    dp_strip *t = near->targets, *s = near->sources;
    const dp_strip_run *run = run_of(t->runs, i);
    close_pairs c;
    subtract(run, i - run->begin, s, j, lanes, &c);
    make_close(kernel, near->lambda, has_more(t), &c);
    dp_strip_use_close(t);
    if (is_mutual)
        dp_strip_use_close(s);
    for (int k = 0; k < CLOSE_WIDTH; k++)
        for (int v = 0; (lanes >> k & 1) && v < s->n_vectors; v++) {
            load_of_point load = load_of(s, c.run[k], j + k, v);
            add_close(t, i, v, &load, &c, k, 1);
            if (!is_mutual)
                continue;
            load = load_of(t, run, i, v);
            add_close(s, j + k, v, &load, &c, k, -1);
        }
}

#define DEFINE_CLOSE(id, number, kernel, order)                                                    \
    CLOSE_FUNCTION(NEAR_NAME(close, kernel)) {                                                     \
        sum_close(kernel, near, is_mutual, target, source, lanes);                                 \
    }
DP_EACH_REAL_KERNEL(DEFINE_CLOSE)

/* ---- a complex kernel ---- */

/* Derivatives of both parts, up to the second order. */
typedef struct close_waves {
    double of[2][N_UP_TO(2)][CLOSE_WIDTH];
} close_waves;

static void make_waves(dp_lambda lambda, const close_pairs *c, close_waves *to) {
    const vec_lambda unit_lambda = splat_lambda(lambda, pair_unit(EXACT));
    const vec least = vec_splat(DP_NEAREST);
    for (int k = 0; k < CLOSE_WIDTH; k += VEC_WIDTH) {
        vec dx = load(c->dx + k), dy = load(c->dy + k), dz = load(c->dz + k), of[2 * N_UP_TO(2)];
        vec r2 = square(dx, dy, dz);
        waves w = waves_of(EXACT, unit_lambda, &least, r2, vec_guess(r2));
        derive_waves(2, EXACT, &w, -dx, -dy, -dz, of, 1, N_UP_TO(2));
        for (int d = 0; d < 2 * N_UP_TO(2); d++) {
            int at = d % N_UP_TO(2);
            vec scaled = of[d] * (at ? gradient_unit(EXACT) : potential_unit(EXACT));
            memcpy(to->of[d / N_UP_TO(2)][at] + k, &scaled, sizeof scaled);
        }
    }
}

/* Pair k to one side of the vectors v and v + 1, real and imaginary parts; sign: as above. */
static void add_wave(dp_strip *strip, int i, int v, const load_of_point load[2],
                     const close_waves *w, int k, double sign) {
    int begin = dp_first_carried(&strip->shape), end = begin + dp_n_carried(&strip->shape);
    for (int b = begin; b < end; b++)
        for (int a = 0; a < strip->n_sums; a++)
            for (int product = 0; product < 4; product++) {
                int part = product / 2, from = product % 2;
                double value = load[from].of[b] * w->of[part][place_of(a, b)][k];
                strip->sums[dp_strip_row(strip, a, v + (part ^ from)) + i] +=
                    (part && from ? -1 : 1) * sign_of(sign > 0 ? b : a) * value;
            }
}

CLOSE_FUNCTION(NEAR_NAME(close, helmholtz)) {
    dp_strip *t = near->targets, *s = near->sources;
    const dp_strip_run *run = run_of(t->runs, target);
    close_pairs c;
    close_waves w;
    subtract(run, target - run->begin, s, source, lanes, &c);
    make_waves(near->lambda, &c, &w);
    dp_strip_use_close(t);
    if (is_mutual)
        dp_strip_use_close(s);
    for (int k = 0; k < CLOSE_WIDTH; k++)
        for (int v = 0; (lanes >> k & 1) && v < s->n_vectors; v += 2) {
            load_of_point load[2] = {load_of(s, c.run[k], source + k, v),
                                     load_of(s, c.run[k], source + k, v + 1)};
            add_wave(t, target, v, load, &w, k, 1);
            if (!is_mutual)
                continue;
            load[0] = load_of(t, run, target, v);
            load[1] = load_of(t, run, target, v + 1);
            add_wave(s, source + k, v, load, &w, k, -1);
        }
}

/* ---- Stokes ---- */

/* Of a value, by lane: what sources carry or sums. */
typedef struct close_flow {
    double of[DP_GRADIENT][DP_FLOW_PARTS][CLOSE_WIDTH];
} close_flow;

/* Adds in all lanes; sign: of the differences as seen from the sums. */
static void make_flow(const close_pairs *c, double sign, const close_flow *from, close_flow *to) {
    const vec least = vec_splat(DP_NEAREST);
    for (int at = 0; at < CLOSE_WIDTH; at += VEC_WIDTH) {
        vec n[3] = {load(c->dx + at), load(c->dy + at), load(c->dz + at)};
        vec r2 = square(n[0], n[1], n[2]);
        vec_mask far;
        vec inverse = inverse_of(EXACT, &least, r2, vec_guess(r2), &far);
        flow carried, sums = {0};
        for (int k = 0; k < 3; k++)
            n[k] *= sign * inverse;
        for (int k = 0; k < DP_GRADIENT; k++)
            for (int part = 0; part < DP_FLOW_PARTS; part++)
                carried.of[k][part] = load(from->of[k][part] + at);
        add_flow(1, 1, 1, 1, n, inverse, &carried, &sums);
        for (int k = 0; k < DP_GRADIENT; k++)
            for (int part = 0; part < DP_FLOW_PARTS; part++)
                memcpy(to->of[k][part] + at, &sums.of[k][part], sizeof(vec));
    }
}

/* What point i carries as the value that begins with vector v, in a lane. */
static void carry(const dp_strip *s, const dp_strip_run *run, int i, int v, int lane,
                  close_flow *to) {
    for (int part = 0; part < DP_FLOW_PARTS; part++) {
        load_of_point load = load_of(s, run, i, v + part);
        int is_scalar = part == FLOW_SCALAR;
        for (int k = 0; k < DP_GRADIENT; k++)
            to->of[k][part][lane] = is_scalar && (k || !s->shape.has_dipoles) ? 0 : load.of[k];
    }
}

static void add_lane(dp_strip *strip, int i, int v, const close_flow *sums, int lane) {
    for (int k = 0; k < strip->n_sums; k++)
        for (int part = 0; part < DP_FLOW_PARTS; part++)
            strip->sums[dp_strip_row(strip, k, v + part) + i] += sums->of[k][part][lane];
}

CLOSE_FUNCTION(NEAR_NAME(close, flow)) {
    dp_strip *t = near->targets, *s = near->sources;
    const dp_strip_run *run = run_of(t->runs, target);
    close_pairs c;
    subtract(run, target - run->begin, s, source, lanes, &c);
    dp_strip_use_close(t);
    if (is_mutual)
        dp_strip_use_close(s);
    for (int v = 0; v < s->n_vectors; v += DP_FLOW_PARTS) {
        close_flow of_sources = {0}, of_target = {0}, at_target, at_sources;
        for (int k = 0; k < CLOSE_WIDTH; k++)
            if (lanes >> k & 1) {
                carry(s, c.run[k], source + k, v, k, &of_sources);
                if (is_mutual)
                    carry(t, run, target, v, k, &of_target);
            }
        make_flow(&c, 1, &of_sources, &at_target);
        if (is_mutual)
            make_flow(&c, -1, &of_target, &at_sources);
        for (int k = 0; k < CLOSE_WIDTH; k++)
            if (lanes >> k & 1) {
                add_lane(t, target, v, &at_target, k);
                if (is_mutual)
                    add_lane(s, source + k, v, &at_sources, k);
            }
    }
}
