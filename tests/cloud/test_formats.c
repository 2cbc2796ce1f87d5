/* XYZ, PQR and npy files, what looks like one of them, and what is told of the charges. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/memory.h"
#include "platform/scratch.h"
#include "suite.h"

#define NONE  "1 each, the file has none"
#define AFTER "the column after x y z"
#define EXTENDED(properties)                                                                       \
    "2\nLattice=\"9 0 0 0 9 0 0 0 9\" Properties=" properties " pbc=\"T\"\n"

/* Texts that all say the points (1, -2, 0.3) and (4, 5, 6), their charges and where these are. */
static const struct {
    const char *text;
    double charges[2];
    const char *charges_from;
} good[] = {
    {"1 -2 0.3\n4 5 6\n", {1, 1}, NONE},
    {"1 -2 0.3 7\n4 5 6 8\n", {7, 8}, AFTER},
    {"x,y,z,Mass\n1,-2,0.3,7\n4,5,6,8\n", {7, 8}, "the column 'mass'"},
    {"2\nx y z charge\n1 -2 0.3 7\n4 5 6 8\n", {7, 8}, "the column 'charge'"},
    /* XYZ: comments of any kind, symbols and numbers of elements */
    {"2\nwater\nH 1 -2 0.3\nO 4 5 6\n", {1, 1}, NONE},
    {"2\nwater\nH 1 -2 0.3 7\nO 4 5 6 8\n", {7, 8}, AFTER},
    {"2\n\n1 1 -2 0.3\n8 4 5 6\n", {1, 1}, NONE},
    {"2\n1 2 3 # a box\nNaN1 1 -2 0.3\n13C 4 5 6\n", {1, 1}, NONE},
    {"2\n9.5 9.5 9.5\n1 1 -2 0.3\n8 4 5 6\n", {1, 1}, NONE},
    {"2\n9.5 9.5 9.5\n1 1 -2 0.3 7\n8 4 5 6 8\n", {7, 8}, AFTER},
    {"2\n0 9.5 9.5 9.5\nH 1 -2 0.3\nO 4 5 6\n", {1, 1}, NONE},
    {"2\n1 -2 0.3 7\n4 5 6 8\n", {7, 8}, AFTER},
    {"2\n1 -2 0.3\n4 5 6\n", {1, 1}, NONE},
    /* extended */
    {EXTENDED("species:S:1:pos:R:3") "H 1 -2 0.3\nO 4 5 6\n", {1, 1}, NONE},
    {EXTENDED("species:S:1:pos:R:3:mass:R:1") "H 1 -2 0.3 1.008\nO 4 5 6 15.999\n", {1, 1}, NONE},
    {EXTENDED("species:S:1:pos:R:3:charge:R:1") "H 1 -2 0.3 7\nO 4 5 6 8\n",
     {7, 8},
     "the column 'charge'"},
    {EXTENDED("id:I:1:species:S:1:q:I:1:force:R:3:pos:R:3:move:L:1") "3 H 7 .1 .2 .3 1 -2 0.3 T\n4 "
                                                                     "O 8 .4 .5 .6 4 5 6 F\n",
     {7, 8},
     "the column 'q'"},
    {EXTENDED("pos:R:3:initial_charges:R:1:charges:R:1") "1 -2 0.3 0 7\n4 5 6 0 8\n",
     {7, 8},
     "the column 'charges'"},
    {EXTENDED("\"species:S:1:pos:R:3:initial_charges:R:1\"") "H 1 -2 0.3 7\nO 4 5 6 8\n",
     {7, 8},
     "the column 'initial_charges'"},
    {"2\nnote=\"no Properties=pos:R:3:q:R:1 here\"\nH 1 -2 0.3\nO 4 5 6\n", {1, 1}, NONE},
    /* PQR */
    {"REMARK   1 made by hand\n\nATOM      1  N   ALA     1       1.000  -2.000   0.300  7.0000 "
     "1.82\n"
     "TER\nHETATM2 CA' ALA A 1 4 5 6 8 2.0\nEND\n",
     {7, 8},
     "the column 'charge'"},
};

