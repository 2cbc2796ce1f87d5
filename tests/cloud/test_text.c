#include <locale.h>
#include <string.h>

#include "base/memory.h"
#include "platform/scratch.h"
#include "suite.h"

/* Texts that all say the two points (1, -2, 3e-1) and (4.5, 5, 6) with the charges named. */
static const struct {
    const char *text;
    double charges[2];
} good[] = {
    {"1 -2 3e-1\n4.5 5 6\n", {1, 1}},
    {"1 -2 3e-1\n4.5 5 6", {1, 1}},
    {"1,-2,.3\n4.5,5,6\n", {1, 1}},
    {"  1 ,\t-2,  3e-1  , -7\r\n\r\n4.5,5,6,0x10\r\n", {-7, 16}},
    {"1\t-2\t0.3\t2\n+4.5\t5.\t6\t3\n", {2, 3}},
    {"x y z\n1 -2 0.3\n4.5 5 6\n", {1, 1}},
    {"# a comment\n\n\"x\", \"y\", \"z\", \"charge\"\n1 -2 0.3 2 # why\n#\n4.5 5 6 3\n", {2, 3}},
    {"\xef\xbb\xbfx,y,z,q\n1,-2,0.3,2\n4.5,5,6,3\n", {2, 3}},
    {"\xef\xbb\xbf"
     "1 -2 0.3\n4.5 5 6\n",
     {1, 1}},
    {"2\nwater, or so # 1 2 3\nH 1 -2 0.3\nO 4.5 5 6\n\n", {1, 1}},
    {" 2 \n\nH, 1, -2, 0.3, 2\n8 4.5 5 6 3\n", {2, 3}},
    /* separators, one behind the last column, comments, exponents, ends of lines */
    {"1;-2;.3\n4.5 ; 5 ;6;\n", {1, 1}},
    {"1 -2 0.3 ;\n4.5, 5, 6,\n", {1, 1}},
    {"x;y;z;q\n1;-2;0.3;2\n4.5;5;6;3;\n", {2, 3}},
    {"% 2 points\n1 -2 0.3 2 % one\n// no more\n4.5 5 6 3 // two\n", {2, 3}},
    {"1D0 -2.d+0 3D-1\n.45d1 5e0 0.6E+01\n", {1, 1}},
    {"1,-2,3d-1,7D-0\n4.5,5,6,0x1D\n", {7, 29}},
    {"1 -2 0.3\r4.5 5 6\r", {1, 1}},
    {"1 -2 0.3\r\r\n4.5 5 6", {1, 1}},
    /* a count and so many rows, at once or below their names */
    {"2\n1 -2 0.3\n4.5 5 6\n", {1, 1}},
    {"# of points:\n2 # two\n1 -2 0.3 7\n\n# second\n4.5 5 6 8\n", {7, 8}},
    {"2\nx y z q\n1 -2 0.3 7\n4.5 5 6 8\n", {7, 8}},
};

START_TEST(variants_say_the_same) {
    const double points[6] = {1, -2, 0.3, 4.5, 5, 6};
    scratch s = scratch_make("a.txt");
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        dagpole_cloud cloud;
        scratch_write(&s, good[i].text);
        ck_assert_msg(dagpole_cloud_read(s.path, &cloud) == DAGPOLE_OK, "case %d: %s", (int)i,
                      dagpole_last_error());
        ck_assert_int_eq(cloud.n_sources, 2);
        ck_assert_int_eq(cloud.n_targets, 2);
        ck_assert_ptr_null(cloud.targets);
        ck_assert_mem_eq(cloud.sources, points, sizeof points);
        ck_assert_mem_eq(cloud.charges, good[i].charges, 2 * sizeof(double));
        dagpole_cloud_free(&cloud);
    }
    ck_assert_int_eq(dp_memory_live(), 0);
    scratch_remove(&s);
}
END_TEST

