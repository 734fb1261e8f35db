#include "table.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "int8_scalar.h"
#include "scalar.h"
#include "sk_quantize.h"

// Sixteen lanes are two registers here; no such value crosses a call, as all helpers are inlined.
#pragma clang diagnostic ignored "-Wpsabi"
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#define SK_NAME(name) sk_avx2_##name
#include "fast/registers_256.h"
#include "fast/vector.h"

/// table[index] in eight lanes: both halves of the table are looked up, bit 3 of the index chooses.
INLINE wide look_up_half(__m256 low, __m256 high, __m256i index) {
    __m256 choice = _mm256_castsi256_ps(_mm256_slli_epi32(index, 28));
    return (wide)_mm256_blendv_ps(
        _mm256_permutevar8x32_ps(low, index), _mm256_permutevar8x32_ps(high, index), choice);
}

INLINE floats look_up(floats table, ints index) {
    __m256 low = (__m256)table.lo, high = (__m256)table.hi;
    floats result;
    result.lo = look_up_half(low, high, (__m256i)index.lo);
    result.hi = look_up_half(low, high, (__m256i)index.hi);
    return result;
}

/// The products of the lower halves of each lane.
INLINE longwords multiply_lower(longwords a, longwords b) {
    typedef uint64_t four __attribute__((ext_vector_type(4)));
    four low = (four)_mm256_mul_epu32((__m256i)a.lo, (__m256i)b.lo);
    four high = (four)_mm256_mul_epu32((__m256i)a.hi, (__m256i)b.hi);
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
}

#include "fast/tile.h"
#include "fast/formats.h"
#include "fast/matvec.h"
#include "fast/rows.h"
#include "fast/attention.h"

#define INT8_OFFSET 0
#include "fast/int8.h"
#include "fast/int8_maddubs.h"
#include "fast/int8_matvec.h"

INLINE halves bf16_rounded(floats x) {
    words bits = (words)x, magnitude = bits & 0x7FFFFFFF;
    words nearest = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
    words usual = magnitude < 0x00800000 ? bits >> 16 & 0x8000 : nearest;
    return __builtin_convertvector(magnitude > 0x7F800000 ? bits >> 16 | 0x40 : usual, halves);
}

/// Sixteen codes, in bytes: each half of the table by itself.
enum { BF16_CODES = 16 };
INLINE void bf16_look_up(const uint16_t table[16], const uint8_t *codes, uint16_t *out) {
    const __m128i low = _mm_set1_epi8(15), bytes = _mm_set1_epi16(255);
    __m128i first = _mm_loadu_si128((const __m128i *)table), second = _mm_loadu_si128((const __m128i *)table + 1);
    __m128i lower = _mm_packus_epi16(_mm_and_si128(first, bytes), _mm_and_si128(second, bytes));
    __m128i upper = _mm_packus_epi16(_mm_srli_epi16(first, 8), _mm_srli_epi16(second, 8));
    __m128i pairs = _mm_loadl_epi64((const __m128i *)codes);
    __m128i index = _mm_unpacklo_epi8(_mm_and_si128(_mm_srli_epi16(pairs, 4), low), _mm_and_si128(pairs, low));
    lower = _mm_shuffle_epi8(lower, index);
    upper = _mm_shuffle_epi8(upper, index);
    _mm_storeu_si128((__m128i *)out, _mm_unpacklo_epi8(lower, upper));
    _mm_storeu_si128((__m128i *)out + 1, _mm_unpackhi_epi8(lower, upper));
}

#include "fast/bf16.h"
#include "fast/bf16_plain.h"

bool SK_NAME(add_fixed_point)(int64_t n, const float *g, float limit, int64_t *sums) {
    bool sound = true;
    for (int64_t i = 0; i < n; i++) {
        bool within = __builtin_fabsf(g[i]) <= limit;
        sound &= within;
        // AVX2 converts doubles to 64-bit integers one at a time, rounding ties to even.
        sums[i] += within ? _mm_cvtsd_si64(_mm_set_sd((double)g[i] * 0x1p52)) : 0;
    }
    return sound;
}

#pragma clang attribute pop

const sk_table sk_avx2_table = {
    .isa = SK_AVX2,
    .tile_rows = TILE_ROWS,
    .strided_rows = STRIDED_ROWS,
    .tile_columns = TILE_COLUMNS,
    .depth_block = 512,
#define SK_KERNEL(name, kind) .name = sk_avx2_##name,
#include "kernels.inc"
};

#endif
