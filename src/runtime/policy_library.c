/* The policy for programs that know nothing of dagpole. StarPU 1.4 loads the library that
 * STARPU_SCHED_LIB names and asks it for policies by these two names. It closes the library while
 * it still uses the policy, so the library is linked such that it stays (src/meson.build). The two
 * stand in a file of their own: whoever links the static library does not get them. */
#include <string.h>

#include "runtime/policy.h"

#define ASKED_BY_STARPU __attribute__((visibility("default")))

ASKED_BY_STARPU struct starpu_sched_policy *starpu_get_sched_lib_policy(const char *name);
ASKED_BY_STARPU struct starpu_sched_policy **starpu_get_sched_lib_policies(void);

struct starpu_sched_policy *starpu_get_sched_lib_policy(const char *name) {
    return name && strcmp(name, DP_POLICY_NAME) == 0 ? &dp_policy : NULL;
}

struct starpu_sched_policy **starpu_get_sched_lib_policies(void) {
    static struct starpu_sched_policy *policies[] = {&dp_policy, NULL};
    return policies;
}