static void assert_points(const char *path, int i, const double charges[2], const char *from) {
    const double points[6] = {1, -2, 0.3, 4, 5, 6};
    dagpole_cloud cloud;
    ck_assert_msg(dagpole_cloud_read(path, &cloud) == DAGPOLE_OK, "case %d: %s", i,
                  dagpole_last_error());
    ck_assert_msg(cloud.n_sources == 2 && cloud.n_targets == 2 && !cloud.targets, "case %d", i);
    ck_assert_msg(memcmp(cloud.sources, points, sizeof points) == 0, "case %d", i);
    ck_assert_msg(memcmp(cloud.charges, charges, 2 * sizeof(double)) == 0, "case %d", i);
    ck_assert_msg(strcmp(cloud.charges_from, from) == 0, "case %d: %s", i, cloud.charges_from);
    dagpole_cloud_free(&cloud);
    ck_assert_int_eq(dp_memory_live(), 0);
}

START_TEST(texts_say_the_same) {
    scratch s = scratch_make("a.txt");
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        scratch_write(&s, good[i].text);
        assert_points(s.path, (int)i, good[i].charges, good[i].charges_from);
    }
    scratch_remove(&s);
}
END_TEST

static void assert_refused(const char *path, int i, const char *words) {
    dagpole_cloud cloud, zero = {0};
    ck_assert_msg(dagpole_cloud_read(path, &cloud) == DAGPOLE_FILE, "case %d", i);
    assert_error_has(words);
    assert_error_has(strrchr(path, '/') + 1);
    ck_assert_mem_eq(&cloud, &zero, sizeof zero);
    ck_assert_int_eq(dp_memory_live(), 0);
}

static const struct {
    const char *text, *words;
} bad[] = {
    /* a coordinate in the place of a symbol */
    {"2\ncube\n0.5 1 2 3\n0.25 1 2 3\n", "'0.5' is no symbol"},
    {"2\ncube\n1 1 2 3\n1.0 1 2 3\n", "'1.0' is no symbol"},
    {"2\ncube\n0 1 2 3\n1 1 2 3\n", "'0' is no symbol"},
    {"2\ncube\n-1 1 2 3\n1 1 2 3\n", "'-1' is no symbol"},
    {"2\ncube\n1D0 1 2 3\n1 1 2 3\n", "'1D0' is no symbol"},
    {"2\ncube\n0.5 1 2\n0.25 1 2\n", "no symbol"},
    {"2\ncube\n1 1 2\n1 1 2\n", "'symbol x y z [q]' is needed"},
    {EXTENDED("species:S:1:pos:R:3") "0.5 1 2 3\nH 1 2 3\n", "'0.5' is no symbol"},
    /* numbers below the count, and not so many: whole numbers below a comment of numbers, too */
    {"2\n1 2 3 4\n1 2 3 4\n1 2 3 4\n", "holds 3 points: 2 are announced"},
    {"2\n9.5 9.5 9.5 90\n1 0 0 1\n8 0 0 2\n", "holds 3 points: 2 are announced"},
    {"2\n1 2 3\n4 5 6\n7 8 9\n", "holds 3 points: 2 are announced"},
    {"3\n1 2 3\n4 5 6\n", "holds 2 points: 3 are announced"},
    {"2\n1 2 3 4\n", "holds 1 points: 2 are announced"},
    {"2\n1 2 3 4\n1 2 3\n", "have a fourth column"},
    {"2\nx y z\n1 2 3\n", "holds 1 points: 2 are announced"},
    {"1\nx y z\n1 2 3\n1 2 3\n", "holds 2 points: 1 are announced"},
    {"2\n", "holds 0 points: 2 are announced"},
    {"1\na\nH 1 2 3\n1\nb\nH 1 2 3\n", "fewer points are announced"},
    {"2\na\nH 1 2 3 4\nH 1 2 3\n", "another number of columns"},
    {"2\na\nH 1 2 3,5\nH 1 2 3,5\n", "decimal"},
    {"99999999999999999999\n1 2 3\n", "'x y z [q]' is needed"},
    /* extended */
    {EXTENDED("species:S:1:mass:R:1") "H 1\nH 1\n", "pos:R:3 is needed"},
    {EXTENDED("species:S:1:pos:R:2") "H 1 2\nH 1 2\n", "pos:R:3"},
    {EXTENDED("species:S:1:pos:S:3") "H 1 2 3\nH 1 2 3\n", "pos:R:3"},
    {EXTENDED("species:S:1:pos:R:3:q:S:1") "H 1 2 3 4\nH 1 2 3 4\n", "its charges"},
    {EXTENDED("species:S:1:pos:R:3:charge:R:2") "H 1 2 3 4 5\nH 1 2 3 4 5\n", "its charges"},
    {EXTENDED("species:S:1:pos:R") "H 1 2 3\nH 1 2 3\n", "name:type:columns"},
    {EXTENDED("species:S:x:pos:R:3") "H 1 2 3\nH 1 2 3\n", "name:type:columns"},
    {EXTENDED("species:S:0:pos:R:3") "H 1 2 3\nH 1 2 3\n", "name:type:columns"},
    {EXTENDED("") "H 1 2 3\nH 1 2 3\n", "name:type:columns"},
    {EXTENDED("pos:R:99999999999999999999") "1 2 3\n1 2 3\n", "name:type:columns"},
    {EXTENDED("pos:R:3:a:R:998") "1 2 3\n1 2 3\n", "more than 1000 columns"},
    {EXTENDED("species:S:1:pos:R:3") "H 1 2 3 4\nH 1 2 3 4\n", "that the comment names"},
    {EXTENDED("species:S:1:pos:R:3:q:R:1") "H 1 2 3\nH 1 2 3\n", "that the comment names"},
    {EXTENDED("species:S:1:pos:R:3:q:R:1") "H 1 2 3 x\nH 1 2 3 x\n", "that the comment names"},
    /* PQR; a PDB file with its elements */
    {"ATOM 1 N ALA A 1 11.1 6.1 -6.5 1.00 0.00 N\n", "'x y z charge radius'"},
    {"ATOM 1 2 3 4\n", "'x y z charge radius'"},
    {"ATOM 1 N ALA 1 1.0-2.0 3.0 1.0 1.5\n", "'x y z charge radius'"},
    {"ATOM 1 N ALA 1 1 2 3 0.5 1.5\nATM 2 N ALA 1 1 2 3 0.5 1.5\n", "line 2"},
    {"MODEL 1\nATOM 1 N ALA 1 1 2 3 0.5 1.5\nENDMDL\nMODEL 2\n", "one model"},
    {"REMARK nothing\nEND\n", "neither ATOM nor HETATM"},
};

