#include "kernel/user.h"

#include <stdio.h>

#include "base/memory.h"

/* The caller's: what it is made of comes with a plan (kernel/user.h). */
const dp_kernel dp_kernel_user = {.id = DAGPOLE_USER,
                                  .name = "user",
                                  .n_parts = 1,
                                  .has_dipoles = 1,
                                  .has_hessians = 1,
                                  .degree = -1,
                                  .cost = 1};

static void fill_kernel(dp_user *user) {
    const dagpole_user_kernel *given = &user->given;
    user->kernel = (dp_kernel){.id = DAGPOLE_USER,
                               .n_parts = 1,
                               .name = user->name,
                               .has_dipoles = given->gradients != NULL,
                               .has_hessians = given->hessians != NULL,
                               .is_homogeneous = given->is_homogeneous,
                               .degree = given->is_homogeneous ? given->degree : -1,
                               .cost = given->cost,
                               .user = user};
    for (int isa = 0; isa < DP_N_ISA; isa++)
        user->kernel.near[DP_DOUBLE][isa] = user->kernel.near_many[DP_DOUBLE][isa] = dp_user_near;
}

dagpole_status dp_user_create(const dagpole_user_kernel *given, dp_user **user) {
    *user = dp_alloc_zero(1, sizeof **user);
    if (!*user)
        return DAGPOLE_NO_MEMORY;
    (*user)->given = *given;
    (*user)->given.version = NULL;
    (*user)->unit = 1;
    if (given->version)
        snprintf((*user)->name, sizeof(*user)->name, "user-%s", given->version);
    fill_kernel(*user);
    return DAGPOLE_OK;
}

void dp_user_destroy(dp_user *user) {
    dp_free(user);
}

dagpole_status dp_user_work_create(const dp_user *user, dp_user_work **work) {
    *work = dp_alloc_zero(1, sizeof **work);
    if (!*work)
        return DAGPOLE_NO_MEMORY;
    (*work)->user = user;
    return DAGPOLE_OK;
}

void dp_user_work_destroy(dp_user_work *work) {
    dp_free(work);
}
