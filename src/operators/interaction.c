/* Kernel matrices in parity coefficients. They are made an orbit of the source at a time: its eight
 * columns are summed with the signs of each parity while they are in cache, and each is written
 * once, in its coefficients. Two like grids have few different distances, (2 p - 1)^3 for about
 * 36 p^4 pairs, so that the kernel is computed for these and looked up. */
#include "operators/interaction.h"

#include <math.h>

#include "operators/data.h"

/* Columns of a matrix. Arrays lie in one block from `memory` on. */
typedef struct columns {
    const dp_surface *source;
    const dp_kernel *kernel;
    dp_lambda lambda;
    int parts, n_rows;
    double *memory;
    double *target[3], *from[3]; /* points: n_rows, and of the source */
    double *apart;               /* n_rows x parts: real parts, then imaginary ones */
    double *orbit;               /* 8 columns of n_rows numbers */
    int n_alike;   /* the first so many rows of the first so many columns are in the table; 0: there
                      is none */
    int *place;    /* n_alike: the point's place on the grid, in steps of the table */
    double *table; /* values by the difference of two places */
    int table_zero; /* where that of equal places is */
} columns;

static void columns_free(columns *c) {
    dp_free(c->table);
    dp_free(c->place);
    dp_free(c->memory);
}

static dagpole_status columns_allocate(int n_rows, const dp_surface *source,
                                       const dp_kernel *kernel, dp_lambda lambda, columns *c) {
    size_t rows = (size_t)n_rows, n = (size_t)source->n, parts = (size_t)dp_parts(kernel);
    *c = (columns){.source = source,
                   .kernel = kernel,
                   .lambda = lambda,
                   .parts = (int)parts,
                   .n_rows = n_rows};
    double *at = c->memory = dp_alloc(3 * rows + 3 * n + 9 * parts * rows, sizeof *at);
    if (!at)
        return DAGPOLE_NO_MEMORY;
    for (int d = 0; d < 3; d++) {
        c->target[d] = at + (size_t)d * rows;
        c->from[d] = at + 3 * rows + (size_t)d * n;
    }
    c->apart = at + 3 * (rows + n);
    c->orbit = c->apart + parts * rows;
    return DAGPOLE_OK;
}

/* Values from point j of the source to `n` points from the first on, numbers of `parts`. */
static dagpole_status compute(const columns *c, int n, double *const target[3], int first,
                              const double source[3], double *apart, double *values) {
    dp_soa targets = {target[0] + first, target[1] + first, target[2] + first};
    dp_soa one = {&source[0], &source[1], &source[2]};
    dp_kernel_matrix(c->kernel, c->lambda, n, targets, 1, one, apart);
    if (c->parts == 2)
        dp_kernel_matrix(c->kernel->imaginary, c->lambda, n, targets, 1, one, apart + n);
    for (int i = 0; i < n; i++) {
        /* Callbacks may give anything. */
        if (c->kernel->user && !isfinite(apart[i]))
            return dp_fail(
                DAGPOLE_NUMERIC,
                "user_kernel.values gave %g between points of the surfaces of two boxes: "
                "values must be finite where points are apart",
                apart[i]);
        for (int part = 0; part < c->parts; part++)
            values[c->parts * i + part] = apart[(size_t)part * n + i];
    }
    return DAGPOLE_OK;
}

/* Values at all differences of two points of a grid with this half side, which is `centre` from the
 * other. */
static dagpole_status make_table(columns *c, double radius, const double centre[3]) {
    int p = c->source->p, width = 2 * p - 1;
    int n = width * width * width;
    double step = 2 * radius / (p - 1), *difference[3];
    double *memory = dp_alloc((size_t)n * (size_t)(3 + c->parts), sizeof *memory);
    c->n_alike = c->source->n_outer;
    c->table_zero = ((p - 1) * width + p - 1) * width + p - 1;
    c->place = dp_alloc((size_t)c->n_alike, sizeof *c->place);
    c->table = dp_alloc((size_t)n * (size_t)c->parts, sizeof *c->table);
    dagpole_status status = memory && c->place && c->table ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    if (status == DAGPOLE_OK) {
        for (int d = 0; d < 3; d++)
            difference[d] = memory + (size_t)d * (size_t)n;
        for (int i = 0; i < n; i++) {
            const int at[3] = {i / (width * width), i / width % width, i % width};
            for (int d = 0; d < 3; d++)
                difference[d][i] = step * (at[d] - (p - 1)) - centre[d];
        }
        for (int i = 0; i < c->n_alike; i++) {
            const double at[3] = {c->source->x[i], c->source->y[i], c->source->z[i]};
            c->place[i] = 0;
            for (int d = 0; d < 3; d++)
                c->place[i] = c->place[i] * width + (int)lround((at[d] + 1) / 2 * (p - 1));
        }
        status =
            compute(c, n, difference, 0, (double[3]){0, 0, 0}, memory + 3 * (size_t)n, c->table);
    }
    dp_free(memory);
    return status;
}

