#include "operators/isotropic.h"

#include <math.h>

#include "operators/panel.h"

/* The largest wave number or inverse screening length, times half a side, at which moments are put
 * right. */
#define MOST_LAMBDA 1.

/* Points that are met together. */
enum { POINTS = 64 };

/* The largest r^2 that s is wanted at: in the farthest corner of a child's surface of a parent. */
#define LARGEST 3.2

/* Terms of s, until they no longer show. */
static void expand(dp_lambda lambda, dp_isotropic *f) {
    const dp_lambda square = lambda * lambda;
    dp_lambda term = 1;
    double reach = 1;
    for (f->n_terms = 0; f->n_terms < DP_ISOTROPIC_TERMS; f->n_terms++) {
        double of_last = hypot(__real__ term, __imag__ term) * reach;
        if (of_last < 0x1p-60)
            return;
        f->term[0][f->n_terms] = __real__ term;
        f->term[1][f->n_terms] = __imag__ term;
        term *= square / (double)((2 * f->n_terms + 2) * (2 * f->n_terms + 3));
        reach *= LARGEST;
    }
}

/* One part of s, and its derivative with respect to r^2, at r^2. */
static inline double field_at(const dp_isotropic *f, int part, double square, double *slope) {
    double value = 0, rise = 0;
    for (int i = f->n_terms - 1; i >= 0; i--) {
        rise = rise * square + value;
        value = value * square + f->term[part][i];
    }
    *slope = rise;
    return value;
}

/* ---- vectors --------------------------------------------------------------------------------- */

/* Potentials on a surface, as its points' components hold them: the real part, then the negated
 * imaginary one (operators/surface.h). */
typedef struct scene {
    const dp_surface *surface;
    double *x, *y, *z, *value, *work; /* n each */
} scene;

