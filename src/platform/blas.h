#ifndef DP_PLATFORM_BLAS_H
#define DP_PLATFORM_BLAS_H

/* Around each call of OpenBLAS: waits while as many threads are in it as it has buffers for. */
void dp_blas_enter(void);
void dp_blas_leave(void);

#endif
