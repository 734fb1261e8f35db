// Products in 8 bits with few rows, straight from the stored weight.

typedef uint8_t wide_bytes __attribute__((ext_vector_type(4 * WIDTH)));
typedef uint16_t halves32 __attribute__((ext_vector_type(2 * SK_LANES)));

#if WIDTH == 16
INLINE wide_bytes look_up_bytes(__m128i table, wide_bytes index) {
    return (wide_bytes)_mm512_shuffle_epi8(_mm512_broadcast_i32x4(table), (__m512i)index);
}

/// Adds the products of four codes in every lane to its sum; the right ones are 128 too high.
INLINE wide_ints add_quads(wide_ints sums, wide_bytes right, wide_ints left) {
    return (wide_ints)_mm512_dpbusd_epi32((__m512i)sums, (__m512i)right, (__m512i)left);
}
#else
INLINE wide_bytes look_up_bytes(__m128i table, wide_bytes index) {
    return (wide_bytes)_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table), (__m256i)index);
}

/// Adds the products of four codes in every lane to its sum. The codes are within ±127: no pair saturates.
INLINE wide_ints add_quads(wide_ints sums, wide_bytes right, wide_ints left) {
    __m256i size = _mm256_abs_epi8((__m256i)right);
    __m256i pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8((__m256i)left, (__m256i)right));
    return sums + (wide_ints)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}
#endif

/// 64 codes of one block as weights of `format` want them.
INLINE void store_few(const uint8_t *from, sk_format format, int8_t *codes, float *values) {
    typedef int8_t codes16 __attribute__((ext_vector_type(16)));
    typedef int8_t codes32 __attribute__((ext_vector_type(32)));
    codes32 halves[2];
    __builtin_memcpy(halves, from, sizeof halves);
    if (format == SK_FORMAT_NF4 || format == SK_FORMAT_FP4) {
        codes16 split[4] = {halves[0].even, halves[1].even, halves[0].odd, halves[1].odd};
        __builtin_memcpy(codes, split, sizeof split);
        return;
    }
    __builtin_memcpy(codes, halves, sizeof halves);
    for (int j = 0; j < 2; j++) {
        codes16 a = format == SK_FORMAT_BF16 ? halves[j].even : halves[j].lo;
        codes16 b = format == SK_FORMAT_BF16 ? halves[j].odd : halves[j].hi;
        store(values + 32 * j, __builtin_convertvector(a, floats));
        store(values + 32 * j + SK_LANES, __builtin_convertvector(b, floats));
    }
}

void SK_NAME(int8_few_rows)(
    const float *x, int64_t stride, int count, int64_t depth, sk_format format, sk_int8_few out, uint64_t *exact,
    uint8_t *flags) {
    int64_t blocks = depth / SK_INT8_BLOCK;
    __builtin_memset(flags, 0, (size_t)blocks);
    for (int i = 0; i < count; i++)
        for (int64_t first = 0; first < blocks; first += BATCH) {
            int here = (int)(blocks - first < BATCH ? blocks - first : BATCH);
            uint8_t codes[BATCH * SK_INT8_BLOCK];
            batch b;
            for (int t = 0; t < BATCH; t++) {
                b.counts[t] = t < here ? SK_INT8_BLOCK : 0;
                b.x[t] = x + i * stride + (first + (t < here ? t : 0)) * SK_INT8_BLOCK;
            }
            ints sums = here == BATCH ? quantize_batch(&b, BATCH, true, codes) : quantize_batch(&b, here, false, codes);
            for (int t = 0; t < here; t++) {
                int64_t at = (first + t) * SK_INT8_ROWS + i;
                out.scales[at] = b.scales[t];
                out.starts[at] = -INT8_OFFSET * sums[t];
                exact[at] = b.exact[t];
                if (b.exact[t] != 0) flags[first + t] = 1;
                store_few(
                    codes + t * SK_INT8_BLOCK, format, out.codes + at * SK_INT8_BLOCK,
                    out.values + at * SK_INT8_BLOCK);
            }
        }
}

