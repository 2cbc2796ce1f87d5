#include "base/array.h"
#include "suite.h"

START_TEST(ints_grow) {
    dp_ints ints = {0};
    for (int32_t i = 0; i < 10000; i++)
        ck_assert_int_eq(dp_ints_push(&ints, i * i), DAGPOLE_OK);
    ck_assert_int_eq(ints.n, 10000);
    ck_assert_int_ge(ints.capacity, ints.n);
    for (int32_t i = 0; i < 10000; i++)
        ck_assert_int_eq(ints.data[i], i * i);
    dp_ints_free(&ints);
    ck_assert_ptr_null(ints.data);
    ck_assert_int_eq(ints.n + ints.capacity, 0);
    ck_assert_int_eq(dp_memory_live(), 0);
}
END_TEST

START_TEST(ints_survive_a_failed_push) {
    dp_ints ints = {0};
    for (int32_t i = 0; i < 64; i++)
        ck_assert_int_eq(dp_ints_push(&ints, i), DAGPOLE_OK);
    dp_memory_fail_at(1, 0);
    ck_assert_int_eq(dp_ints_push(&ints, 64), DAGPOLE_NO_MEMORY);
    ck_assert_int_eq(ints.n, 64);
    ck_assert_int_eq(dp_ints_push(&ints, 64), DAGPOLE_OK);
    for (int32_t i = 0; i < 65; i++)
        ck_assert_int_eq(ints.data[i], i);
    dp_ints_free(&ints);
}
END_TEST

START_TEST(csr_counts_its_bytes_and_frees) {
    dp_csr csr = {.n_rows = 2};
    ck_assert_int_eq(dp_csr_bytes(&csr), 0);
    csr.offset = dp_alloc_copy((int64_t[]){0, 2, 5}, 3, sizeof(int64_t));
    csr.index = dp_alloc_zero(5, sizeof(int32_t));
    ck_assert_int_eq(dp_csr_bytes(&csr), 3 * 8 + 5 * 4);
    dp_csr_free(&csr);
    ck_assert_ptr_null(csr.offset);
    ck_assert_ptr_null(csr.index);
    ck_assert_int_eq(csr.n_rows, 0);
    ck_assert_int_eq(dp_memory_live(), 0);
    dp_csr_free(&csr);
}
END_TEST

SUITE_MAIN("array", 10, ints_grow, ints_survive_a_failed_push, csr_counts_its_bytes_and_frees)
