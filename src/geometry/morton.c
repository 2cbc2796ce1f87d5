#include "geometry/morton.h"

#define LAST_ANCHOR ((1u << DP_MAX_DEPTH) - 1)

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

static uint32_t gather(uint64_t bits) {
    bits &= 0x1249249249249249;
    bits = (bits | bits >> 2) & 0x10c30c30c30c30c3;
    bits = (bits | bits >> 4) & 0x100f00f00f00f00f;
    bits = (bits | bits >> 8) & 0x001f0000ff0000ff;
    bits = (bits | bits >> 16) & 0x001f00000000ffff;
    bits = (bits | bits >> 32) & 0x1fffff;
    return (uint32_t)bits;
}

uint64_t dp_morton_encode(const uint32_t anchor[3]) {
    return spread(anchor[0]) << 2 | spread(anchor[1]) << 1 | spread(anchor[2]);
}

void dp_morton_decode(uint64_t morton, uint32_t anchor[3]) {
    for (int d = 0; d < 3; d++)
        anchor[d] = gather(morton >> (2 - d));
}

uint64_t dp_morton_encode_ref(const uint32_t anchor[3]) {
    uint64_t morton = 0;
    for (int bit = DP_MAX_DEPTH - 1; bit >= 0; bit--)
        for (int d = 0; d < 3; d++)
            morton = morton << 1 | (anchor[d] >> bit & 1);
    return morton;
}

void dp_morton_decode_ref(uint64_t morton, uint32_t anchor[3]) {
    for (int d = 0; d < 3; d++) {
        anchor[d] = 0;
        for (int bit = 0; bit < DP_MAX_DEPTH; bit++)
            anchor[d] |= (uint32_t)(morton >> (3 * bit + 2 - d) & 1) << bit;
    }
}

uint64_t dp_morton_of_point(const dp_cube *cube, const double point[3]) {
    double per_cell = 0x1p21 / cube->side;
    uint32_t anchor[3];
    for (int d = 0; d < 3; d++) {
        double cell = (point[d] - cube->corner[d]) * per_cell;
        cell = cell > 0 ? cell : 0;
        anchor[d] = cell < LAST_ANCHOR ? (uint32_t)cell : LAST_ANCHOR;
    }
    return dp_morton_encode(anchor);
}

int dp_morton_neighbour(int level, uint64_t morton, const int offset[3], uint64_t *neighbour) {
    uint32_t anchor[3];
    dp_morton_decode(morton, anchor);
    for (int d = 0; d < 3; d++) {
        int64_t moved = (int64_t)anchor[d] + offset[d];
        if (moved < 0 || moved >> level)
            return 0;
        anchor[d] = (uint32_t)moved;
    }
    *neighbour = dp_morton_encode(anchor);
    return 1;
}

void dp_cube_centre(const dp_cube *cube, int level, uint64_t morton, double centre[3]) {
    uint32_t anchor[3];
    dp_morton_decode(morton, anchor);
    double half = dp_cube_side(cube, level) / 2;
    for (int d = 0; d < 3; d++)
        centre[d] = cube->corner[d] + (2.0 * anchor[d] + 1) * half;
}
