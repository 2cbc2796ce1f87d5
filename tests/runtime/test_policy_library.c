/* A program of StarPU alone under STARPU_SCHED_LIB=libdagpole.so and STARPU_SCHED=dagpole, which
 * Meson sets: it gets the policy, in every round anew, and its tasks run in the order of their
 * dependencies. StarPU before 1.4 knows no such library. */
#include <starpu.h>

#include "suite.h"

enum { N_TASKS = 200, N_ROUNDS = 3 };

static int value;

/* In another order of the tasks another value comes out. */
static int next(int sum, int i) {
    return (3 * sum + i) % 1009;
}

static void add(void *buffers[], void *argument) {
    int *sum = (int *)STARPU_VARIABLE_GET_PTR(buffers[0]), i;
    starpu_codelet_unpack_args(argument, &i);
    *sum = next(*sum, i);
}

static struct starpu_codelet codelet = {
    .cpu_funcs = {add}, .nbuffers = 1, .modes = {STARPU_RW}, .name = "add"};

static void run_chain(void) {
    starpu_data_handle_t handle;
    value = 0;
    starpu_variable_data_register(&handle, STARPU_MAIN_RAM, (uintptr_t)&value, sizeof value);
    for (int i = 0; i < N_TASKS; i++)
        ck_assert_int_eq(starpu_task_insert(&codelet, STARPU_RW, handle, STARPU_VALUE, &i, sizeof i,
                                            STARPU_PRIORITY, i % 5, 0),
                         0);
    starpu_task_wait_for_all();
    starpu_data_unregister(handle);
}

START_TEST(a_program_of_starpu_gets_the_policy) {
    int expected = 0;
    for (int i = 0; i < N_TASKS; i++)
        expected = next(expected, i);
    for (int round = 0; round < N_ROUNDS; round++) {
        ck_assert_int_eq(starpu_init(NULL), 0);
        const struct starpu_sched_policy *policy = starpu_sched_ctx_get_sched_policy(0);
        ck_assert_str_eq(policy->policy_name, "dagpole");
        run_chain();
        ck_assert_int_eq(value, expected);
        starpu_shutdown();
    }
}
END_TEST

int main(void) {
    enum { IS_OLD = STARPU_MAJOR_VERSION == 1 && STARPU_MINOR_VERSION < 4 };
    const TTest *const tests[] = {a_program_of_starpu_gets_the_policy};
    if (IS_OLD)
        printf("skipped: this StarPU takes no policy from a library\n");
    return IS_OLD ? SUITE_SKIPPED : suite_main("policy_library", 60, 1, tests);
}
