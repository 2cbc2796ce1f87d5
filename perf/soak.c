/* What is used for days keeps no memory: evaluations of one plan, plans of one context, contexts
 * one after the other. */
#include "perf.h"

#include "base/memory.h"

#include <stdio.h>
#include <unistd.h>

static int64_t resident_bytes(void) {
    long long total, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || fscanf(file, "%lld %lld", &total, &resident) != 2)
        perf_fail("/proc/self/statm tells no memory");
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

/* The first eighth of each loop fills what is filled once: StarPU's and malloc's own pools. */
enum { N_STEPS = 8 };

typedef struct soak {
    const perf_scene *scene;
    dagpole_context *context;
    perf_plan plan;
} soak;

/* In leaves of 30 points: so few would be summed directly. */
static void open_plan(soak *s) {
    s->plan = perf_plan_create(s->context, s->scene, 30, 1);
}

static void use_evaluation(soak *s) {
    perf_plan_evaluate(&s->plan, s->scene->charged);
}

static void use_plan(soak *s) {
    open_plan(s);
    use_evaluation(s);
    perf_plan_destroy(&s->plan);
}

static void use_context(soak *s) {
    s->context = perf_context(s->scene->threads, s->scene->chosen->is_serial);
    use_plan(s);
    dagpole_context_destroy(s->context);
}

/* Does it n times and tells what memory does; 1 where it grew by more than is allowed after the
 * first step, or where the library itself holds more blocks. */
static int repeat(soak *s, const char *what, int64_t n, void (*use)(soak *s), perf_table *t) {
    int64_t first = 0, last = 0, blocks = dp_memory_live();
    char name[32];
    perf_scene_row(s->scene, t);
    perf_cells(t, WORD("use", what), COUNT("times", n));
    for (int step = 0; step < N_STEPS; step++) {
        for (int64_t i = n * step / N_STEPS; i < n * (step + 1) / N_STEPS; i++)
            use(s);
        last = resident_bytes();
        first = step ? first : last;
        snprintf(name, sizeof name, "mib_%d/%d", step + 1, N_STEPS);
        perf_cells(t, REAL(name, (double)last / (1 << 20)));
    }
    blocks = dp_memory_live() - blocks;
    perf_cells(t, COUNT("kib_more", (last - first) / 1024), COUNT("blocks_more", blocks));
    perf_row_end(t);
    return (double)(last - first) > s->scene->chosen->most_mib * (1 << 20) || blocks != 0;
}

int sweep_soak(const perf_choice *o, perf_table *t) {
    int n_grown = 0;
    for (perf_scene *scene = NULL; (scene = perf_next(o, scene)) != NULL;) {
        soak s = {.scene = scene, .context = perf_context(scene->threads, o->is_serial)};
        open_plan(&s);
        n_grown += repeat(&s, "evaluation", o->n_evaluations, use_evaluation, t);
        perf_plan_check(&s.plan, scene->charged);
        perf_plan_destroy(&s.plan);
        n_grown += repeat(&s, "plan", o->n_plans, use_plan, t);
        dagpole_context_destroy(s.context);
        n_grown += repeat(&s, "context", o->n_contexts, use_context, t);
    }
    return n_grown;
}
