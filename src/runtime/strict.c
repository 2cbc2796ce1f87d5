/* The executor that believes nothing: serial, but every field lies on pages of its own, and a body
 * can touch those fields alone that its record names, and can write those alone that it declares to
 * write. What a record writes plainly is filled with NaN before. A touch that is not declared, one
 * behind the end of a field, and a declared write that does not happen fail the run with a sentence
 * that names operator, block and field. It copies the fields, it takes a system call for each
 * access, and it owns SIGSEGV while it runs: it is for tests, and for whoever writes an operator.
 */
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __x86_64__
#include <ucontext.h>
#endif

#include "base/clock.h"
#include "runtime/internal.h"

enum { NOT_DECLARED = 0, MAY_READ, MAY_WRITE };

typedef struct strict {
    dp_execution base;
    const dp_stream *given;
    dp_stream own; /* the given one, with fields in these pages */
    char *pages;
    size_t page_bytes, n_pages;
    int32_t *field_of_page; /* the page behind a field counts as its own */
    uint8_t *permission;    /* per field: of the record that runs */
    uint8_t *is_written;    /* per field: by the record that runs */
    int64_t record;
    sigjmp_buf back;
    /* What went wrong. */
    int32_t bad_field;
    int is_write, is_behind;
} strict;

/* One at a time: the signal's handler belongs to the process. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static strict *running;
static struct sigaction before;

static size_t pages_of(const strict *self, const dp_field *field) {
    return (field->bytes + self->page_bytes - 1) / self->page_bytes;
}

static char *first_page(const strict *self, int32_t f) {
    char *end = (char *)self->own.fields[f].data + self->own.fields[f].bytes;
    return end - pages_of(self, &self->own.fields[f]) * self->page_bytes;
}

static void permit(const strict *self, int32_t f, int protection) {
    mprotect(first_page(self, f), pages_of(self, &self->own.fields[f]) * self->page_bytes,
             protection);
}

/* ---- the handler ---- */

/* -1 where the address is not in these pages. */
static int32_t field_at(const strict *self, const char *address) {
    size_t page = (size_t)(address - self->pages) / self->page_bytes;
    return address >= self->pages && page < self->n_pages ? self->field_of_page[page] : -1;
}

static int is_write_fault(const strict *self, int32_t f, const void *context) {
#ifdef __x86_64__
    (void)self, (void)f;
    return (((const ucontext_t *)context)->uc_mcontext.gregs[REG_ERR] & 2) != 0;
#else
    (void)context;
    return self->permission[f] != NOT_DECLARED; /* what it may, it can read */
#endif
}

/* A first write that is declared is noted and goes on; another fault is not ours. */
static void on_fault(int number, siginfo_t *info, void *context) {
    strict *self = running;
    int32_t f = field_at(self, info->si_addr);
    if (f < 0) {
        sigaction(number, &before, NULL); /* the instruction fails once more, for whom it may be */
        return;
    }
    const dp_field *field = &self->own.fields[f];
    self->is_behind = (char *)info->si_addr >= (char *)field->data + field->bytes;
    self->is_write = is_write_fault(self, f, context);
    if (self->is_write && !self->is_behind && self->permission[f] == MAY_WRITE) {
        self->is_written[f] = 1;
        permit(self, f, PROT_READ | PROT_WRITE);
        return;
    }
    self->bad_field = f;
    siglongjmp(self->back, 1);
}

/* ---- one record ---- */

static void open_fields(strict *self, const dp_record *record, int is_whole) {
    for (int64_t a = record->access_begin; a < record->access_begin + record->n_access; a++) {
        int32_t f = self->own.access_field[a];
        dp_access mode = (dp_access)self->own.access_mode[a];
        if (mode == DP_WRITE && is_whole) {
            permit(self, f, PROT_READ | PROT_WRITE);
            memset(self->own.fields[f].data, 0xff, self->own.fields[f].bytes);
        }
        self->permission[f] = mode == DP_READ ? MAY_READ : MAY_WRITE;
        self->is_written[f] = 0;
        permit(self, f, PROT_READ);
    }
}

static void close_fields(strict *self, const dp_record *record) {
    for (int64_t a = record->access_begin; a < record->access_begin + record->n_access; a++) {
        self->permission[self->own.access_field[a]] = NOT_DECLARED;
        permit(self, self->own.access_field[a], PROT_NONE);
    }
}

static dagpole_status blame(const strict *self, const dp_record *record, int32_t f,
                            const char *what) {
    const dp_field *field = &self->own.fields[f];
    return dp_fail(DAGPOLE_INTERNAL, "%s of block %d %s: %s of block %d (field %d)",
                   self->own.op_names[record->op], record->block, what,
                   field->name ? field->name : "a field", field->block, f);
}

static dagpole_status check_writes(const strict *self, const dp_record *record) {
    for (int64_t a = record->access_begin; a < record->access_begin + record->n_access; a++) {
        int32_t f = self->own.access_field[a];
        if (self->own.access_mode[a] != DP_READ && self->own.fields[f].bytes &&
            !self->is_written[f])
            return blame(self, record, f, "declares a write and does not write");
    }
    return DAGPOLE_OK;
}

