#include "operators/panel_isa.h"

#include <string.h>

static int width(dp_isa isa) {
    return isa == DP_ISA_AVX512 ? 8 : isa == DP_ISA_AVX2 ? 4 : 2;
}

dagpole_status dp_panel_pack(dp_isa isa, int m, int n, const double *a, int lda, dp_panel *panel) {
    int w = width(isa), m_padded = DP_PADDED(m), n_vectors = m_padded / w;
    double *data = dp_alloc_zero((size_t)m_padded * n, sizeof *data);
    if (!data)
        return DAGPOLE_NO_MEMORY;
    for (int first = 0; first < n_vectors; first += 3) {
        int rows = (n_vectors - first < 3 ? n_vectors - first : 3) * w;
        double *tile = data + (size_t)first * w * n;
        int present = m - first * w < rows ? m - first * w : rows;
        for (int j = 0; j < n && present > 0; j++)
            memcpy(tile + (size_t)j * rows, a + (size_t)j * lda + first * w,
                   (size_t)present * sizeof *a);
    }
    *panel = (dp_panel){.m = m, .n = n, .m_padded = m_padded, .data = data};
    return DAGPOLE_OK;
}

void dp_panel_free(dp_panel *panel) {
    dp_free(panel->data);
    *panel = (dp_panel){0};
}

int64_t dp_panel_bytes(const dp_panel *panel) {
    return (int64_t)panel->m_padded * panel->n * (int64_t)sizeof *panel->data;
}

void dp_panel_apply(dp_isa isa, const dp_panel *panel, int n_columns, const double *x, int ldx,
                    double *y, int ldy) {
#ifdef __x86_64__
    if (isa == DP_ISA_AVX512) {
        dp_panel_apply_avx512(panel, n_columns, x, ldx, y, ldy);
        return;
    }
    if (isa == DP_ISA_AVX2) {
        dp_panel_apply_avx2(panel, n_columns, x, ldx, y, ldy);
        return;
    }
#endif
    (void)isa;
    dp_panel_apply_portable(panel, n_columns, x, ldx, y, ldy);
}

void dp_panel_apply_add(dp_isa isa, const dp_panel *panel, int n_columns, const double *x, int ldx,
                        double *const *y, const double *const *sign) {
#ifdef __x86_64__
    if (isa == DP_ISA_AVX512) {
        dp_panel_apply_add_avx512(panel, n_columns, x, ldx, y, sign);
        return;
    }
    if (isa == DP_ISA_AVX2) {
        dp_panel_apply_add_avx2(panel, n_columns, x, ldx, y, sign);
        return;
    }
#endif
    (void)isa;
    dp_panel_apply_add_portable(panel, n_columns, x, ldx, y, sign);
}