// A register of bytes of each of WIDTH rows is turned within its quarters (or halves) of 128 bits only: a lane then
// belongs to one of four rows, and its neighbours in other quarters hold other words of the same rows. They are joined
// once for all their sums, which integers do not notice.

#if WIDTH == 16
INLINE wide low_words(wide a, wide b) { return (wide)_mm512_unpacklo_ps((__m512)a, (__m512)b); }
INLINE wide high_words(wide a, wide b) { return (wide)_mm512_unpackhi_ps((__m512)a, (__m512)b); }
INLINE wide low_longs(wide a, wide b) { return (wide)_mm512_unpacklo_pd((__m512d)a, (__m512d)b); }
INLINE wide high_longs(wide a, wide b) { return (wide)_mm512_unpackhi_pd((__m512d)a, (__m512d)b); }

/// Word s of every quarter, in all of it.
#define WORD_OF_QUARTERS(x, s) ((wide_ints)_mm512_shuffle_epi32((__m512i)(x), (_MM_PERM_ENUM)(0x55 * (s))))

/// The sums of two blocks from those of four rows each.
INLINE void join(const wide_ints sums[4], wide_ints blocks[2]) {
    __m512i halves[2];
    for (int i = 0; i < 2; i++) {
        __m512i a = (__m512i)sums[2 * i], b = (__m512i)sums[2 * i + 1];
        halves[i] = _mm512_add_epi32(_mm512_shuffle_i64x2(a, b, 0x88), _mm512_shuffle_i64x2(a, b, 0xDD));
    }
    blocks[0] = (wide_ints)_mm512_shuffle_i64x2(halves[0], halves[1], 0x88);
    blocks[1] = (wide_ints)_mm512_shuffle_i64x2(halves[0], halves[1], 0xDD);
}

/// 32 codes of a block and of the next one, or 0 where there is none.
INLINE wide_ints load_codes(const int8_t *codes, bool two) {
    __m256i first = _mm256_loadu_si256((const __m256i *)codes), next = _mm256_setzero_si256();
    if (two) next = _mm256_loadu_si256((const __m256i *)(codes + SK_INT8_ROWS * SK_INT8_BLOCK));
    return (wide_ints)_mm512_inserti64x4(_mm512_castsi256_si512(first), next, 1);
}
#else
INLINE wide low_words(wide a, wide b) { return (wide)_mm256_unpacklo_ps((__m256)a, (__m256)b); }
INLINE wide high_words(wide a, wide b) { return (wide)_mm256_unpackhi_ps((__m256)a, (__m256)b); }
INLINE wide low_longs(wide a, wide b) { return (wide)_mm256_unpacklo_pd((__m256d)a, (__m256d)b); }
INLINE wide high_longs(wide a, wide b) { return (wide)_mm256_unpackhi_pd((__m256d)a, (__m256d)b); }

#define WORD_OF_QUARTERS(x, s) ((wide_ints)_mm256_shuffle_epi32((__m256i)(x), 0x55 * (s)))

INLINE void join(const wide_ints sums[2], wide_ints blocks[1]) {
    __m256i a = (__m256i)sums[0], b = (__m256i)sums[1];
    blocks[0] = (wide_ints)_mm256_add_epi32(
        _mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(a, b, 0x31));
}

INLINE wide_ints load_codes(const int8_t *codes, bool two) {
    (void)two;
    return (wide_ints)_mm256_loadu_si256((const __m256i *)codes);
}
#endif

enum {
    /// Blocks of a register of bytes, and quadruples of rows.
    SPAN_BLOCKS = SPAN * 2 / SK_INT8_BLOCK,
    QUADS = WIDTH / 4,
    /// Spans whose scales are looked up ahead: the stores of single scales must be over when a register is loaded.
    SCALES_AHEAD = 2,
    SCALE_SPANS = 4,
    INT8_MATVEC_ROWS = 3,
    /// Bytes of every row that are asked for ahead: a CPU does not see so many streams by itself.
    FETCH_AHEAD = 512,
    /// The same where a row is read to its end.
    VALUES_AHEAD = 12288,
};