static dagpole_status try_record(strict *self, int64_t i) {
    const dp_record *record = &self->own.records[i];
    dp_run *run = &self->base.run;
    if (sigsetjmp(self->back, 1))
        return blame(self, record, self->bad_field,
                     self->is_behind  ? "touches what lies behind the end"
                     : self->is_write ? "writes what it does not declare to write"
                                      : "reads what it does not declare");
    void **buffers = dp_run_buffers(run, 0);
    dp_run_own_buffers(run, i, buffers);
    dp_run_record(run, i, buffers, 0);
    int is_done = dp_run_is_whole(run, i) && i < atomic_load(&run->limit);
    return is_done ? check_writes(self, record) : DAGPOLE_OK;
}

static void run_record(strict *self, int64_t i) {
    if (dp_run_omits(&self->base.run, i))
        return;
    open_fields(self, &self->own.records[i], dp_run_is_whole(&self->base.run, i));
    dagpole_status status = try_record(self, i);
    if (status != DAGPOLE_OK)
        dp_run_fail(&self->base.run, i, status);
    close_fields(self, &self->own.records[i]);
}

/* ---- the run ---- */

/* Into the pages, and for who looks into the fields later back from them. Meanwhile the given
 * fields hold NaN: nobody is to use their addresses. */
static void copy_fields(const strict *self, int is_back) {
    for (int32_t f = 0; f < self->own.n_fields; f++) {
        void *given = self->given->fields[f].data, *own = self->own.fields[f].data;
        size_t bytes = self->own.fields[f].bytes;
        if (!bytes)
            continue;
        permit(self, f, PROT_READ | PROT_WRITE);
        memcpy(is_back ? given : own, is_back ? own : given, bytes);
        if (!is_back)
            memset(given, 0xff, bytes);
        permit(self, f, PROT_NONE);
    }
}

static void run_records(strict *self) {
    dp_run *run = &self->base.run;
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    pthread_mutex_lock(&turn);
    running = self;
    sigaction(SIGSEGV, &action, &before);
    for (int64_t i = 0; i < self->own.n_records && i < atomic_load(&run->limit); i++) {
        run_record(self, i);
        dp_run_report(run);
    }
    sigaction(SIGSEGV, &before, NULL);
    running = NULL;
    pthread_mutex_unlock(&turn);
}

static dagpole_status run_all(dp_execution *execution, dp_operator_bits ops, const char *stage,
                              dp_profile *profile) {
    strict *self = (strict *)execution;
    dp_field *fields = self->own.fields;
    double start = self->base.run.start_s = dp_clock();
    self->own = *self->given; /* bodies may have been exchanged */
    self->own.fields = fields;
    dp_run_begin(&self->base.run, ops, stage);
    copy_fields(self, 0);
    run_records(self);
    copy_fields(self, 1);
    *profile = (dp_profile){.wall_s = dp_clock() - start, .share_tasks = 1};
    dp_run_op_times(&self->base.run, profile->op_s);
    return dp_run_end(&self->base.run);
}

/* Every run copies its fields back. */
static dagpole_status fetch(dp_execution *execution, int32_t field, dp_access mode) {
    (void)execution, (void)field, (void)mode;
    return DAGPOLE_OK;
}

/* ---- creation ---- */

static void destroy(dp_execution *execution) {
    strict *self = (strict *)execution;
    dp_run_free(&self->base.run);
    if (self->pages)
        munmap(self->pages, self->n_pages * self->page_bytes);
    dp_free(self->field_of_page);
    dp_free(self->permission);
    dp_free(self->is_written);
    dp_free(self->own.fields);
    dp_free(self);
}

/* Fields end where a page ends, and a page that nobody may touch follows each. */
static dagpole_status lay_out(strict *self) {
    size_t n_fields = (size_t)self->given->n_fields;
    self->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    self->own.fields = dp_alloc_copy(self->given->fields, n_fields, sizeof(dp_field));
    self->permission = dp_alloc_zero(n_fields, 1);
    self->is_written = dp_alloc_zero(n_fields, 1);
    for (size_t f = 0; f < n_fields; f++)
        self->n_pages += pages_of(self, &self->given->fields[f]) + 1;
    self->field_of_page = dp_alloc(self->n_pages, sizeof *self->field_of_page);
    if (!self->own.fields || !self->permission || !self->is_written || !self->field_of_page)
        return DAGPOLE_NO_MEMORY;
    char *pages = mmap(NULL, self->n_pages * self->page_bytes, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED)
        return dp_fail(DAGPOLE_NO_MEMORY,
                       "the executor \"strict\" gets no %zu pages for %zu fields", self->n_pages,
                       n_fields);
    self->pages = pages;
    for (size_t f = 0, page = 0; f < n_fields; f++) {
        size_t end = page + pages_of(self, &self->given->fields[f]);
        self->own.fields[f].data = pages + end * self->page_bytes - self->own.fields[f].bytes;
        while (page <= end)
            self->field_of_page[page++] = (int32_t)f;
    }
    return DAGPOLE_OK;
}

static dagpole_status create(dp_runtime *runtime, const dp_stream *stream,
                             dp_execution **execution) {
    strict *self = dp_alloc_zero(1, sizeof *self);
    if (!self)
        return DAGPOLE_NO_MEMORY;
    self->given = stream;
    self->own = *stream;
    self->own.fields = NULL;
    dagpole_status status = lay_out(self);
    if (status == DAGPOLE_OK)
        status = dp_run_init(&self->base.run, runtime, &self->own);
    if (status == DAGPOLE_OK)
        *execution = &self->base;
    else
        destroy(&self->base);
    return status;
}

const dp_executor dp_executor_strict = {create, run_all, fetch, destroy};
