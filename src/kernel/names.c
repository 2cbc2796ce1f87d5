#include "kernel/names.h"

#include <stdio.h>
#include <string.h>

#define ENTRY(id, number, name, n_parts, charge, dipole, potential, gradient, pressure)            \
    {DAGPOLE_##id, #name, {n_parts, charge, dipole, potential, gradient, pressure}},
#define REAL_ENTRY(id, number, name, order) ENTRY(id, number, name, 1, 1, 3, 1, 3, 0)
static const struct entry {
    dagpole_kernel id;
    const char *name;
    dp_widths widths;
} kernels[] = {DP_EACH_REAL_KERNEL(REAL_ENTRY) DP_EACH_OTHER_KERNEL(ENTRY)};
enum { N_KERNELS = sizeof kernels / sizeof kernels[0] };

static const struct entry *entry_of(dagpole_kernel id) {
    for (int i = 0; i < N_KERNELS; i++)
        if (kernels[i].id == id)
            return &kernels[i];
    return NULL;
}

const char *dp_kernel_name(dagpole_kernel id) {
    const struct entry *entry = entry_of(id);
    return entry ? entry->name : NULL;
}

int dp_kernel_is_complex(dagpole_kernel id) {
    const struct entry *entry = entry_of(id);
    return entry && entry->widths.n_parts == 2;
}

const dp_widths *dp_kernel_widths(dagpole_kernel id) {
    const struct entry *entry = entry_of(id);
    return entry ? &entry->widths : NULL;
}

int dp_kernel_find(const char *name, dagpole_kernel *id) {
    for (int i = 0; i < N_KERNELS; i++)
        if (strcmp(kernels[i].name, name) == 0) {
            *id = kernels[i].id;
            return 1;
        }
    return 0;
}

const char *dp_kernel_names(void) {
    static _Thread_local char text[32 * N_KERNELS];
    size_t length = 0;
    for (int i = 0; i < N_KERNELS; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s (%d)", i ? ", " : "",
                                   kernels[i].name, (int)kernels[i].id);
    return text;
}
