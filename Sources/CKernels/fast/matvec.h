// Products with few rows, straight from the stored weight. A square of it, WIDTH rows by one register of bytes, is
// turned, so that every lane is an output; several squares side by side hide the latency of the chains.

enum {
    SPAN = 4 * WIDTH,
    MATVEC_GROUPS = WIDTH / 4,
    /// Blocks of 64 steps whose scales are decoded at once.
    SCALE_BLOCKS = 32,
};

typedef int32_t wide_ints __attribute__((ext_vector_type(WIDTH)));
typedef uint32_t wide_words __attribute__((ext_vector_type(WIDTH)));

#if WIDTH == 16
INLINE wide look_up_wide(floats table, wide_ints index) { return look_up(table, index); }

/// The halves in the lower 16 bits of every lane.
INLINE wide from_halves(wide_ints x) { return (wide)_mm512_cvtph_ps(_mm512_cvtepi32_epi16((__m512i)x)); }
#else
INLINE wide look_up_wide(floats table, wide_ints index) {
    return look_up_half((__m256)table.lo, (__m256)table.hi, (__m256i)index);
}

INLINE wide from_halves(wide_ints x) {
    x &= 0xFFFF;
    return (wide)_mm256_cvtph_ps(_mm_packus_epi32((__m128i)x.lo, (__m128i)x.hi));
}
#endif

/// One register of bytes of each of `count` <= WIDTH rows (the last again for those missing), of which `left` exist:
/// lane r of square[s] is word s of row r.
INLINE void load_square(const uint8_t *from, int64_t stride, int count, int64_t left, wide square[WIDTH]) {
    _Pragma("clang loop unroll(full)") for (int r = 0; r < WIDTH; r++) {
        if (left >= SPAN) __builtin_memcpy(&square[r], from, SPAN);
        else {
            uint8_t part[SPAN] = {0};
            __builtin_memcpy(part, from, (size_t)left);
            __builtin_memcpy(&square[r], part, SPAN);
        }
        if (r + 1 < count) from += stride;
    }
    transpose(square);
}

/// Asks for the bytes from..<from + count, which are read next, in the order in which they lie in memory: the CPU
/// does not see where a walk over several rows leads.
INLINE void fetch(const uint8_t *from, int64_t count) {
    for (int64_t i = 0; i < count; i += 64) __builtin_prefetch(from + i);
}

/// The factors of WIDTH scales from the scale `first` on, all of which but the first may lie behind `last`.
INLINE wide nested_factors(const sk_weight *w, int64_t first, int64_t last) {
    wide_ints lane;
    for (int i = 0; i < WIDTH; i++) lane[i] = i;
    int32_t same = SK_NESTED_BLOCK - (int32_t)(first % SK_NESTED_BLOCK);
    return lane < same ? (wide)w->nested[first / SK_NESTED_BLOCK] : (wide)w->nested[last / SK_NESTED_BLOCK];
}

/// scales[b * WIDTH + r] = factor times the scale of the 64 steps number `block` + b of row `row` + r of a 4-bit
/// weight; `count` rows, the last again for those missing.
INLINE void decode_scales(
    const sk_weight *w, int64_t row, int count, int64_t block, int blocks, float factor, float *scales) {
    float raw[WIDTH][SCALE_BLOCKS];
    int64_t in_row = w->columns / SK_INT8_BLOCK, start = row * in_row + block;
    bool whole = w->block_size == SK_INT8_BLOCK, nested = whole && w->nested;
    for (int r = 0; r < WIDTH; r++) {
        int64_t first = start + (r < count ? r : count - 1) * in_row;
        if (nested) {
            const uint8_t *codes = (const uint8_t *)w->scales + first;
            _Pragma("clang loop vectorize(disable)") for (int b = 0; b < blocks; b++)
                raw[r][b] = sk_nested_values[codes[b]];
        } else if (whole) {
            __builtin_memcpy(raw[r], (const float *)w->scales + first, (size_t)blocks * sizeof(float));
        } else {
            for (int b = 0; b < blocks; b++)
                raw[r][b] = sk_block_scale(w, (first + b) * SK_INT8_BLOCK / w->block_size, sk_nested_values);
        }
    }
    for (int b = 0; b < blocks; b += WIDTH) {
        int used = blocks - b < WIDTH ? blocks - b : WIDTH;
        wide square[WIDTH];
        for (int r = 0; r < WIDTH; r++) {
            square[r] = wide_load(raw[r] + b);
            if (nested) {
                int64_t first = start + (r < count ? r : count - 1) * in_row + b;
                square[r] = square[r] * nested_factors(w, first, first + used - 1) + w->offset;
            }
            square[r] *= factor;
        }
        transpose(square);
        for (int s = 0; s < used; s++) wide_store(scales + (b + s) * WIDTH, square[s]);
    }
}

/// Value `part` of those in a 32-bit word of the weight, without its scale.
INLINE wide element(sk_format format, floats table, wide word, int part) {
    wide_ints bits = (wide_ints)word;
    switch (format) {
    case SK_FORMAT_FP32: return word;
    case SK_FORMAT_BF16: return (wide)(part == 0 ? bits << 16 : bits & (int32_t)0xFFFF0000);
    case SK_FORMAT_FP16: return from_halves(part == 0 ? bits : (wide_ints)((wide_words)bits >> 16));
    // The even element of a byte is its high nibble.
    default: return look_up_wide(table, bits >> (part / 2 * 8 + (part % 2 == 0 ? 4 : 0)));
    }
}

