#include "table.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "int8_scalar.h"
#include "scalar.h"
#include "sk_quantize.h"

#define FEATURES "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl"
#pragma clang attribute push(__attribute__((target(FEATURES))), apply_to = function)

#define SK_NAME(name) sk_avx512_##name
#define WIDTH 16
typedef float wide __attribute__((ext_vector_type(16)));

static inline __attribute__((always_inline)) __mmask16 first_lanes(int n) {
    return n >= WIDTH ? (__mmask16)0xFFFF : n <= 0 ? (__mmask16)0 : (__mmask16)((1u << n) - 1);
}

/// The first n lanes, n of any size; the others are 0 and not touched in memory.
static inline __attribute__((always_inline)) wide wide_load_part(const float *p, int n) {
    return (wide)_mm512_maskz_loadu_ps(first_lanes(n), p);
}

static inline __attribute__((always_inline)) void wide_store_part(float *p, wide x, int n) {
    _mm512_mask_storeu_ps(p, first_lanes(n), (__m512)x);
}

/// Turns a square of 16 rows into its columns, in two rounds within 128 bits and two across.
static inline __attribute__((always_inline)) void transpose(wide rows[16]) {
    __m512 a[16], b[16];
    for (int i = 0; i < 16; i += 2) {
        a[i] = _mm512_unpacklo_ps((__m512)rows[i], (__m512)rows[i + 1]);
        a[i + 1] = _mm512_unpackhi_ps((__m512)rows[i], (__m512)rows[i + 1]);
    }
    for (int i = 0; i < 16; i += 4)
        for (int j = 0; j < 2; j++) {
            __m512d low = (__m512d)a[i + j], high = (__m512d)a[i + j + 2];
            b[i + 2 * j] = (__m512)_mm512_unpacklo_pd(low, high);
            b[i + 2 * j + 1] = (__m512)_mm512_unpackhi_pd(low, high);
        }
    for (int i = 0; i < 4; i++) {
        a[i] = _mm512_shuffle_f32x4(b[i], b[i + 4], 0x88);
        a[i + 4] = _mm512_shuffle_f32x4(b[i], b[i + 4], 0xDD);
        a[i + 8] = _mm512_shuffle_f32x4(b[i + 8], b[i + 12], 0x88);
        a[i + 12] = _mm512_shuffle_f32x4(b[i + 8], b[i + 12], 0xDD);
    }
    for (int i = 0; i < 8; i++) {
        rows[i] = (wide)_mm512_shuffle_f32x4(a[i], a[i + 8], 0x88);
        rows[i + 8] = (wide)_mm512_shuffle_f32x4(a[i], a[i + 8], 0xDD);
    }
}

#include "fast/vector.h"

/// table[index] in every lane.
INLINE floats look_up(floats table, ints index) {
    return (floats)_mm512_permutexvar_ps((__m512i)index, (__m512)table);
}

/// The products of the lower halves of each lane.
INLINE longwords multiply_lower(longwords a, longwords b) {
    return (longwords)_mm512_mul_epu32((__m512i)a, (__m512i)b);
}

#include "fast/tile.h"
#include "fast/formats.h"
#include "fast/matvec.h"
#include "fast/rows.h"
#include "fast/attention.h"

// Unsigned panels: VPDPBUSD multiplies unsigned by signed bytes.
#define INT8_OFFSET 0x80
#include "fast/int8.h"

bool SK_NAME(add_fixed_point)(int64_t n, const float *g, float limit, int64_t *sums) {
    __mmask8 sound = 0xFF;
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256 x = _mm256_loadu_ps(g + i);
        __m256 magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
        __mmask8 within = _mm256_cmp_ps_mask(magnitude, _mm256_set1_ps(limit), _CMP_LE_OQ);
        __m512i fixed = _mm512_maskz_cvtpd_epi64(within, _mm512_mul_pd(_mm512_cvtps_pd(x), _mm512_set1_pd(0x1p52)));
        _mm512_storeu_si512(sums + i, _mm512_add_epi64(_mm512_loadu_si512(sums + i), fixed));
        sound &= within;
    }
    return sk_portable_add_fixed_point(n - i, g + i, limit, sums + i) && sound == 0xFF;
}

#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target(FEATURES ",avx512vnni"))), apply_to = function)
#include "fast/int8_vnni.h"
#include "fast/int8_matvec.h"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target(FEATURES ",avx512bf16"))), apply_to = function)
INLINE halves bf16_rounded(floats x) { return (halves)_mm512_cvtneps_pbh((__m512)x); }

/// Thirty-two codes, in words.
enum { BF16_CODES = 32 };
INLINE void bf16_look_up(const uint16_t table[16], const uint8_t *codes, uint16_t *out) {
    __m512i tables = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)table));
    __m512i pairs = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)codes));
    __m512i odd = _mm512_and_si512(_mm512_slli_epi32(pairs, 16), _mm512_set1_epi32(15 << 16));
    __m512i index = _mm512_or_si512(_mm512_srli_epi32(pairs, 4), odd);
    _mm512_storeu_si512(out, _mm512_permutexvar_epi16(index, tables));
}

#include "fast/bf16.h"
#include "fast/bf16_dot.h"
#pragma clang attribute pop

const sk_table sk_avx512_table = {
    .isa = SK_AVX512,
    .tile_rows = TILE_ROWS,
    .strided_rows = STRIDED_ROWS,
    .tile_columns = TILE_COLUMNS,
    .depth_block = 256,
#define SK_KERNEL(name, kind) .name = sk_avx512_##name,
#include "kernels.inc"
};

#endif
