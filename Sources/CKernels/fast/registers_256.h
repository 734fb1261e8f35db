// Registers of 256 bits: what vector.h and the kernels need of AVX2 and FMA.

#define WIDTH 8
typedef float wide __attribute__((ext_vector_type(8)));

static const int32_t lane_masks[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

static inline __attribute__((always_inline)) __m256i first_lanes(int n) {
    return _mm256_loadu_si256((const __m256i *)(lane_masks + 8 - (n >= WIDTH ? WIDTH : n <= 0 ? 0 : n)));
}

/// The first n lanes, n of any size; the others are 0 and not touched in memory.
static inline __attribute__((always_inline)) wide wide_load_part(const float *p, int n) {
    return (wide)_mm256_maskload_ps(p, first_lanes(n));
}

static inline __attribute__((always_inline)) void wide_store_part(float *p, wide x, int n) {
    _mm256_maskstore_ps(p, first_lanes(n), (__m256)x);
}

/// Turns a square of 8 rows into its columns.
static inline __attribute__((always_inline)) void transpose(wide rows[8]) {
    __m256 a[8], b[8];
    for (int i = 0; i < 8; i += 2) {
        a[i] = _mm256_unpacklo_ps((__m256)rows[i], (__m256)rows[i + 1]);
        a[i + 1] = _mm256_unpackhi_ps((__m256)rows[i], (__m256)rows[i + 1]);
    }
    for (int i = 0; i < 8; i += 4)
        for (int j = 0; j < 2; j++) {
            b[i + 2 * j] = _mm256_shuffle_ps(a[i + j], a[i + j + 2], 0x44);
            b[i + 2 * j + 1] = _mm256_shuffle_ps(a[i + j], a[i + j + 2], 0xEE);
        }
    for (int i = 0; i < 4; i++) {
        rows[i] = (wide)_mm256_permute2f128_ps(b[i], b[i + 4], 0x20);
        rows[i + 4] = (wide)_mm256_permute2f128_ps(b[i], b[i + 4], 0x31);
    }
}
