#include "operators/surface.h"

#include <math.h>
#include <string.h>

int dp_parity_permuted(int permutation, int parity) {
    const int *source = dp_permutation[permutation];
    int permuted = 0;
    for (int d = 0; d < 3; d++)
        permuted |= ((parity >> source[d]) & 1) << d;
    return permuted;
}

/* Position of an integer grid point among the surface points, or -1 inside; the table makes the
 * search for images of a point trivial. */
static int *grid_table(int p, int *n_points) {
    int *table = dp_alloc((size_t)p * p * p, sizeof *table);
    int n = 0;
    for (int cell = 0; table && cell < p * p * p; cell++) {
        int i = cell / (p * p), j = cell / p % p, k = cell % p, last = p - 1;
        int is_outer = i == 0 || j == 0 || k == 0 || i == last || j == last || k == last;
        table[cell] = is_outer ? n++ : -1;
    }
    *n_points = n;
    return table;
}

static int reflected(int p, const int at[3], int g) {
    int to[3];
    for (int d = 0; d < 3; d++)
        to[d] = (g >> d) & 1 ? p - 1 - at[d] : at[d];
    return (to[0] * p + to[1]) * p + to[2];
}

static int orbit_size(int p, const int at[3]) {
    int size = 8;
    for (int d = 0; d < 3; d++)
        if (2 * at[d] == p - 1)
            size /= 2;
    return size;
}

/* A cube's grid among the points of the surface: those of its component follow one another from
 * first_point on, orbits from first_orbit on. */
typedef struct shell {
    int p, first_point, n_points, first_orbit, n_orbits;
    double share; /* of the surface's half side */
    int *table, *orbit_of;
} shell;

static void fill_points(dp_surface *s, const shell *shell) {
    int p = shell->p;
    for (int cell = 0; cell < p * p * p; cell++) {
        if (shell->table[cell] < 0)
            continue;
        int i = shell->first_point + shell->table[cell];
        s->x[i] = shell->share * (-1 + 2.0 * (cell / (p * p)) / (p - 1));
        s->y[i] = shell->share * (-1 + 2.0 * (cell / p % p) / (p - 1));
        s->z[i] = shell->share * (-1 + 2.0 * (cell % p) / (p - 1));
    }
}

/* Orbits in the order of their cells; orbit_of[cell] for the representatives. */
static void fill_orbits(dp_surface *s, shell *shell) {
    int p = shell->p, n = shell->first_orbit;
    for (int cell = 0; cell < p * p * p; cell++) {
        int at[3] = {cell / (p * p), cell / p % p, cell % p};
        int is_upper = 2 * at[0] >= p - 1 && 2 * at[1] >= p - 1 && 2 * at[2] >= p - 1;
        shell->orbit_of[cell] = -1;
        if (shell->table[cell] < 0 || !is_upper)
            continue;
        for (int g = 0; g < 8; g++)
            s->image[8 * n + g] = shell->first_point + shell->table[reflected(p, at, g)];
        s->weight[n] = sqrt(orbit_size(p, at)) / 8;
        for (int a = 0; a < DP_N_PARITIES; a++) {
            int vanishes = 0;
            for (int d = 0; d < 3; d++)
                vanishes |= ((a >> d) & 1) && 2 * at[d] == p - 1;
            s->coefficient[8 * n + a] = vanishes ? -1 : 0;
        }
        shell->orbit_of[cell] = n++;
    }
    shell->n_orbits = n - shell->first_orbit;
}

static void number_coefficients(dp_surface *s) {
    int n = 0;
    for (int a = 0; a < DP_N_PARITIES; a++) {
        s->parity_begin[a] = n;
        for (int i = 0; i < s->n_orbits; i++)
            if (s->coefficient[8 * i + a] >= 0)
                s->coefficient[8 * i + a] = n++;
    }
    s->parity_begin[DP_N_PARITIES] = n;
}

static void fill_permutations(dp_surface *s, const shell *shell) {
    int p = shell->p;
    for (int cell = 0; cell < p * p * p; cell++) {
        int at[3] = {cell / (p * p), cell / p % p, cell % p};
        for (int i = 0; shell->orbit_of[cell] >= 0 && i < DP_N_PERMUTATIONS; i++) {
            const int *q = dp_permutation[i];
            int to = shell->orbit_of[(at[q[0]] * p + at[q[1]]) * p + at[q[2]]];
            for (int a = 0; a < DP_N_PARITIES; a++) {
                int from = s->coefficient[8 * shell->orbit_of[cell] + a];
                if (from >= 0)
                    s->permuted[i][from] = s->coefficient[8 * to + dp_parity_permuted(i, a)];
            }
        }
    }
}

