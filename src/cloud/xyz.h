/* The columns of an XYZ file. */
#ifndef DP_CLOUD_XYZ_H
#define DP_CLOUD_XYZ_H

#include "cloud/text.h"

typedef struct dp_xyz_layout {
    int n_columns; /* in all; 0: not told */
    int species;   /* the column of symbols; -1: none */
    int position;  /* the first of three */
    int charge;    /* -1: none */
    char charge_name[DP_NAME_BYTES];
} dp_xyz_layout;

/* From "Properties=name:type:columns:..." in the comment, which is the line last read. Without it
 * the layout stays as it is. FILE where it is malformed or has no positions. */
dagpole_status dp_xyz_read_properties(const dp_input *input, dp_xyz_layout *layout);

#endif
