/* Morton keys: 3 * level bits, the bit of x highest in each group of three. */
#ifndef DP_GEOMETRY_MORTON_H
#define DP_GEOMETRY_MORTON_H

#include "geometry/cube.h"

/* Interleaves integer coordinates (each below 2^21) and back. The _ref twins are the obvious loops
 * over bits, for tests. */
uint64_t dp_morton_encode(const uint32_t anchor[3]);
void dp_morton_decode(uint64_t morton, uint32_t anchor[3]);
uint64_t dp_morton_encode_ref(const uint32_t anchor[3]);
void dp_morton_decode_ref(uint64_t morton, uint32_t anchor[3]);

/* Key at level DP_MAX_DEPTH of a scaled point inside the cube (clamped to it). */
uint64_t dp_morton_of_point(const dp_cube *cube, const double point[3]);

/* Centre of the box with this Morton key and level, scaled and exact. */
void dp_cube_centre(const dp_cube *cube, int level, uint64_t morton, double centre[3]);

/* Key of the neighbour at offset (each -1, 0, 1 ...) on the same level; 0 and no change where that
 * lies outside the root cube, else 1. */
int dp_morton_neighbour(int level, uint64_t morton, const int offset[3], uint64_t *neighbour);

#endif
