#include "int8_scalar.h"

// Products with few rows, one output at a time.

static void multiply(
    sk_decode_kernel *decode, const sk_weight *w, int64_t row, int64_t outputs, const float *x, int64_t x_stride,
    int rows, float *y, int64_t y_stride, bool accumulate) {
    for (int64_t n = 0; n < outputs; n++)
        for (int i = 0; i < rows; i++) {
            float *out = &y[i * y_stride + n], value;
            if (!accumulate) *out = 0;
            for (int64_t k = 0; k < w->columns; k++) {
                decode(w, row + n, 1, k, 1, &value, 1);
                *out = fmaf(x[i * x_stride + k], value, *out);
            }
        }
}

#define MATVEC(format) \
    void sk_portable_matvec_##format( \
        const sk_weight *w, int64_t row, int64_t outputs, const float *x, int64_t x_stride, int rows, float *y, \
        int64_t y_stride, bool accumulate) { \
        multiply(sk_portable_decode_##format, w, row, outputs, x, x_stride, rows, y, y_stride, accumulate); \
    }
MATVEC(fp32)
MATVEC(fp16)
MATVEC(bf16)
MATVEC(4bit)
#undef MATVEC

void sk_portable_int8_few_rows(
    const float *x, int64_t stride, int count, int64_t depth, sk_format format, sk_int8_few out, uint64_t *exact,
    uint8_t *flags) {
    bool four_bit = format == SK_FORMAT_NF4 || format == SK_FORMAT_FP4;
    sk_portable_int8_rows(
        x, stride, count, depth, (sk_int8_rows){out.codes, out.scales, out.starts, exact}, flags);
    for (int64_t at = 0; at < depth * SK_INT8_ROWS; at += SK_INT8_BLOCK) {
        int8_t codes[SK_INT8_BLOCK];
        memcpy(codes, out.codes + at, sizeof codes);
        for (int j = 0; j < SK_INT8_BLOCK; j++) {
            if (four_bit) out.codes[at + j % 2 * 32 + j / 2] = codes[j];
            else out.values[at + (format == SK_FORMAT_BF16 ? j / 32 * 32 + j % 2 * 16 + j % 32 / 2 : j)] = codes[j];
        }
    }
}

void sk_portable_int8_matvec_4bit(
    const sk_weight *w, int64_t row, int64_t outputs, int64_t block, int64_t blocks, const sk_int8_few *x, int rows,
    float *y, int64_t y_stride, bool accumulate) {
    int8_t table[16];
    sk_int8_table(w->format, table);
    for (int64_t n = 0; n < outputs; n++)
        for (int i = 0; i < rows; i++) {
            float *out = &y[i * y_stride + n];
            if (!accumulate) *out = 0;
            for (int64_t b = 0; b < blocks; b++) {
                int64_t first = (row + n) * w->columns + (block + b) * SK_INT8_BLOCK, at = b * SK_INT8_ROWS + i;
                const uint8_t *pairs = (const uint8_t *)w->codes + first / 2;
                const int8_t *left = x->codes + at * SK_INT8_BLOCK;
                int32_t sum = 0;
                for (int j = 0; j < SK_INT8_BLOCK; j++) {
                    uint8_t pair = pairs[j % 32];
                    sum += left[j] * table[j < 32 ? pair >> 4 : pair & 15];
                }
                float scale = x->scales[at] * sk_int8_table_scale(w, first);
                *out = fmaf((float)sum, scale, *out);
            }
        }
}

static void multiply_int8(
    sk_decode_kernel *decode, const sk_weight *w, int64_t row, int64_t outputs, int64_t block, int64_t blocks,
    const sk_int8_few *x, int rows, float *y, int64_t y_stride, bool accumulate) {
    for (int64_t n = 0; n < outputs; n++)
        for (int i = 0; i < rows; i++) {
            float *out = &y[i * y_stride + n], values[SK_INT8_BLOCK], scale, inverse;
            if (!accumulate) *out = 0;
            for (int64_t b = 0; b < blocks; b++) {
                int64_t at = b * SK_INT8_ROWS + i;
                int32_t sum = 0;
                uint32_t top = 0;
                decode(w, row + n, 1, (block + b) * SK_INT8_BLOCK, SK_INT8_BLOCK, values, SK_INT8_BLOCK);
                for (int j = 0; j < SK_INT8_BLOCK; j++) {
                    uint32_t bits = sk_bits(fabsf(values[j]));
                    top = bits > top ? bits : top;
                }
                sk_int8_panel_scale(sk_from_bits(top), &scale, &inverse);
                for (int j = 0; j < SK_INT8_BLOCK && inverse > 0; j++)
                    sum += x->codes[at * SK_INT8_BLOCK + j] * sk_int8_code(values[j], inverse);
                scale *= x->scales[at];
                *out = fmaf((float)sum, scale, *out);
            }
        }
}

#define INT8_MATVEC(format) \
    void sk_portable_int8_matvec_##format( \
        const sk_weight *w, int64_t row, int64_t outputs, int64_t block, int64_t blocks, const sk_int8_few *x, \
        int rows, float *y, int64_t y_stride, bool accumulate) { \
        multiply_int8( \
            sk_portable_decode_##format, w, row, outputs, block, blocks, x, rows, y, y_stride, accumulate); \
    }
INT8_MATVEC(fp32)
INT8_MATVEC(fp16)
INT8_MATVEC(bf16)
#undef INT8_MATVEC