/// Where the scales of WIDTH rows of a 4-bit weight are, from one block on.
typedef struct {
    const sk_weight *w;
    int64_t first, in_row;
    /// Whether they are looked up and multiplied by factors, which hold until the block `until`.
    bool nested;
    wide factors;
    int64_t until;
    float values[SCALE_SPANS][SPAN_BLOCKS * WIDTH];
} scale_reader;

INLINE int64_t scale_at(const scale_reader *s, int r, int count, int64_t block) {
    return s->first + (r < count ? r : count - 1) * s->in_row + block;
}

/// Looks up the scales of a span, of whose blocks `blocks` exist.
INLINE void read_scales(scale_reader *s, int count, int64_t block, int blocks) {
    float *values = s->values[block / SPAN_BLOCKS % SCALE_SPANS];
    if (!s->nested) {
        for (int k = 0; k < SPAN_BLOCKS && k < blocks; k++)
            for (int r = 0; r < WIDTH; r++)
                values[k * WIDTH + r] = sk_block_scale(
                    s->w, scale_at(s, r, count, block + k) * SK_INT8_BLOCK / s->w->block_size, sk_nested_values);
        return;
    }
    const uint8_t *codes = (const uint8_t *)s->w->scales + s->first + block;
    for (int k = 0; k < SPAN_BLOCKS && k < blocks; k++, codes++)
        _Pragma("clang loop unroll(full)") for (int r = 0; r < WIDTH; r++) {
            // As an integer: the units that multiply are busy.
            uint32_t bits;
            uint8_t code = codes[(r < count ? r : count - 1) * s->in_row];
            __builtin_memcpy(&bits, &sk_nested_values[code], sizeof bits);
            __builtin_memcpy(&values[k * WIDTH + r], &bits, sizeof bits);
        }
}

/// The factors of the rows at `block`, and how far they hold.
INLINE void read_factors(scale_reader *s, int count, int64_t block) {
    float factors[WIDTH];
    s->until = INT64_MAX;
    for (int r = 0; r < WIDTH; r++) {
        int64_t at = scale_at(s, r, count, block), left = SK_NESTED_BLOCK - at % SK_NESTED_BLOCK;
        factors[r] = s->w->nested[at / SK_NESTED_BLOCK];
        s->until = block + left < s->until ? block + left : s->until;
    }
    s->factors = wide_load(factors);
}

/// The scales of one block.
INLINE wide scales_at(scale_reader *s, int count, int64_t block) {
    wide scales = wide_load(s->values[block / SPAN_BLOCKS % SCALE_SPANS] + block % SPAN_BLOCKS * WIDTH);
    if (!s->nested) return scales;
    if (block >= s->until) read_factors(s, count, block);
    return scales * s->factors + s->w->offset;
}

/// The sums of the blocks of one span for `rows` rows.
INLINE void sum_span(
    int rows, const uint8_t *from, int64_t stride, int count, bool whole, __m128i table, const int8_t *codes,
    const uint8_t *next, wide_ints sums[INT8_MATVEC_ROWS][SPAN_BLOCKS]) {
    wide_ints parts[INT8_MATVEC_ROWS][QUADS], even_codes[INT8_MATVEC_ROWS], odd_codes[INT8_MATVEC_ROWS];
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) {
        even_codes[i] = load_codes(codes + i * SK_INT8_BLOCK, whole);
        odd_codes[i] = load_codes(codes + i * SK_INT8_BLOCK + SK_INT8_BLOCK / 2, whole);
    }
    _Pragma("clang loop unroll(full)") for (int q = 0; q < QUADS; q++) {
        wide r[4], words[4];
        wide_ints others[INT8_MATVEC_ROWS];
        _Pragma("clang loop unroll(full)") for (int j = 0; j < 4; j++) {
            if (whole) __builtin_memcpy(&r[j], from, SPAN);
            else {
                r[j] = (wide)0.0f;
                __builtin_memcpy(&r[j], from, SK_INT8_BLOCK / 2);
            }
            if (4 * q + j + 1 < count) from += stride;
            __builtin_prefetch(next + (4 * q + j) * stride);
        }
        wide a = low_words(r[0], r[1]), b = high_words(r[0], r[1]), c = low_words(r[2], r[3]);
        wide d = high_words(r[2], r[3]);
        words[0] = low_longs(a, c), words[1] = high_longs(a, c), words[2] = low_longs(b, d);
        words[3] = high_longs(b, d);
        _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) parts[i][q] = others[i] = (wide_ints)0;
