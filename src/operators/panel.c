#include "operators/panel_isa.h"

#include <string.h>

static const dp_panel_loops *loops_of(dp_isa isa, int is_single) {
#ifdef __x86_64__
    if (isa == DP_ISA_AVX512)
        return is_single ? &dp_panel_loops_single_avx512 : &dp_panel_loops_avx512;
    if (isa == DP_ISA_AVX2)
        return is_single ? &dp_panel_loops_single_avx2 : &dp_panel_loops_avx2;
#endif
    (void)isa;
    return is_single ? &dp_panel_loops_single_portable : &dp_panel_loops_portable;
}

static size_t element_size(int is_single) {
    return is_single ? sizeof(float) : sizeof(double);
}

static void copy_column(int is_single, int n, const double *from, void *data, size_t at) {
    if (!is_single)
        memcpy((double *)data + at, from, (size_t)n * sizeof *from);
    for (int i = 0; is_single && i < n; i++)
        ((float *)data)[at + (size_t)i] = (float)from[i];
}

dagpole_status dp_panel_pack(dp_isa isa, int is_single, int m, int n, const double *a, int lda,
                             dp_panel *panel) {
    int w = loops_of(isa, is_single)->width, m_padded = DP_PADDED(m);
    int n_vectors = (m_padded + w - 1) / w;
    size_t size = (size_t)n_vectors * (size_t)w * (size_t)n;
    void *data = dp_alloc_zero(size, element_size(is_single));
    if (!data)
        return DAGPOLE_NO_MEMORY;
    for (int first = 0; first < n_vectors; first += 3) {
        int rows = (n_vectors - first < 3 ? n_vectors - first : 3) * w;
        int present = m - first * w < rows ? m - first * w : rows;
        for (int j = 0; j < n && present > 0; j++)
            copy_column(is_single, present, a + (size_t)j * lda + first * w, data,
                        (size_t)first * w * n + (size_t)j * rows);
    }
    *panel = (dp_panel){
        .m = m, .n = n, .m_padded = m_padded, .is_single = is_single, .size = size, .data = data};
    return DAGPOLE_OK;
}

void dp_panel_free(dp_panel *panel) {
    dp_free(panel->data);
    *panel = (dp_panel){0};
}

int64_t dp_panel_bytes(const dp_panel *panel) {
    return (int64_t)(panel->size * element_size(panel->is_single));
}

void dp_panel_gather(dp_isa isa, const dp_panel *panel, int n_padded, int n_columns,
                     const double *const *source, const double *const *sign, const double *unit,
                     void *x, int ldx) {
    loops_of(isa, panel->is_single)->gather(n_padded, n_columns, source, sign, unit, x, ldx);
}

void dp_panel_gather_ranges(dp_isa isa, const dp_panel *panel, int n_ranges, const dp_range *range,
                            int n_columns, const double *const *source, const double *const *sign,
                            const double *unit, void *x, int ldx) {
    loops_of(isa, panel->is_single)
        ->gather_ranges(n_ranges, range, n_columns, source, sign, unit, x, ldx);
}

void dp_panel_add_ranges(dp_isa isa, const dp_panel *panel, int n_ranges, const dp_range *range,
                         int n_columns, const void *x, int ldx, const double *const *sign,
                         const double *unit, double *const *target) {
    loops_of(isa, panel->is_single)
        ->add_ranges(n_ranges, range, n_columns, x, ldx, sign, unit, target);
}

void dp_panel_apply(dp_isa isa, const dp_panel *panel, int n_columns, const void *x, int ldx,
                    void *y, int ldy) {
    loops_of(isa, panel->is_single)->apply(panel, n_columns, x, ldx, y, ldy);
}

void dp_panel_apply_add(dp_isa isa, const dp_panel *panel, int n_columns, const void *x, int ldx,
                        double *const *y, const double *const *sign, const double *unit) {
    loops_of(isa, panel->is_single)->apply_add(panel, n_columns, x, ldx, y, sign, unit);
}
