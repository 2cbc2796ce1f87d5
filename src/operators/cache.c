#include "operators/cache.h"
#include "base/checksum.h"

#include <stdio.h>
#include <string.h>

#include "platform/directory.h"
#include "platform/store.h"

/* Raised whenever the meaning of what is stored changes. */
#define FORMAT "dagpole operators 9"

static int path_of(const char *directory, const dp_operator_key *key, char path[DP_PATH_BYTES]) {
    char wave[40] = "";
    if (key->kernel->imaginary)
        snprintf(wave, sizeof wave, "-k%a", dp_wave_number(key->lambda));
    int n = snprintf(path, DP_PATH_BYTES, "%s/%s-l%a%s-p%d-t%a-c%a-m%a-o%a.h5", directory,
                     key->kernel->name, dp_damping(key->lambda), wave, key->accuracy.p,
                     key->accuracy.tolerance, key->accuracy.svd_cutoff, key->accuracy.m2l_cut,
                     key->accuracy.more_orbits);
    return n > 0 && n < DP_PATH_BYTES;
}

/* One array of the file: what both reading and writing walk over. */
typedef struct item {
    char name[24];
    char type;
    int64_t count;
    void *values;
} item;

enum { MAX_ITEMS = 3 * DP_N_PARITIES + 2 * DP_MOST_CLASSES + 1 };

static int list_items(const dp_surface *s, dp_operator_data *d, int64_t *check, item *items) {
    int n = 0;
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int64_t n_a = s->parity_begin[a + 1] - s->parity_begin[a];
        int64_t k_a = d->k_begin[a + 1] - d->k_begin[a], count = n_a * k_a;
        items[n] = (item){.type = 'd', .count = count, .values = d->basis[a]};
        snprintf(items[n++].name, sizeof items->name, "/basis/%d", a);
        items[n] = (item){.type = 'd', .count = count, .values = d->p2m_parity[a]};
        snprintf(items[n++].name, sizeof items->name, "/p2m_parity/%d", a);
        items[n] =
            (item){.type = 'd', .count = k_a * s->n_components * d->n_check, .values = d->p2m[a]};
        snprintf(items[n++].name, sizeof items->name, "/p2m/%d", a);
    }
    for (int c = 0; c < d->n_classes; c++) {
        int64_t count = (int64_t)d->k * d->rank[c];
        items[n] = (item){.type = 'd', .count = count, .values = d->a[c]};
        snprintf(items[n++].name, sizeof items->name, "/m2l_a/%d", c);
        items[n] = (item){.type = 'd', .count = count, .values = d->b[c]};
        snprintf(items[n++].name, sizeof items->name, "/m2l_b/%d", c);
    }
    items[n++] = (item){"/check", 'i', d->n_check, check};
    return n;
}

/* Over 64-bit words: every stored number is one. */
static uint64_t checksum(const item *items, int n, const int64_t *sizes, int n_sizes) {
    uint64_t sum = DP_CHECKSUM_BEGIN;
    for (int i = 0; i < n_sizes; i++)
        sum = dp_checksum_add(sum, (uint64_t)sizes[i]);
    for (int i = 0; i < n; i++)
        for (int64_t j = 0; j < items[i].count; j++) {
            uint64_t word;
            memcpy(&word, (const char *)items[i].values + 8 * j, 8);
            sum = dp_checksum_add(sum, word);
        }
    return sum;
}

enum { FIRST_RANK = 4 + DP_N_PARITIES, MOST_SIZES = FIRST_RANK + DP_MOST_CLASSES };

static int n_sizes(const dp_operator_data *d) {
    return FIRST_RANK + d->n_classes;
}

/* n, n_check, k by parity, ranks: one array. */
static void pack_sizes(const dp_operator_data *d, int64_t sizes[MOST_SIZES]) {
    int n = 0;
    sizes[n++] = d->n;
    sizes[n++] = d->k;
    sizes[n++] = d->n_check;
    for (int a = 0; a <= DP_N_PARITIES; a++)
        sizes[n++] = d->k_begin[a];
    for (int c = 0; c < d->n_classes; c++)
        sizes[n++] = d->rank[c];
}

