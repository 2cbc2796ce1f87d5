/* Tables of what an orbit and a point have in common for all vectors (kernel/orbits_many_tmpl.c).
 * Include after kernel/images.h. */
#ifndef DP_KERNEL_IMAGE_TABLE_H
#define DP_KERNEL_IMAGE_TABLE_H

#include "kernel/images.h"

/* Steps from an orbit and a vector of points on, along the one or along the other. */
typedef struct walk {
    const block *b;
    const chunk *c;
    int o, k; /* where it begins */
    int o_step, k_step, n;
} walk;

/* Of image g at a step: at [step][g]. With u = pair_unit and d the difference to the image, the
 * value is g in u, the weight e1 in u^3, the curvature e2 / |d|^2 in u^5 (kernel/kernel.h). */
typedef struct table {
    vec (*value)[8];
    vec (*weight)[8]; /* and differences by step: from order 1 on */
    images *difference;
    vec (*curvature)[8]; /* of order 2 */
} table;

VEC_INLINE images images_at(const walk *w, int step) {
    return images_of(w->b, w->o + step * w->o_step, load_points(w->c, w->k + step * w->k_step));
}

VEC_INLINE void look_ahead(const walk *w, int begin, int end, ahead *a) {
#if VEC_AHEAD
    ahead_range range = AHEAD_RANGE;
    for (int step = begin; step < end; step++) {
        images d = images_at(w, step);
        put_images(a, step - begin, &d, &range);
    }
    ahead_end(a, 8 * (end - begin), &range, vec_splat(0));
#else
    (void)w, (void)begin, (void)end, (void)a;
#endif
}

VEC_INLINE void put_step(int order, const images *d, const pair pairs[8], int step,
                         const table *to) {
#pragma GCC unroll 8
    for (int g = 0; g < 8; g++) {
        const pair *p = &pairs[g];
        to->value[step][g] = p->value;
        if (order > 0)
            to->weight[step][g] = p->value * p->ratio;
        if (order > 1)
            to->curvature[step][g] = p->value * p->second * (p->root * p->root);
    }
    if (order > 0)
        to->difference[step] = *d;
}

/* One of each for every kernel and order. to: a complex kernel has two tables, of its real and of
 * its imaginary part. */
typedef void tabulate_fn(const pairs_of *p, const walk *w, const table *to);

VEC_INLINE void tabulate(pair_fn *kernel, int order, const pairs_of *p, const walk *w,
                         const table *to) {
    ahead ahead;
    for (int begin = 0, end; begin < w->n; begin = end) {
        end = begin + fewer(w->n - begin, AHEAD_STEPS);
        look_ahead(w, begin, end, &ahead);
        for (int step = begin; step < end; step++) {
            images d = images_at(w, step);
            pair pairs[8];
            evaluate_images(kernel, p, &d, &ahead, step - begin, pairs);
            put_step(order, &d, pairs, step, to);
        }
    }
}

/* Up to order 1. */
VEC_INLINE void tabulate_waves(int order, const pairs_of *p, const walk *w, const table to[2]) {
    ahead ahead;
    for (int begin = 0, end; begin < w->n; begin = end) {
        end = begin + fewer(w->n - begin, AHEAD_STEPS);
        look_ahead(w, begin, end, &ahead);
        for (int step = begin; step < end; step++) {
            images d = images_at(w, step);
            waves pairs[8];
            evaluate_wave_images(p, &d, &ahead, step - begin, pairs);
            for (int k = 0; k < 2; k++) {
#pragma GCC unroll 8
                for (int g = 0; g < 8; g++) {
                    to[k].value[step][g] = pairs[g].value[k];
                    if (order > 0)
                        to[k].weight[step][g] = pairs[g].e1[k];
                }
                if (order > 0)
                    to[k].difference[step] = d;
            }
        }
    }
}

#endif
