/* P2P: the near pairs of a block's leaves.
 *
 * Where the sources are the targets, a leaf meets itself and what comes after it, both sides at
 * once; what came before has met it. What that does to leaves of later blocks goes to the block's
 * halo (layout/halo.h). */
#include <math.h>
#include <string.h>

#include "ops/views.h"

/* Sources of leaves that follow one another: they lie one behind the other in their field, and so
 * do their sums. */
typedef struct p2p_run {
    int32_t access, at, n; /* their field, where in its rows, how many */
    int32_t sums_at;       /* mutual plans: where in the rows of the field of their sums */
} p2p_run;

/* Of each of the task's fields. */
typedef struct p2p_field {
    int32_t row;  /* padded length */
    int32_t sums; /* mutual plans, of a field of sources: the field of their sums */
} p2p_field;

typedef struct p2p_leaf {
    dp_key key;
    dp_precision precision;
    int32_t at, n;   /* its targets */
    int32_t run_end; /* of its runs; they begin where those of the leaf before end */
} p2p_leaf;

/* Behind the leaves lie the runs, and behind these the fields. */
typedef struct p2p_work {
    const dp_near_fn (*sums)[DP_N_ISA]; /* by precision */
    dp_isa isa;
    dp_lambda lambda;
    double least;
    int is_apart;
    const dp_cube *cube;
    int level;
    dp_shape shape;
    dp_target_fields targets;
    int32_t n_halos; /* parts of the halo: fields 1 ... */
    int32_t n_leaves, n_runs;
    p2p_leaf leaf[];
} p2p_work;

enum { SUMS = 0, HALO = 1 };

/* ---- the plan ---- */

static p2p_run *runs_of(const p2p_work *w) {
    return (p2p_run *)(w->leaf + w->n_leaves);
}

static p2p_field *fields_of(const p2p_work *w) {
    return (p2p_field *)(runs_of(w) + w->n_runs);
}

/* First entry of the leaf's row that its task sums. */
static int64_t first_entry(const dp_csr *near, int32_t leaf, int is_mutual) {
    int64_t i = near->offset[leaf];
    while (is_mutual && i < near->offset[leaf + 1] && near->index[i] <= leaf)
        i++;
    return i;
}

/* The part of block b's halo that holds leaves of a later block. */
static int64_t part_of(const dp_layout *layout, int32_t b, int32_t later) {
    return dp_halo_part_of(&layout->halo, b, layout->blocks.block[later].node);
}

/* Where a mutual plan's sums of a near leaf lie: in the block's own, or in its halo. */
static int32_t sums_at(const dp_layout *layout, int32_t b, int32_t leaf) {
    const dp_halo *halo = &layout->halo;
    int32_t to = layout->blocks.of_box[leaf];
    if (to == b)
        return (int32_t)layout->blocks.target_at[leaf];
    int64_t part = part_of(layout, b, to);
    int64_t begin = halo->part[part].entry_begin, end = halo->part[part].entry_end;
    while (end - begin > 1) {
        int64_t middle = begin + (end - begin) / 2;
        if (halo->leaf[middle] <= leaf)
            begin = middle;
        else
            end = middle;
    }
    return (int32_t)halo->at[begin];
}

static void count_pairs(const dp_problem *p, int32_t leaf, int32_t near, dp_task *task) {
    int sides = dp_is_mutual(p) && near != leaf ? 2 : 1;
    double n_targets = (double)dp_n_targets(p->tree, leaf),
           n_sources = (double)dp_n_sources(p->tree, near);
    task->cost += (dp_cost_near(&p->cost, n_targets, n_sources) + p->cost.leaf_pair) * sides;
    task->pairs += n_targets * n_sources * sides;
}

