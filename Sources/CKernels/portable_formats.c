#include "scalar.h"
#include "sk_quantize.h"

typedef float element_decoder(const sk_weight *w, int64_t index);

static float fp16_element(const sk_weight *w, int64_t index) {
    return sk_fp16_to_float(((const uint16_t *)w->codes)[index]);
}
static float bf16_element(const sk_weight *w, int64_t index) {
    return sk_from_bits((uint32_t)((const uint16_t *)w->codes)[index] << 16);
}
static float four_bit_element(const sk_weight *w, int64_t index) {
    uint8_t pair = ((const uint8_t *)w->codes)[index / 2];
    int code = index % 2 == 0 ? pair >> 4 : pair & 15;
    return sk_codebook_of(w->format)->values[code] * sk_block_scale(w, index / w->block_size, sk_nested_values);
}

static void decode(
    const sk_weight *w, int64_t row, int64_t rows, int64_t column, int64_t columns, float *out, int64_t out_stride,
    element_decoder *element) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            out[i * out_stride + j] = element(w, (row + i) * w->columns + column + j);
}

void sk_portable_decode_fp32(
    const sk_weight *w, int64_t row, int64_t rows, int64_t column, int64_t columns, float *out, int64_t out_stride) {
    const float *x = w->codes;
    for (int64_t i = 0; i < rows; i++)
        memcpy(out + i * out_stride, x + (row + i) * w->stride + column, (size_t)columns * sizeof *x);
}

void sk_portable_decode_fp16(
    const sk_weight *w, int64_t row, int64_t rows, int64_t column, int64_t columns, float *out, int64_t out_stride) {
    decode(w, row, rows, column, columns, out, out_stride, fp16_element);
}

void sk_portable_decode_bf16(
    const sk_weight *w, int64_t row, int64_t rows, int64_t column, int64_t columns, float *out, int64_t out_stride) {
    decode(w, row, rows, column, columns, out, out_stride, bf16_element);
}

void sk_portable_decode_4bit(
    const sk_weight *w, int64_t row, int64_t rows, int64_t column, int64_t columns, float *out, int64_t out_stride) {
    decode(w, row, rows, column, columns, out, out_stride, four_bit_element);
}

/// By the number of midpoints below the value: one exactly between two codes takes the lower, a NaN the highest.
static uint8_t nearest_code(const sk_codebook *book, float value) {
    int rank = 0;
    for (int i = 0; i < 15; i++) rank += !(sk_midpoint(book, i) >= value);
    return book->ranked[rank];
}

void sk_portable_encode_4bit(
    const sk_codebook *book, const float *x, int64_t count, int32_t block_size, bool tail, uint8_t *codes,
    float *scales) {
    for (int64_t first = 0; first < count; first += block_size) {
        int64_t n = count - first < block_size ? count - first : block_size;
        float largest = 0;
        for (int64_t i = 0; i < n; i++) {
            float magnitude = fabsf(x[first + i]);
            largest = magnitude > largest || magnitude != magnitude ? magnitude : largest;
        }
        // The library multiplies whole blocks by the reciprocal and divides the last, short one.
        float divisor = largest < 1e-38f ? 1e-38f : largest, reciprocal = 1.0f / divisor;
        bool partial = tail && n < block_size;
        for (int64_t i = 0; i < n; i += 2) {
            float even = partial ? x[first + i] / divisor : x[first + i] * reciprocal;
            float odd = i + 1 == n ? 0 : partial ? x[first + i + 1] / divisor : x[first + i + 1] * reciprocal;
            codes[(first + i) / 2] = (uint8_t)(nearest_code(book, even) << 4 | nearest_code(book, odd));
        }
        scales[first / block_size] = partial ? divisor : largest;
    }
}