enum { MOST_SHELLS = 4 };

/* Of every component the surface itself, and where there are two its inner shell. */
static int list_shells(dp_surface *s, shell shells[MOST_SHELLS]) {
    int n = 0;
    s->n = 0;
    for (int c = 0; c < s->n_components; c++)
        for (int i = 0; i < s->n_components; i++) {
            shell *shell = &shells[n++];
            int p = i ? s->inner_p : s->p;
            shell->p = p;
            shell->share = i ? DP_INNER_NEAR : 1;
            shell->first_point = s->n;
            shell->table = grid_table(p, &shell->n_points);
            shell->orbit_of = dp_alloc((size_t)p * p * p, sizeof(int));
            s->n += shell->n_points;
        }
    s->n_outer = shells[0].n_points;
    return n;
}

static dagpole_status allocate(dp_surface *s) {
    size_t n = (size_t)s->n;
    s->x = dp_alloc(n, sizeof(double));
    s->y = dp_alloc(n, sizeof(double));
    s->z = dp_alloc(n, sizeof(double));
    s->image = dp_alloc(8 * n, sizeof(int));
    s->coefficient = dp_alloc(8 * n, sizeof(int));
    s->weight = dp_alloc(n, sizeof(double));
    int is_complete = s->x && s->y && s->z && s->image && s->coefficient && s->weight;
    for (int i = 0; i < DP_N_PERMUTATIONS; i++) {
        s->permuted[i] = dp_alloc(n, sizeof(int));
        is_complete = is_complete && s->permuted[i];
    }
    return is_complete ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

static dagpole_status fill(dp_surface *s) {
    shell shells[MOST_SHELLS] = {{0}};
    int n = list_shells(s, shells);
    dagpole_status status = allocate(s);
    for (int i = 0; i < n; i++)
        if (!shells[i].table || !shells[i].orbit_of)
            status = DAGPOLE_NO_MEMORY;
    for (int i = 0; status == DAGPOLE_OK && i < n; i++) {
        shells[i].first_orbit = s->n_orbits;
        fill_points(s, &shells[i]);
        fill_orbits(s, &shells[i]);
        s->n_orbits += shells[i].n_orbits;
    }
    if (status == DAGPOLE_OK)
        number_coefficients(s);
    for (int i = 0; i < n; i++) {
        if (status == DAGPOLE_OK)
            fill_permutations(s, &shells[i]);
        dp_free(shells[i].orbit_of);
        dp_free(shells[i].table);
    }
    return status;
}

int dp_surface_inner_points(double radians) {
    return radians < 24 ? 4 : radians < 32 ? 6 : 8;
}

dagpole_status dp_surface_create(int p, int inner_p, dp_surface **surface) {
    *surface = NULL;
    dp_surface *s = dp_alloc_zero(1, sizeof *s);
    if (!s)
        return DAGPOLE_NO_MEMORY;
    s->p = p;
    s->inner_p = inner_p;
    s->n_components = inner_p ? 2 : 1;
    dagpole_status status = fill(s);
    if (status == DAGPOLE_OK)
        *surface = s;
    else
        dp_surface_destroy(s);
    return status;
}

/* The number of a coefficient of the first component among those of this component alone. */
static int component_coefficient(const dp_surface *s, int parity, int coefficient) {
    return coefficient < 0
               ? -1
               : coefficient - s->parity_begin[parity] + s->parity_begin[parity] / s->n_components;
}

static void copy_component(const dp_surface *s, dp_surface *one) {
    size_t n = (size_t)one->n, n_orbits = (size_t)one->n_orbits;
    memcpy(one->x, s->x, n * sizeof *s->x);
    memcpy(one->y, s->y, n * sizeof *s->y);
    memcpy(one->z, s->z, n * sizeof *s->z);
    memcpy(one->image, s->image, 8 * n_orbits * sizeof *s->image);
    memcpy(one->weight, s->weight, n_orbits * sizeof *s->weight);
    for (size_t i = 0; i < 8 * n_orbits; i++)
        one->coefficient[i] = component_coefficient(s, (int)(i % 8), s->coefficient[i]);
    for (int a = 0; a < DP_N_PARITIES; a++) {
        one->parity_begin[a + 1] = s->parity_begin[a + 1] / s->n_components;
        int n_a = one->parity_begin[a + 1] - one->parity_begin[a];
        for (int i = 0; i < DP_N_PERMUTATIONS; i++)
            for (int q = 0; q < n_a; q++)
                one->permuted[i][one->parity_begin[a] + q] = component_coefficient(
                    s, dp_parity_permuted(i, a), s->permuted[i][s->parity_begin[a] + q]);
    }
}

dagpole_status dp_surface_create_component(const dp_surface *s, dp_surface **component) {
    dp_surface *one = dp_alloc_zero(1, sizeof *one);
    *component = NULL;
    if (!one)
        return DAGPOLE_NO_MEMORY;
    one->p = s->p;
    one->n_components = 1;
    one->n = s->n / s->n_components;
    one->n_outer = s->n_outer;
    one->n_orbits = dp_n_places(s);
    if (allocate(one) != DAGPOLE_OK) {
        dp_surface_destroy(one);
        return DAGPOLE_NO_MEMORY;
    }
    copy_component(s, one);
    *component = one;
    return DAGPOLE_OK;
}

void dp_surface_destroy(dp_surface *s) {
    if (!s)
        return;
    for (int i = 0; i < DP_N_PERMUTATIONS; i++)
        dp_free(s->permuted[i]);
    dp_free(s->weight);
    dp_free(s->coefficient);
    dp_free(s->image);
    dp_free(s->z);
    dp_free(s->y);
    dp_free(s->x);
    dp_free(s);
}

void dp_surface_place(const dp_surface *s, int is_far, double scale, const double centre[3],
                      double *x, double *y, double *z) {
    int n = s->n / s->n_components;
    for (int i = 0; i < s->n; i++) {
        double to = is_far && i % n >= s->n_outer ? scale * (DP_INNER_FAR / DP_INNER_NEAR) : scale;
        x[i] = centre[0] + to * s->x[i];
        y[i] = centre[1] + to * s->y[i];
        z[i] = centre[2] + to * s->z[i];
    }
}

/* Sums over the reflections with the signs of each parity, in place: a Walsh-Hadamard transform of
 * length 8. It is its own inverse up to a factor 8. */
static inline void walsh_hadamard(double v[8]) {
    for (int step = 1; step < 8; step *= 2)
        for (int i = 0; i < 8; i++)
            if (!(i & step)) {
                double a = v[i], b = v[i + step];
                v[i] = a + b;
                v[i + step] = a - b;
            }
}

void dp_surface_column_to_parity(const dp_surface *s, int parts, const double *from, double *to) {
    for (int i = 0; i < s->n_orbits; i++)
        for (int part = 0; part < parts; part++) {
            double v[8];
            for (int g = 0; g < 8; g++)
                v[g] = from[parts * s->image[8 * i + g] + part];
            walsh_hadamard(v);
            for (int a = 0; a < 8; a++)
                if (s->coefficient[8 * i + a] >= 0)
                    to[parts * s->coefficient[8 * i + a] + part] = s->weight[i] * v[a];
        }
}

void dp_surface_to_parity(const dp_surface *s, int n_columns, double *matrix, double *work) {
    for (int column = 0; column < n_columns; column++) {
        double *f = matrix + (size_t)column * s->n;
        for (int i = 0; i < s->n; i++)
            work[i] = f[i];
        dp_surface_column_to_parity(s, 1, work, f);
    }
}

void dp_surface_from_parity(const dp_surface *s, int n_columns, double *matrix, double *work) {
    for (int column = 0; column < n_columns; column++) {
        double *f = matrix + (size_t)column * s->n;
        for (int i = 0; i < s->n; i++)
            work[i] = f[i];
        for (int i = 0; i < s->n_orbits; i++) {
            double v[8];
            for (int a = 0; a < 8; a++) {
                int c = s->coefficient[8 * i + a];
                v[a] = c < 0 ? 0 : work[c] / (8 * s->weight[i]);
            }
            walsh_hadamard(v);
            for (int g = 0; g < 8; g++)
                f[s->image[8 * i + g]] = v[g];
        }
    }
}
