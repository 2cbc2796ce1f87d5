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
    dp_free(sums->isotropic);
    dp_free(sums->orbits.z);
    dp_free(sums->orbits.y);
    dp_free(sums->orbits.x);
    *sums = (dp_surface_sums){0};
}

int64_t dp_surface_sums_bytes(const dp_surface_sums *sums) {
    int64_t bytes = 3 * (int64_t)sizeof(double) * sums->row;
    if (sums->isotropic)
        bytes += sums->n_components * (int64_t)sizeof(double) * sums->ld;
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
    sums->row = DP_PADDED(n);
    sums->n_components = s->n_components;
    sums->ld = s->n_components * sums->row;
    orbits->x = dp_alloc_zero((size_t)sums->row, sizeof(double));
    orbits->y = dp_alloc_zero((size_t)sums->row, sizeof(double));
    orbits->z = dp_alloc_zero((size_t)sums->row, sizeof(double));
    if (!orbits->x || !orbits->y || !orbits->z)
        return DAGPOLE_NO_MEMORY;
    double *at = dp_alloc(3 * (size_t)s->n, sizeof *at);
    if (!at)
        return DAGPOLE_NO_MEMORY;
    double *x = at, *y = x + s->n, *z = y + s->n;
    dp_surface_place(s, radius == DP_RADIUS_FAR, radius, (double[3]){0, 0, 0}, x, y, z);
    for (int o = 0; o < n; o++) {
        int point = s->image[8 * (chosen ? chosen[o] : o)];
        orbits->x[o] = x[point];
        orbits->y[o] = y[point];
        orbits->z[o] = z[point];
    }
    dp_free(at);
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

/* Of the rows of all components, without the last one's padding. */
static int width_of(const dp_surface_sums *sums) {
    return sums->ld - sums->row + sums->orbits.n;
}

/* to_expansion: its results are added to the coefficients of the parity, wherever they begin. Of
 * potentials the second component is the negated imaginary part (surface.h). */
static dagpole_status pack_to(const dp_operator_set *set, int a, const dp_surface_sums *sums,
                              const double *matrix, double *work, dp_panel *panel) {
    int begin = set->k_begin[a], k = set->k_begin[a + 1] - begin, n = sums->orbits.n;
    int *at = dp_alloc((size_t)(k / DP_PAD + 1), sizeof *at);
    if (!at)
        return DAGPOLE_NO_MEMORY;
    int n_rows = DP_PAD * dp_list_blocks(&set->of_parity[a], set->k_padded, at);
    memset(work, 0, (size_t)n_rows * (size_t)width_of(sums) * sizeof *work);
    for (int o = 0; o < sums->n_components * n; o++)
        for (int i = 0; i < k; i++) {
            int block = i / DP_PAD, row = block * DP_PAD + begin + i - at[block];
            double value = matrix[i + (size_t)o * k];
            work[row + (size_t)(o / n * sums->row + o % n) * n_rows] = o < n ? value : -value;
        }
    dagpole_status status = dp_panel_pack(set->isa, 0, n_rows, width_of(sums), work, n_rows, panel);
    if (status == DAGPOLE_OK)
        panel->at = at;
    else
        dp_free(at);
    return status;
}

static dagpole_status pack_from(const dp_operator_set *set, int a, const dp_surface_sums *sums,
                                const double *matrix, double *work, dp_panel *panel) {
    int k = set->k_begin[a + 1] - set->k_begin[a], n = sums->orbits.n, width = width_of(sums);
    memset(work, 0, (size_t)k * (size_t)width * sizeof *work);
    for (int o = 0; o < sums->n_components * n; o++)
        for (int i = 0; i < k; i++)
            work[o / n * sums->row + o % n + (size_t)i * width] = matrix[i + (size_t)o * k];
    return dp_panel_pack(set->isa, 0, width, k, work, width, panel);
}

static dagpole_status pack_parity(const dp_operator_set *set, int a, const double *matrix,
                                  double *work, dp_surface_sums *sums) {
    DP_TRY(pack_to(set, a, sums, matrix, work, &sums->to_expansion[a]));
    return pack_from(set, a, sums, matrix, work, &sums->from_expansion[a]);
}

/* What L2P makes of the set's isotropic locals. */
static dagpole_status make_isotropic(const dp_operator_set *set, const dp_operator_data *data,
                                     dp_surface_sums *sums) {
    const dp_isotropic *f = &set->isotropic;
    const int n = sums->orbits.n, k = set->k_begin[1];
    if (!f->n_parts)
        return DAGPOLE_OK;
    sums->isotropic = dp_alloc_zero((size_t)f->n_parts * (size_t)sums->ld, sizeof(double));
    if (!sums->isotropic)
        return DAGPOLE_NO_MEMORY;
    for (int part = 0; part < f->n_parts; part++) {
        double *density = sums->isotropic + (size_t)part * (size_t)sums->ld;
        for (int o = 0; o < sums->n_components * n; o++)
            for (int i = 0; i < k; i++)
                density[o / n * sums->row + o % n] +=
                    data->p2m[0][i + (size_t)o * k] * dp_isotropic_local(f, part)[i];
    }
    return DAGPOLE_OK;
}

dagpole_status dp_outer_create(const dp_operator_set *set, const dp_surface *surface,
                               const dp_operator_data *data, dp_surface_sums *sums) {
    DP_TRY(place_orbits(surface, DP_RADIUS_FAR, data->n_check, data->check, sums));
    double *work = dp_alloc(largest_matrix(set, sums), sizeof *work);
    dagpole_status status = work ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    for (int a = 0; status == DAGPOLE_OK && a < DP_N_PARITIES; a++)
        status = pack_parity(set, a, data->p2m[a], work, sums);
    dp_free(work);
    return status == DAGPOLE_OK ? make_isotropic(set, data, sums) : status;
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
    DP_TRY(place_orbits(surface, DP_RADIUS_NEAR, dp_n_places(surface), NULL, sums));
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
