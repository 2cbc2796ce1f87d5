/* Whether what workers write for themselves lies on their NUMA nodes, and copies of operators on
 * those that they were made for: 0 where all of it does and as many nodes as are expected are home
 * to workers. For a machine with several nodes. */
#include "api/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_POINTS = 5000 };

static int n_arrays, n_elsewhere;

static void try(dagpole_status status) {
    if (status == DAGPOLE_OK)
        return;
    fprintf(stderr, "%s\n", dagpole_last_error());
    exit(2);
}

/* As the kernel tells; what cannot be read has none. */
static int has_memory(int node) {
    char path[80];
    long long kib = 0;
    snprintf(path, sizeof path, "/sys/devices/system/node/node%d/meminfo", node);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    int n = fscanf(file, "Node %*d MemTotal: %lld", &kib);
    fclose(file);
    return n == 1 && kib > 0;
}

/* at: on a page that no other array shares. A worker that had no near pairs has touched no strip.
 * What belongs to a node without memory may lie anywhere. */
static void expect(const char *name, int owner, void *at, int node) {
    int found;
    dp_machine_nodes_of(1, &at, &found);
    if ((found < 0 && strcmp(name, "strip") == 0) || !has_memory(node))
        return;
    n_arrays++;
    n_elsewhere += found != node;
    if (found != node)
        fprintf(stderr, "%s of %d lies on node %d instead of %d\n", name, owner, found, node);
}

static void look_at_workers(const dagpole_plan *plan) {
    const dp_graph *g = plan->graph;
    for (int i = 0; i < g->n_workers; i++) {
        const dp_worker *worker = &g->workers[i];
        int node = dp_runtime_node_of(plan->context->runtime, i);
        expect("scratch", i, worker->scratch.product, node);
        expect("strip", i, worker->targets.x_f, node);
        expect("strip", i, worker->sources.x_f, node);
    }
}

static void look_at_copies(const dagpole_plan *plan, int n_expected) {
    dp_nodes nodes;
    dp_runtime_nodes(plan->context->runtime, &nodes);
    for (int k = 0; k < nodes.n; k++) {
        dp_operators *copy;
        try(dp_operators_copy(plan->operators, nodes.number[k], &copy));
        const dp_panel *panel = &copy->sets[0].m2l[0].part[0].a;
        expect("operators", k, panel->data + panel->m_padded * panel->n / 2, nodes.number[k]);
        dp_operators_copy_free(copy);
    }
    if (nodes.n != n_expected) {
        fprintf(stderr, "%d nodes are home to workers instead of %d\n", nodes.n, n_expected);
        n_elsewhere++;
    }
}

int main(int argc, char **argv) {
    int n_homes = argc == 2 ? atoi(argv[1]) : 0;
    static double points[3 * N_POINTS], values[N_POINTS];
    dagpole_context *context;
    dagpole_plan *plan;
    dagpole_plan_options options;
    for (int i = 0; i < 3 * N_POINTS; i++)
        points[i] = (double)rand() / RAND_MAX;
    dagpole_plan_options_init(&options);
    options.digits = 3;
    options.n_crit = 100; /* operators are needed */
    try(dagpole_context_create(NULL, &context));
    try(dagpole_plan_create(context, &options, N_POINTS, points, 0, NULL, &plan));
    try(dagpole_plan_evaluate(plan, points, values, NULL));
    look_at_workers(plan);
    look_at_copies(plan, n_homes);
    printf("%d of %d arrays lie elsewhere\n", n_elsewhere, n_arrays);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    return n_elsewhere || n_arrays == 0;
}
