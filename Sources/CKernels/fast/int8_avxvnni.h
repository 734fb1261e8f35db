// Tiles of int8 products by VPDPBUSD in registers of 256 bits. The panels are 128 too high; the starts take 128 times
// the sum of the left codes away again.

/// One block of `rows` rows and 16 columns.
INLINE void add_int8(
    int rows, const int8_t *a, const int32_t *starts, const float *a_scales, const uint8_t *b, const float *b_scales,
    float *c, int64_t c_stride) {
    __m256i sums[SK_INT8_ROWS][2];
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        sums[i][0] = sums[i][1] = _mm256_set1_epi32(starts[i]);
    // A loop: unrolled, the compiler would want more registers than there are.
    _Pragma("clang loop unroll(disable)") for (int q = 0; q < SK_INT8_BLOCK / 4; q++) {
        __m256i right[2] = {_mm256_loadu_si256((const __m256i *)b), _mm256_loadu_si256((const __m256i *)b + 1)};
        _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) {
            int32_t quad;
            __builtin_memcpy(&quad, a + SK_INT8_BLOCK * i, sizeof quad);
            __m256i left = _mm256_set1_epi32(quad);
            sums[i][0] = _mm256_dpbusd_avx_epi32(sums[i][0], right[0], left);
            sums[i][1] = _mm256_dpbusd_avx_epi32(sums[i][1], right[1], left);
        }
        a += 4;
        b += 4 * SK_INT8_COLUMNS;
    }
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        _Pragma("clang loop unroll(full)") for (int h = 0; h < 2; h++) {
            __m256 scale = _mm256_mul_ps(_mm256_loadu_ps(b_scales + WIDTH * h), _mm256_set1_ps(a_scales[i]));
            float *out = c + i * c_stride + WIDTH * h;
            _mm256_storeu_ps(out, _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[i][h]), scale, _mm256_loadu_ps(out)));
        }
}

INLINE void add_blocks(
    int rows, int64_t blocks, const sk_int8_rows *a, const uint8_t *b, const float *b_scales, float *c, int columns) {
    for (int j = 0; j < columns; j += 2 * WIDTH)
        for (int64_t block = 0; block < blocks; block++) {
            int64_t row = block * SK_INT8_ROWS, column = block * SK_INT8_COLUMNS + j;
            add_int8(rows, a->codes + row * SK_INT8_BLOCK, a->starts + row, a->scales + row,
                b + block * SK_INT8_COLUMNS * SK_INT8_BLOCK + 4 * j, b_scales + column, c + j, SK_INT8_COLUMNS);
        }
}

void SK_NAME(int8_tile)(
    int64_t blocks, const sk_int8_rows *a, const sk_int8_panel *b, float *c, int64_t c_stride, int rows, int columns,
    bool accumulate, const sk_int8_term *term) {
    // The outputs stay in memory between blocks: the registers are those of the sums.
    float outputs[SK_INT8_ROWS * SK_INT8_COLUMNS] = {0};
    if (accumulate)
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j += WIDTH)
                wide_store(outputs + i * SK_INT8_COLUMNS + j, wide_load_part(c + i * c_stride + j, columns - j));
    switch (rows) {
#define CASE(n) \
    case n: add_blocks(n, blocks, a, b->codes, b->scales, outputs, columns); break;
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#undef CASE
    }
    if (term) add_term(term, outputs, rows);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j += WIDTH)
            wide_store_part(c + i * c_stride + j, wide_load(outputs + i * SK_INT8_COLUMNS + j), columns - j);
}

double SK_NAME(int8_loop)(int64_t steps, float *sink) {
    enum { CHAINS = 12 };
    __m256i sums[CHAINS], left = _mm256_set1_epi32((int32_t)(*sink * 0.0f) + 0x01020304);
    _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++) sums[i] = _mm256_set1_epi32(i);
    for (int64_t step = 0; step < steps; step++)
        _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++)
            sums[i] = _mm256_dpbusd_avx_epi32(sums[i], left, left);
    for (int i = 0; i < CHAINS; i++) *sink += (float)(_mm256_extract_epi32(sums[i], 0) & 1);
    return 2.0 * CHAINS * 32 * (double)steps;
}
