// Tiles of bf16 products by VDPBF16PS: rows x 2 sums in registers, one broadcast of a pair of A for both.

INLINE void add_bf16(
    int rows, int64_t pairs, const uint32_t *a, const uint32_t *b, float *c, int64_t c_stride, int columns,
    bool accumulate) {
    __m512 sums[SK_BF16_ROWS][2];
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        _Pragma("clang loop unroll(full)") for (int h = 0; h < 2; h++)
            sums[i][h] = accumulate ? (__m512)wide_load_part(c + i * c_stride + WIDTH * h, columns - WIDTH * h)
                                    : _mm512_setzero_ps();
    for (int64_t p = 0; p < pairs; p++, a += SK_BF16_ROWS, b += SK_BF16_COLUMNS) {
        __m512bh right[2] = {(__m512bh)_mm512_loadu_si512(b), (__m512bh)_mm512_loadu_si512(b + WIDTH)};
        _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) {
            __m512bh left = (__m512bh)_mm512_set1_epi32((int32_t)a[i]);
            sums[i][0] = _mm512_dpbf16_ps(sums[i][0], left, right[0]);
            sums[i][1] = _mm512_dpbf16_ps(sums[i][1], left, right[1]);
        }
    }
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        _Pragma("clang loop unroll(full)") for (int h = 0; h < 2; h++)
            wide_store_part(c + i * c_stride + WIDTH * h, (wide)sums[i][h], columns - WIDTH * h);
}

void SK_NAME(bf16_tile)(
    int64_t pairs, const uint32_t *a, const uint32_t *b, float *c, int64_t c_stride, int rows, int columns,
    bool accumulate) {
    switch (rows) {
#define CASE(n) \
    case n: add_bf16(n, pairs, a, b, c, c_stride, columns, accumulate); return;
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
#undef CASE
    }
}
