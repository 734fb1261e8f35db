// Tiles of int8 products by VPMADDUBSW, which multiplies unsigned by signed bytes and adds pairs in 16 bits: the sign
// of the right codes is moved to the left ones. All are within ±127, so that a pair is within ±32,258 and never
// saturates.

/// One block of `rows` rows and 16 columns.
INLINE void add_int8(
    int rows, const int8_t *a, const float *a_scales, const uint8_t *b, const float *b_scales, float *c,
    int64_t c_stride) {
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i sums[3][2];
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        sums[i][0] = sums[i][1] = _mm256_setzero_si256();
    for (int q = 0; q < SK_INT8_BLOCK / 4; q++, a += 4, b += 4 * SK_INT8_COLUMNS)
        _Pragma("clang loop unroll(full)") for (int h = 0; h < 2; h++) {
            __m256i right = _mm256_loadu_si256((const __m256i *)(b + 32 * h)), size = _mm256_abs_epi8(right);
            _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) {
                int32_t quad;
                __builtin_memcpy(&quad, a + SK_INT8_BLOCK * i, sizeof quad);
                __m256i left = _mm256_sign_epi8(_mm256_set1_epi32(quad), right);
                __m256i pairs = _mm256_maddubs_epi16(size, left);
                sums[i][h] = _mm256_add_epi32(sums[i][h], _mm256_madd_epi16(pairs, ones));
            }
        }
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        _Pragma("clang loop unroll(full)") for (int h = 0; h < 2; h++) {
            __m256 scale = _mm256_mul_ps(_mm256_loadu_ps(b_scales + 8 * h), _mm256_set1_ps(a_scales[i]));
            float *out = c + i * c_stride + 8 * h;
            _mm256_storeu_ps(out, _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[i][h]), scale, _mm256_loadu_ps(out)));
        }
}

void SK_NAME(int8_tile)(
    int64_t blocks, const sk_int8_rows *a, const uint8_t *b, const float *b_scales, float *c, int64_t c_stride,
    int rows, int columns, bool accumulate, const sk_int8_term *term) {
    float outputs[SK_INT8_ROWS * SK_INT8_COLUMNS] = {0};
    if (accumulate) copy_part(c, c_stride, outputs, SK_INT8_COLUMNS, rows, columns);
    for (int64_t block = 0; block < blocks; block++, b_scales += SK_INT8_COLUMNS)
        // Rows in threes, as far as there are any.
        for (int j = 0; j < SK_INT8_COLUMNS; j += 16)
            for (int i = 0; i < rows; i += 3)
                add_int8(3, a->codes + (block * SK_INT8_ROWS + i) * SK_INT8_BLOCK,
                    a->scales + block * SK_INT8_ROWS + i, b + block * SK_INT8_BLOCK * SK_INT8_COLUMNS + 4 * j,
                    b_scales + j, outputs + i * SK_INT8_COLUMNS + j, SK_INT8_COLUMNS);
    if (term) add_term(term, outputs, rows);
    copy_part(outputs, SK_INT8_COLUMNS, c, c_stride, rows, columns);
}

double SK_NAME(int8_loop)(int64_t steps, float *sink) {
    // Of the sums themselves, so that nothing can be taken out of the loop.
    enum { CHAINS = 10 };
    const __m256i ones = _mm256_set1_epi16(1), left = _mm256_set1_epi32((int32_t)(*sink * 0.0f) + 0x01020304);
    __m256i sums[CHAINS];
    _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++) sums[i] = _mm256_set1_epi32(i);
    for (int64_t step = 0; step < steps; step++)
        _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++)
            sums[i] = _mm256_add_epi32(
                sums[i], _mm256_madd_epi16(_mm256_maddubs_epi16(sums[i], left), ones));
    for (int i = 0; i < CHAINS; i++) *sink += (float)(_mm256_extract_epi32(sums[i], 0) & 1);
    return 2.0 * CHAINS * 32 * (double)steps;
}