/* The runs of one leaf. */
static void add_runs(const dp_layout *layout, int32_t b, int32_t leaf, p2p_work *w, p2p_run *run,
                     dp_task *task) {
    const dp_problem *p = layout->problem;
    const dp_csr *near = &layout->interactions->near;
    const int32_t *index = near->index, *of_box = layout->blocks.of_box;
    int is_mutual = dp_is_mutual(p);
    int64_t i = first_entry(near, leaf, is_mutual), end = near->offset[leaf + 1];
    if (is_mutual)
        count_pairs(p, leaf, leaf, task);
    while (i < end) {
        p2p_run *r = &run[w->n_runs++];
        int32_t last = index[i++];
        r->at = (int32_t)layout->blocks.source_at[last];
        r->n = (int32_t)dp_n_sources(p->tree, last);
        r->access = dp_read_sources(layout, last, task);
        if (is_mutual)
            r->sums_at = sums_at(layout, b, last);
        count_pairs(p, leaf, last, task);
        for (; i < end && index[i] == last + 1 && of_box[last + 1] == of_box[last]; i++) {
            last = index[i];
            r->n += (int32_t)dp_n_sources(p->tree, last);
            dp_read_sources(layout, last, task);
            count_pairs(p, leaf, last, task);
        }
    }
}

/* That which the coarsest of the leaves that meet allows: of the blocks it knows nothing. */
static dp_precision precision_of(const dp_layout *layout, int32_t leaf) {
    const dp_problem *p = layout->problem;
    const dp_csr *near = &layout->interactions->near;
    int level = p->tree->level[leaf];
    for (int64_t i = near->offset[leaf]; i < near->offset[leaf + 1]; i++) {
        int of_near = p->tree->level[near->index[i]];
        level = of_near < level ? of_near : level;
    }
    return dp_precision_of_near_waves(p->precision, p->most_radians,
                                      dp_wave_number(p->lambda) *
                                          dp_cube_side(&p->tree->cube, level));
}

static void add_leaf(const dp_layout *layout, int32_t b, int32_t leaf, p2p_work *w, int32_t *n,
                     dp_task *task) {
    p2p_leaf *l = &w->leaf[(*n)++];
    l->key = layout->problem->tree->key[leaf];
    l->precision = precision_of(layout, leaf);
    l->at = (int32_t)layout->blocks.target_at[leaf];
    l->n = (int32_t)dp_n_targets(layout->problem->tree, leaf);
    add_runs(layout, b, leaf, w, runs_of(w), task);
    l->run_end = w->n_runs;
}

static void count(const dp_layout *layout, const dp_block *block, size_t *n_leaves,
                  size_t *n_entries) {
    const dp_csr *near = &layout->interactions->near;
    *n_leaves = *n_entries = 0;
    for (int32_t box = block->box_begin; box < block->box_end; box++) {
        int64_t n = near->offset[box + 1] - first_entry(near, box, dp_is_mutual(layout->problem));
        *n_leaves += dp_csr_length(near, box) > 0;
        *n_entries += (size_t)n;
    }
}

static void set_fields(const dp_layout *layout, int32_t b, p2p_work *w, dp_task *task) {
    const dp_halo *halo = &layout->halo;
    int is_mutual = dp_is_mutual(layout->problem);
    dp_task_access(task, layout->of_block[b][DP_TARGETS], is_mutual ? DP_WRITE : DP_READ_WRITE);
    for (int64_t part = halo->part_begin[b]; part < halo->part_begin[b + 1]; part++)
        dp_task_access(task, layout->of_part[part], DP_WRITE);
    w->targets = dp_add_to_targets(layout, b, DP_READ_WRITE, task);
    w->n_halos = (int32_t)(halo->part_begin[b + 1] - halo->part_begin[b]);
}

static void describe_fields(const dp_layout *layout, int32_t b, const p2p_work *w,
                            const dp_task *task) {
    p2p_field *fields = fields_of(w);
    for (int32_t i = 0; i < task->n_accesses; i++) {
        const dp_field_place *place = &layout->field[task->field[i]];
        fields[i].row = dp_row_of_field(layout, task->field[i]);
        if (w->targets.is_mutual && place->quantity == DP_SOURCES && place->block != b)
            fields[i].sums =
                HALO + (int32_t)(part_of(layout, b, place->block) - layout->halo.part_begin[b]);
    }
}

