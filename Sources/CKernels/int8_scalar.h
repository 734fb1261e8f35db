// Quantisation to 8 bits, one block at a time: what the vector code does in each lane, and what it leaves to plain C.
#ifndef SK_INT8_SCALAR_H
#define SK_INT8_SCALAR_H

#include "scalar.h"

// A code is the low byte of x / scale + 1.5 * 2^23, which fp32 rounds to the nearest integer, ties to even.
#define SK_INT8_SHIFT 0x1.8p23f
#define SK_INT8_MOST 127.0f

// Blocks whose largest magnitude lies outside of these cannot be scaled without overflow or loss.
#define SK_INT8_SMALLEST 0x1p-100f
#define SK_INT8_LARGEST 0x1p100f

// Values above this many times their block's mean magnitude are multiplied in fp32. The massive activations of trained
// models are hundreds of times the others (Sun et al. 2024, "Massive Activations in Large Language Models"), a Gaussian
// block reaches 4 times; at the limit, the error of the block's other values is still below 5 % of their rms.
#define SK_INT8_MASSIVE 16.0f

static inline float sk_int8_inverse(float largest) { return SK_INT8_MOST / largest; }
static inline float sk_int8_scale(float largest) { return largest * (1.0f / SK_INT8_MOST); }

static inline int8_t sk_int8_code(float x, float inverse) {
    return (int8_t)(sk_bits(fmaf(x, inverse, SK_INT8_SHIFT)) & 0xFF);
}

/// Whether a block with this largest and summed magnitude, of which at least one value is not 0, has no exact values.
static inline bool sk_int8_is_plain(float largest, float sum, int count) {
    float limit = sum * (SK_INT8_MASSIVE / (float)count);
    return largest >= SK_INT8_SMALLEST && largest <= SK_INT8_LARGEST && largest <= limit;
}

/// Which of the values of a block of the left side are multiplied in fp32; `*largest` is that of the others. Massive
/// ones are taken out until none is left; in a block that cannot be scaled all are.
static inline uint64_t sk_int8_exact(const float *x, int count, float *largest) {
    uint64_t exact = 0;
    for (;;) {
        float lanes[SK_LANES] = {0};
        uint32_t top = 0;
        for (int j = 0; j < count; j++) {
            if (exact >> j & 1) continue;
            lanes[j % SK_LANES] += fabsf(x[j]);
            uint32_t bits = sk_bits(fabsf(x[j]));
            top = bits > top ? bits : top;
        }
        *largest = sk_from_bits(top);
        if (top == 0) return exact;
        float sum = sk_add_lanes(lanes), limit = sum * (SK_INT8_MASSIVE / (float)count);
        if (sk_int8_is_plain(*largest, sum, count)) return exact;
        if (!(*largest >= SK_INT8_SMALLEST && *largest <= SK_INT8_LARGEST)) {
            *largest = 0;
            return count == SK_INT8_BLOCK ? UINT64_MAX : ((uint64_t)1 << count) - 1;
        }
        for (int j = 0; j < count; j++)
            if (fabsf(x[j]) > limit) exact |= (uint64_t)1 << j;
    }
}

/// The scale of a block of the right side, and what its values are multiplied with. A block of zeros, or of values too
/// small to matter, has codes and scale 0; one with a value that is not finite, or near that, is not a number.
static inline void sk_int8_panel_scale(float largest, float *scale, float *inverse) {
    bool usual = largest >= SK_INT8_SMALLEST && largest <= SK_INT8_LARGEST;
    *inverse = usual ? sk_int8_inverse(largest) : 0;
    *scale = usual ? sk_int8_scale(largest) : largest < SK_INT8_SMALLEST ? 0 : (float)NAN;
}

/// Whether the codes of `w` become codes of 8 bits by a table, because its blocks consist of whole blocks here.
static inline bool sk_int8_looks_up(const sk_weight *w) {
    return (w->format == SK_FORMAT_NF4 || w->format == SK_FORMAT_FP4) && w->columns % SK_INT8_BLOCK == 0
        && w->block_size % SK_INT8_BLOCK == 0;
}

/// What 1 becomes in that table: of 100 to 127 the number that brings the codebook closest to integers (relative rms
/// error 0.33 % for NF4, where 127 gives 0.42 %; for FP4, whose values are multiples of 1/192, only the smallest has
/// any).
static inline float sk_int8_table_most(sk_format format) { return format == SK_FORMAT_FP4 ? 120.0f : 112.0f; }

/// The scale of the block that begins with the element `element`, for codes from that table.
static inline float sk_int8_table_scale(const sk_weight *w, int64_t element) {
    return sk_block_scale(w, element / w->block_size, sk_nested_values) * (1.0f / sk_int8_table_most(w->format));
}

static inline void sk_int8_table(sk_format format, int8_t table[16]) {
    for (int i = 0; i < 16; i++)
        table[i] = sk_int8_code(sk_codebook_of(format)->values[i], sk_int8_table_most(format));
}

#endif
