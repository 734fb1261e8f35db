// Quantisation to 8 bits, in packed form. Before it is included, INT8_OFFSET is what the bytes of panels carry beside
// the code: 0x80 where they are unsigned; 0 where a magnitude and a sign are made of them.

typedef uint8_t bytes16 __attribute__((ext_vector_type(16)));

/// The bits of sixteen magnitudes: compared as integers, the largest of them is exact, and a NaN is above all.
INLINE ints magnitude_bits(floats x) { return (ints)x & 0x7FFFFFFF; }

INLINE float largest_of(ints bits) {
    int32_t __attribute__((ext_vector_type(8))) a = __builtin_elementwise_max(bits.lo, bits.hi);
    int32_t __attribute__((ext_vector_type(4))) b = __builtin_elementwise_max(a.lo, a.hi);
    int32_t __attribute__((ext_vector_type(2))) c = __builtin_elementwise_max(b.lo, b.hi);
    return sk_from_bits((uint32_t)(c.x > c.y ? c.x : c.y));
}

/// Integers whose low bytes are the codes.
INLINE ints shifted_codes(floats x, floats inverse) { return (ints)fused(x, inverse, (floats)SK_INT8_SHIFT); }

INLINE void load_block(const float *x, int count, floats out[4]) {
    for (int j = 0; j < 4; j++)
        out[j] = count >= SK_INT8_BLOCK  ? load(x + SK_LANES * j)
            : count > SK_LANES * j ? load_part(x + SK_LANES * j, count - SK_LANES * j)
                                   : (floats)0.0f;
}

/// The codes of a block, in order; returns sums of them.
INLINE ints store_codes(const floats x[4], float inverse, uint8_t flip, uint8_t codes[SK_INT8_BLOCK]) {
    ints sum = 0;
    for (int j = 0; j < 4; j++) {
        ints c = shifted_codes(x[j], (floats)inverse);
        sum += c - (ints)(floats)SK_INT8_SHIFT;
        bytes16 low = __builtin_convertvector(c & 0xFF, bytes16) ^ flip;
        __builtin_memcpy(codes + SK_LANES * j, &low, sizeof low);
    }
    return sum;
}

// Sixteen vectors become one of their sums, or of their largest, each in the order in which add_lanes takes its lanes:
// the halves first. A tree over all of them does what sixteen trees do with a quarter of the operations.
#define HALVES(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23), \
    __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)
#define QUARTERS(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27), \
    __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31)
#define PAIRS(a, b) __builtin_shufflevector(a, b, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29), \
    __builtin_shufflevector(a, b, 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31)
#define ONES(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30), \
    __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#define LEVEL(combine, shape, count) \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < count; i++) v[i] = combine(shape(v[2 * i], v[2 * i + 1]));
#define REDUCTION(name, type, combine) \
    INLINE type name(type v[16]) { \
        LEVEL(combine, HALVES, 8) LEVEL(combine, QUARTERS, 4) LEVEL(combine, PAIRS, 2) LEVEL(combine, ONES, 1) \
        return v[0]; \
    }

INLINE floats add_floats(floats a, floats b) { return a + b; }
INLINE ints add_integers(ints a, ints b) { return a + b; }
INLINE ints larger(ints a, ints b) { return __builtin_elementwise_max(a, b); }
REDUCTION(sums_of, floats, add_floats)
REDUCTION(integer_sums_of, ints, add_integers)
REDUCTION(largest_in, ints, larger)

/// A batch takes few bytes of each row, which no prefetcher of a CPU sees coming: so many blocks ahead are asked for.
enum { BATCH = 16, AHEAD = 3 };

/// Sixteen blocks of a strip, which follow each other as its scales do.
typedef struct {
    const float *x[BATCH];
    /// Steps of each block; 0 for rows that are missing.
    int counts[BATCH];
    float scales[BATCH], inverses[BATCH];
    uint64_t exact[BATCH];
} batch;

