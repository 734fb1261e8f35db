#include "bf16_scalar.h"
#include "sk_bf16.h"

void sk_portable_bf16_round(
    const float *x, int64_t stride, int64_t rows, int64_t columns, uint16_t *out, int64_t out_stride) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) out[i * out_stride + j] = sk_bf16_round(x[i * stride + j]);
}

void sk_portable_bf16_decode_4bit(
    const sk_weight *w, int64_t row, int64_t rows, int64_t column, int64_t columns, uint16_t *out,
    int64_t out_stride) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) {
            float value;
            sk_portable_decode_4bit(w, row + i, 1, column + j, 1, &value, 1);
            out[i * out_stride + j] = sk_bf16_round(value);
        }
}

/// out[d / 2][i] in its half d mod 2 = x[i * row_step + d * step], 0 where there is none.
static void pack(
    const uint16_t *x, int64_t row_step, int64_t step, int count, int64_t depth, int width, uint32_t *out) {
    for (int64_t d = 0; d < depth; d += 2)
        for (int i = 0; i < width; i++) {
            const uint16_t *from = x + i * row_step + d * step;
            uint32_t low = i < count ? from[0] : 0, high = i < count && d + 1 < depth ? from[step] : 0;
            out[d / 2 * width + i] = low | high << 16;
        }
}

void sk_portable_bf16_pack_transposed(
    const uint16_t *x, int64_t stride, int count, int64_t depth, int width, uint32_t *out) {
    pack(x, stride, 1, count, depth, width, out);
}

void sk_portable_bf16_pack_straight(
    const uint16_t *x, int64_t stride, int count, int64_t depth, int width, uint32_t *out) {
    pack(x, 1, stride, count, depth, width, out);
}

static float add_pair(uint32_t a, uint32_t b, float sum) {
    sum = sk_bf16_step(sk_bf16_value((uint16_t)(a >> 16)), sk_bf16_value((uint16_t)(b >> 16)), sum);
    return sk_bf16_step(sk_bf16_value((uint16_t)a), sk_bf16_value((uint16_t)b), sum);
}

void sk_portable_bf16_tile(
    int64_t pairs, const uint32_t *a, const uint32_t *b, float *c, int64_t c_stride, int rows, int columns,
    bool accumulate) {
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            float sum = accumulate ? sk_bf16_without_subnormal(c[i * c_stride + j]) : 0;
            for (int64_t p = 0; p < pairs; p++)
                sum = add_pair(a[p * SK_BF16_ROWS + i], b[p * SK_BF16_COLUMNS + j], sum);
            c[i * c_stride + j] = sum;
        }
}

// Outputs one by one.

/// The element `row`, `column` of any format.
static uint16_t element(const sk_weight *w, int64_t row, int64_t column) {
    float value;
    sk_decoder(&sk_portable_table, w->format)(w, row, 1, column, 1, &value, 1);
    return sk_bf16_round(value);
}

static void reference(sk_matrix a, const sk_weight *w, bool straight, sk_matrix c, bool accumulate) {
    for (int64_t m = 0; m < c.rows; m++)
        for (int64_t j = 0; j < c.columns; j++) {
            float output = accumulate ? c.data[m * c.stride + j] : 0;
            for (int64_t d = 0; d < a.columns; d += 2) {
                uint32_t left = 0, right = 0;
                for (int64_t half = 0; half < 2 && d + half < a.columns; half++) {
                    uint32_t other = straight ? element(w, d + half, j) : element(w, j, d + half);
                    left |= (uint32_t)sk_bf16_round(a.data[m * a.stride + d + half]) << 16 * half;
                    right |= other << 16 * half;
                }
                output = add_pair(left, right, sk_bf16_without_subnormal(output));
            }
            c.data[m * c.stride + j] = output;
        }
}

void sk_reference_multiply_bf16(sk_matrix x, sk_weight w, sk_matrix y, bool accumulate) {
    reference(x, &w, false, y, accumulate);
}

void sk_reference_multiply_transposed_bf16(sk_matrix dy, sk_weight w, sk_matrix dx, bool accumulate) {
    reference(dy, &w, true, dx, accumulate);
}