START_TEST(texts_that_say_something_else) {
    scratch s = scratch_make("a.txt");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        scratch_write(&s, bad[i].text);
        assert_refused(s.path, (int)i, bad[i].words);
    }
    scratch_remove(&s);
    s = scratch_make("a.PDB");
    scratch_write(&s, "ATOM 1 N ALA A 1 1 -2 0.3 7.00 0.00\n");
    assert_refused(s.path, 0, "PDB");
    scratch_remove(&s);
}
END_TEST

/* ---- npy ---------------------------------------------------------------------------------- */

typedef struct array {
    const char *type; /* "<f8" */
    int is_fortran, n, n_columns, version;
} array;

/* The points and, in a fourth column, the charges 7 and 8. */
static void write_npy(const char *path, const array *a, const char *header) {
    const double rows[2][4] = {{1, -2, 0.3, 7}, {4, 5, 6, 8}};
    char text[256];
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    int length = snprintf(text, sizeof text, header, a->type, a->is_fortran ? "True" : "False",
                          a->n, a->n_columns);
    fprintf(file, "\x93NUMPY%c%c%c%c", a->version, 0, length % 256, length / 256);
    if (a->version > 1)
        fprintf(file, "%c%c", 0, 0);
    fputs(text, file);
    int width = a->type[2] - '0';
    for (int k = 0; k < 2 * a->n_columns; k++) {
        unsigned char bytes[8];
        double value =
            a->is_fortran ? rows[k % 2][k / 2] : rows[k / a->n_columns][k % a->n_columns];
        float single = (float)value;
        memcpy(bytes, width == 8 ? (void *)&value : (void *)&single, (size_t)width);
        for (int i = 0; i < width; i++)
            fputc(bytes[a->type[0] == '>' ? width - 1 - i : i], file);
    }
    fclose(file);
}

static const char npy_header[] =
    "{'descr': '%s', 'fortran_order': %s, 'shape': (%d, %d), }          \n";