static const struct {
    const char *text, *words;
} bad[] = {
    {"", "is empty"},
    {"\n# nothing\n", "is empty"},
    {"1 2\n", "line 1 of"},
    {"1 2 3\n4 5 6\n7 8\n", "line 3 of"},
    {"1 2 3\n4 5 six\n", "is '4 5 six'"},
    {"1 2 3\n4 5 6x\n", "is '4 5 6x'"},
    {"1 2 3 4 5\n", "'x y z [q]' is needed"},
    {"1,,2,3\n", "'x y z [q]' is needed"},
    {"1 2 3\n1 2 3 4\n", "no fourth column"},
    {"1 2 3 4\n1 2 3\n", "have a fourth column"},
    {"hello\n", "is 'hello'"},
    {"id,x,y,z\n1,0,0,0\n", "is 'id,x,y,z'"},
    {"q,x,y,z\n1,0,0,0\n", "is 'q,x,y,z'"},
    {"x,y,z,colour\n1,0,0,0\n", "is 'x,y,z,colour'"},
    {"x y z\nx y z\n", "line 2 of"},
    {"x y\n1 2 3\n", "line 1 of"},
    {"3\n\nH 1 2 3\nH 4 5 6\n", "holds 2 points: 3 are announced"},
    {"1\n\nH 1 2 3\nH 4 5 6\n", "line 4 of"},
    {"2\n\nH 1 2 3\nH 4 5\n", "'symbol x y z [q]' is needed"},
    {"1\n\nH 1 2 3 4 5\n", "'symbol x y z [q]' is needed"},
    {"1 2 \x01\x02\n", "is '1 2 ?\?'"},
    {"1,2,3,,\n", "'x y z [q]' is needed"},
    {"1;;2;3\n", "'x y z [q]' is needed"},
    {",1,2,3\n", "'x y z [q]' is needed"},
    {"1 2 50%\n", "is '1 2 50%'"},
    {"1 2 3D\n", "is '1 2 3D'"},
    {"1 2 3+103\n", "is '1 2 3+103'"},
    /* decimal commas, which leave four columns of two */
    {"1,5;2,5\n", "decimal"},
    {"1,5 2,5\n", "decimal"},
    {"1 2 3,5\n", "decimal"},
    /* names that do not fit the rows, above them or in a comment */
    {"x y z\n1 2 3 4\n", "no fourth column"},
    {"x y z q\n1 2 3\n", "have a fourth column"},
    {"# q x y z\n1 2 3 4\n", "in the order"},
    {"% \"z\", \"y\", \"x\"\n1 2 3\n", "in the order"},
};

START_TEST(bad_lines_are_shown) {
    const dagpole_cloud zero = {0};
    scratch s = scratch_make("a.txt");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        dagpole_cloud cloud = {.n_sources = 9};
        scratch_write(&s, bad[i].text);
        ck_assert_msg(dagpole_cloud_read(s.path, &cloud) == DAGPOLE_FILE, "case %d", (int)i);
        assert_error_has(bad[i].words);
        assert_error_has("a.txt");
        ck_assert_mem_eq(&cloud, &zero, sizeof zero);
    }
    ck_assert_int_eq(dp_memory_live(), 0);
    scratch_remove(&s);
}
END_TEST

START_TEST(no_points_are_a_cloud) {
    static const char *const texts[] = {"x,y,z\n", "0\nnone\n"};
    scratch s = scratch_make("a.txt");
    for (int i = 0; i < 2; i++) {
        dagpole_cloud cloud;
        scratch_write(&s, texts[i]);
        ck_assert_int_eq(dagpole_cloud_read(s.path, &cloud), DAGPOLE_OK);
        ck_assert_int_eq(cloud.n_sources, 0);
        ck_assert_ptr_nonnull(cloud.sources);
        dagpole_cloud_free(&cloud);
    }
    scratch_remove(&s);
}
END_TEST

START_TEST(bytes_that_are_no_text) {
    static const char bytes[] = "1 2 3\n\0\xff\x7f\x80 garbage";
    scratch s = scratch_make("a.bin");
    dagpole_cloud cloud;
    FILE *file = fopen(s.path, "wb");
    fwrite(bytes, 1, sizeof bytes, file);
    for (int i = 0; i < 10000; i++)
        fputc(i * 37 % 256, file);
    fclose(file);
    ck_assert_int_eq(dagpole_cloud_read(s.path, &cloud), DAGPOLE_FILE);
    file = fopen(s.path, "wb");
    for (int i = 0; i < 10000; i++)
        fputc('1', file);
    fclose(file);
    ck_assert_int_eq(dagpole_cloud_read(s.path, &cloud), DAGPOLE_FILE);
    assert_error_has("'x y z [q]' is needed");
    scratch_write(&s, "1 2 3\n");
    file = fopen(s.path, "ab");
    fwrite("4 5\0 6\n", 1, 7, file);
    fclose(file);
    ck_assert_int_eq(dagpole_cloud_read(s.path, &cloud), DAGPOLE_FILE);
    assert_error_has("line 2");
    assert_error_has("value zero");
    scratch_remove(&s);
}
END_TEST

