#include "peaks.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

// The chains start from memory: the compiler can neither work them out beforehand nor find two of them equal.
#define PEAK_LOOP(name, features, sum, factor, operations, instruction) \
    __attribute__((target(features), noinline)) double name(int64_t steps, float *sink) { \
        sum chains[SK_PEAK_CHAINS]; \
        factor a, b; \
        memcpy(&a, sink + SK_PEAK_CHAINS * SK_LANES, sizeof a); \
        memcpy(&b, sink + (SK_PEAK_CHAINS + 1) * SK_LANES, sizeof b); \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < SK_PEAK_CHAINS; i++) \
            memcpy(&chains[i], sink + i * SK_LANES, sizeof chains[i]); \
        for (int64_t step = 0; step < steps; step++) \
            _Pragma("clang loop unroll(full)") for (int i = 0; i < SK_PEAK_CHAINS; i++) \
                chains[i] = instruction(chains[i], a, b); \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < SK_PEAK_CHAINS; i++) \
            memcpy(sink + i * SK_LANES, &chains[i], sizeof chains[i]); \
        return (double)operations * SK_PEAK_CHAINS * (double)steps; \
    }

PEAK_LOOP(sk_avx512_bf16_dot_loop, "avx512f,avx512bf16", __m512, __m512bh, 64, _mm512_dpbf16_ps)
PEAK_LOOP(sk_avx512_fp16_fma_loop, "avx512f,avx512bw,avx512vl,avx512fp16", __m512h, __m512h, 64, _mm512_fmadd_ph)
PEAK_LOOP(sk_avx512_int16_dot_loop, "avx512f,avx512vnni", __m512i, __m512i, 64, _mm512_dpwssd_epi32)
PEAK_LOOP(sk_avx2_int16_dot_loop, "avx2,avxvnni", __m256i, __m256i, 32, _mm256_dpwssd_avx_epi32)

#endif