/* 0 where the sizes cannot be those of operators on this surface. */
static int unpack_sizes(const int64_t sizes[MOST_SIZES], const dp_surface *s, dp_operator_data *d) {
    int64_t n = sizes[0], k = sizes[1], n_check = sizes[2];
    int is_sound = n == s->n && k >= 0 && k <= n && n_check >= 0 && n_check <= dp_n_places(s) &&
                   sizes[3] == 0 && sizes[3 + DP_N_PARITIES] == k;
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int64_t n_a = s->parity_begin[a + 1] - s->parity_begin[a];
        /* not negative as soon as all before it are sound: the difference cannot overflow */
        is_sound = is_sound && sizes[4 + a] >= sizes[3 + a] && sizes[4 + a] - sizes[3 + a] <= n_a;
    }
    for (int c = 0; c < d->n_classes; c++)
        is_sound = is_sound && sizes[FIRST_RANK + c] >= 0 && sizes[FIRST_RANK + c] <= k;
    if (!is_sound)
        return 0;
    d->n = (int)n;
    d->k = (int)k;
    d->n_check = (int)n_check;
    for (int a = 0; a <= DP_N_PARITIES; a++)
        d->k_begin[a] = (int)sizes[3 + a];
    for (int c = 0; c < d->n_classes; c++)
        d->rank[c] = (int)sizes[FIRST_RANK + c];
    return 1;
}

static dagpole_status read_attributes(dp_store *store, const dp_operator_key *key, int *is_ours,
                                      int64_t *sum) {
    char format[64], kernel[64];
    double lambda, wave_number, tolerance, cutoff, m2l_cut, more_orbits;
    int64_t p;
    *is_ours = 0;
    DP_TRY(dp_store_get_text(store, "format", format, sizeof format));
    if (strcmp(format, FORMAT) != 0) /* attributes are others, too */
        return DAGPOLE_OK;
    DP_TRY(dp_store_get_text(store, "kernel", kernel, sizeof kernel));
    DP_TRY(dp_store_get_double(store, "lambda", &lambda));
    DP_TRY(dp_store_get_double(store, "wave_number", &wave_number));
    DP_TRY(dp_store_get_double(store, "tolerance", &tolerance));
    DP_TRY(dp_store_get_double(store, "svd_cutoff", &cutoff));
    DP_TRY(dp_store_get_double(store, "m2l_cut", &m2l_cut));
    DP_TRY(dp_store_get_double(store, "more_orbits", &more_orbits));
    DP_TRY(dp_store_get_int(store, "p", &p));
    DP_TRY(dp_store_get_int(store, "checksum", sum));
    *is_ours = !strcmp(kernel, key->kernel->name) && lambda == dp_damping(key->lambda) &&
               wave_number == dp_wave_number(key->lambda) && tolerance == key->accuracy.tolerance &&
               cutoff == key->accuracy.svd_cutoff && m2l_cut == key->accuracy.m2l_cut &&
               more_orbits == key->accuracy.more_orbits && p == key->accuracy.p;
    return DAGPOLE_OK;
}

/* orbits travel as 64-bit integers */
static dagpole_status read_items(dp_store *store, const dp_surface *surface,
                                 const int64_t sizes[MOST_SIZES], int64_t sum,
                                 dp_operator_data *d) {
    item items[MAX_ITEMS];
    int64_t *check = dp_alloc((size_t)d->n_check, sizeof *check);
    dagpole_status status = check ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    int n = list_items(surface, d, check, items);
    for (int i = 0; status == DAGPOLE_OK && i < n; i++)
        if (items[i].count)
            status =
                dp_store_read(store, items[i].name, items[i].type, items[i].count, items[i].values);
    if (status == DAGPOLE_OK && (int64_t)checksum(items, n, sizes, n_sizes(d)) != sum)
        status = dp_fail(DAGPOLE_FILE, "the checksum does not match");
    for (int j = 0; status == DAGPOLE_OK && j < d->n_check; j++) {
        d->check[j] = (int)check[j];
        if (check[j] < 0 || check[j] >= dp_n_places(surface))
            status = dp_fail(DAGPOLE_FILE, "check orbit %d is %lld", j, (long long)check[j]);
    }
    dp_free(check);
    return status;
}