/// `groups` times WIDTH outputs, of which `count` exist, for `rows` rows.
INLINE void add_matvec(
    sk_format format, int groups, int rows, const sk_weight *w, int64_t row, int count, const float *x,
    int64_t x_stride, float *y, int64_t y_stride, bool accumulate) {
    const bool four_bit = format == SK_FORMAT_NF4;
    const int per_word = four_bit ? 8 : format == SK_FORMAT_FP32 ? 1 : 2, per_span = per_word * WIDTH;
    const int64_t depth = w->columns, bits = 32 / per_word, stride = w->stride * bits / 8;
    const uint8_t *bytes = (const uint8_t *)w->codes + row * stride;
    const floats table = four_bit ? load(sk_codebook_of(w->format)->values) : (floats)0.0f;
    float scales[MATVEC_GROUPS][SCALE_BLOCKS * WIDTH];
    wide sums[MATVEC_GROUPS][4];
    // A group of which nothing exists takes the last output instead.
    int firsts[MATVEC_GROUPS], used[MATVEC_GROUPS];
    for (int g = 0; g < groups; g++) {
        firsts[g] = g * WIDTH < count ? g * WIDTH : count - 1;
        used[g] = count - firsts[g] < WIDTH ? count - firsts[g] : WIDTH;
    }
    _Pragma("clang loop unroll(full)") for (int g = 0; g < groups; g++)
        _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
            sums[g][i] = accumulate ? wide_load_part(y + i * y_stride + g * WIDTH, count - g * WIDTH) : (wide)0.0f;
    for (int64_t d = 0; d < depth; d += per_span) {
        int steps = depth - d < per_span ? (int)(depth - d) : per_span;
        wide words[MATVEC_GROUPS][WIDTH], factors[MATVEC_GROUPS];
        for (int g = 0; g < groups; g++)
            load_square(bytes + firsts[g] * stride + d * bits / 8, stride, used[g], steps * bits / 8, words[g]);
        fetch(bytes + groups * WIDTH * stride + d / per_span * groups * WIDTH * SPAN, groups * WIDTH * SPAN);
        if (four_bit && d % (SCALE_BLOCKS * SK_INT8_BLOCK) == 0)
            for (int g = 0; g < groups; g++) {
                int64_t block = d / SK_INT8_BLOCK, left = depth / SK_INT8_BLOCK - block;
                decode_scales(w, row + firsts[g], used[g], block, left < SCALE_BLOCKS ? (int)left : SCALE_BLOCKS, 1.0f,
                    scales[g]);
            }
        for (int s = 0; s * per_word < steps; s++) {
            if (four_bit && s % 8 == 0)
                _Pragma("clang loop unroll(full)") for (int g = 0; g < groups; g++) factors[g] = wide_load(
                    scales[g] + (d / SK_INT8_BLOCK + s / 8) % SCALE_BLOCKS * WIDTH);
            _Pragma("clang loop unroll(full)") for (int part = 0; part < per_word; part++) {
                int step = s * per_word + part;
                if (per_word == 2 && step == steps) break;
                _Pragma("clang loop unroll(full)") for (int g = 0; g < groups; g++) {
                    wide value = element(format, table, words[g][s], part);
                    if (four_bit) value *= factors[g];
                    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
                        sums[g][i] = __builtin_elementwise_fma((wide)x[i * x_stride + d + step], value, sums[g][i]);
                }
            }
        }
    }
    _Pragma("clang loop unroll(full)") for (int g = 0; g < groups; g++)
        _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
            wide_store_part(y + i * y_stride + g * WIDTH, sums[g][i], count - g * WIDTH);
}

#define MATVEC(name, format) \
    static void add_##name( \
        const sk_weight *w, int64_t row, int count, const float *x, int64_t x_stride, int rows, float *y, \
        int64_t y_stride, bool accumulate) { \
        int groups = count <= WIDTH ? 1 : MATVEC_GROUPS; \
        if (groups == 1 && rows == 1) \
            add_matvec(format, 1, 1, w, row, count, x, x_stride, y, y_stride, accumulate); \
        else if (groups == 1 && rows == 2) \
            add_matvec(format, 1, 2, w, row, count, x, x_stride, y, y_stride, accumulate); \
        else if (groups == 1) add_matvec(format, 1, 4, w, row, count, x, x_stride, y, y_stride, accumulate); \
        else if (rows == 1) \
            add_matvec(format, MATVEC_GROUPS, 1, w, row, count, x, x_stride, y, y_stride, accumulate); \
        else if (rows == 2) \
            add_matvec(format, MATVEC_GROUPS, 2, w, row, count, x, x_stride, y, y_stride, accumulate); \
        else add_matvec(format, MATVEC_GROUPS, 4, w, row, count, x, x_stride, y, y_stride, accumulate); \
    } \
    void SK_NAME(name)( \
        const sk_weight *w, int64_t row, int64_t outputs, const float *x, int64_t x_stride, int rows, float *y, \
        int64_t y_stride, bool accumulate) { \
        const int most = MATVEC_GROUPS * WIDTH; \
        for (int64_t n = 0; n < outputs; n += most) \
            for (int i = 0, some; i < rows; i += some) { \
                some = rows - i >= 4 ? 4 : rows - i >= 2 ? 2 : 1; \
                add_##name(w, row + n, outputs - n < most ? (int)(outputs - n) : most, x + i * x_stride, x_stride, \
                    some, y + i * y_stride + n, y_stride, accumulate); \
            } \
    }
MATVEC(matvec_fp32, SK_FORMAT_FP32)
MATVEC(matvec_fp16, SK_FORMAT_FP16)
MATVEC(matvec_bf16, SK_FORMAT_BF16)
// FP4 too: the codebook is that of the weight.
MATVEC(matvec_4bit, SK_FORMAT_NF4)
#undef MATVEC