/* From point j of the source to all rows. */
static dagpole_status fill_column(const columns *c, int j, double *column) {
    const double source[3] = {c->from[0][j], c->from[1][j], c->from[2][j]};
    int n_known = j < c->n_alike ? c->n_alike : 0;
    if (n_known) {
        const double *table = c->table + (ptrdiff_t)c->parts * (c->table_zero - c->place[j]);
        for (int i = 0; i < n_known; i++)
            for (int part = 0; part < c->parts; part++)
                column[c->parts * i + part] = table[c->parts * c->place[i] + part];
    }
    return compute(c, c->n_rows - n_known, c->target, n_known, source, c->apart,
                   column + (size_t)c->parts * n_known);
}

/* The columns of an orbit, summed with the signs of each parity. */
static dagpole_status fill_orbit(const columns *c, int orbit) {
    size_t length = (size_t)c->n_rows * c->parts;
    for (int g = 0; g < 8; g++)
        DP_TRY(fill_column(c, c->source->image[8 * orbit + g], c->orbit + g * length));
    for (int step = 1; step < 8; step *= 2)
        for (int g = 0; g < 8; g++) {
            double *x = c->orbit + g * length, *y = x + step * length;
            for (size_t i = 0; !(g & step) && i < length; i++) {
                double sum = x[i] + y[i];
                y[i] = x[i] - y[i];
                x[i] = sum;
            }
        }
    for (size_t i = 0; i < 8 * length; i++)
        c->orbit[i] *= c->source->weight[orbit];
    return DAGPOLE_OK;
}

static dagpole_status fill_values(const columns *c, const dp_surface *target, double *values) {
    size_t length = (size_t)c->n_rows * c->parts;
    for (int o = 0; o < c->source->n_orbits; o++) {
        DP_TRY(fill_orbit(c, o));
        for (int a = 0; a < DP_N_PARITIES; a++) {
            int to = c->source->coefficient[8 * o + a];
            if (to >= 0)
                dp_surface_column_to_parity(target, c->parts, c->orbit + a * length,
                                            values + to * length);
        }
    }
    return DAGPOLE_OK;
}

dagpole_status dp_interaction_values(const dp_surface *target, const dp_surface *source,
                                     const dp_kernel *kernel, dp_lambda lambda,
                                     double target_radius, double source_radius,
                                     const double source_centre[3], double **values) {
    static const double origin[3] = {0, 0, 0};
    columns c;
    *values = NULL;
    DP_TRY(columns_allocate(target->n, source, kernel, lambda, &c));
    dp_surface_place(target, target_radius == DP_RADIUS_FAR, target_radius, origin, c.target[0],
                     c.target[1], c.target[2]);
    dp_surface_place(source, source_radius == DP_RADIUS_FAR, source_radius, source_centre,
                     c.from[0], c.from[1], c.from[2]);
    dagpole_status status = DAGPOLE_OK;
    /* Callbacks are asked what the method asks for, the two points that it says. */
    if (target == source && target_radius == source_radius && !kernel->user)
        status = make_table(&c, source_radius, source_centre);
    if (status == DAGPOLE_OK)
        *values = dp_alloc((size_t)target->n * source->n * c.parts, sizeof **values);
    if (status == DAGPOLE_OK)
        status = *values ? fill_values(&c, target, *values) : DAGPOLE_NO_MEMORY;
    columns_free(&c);
    if (status != DAGPOLE_OK) {
        dp_free(*values);
        *values = NULL;
    }
    return status;
}

/* A column of one parity has the same value, but for signs, at all images of a target: one of them
 * tells all. */
static void put_in_block(const columns *c, int orbit, int a, double *block) {
    const dp_surface *s = c->source;
    int begin = s->parity_begin[a], n = s->parity_begin[a + 1] - begin;
    int column = s->coefficient[8 * orbit + a] - begin;
    const double *from = c->orbit + (size_t)a * c->n_rows * c->parts;
    for (int i = 0; column >= 0 && i < s->n_orbits; i++) {
        int row = s->coefficient[8 * i + a] - begin;
        for (int part = 0; row >= 0 && part < c->parts; part++)
            block[((size_t)column * n + row) * c->parts + part] =
                8 * s->weight[i] * from[c->parts * i + part];
    }
}