static dagpole_status plan(const dp_layout *layout, int32_t b, dp_task *task) {
    const dp_problem *p = layout->problem;
    const dp_block *block = &layout->blocks.block[b];
    const dp_csr *near = &layout->interactions->near;
    size_t n_leaves, n_entries;
    int32_t n = 0;
    if (!block->n_targets)
        return DAGPOLE_OK;
    count(layout, block, &n_leaves, &n_entries);
    size_t n_halos = (size_t)(layout->halo.part_begin[b + 1] - layout->halo.part_begin[b]);
    size_t most_fields = n_halos + n_entries + 2,
           fixed = sizeof(p2p_work) + n_leaves * sizeof(p2p_leaf);
    p2p_work *w =
        dp_task_work(task, fixed + n_entries * sizeof(p2p_run) + most_fields * sizeof(p2p_field));
    if (!w)
        return DAGPOLE_NO_MEMORY;
    w->sums = dp_strip_is_plain(&p->shape) ? p->kernel->near : p->kernel->near_many;
    w->isa = p->isa;
    w->lambda = p->lambda;
    w->least = p->least;
    /* what is then the least distance is above DP_NEAREST (tests/geometry/test_points.c) */
    w->is_apart = dp_is_mutual(p) && !p->sources->has_tiny;
    w->cube = &p->tree->cube;
    w->level = block->level;
    w->shape = p->shape;
    w->n_leaves = (int32_t)n_leaves;
    set_fields(layout, b, w, task);
    for (int32_t box = block->box_begin; box < block->box_end; box++)
        if (dp_csr_length(near, box))
            add_leaf(layout, b, box, w, &n, task);
    describe_fields(layout, b, w, task);
    dp_task_trim(task, fixed + (size_t)w->n_runs * sizeof(p2p_run) +
                           (size_t)task->n_accesses * sizeof(p2p_field));
    return DAGPOLE_OK;
}

/* ---- the run ---- */

/* The sums of one slice of a leaf's targets with all that is near, of a batch of vectors. */
typedef struct slice {
    const p2p_work *w;
    const p2p_field *of; /* per field */
    void *const *fields;
    dp_worker *worker;
    int n_sums; /* rows that the call wants */
    int has_pressure;
    dp_precision precision; /* of the leaf */
    int first, n_vectors;   /* the batch */
} slice;

/* Points with what they carry and their sums in the batch. */
typedef struct near_points {
    dp_soa at;
    dp_carried carried;
    int64_t carried_stride;
    dp_sums out;
    int64_t out_stride;
} near_points;

static void sum(const slice *s, dp_strip *sources) {
    dp_near near = {.lambda = s->w->lambda,
                    .least = s->w->least,
                    .n_sums = s->n_sums,
                    .has_pressure = s->has_pressure,
                    .is_mutual = s->w->targets.is_mutual,
                    .is_apart = s->w->is_apart,
                    .targets = &s->worker->targets,
                    .sources = sources,
                    .user = s->worker->scratch.user};
    s->w->sums[s->precision][s->w->isa](&near);
}

static int is_single(const slice *s) {
    return s->precision == DP_SINGLE || s->precision == DP_ROUGH;
}

static void flush(const slice *s) {
    dp_strip *sources = &s->worker->sources;
    if (sources->n) {
        dp_strip_end(sources, s->n_sums);
        sum(s, sources);
        dp_strip_take(sources);
    }
    dp_strip_begin(sources, is_single(s), &s->worker->targets.frame);
}

