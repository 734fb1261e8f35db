// Formats to fp32 and back.

void SK_NAME(decode_fp32)(
    const sk_weight *w, int64_t row, int64_t rows, int64_t column, int64_t columns, float *out, int64_t out_stride) {
    const float *x = (const float *)w->codes + row * w->stride + column;
    for (int64_t i = 0; i < rows; i++, x += w->stride, out += out_stride) {
        int64_t j = 0;
        for (; j + SK_LANES <= columns; j += SK_LANES) store(out + j, load(x + j));
        if (j < columns) store_part(out + j, load_part(x + j, columns - j), columns - j);
    }
}

typedef uint16_t halves __attribute__((ext_vector_type(16)));

INLINE halves load_halves(const uint16_t *p, int64_t n) {
    halves x = 0;
    if (n >= SK_LANES) __builtin_memcpy(&x, p, sizeof x);
    else __builtin_memcpy(&x, p, (size_t)n * sizeof *p);
    return x;
}

void SK_NAME(decode_bf16)(
    const sk_weight *w, int64_t row, int64_t rows, int64_t column, int64_t columns, float *out, int64_t out_stride) {
    const uint16_t *x = (const uint16_t *)w->codes + row * w->columns + column;
    for (int64_t i = 0; i < rows; i++, x += w->columns, out += out_stride)
        for (int64_t j = 0; j < columns; j += SK_LANES)
            store_part(out + j, (floats)(__builtin_convertvector(load_halves(x + j, columns - j), words) << 16),
                columns - j);
}

void SK_NAME(decode_fp16)(
    const sk_weight *w, int64_t row, int64_t rows, int64_t column, int64_t columns, float *out, int64_t out_stride) {
    const uint16_t *x = (const uint16_t *)w->codes + row * w->columns + column;
    for (int64_t i = 0; i < rows; i++, x += w->columns, out += out_stride)
        for (int64_t j = 0; j < columns; j += SK_LANES) {
            halves h = load_halves(x + j, columns - j);
            __m256 low = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)&h));
            __m256 high = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)&h + 1));
            float lanes[SK_LANES];
            _mm256_storeu_ps(lanes, low);
            _mm256_storeu_ps(lanes + 8, high);
            store_part(out + j, load(lanes), columns - j);
        }
}

/// The 16 codes in 8 bytes, in order: the even element of a byte is its high nibble.
INLINE ints nibbles(const uint8_t *p) {
    const __m128i low = _mm_set1_epi8(15);
    __m128i pairs = _mm_loadl_epi64((const __m128i *)p);
    __m128i codes = _mm_unpacklo_epi8(_mm_and_si128(_mm_srli_epi16(pairs, 4), low), _mm_and_si128(pairs, low));
    typedef uint8_t bytes __attribute__((ext_vector_type(16)));
    return __builtin_convertvector((bytes)codes, ints);
}

INLINE float four_bit_at(const sk_weight *w, const float *values, int64_t element, int shift) {
    uint8_t pair = ((const uint8_t *)w->codes)[element >> 1];
    return values[element & 1 ? pair & 15 : pair >> 4] * sk_block_scale(w, element >> shift, sk_nested_values);
}

/// Elements first..<end of the flattened tensor: those up to a multiple of 16 one by one, then 16 at a time, block by
/// block. Blocks are 2^shift long, at least 16.
INLINE void decode_run(const sk_weight *w, const float *table, int64_t first, int64_t end, int shift, float *out) {
    const floats values = load(table);
    int64_t e = first;
    for (; e < end && e % SK_LANES != 0; e++) *out++ = four_bit_at(w, table, e, shift);
    int64_t vectors_end = end / SK_LANES * SK_LANES;
    while (e < vectors_end) {
        int64_t block = e >> shift, block_end = (block + 1) << shift;
        floats scale = sk_block_scale(w, block, sk_nested_values);
        if (block_end > vectors_end) block_end = vectors_end;
        const uint8_t *codes = (const uint8_t *)w->codes + (e >> 1);
        for (; e < block_end; e += SK_LANES, codes += SK_LANES / 2, out += SK_LANES)
            store(out, look_up(values, nibbles(codes)) * scale);
    }
    for (; e < end; e++) *out++ = four_bit_at(w, table, e, shift);
}

void SK_NAME(decode_4bit)(
    const sk_weight *w, int64_t row, int64_t rows, int64_t column, int64_t columns, float *out, int64_t out_stride) {
    if (w->block_size < SK_LANES || (w->block_size & (w->block_size - 1)) != 0) {
        sk_portable_decode_4bit(w, row, rows, column, columns, out, out_stride);
        return;
    }
    const float *values = sk_codebook_of(w->format)->values;
    int shift = __builtin_ctz((unsigned)w->block_size);
    for (int64_t i = 0; i < rows; i++) {
        int64_t first = (row + i) * w->columns + column;
        decode_run(w, values, first, first + columns, shift, out + i * out_stride);
    }
}

/// The largest magnitude of a whole block; a NaN wins.
INLINE float largest_magnitude(const float *x, int32_t n) {
    floats largest = 0;
    for (int32_t i = 0; i < n; i += SK_LANES) {
        floats magnitude = __builtin_elementwise_abs(load(x + i));
        largest = ((magnitude > largest) | (magnitude != magnitude)) ? magnitude : largest;
    }
    float result = 0;
    for (int i = 0; i < SK_LANES; i++) result = largest[i] > result || largest[i] != largest[i] ? largest[i] : result;
    return result;
}

void SK_NAME(encode_4bit)(
    const sk_codebook *book, const float *x, int64_t count, int32_t block_size, bool tail, uint8_t *codes,
    float *scales) {
    typedef uint8_t bytes __attribute__((ext_vector_type(16)));
    const __m128i ranked = _mm_loadu_si128((const __m128i *)book->ranked);
    floats midpoints[15];
    for (int k = 0; k < 15; k++) midpoints[k] = sk_midpoint(book, k);
    int64_t whole = block_size % SK_LANES == 0 ? count / block_size * block_size : 0;
    for (int64_t first = 0; first < whole; first += block_size) {
        float largest = largest_magnitude(x + first, block_size);
        floats reciprocal = 1.0f / (largest < 1e-38f ? 1e-38f : largest);
        for (int32_t i = 0; i < block_size; i += SK_LANES) {
            floats value = load(x + first + i) * reciprocal;
            ints rank = 0;
            // A comparison gives -1 where it holds.
            _Pragma("clang loop unroll(full)") for (int k = 0; k < 15; k++) rank -= ~(midpoints[k] >= value);
            bytes packed = (bytes)_mm_shuffle_epi8(ranked, (__m128i)__builtin_convertvector(rank, bytes));
            uint8_t __attribute__((ext_vector_type(8))) pairs = packed.even << 4 | packed.odd;
            __builtin_memcpy(codes + (first + i) / 2, &pairs, sizeof pairs);
        }
        scales[first / block_size] = largest;
    }
    if (whole < count)
        sk_portable_encode_4bit(
            book, x + whole, count - whole, block_size, tail, codes + whole / 2, scales + whole / block_size);
}
