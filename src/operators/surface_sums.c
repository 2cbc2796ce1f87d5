/* The surfaces of P2M and L2P (outer) and of P2L and M2P (inner): orbits, and for each parity the
 * matrix from sums over the orbits' images to the expansion and its transpose. With the weight of
 * an orbit (surface.h) in its columns, the transpose gives densities by image as the potentials
 * came. */
#include "operators/operators.h"

#include <string.h>

void dp_surface_sums_free(dp_surface_sums *sums) {
    for (int a = 0; a < DP_N_PARITIES; a++) {
        dp_panel_free(&sums->from_expansion[a]);
        dp_panel_free(&sums->to_expansion[a]);
    }
    dp_free(sums->orbits.z);
    dp_free(sums->orbits.y);
    dp_free(sums->orbits.x);
    *sums = (dp_surface_sums){0};
}

int64_t dp_surface_sums_bytes(const dp_surface_sums *sums) {
    int64_t bytes = 3 * (int64_t)sizeof(double) * sums->ld;
    for (int a = 0; a < DP_N_PARITIES; a++)
        bytes += dp_panel_bytes(&sums->from_expansion[a]) + dp_panel_bytes(&sums->to_expansion[a]);
    return bytes;
}

_Static_assert(DP_PAD % DP_ORBIT_PAD == 0, "what matrices pad is enough for rows over orbits");

/* chosen: numbers of orbits; NULL: all. */
static dagpole_status place_orbits(const dp_surface *s, double radius, int n, const int *chosen,
                                   dp_surface_sums *sums) {
    dp_orbits *orbits = &sums->orbits;
    orbits->n = n;
    sums->ld = DP_PADDED(n);
    orbits->x = dp_alloc_zero((size_t)sums->ld, sizeof(double));
    orbits->y = dp_alloc_zero((size_t)sums->ld, sizeof(double));
    orbits->z = dp_alloc_zero((size_t)sums->ld, sizeof(double));
    if (!orbits->x || !orbits->y || !orbits->z)
        return DAGPOLE_NO_MEMORY;
    for (int o = 0; o < n; o++) {
        int point = s->image[8 * (chosen ? chosen[o] : o)];
        orbits->x[o] = radius * s->x[point];
        orbits->y[o] = radius * s->y[point];
        orbits->z[o] = radius * s->z[point];
    }
    return DAGPOLE_OK;
}

/* The largest matrix of a parity, with its rows padded on either side. */
static size_t largest_matrix(const dp_operator_set *set, const dp_surface_sums *sums) {
    int most = 0;
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int k = set->k_begin[a + 1] - set->k_begin[a];
        most = k > most ? k : most;
    }
    return (size_t)(most + DP_PAD) * (size_t)sums->ld;
}

/* to_expansion: its results are added to the coefficients of the parity, wherever they begin. */
static dagpole_status pack_to(const dp_operator_set *set, int a, int n, const double *matrix,
                              double *work, dp_panel *panel) {
    int begin = set->k_begin[a], k = set->k_begin[a + 1] - begin;
    int *at = dp_alloc((size_t)(k / DP_PAD + 1), sizeof *at);
    if (!at)
        return DAGPOLE_NO_MEMORY;
    int n_rows = DP_PAD * dp_list_blocks(&set->of_parity[a], set->k_padded, at);
    memset(work, 0, (size_t)n_rows * (size_t)n * sizeof *work);
    for (int o = 0; o < n; o++)
        for (int i = 0; i < k; i++) {
            int block = i / DP_PAD, row = block * DP_PAD + begin + i - at[block];
            work[row + (size_t)o * n_rows] = matrix[i + (size_t)o * k];
        }
    dagpole_status status = dp_panel_pack(set->isa, n_rows, n, work, n_rows, panel);
    if (status == DAGPOLE_OK)
        panel->at = at;
    else
        dp_free(at);
    return status;
}

static dagpole_status pack_from(const dp_operator_set *set, int a, int n, const double *matrix,
                                double *work, dp_panel *panel) {
    int k = set->k_begin[a + 1] - set->k_begin[a];
    for (int o = 0; o < n; o++)
        for (int i = 0; i < k; i++)
            work[o + (size_t)i * n] = matrix[i + (size_t)o * k];
    return dp_panel_pack(set->isa, n, k, work, n, panel);
}

static dagpole_status pack_parity(const dp_operator_set *set, int a, const double *matrix,
                                  double *work, dp_surface_sums *sums) {
    DP_TRY(pack_to(set, a, sums->orbits.n, matrix, work, &sums->to_expansion[a]));
    return pack_from(set, a, sums->orbits.n, matrix, work, &sums->from_expansion[a]);
}

dagpole_status dp_outer_create(const dp_operator_set *set, const dp_surface *surface,
                               const dp_operator_data *data, dp_surface_sums *sums) {
    DP_TRY(place_orbits(surface, DP_RADIUS_FAR, data->n_check, data->check, sums));
    double *work = dp_alloc(largest_matrix(set, sums), sizeof *work);
    dagpole_status status = work ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    for (int a = 0; status == DAGPOLE_OK && a < DP_N_PARITIES; a++)
        status = pack_parity(set, a, data->p2m[a], work, sums);
    dp_free(work);
    return status;
}

/* The basis of a parity as a k_a x n_orbits matrix. */
static void spread_basis(const dp_surface *s, const dp_operator_data *data, int a, double *matrix) {
    int n_a = s->parity_begin[a + 1] - s->parity_begin[a];
    int k = data->k_begin[a + 1] - data->k_begin[a];
    for (int o = 0; o < s->n_orbits; o++) {
        int c = s->coefficient[8 * o + a] - s->parity_begin[a];
        for (int i = 0; i < k; i++)
            matrix[i + (size_t)o * k] =
                c < 0 ? 0 : s->weight[o] * data->basis[a][c + (size_t)i * n_a];
    }
}

dagpole_status dp_inner_create(const dp_operator_set *set, const dp_surface *surface,
                               const dp_operator_data *data, dp_surface_sums *sums) {
    DP_TRY(place_orbits(surface, DP_RADIUS_NEAR, surface->n_orbits, NULL, sums));
    size_t size = largest_matrix(set, sums);
    double *work = dp_alloc(2 * size, sizeof *work);
    dagpole_status status = work ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    for (int a = 0; status == DAGPOLE_OK && a < DP_N_PARITIES; a++) {
        spread_basis(surface, data, a, work);
        status = pack_parity(set, a, work, work + size, sums);
    }
    dp_free(work);
    return status;
}