/// The scales of a batch, and which values are left out. `whole`: all its blocks are.
INLINE void scale_batch(batch *b, bool whole) {
    ints tops[BATCH];
    floats sums[BATCH], factors = SK_INT8_MASSIVE / SK_INT8_BLOCK;
    for (int t = 0; t < BATCH; t++) {
        floats values[4], sum = 0;
        ints top = 0;
        load_block(b->x[t], whole ? SK_INT8_BLOCK : b->counts[t], values);
        for (int j = 0; j < SK_INT8_BLOCK; j += SK_LANES)
            __builtin_prefetch(b->x[t] + AHEAD * SK_INT8_BLOCK + j);
        for (int j = 0; j < 4; j++) {
            ints bits = magnitude_bits(values[j]);
            top = __builtin_elementwise_max(top, bits);
            sum += (floats)bits;
        }
        tops[t] = top, sums[t] = sum;
        if (!whole && b->counts[t] > 0) factors[t] = SK_INT8_MASSIVE / (float)b->counts[t];
    }
    ints top = largest_in(tops);
    floats largest = (floats)top, limit = sums_of(sums) * factors;
    ints plain = (largest >= SK_INT8_SMALLEST) & (largest <= SK_INT8_LARGEST) & (largest <= limit);
    store(b->scales, largest * (1.0f / SK_INT8_MOST));
    store(b->inverses, top != 0 ? SK_INT8_MOST / largest : (floats)0.0f);
    __builtin_memset(b->exact, 0, sizeof b->exact);
    ints special = ~plain & (top != 0);
    if (__builtin_reduce_or(special) == 0) return;
    for (int t = 0; t < BATCH; t++) {
        if (special[t] == 0) continue;
        float rest;
        b->exact[t] = sk_int8_exact(b->x[t], b->counts[t], &rest);
        b->scales[t] = sk_int8_scale(rest);
        b->inverses[t] = rest > 0 ? sk_int8_inverse(rest) : 0;
    }
}

/// Writes the codes of the first `count` blocks of a batch; returns their sums.
INLINE ints code_batch(const batch *b, int count, bool whole, uint8_t *codes) {
    ints sums[BATCH];
    for (int t = 0; t < BATCH; t++) {
        floats values[4];
        sums[t] = 0;
        if (!whole && t >= count) continue;
        load_block(b->x[t], whole ? SK_INT8_BLOCK : b->counts[t], values);
        if (b->exact[t] != 0) {
            float kept[SK_INT8_BLOCK] = {0};
            for (int j = 0; j < b->counts[t]; j++) kept[j] = b->exact[t] >> j & 1 ? 0 : b->x[t][j];
            load_block(kept, SK_INT8_BLOCK, values);
        }
        sums[t] = store_codes(values, b->inverses[t], 0, codes + t * SK_INT8_BLOCK);
    }
    return integer_sums_of(sums);
}

INLINE ints quantize_batch(batch *b, int count, bool whole, uint8_t *codes) {
    scale_batch(b, whole);
    return code_batch(b, count, whole, codes);
}

void SK_NAME(int8_rows)(
    const float *x, int64_t stride, int count, int64_t depth, sk_int8_rows out, uint8_t *flags) {
    int64_t blocks = (depth + SK_INT8_BLOCK - 1) / SK_INT8_BLOCK, all = blocks * SK_INT8_ROWS;
    int64_t whole = count == SK_INT8_ROWS ? depth / SK_INT8_BLOCK * SK_INT8_ROWS : 0;
    int64_t block = 0, row = 0;
    __builtin_memset(flags, 0, (size_t)blocks);
    for (int64_t first = 0; first < all; first += BATCH) {
        batch b;
        int64_t at[BATCH];
        for (int t = 0; t < BATCH; t++) {
            int64_t left = depth - block * SK_INT8_BLOCK;
            b.counts[t] = row >= count || left <= 0 ? 0 : left < SK_INT8_BLOCK ? (int)left : SK_INT8_BLOCK;
            b.x[t] = b.counts[t] > 0 ? x + row * stride + block * SK_INT8_BLOCK : x;
            at[t] = block;
            if (++row == SK_INT8_ROWS) row = 0, block++;
        }
        int here = (int)(all - first < BATCH ? all - first : BATCH);
        uint8_t *codes = (uint8_t *)out.codes + first * SK_INT8_BLOCK;
        ints sums = first + BATCH <= whole ? quantize_batch(&b, BATCH, true, codes)
                                           : quantize_batch(&b, here, false, codes);
        ints starts = -INT8_OFFSET * sums;
        __builtin_memcpy(out.scales + first, b.scales, (size_t)here * sizeof *out.scales);
        __builtin_memcpy(out.starts + first, &starts, (size_t)here * sizeof *out.starts);
        __builtin_memcpy(out.exact + first, b.exact, (size_t)here * sizeof *out.exact);
        for (int t = 0; t < here; t++)
            if (b.exact[t] != 0) flags[at[t]] = 1;
    }
}

