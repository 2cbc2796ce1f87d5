#include "operators/data.h"

void dp_operator_data_destroy(dp_operator_data *data) {
    if (!data)
        return;
    for (int c = 0; c < data->n_classes; c++) {
        dp_free(data->b[c]);
        dp_free(data->a[c]);
    }
    dp_free(data->check);
    for (int a = 0; a < DP_N_PARITIES; a++) {
        dp_free(data->p2m[a]);
        dp_free(data->p2m_parity[a]);
        dp_free(data->basis[a]);
    }
    dp_free(data);
}

dagpole_status dp_operator_data_allocate(dp_operator_data *data, const dp_surface *surface) {
    int complete = 1;
    for (int a = 0; a < DP_N_PARITIES; a++) {
        size_t n_a = (size_t)(surface->parity_begin[a + 1] - surface->parity_begin[a]);
        size_t k_a = (size_t)(data->k_begin[a + 1] - data->k_begin[a]);
        data->basis[a] = dp_alloc(n_a * k_a, sizeof(double));
        data->p2m_parity[a] = dp_alloc(n_a * k_a, sizeof(double));
        data->p2m[a] =
            dp_alloc((size_t)(surface->n_components * data->n_check) * k_a, sizeof(double));
        complete = complete && data->basis[a] && data->p2m_parity[a] && data->p2m[a];
    }
    for (int c = 0; c < data->n_classes; c++) {
        data->a[c] = dp_alloc((size_t)data->k * data->rank[c], sizeof(double));
        data->b[c] = dp_alloc((size_t)data->k * data->rank[c], sizeof(double));
        complete = complete && data->a[c] && data->b[c];
    }
    data->check = dp_alloc((size_t)data->n_check, sizeof(int));
    return complete && data->check ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}