dagpole_status dp_interaction_blocks(const dp_surface *s, const dp_kernel *kernel, dp_lambda lambda,
                                     double target_radius, double source_radius,
                                     double *blocks[DP_N_PARITIES]) {
    static const double origin[3] = {0, 0, 0};
    columns c;
    DP_TRY(columns_allocate(s->n_orbits, s, kernel, lambda, &c));
    dagpole_status status = DAGPOLE_OK;
    dp_surface_place(s, target_radius == DP_RADIUS_FAR, target_radius, origin, c.from[0], c.from[1],
                     c.from[2]);
    for (int i = 0; i < s->n_orbits; i++)
        for (int d = 0; d < 3; d++)
            c.target[d][i] = c.from[d][s->image[8 * i]];
    dp_surface_place(s, source_radius == DP_RADIUS_FAR, source_radius, origin, c.from[0], c.from[1],
                     c.from[2]);
    for (int a = 0; a < DP_N_PARITIES; a++) {
        size_t n = (size_t)(s->parity_begin[a + 1] - s->parity_begin[a]);
        blocks[a] = dp_alloc(n * n * c.parts, sizeof *blocks[a]);
        status = blocks[a] ? status : DAGPOLE_NO_MEMORY;
    }
    for (int o = 0; status == DAGPOLE_OK && o < s->n_orbits; o++) {
        status = fill_orbit(&c, o);
        for (int a = 0; status == DAGPOLE_OK && a < DP_N_PARITIES; a++)
            put_in_block(&c, o, a, blocks[a]);
    }
    columns_free(&c);
    return status;
}

/* ---- as a real matrix ------------------------------------------------------------------------ */

/* The place of coefficient i of the component's among those of the surface, first component. */
static void list_places(const dp_surface *s, const dp_surface *component, int *place) {
    for (int a = 0; a < DP_N_PARITIES; a++)
        for (int i = component->parity_begin[a]; i < component->parity_begin[a + 1]; i++)
            place[i] = s->parity_begin[a] + i - component->parity_begin[a];
}

/* How far the second component's coefficients of a parity are behind the first's. */
static int to_second(const dp_surface *component, int i) {
    int a = 0;
    while (i >= component->parity_begin[a + 1])
        a++;
    return component->parity_begin[a + 1] - component->parity_begin[a];
}

static dagpole_status widen(const dp_surface *target, const dp_surface *source, const dp_surface *t,
                            const dp_surface *s, const double *values, double *matrix) {
    int *row = dp_alloc((size_t)t->n + s->n, sizeof *row);
    if (!row)
        return DAGPOLE_NO_MEMORY;
    int *column = row + t->n;
    list_places(target, t, row);
    list_places(source, s, column);
    for (int j = 0; j < s->n; j++) {
        double *first = matrix + (size_t)column[j] * target->n;
        double *second = first + (size_t)to_second(s, j) * target->n;
        for (int a = 0; a < DP_N_PARITIES; a++) {
            int behind = t->parity_begin[a + 1] - t->parity_begin[a];
            for (int i = t->parity_begin[a]; i < t->parity_begin[a + 1]; i++) {
                const double *value = values + 2 * ((size_t)j * t->n + i);
                first[row[i]] = value[0];
                first[row[i] + behind] = second[row[i]] = -value[1];
                second[row[i] + behind] = -value[0];
            }
        }
    }
    dp_free(row);
    return DAGPOLE_OK;
}

dagpole_status dp_interaction_matrix(const dp_surface *target, const dp_surface *source,
                                     const dp_kernel *kernel, dp_lambda lambda,
                                     double target_radius, double source_radius,
                                     const double source_centre[3], double **matrix) {
    *matrix = NULL;
    if (dp_parts(kernel) == 1)
        return dp_interaction_values(target, source, kernel, lambda, target_radius, source_radius,
                                     source_centre, matrix);
    dp_surface *t, *s = NULL;
    double *values = NULL;
    dagpole_status status = dp_surface_create_component(target, &t);
    if (status == DAGPOLE_OK)
        status = dp_surface_create_component(source, &s);
    if (status == DAGPOLE_OK)
        status = dp_interaction_values(t, s, kernel, lambda, target_radius, source_radius,
                                       source_centre, &values);
    if (status == DAGPOLE_OK) {
        *matrix = dp_alloc((size_t)target->n * source->n, sizeof **matrix);
        status = *matrix ? widen(target, source, t, s, values, *matrix) : DAGPOLE_NO_MEMORY;
    }
    if (status != DAGPOLE_OK) {
        dp_free(*matrix);
        *matrix = NULL;
    }
    dp_free(values);
    dp_surface_destroy(s);
    dp_surface_destroy(t);
    return status;
}
