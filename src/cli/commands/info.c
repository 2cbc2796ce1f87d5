#include "cli/common.h"
#include "cli/json.h"

#include <stdio.h>

static void print_table(const dagpole_machine *machine) {
    printf("dagpole      %s (StarPU %s, hwloc %s, HDF5 %s)\n", dagpole_version(), machine->starpu,
           machine->hwloc, machine->hdf5);
    printf("cores        %d, sockets %d, NUMA nodes %d, memory %s\n", machine->cores,
           machine->sockets, machine->numa_nodes, cli_text_bytes(machine->memory_bytes));
    printf("caches       L1 %s, L2 %s, L3 %s\n", cli_text_bytes(machine->l1_bytes),
           cli_text_bytes(machine->l2_bytes), cli_text_bytes(machine->l3_bytes));
    printf("instructions %s\n", machine->instruction_set);
    printf("coefficients %s\n", machine->coefficients);
    printf("BLAS         %s\n", machine->blas);
    printf("StarPU       at most %d CPU workers and %d NUMA nodes\n", machine->starpu_max_cpus,
           machine->starpu_max_numa_nodes);
    printf("scheduler    %s; --scheduler or STARPU_SCHED may name another of:\n            ",
           machine->scheduler);
    const char *name;
    for (int i = 0; (name = dagpole_scheduler_name(i)); i++)
        printf(" %s", name);
    putchar('\n');
    if (machine->cache_dir[0])
        printf("cache        %s: %s files, %s\n", machine->cache_dir,
               cli_text_count(machine->cache_files), cli_text_bytes(machine->cache_bytes));
    else
        printf("cache        none\n");
    if (machine->starpu_max_cpus < machine->cores ||
        machine->starpu_max_numa_nodes < machine->numa_nodes)
        printf(
            "\nThis StarPU is too small for the machine: dagpole configured with -Dstarpu=bundled "
            "brings one of its own.\n");
}

static void json_schedulers(cli_json *json) {
    const char *name;
    cli_json_open_array(json, "schedulers");
    for (int i = 0; (name = dagpole_scheduler_name(i)); i++)
        cli_json_text(json, NULL, name);
    cli_json_close(json);
}

static void print_json(const dagpole_machine *machine) {
    cli_json json = {0};
    cli_json_open(&json, NULL);
    cli_json_text(&json, "dagpole", dagpole_version());
    cli_json_text(&json, "starpu", machine->starpu);
    cli_json_text(&json, "hwloc", machine->hwloc);
    cli_json_text(&json, "hdf5", machine->hdf5);
    cli_json_text(&json, "blas", machine->blas);
    cli_json_int(&json, "cores", machine->cores);
    cli_json_int(&json, "sockets", machine->sockets);
    cli_json_int(&json, "numa_nodes", machine->numa_nodes);
    cli_json_int(&json, "memory_bytes", machine->memory_bytes);
    cli_json_open(&json, "cache_sizes");
    cli_json_int(&json, "l1_bytes", machine->l1_bytes);
    cli_json_int(&json, "l2_bytes", machine->l2_bytes);
    cli_json_int(&json, "l3_bytes", machine->l3_bytes);
    cli_json_close(&json);
    cli_json_text(&json, "instruction_set", machine->instruction_set);
    cli_json_text(&json, "coefficients", machine->coefficients);
    cli_json_int(&json, "starpu_max_cpus", machine->starpu_max_cpus);
    cli_json_int(&json, "starpu_max_numa_nodes", machine->starpu_max_numa_nodes);
    cli_json_text(&json, "scheduler", machine->scheduler);
    json_schedulers(&json);
    cli_json_open(&json, "cache");
    cli_json_text(&json, "directory", machine->cache_dir);
    cli_json_int(&json, "files", machine->cache_files);
    cli_json_int(&json, "bytes", machine->cache_bytes);
    cli_json_close(&json);
    cli_json_close(&json);
}

static int info_main(const cli_command *self, int argc, char **argv) {
    const char *operand, *cache = NULL;
    int json = 0;
    const cli_option options[] = {
        {"--cache", CLI_TEXT, &cache, "DIR", "the cache to look into [$XDG_CACHE_HOME/dagpole]", 0,
         0},
        {"--json", CLI_FLAG, &json, NULL, "print one JSON object", 0, 0},
    };
    int code = cli_parse(self, sizeof options / sizeof options[0], options, argc, argv, &operand);
    if (code != CLI_PROCEED)
        return code;
    dagpole_machine machine = {.size = sizeof machine};
    dagpole_status status = dagpole_machine_query(cache, &machine);
    if (status == DAGPOLE_OK) {
        if (json)
            print_json(&machine);
        else
            print_table(&machine);
    }
    return cli_exit_code(self, status);
}

const cli_command cli_info = {"info", NULL,
                              "Shows versions, this machine, schedulers and the cache.", info_main};