/* Comments and blanks longer than any buffer. */
START_TEST(lines_of_any_length) {
    scratch s = scratch_make("a.txt");
    for (int length = 4090; length < 300000; length = length < 4100 ? length + 1 : 3 * length) {
        dagpole_cloud cloud;
        FILE *file = fopen(s.path, "wb");
        fprintf(file, "#%*s\n1 2 %*s3 # %0*d\n2 3 4\n", length, "x", length, "", length, 7);
        fclose(file);
        ck_assert_msg(dagpole_cloud_read(s.path, &cloud) == DAGPOLE_OK, "%s", dagpole_last_error());
        ck_assert_int_eq(cloud.n_sources, 2);
        ck_assert_mem_eq(cloud.sources, ((double[]){1, 2, 3, 2, 3, 4}), 6 * sizeof(double));
        dagpole_cloud_free(&cloud);
    }
    scratch_remove(&s);
}
END_TEST

/* Enough lines to make the arrays grow a few times, numbers with all their digits. */
static void write_many(const scratch *s, const dagpole_cloud *cloud) {
    FILE *file = fopen(s->path, "wb");
    for (int64_t i = 0; i < cloud->n_sources; i++) {
        const double *x = cloud->sources + 3 * i;
        fprintf(file, "%.17g, %.17g, %.17g, %.17g\n", x[0], x[1], x[2], cloud->charges[i]);
    }
    fclose(file);
}

START_TEST(many_lines) {
    enum { N = 5000 };
    scratch s = scratch_make("a.csv");
    dagpole_cloud made, cloud;
    ck_assert_int_eq(dagpole_cloud_generate("plummer", N, 1, "mixed", &made), DAGPOLE_OK);
    write_many(&s, &made);
    ck_assert_int_eq(dagpole_cloud_read(s.path, &cloud), DAGPOLE_OK);
    ck_assert_int_eq(cloud.n_sources, N);
    ck_assert_mem_eq(cloud.sources, made.sources, 3 * N * sizeof(double));
    ck_assert_mem_eq(cloud.charges, made.charges, N * sizeof(double));
    dagpole_cloud_free(&cloud);
    dagpole_cloud_free(&made);
    scratch_remove(&s);
}
END_TEST

START_TEST(memory_that_runs_out) {
    scratch s = scratch_make("a.csv");
    dagpole_cloud made, cloud;
    ck_assert_int_eq(dagpole_cloud_generate("cube", 2000, 1, "mixed", &made), DAGPOLE_OK);
    write_many(&s, &made);
    dagpole_cloud_free(&made);
    dp_memory_fail_at(0, 0);
    ck_assert_int_eq(dagpole_cloud_read(s.path, &cloud), DAGPOLE_OK);
    dagpole_cloud_free(&cloud);
    int64_t n = dp_memory_count();
    ck_assert_int_ge(n, 4);
    for (int64_t k = 1; k <= n; k++) {
        dp_memory_fail_at(k, 0);
        ck_assert_int_eq(dagpole_cloud_read(s.path, &cloud), DAGPOLE_NO_MEMORY);
        ck_assert_int_eq(dp_memory_live(), 0);
    }
    scratch_remove(&s);
}
END_TEST

/* Where this machine has a locale with a decimal comma. */
START_TEST(the_locale_does_not_matter) {
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    scratch s = scratch_make("a.txt");
    scratch_write(&s, "1.5 2.5 3.5\n");
    for (int i = 0; i < 4; i++)
        if (setlocale(LC_ALL, names[i])) {
            dagpole_cloud cloud;
            ck_assert_int_eq(dagpole_cloud_read(s.path, &cloud), DAGPOLE_OK);
            ck_assert(cloud.sources[0] == 1.5);
            dagpole_cloud_free(&cloud);
        }
    scratch_remove(&s);
}
END_TEST

SUITE_MAIN("text", 20, variants_say_the_same, bad_lines_are_shown, no_points_are_a_cloud,
           bytes_that_are_no_text, lines_of_any_length, many_lines, memory_that_runs_out,
           the_locale_does_not_matter)