static dagpole_status load(dp_store *store, const dp_surface *surface, dp_operator_data *d) {
    int is_ours;
    int64_t sum, sizes[MOST_SIZES];
    DP_TRY(read_attributes(store, &d->key, &is_ours, &sum));
    if (!is_ours)
        return dp_fail(DAGPOLE_FILE, "it holds other operators or another format");
    DP_TRY(dp_store_read(store, "/sizes", 'i', n_sizes(d), sizes));
    if (!unpack_sizes(sizes, surface, d))
        return dp_fail(DAGPOLE_FILE, "its sizes are not those of operators with p = %d",
                       surface->p);
    DP_TRY(dp_operator_data_allocate(d, surface));
    return read_items(store, surface, sizes, sum, d);
}

dagpole_status dp_cache_load(const char *directory, const dp_surface *surface,
                             const dp_operator_key *key, char message[DP_ERROR_TEXT_BYTES],
                             dp_operator_data **out) {
    char path[DP_PATH_BYTES];
    dp_store *store = NULL;
    message[0] = '\0';
    *out = NULL;
    if (!*directory || !path_of(directory, key, path) || dp_store_is_absent(path))
        return DAGPOLE_OK;
    dp_operator_data *d = dp_alloc_zero(1, sizeof *d);
    if (!d)
        return DAGPOLE_NO_MEMORY;
    d->key = *key;
    d->n_classes = dp_n_classes(key);
    dagpole_status status = dp_store_open(path, &store);
    if (status == DAGPOLE_OK)
        status = load(store, surface, d);
    dp_store_close(store);
    if (status == DAGPOLE_OK) {
        *out = d;
        return DAGPOLE_OK;
    }
    dp_operator_data_destroy(d);
    snprintf(message, DP_ERROR_TEXT_BYTES, "operators in %.200s are not used: %.250s", path,
             dagpole_last_error());
    return status == DAGPOLE_NO_MEMORY ? status : DAGPOLE_OK;
}

static dagpole_status write_attributes(dp_store *store, const dp_operator_key *key, int64_t sum) {
    DP_TRY(dp_store_set_short_text(store, "format", FORMAT));
    DP_TRY(dp_store_set_short_text(store, "kernel", key->kernel->name));
    DP_TRY(dp_store_set_double(store, "lambda", dp_damping(key->lambda)));
    DP_TRY(dp_store_set_double(store, "wave_number", dp_wave_number(key->lambda)));
    DP_TRY(dp_store_set_double(store, "tolerance", key->accuracy.tolerance));
    DP_TRY(dp_store_set_double(store, "svd_cutoff", key->accuracy.svd_cutoff));
    DP_TRY(dp_store_set_double(store, "m2l_cut", key->accuracy.m2l_cut));
    DP_TRY(dp_store_set_double(store, "more_orbits", key->accuracy.more_orbits));
    DP_TRY(dp_store_set_int(store, "p", key->accuracy.p));
    return dp_store_set_int(store, "checksum", sum);
}

static dagpole_status save(dp_store *store, const dp_surface *surface, const dp_operator_data *d,
                           int64_t *check) {
    item items[MAX_ITEMS];
    int64_t sizes[MOST_SIZES], shape[1] = {n_sizes(d)};
    for (int j = 0; j < d->n_check; j++)
        check[j] = d->check[j];
    int n = list_items(surface, (dp_operator_data *)d, check, items);
    pack_sizes(d, sizes);
    DP_TRY(write_attributes(store, &d->key, (int64_t)checksum(items, n, sizes, n_sizes(d))));
    DP_TRY(dp_store_write(store, "/sizes", 'i', 1, shape, sizes));
    for (int i = 0; i < n; i++) {
        shape[0] = items[i].count;
        if (items[i].count)
            DP_TRY(dp_store_write(store, items[i].name, items[i].type, 1, shape, items[i].values));
    }
    return DAGPOLE_OK;
}

dagpole_status dp_cache_save(const char *directory, const dp_surface *surface,
                             const dp_operator_data *data) {
    char path[DP_PATH_BYTES];
    dp_store *store = NULL;
    if (!path_of(directory, &data->key, path))
        return dp_fail(DAGPOLE_FILE, "the cache directory's path is too long");
    DP_TRY(dp_directory_make("the cache directory", directory));
    int64_t *check = dp_alloc((size_t)data->n_check, sizeof *check);
    dagpole_status status = check ? dp_store_create(path, &store) : DAGPOLE_NO_MEMORY;
    if (status == DAGPOLE_OK)
        status = save(store, surface, data, check);
    if (status == DAGPOLE_OK)
        status = dp_store_commit(store);
    else
        dp_store_close(store);
    dp_free(check);
    return status;
}
