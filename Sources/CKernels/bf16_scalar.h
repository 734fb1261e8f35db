// Products in bf16, one step at a time: what the vector code does in each lane.
#ifndef SK_BF16_SCALAR_H
#define SK_BF16_SCALAR_H

#include "scalar.h"

/// The upper half of an fp32 value, rounded to nearest, ties to even; a subnormal becomes a zero of its sign.
static inline uint16_t sk_bf16_round(float x) {
    uint32_t bits = sk_bits(x), magnitude = bits & 0x7FFFFFFF;
    if (magnitude > 0x7F800000) return (uint16_t)(bits >> 16 | 0x40);
    if (magnitude < 0x00800000) return (uint16_t)(bits >> 16 & 0x8000);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

static inline float sk_bf16_without_subnormal(float x) { return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x; }

static inline float sk_bf16_value(uint16_t x) { return sk_bf16_without_subnormal(sk_from_bits((uint32_t)x << 16)); }

/// fma(a, b, sum), for operands without subnormals. What counts is whether the result would be subnormal if exponents
/// had no limit: of those that fmaf rounds up to 2^-126, the sum in double precision tells.
static inline float sk_bf16_step(float a, float b, float sum) {
    float result = fmaf(a, b, sum);
    if (!(fabsf(result) <= 0x1p-126f)) return result;
    double wide = fma((double)a, (double)b, (double)sum);
    return fabs(wide) < 0x1p-126 - 0x1p-151 ? copysignf(0, result) : result;
}

#endif