#define ADD_WORD(s) \
    { \
        wide_bytes even = look_up_bytes(table, (wide_bytes)((wide_words)words[s] >> 4) & 15); \
        wide_bytes odd = look_up_bytes(table, (wide_bytes)words[s] & 15); \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) { \
            parts[i][q] = add_quads(parts[i][q], even, WORD_OF_QUARTERS(even_codes[i], s)); \
            others[i] = add_quads(others[i], odd, WORD_OF_QUARTERS(odd_codes[i], s)); \
        } \
    }
        ADD_WORD(0) ADD_WORD(1) ADD_WORD(2) ADD_WORD(3)
#undef ADD_WORD
        _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) parts[i][q] += others[i];
    }
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) join(parts[i], sums[i]);
}

/// WIDTH outputs, of which `count` exist.
INLINE void add_4bit(
    int rows, const sk_weight *w, int64_t row, int count, int64_t block, int64_t blocks, const sk_int8_few *x,
    float *y, int64_t y_stride, bool accumulate) {
    const int64_t stride = w->columns / 2, block_bytes = SK_INT8_BLOCK / 2, in_row = w->columns / SK_INT8_BLOCK;
    const uint8_t *bytes = (const uint8_t *)w->codes + row * stride + block * block_bytes;
    const float factor = 1.0f / sk_int8_table_most(w->format);
    int8_t signed_table[16];
    wide outputs[INT8_MATVEC_ROWS];
    scale_reader reader = {
        .w = w, .first = row * in_row + block, .in_row = in_row, .nested = w->nested && w->block_size == SK_INT8_BLOCK};
    sk_int8_table(w->format, signed_table);
    const __m128i table =
        _mm_xor_si128(_mm_loadu_si128((const __m128i *)signed_table), _mm_set1_epi8((char)INT8_OFFSET));
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        outputs[i] = accumulate ? wide_load_part(y + i * y_stride, count) : (wide)0.0f;
    _Pragma("clang loop unroll(disable)") for (
        int64_t b = 0; b < SCALES_AHEAD * SPAN_BLOCKS && b < blocks; b += SPAN_BLOCKS)
        read_scales(&reader, count, b, (int)(blocks - b));
    for (int64_t b = 0; b < blocks; b += SPAN_BLOCKS) {
        int64_t ahead = b + SCALES_AHEAD * SPAN_BLOCKS;
        wide_ints sums[INT8_MATVEC_ROWS][SPAN_BLOCKS];
        if (ahead < blocks) read_scales(&reader, count, ahead, (int)(blocks - ahead));
        const uint8_t *from = bytes + b * block_bytes, *next = from + FETCH_AHEAD;
        // Behind the end of a row are those that come after these.
        if (b * block_bytes + FETCH_AHEAD >= blocks * block_bytes) next += (WIDTH - 1) * stride;
        const int8_t *codes = x->codes + b * SK_INT8_ROWS * SK_INT8_BLOCK;
        bool whole = b + SPAN_BLOCKS <= blocks;
        if (whole) sum_span(rows, from, stride, count, true, table, codes, next, sums);
        else sum_span(rows, from, stride, count, false, table, codes, next, sums);
        _Pragma("clang loop unroll(full)") for (int k = 0; k < SPAN_BLOCKS; k++)
            if (k == 0 || whole) {
                wide scales = scales_at(&reader, count, b + k) * factor;
                _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) {
                    int64_t at = (b + k) * SK_INT8_ROWS + i;
                    wide sum = __builtin_convertvector(sums[i][k] + x->starts[at], wide);
                    outputs[i] = __builtin_elementwise_fma(sum, scales * x->scales[at], outputs[i]);
                }
            }
    }
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        wide_store_part(y + i * y_stride, outputs[i], count);
}

