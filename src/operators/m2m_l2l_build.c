/* M2M: a child's equivalent densities make potentials on the parent's check surface, and those an
 * expansion. L2L is the transpose, scale for a kernel of degree -1, because a local then is h
 * times a potential and h halves. The eight children are reflections of one. */
#include "operators/operators.h"

#include <math.h>

#include "operators/interaction.h"
#include "platform/linalg.h"

/* m2m (k_parent x k_child) = p2m of the parent, matrix, basis of the child, block by block. */
static dagpole_status multiply(const dp_surface *s, const dp_surface *of_child,
                               const dp_operator_data *parent, const dp_operator_data *child,
                               const double *matrix, double *m2m) {
    int n = s->n;
    double *half = dp_alloc((size_t)n * child->k, sizeof *half);
    if (!half)
        return DAGPOLE_NO_MEMORY;
    for (int b = 0; b < DP_N_PARITIES; b++) {
        int begin = of_child->parity_begin[b], n_b = of_child->parity_begin[b + 1] - begin;
        dp_gemm(0, 0, n, child->k_begin[b + 1] - child->k_begin[b], n_b, 1,
                matrix + (size_t)begin * n, n, child->basis[b], n_b, 0,
                half + (size_t)child->k_begin[b] * n, n);
    }
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int begin = s->parity_begin[a], n_a = s->parity_begin[a + 1] - begin;
        int k_a = parent->k_begin[a + 1] - parent->k_begin[a];
        dp_gemm(0, 0, k_a, child->k, n_a, 1, parent->p2m_parity[a], k_a, half + begin, n, 0,
                m2m + parent->k_begin[a], parent->k);
    }
    dp_free(half);
    return DAGPOLE_OK;
}

/* A parent has the isotropic moment that its children have (isotropic.h): M2M takes what it lacks
 * of that to the parent's centre. */
static dagpole_status keep_moment(const dp_isotropic *parent, const dp_surface *of_child,
                                  const dp_operator_data *child, int part, int k, double *m2m) {
    double *moment = dp_alloc((size_t)child->k, sizeof *moment);
    dagpole_status status = DAGPOLE_NO_MEMORY;
    if (moment)
        status = dp_isotropic_of_child(parent, of_child, child, part, moment);
    const double *local = dp_isotropic_local(parent, part),
                 *at_centre = dp_isotropic_multipole(parent, part);
    for (int j = 0; status == DAGPOLE_OK && j < child->k; j++) {
        double *column = m2m + (size_t)j * k, lacking = moment[j];
        for (int i = 0; i < parent->k; i++)
            lacking -= local[i] * column[i];
        for (int i = 0; i < parent->k; i++)
            column[i] += lacking * at_centre[i];
    }
    dp_free(moment);
    return status;
}

static dagpole_status keep_moments(const dp_surface *of_parent, const dp_surface *of_child,
                                   const dp_operator_data *parent, const dp_operator_data *child,
                                   double *m2m) {
    dp_isotropic isotropic;
    dagpole_status status = dp_isotropic_create(of_parent, parent, &isotropic);
    for (int part = 0; status == DAGPOLE_OK && part < isotropic.n_parts; part++)
        status = keep_moment(&isotropic, of_child, child, part, parent->k, m2m);
    dp_isotropic_free(&isotropic);
    return status;
}

static dagpole_status pack(dp_isa isa, double scale, int k_parent, int k_child, const double *m2m,
                           dp_transfer *transfer) {
    double *l2l = dp_alloc((size_t)k_parent * k_child, sizeof *l2l);
    if (!l2l)
        return DAGPOLE_NO_MEMORY;
    for (int j = 0; j < k_child; j++)
        for (int i = 0; i < k_parent; i++)
            l2l[j + (size_t)i * k_child] = scale * m2m[i + (size_t)j * k_parent];
    dagpole_status status = dp_panel_pack(isa, 0, k_parent, k_child, m2m, k_parent, &transfer->m2m);
    if (status == DAGPOLE_OK)
        status = dp_panel_pack(isa, 0, k_child, k_parent, l2l, k_child, &transfer->l2l);
    dp_free(l2l);
    return status;
}

dagpole_status dp_transfer_create(dp_isa isa, const dp_surface *of_parent,
                                  const dp_surface *of_child, const dp_operator_data *parent,
                                  const dp_operator_data *child, dp_transfer *transfer) {
    double *matrix = NULL;
    double *m2m = dp_alloc((size_t)parent->k * child->k, sizeof *m2m);
    const dp_operator_key *key = &parent->key;
    dagpole_status status = DAGPOLE_NO_MEMORY;
    if (m2m)
        status = dp_interaction_matrix(of_parent, of_child, key->kernel, key->lambda, DP_RADIUS_FAR,
                                       0.5 * DP_RADIUS_NEAR, (double[3]){0.5, 0.5, 0.5}, &matrix);
    if (status == DAGPOLE_OK)
        status = dp_blas_begin(1);
    if (status == DAGPOLE_OK) {
        status = multiply(of_parent, of_child, parent, child, matrix, m2m);
        dp_blas_end(1);
    }
    if (status == DAGPOLE_OK)
        status = keep_moments(of_parent, of_child, parent, child, m2m);
    if (status == DAGPOLE_OK)
        status = pack(isa, exp2(key->kernel->degree), parent->k, child->k, m2m, transfer);
    dp_free(matrix);
    dp_free(m2m);
    if (status != DAGPOLE_OK)
        dp_transfer_free(transfer);
    return status;
}

void dp_transfer_free(dp_transfer *transfer) {
    dp_panel_free(&transfer->l2l);
    dp_panel_free(&transfer->m2m);
}
