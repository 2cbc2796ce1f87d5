#include "geometry/morton.h"

#define LAST_ANCHOR ((UINT64_C(1) << DP_MAX_DEPTH) - 1)
#define COARSE_BITS (3 * DP_COARSE_DEPTH)
#define COARSE_MASK ((UINT64_C(1) << COARSE_BITS) - 1)

/* Spreads the 21 low bits so that two zeros follow each. */
static uint64_t spread(uint64_t bits) {
    bits &= 0x1fffff;
    bits = (bits | bits << 32) & 0x001f00000000ffff;
    bits = (bits | bits << 16) & 0x001f0000ff0000ff;
    bits = (bits | bits << 8) & 0x100f00f00f00f00f;
    bits = (bits | bits << 4) & 0x10c30c30c30c30c3;
    bits = (bits | bits << 2) & 0x1249249249249249;
    return bits;
}

static uint64_t gather(uint64_t bits) {
    bits &= 0x1249249249249249;
    bits = (bits | bits >> 2) & 0x10c30c30c30c30c3;
    bits = (bits | bits >> 4) & 0x100f00f00f00f00f;
    bits = (bits | bits >> 8) & 0x001f0000ff0000ff;
    bits = (bits | bits >> 16) & 0x001f00000000ffff;
    bits = (bits | bits >> 32) & 0x1fffff;
    return bits;
}

/* Of 21 bits of each coordinate. */
static uint64_t interleave(const uint64_t anchor[3], int shift) {
    return spread(anchor[0] >> shift) << 2 | spread(anchor[1] >> shift) << 1 |
           spread(anchor[2] >> shift);
}

dp_key dp_morton_encode(const uint64_t anchor[3]) {
    dp_key coarse = interleave(anchor, DP_COARSE_DEPTH);
    return coarse << COARSE_BITS | interleave(anchor, 0);
}

void dp_morton_decode(dp_key morton, uint64_t anchor[3]) {
    uint64_t coarse = (uint64_t)(morton >> COARSE_BITS), fine = (uint64_t)morton & COARSE_MASK;
    for (int d = 0; d < 3; d++)
        anchor[d] = gather(coarse >> (2 - d)) << DP_COARSE_DEPTH | gather(fine >> (2 - d));
}

dp_key dp_morton_encode_ref(const uint64_t anchor[3]) {
    dp_key morton = 0;
    for (int bit = DP_MAX_DEPTH - 1; bit >= 0; bit--)
        for (int d = 0; d < 3; d++)
            morton = morton << 1 | (anchor[d] >> bit & 1);
    return morton;
}

void dp_morton_decode_ref(dp_key morton, uint64_t anchor[3]) {
    anchor[0] = anchor[1] = anchor[2] = 0;
    for (int bit = 0; morton; bit++, morton >>= 3)
        for (int d = 0; d < 3; d++)
            anchor[d] |= (uint64_t)(morton >> (2 - d) & 1) << bit;
}

static void anchor_of_point(const dp_cube *cube, const double point[3], uint64_t anchor[3]) {
    double per_cell = dp_power_of_two(DP_MAX_DEPTH) / cube->side;
    for (int d = 0; d < 3; d++) {
        double cell = (point[d] - cube->corner[d]) * per_cell;
        cell = cell > 0 ? cell : 0;
        anchor[d] = cell < (double)LAST_ANCHOR ? (uint64_t)cell : LAST_ANCHOR;
    }
}

dp_key dp_morton_of_point(const dp_cube *cube, const double point[3]) {
    uint64_t anchor[3];
    anchor_of_point(cube, point, anchor);
    return dp_morton_encode(anchor);
}

uint64_t dp_morton_coarse_of_point(const dp_cube *cube, const double point[3]) {
    uint64_t anchor[3];
    anchor_of_point(cube, point, anchor);
    return interleave(anchor, DP_COARSE_DEPTH);
}

int dp_morton_neighbour(int level, dp_key morton, const int offset[3], dp_key *neighbour) {
    uint64_t anchor[3];
    dp_morton_decode(morton, anchor);
    for (int d = 0; d < 3; d++) {
        int64_t moved = (int64_t)anchor[d] + offset[d];
        if (moved < 0 || moved >> level)
            return 0;
        anchor[d] = (uint64_t)moved;
    }
    *neighbour = dp_morton_encode(anchor);
    return 1;
}

void dp_cube_centre(const dp_cube *cube, int level, dp_key morton, double centre[3]) {
    uint64_t anchor[3];
    dp_morton_decode(morton, anchor);
    double half = dp_cube_side(cube, level) / 2;
    for (int d = 0; d < 3; d++)
        centre[d] = cube->corner[d] + (2 * (double)anchor[d] + 1) * half;
}