void SK_NAME(int8_matvec_4bit)(
    const sk_weight *w, int64_t row, int64_t outputs, int64_t block, int64_t blocks, const sk_int8_few *x, int rows,
    float *y, int64_t y_stride, bool accumulate) {
    for (int64_t n = 0; n < outputs; n += WIDTH)
        for (int i = 0, some; i < rows; i += some) {
            int count = outputs - n < WIDTH ? (int)(outputs - n) : WIDTH;
            sk_int8_few part = {x->codes + i * SK_INT8_BLOCK, NULL, x->scales + i, x->starts + i};
            float *out = y + i * y_stride + n;
            some = rows - i < INT8_MATVEC_ROWS ? rows - i : INT8_MATVEC_ROWS;
            if (some == 1 && count == WIDTH)
                add_4bit(1, w, row + n, WIDTH, block, blocks, &part, out, y_stride, accumulate);
            else if (some == 1) add_4bit(1, w, row + n, count, block, blocks, &part, out, y_stride, accumulate);
            else if (some == 2) add_4bit(2, w, row + n, count, block, blocks, &part, out, y_stride, accumulate);
            else add_4bit(3, w, row + n, count, block, blocks, &part, out, y_stride, accumulate);
        }
}

// Weights of 16 or 32 bits are quantised on the way, as a panel would be. The sums are of integers below 2^21 in all,
// which fp32 adds without error in any order.

/// 64 values: for bf16 the even and odd ones of 32 apart.
INLINE void load_values(sk_format format, const void *from, floats out[4]) {
    _Pragma("clang loop unroll(full)") for (int j = 0; j < 4; j++) switch (format) {
    case SK_FORMAT_BF16: {
        ints words;
        __builtin_memcpy(&words, (const char *)from + j / 2 * 64, sizeof words);
        out[j] = (floats)(j % 2 == 0 ? words << 16 : words & (int32_t)0xFFFF0000);
        break;
    }
    case SK_FORMAT_FP16: {
        const __m128i *halves = (const __m128i *)from + 2 * j;
        __m256 two[2] = {_mm256_cvtph_ps(_mm_loadu_si128(halves)), _mm256_cvtph_ps(_mm_loadu_si128(halves + 1))};
        __builtin_memcpy(&out[j], two, sizeof out[j]);
        break;
    }
    default: out[j] = load((const float *)from + SK_LANES * j);
    }
}

/// Bits in which the largest magnitude of 64 values is to be found: for bf16 32 of 16 bits, for others 16 of 32.
INLINE ints candidates(sk_format format, const void *from) {
    if (format == SK_FORMAT_BF16) {
        halves32 a, b;
        __builtin_memcpy(&a, from, sizeof a);
        __builtin_memcpy(&b, (const char *)from + sizeof a, sizeof b);
        return (ints)__builtin_elementwise_max(a & 0x7FFF, b & 0x7FFF);
    }
    floats values[4];
    ints top = 0;
    load_values(format, from, values);
    for (int j = 0; j < 4; j++) top = __builtin_elementwise_max(top, magnitude_bits(values[j]));
    return top;
}

INLINE ints larger_of(sk_format format, ints a, ints b) {
    if (format == SK_FORMAT_BF16) return (ints)__builtin_elementwise_max((halves32)a, (halves32)b);
    return __builtin_elementwise_max(a, b);
}

/// Turns sixteen rows of sixteen.
INLINE void turn(const floats in[SK_LANES], floats out[SK_LANES]) {
    _Pragma("clang loop unroll(full)") for (int i = 0; i < SK_LANES; i += WIDTH)
        _Pragma("clang loop unroll(full)") for (int j = 0; j < SK_LANES; j += WIDTH) {
            wide square[WIDTH];
            _Pragma("clang loop unroll(full)") for (int r = 0; r < WIDTH; r++)
                square[r] = wide_load((const float *)&in[i + r] + j);
            transpose(square);
            _Pragma("clang loop unroll(full)") for (int s = 0; s < WIDTH; s++)
                wide_store((float *)&out[j + s] + i, square[s]);
        }
}