START_TEST(npy_arrays_are_read) {
    static const char *const types[] = {"<f8", "<f4", ">f8", ">f4"};
    const double points[6] = {1, -2, 0.3, 4, 5, 6}, unit[2] = {1, 1}, charges[2] = {7, 8};
    scratch s = scratch_make("a.npy");
    for (int i = 0; i < 4 * 2 * 2 * 3; i++) {
        const array a = {types[i % 4], i / 4 % 2, 2, 3 + i / 8 % 2, 1 + i / 16};
        const char *from = a.n_columns == 4 ? AFTER : NONE;
        write_npy(s.path, &a, npy_header);
        if (a.type[2] == '8') {
            assert_points(s.path, i, a.n_columns == 4 ? charges : unit, from);
            continue;
        }
        dagpole_cloud cloud;
        ck_assert_int_eq(dagpole_cloud_read(s.path, &cloud), DAGPOLE_OK);
        for (int k = 0; k < 6; k++)
            ck_assert(cloud.sources[k] == (double)(float)points[k]);
        ck_assert_mem_eq(cloud.charges, a.n_columns == 4 ? charges : unit, sizeof unit);
        dagpole_cloud_free(&cloud);
    }
    const array a = {"<f8", 0, 2, 3, 1}; /* in another order, as Python 2 or others may write it */
    write_npy(s.path, &a, "{'shape':(2L,3),'fortran_order':False,'descr':'<f8'}");
    assert_points(s.path, 0, unit, NONE);
    scratch_remove(&s);
}
END_TEST

START_TEST(npy_arrays_of_another_kind) {
    static const struct {
        const char *header, *words;
    } cases[] = {
        {"{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3), }", "'<i8'"},
        {"{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3), }", "'<f2'"},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (2, 3), }", "'<c8'"},
        {"{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (2, 3), }", "float64"},
        {"{'fortran_order': False, 'shape': (2, 3), }", "of type"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (6,), }", "(6,): (N, 3)"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (), }", "(): (N, 3)"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }", "(3, 2): (N, 3)"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3, 1), }", "(2, 3, 1): (N, 3)"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (-2, 3), }", "(-2, 3): (N, 3)"},
        {"{'descr': '<f8', 'fortran_order': False}", "of shape"},
        {"{'descr': '<f8', 'shape': (2, 3), }", "Fortran's order"},
        {"{'descr': '<f8', 'fortran_order': 1, 'shape': (2, 3), }", "Fortran's order"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 3), }", "shorter"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776, 4), }", "shorter"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999, 3), }",
         "(N, 3)"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (10000000, 10000000, 10000000, "
         "10000000, "
         "10000000, 10000000, 10000000, 10000000, 10000000, 10000000, 10000000, 10000000), }",
         "(N, 3)"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 3), }", "more behind"},
    };
    const array a = {"<f8", 0, 2, 3, 1}, unknown = {"<f8", 0, 2, 3, 9};
    scratch s = scratch_make("a.npy");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_npy(s.path, &a, cases[i].header);
        assert_refused(s.path, (int)i, cases[i].words);
    }
    write_npy(s.path, &unknown, npy_header);
    assert_refused(s.path, 0, "version");
    write_npy(s.path, &a, npy_header);
    struct stat info;
    ck_assert_int_eq(stat(s.path, &info), 0);
    for (off_t length = info.st_size - 1; length > 6; length--) {
        ck_assert_int_eq(truncate(s.path, length), 0);
        assert_refused(s.path, (int)length, "npy file that");
    }
    scratch_remove(&s);
}
END_TEST

/* ---- what is none of these ------------------------------------------------------------------ */

START_TEST(other_formats_are_recognised) {
    static const struct {
        size_t length;
        const char *bytes, *words;
    } cases[] = {
        {8, "PK\x03\x04\x14\0\0\0", "npz"},
        {8, "\x1f\x8b\x08\0\0\0\0\0", "gzip"},
        {8,
         "\xff\xfe"
         "1\0 \0"
         "2\0",
         "UTF-16"},
        {8,
         "\xfe\xff\0"
         "1\0 \0"
         "2",
         "UTF-16"},
        {6,
         "1\0 \0"
         "2\0",
         "UTF-16"},
        {6,
         "\0"
         "1\0 \0"
         "2",
         "UTF-16"},
        {6,
         "\xfd"
         "7zXZ\0",
         "xz"},
        {4, "\x28\xb5\x2f\xfd", "zstd"},
        {10, "MATLAB 5.0", "MATLAB"},
        {4, "CDF\x01", "NetCDF"},
    };
    scratch s = scratch_make("a.bin");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        FILE *file = fopen(s.path, "wb");
        fwrite(cases[i].bytes, 1, cases[i].length, file);
        fclose(file);
        assert_refused(s.path, (int)i, cases[i].words);
        assert_error_has("looks like");
    }
    scratch_remove(&s);
}
END_TEST

