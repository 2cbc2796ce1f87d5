/* Coefficients of the cost model: built in, kept, damaged, measured, and what follows from them. */
#include <string.h>
#include <sys/stat.h>

#include "model/cost.h"
#include "platform/scratch.h"
#include "platform/store.h"
#include "suite.h"
#include "tuning/measure.h"

static const char cpu[] = "AuthenticAMD, a processor, 26, 2, 1";
static const dp_isa isa = DP_ISA_AVX2;

/* Each coefficient differs from the built-in one and from the others. */
static dp_rates make_rates(void) {
    dp_rates rates = dp_rates_built_in(isa);
    for (int i = 0; i < DP_N_RATES; i++)
        *dp_rate(&rates, i) *= 1.1 + 0.05 * i;
    return rates;
}

static void assert_same(const dp_rates *a, const dp_rates *b) {
    for (int i = 0; i < DP_N_RATES; i++)
        ck_assert_msg(dp_rate_value(a, i) == dp_rate_value(b, i), "%s differs",
                      dp_rate_entries[i].name);
    ck_assert_str_eq(a->name, b->name);
}

/* Loading from the directory is a success and gives these; the message holds this text, or is
 * empty. */
static void assert_loads(const char *directory, const char *its_cpu, dp_isa its_isa,
                         const dp_rates *expected, const char *text) {
    char message[DP_ERROR_TEXT_BYTES] = "not set";
    dp_rates rates;
    ck_assert_int_eq(dp_rates_load(directory, its_cpu, its_isa, message, &rates), DAGPOLE_OK);
    assert_same(&rates, expected);
    if (*text)
        ck_assert_msg(strstr(message, text) && strstr(message, "are not used"), "%s", message);
    else
        ck_assert_str_eq(message, "");
}

static void assert_built_in(const char *directory, const char *its_cpu, dp_isa its_isa,
                            const char *text) {
    const dp_rates built_in = dp_rates_built_in(its_isa);
    assert_loads(directory, its_cpu, its_isa, &built_in, text);
}

static void save(const scratch *s, dp_rates *rates) {
    ck_assert_msg(dp_rates_save(s->directory, cpu, isa, rates) == DAGPOLE_OK, "%s",
                  dagpole_last_error());
}

/* The one file in the directory. */
static void find_file(const scratch *s, char path[1024]) {
    DIR *directory = opendir(s->directory);
    *path = '\0';
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (entry->d_name[0] != '.')
            snprintf(path, 1024, "%s/%s", s->directory, entry->d_name);
    closedir(directory);
    ck_assert(*path);
}

START_TEST(every_set_is_sound) {
    for (int i = 0; i < DP_N_ISA; i++) {
        const dp_rates rates = dp_rates_built_in((dp_isa)i);
        ck_assert_int_eq(dp_rates_check((dp_isa)i, &rates), DAGPOLE_OK);
        ck_assert_str_eq(rates.name, "built-in");
    }
    for (int i = 0; i < DP_N_RATES; i++)
        for (int j = 0; j < i; j++) {
            ck_assert_str_ne(dp_rate_entries[i].name, dp_rate_entries[j].name);
            ck_assert_uint_ne(dp_rate_entries[i].offset, dp_rate_entries[j].offset);
        }
}
END_TEST

START_TEST(what_is_far_off_is_not_believed) {
    static const double factors[] = {0, -1, 0.008, 125, INFINITY, NAN};
    for (int i = 0; i < DP_N_RATES; i++)
        for (int j = 0; j < 6; j++) {
            dp_rates rates = make_rates(), built_in = dp_rates_built_in(isa);
            *dp_rate(&rates, i) = factors[j] * dp_rate_value(&built_in, i);
            ck_assert_int_eq(dp_rates_check(isa, &rates), DAGPOLE_RUNTIME);
            assert_error_has(dp_rate_entries[i].name);
        }
}
END_TEST

START_TEST(kept_ones_come_back) {
    scratch s = scratch_make("");
    dp_rates rates = make_rates(), others;
    assert_built_in(s.directory, cpu, isa, "");
    assert_built_in("", cpu, isa, "");
    save(&s, &rates);
    ck_assert_int_eq(strncmp(rates.name, "tuned 20", 8), 0);
    ck_assert_uint_eq(strlen(rates.name), strlen("tuned 2026-01-01 01234567"));
    assert_loads(s.directory, cpu, isa, &rates, "");
    others = rates;
    others.point *= 1 + 1e-15;
    save(&s, &others); /* in its place, under another name */
    ck_assert_int_eq(scratch_count(&s), 1);
    ck_assert_str_ne(others.name, rates.name);
    assert_loads(s.directory, cpu, isa, &others, "");
    scratch_remove(&s);
}
END_TEST

