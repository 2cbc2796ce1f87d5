#include "base/array.h"
#include "suite.h"

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

SUITE_MAIN("array", 10, csr_counts_its_bytes_and_frees)
