#include "operators/panel_isa.h"

#include <string.h>

/* Doubles of a vector. */
static int width(dp_isa isa) {
    return isa == DP_ISA_AVX512 ? 8 : isa == DP_ISA_AVX2 ? 4 : 2;
}

/* Part of a column from number `at` of the panel's on. */
static void put(const dp_panel *panel, size_t at, int n, const double *column) {
    if (!panel->is_single) {
        memcpy((double *)panel->data + at, column, (size_t)n * sizeof *column);
        return;
    }
    float *to = (float *)panel->data + at;
    for (int i = 0; i < n; i++)
        to[i] = (float)column[i];
}

dagpole_status dp_panel_pack(dp_isa isa, int is_single, int m, int n, const double *a, int lda,
                             dp_panel *panel) {
    int w = is_single ? 2 * width(isa) : width(isa);
    int m_padded = is_single ? DP_PADDED((m + 1) / 2) * 2 : DP_PADDED(m), n_vectors = m_padded / w;
    *panel = (dp_panel){.m = m, .n = n, .m_padded = m_padded, .is_single = is_single};
    panel->data = dp_alloc_zero(dp_panel_data_bytes(panel), 1);
    if (!panel->data)
        return DAGPOLE_NO_MEMORY;
    for (int first = 0, height; first < n_vectors; first += height) {
        height = dp_panel_rows(n_vectors - first);
        int rows = height * w;
        size_t tile = (size_t)first * w * n;
        int present = m - first * w < rows ? m - first * w : rows;
        for (int j = 0; j < n && present > 0; j++)
            put(panel, tile + (size_t)j * rows, present, a + (size_t)j * lda + first * w);
    }
    return DAGPOLE_OK;
}

void dp_panel_free(dp_panel *panel) {
    dp_free(panel->data);
    dp_free(panel->at);
    *panel = (dp_panel){0};
}

int64_t dp_panel_bytes(const dp_panel *panel) {
    int64_t n_blocks = panel->at ? panel->m_padded / DP_PAD : 0;
    return (int64_t)dp_panel_data_bytes(panel) + n_blocks * (int64_t)sizeof *panel->at;
}

/* Calls the variant of the instruction set. */
#ifdef __x86_64__
#define DISPATCH(isa, name, ...)                                                                   \
    do {                                                                                           \
        if ((isa) == DP_ISA_AVX512)                                                                \
            name##_avx512(__VA_ARGS__);                                                            \
        else if ((isa) == DP_ISA_AVX2)                                                             \
            name##_avx2(__VA_ARGS__);                                                              \
        else                                                                                       \
            name##_portable(__VA_ARGS__);                                                          \
    } while (0)
#else
#define DISPATCH(isa, name, ...) ((void)(isa), name##_portable(__VA_ARGS__))
#endif

void dp_panel_apply_from(dp_isa isa, const dp_panel *panel, const dp_ranges *ranges, int n_columns,
                         const double *const *source, double *y, int ldy) {
    DISPATCH(isa, dp_panel_apply_from, panel, ranges, n_columns, source, y, ldy);
}

void dp_panel_apply_add(dp_isa isa, const dp_panel *panel, int n_columns, const double *x, int ldx,
                        double *const *y, const double *flip) {
    DISPATCH(isa, dp_panel_apply_add, panel, n_columns, x, ldx, y, flip);
}

void dp_panel_add(dp_isa isa, int n_padded, int n_columns, const double *x, int ldx,
                  double *const *y, const double *flip) {
    DISPATCH(isa, dp_panel_add, n_padded, n_columns, x, ldx, y, flip);
}

void dp_panel_round(dp_isa isa, int n_padded, int n_columns, const double *const *x, float *y,
                    int ldy, double *unit) {
    DISPATCH(isa, dp_panel_round, n_padded, n_columns, x, y, ldy, unit);
}

void dp_single_panel_apply_from(dp_isa isa, const dp_panel *panel, const dp_ranges *ranges,
                                int n_columns, const float *const *source,
                                const double *const *later, float *y, int ldy) {
    DISPATCH(isa, dp_single_panel_apply_from, panel, ranges, n_columns, source, later, y, ldy);
}

void dp_single_panel_apply_add(dp_isa isa, const dp_panel *panel, int n_columns, const float *x,
                               int ldx, double *const *y, const double *flip) {
    DISPATCH(isa, dp_single_panel_apply_add, panel, n_columns, x, ldx, y, flip);
}

int dp_list_blocks(const dp_ranges *ranges, int k_padded, int *at) {
    int n = 0;
    for (int r = 0; r < ranges->n; r++)
        for (int i = ranges->range[r].begin; i < ranges->range[r].end; i += DP_PAD)
            at[n++] = i + DP_PAD <= k_padded ? i : k_padded - DP_PAD;
    return n;
}
