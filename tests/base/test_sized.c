#include "base/sized.h"
#include "base/text.h"

#include <string.h>

#include "suite.h"

typedef struct own {
    size_t size;
    int a, b;
    double c;
} own;

/* What programs of an older and of a newer header have. */
typedef struct older {
    size_t size;
    int a, b;
} older;

typedef struct newer {
    size_t size;
    int a, b;
    double c, d;
} newer;

static const own defaults = {sizeof defaults, 1, 2, 3};

static dagpole_status take(const void *given, own *to) {
    *to = defaults;
    return dp_sized_take("options", "call init first", given, to, sizeof *to);
}

START_TEST(what_an_older_struct_lacks_has_its_default) {
    own to;
    ck_assert_int_eq(take(&(older){sizeof(older), 7, 8}, &to), DAGPOLE_OK);
    ck_assert(to.size == sizeof to && to.a == 7 && to.b == 8 && to.c == 3);
    ck_assert_int_eq(take(&(own){sizeof(own), 7, 8, 9}, &to), DAGPOLE_OK);
    ck_assert(to.size == sizeof to && to.a == 7 && to.b == 8 && to.c == 9);
}
END_TEST

START_TEST(what_is_not_known_must_be_zero) {
    own to;
    newer given = {.size = sizeof given, .a = 7, .c = 9};
    ck_assert_int_eq(take(&given, &to), DAGPOLE_OK);
    ck_assert(to.size == sizeof to && to.a == 7 && to.b == 0 && to.c == 9);
    ((char *)&given)[sizeof given - 1] = 1;
    ck_assert_int_eq(take(&given, &to), DAGPOLE_BAD_ARGUMENT);
    ck_assert_str_eq(dagpole_last_error(),
                     "options of 32 bytes: dagpole " DAGPOLE_VERSION
                     " knows the first 24, and byte 31 is not 0 (the program was compiled for a "
                     "newer dagpole)");
}
END_TEST

START_TEST(sizes_that_no_struct_has) {
    static const size_t sizes[] = {0, 1, 4, 8, 15, 17, 28, 65544, SIZE_MAX, SIZE_MAX - 7};
    own given = defaults, to;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        given.size = sizes[i];
        ck_assert(!dp_sized_is_set(&given));
        ck_assert_int_eq(take(&given, &to), DAGPOLE_BAD_ARGUMENT);
        ck_assert_ptr_nonnull(strstr(dagpole_last_error(), " bytes: call init first"));
    }
    ck_assert(!dp_sized_is_set(NULL));
}
END_TEST

/* The bytes behind the caller's struct are not touched. */
START_TEST(a_struct_is_filled_as_far_as_it_is_known) {
    union {
        newer all;
        unsigned char bytes[sizeof(newer) + 8];
    } to;
    for (size_t size = 16; size <= sizeof(newer); size += 8) {
        memset(&to, 0xa5, sizeof to);
        to.all.size = size;
        dp_sized_give(&defaults, sizeof defaults, &to);
        ck_assert(to.all.size == size && to.all.a == 1 && to.all.b == 2);
        ck_assert(size < 24 || to.all.c == 3);
        ck_assert(size < 32 || to.all.d == 0);
        for (size_t i = size; i < sizeof to; i++)
            ck_assert_uint_eq(to.bytes[i], 0xa5);
        ck_assert(dp_sized_holds(&to, 24) == (size >= 24));
    }
    memset(&to, 0xa5, sizeof to);
    for (size_t size = 0; size < sizeof size; size++)
        dp_sized_init(&defaults, sizeof defaults, &to, size);
    ck_assert_uint_eq(to.bytes[0], 0xa5);
    dp_sized_init(&defaults, sizeof defaults, NULL, sizeof defaults);
}
END_TEST

START_TEST(texts_that_do_not_fit_say_so) {
    char text[8];
    dp_text_copy(text, sizeof text, "1234567");
    ck_assert_str_eq(text, "1234567");
    dp_text_copy(text, sizeof text, "12345678");
    ck_assert_str_eq(text, "1234...");
    dp_text_copy(text, sizeof text, "");
    ck_assert_str_eq(text, "");
}
END_TEST

SUITE_MAIN("sized", 10, what_an_older_struct_lacks_has_its_default, what_is_not_known_must_be_zero,
           sizes_that_no_struct_has, a_struct_is_filled_as_far_as_it_is_known,
           texts_that_do_not_fit_say_so)
