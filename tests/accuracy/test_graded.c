/* Clouds whose density varies by orders of magnitude, and degenerate ones. */
#include "accuracy.h"

enum { MOST_POINTS = 4000 };

typedef struct graded {
    const char *name;
    int64_t n;
    int is_far_unresolved;
    int most_yukawa_digits; /* operators of its own for each level, of which a deep tree has 30:
                               9 digits of them, which take a second a level, are checked on the
                               plane, here and in test_targets.c, 12 in test_yukawa.c */
    double x[3 * MOST_POINTS];
} graded;

static graded cloud;

static void uniform(int64_t n, uint64_t *state) {
    cloud.n = n;
    for (int64_t i = 0; i < 3 * n; i++)
        cloud.x[i] = suite_uniform(state);
}

/* n more points within `radius` of a place inside the cloud; coincident for a radius of 0. */
static void add_cluster(int64_t n, double radius, uint64_t *state) {
    static const double place[3] = {0.3, 0.6, 0.4};
    for (int64_t i = 0; i < 3 * n; i++)
        cloud.x[3 * cloud.n + i] = place[i % 3] + radius * (2 * suite_uniform(state) - 1);
    cloud.n += n;
}

static void make_coincident(uint64_t *state) {
    cloud.name = "2000+500-coincident";
    uniform(2000, state);
    add_cluster(500, 0, state);
}

/* Leaves are 1e-6 wide here: a local expansion that holds the background's potential to d digits
 * holds d - 6 of its gradient, and that gradient is 1e-10 of the whole. */
static void make_clustered(uint64_t *state) {
    cloud.name = "2000+500-within-1e-6";
    cloud.is_far_unresolved = 1;
    uniform(2000, state);
    add_cluster(500, 1e-6, state);
}

/* r = 10^-u, u uniform in 0 ... 9, directions of the generated sphere. */
static void make_log_radial(uint64_t *state) {
    dagpole_cloud sphere = make_cloud("sphere", MOST_POINTS, "unit");
    cloud.name = "log-radial";
    cloud.n = MOST_POINTS;
    for (int64_t i = 0; i < MOST_POINTS; i++) {
        double r = pow(10, -9 * suite_uniform(state));
        for (int d = 0; d < 3; d++)
            cloud.x[3 * i + d] = r * sphere.sources[3 * i + d];
    }
    dagpole_cloud_free(&sphere);
}

/* A line 1e-4 thick along a direction that is not an axis. */
static void make_line(uint64_t *state) {
    static const double direction[3] = {0.8, 0.5, 0.33};
    cloud.name = "line";
    cloud.n = MOST_POINTS;
    for (int64_t i = 0; i < MOST_POINTS; i++) {
        double t = suite_uniform(state);
        for (int d = 0; d < 3; d++)
            cloud.x[3 * i + d] = t * direction[d] + 1e-4 * suite_uniform(state);
    }
}

/* Exactly flat, parallel to two axes. */
static void make_plane(uint64_t *state) {
    cloud.name = "plane";
    cloud.most_yukawa_digits = 9;
    uniform(MOST_POINTS, state);
    for (int64_t i = 0; i < MOST_POINTS; i++)
        cloud.x[3 * i + 1] = 0.5;
}

static void check_cloud(void (*make)(uint64_t *state)) {
    uint64_t state = 5;
    dagpole_context *context = open_context();
    int n_bad = 0;
    cloud.most_yukawa_digits = 6;
    make(&state);
    for (int digits = 3; digits <= 12; digits += 3) {
        problem p = {.name = cloud.name,
                     .digits = digits,
                     .is_far_unresolved = cloud.is_far_unresolved,
                     .n_sources = cloud.n,
                     .sources = cloud.x};
        n_bad += n_exceeded_charges(context, p);
        p.kernel = DAGPOLE_YUKAWA;
        p.lambda = 2;
        if (digits <= cloud.most_yukawa_digits)
            n_bad += n_exceeded_charges(context, p);
    }
    dagpole_context_destroy(context);
    ck_assert_int_eq(n_bad, 0);
}

START_TEST(coincident_points) {
    check_cloud(make_coincident);
}
END_TEST

START_TEST(cluster_on_a_background) {
    check_cloud(make_clustered);
}
END_TEST

START_TEST(log_radial) {
    check_cloud(make_log_radial);
}
END_TEST

START_TEST(thin_line) {
    check_cloud(make_line);
}
END_TEST

START_TEST(plane) {
    check_cloud(make_plane);
}
END_TEST

/* The argument says which of them: crowded or thin. */
int main(int argc, char **argv) {
    const TTest *const crowded[] = {coincident_points, cluster_on_a_background, log_radial};
    const TTest *const thin[] = {thin_line, plane};
    int is_crowded = argc == 2 && strcmp(argv[1], "crowded") == 0;
    if (!is_crowded && (argc != 2 || strcmp(argv[1], "thin") != 0)) {
        fprintf(stderr, "one argument is needed: crowded or thin\n");
        return EXIT_FAILURE;
    }
    return is_crowded ? suite_main("graded", 200, 3, crowded) : suite_main("graded", 200, 2, thin);
}
