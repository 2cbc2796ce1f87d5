#include "ops/task.h"

static dagpole_status grow(dp_task *task) {
    int32_t capacity = task->capacity ? 2 * task->capacity : 8;
    size_t n = (size_t)task->n_accesses, wanted = (size_t)capacity;
    int32_t *field = dp_realloc(task->field, n, wanted, sizeof *field);
    if (field)
        task->field = field;
    uint8_t *mode = field ? dp_realloc(task->mode, n, wanted, sizeof *mode) : NULL;
    if (!mode)
        return DAGPOLE_NO_MEMORY;
    task->mode = mode;
    if (task->named->box) {
        int64_t *bytes = dp_realloc(task->bytes, n, wanted, sizeof *bytes);
        if (!bytes)
            return DAGPOLE_NO_MEMORY;
        task->bytes = bytes;
    }
    task->capacity = capacity;
    return DAGPOLE_OK;
}

int32_t dp_task_access(dp_task *task, int32_t field, dp_access mode) {
    if (field == DP_NO_FIELD)
        return DP_NO_FIELD;
    if (task->named->task[field] == task->number + 1)
        return task->named->index[field];
    if (task->n_accesses == task->capacity && task->status == DAGPOLE_OK)
        task->status = grow(task);
    if (task->status != DAGPOLE_OK)
        return 0;
    task->named->task[field] = task->number + 1;
    task->named->index[field] = task->n_accesses;
    task->field[task->n_accesses] = field;
    task->mode[task->n_accesses] = (uint8_t)mode;
    if (task->bytes)
        task->bytes[task->n_accesses] = DP_WHOLE;
    return task->n_accesses++;
}

void dp_task_add_pairs(dp_task *task, const dp_problem *problem, double n_points,
                       const dp_surface_sums *surface) {
    int n_surface = dp_surface_points(surface);
    task->cost += dp_cost_pairs(&problem->cost, n_points, n_surface);
    task->pairs += n_points * n_surface;
}

void dp_task_add_matrices(dp_task *task, const dp_problem *problem, double n,
                          const dp_operator_set *set, const dp_surface_sums *surface) {
    double flops = n * dp_surface_flops(set, surface);
    task->cost += problem->cost.flop * flops;
    task->flops += flops;
}

int32_t dp_task_read(dp_task *task, int32_t field, int32_t box, size_t bytes) {
    int32_t n = task->n_accesses, access = dp_task_access(task, field, DP_READ);
    if (!task->bytes || access == DP_NO_FIELD || task->status != DAGPOLE_OK)
        return access;
    if (access == n)
        task->bytes[access] = 0;
    int is_known = box != DP_NO_BOX && task->named->box[box] == task->number + 1;
    if (box != DP_NO_BOX)
        task->named->box[box] = task->number + 1;
    if (task->bytes[access] != DP_WHOLE && !is_known)
        task->bytes[access] += (int64_t)bytes;
    return access;
}

void *dp_task_work(dp_task *task, size_t bytes) {
    task->work = dp_alloc_zero(bytes, 1);
    task->work_bytes = task->work ? bytes : 0;
    return task->work;
}

void dp_task_trim(dp_task *task, size_t bytes) {
    if (bytes == task->work_bytes)
        return;
    void *smaller = dp_realloc(task->work, bytes, bytes, 1);
    if (!smaller) {
        task->status = DAGPOLE_NO_MEMORY;
        return;
    }
    task->work = smaller;
    task->work_bytes = bytes;
}

void dp_task_free(dp_task *task) {
    dp_free(task->work);
    dp_free(task->field);
    dp_free(task->mode);
    dp_free(task->bytes);
    *task = (dp_task){0};
}