/* Through a pipe, a few bytes at a time. */
static pid_t start_pipe(const scratch *s, const char *bytes, size_t n) {
    unlink(s->path);
    ck_assert_int_eq(mkfifo(s->path, 0600), 0);
    pid_t writer = fork();
    if (writer == 0) {
        int fd = open(s->path, O_WRONLY);
        for (size_t i = 0; i < n; i += 3)
            if (write(fd, bytes + i, n - i < 3 ? n - i : 3) < 0)
                _exit(1);
        _exit(0);
    }
    return writer;
}

START_TEST(pipes_are_read) {
    scratch s = scratch_make("pipe");
    static char bytes[4096];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        pid_t writer = start_pipe(&s, good[i].text, strlen(good[i].text));
        assert_points(s.path, (int)i, good[i].charges, good[i].charges_from);
        ck_assert_int_eq(waitpid(writer, NULL, 0), writer);
    }
    unlink(s.path);
    write_npy(s.path, &(array){"<f8", 1, 2, 4, 1}, npy_header);
    FILE *file = fopen(s.path, "rb");
    size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    pid_t writer = start_pipe(&s, bytes, n);
    assert_points(s.path, 0, (double[]){7, 8}, AFTER);
    waitpid(writer, NULL, 0);
    writer = start_pipe(&s, "\x89HDF\r\n\x1a\n", 8);
    assert_refused(s.path, 0, "pipe");
    waitpid(writer, NULL, 0);
    scratch_remove(&s);
}
END_TEST

START_TEST(hdf5_names_its_charges) {
    scratch s = scratch_make("a.h5");
    dagpole_cloud cloud;
    ck_assert_int_eq(dagpole_cloud_generate("cube", 5, 1, "unit", &cloud), DAGPOLE_OK);
    ck_assert_str_eq(cloud.charges_from, "");
    ck_assert_int_eq(dagpole_cloud_write(s.path, &cloud), DAGPOLE_OK);
    dagpole_cloud_free(&cloud);
    ck_assert_int_eq(dagpole_cloud_read(s.path, &cloud), DAGPOLE_OK);
    ck_assert_str_eq(cloud.charges_from, "/charges");
    dagpole_cloud_free(&cloud);
    scratch_remove(&s);
}
END_TEST

START_TEST(memory_that_runs_out) {
    static const int cases[] = {8, 13, 17, 20};
    scratch s = scratch_make("a");
    for (int i = 0; i <= 4; i++) {
        dagpole_cloud cloud;
        if (i < 4)
            scratch_write(&s, good[cases[i]].text);
        else
            write_npy(s.path, &(array){"<f8", 0, 2, 4, 1}, npy_header);
        dp_memory_fail_at(0, 0);
        ck_assert_int_eq(dagpole_cloud_read(s.path, &cloud), DAGPOLE_OK);
        dagpole_cloud_free(&cloud);
        int64_t n = dp_memory_count();
        ck_assert_int_ge(n, 3);
        for (int64_t k = 1; k <= n; k++) {
            dp_memory_fail_at(k, 0);
            ck_assert_int_eq(dagpole_cloud_read(s.path, &cloud), DAGPOLE_NO_MEMORY);
            ck_assert_int_eq(dp_memory_live(), 0);
        }
        dp_memory_fail_at(0, 0);
    }
    scratch_remove(&s);
}
END_TEST

SUITE_MAIN("formats", 20, texts_say_the_same, texts_that_say_something_else, npy_arrays_are_read,
           npy_arrays_of_another_kind, other_formats_are_recognised, pipes_are_read,
           hdf5_names_its_charges, memory_that_runs_out)