/* Points i ... i + n - 1. */
static void add_points(const near_points *p, int64_t i, int n, dp_strip *strip) {
    dp_strip_add(strip, n, dp_soa_from(p->at, i), dp_carried_from(p->carried, i), p->carried_stride,
                 dp_sums_from(p->out, i), p->out_stride);
}

static void add_sources(const slice *s, const near_points *p, int64_t begin, int64_t end) {
    dp_strip *strip = &s->worker->sources;
    for (int64_t i = begin; i < end;) {
        if (!dp_strip_room(strip))
            flush(s);
        int64_t left = end - i, room = dp_strip_room(strip);
        int n = (int)(left < room ? left : room);
        add_points(p, i, n, strip);
        i += n;
    }
}

static void fetch_row(const double *row, int64_t n) {
    for (int64_t i = 0; i < n; i += 8)
        __builtin_prefetch(row + i);
}

/* Leaves are short: they end before the processor has found out that it meets a row. */
static void fetch_rows(const slice *s, const p2p_run *run) {
    const double *x = (const double *)s->fields[run->access] + run->at;
    int64_t n = run->n < DP_STRIP ? run->n : DP_STRIP, row = s->of[run->access].row;
    for (int d = 0; d < 3; d++)
        fetch_row(x + d * row, n);
    int64_t n_rows = dp_n_carried(&s->w->shape), first = 3 + n_rows * s->first;
    for (int64_t k = first; k < first + n_rows * s->n_vectors; k++)
        fetch_row(x + k * row, n);
}

/* What points of a field carry, in the batch. */
static void set_carried(const slice *s, const void *field, dp_points_at sources, near_points *p) {
    p->carried = dp_source_carried(&s->w->shape, field, sources, s->first);
    p->carried_stride = dp_carried_stride(&s->w->shape, sources.row);
}

/* first: where the sums of points begin in the first of a field's rows. */
static void set_sums(const slice *s, double *first, int64_t row, near_points *p) {
    p->out_stride = dp_sums_stride(&s->w->shape, row);
    p->out = dp_sums_of_rows(first + s->first * p->out_stride, row, s->n_sums);
}

static void add_run(const slice *s, const p2p_run *run) {
    const void *field = s->fields[run->access];
    dp_points_at sources = {run->at, run->n, s->of[run->access].row};
    near_points p = {.at = dp_source_points(field, sources)};
    set_carried(s, field, sources, &p);
    if (s->w->targets.is_mutual) {
        int32_t sums = s->of[run->access].sums;
        set_sums(s, (double *)s->fields[sums] + run->sums_at, s->of[sums].row, &p);
    }
    add_sources(s, &p, 0, run->n);
}

/* Largest charges, and dipoles over half a side, of the batch's vectors in a field, where they are
 * larger. Parts of a value are added to one another: they share theirs. */
static void widen(const slice *s, int32_t access, double half, double largest[DP_STRIP_VECTORS]) {
    const dp_shape *shape = &s->w->shape;
    const double *here = dp_largest_carried(shape, s->fields[access], s->of[access].row) + s->first;
    const int n_parts = dp_n_parts(shape);
    for (int v = 0; v < s->n_vectors; v++) {
        double *of_value = &largest[v / n_parts * n_parts];
        *of_value = fmax(*of_value, fmax(here[v], here[shape->n_vectors + v] / half));
    }
}

/* The frame of a leaf, and per vector a unit that holds every charge around it. */
static dp_strip_frame frame_of(const slice *s, const p2p_leaf *leaf, const p2p_run *begin,
                               const p2p_run *end) {
    dp_frame box = dp_frame_of(s->w->cube, s->w->level, leaf->key);
    dp_strip_frame frame = {.half = box.half};
    const int n_parts = dp_n_parts(&s->w->shape);
    double largest[DP_STRIP_VECTORS] = {0};
    memcpy(frame.centre, box.centre, sizeof frame.centre);
    if (s->w->targets.is_mutual)
        widen(s, s->w->targets.coordinates, box.half, largest);
    for (const p2p_run *run = begin; run < end; run++)
        widen(s, run->access, box.half, largest);
    for (int v = 0; v < s->n_vectors; v++)
        frame.charge_unit[v] = dp_strip_charge_unit(largest[v / n_parts * n_parts]);
    return frame;
}