/* A directory that machines share: nobody takes another's. */
START_TEST(other_processors_have_their_own) {
    scratch s = scratch_make("");
    dp_rates first = make_rates(), second = make_rates();
    second.flop *= 2;
    save(&s, &first);
    assert_built_in(s.directory, "another", isa, "");
    assert_built_in(s.directory, "", isa, "");
    assert_built_in(s.directory, cpu, DP_ISA_PORTABLE, "");
    ck_assert_int_eq(dp_rates_save(s.directory, "another", isa, &second), DAGPOLE_OK);
    assert_loads(s.directory, cpu, isa, &first, "");
    assert_loads(s.directory, "another", isa, &second, "");
    scratch_remove(&s);
}
END_TEST

START_TEST(truncated_files) {
    scratch s = scratch_make("");
    char path[1024];
    struct stat info;
    dp_rates rates = make_rates();
    save(&s, &rates);
    find_file(&s, path);
    ck_assert_int_eq(stat(path, &info), 0);
    for (off_t length = info.st_size - 1; length >= 0; length -= 97) {
        ck_assert_int_eq(truncate(path, length), 0);
        assert_built_in(s.directory, cpu, isa, "coefficients");
    }
    save(&s, &rates);
    assert_loads(s.directory, cpu, isa, &rates, "");
    scratch_remove(&s);
}
END_TEST

/* A file as dp_rates_save writes it, but for one text or number. */
typedef struct variation {
    const char *format, *cpu, *isa;
    const char *missing; /* attribute */
    int64_t checksum;
    const char *text; /* in the message */
} variation;

static void write_variation(const char *path, const variation *v, const dp_rates *rates) {
    dp_store *store;
    ck_assert_int_eq(dp_store_create(path, &store), DAGPOLE_OK);
    dp_store_set_text(store, "format", v->format ? v->format : "dagpole coefficients 4");
    dp_store_set_text(store, "cpu", v->cpu ? v->cpu : cpu);
    dp_store_set_text(store, "instruction_set", v->isa ? v->isa : dp_isa_title(isa));
    dp_store_set_text(store, "date", "2026-01-01");
    dp_store_set_int(store, "checksum", v->checksum);
    for (int i = 0; i < DP_N_RATES; i++)
        if (!v->missing || strcmp(v->missing, dp_rate_entries[i].name))
            dp_store_set_double(store, dp_rate_entries[i].name, dp_rate_value(rates, i));
    ck_assert_int_eq(dp_store_commit(store), DAGPOLE_OK);
}

START_TEST(foreign_files) {
    scratch s = scratch_make("");
    char path[1024];
    dp_store *store;
    dp_rates rates = make_rates();
    int64_t sum;
    save(&s, &rates);
    find_file(&s, path);
    ck_assert_int_eq(dp_store_open(path, &store), DAGPOLE_OK);
    ck_assert_int_eq(dp_store_get_int(store, "checksum", &sum), DAGPOLE_OK);
    dp_store_close(store);
    const variation variations[] = {
        {.format = "dagpole coefficients 3", .checksum = sum, .text = "another format"},
        {.cpu = "another", .checksum = sum, .text = "another processor"},
        {.isa = "avx512", .checksum = sum, .text = "another processor"},
        {.missing = "flop", .checksum = sum, .text = "'flop'"},
        {.checksum = sum + 1, .text = "checksum"},
    };
    for (int i = 0; i < 5; i++) {
        write_variation(path, &variations[i], &rates);
        assert_built_in(s.directory, cpu, isa, variations[i].text);
    }
    write_variation(path, &(variation){.checksum = sum}, &rates);
    snprintf(rates.name, sizeof rates.name, "tuned 2026-01-01 %08llx", (unsigned long long)sum);
    assert_loads(s.directory, cpu, isa, &rates, "");
    rates.near[DP_REAL_YUKAWA][1] *= 100; /* as written by hand, checksum and all */
    save(&s, &rates);
    assert_built_in(s.directory, cpu, isa, "near_yukawa_reduced");
    unlink(path);
    ck_assert_int_eq(symlink("missing.h5", path), 0); /* not the same as no file */
    assert_built_in(s.directory, cpu, isa, "No such file");
    scratch_remove(&s);
}
END_TEST

