/* The reader of stored operators. The first byte of the input says what makes the file: bytes
 * changed in a sound one, sizes changed in it, or other operators with a checksum that holds. */
#include <dirent.h>

#include "fuzz.h"

#include "operators/cache.h"

enum { N_SIZES = 4 + DP_N_PARITIES + DP_N_CLASSES };

/* All that the cache reads of a kernel. */
static const dp_kernel kernel = {.name = "laplace", .is_homogeneous = 1, .has_permutations = 1};
static const dp_operator_key key = {
    .kernel = &kernel,
    .accuracy = {.p = 3, .tolerance = 1e-2, .svd_cutoff = 1e-10, .m2l_cut = 1. / 7}};
static dp_surface *surface;
static dp_operator_data *built; /* what the sound file holds */
static uint8_t *sound;
static size_t sound_bytes, sizes_at; /* the sizes' place in it */

static dp_operator_data *load(char message[DP_ERROR_TEXT_BYTES]) {
    dp_operator_data *data;
    FUZZ_CHECK(dp_cache_load(fuzz_directory, surface, &key, message, &data) == DAGPOLE_OK);
    FUZZ_CHECK(data ? !*message : strstr(message, "are not used") != NULL);
    return data;
}

/* The name that the cache gives to the one file in the directory. */
static void find_file(void) {
    DIR *directory = opendir(fuzz_directory);
    FUZZ_CHECK(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (entry->d_name[0] != '.')
            snprintf(fuzz_path, sizeof fuzz_path, "%s/%.200s", fuzz_directory, entry->d_name);
    closedir(directory);
}

static void find_sizes(void) {
    int64_t first[3] = {built->n, built->k, built->n_check};
    for (sizes_at = 0; sizes_at + 8 * N_SIZES <= sound_bytes; sizes_at++)
        if (memcmp(sound + sizes_at, first, sizeof first) == 0)
            return;
    FUZZ_CHECK(!"the file holds the sizes");
}

static int64_t n_basis(const dp_operator_data *d, int a) {
    return (int64_t)(surface->parity_begin[a + 1] - surface->parity_begin[a]) *
           (d->k_begin[a + 1] - d->k_begin[a]);
}

/* The largest size that a surface allows, or any up to one more. */
static int size_up_to(fuzz_input *input, int is_full, int most) {
    return is_full ? most : fuzz_below(input, most + 2);
}

/* Operators with these sizes; all values are 0, some orbits perhaps none of the surface's. */
static dp_operator_data *make_sized(fuzz_input *input, int is_full) {
    dp_operator_data *d = dp_alloc_zero(1, sizeof *d);
    FUZZ_CHECK(d);
    d->key = key;
    d->n = surface->n;
    d->n_classes = DP_N_CLASSES;
    d->n_check = size_up_to(input, is_full, surface->n_orbits);
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int n_a = surface->parity_begin[a + 1] - surface->parity_begin[a];
        d->k_begin[a + 1] = d->k_begin[a] + size_up_to(input, is_full, n_a);
    }
    d->k = d->k_begin[DP_N_PARITIES];
    for (int c = 0; c < DP_N_CLASSES; c++)
        d->rank[c] = is_full ? 1 + c % 3 : size_up_to(input, 0, d->k);
    FUZZ_CHECK(dp_operator_data_allocate(d, surface) == DAGPOLE_OK);
    for (int a = 0; a < DP_N_PARITIES; a++) {
        size_t n_p2m = (size_t)(d->k_begin[a + 1] - d->k_begin[a]) * (size_t)d->n_check;
        memset(d->basis[a], 0, (size_t)n_basis(d, a) * sizeof(double));
        memset(d->p2m_parity[a], 0, (size_t)n_basis(d, a) * sizeof(double));
        memset(d->p2m[a], 0, n_p2m * sizeof(double));
    }
    for (int c = 0; c < DP_N_CLASSES; c++) {
        memset(d->a[c], 0, (size_t)(d->k * d->rank[c]) * sizeof(double));
        memset(d->b[c], 0, (size_t)(d->k * d->rank[c]) * sizeof(double));
    }
    for (int j = 0; j < d->n_check; j++)
        d->check[j] = is_full ? j : fuzz_below(input, surface->n_orbits + 2) - 1;
    return d;
}

/* Of every size there is, with values that mean nothing: a reader does not look at them. */
static void make_operators(void) {
    built = make_sized(&(fuzz_input){NULL, 0}, 1);
    for (int a = 0; a < DP_N_PARITIES; a++)
        for (int64_t i = 0; i < n_basis(built, a); i++)
            built->basis[a][i] = built->p2m_parity[a][i] = 1. / (double)(i + a + 1);
    for (int c = 0; c < DP_N_CLASSES; c++)
        for (int64_t i = 0; i < (int64_t)built->k * built->rank[c]; i++)
            built->a[c][i] = -(built->b[c][i] = (double)i * 0x1p-9);
}