static near_points targets_of(const slice *s, const p2p_leaf *leaf) {
    const dp_target_fields *t = &s->w->targets;
    dp_points_at all = {leaf->at, leaf->n, s->of[SUMS].row};
    near_points p = {.at = dp_target_points(t, s->fields, all)};
    set_sums(s, (double *)s->fields[SUMS] + all.at, all.row, &p);
    if (t->is_mutual)
        set_carried(s, s->fields[t->coordinates], all, &p);
    return p;
}

/* Points [begin, begin + n) of a leaf's targets. */
static void sum_slice(const slice *s, const p2p_leaf *leaf, const p2p_run *run,
                      const p2p_run *run_end, int64_t begin, int n) {
    dp_strip *targets = &s->worker->targets;
    near_points all = targets_of(s, leaf);
    dp_strip_frame frame = frame_of(s, leaf, run, run_end);
    dp_strip_begin(targets, is_single(s), &frame);
    add_points(&all, begin, n, targets);
    dp_strip_end(targets, s->n_sums);
    dp_strip_begin(&s->worker->sources, is_single(s), &frame);
    if (s->w->targets.is_mutual) {
        sum(s, targets);
        add_sources(s, &all, begin + n, leaf->n);
    }
    for (; run < run_end; run++) {
        if (run + 1 < run_end)
            fetch_rows(s, run + 1);
        add_run(s, run);
    }
    flush(s);
    dp_strip_take(targets);
}

/* Rows that nobody asks for stay as they are. */
static void zero(const dp_shape *shape, double *sums, int64_t row, int n_sums) {
    for (int v = 0; v < shape->n_vectors; v++)
        memset(sums + v * dp_sums_stride(shape, row), 0,
               (size_t)n_sums * (size_t)row * sizeof *sums);
}

static void sum_leaf(const slice *s, const p2p_leaf *leaf, const p2p_run *run,
                     const p2p_run *run_end) {
    int most = s->worker->targets.most;
    for (int64_t at = 0; at < leaf->n; at += most) {
        int64_t left = leaf->n - at;
        sum_slice(s, leaf, run, run_end, at, (int)(left < most ? left : most));
    }
}

static void sum_leaves(slice *s) {
    const p2p_work *w = s->w;
    const p2p_run *runs = runs_of(w), *next = runs;
    dp_strip_use_vectors(&s->worker->targets, s->n_vectors);
    dp_strip_use_vectors(&s->worker->sources, s->n_vectors);
    for (int32_t i = 0; i < w->n_leaves; i++) {
        s->precision = w->leaf[i].precision;
        sum_leaf(s, &w->leaf[i], next, runs + w->leaf[i].run_end);
        next = runs + w->leaf[i].run_end;
    }
}

/* The first to write the block's sums: sets them to zero. */
static dagpole_status run(const void *work, void *const *fields, dp_worker *worker) {
    const p2p_work *w = work;
    slice s = {w,
               fields_of(w),
               fields,
               worker,
               .n_sums = dp_call_sums(worker->call),
               .has_pressure = worker->call->pressures != NULL};
    int at_once = dp_shape_at_once(&w->shape, DP_STRIP_VECTORS);
    for (int32_t i = 0; i < HALO + w->n_halos; i++)
        zero(&w->shape, fields[i], s.of[i].row, s.n_sums);
    for (; s.first < w->shape.n_vectors; s.first += at_once) {
        s.n_vectors = dp_vectors_left(w->shape.n_vectors, s.first, at_once);
        sum_leaves(&s);
    }
    return DAGPOLE_OK;
}

const dp_op dp_op_p2p = {"P2P", plan, run};
