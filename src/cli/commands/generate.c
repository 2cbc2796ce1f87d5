#include "cli/common.h"
#include "cli/json.h"
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct choice {
    const char *path, *distribution, *charges;
    int64_t n, seed;
    int vectors, json;
} choice;

static void print_summary(const choice *choice) {
    if (!choice->json) {
        int is_noun = cli_list_has("dipoles|forces|stresslets", '|', choice->charges);
        printf("%s %s (%s) on a %s, seed %s, in %s\n", cli_text_count(choice->n),
               is_noun ? choice->charges : "charges", is_noun ? "random" : choice->charges,
               choice->distribution, cli_text_count(choice->seed), choice->path);
        return;
    }
    cli_json json = {0};
    cli_json_open(&json, NULL);
    cli_json_text(&json, "file", choice->path);
    cli_json_text(&json, "distribution", choice->distribution);
    cli_json_int(&json, "n", choice->n);
    cli_json_int(&json, "seed", choice->seed);
    cli_json_text(&json, "charges", choice->charges);
    cli_json_int(&json, "n_vectors", choice->vectors);
    cli_json_close(&json);
}

/* What the sources of a cloud carry, and how many numbers that is at a source. */
static double *carried_of(dagpole_cloud *cloud, int *width) {
    dagpole_kernel_info info = cli_kernel_info(cloud->kernel);
    *width = cloud->dipoles ? info.dipole : info.charge;
    return cloud->dipoles ? cloud->dipoles : cloud->charges;
}

/* A surface has its normals, whatever the densities on it are: those of vector 0 in all vectors. */
static void keep_normals(const dagpole_cloud *cloud, const double *first, double *other) {
    if (cloud->kernel == DAGPOLE_STOKES && cloud->dipoles)
        for (int64_t i = 0; i < cloud->n_sources; i++)
            memcpy(other + 6 * i, first + 6 * i, 3 * sizeof *first);
}

/* Vector v has what the cloud whose seed is v more has: the cloud has that of vector 0. */
static dagpole_status write_vectors(const choice *choice, const dagpole_cloud *cloud) {
    int width;
    dagpole_cloud all = *cloud;
    const double *first = carried_of(&all, &width);
    size_t n = (size_t)width * (size_t)cloud->n_sources, bytes = n * sizeof(double);
    double *carried = calloc((size_t)choice->vectors, bytes ? bytes : 1);
    dagpole_status status = carried ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    if (status == DAGPOLE_OK)
        memcpy(carried, first, bytes);
    for (int v = 1; v < choice->vectors && status == DAGPOLE_OK; v++) {
        dagpole_cloud more = {0};
        status =
            dagpole_cloud_generate(choice->distribution, choice->n,
                                   (uint64_t)choice->seed + (uint64_t)v, choice->charges, &more);
        if (status == DAGPOLE_OK) {
            memcpy(carried + (size_t)v * n, carried_of(&more, &width), bytes);
            keep_normals(cloud, first, carried + (size_t)v * n);
        }
        dagpole_cloud_free(&more);
    }
    *(all.dipoles ? &all.dipoles : &all.charges) = carried;
    all.n_vectors = choice->vectors;
    if (status == DAGPOLE_OK)
        status = dagpole_cloud_write(choice->path, &all);
    free(carried);
    return status;
}

static int generate_main(const cli_command *self, int argc, char **argv) {
    choice choice = {.distribution = "cube", .charges = "unit", .n = -1, .seed = 1, .vectors = 1};
    const cli_option options[] = {
        {"--distribution", CLI_CHOICE, &choice.distribution,
         "cube|sphere|plummer|ellipsoid|graded|disk|two-scale|lattice",
         "where the charges lie [cube]", 0, 0},
        {"--n", CLI_COUNT, &choice.n, "N", "how many, such as 1e6; required", 0, 1099511627776.0},
        {"--seed", CLI_COUNT, &choice.seed, "S", "of the random numbers [1]", 0, 1e15},
        {"--charges", CLI_CHOICE, &choice.charges,
         "unit|mixed|alternating|dipoles|complex|forces|stresslets",
         "all 1, in [-1, 1], 1 and -1 in turn, or others in [-1, 1] [unit]", 0, 0},
        {"--vectors", CLI_INT, &choice.vectors, "V", "vectors of charges", 1, 1000000},
        {"--json", CLI_FLAG, &choice.json, NULL, "print one JSON object", 0, 0},
    };
    int code =
        cli_parse(self, sizeof options / sizeof options[0], options, argc, argv, &choice.path);
    if (code != CLI_PROCEED)
        return code;
    if (strcmp(choice.path, "-") == 0)
        return cli_usage(self, "FILE.h5 is a file: HDF5 is not written to the standard output");
    if (choice.n < 0)
        return cli_usage(self, "--n is missing, the number of charges");
    code = cli_store_check(self, choice.path);
    if (code != CLI_PROCEED)
        return code;

    dagpole_cloud cloud = {0};
    dagpole_status status = dagpole_cloud_generate(choice.distribution, choice.n,
                                                   (uint64_t)choice.seed, choice.charges, &cloud);
    if (status == DAGPOLE_OK)
        status = write_vectors(&choice, &cloud);
    dagpole_cloud_free(&cloud);
    if (status == DAGPOLE_OK)
        print_summary(&choice);
    return cli_exit_code(self, status);
}

const cli_command cli_generate = {
    "generate", "FILE.h5", "Writes a cloud of random charges to an HDF5 file.", generate_main};
