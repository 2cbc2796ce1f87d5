#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "suite.h"

START_TEST(blocks_are_aligned_and_counted) {
    int64_t live = dp_memory_live();
    void *blocks[200];
    for (size_t i = 0; i < 200; i++) {
        blocks[i] = dp_alloc(i, 3);
        ck_assert_ptr_nonnull(blocks[i]);
        ck_assert_uint_eq((uintptr_t)blocks[i] % 64, 0);
        memset(blocks[i], 255, 3 * i);
    }
    ck_assert_int_eq(dp_memory_live(), live + 200);
    for (size_t i = 0; i < 200; i++)
        dp_free(blocks[i]);
    dp_free(NULL);
    ck_assert_int_eq(dp_memory_live(), live);
}
END_TEST

/* No page holds bytes of two of them. Sanitizers watch what malloc gives. */
START_TEST(arrays_apart_share_no_page) {
    static const size_t bytes[6] = {0, 1, 4000, 700000, 1 << 20, 5000000};
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first[6], last[6];
    char *array[6];
    for (int i = 0; i < 6; i++) {
        array[i] = dp_alloc_apart(bytes[i]);
        ck_assert_ptr_nonnull(array[i]);
        ck_assert_uint_eq((uintptr_t)array[i] % 64, 0);
        memset(array[i], 255, bytes[i]);
        first[i] = (uintptr_t)array[i] / page;
        last[i] = ((uintptr_t)array[i] + bytes[i]) / page;
    }
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < i; j++)
            ck_assert(SUITE_IS_SANITIZED || last[i] < first[j] || last[j] < first[i]);
    for (int i = 0; i < 6; i++)
        dp_free(array[i]);
    ck_assert_ptr_null(dp_alloc_apart(SIZE_MAX));
    ck_assert_int_eq(dp_memory_live(), 0);
}
END_TEST

START_TEST(sizes_that_overflow_are_refused) {
    ck_assert_ptr_null(dp_alloc(SIZE_MAX / 2 + 1, 2));
    ck_assert_ptr_nonnull(strstr(dagpole_last_error(), "overflows"));
    ck_assert_ptr_null(dp_alloc(SIZE_MAX, 1));
    ck_assert_ptr_null(dp_alloc((size_t)PTRDIFF_MAX + 1, 1));
    ck_assert_ptr_null(dp_alloc_zero(SIZE_MAX, SIZE_MAX));
    ck_assert_ptr_null(dp_realloc(NULL, 0, SIZE_MAX / 4, 8));
    ck_assert_int_eq(dp_memory_live(), 0);
}
END_TEST

/* AddressSanitizer ends the process instead. */
START_TEST(more_than_there_is_is_refused) {
#ifndef __SANITIZE_ADDRESS__
    ck_assert_ptr_null(dp_alloc((size_t)1 << 60, 1));
    ck_assert_ptr_nonnull(strstr(dagpole_last_error(), "1152921504606846976"));
#endif
}
END_TEST

START_TEST(zero_and_copy_fill) {
    int source[5] = {1, 2, 3, 4, 5}, zeros[5] = {0};
    int *zero = dp_alloc_zero(5, sizeof(int)), *copy = dp_alloc_copy(source, 5, sizeof(int));
    ck_assert_mem_eq(zero, zeros, sizeof zeros);
    ck_assert_mem_eq(copy, source, sizeof source);
    void *empty = dp_alloc_copy(NULL, 0, 8);
    ck_assert_ptr_nonnull(empty);
    dp_free(empty);
    dp_free(zero);
    dp_free(copy);
}
END_TEST

START_TEST(realloc_keeps_the_front) {
    int source[4] = {1, 2, 3, 4};
    int *block = dp_alloc_copy(source, 4, sizeof(int));
    block = dp_realloc(block, 4, 4000, sizeof(int));
    ck_assert_mem_eq(block, source, sizeof source);
    block = dp_realloc(block, 4000, 2, sizeof(int));
    ck_assert_mem_eq(block, source, 2 * sizeof(int));
    ck_assert_int_eq(dp_memory_live(), 1);
    dp_memory_fail_at(1, 0);
    ck_assert_ptr_null(dp_realloc(block, 2, 100, sizeof(int)));
    ck_assert_mem_eq(block, source, 2 * sizeof(int));
    dp_free(block);
    ck_assert_int_eq(dp_memory_live(), 0);
}
END_TEST

/* Bit i: allocation i + 1 of eight failed. */
static unsigned failures_of_eight(int64_t k, int persistent) {
    unsigned failures = 0;
    dp_memory_fail_at(k, persistent);
    for (int i = 0; i < 8; i++) {
        void *block = dp_alloc(1, 1);
        failures |= (unsigned)!block << i;
        dp_free(block);
    }
    ck_assert_int_eq(dp_memory_count(), 8);
    dp_memory_fail_at(0, 0);
    return failures;
}

START_TEST(the_kth_allocation_fails) {
    ck_assert_uint_eq(failures_of_eight(0, 0), 0);
    ck_assert_uint_eq(failures_of_eight(1, 0), 0x01);
    ck_assert_uint_eq(failures_of_eight(3, 0), 0x04);
    ck_assert_uint_eq(failures_of_eight(3, 1), 0xfc);
    ck_assert_uint_eq(failures_of_eight(9, 1), 0);
    ck_assert_int_eq(dp_memory_live(), 0);
}
END_TEST

SUITE_MAIN("memory", 10, blocks_are_aligned_and_counted, arrays_apart_share_no_page,
           sizes_that_overflow_are_refused, more_than_there_is_is_refused, zero_and_copy_fill,
           realloc_keeps_the_front, the_kth_allocation_fails)