static void set_up(void) {
    char message[DP_ERROR_TEXT_BYTES];
    fuzz_open_directory("");
    FUZZ_CHECK(dp_surface_create(key.accuracy.p, 0, &surface) == DAGPOLE_OK);
    make_operators();
    FUZZ_CHECK(dp_cache_save(fuzz_directory, surface, built) == DAGPOLE_OK);
    find_file();
    sound = fuzz_read(&sound_bytes);
    find_sizes();
    dp_operator_data *data = load(message);
    FUZZ_CHECK(data);
    dp_operator_data_destroy(data);
}

/* ---- what holds of operators that were read ------------------------------------------------- */

static void touch(const dp_operator_data *d) {
    for (int a = 0; a < DP_N_PARITIES; a++) {
        fuzz_touch(d->basis[a], n_basis(d, a));
        fuzz_touch(d->p2m_parity[a], n_basis(d, a));
        fuzz_touch(d->p2m[a], (int64_t)(d->k_begin[a + 1] - d->k_begin[a]) * d->n_check);
    }
    for (int c = 0; c < DP_N_CLASSES; c++) {
        fuzz_touch(d->a[c], (int64_t)d->k * d->rank[c]);
        fuzz_touch(d->b[c], (int64_t)d->k * d->rank[c]);
    }
    for (int j = 0; j < d->n_check; j++)
        FUZZ_CHECK(d->check[j] >= 0 && d->check[j] < surface->n_orbits);
}

static int is_same(int64_t n, const double *a, const double *b) {
    return n == 0 || memcmp(a, b, (size_t)n * sizeof *a) == 0;
}

/* A damaged file gives what was built or nothing. */
static void check_is_built(const dp_operator_data *d) {
    FUZZ_CHECK(d->n == built->n && d->k == built->k && d->n_check == built->n_check);
    FUZZ_CHECK(memcmp(d->k_begin, built->k_begin, sizeof built->k_begin) == 0);
    FUZZ_CHECK(memcmp(d->rank, built->rank, sizeof built->rank) == 0);
    FUZZ_CHECK(memcmp(d->check, built->check, (size_t)d->n_check * sizeof *d->check) == 0);
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int64_t k_a = d->k_begin[a + 1] - d->k_begin[a];
        FUZZ_CHECK(is_same(n_basis(d, a), d->basis[a], built->basis[a]));
        FUZZ_CHECK(is_same(n_basis(d, a), d->p2m_parity[a], built->p2m_parity[a]));
        FUZZ_CHECK(is_same(k_a * d->n_check, d->p2m[a], built->p2m[a]));
    }
    for (int c = 0; c < DP_N_CLASSES; c++) {
        FUZZ_CHECK(is_same((int64_t)d->k * d->rank[c], d->a[c], built->a[c]));
        FUZZ_CHECK(is_same((int64_t)d->k * d->rank[c], d->b[c], built->b[c]));
    }
}

/* ---- files ---------------------------------------------------------------------------------- */

static void write_damaged(fuzz_input *input) {
    uint8_t *file = malloc(sound_bytes);
    FUZZ_CHECK(file);
    memcpy(file, sound, sound_bytes);
    fuzz_write(file, fuzz_damage(input, file, sound_bytes));
    free(file);
}

static void write_sizes(fuzz_input *input) {
    uint8_t *file = malloc(sound_bytes);
    FUZZ_CHECK(file);
    memcpy(file, sound, sound_bytes);
    while (input->size) {
        size_t place = sizes_at + 8 * (size_t)fuzz_below(input, N_SIZES);
        int64_t value = fuzz_number(input);
        memcpy(file + place, &value, sizeof value);
    }
    fuzz_write(file, sound_bytes);
    free(file);
}

static void write_others(fuzz_input *input) {
    dp_operator_data *d = make_sized(input, 0);
    FUZZ_CHECK(dp_cache_save(fuzz_directory, surface, d) == DAGPOLE_OK);
    dp_operator_data_destroy(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char message[DP_ERROR_TEXT_BYTES];
    fuzz_input input = {data, size};
    if (!surface)
        set_up();
    int64_t live = dp_memory_live();
    int kind = fuzz_below(&input, 3);
    if (kind == 0)
        write_damaged(&input);
    else if (kind == 1)
        write_sizes(&input);
    else
        write_others(&input);
    dp_operator_data *loaded = load(message);
    if (loaded && kind < 2)
        check_is_built(loaded);
    if (loaded)
        touch(loaded);
    dp_operator_data_destroy(loaded);
    FUZZ_CHECK(dp_memory_live() == live);
    return 0;
}
