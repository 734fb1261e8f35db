// Quantisation to 8 bits, in packed form. Before it is included, INT8_OFFSET is what the bytes of panels carry beside
// the code: 0, or 0x80 where they are unsigned.

typedef uint8_t bytes16 __attribute__((ext_vector_type(16)));

/// The bits of sixteen magnitudes: compared as integers, the largest of them is exact, and a NaN is above all.
INLINE ints magnitude_bits(floats x) { return (ints)x & 0x7FFFFFFF; }

INLINE float largest_of(ints bits) {
    int32_t __attribute__((ext_vector_type(8))) a = __builtin_elementwise_max(bits.lo, bits.hi);
    int32_t __attribute__((ext_vector_type(4))) b = __builtin_elementwise_max(a.lo, a.hi);
    int32_t __attribute__((ext_vector_type(2))) c = __builtin_elementwise_max(b.lo, b.hi);
    return sk_from_bits((uint32_t)(c.x > c.y ? c.x : c.y));
}

INLINE int32_t add_ints(ints x) {
    int32_t __attribute__((ext_vector_type(8))) a = x.lo + x.hi;
    int32_t __attribute__((ext_vector_type(4))) b = a.lo + a.hi;
    int32_t __attribute__((ext_vector_type(2))) c = b.lo + b.hi;
    return c.x + c.y;
}

/// Integers whose low bytes are the codes.
INLINE ints shifted_codes(floats x, floats inverse) { return (ints)fused(x, inverse, (floats)SK_INT8_SHIFT); }

INLINE void load_block(const float *x, int count, floats out[4]) {
    for (int j = 0; j < 4; j++)
        out[j] = count >= SK_INT8_BLOCK  ? load(x + SK_LANES * j)
            : count > SK_LANES * j ? load_part(x + SK_LANES * j, count - SK_LANES * j)
                                   : (floats)0.0f;
}

/// The codes of a block, in order; returns their sum.
INLINE int32_t store_codes(const floats x[4], float inverse, uint8_t flip, uint8_t codes[SK_INT8_BLOCK]) {
    ints sum = 0;
    for (int j = 0; j < 4; j++) {
        ints c = shifted_codes(x[j], (floats)inverse);
        sum += c - (ints)(floats)SK_INT8_SHIFT;
        bytes16 low = __builtin_convertvector(c & 0xFF, bytes16) ^ flip;
        __builtin_memcpy(codes + SK_LANES * j, &low, sizeof low);
    }
    return add_ints(sum);
}

/// A block of one row of the left side; returns the sum of the codes.
INLINE int32_t quantize_left(const float *x, int count, uint8_t codes[SK_INT8_BLOCK], float *scale, uint64_t *exact) {
    floats values[4], sums = 0;
    ints top = 0;
    load_block(x, count, values);
    for (int j = 0; j < 4; j++) {
        ints bits = magnitude_bits(values[j]);
        top = __builtin_elementwise_max(top, bits);
        sums += (floats)bits;
    }
    float largest = largest_of(top);
    *exact = 0;
    if (largest != 0 && !sk_int8_is_plain(largest, add_lanes(sums), count)) {
        float kept[SK_INT8_BLOCK] = {0};
        *exact = sk_int8_exact(x, count, &largest);
        for (int j = 0; j < count; j++) kept[j] = *exact >> j & 1 ? 0 : x[j];
        load_block(kept, SK_INT8_BLOCK, values);
    }
    *scale = sk_int8_scale(largest);
    return store_codes(values, largest > 0 ? sk_int8_inverse(largest) : 0, 0, codes);
}

void SK_NAME(int8_rows)(
    const float *x, int64_t stride, int count, int64_t depth, sk_int8_rows out, uint8_t *flags) {
    for (int64_t block = 0; block * SK_INT8_BLOCK < depth; block++) {
        int64_t d = block * SK_INT8_BLOCK, at = block * SK_INT8_ROWS;
        int steps = depth - d < SK_INT8_BLOCK ? (int)(depth - d) : SK_INT8_BLOCK;
        uint64_t any = 0;
        for (int i = 0; i < SK_INT8_ROWS; i++, at++) {
            uint8_t *codes = (uint8_t *)out.codes + at * SK_INT8_BLOCK;
            out.exact[at] = 0;
            if (i < count) {
                int32_t sum = quantize_left(x + i * stride + d, steps, codes, &out.scales[at], &out.exact[at]);
                out.starts[at] = -INT8_OFFSET * sum;
            } else {
                __builtin_memset(codes, 0, SK_INT8_BLOCK);
                out.scales[at] = 0;
                out.starts[at] = 0;
            }
            any |= out.exact[at];
        }
        flags[block] = any != 0;
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

INLINE void clear_rows(uint8_t rows[SK_INT8_COLUMNS][SK_INT8_BLOCK], float *scales, int from) {
    for (int i = from; i < SK_INT8_COLUMNS; i++) {
        __builtin_memset(rows[i], INT8_OFFSET, SK_INT8_BLOCK);
        scales[i] = 0;
    }
}

void SK_NAME(int8_panel_rows)(
    const float *x, int64_t stride, int columns, int depth, uint8_t *codes, float *scales) {
    uint8_t rows[SK_INT8_COLUMNS][SK_INT8_BLOCK];
    for (int i = 0; i < columns; i++) {
        floats values[4];
        float inverse;
        ints top = 0;
        load_block(x + i * stride, depth, values);
        for (int j = 0; j < 4; j++) top = __builtin_elementwise_max(top, magnitude_bits(values[j]));
        sk_int8_panel_scale(largest_of(top), &scales[i], &inverse);
        if (inverse > 0) store_codes(values, inverse, INT8_OFFSET, rows[i]);
        else __builtin_memset(rows[i], INT8_OFFSET, SK_INT8_BLOCK);
    }
    clear_rows(rows, scales, columns);
    spread(rows, codes);
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

void SK_NAME(int8_panel_columns)(
    const float *x, int64_t stride, int columns, int depth, uint8_t *codes, float *scales) {
    for (int j = 0; j < SK_INT8_COLUMNS; j += SK_LANES) {
        int count = columns - j < 0 ? 0 : columns - j < SK_LANES ? columns - j : SK_LANES;
        if (count == SK_LANES && depth == SK_INT8_BLOCK)
            panel_columns(x + j, stride, SK_LANES, SK_INT8_BLOCK, codes + 4 * j, scales + j);
        else panel_columns(count > 0 ? x + j : x, stride, count, depth, codes + 4 * j, scales + j);
    }
}

void SK_NAME(int8_panel_4bit)(
    const sk_weight *w, int64_t row, int columns, int64_t column, uint8_t *codes, float *scales) {
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
        scales[i] = sk_int8_table_scale(w, first);
    }
    clear_rows(rows, scales, columns);
    spread(rows, codes);
}