/// Blocks of a row that are taken before the next row.
enum { RUN_PARTS = 4, RUN_BLOCKS = RUN_PARTS * SK_LANES };

/// By sixteen blocks and rows of the weight: scales and sums, with a lane for every block, and for two at a time what
/// values are multiplied with.
typedef struct {
    floats scales[RUN_PARTS][SK_LANES], sums[INT8_MATVEC_ROWS][RUN_PARTS][SK_LANES];
    float inverses[2][SK_LANES];
} value_sums;

/// The scales of up to sixteen blocks, number `part` * 16 and so on of `some`, of the row `r` of the weight.
INLINE void measure_blocks(
    sk_format format, const char *from, int some, int part, int r, int place, value_sums *out) {
    const int64_t step = SK_INT8_BLOCK * (format == SK_FORMAT_FP32 ? 4 : 2);
    int blocks = some - part * SK_LANES < SK_LANES ? some - part * SK_LANES : SK_LANES;
    floats found[SK_LANES], turned[SK_LANES];
    from += part * SK_LANES * step;
    for (int b = 0; b < blocks; b++) {
        found[b] = (floats)candidates(format, from + b * step);
        for (int64_t line = 0; line < step / 2; line += 64) __builtin_prefetch(from + b * step + line + VALUES_AHEAD);
    }
    for (int b = blocks; b < SK_LANES; b++) found[b] = (floats)0.0f;
    turn(found, turned);
    ints top = (ints)turned[0];
    _Pragma("clang loop unroll(full)") for (int j = 1; j < SK_LANES; j++) top = larger_of(format, top, (ints)turned[j]);
    if (format == SK_FORMAT_BF16) top = __builtin_elementwise_max(top << 16, top & (int32_t)0xFFFF0000);
    floats largest = (floats)top;
    ints usual = (largest >= SK_INT8_SMALLEST) & (largest <= SK_INT8_LARGEST);
    floats unusual = largest < SK_INT8_SMALLEST ? (floats)0.0f : (floats)(float)NAN;
    store(out->inverses[place], usual ? SK_INT8_MOST / largest : (floats)0.0f);
    out->scales[part][r] = usual ? largest * (1.0f / SK_INT8_MOST) : unusual;
}

/// The sums of the same blocks for every row of x.
INLINE void sum_blocks(
    sk_format format, int rows, const char *from, int some, int part, int r, int place, const float *x,
    value_sums *out) {
    const int64_t step = SK_INT8_BLOCK * (format == SK_FORMAT_FP32 ? 4 : 2);
    const float *inverses = out->inverses[place];
    int blocks = some - part * SK_LANES < SK_LANES ? some - part * SK_LANES : SK_LANES;
    from += part * SK_LANES * step;
    x += part * SK_LANES * SK_INT8_ROWS * SK_INT8_BLOCK;
    floats products[INT8_MATVEC_ROWS][SK_LANES];
    for (int b = 0; b < blocks; b++) {
        floats values[4];
        load_values(format, from + b * step, values);
        for (int64_t line = step / 2; line < step; line += 64)
            __builtin_prefetch(from + b * step + line + VALUES_AHEAD);
        _Pragma("clang loop unroll(full)") for (int j = 0; j < 4; j++)
            values[j] = fused(values[j], (floats)inverses[b], (floats)SK_INT8_SHIFT) - SK_INT8_SHIFT;
        _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) {
            const float *left = x + (b * SK_INT8_ROWS + i) * SK_INT8_BLOCK;
            floats sum = values[0] * load(left);
            _Pragma("clang loop unroll(full)") for (int j = 1; j < 4; j++)
                sum = fused(values[j], load(left + SK_LANES * j), sum);
            products[i][b] = sum;
        }
    }
    for (int i = 0; i < rows; i++) {
        floats turned[SK_LANES];
        for (int b = blocks; b < SK_LANES; b++) products[i][b] = (floats)0.0f;
        turn(products[i], turned);
        floats sum = turned[0];
        _Pragma("clang loop unroll(full)") for (int j = 1; j < SK_LANES; j++) sum += turned[j];
        // Where nothing has a code, a value that is not finite must not get through.
        out->sums[i][part][r] = load(inverses) > 0 ? sum : (floats)0.0f;
    }
}

