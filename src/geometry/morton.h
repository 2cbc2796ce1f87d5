/* Morton keys: 3 * level bits, the bit of x highest in each group of three. Clouds of several
 * scales need more levels than the 21 that 64 bits hold: half of the points in a part of 1e-6 of
 * the side would be two dozen leaves there, however many they are. */
#ifndef DP_GEOMETRY_MORTON_H
#define DP_GEOMETRY_MORTON_H

#include "geometry/cube.h"

__extension__ typedef unsigned __int128 dp_key;

/* Interleaves integer coordinates (each below 2^42) and back. The _ref twins are the obvious loops
 * over bits, for tests. */
dp_key dp_morton_encode(const uint64_t anchor[3]);
void dp_morton_decode(dp_key morton, uint64_t anchor[3]);
dp_key dp_morton_encode_ref(const uint64_t anchor[3]);
void dp_morton_decode_ref(dp_key morton, uint64_t anchor[3]);

/* Key at level DP_MAX_DEPTH of a scaled point inside the cube (clamped to it), and its beginning,
 * the key at DP_COARSE_DEPTH. */
dp_key dp_morton_of_point(const dp_cube *cube, const double point[3]);
uint64_t dp_morton_coarse_of_point(const dp_cube *cube, const double point[3]);

/* Centre of the box with this Morton key and level, scaled and exact. */
void dp_cube_centre(const dp_cube *cube, int level, dp_key morton, double centre[3]);

/* Key of the neighbour at offset (each -1, 0, 1 ...) on the same level; 0 and no change where that
 * lies outside the root cube, else 1. */
int dp_morton_neighbour(int level, dp_key morton, const int offset[3], dp_key *neighbour);

#endif
