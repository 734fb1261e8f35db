// Tiles of bf16 products by multiply-adds of fp32: the halves of each pair in turn, the odd one first.

enum { BF16_PLAIN_ROWS = 6, BF16_PLAIN_COLUMNS = 2 * WIDTH };

/// Six rows and two registers of columns. Not inlined: its arithmetic must stay between the changes of the mode.
static __attribute__((noinline)) void add_bf16(
    int64_t pairs, const uint32_t *a, const uint32_t *b, float *c, int64_t c_stride) {
    const __m256i odd = _mm256_set1_epi32((int32_t)0xFFFF0000);
    __m256 sums[BF16_PLAIN_ROWS][2];
    _Pragma("clang loop unroll(full)") for (int i = 0; i < BF16_PLAIN_ROWS; i++)
        _Pragma("clang loop unroll(full)") for (int h = 0; h < 2; h++)
            sums[i][h] = _mm256_loadu_ps(c + i * c_stride + WIDTH * h);
    for (int64_t p = 0; p < pairs; p++, a += SK_BF16_ROWS, b += SK_BF16_COLUMNS) {
        _Pragma("clang loop unroll(full)") for (int half = 1; half >= 0; half--) {
            __m256 right[2];
            _Pragma("clang loop unroll(full)") for (int h = 0; h < 2; h++) {
                __m256i two = _mm256_loadu_si256((const __m256i *)(b + WIDTH * h));
                right[h] = (__m256)(half ? _mm256_and_si256(two, odd) : _mm256_slli_epi32(two, 16));
            }
            _Pragma("clang loop unroll(full)") for (int i = 0; i < BF16_PLAIN_ROWS; i++) {
                __m256i two = _mm256_set1_epi32((int32_t)a[i]);
                __m256 left = (__m256)(half ? _mm256_and_si256(two, odd) : _mm256_slli_epi32(two, 16));
                sums[i][0] = _mm256_fmadd_ps(left, right[0], sums[i][0]);
                sums[i][1] = _mm256_fmadd_ps(left, right[1], sums[i][1]);
            }
            // Each half loads what it needs: both at once would be more than there are registers.
            __asm__ volatile("" ::: "memory");
        }
    }
    _Pragma("clang loop unroll(full)") for (int i = 0; i < BF16_PLAIN_ROWS; i++)
        _Pragma("clang loop unroll(full)") for (int h = 0; h < 2; h++)
            _mm256_storeu_ps(c + i * c_stride + WIDTH * h, sums[i][h]);
}

void SK_NAME(bf16_tile)(
    int64_t pairs, const uint32_t *a, const uint32_t *b, float *c, int64_t c_stride, int rows, int columns,
    bool accumulate) {
    // Subnormals are zeros, going in (bit 6) and coming out (bit 15).
    enum { NO_SUBNORMALS = 0x8040 };
    float outputs[SK_BF16_ROWS * SK_BF16_COLUMNS] = {0};
    if (accumulate) copy_part(c, c_stride, outputs, SK_BF16_COLUMNS, rows, columns);
    unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | NO_SUBNORMALS);
    // The rows that are missing are 0 in A.
    for (int i = 0; i < rows; i += BF16_PLAIN_ROWS)
        for (int j = 0; j < columns; j += BF16_PLAIN_COLUMNS)
            add_bf16(pairs, a + i, b + j, outputs + i * SK_BF16_COLUMNS + j, SK_BF16_COLUMNS);
    _mm_setcsr(mode);
    copy_part(outputs, SK_BF16_COLUMNS, c, c_stride, rows, columns);
}
