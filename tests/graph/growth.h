/* From a cloud to the graph in one go, with operators that are cheap to build. */
#ifndef DP_TESTS_GRAPH_GROWTH_H
#define DP_TESTS_GRAPH_GROWTH_H

#include <string.h>

#include "graph/graph.h"
#include "tree/forest.h"

typedef struct growth {
    forest forest;
    dp_operators *operators;
    dp_problem problem;
    dp_interactions interactions;
    dp_layout layout;
    dp_graph *graph; /* with its own, and in the end without, interactions and halos */
} growth;

/* What is not the cloud's: 0 or NULL where it does not matter. */
typedef struct wish {
    int n_crit, block_boxes, p;
    double tolerance;
    double lambda; /* Yukawa where it is positive */
    int n_cores, n_workers;
    double block_scale;
    dp_precision precision;
    const dp_nodes *nodes;
    int64_t shared_cache_bytes;
} wish;

static inline void growth_set_problem(const wish *w, growth *g) {
    const dp_kernel *kernel = dp_kernel_get(w->lambda > 0 ? DAGPOLE_YUKAWA : DAGPOLE_LAPLACE);
    const dp_rates rates = dp_rates_built_in(dp_isa_best());
    const dp_shape shape = dp_shape_of_charges(1);
    g->problem = (dp_problem){
        .tree = &g->forest.tree,
        .lists = &g->forest.lists,
        .sources = &g->forest.sources,
        .targets = g->forest.target_points ? g->forest.target_points : &g->forest.sources,
        .operators = g->operators,
        .kernel = kernel,
        .isa = dp_isa_best(),
        .cost = dp_cost_of(&rates, kernel, w->precision, &shape, DP_POTENTIAL),
        .shape = shape,
        .lambda = ldexp(w->lambda, g->forest.tree.cube.exponent),
        .tolerance = w->tolerance > 0 ? w->tolerance : 1e-1,
        .precision = w->precision,
        .least = 1. / 32,
        .block_boxes = w->block_boxes,
        .n_cores = w->n_cores ? w->n_cores : 2,
        .block_scale = w->block_scale,
        .shared_cache_bytes = w->shared_cache_bytes,
        .nodes = w->nodes};
}

static inline dagpole_status growth_graph(const dp_team *team, const wish *w, growth *g) {
    return dp_graph_create(team, &g->problem, w->n_workers ? w->n_workers : 1, &g->graph);
}

static inline void growth_make(const wish *w, int64_t n_sources, const double *sources,
                               int64_t n_targets, const double *targets, growth *g) {
    char message[DP_ERROR_TEXT_BYTES];
    ck_assert_int_eq(forest_build(&dp_team_serial, n_sources, sources, n_targets, targets,
                                  w->n_crit, &g->forest),
                     DAGPOLE_OK);
    const dp_cube *cube = &g->forest.tree.cube;
    dp_operators_request request = {
        .kernel = dp_kernel_get(w->lambda > 0 ? DAGPOLE_YUKAWA : DAGPOLE_LAPLACE),
        .lambda = ldexp(w->lambda, cube->exponent),
        .side = cube->side,
        .depth = g->forest.tree.depth,
        .accuracy = {.p = w->p ? w->p : 3,
                     .tolerance = w->tolerance > 0 ? w->tolerance : 1e-1,
                     .svd_cutoff = 1e-10,
                     .m2l_cut = 1. / 7},
        .isa = dp_isa_best(),
        .cache_dir = ""};
    ck_assert_int_eq(dp_operators_create(&dp_team_serial, &request, message, &g->operators),
                     DAGPOLE_OK);
    growth_set_problem(w, g);
    ck_assert_int_eq(dp_interactions_build(&dp_team_serial, &g->problem, &g->interactions),
                     DAGPOLE_OK);
    ck_assert_int_eq(dp_layout_build(&dp_team_serial, &g->problem, &g->interactions, &g->layout),
                     DAGPOLE_OK);
    ck_assert_int_eq(growth_graph(&dp_team_serial, w, g), DAGPOLE_OK);
}

static inline void growth_free(growth *g) {
    dp_graph_destroy(g->graph);
    dp_layout_free(&g->layout);
    dp_interactions_free(&g->interactions);
    dp_operators_destroy(g->operators);
    forest_free(&g->forest);
}

/* Clouds whose sources are the targets, and then ones whose targets lie elsewhere, in part. */
enum { N_SCENES = 2 * N_CLOUDS };

static inline void growth_scene(int scene, int64_t n, const wish *w, growth *g) {
    cloud kind = (cloud)(scene % N_CLOUDS);
    double *points = cloud_make(kind, 2 * n, (uint64_t)scene + 1), *targets = points + 3 * n;
    if (scene < N_CLOUDS) {
        growth_make(w, n, points, 0, NULL, g);
    } else {
        cloud_move(n, targets, 0.6, 0.5);
        growth_make(w, n, points, n, targets, g);
    }
    free(points);
}

#endif
