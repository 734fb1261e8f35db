// One value at a time: what the vector code does in each lane.
#ifndef SK_SCALAR_H
#define SK_SCALAR_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "table.h"

#pragma STDC FP_CONTRACT OFF

static inline float sk_from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint32_t sk_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float sk_from_bf16(uint16_t bits) { return sk_from_bits((uint32_t)bits << 16); }

/// To nearest, ties to even; a NaN stays one.
static inline uint16_t sk_to_bf16(float x) {
    uint32_t bits = sk_bits(x);
    return (uint16_t)(x == x ? (bits + 0x7FFF + (bits >> 16 & 1)) >> 16 : bits >> 16 | 0x40);
}

// 2^x = 2^n 2^f: n = rint(x) by adding 1.5 * 2^23, whose low bits are then n; 2^f by a polynomial whose relative error
// is below 10^-7 for |f| <= 1/2, and exact at 0; 2^n by adding n to the exponent. No result is below 2^-126.
#define SK_EXP2_LOW -126.0f
#define SK_EXP_LOW -87.0f
#define SK_EXP_HIGH 87.0f
#define SK_EXP_SHIFT 0x1.8p23f
#define SK_LOG2_E 0x1.715476p0f
static const float sk_exp2_series[6] = {
    0x1.5bba14p-10f, 0x1.3cea88p-7f, 0x1.c6b752p-5f, 0x1.ebf9bcp-3f, 0x1.62e42ap-1f, 1.0f,
};

static inline float sk_exp2_parts(float shifted, float f) {
    float p = sk_exp2_series[0];
    for (int i = 1; i < 6; i++) p = fmaf(p, f, sk_exp2_series[i]);
    return sk_from_bits(sk_bits(p) + (sk_bits(shifted) << 23));
}

/// 2^x for x < 128.
static inline float sk_exp2_scalar(float x) {
    x = x < SK_EXP2_LOW ? SK_EXP2_LOW : x;
    float shifted = x + SK_EXP_SHIFT;
    return sk_exp2_parts(shifted, x - (shifted - SK_EXP_SHIFT));
}

/// e^x, x held between -87 and 87.
static inline float sk_exp_scalar(float x) {
    x = x < SK_EXP_LOW ? SK_EXP_LOW : x;
    x = x > SK_EXP_HIGH ? SK_EXP_HIGH : x;
    float shifted = fmaf(x, SK_LOG2_E, SK_EXP_SHIFT);
    return sk_exp2_parts(shifted, fmaf(x, SK_LOG2_E, SK_EXP_SHIFT - shifted));
}

/// 1 / (1 + e^-x).
static inline float sk_sigmoid_scalar(float x) {
    x = x < SK_EXP_LOW ? SK_EXP_LOW : x;
    x = x > SK_EXP_HIGH ? SK_EXP_HIGH : x;
    float shifted = fmaf(x, -SK_LOG2_E, SK_EXP_SHIFT);
    return 1.0f / (1.0f + sk_exp2_parts(shifted, fmaf(x, -SK_LOG2_E, SK_EXP_SHIFT - shifted)));
}

/// Sums of a row have 64 lanes, element i in lane i mod 64, so that additions need not wait for each other; a fixed
/// tree makes one of them.
enum { SK_SUM_LANES = 4 * SK_LANES };

static inline float sk_add_sums(const float lanes[SK_SUM_LANES]) {
    float sums[SK_SUM_LANES];
    memcpy(sums, lanes, sizeof sums);
    for (int width = SK_SUM_LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++) sums[i] = sums[i] + sums[i + width];
    return sums[0];
}

/// The fixed tree by which 16 lanes become one sum.
static inline float sk_add_lanes(const float lanes[SK_LANES]) {
    float sums[SK_LANES];
    memcpy(sums, lanes, sizeof sums);
    for (int width = SK_LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++) sums[i] = sums[i] + sums[i + width];
    return sums[0];
}

static inline double sk_double_from_bits(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// ln 2 = SK_LN2_DOUBLE + SK_LN2_TAIL to twice the precision of a double.
#define SK_LN2_DOUBLE 0x1.62e42fefa39efp-1
#define SK_LN2_TAIL 0x1.abc9e3b39803fp-56

static const double sk_log_series[11] = {
    1.0 / 23, 1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3,
};

/// The natural logarithm: x = 2^e m with m in [sqrt(1/2), sqrt(2)), log m = 2 atanh s, s = (m - 1) / (m + 1),
/// |s| < 0.172.
static inline double sk_log_inline(double x) {
    if (!(x > 0)) return x == 0 ? -(double)INFINITY : (double)NAN;
    if (x > 0x1.fffffffffffffp1023) return x;
    int64_t exponent = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        exponent = -54;
    }
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    exponent += (int64_t)(bits >> 52) - 1023;
    double m = sk_double_from_bits((bits & 0xFFFFFFFFFFFFFull) | 0x3FF0000000000000ull);
    if (m > 0x1.6a09e667f3bcdp0) {
        m *= 0.5;
        exponent += 1;
    }
    double f = m - 1, s = f / (m + 1), z = s * s, p = sk_log_series[0];
    for (int i = 1; i < 11; i++) p = fma(p, z, sk_log_series[i]);
    // 2 s = f - s f: the leading term is exact.
    double tail = fma(-s, f, 2 * s * z * p), e = (double)exponent;
    return fma(e, SK_LN2_DOUBLE, f + fma(e, SK_LN2_TAIL, tail));
}

/// The natural logarithm of a sum of exponentials, in fp32.
static inline float sk_log_scalar(float x) { return (float)sk_log_inline((double)x); }

static inline float sk_fp16_to_float(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = (half >> 10) & 31, fraction = half & 0x3FF;
    if (exponent == 31) return sk_from_bits(sign | 0x7F800000 | fraction << 13 | (fraction ? 0x400000 : 0));
    if (exponent == 0) return sk_from_bits(sk_bits((float)fraction * 0x1p-24f) | sign);
    return sk_from_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

/// The value halfway between the codes of rank `i` and i + 1.
static inline float sk_midpoint(const sk_codebook *book, int i) {
    return (book->values[book->ranked[i]] + book->values[book->ranked[i + 1]]) / 2;
}

/// The scale of the block `block` of a 4-bit weight.
static inline float sk_block_scale(const sk_weight *w, int64_t block, const float *table) {
    if (!w->nested) return ((const float *)w->scales)[block];
    float product = table[((const uint8_t *)w->scales)[block]] * w->nested[block / SK_NESTED_BLOCK];
    return product + w->offset;
}

/// Four draws: the counter is (block, stream). Source: Salmon et al., SC 2011, section 3.3.
static inline void sk_philox(sk_rng rng, uint64_t block, uint32_t out[4]) {
    uint32_t c0 = (uint32_t)block, c1 = (uint32_t)(block >> 32);
    uint32_t c2 = (uint32_t)rng.stream, c3 = (uint32_t)(rng.stream >> 32);
    uint32_t k0 = (uint32_t)rng.key, k1 = (uint32_t)(rng.key >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)c0 * 0xD2511F53u, p1 = (uint64_t)c2 * 0xCD9E8D57u;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

#endif
