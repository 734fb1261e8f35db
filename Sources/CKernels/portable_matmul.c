#include "scalar.h"

// The reference: every kernel says here, one value at a time, what its fast versions must compute to the bit.

static void add_step(
    const float *a, int64_t a_stride, const float *b, float *c, int64_t c_stride, int rows, int columns) {
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            c[i * c_stride + j] = fmaf(a[i * a_stride], b[j], c[i * c_stride + j]);
}

static void clear(float *c, int64_t c_stride, int rows, int columns) {
    for (int i = 0; i < rows; i++) memset(c + i * c_stride, 0, (size_t)columns * sizeof *c);
}

void sk_portable_tile_packed(
    int64_t depth, const float *a, int64_t a_stride, const float *b, int64_t b_step, float *c, int64_t c_stride,
    int rows, int columns, bool accumulate) {
    if (!accumulate) clear(c, c_stride, rows, columns);
    for (int64_t d = 0; d < depth; d++) add_step(a + d * a_stride, 1, b + d * b_step, c, c_stride, rows, columns);
}

void sk_portable_tile_strided(
    int64_t depth, const float *a, int64_t a_stride, const float *b, int64_t b_step, float *c, int64_t c_stride,
    int rows, int columns, bool accumulate) {
    if (!accumulate) clear(c, c_stride, rows, columns);
    for (int64_t d = 0; d < depth; d++) add_step(a + d, a_stride, b + d * b_step, c, c_stride, rows, columns);
}

void sk_portable_pack_transposed(const float *x, int64_t stride, int count, int64_t depth, int width, float *out) {
    for (int64_t d = 0; d < depth; d++)
        for (int i = 0; i < width; i++) out[d * width + i] = i < count ? x[i * stride + d] : 0;
}

void sk_portable_pack_straight(const float *x, int64_t stride, int count, int64_t depth, int width, float *out) {
    for (int64_t d = 0; d < depth; d++)
        for (int i = 0; i < width; i++) out[d * width + i] = i < count ? x[d * stride + i] : 0;
}

// Outputs one by one: a chain over the reduction.

static float chain(int64_t depth, const float *a, int64_t a_step, const float *b, int64_t b_step, float start) {
    for (int64_t d = 0; d < depth; d++) start = fmaf(a[d * a_step], b[d * b_step], start);
    return start;
}

void sk_reference_multiply(sk_matrix x, sk_weight w, sk_matrix y, bool accumulate) {
    const float *values = w.codes;
    for (int64_t m = 0; m < y.rows; m++)
        for (int64_t n = 0; n < y.columns; n++) {
            float *out = &y.data[m * y.stride + n];
            *out = chain(x.columns, x.data + m * x.stride, 1, values + n * w.stride, 1, accumulate ? *out : 0);
        }
}

void sk_reference_multiply_transposed(sk_matrix dy, sk_weight w, sk_matrix dx, bool accumulate) {
    const float *values = w.codes;
    for (int64_t m = 0; m < dx.rows; m++)
        for (int64_t k = 0; k < dx.columns; k++) {
            float *out = &dx.data[m * dx.stride + k];
            *out = chain(dy.columns, dy.data + m * dy.stride, 1, values + k, w.stride, accumulate ? *out : 0);
        }
}

void sk_reference_multiply_gradient(sk_matrix dy, sk_matrix x, sk_matrix dw, bool accumulate) {
    for (int64_t n = 0; n < dw.rows; n++)
        for (int64_t k = 0; k < dw.columns; k++) {
            float *out = &dw.data[n * dw.stride + k];
            *out = chain(dy.rows, dy.data + n, dy.stride, x.data + k, x.stride, accumulate ? *out : 0);
        }
}
