#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/checksum.h"
#include "base/text.h"
#include "model/rates.h"
#include "platform/directory.h"
#include "platform/store.h"

/* Raised whenever the meaning of a coefficient changes. */
#define FORMAT "dagpole coefficients 4"

enum { DATE_BYTES = 11 };

/* Over 32-bit words, folded. */
static uint32_t checksum(const dp_rates *rates) {
    uint64_t sum = DP_CHECKSUM_BEGIN;
    for (int i = 0; i < DP_N_RATES; i++) {
        double value = dp_rate_value(rates, i);
        uint64_t word;
        memcpy(&word, &value, sizeof word);
        for (int half = 0; half < 2; half++)
            sum = dp_checksum_add(sum, (uint32_t)(word >> 32 * half));
    }
    return (uint32_t)(sum ^ sum >> 32);
}

static int path_of(const char *directory, const char *cpu, dp_isa isa, char path[DP_PATH_BYTES]) {
    int n = snprintf(path, DP_PATH_BYTES, "%s/coefficients-%s-%016llx.h5", directory,
                     dp_isa_title(isa), (unsigned long long)dp_text_hash(cpu));
    return n > 0 && n < DP_PATH_BYTES;
}

static void set_name(dp_rates *rates, const char *date) {
    snprintf(rates->name, sizeof rates->name, "tuned %.10s %08x", date, checksum(rates));
}

static dagpole_status read_rates(dp_store *store, const char *cpu, dp_isa isa, dp_rates *rates) {
    char format[64], its_cpu[256], its_isa[16], date[DATE_BYTES];
    int64_t sum;
    DP_TRY(dp_store_get_text(store, "format", format, sizeof format));
    DP_TRY(dp_store_get_text(store, "cpu", its_cpu, sizeof its_cpu));
    DP_TRY(dp_store_get_text(store, "instruction_set", its_isa, sizeof its_isa));
    if (strcmp(format, FORMAT) || strcmp(its_cpu, cpu) || strcmp(its_isa, dp_isa_title(isa)))
        return dp_fail(DAGPOLE_FILE, "they are another processor's or of another format");
    DP_TRY(dp_store_get_text(store, "date", date, sizeof date));
    DP_TRY(dp_store_get_int(store, "checksum", &sum));
    for (int i = 0; i < DP_N_RATES; i++)
        DP_TRY(dp_store_get_double(store, dp_rate_entries[i].name, dp_rate(rates, i)));
    if (sum != (int64_t)checksum(rates))
        return dp_fail(DAGPOLE_FILE, "the checksum does not match");
    set_name(rates, date);
    return dp_rates_check(isa, rates);
}

dagpole_status dp_rates_load(const char *directory, const char *cpu, dp_isa isa,
                             char message[DP_ERROR_TEXT_BYTES], dp_rates *rates) {
    char path[DP_PATH_BYTES];
    dp_store *store = NULL;
    dp_rates tuned = {.name = ""};
    message[0] = '\0';
    *rates = dp_rates_built_in(isa);
    if (!*directory || !path_of(directory, cpu, isa, path) || dp_store_is_absent(path))
        return DAGPOLE_OK;
    dagpole_status status = dp_store_open(path, &store);
    if (status == DAGPOLE_OK)
        status = read_rates(store, cpu, isa, &tuned);
    dp_store_close(store);
    if (status == DAGPOLE_OK) {
        *rates = tuned;
        return DAGPOLE_OK;
    }
    snprintf(message, DP_ERROR_TEXT_BYTES,
             "coefficients in %.200s are not used until they are tuned anew: %.220s", path,
             dagpole_last_error());
    return status == DAGPOLE_NO_MEMORY ? status : DAGPOLE_OK;
}

static dagpole_status write_rates(dp_store *store, const char *cpu, dp_isa isa, const char *date,
                                  const dp_rates *rates) {
    DP_TRY(dp_store_set_text(store, "format", FORMAT));
    DP_TRY(dp_store_set_text(store, "cpu", cpu));
    DP_TRY(dp_store_set_text(store, "instruction_set", dp_isa_title(isa)));
    DP_TRY(dp_store_set_text(store, "date", date));
    DP_TRY(dp_store_set_int(store, "checksum", (int64_t)checksum(rates)));
    for (int i = 0; i < DP_N_RATES; i++)
        DP_TRY(dp_store_set_double(store, dp_rate_entries[i].name, dp_rate_value(rates, i)));
    return DAGPOLE_OK;
}

dagpole_status dp_rates_save(const char *directory, const char *cpu, dp_isa isa, dp_rates *rates) {
    char path[DP_PATH_BYTES], date[DATE_BYTES] = "";
    dp_store *store;
    struct tm day;
    time_t now = time(NULL);
    if (!path_of(directory, cpu, isa, path))
        return dp_fail(DAGPOLE_FILE, "the cache directory's path is too long");
    DP_TRY(dp_directory_make("the cache directory", directory));
    if (gmtime_r(&now, &day))
        strftime(date, sizeof date, "%Y-%m-%d", &day);
    set_name(rates, date);
    DP_TRY(dp_store_create(path, &store));
    dagpole_status status = write_rates(store, cpu, isa, date, rates);
    if (status == DAGPOLE_OK)
        return dp_store_commit(store);
    dp_store_close(store);
    return status;
}
