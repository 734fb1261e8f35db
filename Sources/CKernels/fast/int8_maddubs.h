// Tiles of int8 products by VPMADDUBSW, which multiplies unsigned by signed bytes and adds pairs in 16 bits: panels
// have magnitudes, and the left codes get the sign of the right ones. Where that is negative, all bits of a left code
// are turned, which makes -a - 1 of a: the starts, the sums of the magnitudes of each column's negative codes, give
// back what that takes. Turning bits is one instruction that any unit does; VPSIGNB would wait for those that multiply.
// Magnitudes are at most 127, left codes turned or not at most 128: a pair is within 32,512 and never saturates.

/// One block of `rows` rows and WIDTH columns.
INLINE void add_int8(
    int rows, const int8_t *a, const float *a_scales, const sk_int8_panel *b, int64_t block, int column, float *c) {
    const __m256i ones = _mm256_set1_epi16(1), magnitude = _mm256_set1_epi8(127), zero = _mm256_setzero_si256();
    const uint8_t *codes = b->codes + (block * SK_INT8_BLOCK * SK_INT8_COLUMNS + 4 * column);
    const __m256i starts = _mm256_loadu_si256((const __m256i *)(b->starts + block * SK_INT8_COLUMNS + column));
    __m256i sums[SK_INT8_ROWS];
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) sums[i] = starts;
    // Unrolled altogether it would not stay in the cache of decoded instructions.
    _Pragma("clang loop unroll_count(2)") for (int q = 0; q < SK_INT8_BLOCK / 4; q++) {
        __m256i right = _mm256_loadu_si256((const __m256i *)(codes + q * 4 * SK_INT8_COLUMNS));
        __m256i size = _mm256_and_si256(right, magnitude), negative = _mm256_cmpgt_epi8(zero, right);
        _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) {
            int32_t quad;
            __builtin_memcpy(&quad, a + SK_INT8_BLOCK * i + 4 * q, sizeof quad);
            __m256i left = _mm256_xor_si256(_mm256_set1_epi32(quad), negative);
            __m256i pairs = _mm256_maddubs_epi16(size, left);
            sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(pairs, ones));
        }
    }
    __m256 scales = _mm256_loadu_ps(b->scales + block * SK_INT8_COLUMNS + column);
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) {
        float *out = c + i * SK_INT8_COLUMNS + column;
        __m256 scale = _mm256_mul_ps(scales, _mm256_set1_ps(a_scales[i]));
        _mm256_storeu_ps(out, _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[i]), scale, _mm256_loadu_ps(out)));
    }
}

INLINE void add_blocks(
    int rows, int64_t blocks, const sk_int8_rows *a, const sk_int8_panel *b, float *c, int columns) {
    for (int64_t block = 0; block < blocks; block++)
        for (int column = 0; column < columns; column += WIDTH)
            add_int8(rows, a->codes + block * SK_INT8_ROWS * SK_INT8_BLOCK, a->scales + block * SK_INT8_ROWS, b,
                block, column, c);
}

void SK_NAME(int8_tile)(
    int64_t blocks, const sk_int8_rows *a, const sk_int8_panel *b, float *c, int64_t c_stride, int rows, int columns,
    bool accumulate, const sk_int8_term *term) {
    float outputs[SK_INT8_ROWS * SK_INT8_COLUMNS] = {0};
    if (accumulate) copy_part(c, c_stride, outputs, SK_INT8_COLUMNS, rows, columns);
    // Rows that are missing are 0.
    if (rows <= SK_INT8_ROWS / 2) add_blocks(SK_INT8_ROWS / 2, blocks, a, b, outputs, columns);
    else add_blocks(SK_INT8_ROWS, blocks, a, b, outputs, columns);
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
