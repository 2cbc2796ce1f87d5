#include "runtime/starpu_handles.h"

#include <stdlib.h>
#include <string.h>

#include "platform/machine.h"

static const enum starpu_data_access_mode mode_of[] = {
    [DP_READ] = STARPU_R, [DP_WRITE] = STARPU_W, [DP_READ_WRITE] = STARPU_RW};

static const dp_field *field_of(const dp_stream *stream, int64_t access) {
    return &stream->fields[stream->access_field[access]];
}

/* ---- registration ------------------------------------------------------------------------- */

/* StarPU's memory node for a NUMA node of the system, -1 = unknown. */
static int memory_node(int numa_node) {
    int node = numa_node < 0 ? -1 : starpu_memory_nodes_numa_id_to_devid(numa_node);
    return node < 0 ? STARPU_MAIN_RAM : node;
}

/* A field lies at its home. One that has none lies where its first page was touched, or in the
 * first node as long as nothing has touched it. */
static dagpole_status find_homes(dp_handles *h) {
    const dp_stream *stream = h->stream;
    size_t n = (size_t)stream->n_fields;
    void **data = dp_alloc(n, sizeof *data);
    if (!data)
        return DAGPOLE_NO_MEMORY;
    for (size_t f = 0; f < n; f++)
        data[f] = stream->fields[f].data;
    dp_machine_nodes_of((int64_t)n, data, h->home);
    for (size_t f = 0; f < n; f++)
        h->home[f] = memory_node(stream->fields[f].node >= 0 ? stream->fields[f].node : h->home[f]);
    dp_free(data);
    return DAGPOLE_OK;
}

static void set_copies(dp_copies *copies, unsigned node) {
    for (unsigned w = 0; w < DP_NODE_WORDS; w++)
        atomic_store_explicit(&copies->node[w], w == node / 64 ? UINT64_C(1) << node % 64 : 0,
                              memory_order_relaxed);
}

/* 1 where the node held none before. */
static int add_copy(dp_copies *copies, unsigned node) {
    uint64_t bit = UINT64_C(1) << node % 64;
    _Atomic uint64_t *word = &copies->node[node / 64];
    if (atomic_load_explicit(word, memory_order_relaxed) & bit)
        return 0;
    return !(atomic_fetch_or_explicit(word, bit, memory_order_relaxed) & bit);
}

static void register_fields(dp_handles *h) {
    for (int32_t f = 0; f < h->stream->n_fields; f++) {
        const dp_field *field = &h->stream->fields[f];
        if (!field->bytes)
            continue;
        starpu_variable_data_register(&h->of_field[f], h->home[f], (uintptr_t)field->data,
                                      field->bytes);
        if (h->copies)
            set_copies(&h->copies[f], (unsigned)h->home[f]);
    }
}

/* By insertion: StarPU sorts a task's handles in each submission, and is quicker where they are. */
static void insert_access(dp_handles *h, int64_t begin, int64_t end, int32_t a,
                          starpu_data_handle_t handle) {
    int64_t at = end;
    for (; at > begin && (uintptr_t)h->of_access[at - 1] > (uintptr_t)handle; at--) {
        h->of_access[at] = h->of_access[at - 1];
        h->access[at] = h->access[at - 1];
    }
    h->of_access[at] = handle;
    h->access[at] = a;
}

/* Where a run leaves out a step of a record, what it declares to write plainly keeps what it holds,
 * so that StarPU is not told that it is overwritten. */
static dp_access mode_in(const dp_handles *h, const dp_record *record, int32_t a) {
    dp_access mode = (dp_access)h->stream->access_mode[record->access_begin + a];
    int may_keep = h->is_partial && h->stream->step_op && record->n_steps > 1;
    return mode == DP_WRITE && may_keep ? DP_READ_WRITE : mode;
}

void dp_handles_set_modes(dp_handles *h, int is_partial) {
    h->is_partial = is_partial;
    for (int64_t i = 0; i < h->stream->n_records; i++)
        for (int64_t k = h->begin[i]; k < h->begin[i + 1]; k++)
            h->modes[k] = mode_of[mode_in(h, &h->stream->records[i], h->access[k])];
}

static void list_accesses(dp_handles *h) {
    const dp_stream *stream = h->stream;
    int64_t n = 0;
    for (int64_t i = 0; i < stream->n_records; i++) {
        const dp_record *record = &stream->records[i];
        h->begin[i] = n;
        for (int32_t a = 0; a < record->n_access; a++) {
            int32_t field = stream->access_field[record->access_begin + a];
            if (stream->fields[field].bytes)
                insert_access(h, h->begin[i], n++, a, h->of_field[field]);
        }
    }
    h->begin[stream->n_records] = n;
    dp_handles_set_modes(h, 0);
}