/// Turns 32 rows of 64 codes into a panel.
INLINE void spread(const uint8_t rows[SK_INT8_COLUMNS][SK_INT8_BLOCK], uint8_t *panel) {
    for (int i = 0; i < SK_INT8_COLUMNS; i += WIDTH)
        for (int q = 0; q < SK_INT8_BLOCK / 4; q += WIDTH) {
            wide square[WIDTH];
            _Pragma("clang loop unroll(full)") for (int r = 0; r < WIDTH; r++)
                __builtin_memcpy(&square[r], rows[i + r] + 4 * q, sizeof square[r]);
            transpose(square);
            _Pragma("clang loop unroll(full)") for (int s = 0; s < WIDTH; s++)
                __builtin_memcpy(panel + ((q + s) * SK_INT8_COLUMNS + i) * 4, &square[s], sizeof square[s]);
        }
}

/// Makes a magnitude below a sign of each code, and the starts: see int8_maddubs.h.
INLINE void finish_panel(sk_int8_panel out) {
#if INT8_OFFSET == 0
    const __m256i sign = _mm256_set1_epi8((char)0x80), bytes = _mm256_set1_epi8(1), words = _mm256_set1_epi16(1);
    for (int j = 0; j < SK_INT8_COLUMNS; j += WIDTH) {
        __m256i starts = _mm256_setzero_si256();
        for (int q = 0; q < SK_INT8_BLOCK / 4; q++) {
            __m256i *at = (__m256i *)(out.codes + (q * SK_INT8_COLUMNS + j) * 4), code = _mm256_loadu_si256(at);
            __m256i size = _mm256_abs_epi8(code), below = _mm256_cmpgt_epi8(_mm256_setzero_si256(), code);
            __m256i pairs = _mm256_maddubs_epi16(_mm256_and_si256(size, below), bytes);
            starts = _mm256_add_epi32(starts, _mm256_madd_epi16(pairs, words));
            _mm256_storeu_si256(at, _mm256_or_si256(size, _mm256_and_si256(code, sign)));
        }
        _mm256_storeu_si256((__m256i *)(out.starts + j), starts);
    }
#else
    (void)out;
#endif
}

INLINE void clear_rows(uint8_t rows[SK_INT8_COLUMNS][SK_INT8_BLOCK], float *scales, int from) {
    for (int i = from; i < SK_INT8_COLUMNS; i++) {
        __builtin_memset(rows[i], INT8_OFFSET, SK_INT8_BLOCK);
        scales[i] = 0;
    }
}

void SK_NAME(int8_panel_rows)(const float *x, int64_t stride, int columns, int depth, sk_int8_panel out) {
    uint8_t rows[SK_INT8_COLUMNS][SK_INT8_BLOCK];
    for (int i = 0; i < columns; i++) {
        floats values[4];
        float inverse;
        ints top = 0;
        load_block(x + i * stride, depth, values);
        for (int j = 0; j < 4; j++) top = __builtin_elementwise_max(top, magnitude_bits(values[j]));
        sk_int8_panel_scale(largest_of(top), &out.scales[i], &inverse);
        if (inverse > 0) store_codes(values, inverse, INT8_OFFSET, rows[i]);
        else __builtin_memset(rows[i], INT8_OFFSET, SK_INT8_BLOCK);
    }
    clear_rows(rows, out.scales, columns);
    spread(rows, out.codes);
    finish_panel(out);
}