static dagpole_status scene_create(const dp_surface *s, scene *of) {
    double *memory = dp_alloc(5 * (size_t)s->n, sizeof *memory);
    *of =
        (scene){s, memory, memory + s->n, memory + 2 * s->n, memory + 3 * s->n, memory + 4 * s->n};
    return memory ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

static int is_second(const dp_surface *s, int i) {
    return i >= s->n / s->n_components;
}

static double square_at(const scene *of, int i) {
    return of->x[i] * of->x[i] + of->y[i] * of->y[i] + of->z[i] * of->z[i];
}

/* One part of s: of -i s the real part is the imaginary one of s, the negated imaginary part the
 * real one. */
static void put_field(const dp_isotropic *f, int part, const scene *of) {
    double slope;
    for (int i = 0; i < of->surface->n; i++) {
        int second = is_second(of->surface, i);
        double value = field_at(f, second ^ part, square_at(of, i), &slope);
        of->value[i] = second && !part ? -value : value;
    }
    dp_surface_to_parity(of->surface, 1, of->value, of->work);
}

/* What a charge at the centre does, which is 1 or i. */
static void put_charge(const dp_operator_key *key, int part, const scene *of) {
    static const double origin;
    const dp_soa centre = {&origin, &origin, &origin}, points = {of->x, of->y, of->z};
    const int n = of->surface->n / of->surface->n_components;
    const dp_kernel *real = key->kernel, *imaginary = key->kernel->imaginary;
    dp_kernel_matrix(part ? imaginary : real, key->lambda, n, points, 1, centre, of->value);
    if (imaginary)
        dp_kernel_matrix(part ? real : imaginary, key->lambda, n, points, 1, centre, of->value + n);
    for (int i = part ? 0 : n; i < of->surface->n; i++)
        of->value[i] = -of->value[i];
    dp_surface_to_parity(of->surface, 1, of->value, of->work);
}

/* The basis's part of what is on the surface, from parity `begin` to `end`. */
static void project(const dp_operator_data *d, int begin, int end, const scene *of, double *local) {
    for (int a = begin; a < end; a++) {
        const int from = of->surface->parity_begin[a], n = of->surface->parity_begin[a + 1] - from;
        for (int j = d->k_begin[a]; j < d->k_begin[a + 1]; j++) {
            const double *column = d->basis[a] + (size_t)(j - d->k_begin[a]) * n;
            local[j] = 0;
            for (int i = 0; i < n; i++)
                local[j] += column[i] * of->value[from + i];
        }
    }
}

/* The even parity's part of P2M. */
static void fit(const dp_operator_data *d, const scene *of, double *multipole) {
    const int n = of->surface->parity_begin[1], k = d->k_begin[1];
    for (int i = 0; i < n; i++)
        for (int j = 0; j < k; j++)
            multipole[j] += d->p2m_parity[0][j + (size_t)i * k] * of->value[i];
}

static double product(const dp_isotropic *f, const double *x, const double *y) {
    double sum = 0;
    for (int i = 0; i < f->k; i++)
        sum += x[i] * y[i];
    return sum;
}

/* Multipoles such that their products with the fields are 1 and 0. The fields stay: their products
 * with a multipole are the moments of its densities. */
static void normalise(dp_isotropic *f) {
    double m[2][2] = {{1, 0}, {0, 1}};
    double *column[2] = {f->vector + (size_t)f->n_parts * (size_t)f->row,
                         f->vector + (size_t)(2 * f->n_parts - 1) * (size_t)f->row};
    for (int i = 0; i < f->n_parts; i++)
        for (int j = 0; j < f->n_parts; j++)
            m[i][j] = product(f, dp_isotropic_local(f, i), column[j]);
    const double determinant = m[0][0] * m[1][1] - m[0][1] * m[1][0];
    for (int i = 0; i < f->k; i++) {
        double x = column[0][i], y = f->n_parts == 2 ? column[1][i] : 0;
        column[0][i] = (m[1][1] * x - m[1][0] * y) / determinant;
        if (f->n_parts == 2)
            column[1][i] = (m[0][0] * y - m[0][1] * x) / determinant;
    }
}

/* Of a kernel of the caller's nothing is known but that where it falls as 1 / r, whatever the
 * direction, a constant is a field without a source. */
static int is_known(const dp_operator_key *key) {
    const dp_kernel *kernel = key->kernel;
    if (kernel->user)
        return kernel->is_homogeneous && kernel->degree == -1;
    return kernel->has_isotropic &&
           hypot(__real__ key->lambda, __imag__ key->lambda) <= MOST_LAMBDA;
}

dagpole_status dp_isotropic_create(const dp_surface *surface, const dp_operator_data *data,
                                   dp_isotropic *f) {
    *f = (dp_isotropic){.k = data->k_begin[1], .row = DP_PADDED(data->k)};
    if (!is_known(&data->key) || !f->k)
        return DAGPOLE_OK;
    scene of = {0};
    f->vector = dp_alloc_zero(2 * (size_t)surface->n_components * (size_t)f->row, sizeof(double));
    dagpole_status status = f->vector ? scene_create(surface, &of) : DAGPOLE_NO_MEMORY;
    if (status == DAGPOLE_OK) {
        const double centre[3] = {0};
        f->n_parts = surface->n_components;
        f->unit = data->key.kernel->user ? 4 * M_PI : 1;
        expand(data->key.kernel->user ? 0 : data->key.lambda, f);
        dp_surface_place(surface, 0, DP_RADIUS_NEAR, centre, of.x, of.y, of.z);
        for (int part = 0; part < f->n_parts; part++) {
            put_field(f, part, &of);
            project(data, 0, 1, &of, f->vector + (size_t)part * f->row);
        }
        dp_surface_place(surface, 1, DP_RADIUS_FAR, centre, of.x, of.y, of.z);
        for (int part = 0; part < f->n_parts; part++) {
            put_charge(&data->key, part, &of);
            fit(data, &of, f->vector + (size_t)(f->n_parts + part) * f->row);
        }
        normalise(f);
    }
    dp_free(of.x);
    return status;
}

void dp_isotropic_free(dp_isotropic *isotropic) {
    dp_free(isotropic->vector);
    *isotropic = (dp_isotropic){0};
}

dagpole_status dp_isotropic_of_child(const dp_isotropic *parent, const dp_surface *surface,
                                     const dp_operator_data *child, int part, double *local) {
    scene of = {0};
    DP_TRY(scene_create(surface, &of));
    dp_surface_place(surface, 0, 0.5 * DP_RADIUS_NEAR, (double[3]){0.5, 0.5, 0.5}, of.x, of.y,
                     of.z);
    put_field(parent, part, &of);
    project(child, 0, DP_N_PARITIES, &of, local);
    dp_free(of.x);
    return DAGPOLE_OK;
}

/* ---- moments --------------------------------------------------------------------------------- */

/* Of Laplace. */
static int is_constant(const dp_isotropic *f) {
    return f->n_terms == 1 && f->n_parts == 1;
}

static int n_of(int64_t n, int64_t begin) {
    return (int)(n - begin < POINTS ? n - begin : POINTS);
}

/* A part of s at some points, and its gradient in the points' unit. */
typedef struct samples {
    double value[2][POINTS], gradient[2][3][POINTS];
} samples;

static void sample(const dp_isotropic *f, const dp_frame *frame, int n, dp_soa points, samples *s) {
    const double unit = 1 / (frame->half * frame->half);
    for (int part = 0; part < f->n_parts; part++)
        for (int i = 0; i < n; i++) {
            double x = points.x[i] - frame->centre[0], y = points.y[i] - frame->centre[1],
                   z = points.z[i] - frame->centre[2], slope;
            s->value[part][i] = field_at(f, part, (x * x + y * y + z * z) * unit, &slope);
            slope *= 2 * unit;
            s->gradient[part][0][i] = slope * x;
            s->gradient[part][1][i] = slope * y;
            s->gradient[part][2][i] = slope * z;
        }
}

/* What one part of s does with one row of what is carried. */
static double moment_of(const samples *s, int part, int n, dp_carried c) {
    double sum = 0;
    for (int i = 0; c.charge && i < n; i++)
        sum += c.charge[i] * s->value[part][i];
    for (int i = 0; c.dipole.x && i < n; i++)
        sum += c.dipole.x[i] * s->gradient[part][0][i] + c.dipole.y[i] * s->gradient[part][1][i] +
               c.dipole.z[i] * s->gradient[part][2][i];
    return sum;
}

/* Charges alone. */
static void add_charges(int64_t n, dp_carried carried, int64_t stride, int n_vectors,
                        double *moments) {
    for (int v = 0; carried.charge && v < n_vectors; v++)
        for (int64_t i = 0; i < n; i++)
            moments[v] += carried.charge[v * stride + i];
}

static void add_samples(const dp_isotropic *f, const samples *s, int n, dp_carried carried,
                        int64_t stride, int n_vectors, double *moments) {
    const int n_parts = f->n_parts;
    for (int v = 0; v < n_vectors; v++) {
        dp_carried re = dp_carried_from(carried, n_parts * v * stride);
        if (n_parts == 1) {
            moments[v] += moment_of(s, 0, n, re);
            continue;
        }
        dp_carried im = dp_carried_from(re, stride);
        moments[2 * v] += moment_of(s, 0, n, re) - moment_of(s, 1, n, im);
        moments[2 * v + 1] += moment_of(s, 1, n, re) + moment_of(s, 0, n, im);
    }
}

void dp_isotropic_add_moments(const dp_isotropic *f, const dp_frame *frame, int64_t n,
                              dp_soa points, dp_carried carried, int64_t stride, int n_vectors,
                              double *moments) {
    samples s;
    if (is_constant(f)) {
        add_charges(n, carried, stride, n_vectors, moments);
        return;
    }
    for (int64_t i = 0; i < n; i += POINTS) {
        int n_here = n_of(n, i);
        sample(f, frame, n_here, dp_soa_from(points, i), &s);
        add_samples(f, &s, n_here, dp_carried_from(carried, i), stride, n_vectors, moments);
    }
}

void dp_isotropic_set(const dp_isotropic *f, const double *moments, double *multipole) {
    double missing[2];
    for (int part = 0; part < f->n_parts; part++)
        missing[part] = moments[part] - product(f, dp_isotropic_local(f, part), multipole);
    for (int part = 0; part < f->n_parts; part++) {
        const double *charge = dp_isotropic_multipole(f, part);
        for (int i = 0; i < f->k; i++)
            multipole[i] += missing[part] * charge[i];
    }
}

void dp_isotropic_clear(const dp_isotropic *f, double *multipole) {
    static const double none[2];
    if (is_constant(f))
        dp_isotropic_set(f, none, multipole);
}

double dp_isotropic_size(const dp_isotropic *f, int part, const double *local) {
    return product(f, dp_isotropic_multipole(f, part), local);
}

void dp_isotropic_take(const dp_isotropic *f, double times, const double *local, double *from) {
    const double *constant = dp_isotropic_local(f, 0);
    const double at_centre = times * dp_isotropic_size(f, 0, local);
    for (int i = 0; i < f->k; i++)
        from[i] -= at_centre * constant[i];
}

/* Adds `size` times a part of s to one row of sums. */
static void add_field(const samples *s, int part, double size, int n, dp_sums out) {
    for (int i = 0; i < n; i++)
        out.potential[i] += size * s->value[part][i];
    for (int i = 0; out.gx && i < n; i++) {
        out.gx[i] += size * s->gradient[part][0][i];
        out.gy[i] += size * s->gradient[part][1][i];
        out.gz[i] += size * s->gradient[part][2][i];
    }
}

/* (x - i y) s of each vector, x and y its sizes. */
static void add_fields(const dp_isotropic *f, const samples *s, const double *size, double scale,
                       int n, int n_vectors, dp_sums out, int64_t out_stride) {
    for (int v = 0; v < n_vectors; v++, size += f->n_parts) {
        dp_sums real = dp_sums_from(out, f->n_parts * v * out_stride);
        add_field(s, 0, scale * size[0], n, real);
        if (f->n_parts == 1)
            continue;
        dp_sums imaginary = dp_sums_from(real, out_stride);
        add_field(s, 1, scale * size[1], n, real);
        add_field(s, 1, scale * size[0], n, imaginary);
        add_field(s, 0, -scale * size[1], n, imaginary);
    }
}

static void add_constants(const double *size, double scale, int64_t n, int n_vectors, dp_sums out,
                          int64_t out_stride) {
    for (int v = 0; v < n_vectors; v++)
        for (int64_t i = 0; i < n; i++)
            out.potential[v * out_stride + i] += scale * size[v];
}

void dp_isotropic_evaluate(const dp_isotropic *f, const double *size, const dp_frame *frame,
                           int n_vectors, int64_t n, dp_soa points, dp_sums out,
                           int64_t out_stride) {
    samples s;
    const double scale = f->unit / frame->half;
    if (is_constant(f)) {
        add_constants(size, scale, n, n_vectors, out, out_stride);
        return;
    }
    for (int64_t i = 0; i < n; i += POINTS) {
        int n_here = n_of(n, i);
        sample(f, frame, n_here, dp_soa_from(points, i), &s);
        add_fields(f, &s, size, scale, n_here, n_vectors, dp_sums_from(out, i), out_stride);
    }
}