static dagpole_status allocate(dp_handles *h) {
    const dp_stream *stream = h->stream;
    size_t n_fields = (size_t)stream->n_fields, n_accesses = (size_t)stream->n_accesses;
    h->of_field = dp_alloc_zero(n_fields, sizeof(starpu_data_handle_t));
    h->home = dp_alloc_zero(n_fields, sizeof *h->home);
    h->begin = dp_alloc((size_t)stream->n_records + 1, sizeof *h->begin);
    h->access = dp_alloc(n_accesses, sizeof *h->access);
    h->of_access = dp_alloc(n_accesses, sizeof(starpu_data_handle_t));
    h->modes = dp_alloc(n_accesses, sizeof *h->modes);
    if (!h->of_field || !h->home || !h->begin || !h->access || !h->of_access || !h->modes)
        return DAGPOLE_NO_MEMORY;
    if (starpu_memory_nodes_get_count() <= 1)
        return DAGPOLE_OK;
    h->copies = dp_alloc_zero(n_fields, sizeof *h->copies);
    return h->copies ? find_homes(h) : DAGPOLE_NO_MEMORY;
}

dagpole_status dp_handles_create(const dp_stream *stream, dp_handles *handles) {
    *handles = (dp_handles){.stream = stream};
    if (allocate(handles) != DAGPOLE_OK) {
        dp_handles_forget(handles);
        return DAGPOLE_NO_MEMORY;
    }
    register_fields(handles);
    list_accesses(handles);
    return DAGPOLE_OK;
}

/* No task runs any more, so that StarPU need not submit one to wait for them. */
static void unregister(starpu_data_handle_t handle) {
    starpu_data_set_sequential_consistency_flag(handle, 0);
    starpu_data_unregister(handle);
}

void dp_handles_destroy(dp_handles *handles) {
    for (int32_t f = 0; handles->of_field && f < handles->stream->n_fields; f++)
        if (handles->of_field[f])
            unregister(handles->of_field[f]);
    dp_handles_forget(handles);
}

void dp_handles_forget(dp_handles *handles) {
    dp_free(handles->of_field);
    dp_free(handles->home);
    dp_free(handles->copies);
    dp_free(handles->begin);
    dp_free(handles->access);
    dp_free(handles->of_access);
    dp_free(handles->modes);
    *handles = (dp_handles){0};
}

/* ---- tasks -------------------------------------------------------------------------------- */

void dp_handles_attach(const dp_handles *handles, int64_t record, struct starpu_task *task) {
    int64_t begin = handles->begin[record], n = dp_handles_count(handles, record);
    starpu_data_handle_t *of_access = handles->of_access + begin;
    enum starpu_data_access_mode *modes = handles->modes + begin;
    task->nbuffers = (int)n;
    if (n > STARPU_NMAXBUFS) {
        task->dyn_handles = of_access;
        task->dyn_modes = modes;
    } else {
        memcpy(task->handles, of_access, (size_t)n * sizeof(starpu_data_handle_t));
        memcpy(task->modes, modes, (size_t)n * sizeof *modes);
    }
}

static void free_interfaces(struct starpu_task *task) {
    free(task->dyn_interfaces);
    task->dyn_interfaces = NULL;
}

void dp_handles_renew(struct starpu_task *task, int64_t n_handles) {
    if (task->dyn_handles)
        free_interfaces(task);
    task->nbuffers = (int)n_handles;
}

void dp_handles_detach(struct starpu_task *task) {
    free_interfaces(task);
    task->dyn_handles = NULL;
    task->dyn_modes = NULL;
}

void dp_handles_buffers(const dp_handles *handles, int64_t record, void **interfaces,
                        void **buffers) {
    const dp_stream *stream = handles->stream;
    const dp_record *what = &stream->records[record];
    int64_t begin = handles->begin[record], n = dp_handles_count(handles, record);
    for (int32_t a = 0; n < what->n_access && a < what->n_access; a++) /* some have no bytes */
        buffers[a] = field_of(stream, what->access_begin + a)->data;
    for (int64_t k = 0; k < n; k++)
        buffers[handles->access[begin + k]] = (void *)STARPU_VARIABLE_GET_PTR(interfaces[k]);
}

int64_t dp_handles_copied(dp_handles *handles, int64_t record, unsigned node) {
    const dp_stream *stream = handles->stream;
    const dp_record *what = &stream->records[record];
    int64_t bytes = 0;
    if (!handles->copies)
        return 0;
    for (int64_t a = what->access_begin; a < what->access_begin + what->n_access; a++) {
        dp_copies *copies = &handles->copies[stream->access_field[a]];
        dp_access mode = mode_in(handles, what, (int32_t)(a - what->access_begin));
        if (mode != DP_WRITE && add_copy(copies, node))
            bytes += (int64_t)field_of(stream, a)->bytes;
        if (mode != DP_READ)
            set_copies(copies, node);
    }
    return bytes;
}

dagpole_status dp_handles_fetch(dp_handles *handles, int32_t field, dp_access mode) {
    if (!handles->copies || !handles->of_field[field])
        return DAGPOLE_OK;
    starpu_data_handle_t handle = handles->of_field[field];
    int home = handles->home[field];
    int error = starpu_data_acquire_on_node(handle, home, mode_of[mode]);
    if (error)
        return dp_fail(DAGPOLE_RUNTIME, "StarPU does not fetch field %d: error %d", field, error);
    starpu_data_release_on_node(handle, home);
    if (mode == DP_READ)
        add_copy(&handles->copies[field], (unsigned)home);
    else
        set_copies(&handles->copies[field], (unsigned)home);
    return DAGPOLE_OK;
}