/// Sixteen columns of a panel.
INLINE void panel_columns(const float *x, int64_t stride, int columns, int depth, uint8_t *codes, float *scales) {
    ints top = 0;
    for (int d = 0; d < depth; d++)
        top = __builtin_elementwise_max(top, magnitude_bits(load_part(x + d * stride, columns)));
    floats largest = (floats)top;
    ints usual = (largest >= SK_INT8_SMALLEST) & (largest <= SK_INT8_LARGEST);
    floats inverse = usual ? SK_INT8_MOST / largest : (floats)0.0f;
    floats unusual = largest < SK_INT8_SMALLEST ? (floats)0.0f : (floats)(float)NAN;
    store(scales, usual ? largest * (1.0f / SK_INT8_MOST) : unusual);
    for (int d = 0; d < SK_INT8_BLOCK; d += 4) {
        ints quad = 0;
        _Pragma("clang loop unroll(full)") for (int j = 0; j < 4; j++)
            if (d + j < depth) {
                // Where the inverse is 0, a value that is not finite must not get through.
                floats value = load_part(x + (d + j) * stride, columns);
                quad |= (shifted_codes(value, inverse) & usual & 0xFF) << (8 * j);
            }
        quad ^= (int32_t)(INT8_OFFSET * 0x01010101u);
        __builtin_memcpy(codes + d / 4 * SK_INT8_COLUMNS * 4, &quad, sizeof quad);
    }
}

void SK_NAME(int8_panel_columns)(const float *x, int64_t stride, int columns, int depth, sk_int8_panel out) {
    for (int j = 0; j < SK_INT8_COLUMNS; j += SK_LANES) {
        int count = columns - j < 0 ? 0 : columns - j < SK_LANES ? columns - j : SK_LANES;
        if (count == SK_LANES && depth == SK_INT8_BLOCK)
            panel_columns(x + j, stride, SK_LANES, SK_INT8_BLOCK, out.codes + 4 * j, out.scales + j);
        else panel_columns(count > 0 ? x + j : x, stride, count, depth, out.codes + 4 * j, out.scales + j);
    }
    finish_panel(out);
}

void SK_NAME(int8_panel_4bit)(
    const sk_weight *w, int64_t row, int columns, int64_t column, sk_int8_panel out) {
    uint8_t rows[SK_INT8_COLUMNS][SK_INT8_BLOCK];
    int8_t signed_table[16];
    sk_int8_table(w->format, signed_table);
    __m128i table = _mm_xor_si128(_mm_loadu_si128((const __m128i *)signed_table), _mm_set1_epi8((char)INT8_OFFSET));
    const __m256i tables = _mm256_broadcastsi128_si256(table), low = _mm256_set1_epi8(15);
    for (int i = 0; i < columns; i++) {
        int64_t first = (row + i) * w->columns + column;
        __m256i pairs = _mm256_loadu_si256((const __m256i *)((const uint8_t *)w->codes + first / 2));
        // In order within 16 bytes of pairs: the even element is in the high nibble.
        __m256i even = _mm256_shuffle_epi8(tables, _mm256_and_si256(_mm256_srli_epi16(pairs, 4), low));
        __m256i odd = _mm256_shuffle_epi8(tables, _mm256_and_si256(pairs, low));
        __m256i a = _mm256_unpacklo_epi8(even, odd), b = _mm256_unpackhi_epi8(even, odd);
        _mm256_storeu_si256((__m256i *)rows[i], _mm256_permute2x128_si256(a, b, 0x20));
        _mm256_storeu_si256((__m256i *)(rows[i] + 32), _mm256_permute2x128_si256(a, b, 0x31));
        out.scales[i] = sk_int8_table_scale(w, first);
    }
    clear_rows(rows, out.scales, columns);
    spread(rows, out.codes);
    finish_panel(out);
}

/// Adds a low-rank term to a tile in memory.
INLINE void add_term(const sk_int8_term *term, float *outputs, int rows) {
    for (int i = 0; i < rows; i++, outputs += SK_INT8_COLUMNS) {
        wide sums[SK_INT8_COLUMNS / WIDTH];
        for (int j = 0; j < SK_INT8_COLUMNS / WIDTH; j++) sums[j] = wide_load(outputs + WIDTH * j);
        for (int64_t d = 0; d < term->depth; d++) {
            wide left = term->inner[i * term->inner_stride + d];
            for (int j = 0; j < SK_INT8_COLUMNS / WIDTH; j++) {
                wide right = wide_load(term->wide + d * SK_INT8_COLUMNS + WIDTH * j);
                sums[j] = __builtin_elementwise_fma(left, right, sums[j]);
            }
        }
        for (int j = 0; j < SK_INT8_COLUMNS / WIDTH; j++) wide_store(outputs + WIDTH * j, sums[j]);
    }
}
