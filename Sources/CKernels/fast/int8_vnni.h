// Tiles of int8 products by VPDPBUSD. The panels are 128 too high; the starts take 128 times the sum of the left codes
// away again.

INLINE void add_int8(
    int rows, int vectors, int64_t blocks, const sk_int8_rows *a, const uint8_t *b, const float *b_scales, float *c,
    int64_t c_stride, int columns, bool accumulate, const sk_int8_term *term) {
    const int8_t *codes = a->codes;
    const float *a_scales = a->scales;
    const int32_t *starts = a->starts;
    __m512 outputs[SK_INT8_ROWS][2];
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        _Pragma("clang loop unroll(full)") for (int h = 0; h < vectors; h++)
            outputs[i][h] = accumulate ? (__m512)wide_load_part(c + i * c_stride + WIDTH * h, columns - WIDTH * h)
                                       : _mm512_setzero_ps();
    for (int64_t block = 0; block < blocks; block++) {
        __m512i sums[SK_INT8_ROWS][2];
        _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
            sums[i][0] = sums[i][1] = _mm512_set1_epi32(starts[i]);
        _Pragma("clang loop unroll(full)") for (int q = 0; q < SK_INT8_BLOCK / 4; q++) {
            __m512i right[2] = {_mm512_loadu_si512(b), _mm512_loadu_si512(b + 64)};
            _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) {
                int32_t quad;
                __builtin_memcpy(&quad, codes + SK_INT8_BLOCK * i, sizeof quad);
                __m512i left = _mm512_set1_epi32(quad);
                sums[i][0] = _mm512_dpbusd_epi32(sums[i][0], right[0], left);
                if (vectors > 1) sums[i][1] = _mm512_dpbusd_epi32(sums[i][1], right[1], left);
            }
            codes += 4;
            b += 4 * SK_INT8_COLUMNS;
        }
        __m512 scales[2] = {_mm512_loadu_ps(b_scales), _mm512_loadu_ps(b_scales + WIDTH)};
        _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
            _Pragma("clang loop unroll(full)") for (int h = 0; h < vectors; h++)
                outputs[i][h] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[i][h]),
                    _mm512_mul_ps(scales[h], _mm512_set1_ps(a_scales[i])), outputs[i][h]);
        codes += SK_INT8_BLOCK * (SK_INT8_ROWS - 1);
        starts += SK_INT8_ROWS;
        a_scales += SK_INT8_ROWS;
        b_scales += SK_INT8_COLUMNS;
    }
    for (int64_t d = 0; term && d < term->depth; d++) {
        const float *wide_row = term->wide + d * SK_INT8_COLUMNS;
        __m512 right[2] = {_mm512_loadu_ps(wide_row), _mm512_loadu_ps(wide_row + WIDTH)};
        _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) {
            __m512 left = _mm512_set1_ps(term->inner[i * term->inner_stride + d]);
            _Pragma("clang loop unroll(full)") for (int h = 0; h < vectors; h++)
                outputs[i][h] = _mm512_fmadd_ps(left, right[h], outputs[i][h]);
        }
    }
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        _Pragma("clang loop unroll(full)") for (int h = 0; h < vectors; h++)
            wide_store_part(c + i * c_stride + WIDTH * h, (wide)outputs[i][h], columns - WIDTH * h);
}

void SK_NAME(int8_tile)(
    int64_t blocks, const sk_int8_rows *a, const sk_int8_panel *b, float *c, int64_t c_stride, int rows, int columns,
    bool accumulate, const sk_int8_term *term) {
    switch (rows) {
#define CASE(n) \
    case n: \
        if (columns <= WIDTH) add_int8(n, 1, blocks, a, b->codes, b->scales, c, c_stride, columns, accumulate, term); \
        else add_int8(n, 2, blocks, a, b->codes, b->scales, c, c_stride, columns, accumulate, term); \
        return;
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#undef CASE
    }
}

double SK_NAME(int8_loop)(int64_t steps, float *sink) {
    enum { CHAINS = 12 };
    __m512i sums[CHAINS], left = _mm512_set1_epi32((int32_t)(*sink * 0.0f) + 0x01020304);
    _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++) sums[i] = _mm512_set1_epi32(i);
    for (int64_t step = 0; step < steps; step++)
        _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++)
            sums[i] = _mm512_dpbusd_epi32(sums[i], left, left);
    for (int i = 0; i < CHAINS; i++) *sink += (float)(_mm512_reduce_add_epi32(sums[i]) & 1);
    return 2.0 * CHAINS * 64 * (double)steps;
}
