/* Boxes with complex charges, and the chain of operators between two of them. */
#ifndef DP_TESTS_OPERATORS_WAVES_H
#define DP_TESTS_OPERATORS_WAVES_H

#include "boxes.h"

/* Rows of charges: real, imaginary parts; of sums: four and four. */
typedef struct wave_box {
    box at;
    double charge[2][N_POINTS];
    double sums[8][N_POINTS], expected[8][N_POINTS];
} wave_box;

static inline wave_box wave_box_of(box at, uint64_t seed) {
    wave_box b = {.at = at};
    uint64_t state = 7 * seed + 1;
    for (int i = 0; i < 2 * N_POINTS; i++)
        b.charge[i / N_POINTS][i % N_POINTS] = 2 * suite_uniform(&state) - 1;
    return b;
}

static inline dp_sums wave_sums(double sums[8][N_POINTS], int part) {
    return dp_sums_of_rows(sums[4 * part], N_POINTS, DP_GRADIENT);
}

/* Adds what a kernel's part does of one part of the charges to one part of the sums. */
static inline void wave_add(const dp_kernel *kernel, dp_lambda lambda, const box *source,
                            const double *charge, double sign, box *target,
                            double sums[8][N_POINTS], int part) {
    double signed_charge[N_POINTS];
    for (int i = 0; i < N_POINTS; i++)
        signed_charge[i] = sign * charge[i];
    dp_p2p_ref(kernel, lambda, N_POINTS, box_points(target), wave_sums(sums, part), N_POINTS,
               box_points(source), (dp_carried){.charge = signed_charge});
}

static inline void wave_direct(const dp_kernel *kernel, dp_lambda lambda, const wave_box *source,
                               wave_box *target) {
    double(*sums)[N_POINTS] = target->expected;
    memset(target->expected, 0, sizeof target->expected);
    wave_add(kernel, lambda, &source->at, source->charge[0], 1, &target->at, sums, 0);
    wave_add(kernel->imaginary, lambda, &source->at, source->charge[1], -1, &target->at, sums, 0);
    wave_add(kernel, lambda, &source->at, source->charge[1], 1, &target->at, sums, 1);
    wave_add(kernel->imaginary, lambda, &source->at, source->charge[0], 1, &target->at, sums, 1);
}

/* Of the potentials, or of the gradients: relative, or to values of the size `least` where that is
 * more. */
static inline double wave_error(const wave_box *b, int is_gradient, double least) {
    double error = 0, size = 0;
    int n_rows = is_gradient ? 3 : 1;
    for (int row = 0; row < 8; row++)
        for (int i = 0; (row % 4 > 0) == is_gradient && i < N_POINTS; i++) {
            double expected = b->expected[row][i], difference = b->sums[row][i] - expected;
            error += difference * difference;
            size += expected * expected;
        }
    return sqrt(error / fmax(size, n_rows * N_POINTS * least * least));
}

static inline void wave_to_expansion(const dp_operator_set *set, const dp_surface_sums *surface,
                                     const box *frame, const wave_box *source, double *expansion,
                                     dp_scratch *scratch) {
    dp_frame in = box_frame(frame);
    dp_surface_potentials(set, surface, &in, N_POINTS, box_points(&source->at),
                          (dp_carried){.charge = source->charge[0]}, N_POINTS, 1, 1, 0, scratch);
    dp_surface_to_expansions(set, surface, 1, &expansion, scratch);
}

static inline void wave_evaluate(const dp_operator_set *set, const dp_surface_sums *surface,
                                 const box *frame, const double *expansion, wave_box *target,
                                 dp_scratch *scratch) {
    dp_frame in = box_frame(frame);
    memset(target->sums, 0, sizeof target->sums);
    dp_surface_densities(set, surface, 1, &expansion, scratch);
    dp_surface_evaluate(set, surface, 0, &in, 0, 1, N_POINTS, box_points(&target->at),
                        wave_sums(target->sums, 0), 4 * N_POINTS, scratch);
}

static inline void wave_m2l(const dp_operators *ops, const dp_operator_set *set, const int v[3],
                            const double *source, double *target, dp_scratch *scratch) {
    dp_columns columns = {.n = 1,
                          .reflection = dp_reflection(v),
                          .source = {source},
                          .later = {source},
                          .target = {target}};
    dp_m2l(set, ops->offsets.index[abs(v[0])][abs(v[1])][abs(v[2])], &columns, scratch);
}

#endif