START_TEST(places_that_cannot_be_written) {
    scratch s = scratch_make("file");
    dp_rates rates = make_rates();
    char path[2048];
    scratch_write(&s, "no directory");
    ck_assert_int_eq(dp_rates_save(s.path, cpu, isa, &rates), DAGPOLE_FILE);
    assert_error_has(s.path);
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    ck_assert_int_eq(dp_rates_save(path, cpu, isa, &rates), DAGPOLE_FILE);
    unlink(s.path);
    scratch_limit_files(100);
    dagpole_status status = dp_rates_save(s.directory, cpu, isa, &rates);
    scratch_limit_files(-1);
    ck_assert_int_eq(status, DAGPOLE_FILE);
    ck_assert_int_eq(scratch_count(&s), 0);
    scratch_remove(&s);
}
END_TEST

START_TEST(memory_that_runs_out) {
    scratch s = scratch_make("");
    char message[DP_ERROR_TEXT_BYTES];
    dp_rates made = make_rates(), back;
    int64_t live = dp_memory_live();
    dp_memory_fail_at(0, 0);
    save(&s, &made);
    assert_loads(s.directory, cpu, isa, &made, "");
    int64_t n = dp_memory_count();
    ck_assert_int_gt(n, 1);
    for (int64_t k = 1; k <= n; k++) {
        dp_memory_fail_at(k, 0);
        dagpole_status status = dp_rates_save(s.directory, cpu, isa, &made);
        if (status == DAGPOLE_OK)
            status = dp_rates_load(s.directory, cpu, isa, message, &back);
        dp_memory_fail_at(0, 0);
        ck_assert_int_eq(status, DAGPOLE_NO_MEMORY);
        ck_assert_int_eq(dp_memory_live(), live);
    }
    scratch_remove(&s);
}
END_TEST

START_TEST(measured_ones_are_sound) {
    dp_rates rates;
    int64_t live = dp_memory_live();
    dp_isa best = dp_isa_best();
    ck_assert_msg(dp_rates_measure(best, &rates) == DAGPOLE_OK, "%s", dagpole_last_error());
    ck_assert_int_eq(dp_rates_check(best, &rates), DAGPOLE_OK);
    ck_assert_int_eq(dp_memory_live(), live);
}
END_TEST

/* Each failing allocation ends it at once; the later ones of these come while graphs are built. */
START_TEST(measuring_without_memory) {
    dp_rates rates;
    int64_t live = dp_memory_live();
    for (int64_t k = 1; k <= 128; k *= 2) {
        dp_memory_fail_at(k, 1);
        dagpole_status status = dp_rates_measure(dp_isa_best(), &rates);
        dp_memory_fail_at(0, 0);
        ck_assert_int_eq(status, DAGPOLE_NO_MEMORY);
        ck_assert_int_eq(dp_memory_live(), live);
    }
}
END_TEST

START_TEST(costs_are_of_kernel_and_precision) {
    dp_rates rates = make_rates();
    const dp_shape shape = dp_shape_of_charges(1);
    for (int kernel = 0; kernel < DP_N_REAL_KERNELS; kernel++)
        for (int i = 0; i < DP_N_PRECISIONS; i++) {
            dp_cost cost =
                dp_cost_of(&rates, dp_kernel_number(kernel), (dp_precision)i, &shape, DP_POTENTIAL);
            ck_assert(cost.pair == rates.pair[kernel][i]);
            ck_assert(cost.near == rates.near[kernel][i] && cost.leaf_pair == rates.leaf_pair);
            ck_assert(cost.flop == rates.flop && cost.column == rates.column);
            ck_assert(cost.coefficient == rates.coefficient && cost.point == rates.point);
            ck_assert(cost.surface_point == rates.surface_point);
            ck_assert(dp_cost_pairs(&cost, 7, 0) == 7 * rates.surface_point);
            ck_assert(cost.task > 0);
        }
}
END_TEST

SUITE_MAIN("rates", 60, every_set_is_sound, what_is_far_off_is_not_believed, kept_ones_come_back,
           other_processors_have_their_own, truncated_files, foreign_files,
           places_that_cannot_be_written, memory_that_runs_out, measured_ones_are_sound,
           measuring_without_memory, costs_are_of_kernel_and_precision)