/// Sixteen outputs, of which `count` exist.
INLINE void add_values(
    sk_format format, int rows, const sk_weight *w, int64_t row, int count, int64_t block, int64_t blocks,
    const sk_int8_few *x, float *y, int64_t y_stride, bool accumulate) {
    const int64_t bytes = format == SK_FORMAT_FP32 ? 4 : 2, stride = w->stride * bytes;
    const char *from = (const char *)w->codes + (row * w->stride + block * SK_INT8_BLOCK) * bytes;
    floats outputs[INT8_MATVEC_ROWS];
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        outputs[i] = accumulate ? load_part(y + i * y_stride, count) : (floats)0.0f;
    for (int64_t b = 0; b < blocks; b += RUN_BLOCKS, from += RUN_BLOCKS * SK_INT8_BLOCK * bytes) {
        int some = blocks - b < RUN_BLOCKS ? (int)(blocks - b) : RUN_BLOCKS;
        const float *left = x->values + b * SK_INT8_ROWS * SK_INT8_BLOCK;
        value_sums found;
        // Rows one after the other, as they lie in memory. What comes next is measured while the last is multiplied:
        // neither waits for the other.
        int parts = (some + SK_LANES - 1) / SK_LANES;
        for (int at = 0; at <= count * parts; at++) {
            if (at < count * parts)
                measure_blocks(format, from + at / parts * stride, some, at % parts, at / parts, at % 2, &found);
            if (at > 0)
                sum_blocks(
                    format, rows, from + (at - 1) / parts * stride, some, (at - 1) % parts, (at - 1) / parts,
                    (at - 1) % 2, left, &found);
        }
        for (int part = 0; part < parts; part++) {
            floats scales[SK_LANES], sums[SK_LANES];
            turn(found.scales[part], scales);
            for (int i = 0; i < rows; i++) {
                turn(found.sums[i][part], sums);
                for (int k = 0; k < SK_LANES && part * SK_LANES + k < some; k++) {
                    float scale = x->scales[(b + part * SK_LANES + k) * SK_INT8_ROWS + i];
                    outputs[i] = fused(sums[k], scales[k] * scale, outputs[i]);
                }
            }
        }
    }
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        store_part(y + i * y_stride, outputs[i], count);
}

#define INT8_MATVEC(name, format) \
    void SK_NAME(name)( \
        const sk_weight *w, int64_t row, int64_t outputs, int64_t block, int64_t blocks, const sk_int8_few *x, \
        int rows, float *y, int64_t y_stride, bool accumulate) { \
        for (int64_t n = 0; n < outputs; n += SK_LANES) \
            for (int i = 0, some; i < rows; i += some) { \
                int count = outputs - n < SK_LANES ? (int)(outputs - n) : SK_LANES; \
                sk_int8_few part = {.values = x->values + i * SK_INT8_BLOCK, .scales = x->scales + i}; \
                float *out = y + i * y_stride + n; \
                some = rows - i >= 3 ? 3 : 1; \
                if (some == 3) \
                    add_values(format, 3, w, row + n, count, block, blocks, &part, out, y_stride, accumulate); \
                else add_values(format, 1, w, row + n, count, block, blocks, &part, out, y_stride, accumulate); \
            } \
    }
INT8_MATVEC(int8_matvec_fp32, SK_FORMAT_FP32)
INT8_MATVEC(int8_matvec_fp16, SK_FORMAT_FP16)
INT8_MATVEC(int8_matvec_bf16, SK_FORMAT_BF16)
#undef INT8_MATVEC
