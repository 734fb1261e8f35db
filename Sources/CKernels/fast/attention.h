// Attention on strips of 32: see table.h for what each kernel computes.

#if WIDTH == 16
enum { STRIP_TILE = 14 };
#else
enum { STRIP_TILE = 6 };
#endif

/// Rows that come soon: heads lie far apart, where the CPU does not look ahead by itself.
INLINE void prefetch_row(sk_head_rows x, int64_t i, int64_t rows) {
    if (i >= rows) return;
    const float *row = sk_head_row(x, i);
    for (int64_t j = 0; j < x.size; j += SK_LANES) __builtin_prefetch(row + j);
}

INLINE void prefetch_row_to_write(sk_head_rows x, int64_t i, int64_t rows) {
    if (i >= rows) return;
    const float *row = sk_head_row(x, i);
    for (int64_t j = 0; j < x.size; j += SK_LANES) __builtin_prefetch(row + j, 1);
}

enum { ROWS_AHEAD = 8 };

void SK_NAME(strips_straight)(sk_head_rows x, int64_t rows, int64_t strip_rows, float *out) {
    for (int64_t i = 0; i < rows; i++) {
        prefetch_row(x, i + ROWS_AHEAD, rows);
        const float *row = sk_head_row(x, i);
        for (int64_t j = 0; j < x.size; j += SK_STRIP)
            for (int64_t k = j; k < j + SK_STRIP; k += WIDTH) {
                int left = (int)(x.size - k);
                wide values = left >= WIDTH ? wide_load(row + k) : wide_load_part(row + k, left);
                wide_store(out + j * strip_rows + i * SK_STRIP + k - j, values);
            }
    }
}

void SK_NAME(strips_turned)(sk_head_rows x, int64_t rows, float *out) {
    int64_t padded = (rows + SK_STRIP - 1) / SK_STRIP * SK_STRIP;
    for (int64_t i = 0; i < padded; i += WIDTH) {
        const float *row[WIDTH];
        for (int k = 0; k < WIDTH; k++) row[k] = i + k < rows ? sk_head_row(x, i + k) : NULL;
        for (int k = 0; k < WIDTH; k++) prefetch_row(x, i + WIDTH + k, rows);
        float *to = out + i / SK_STRIP * SK_STRIP * x.size + i % SK_STRIP;
        for (int64_t d = 0; d < x.size; d += WIDTH) {
            int steps = x.size - d < WIDTH ? (int)(x.size - d) : WIDTH;
            wide square[WIDTH];
            for (int k = 0; k < WIDTH; k++)
                square[k] = !row[k] ? (wide)0.0f
                    : steps == WIDTH ? wide_load(row[k] + d) : wide_load_part(row[k] + d, steps);
            transpose(square);
            for (int s = 0; s < steps; s++) wide_store(to + (d + s) * SK_STRIP, square[s]);
        }
    }
}

void SK_NAME(strips_finish)(
    const float *strips, int64_t strip_rows, int64_t rows, const float *factors, sk_head_rows x) {
    for (int64_t i = 0; i < rows; i++) {
        prefetch_row_to_write(x, i + ROWS_AHEAD, rows);
        float *row = sk_head_row(x, i);
        wide factor = (wide)factors[i];
        for (int64_t j = 0; j < x.size; j += WIDTH) {
            const float *from = strips + (j / SK_STRIP * strip_rows + i) * SK_STRIP + j % SK_STRIP;
            wide value = __builtin_elementwise_fma(wide_load(from), factor, (wide)0.0f);
            if (x.size - j >= WIDTH) wide_store(row + j, value);
            else wide_store_part(row + j, value, (int)(x.size - j));
        }
    }
}

void SK_NAME(strips_add)(const float *strips, int64_t rows, bool begin, bool end, float factor, sk_head_rows x) {
    for (int64_t i = 0; i < rows; i++) {
        prefetch_row_to_write(x, i + ROWS_AHEAD, rows);
        float *row = sk_head_row(x, i);
        for (int64_t j = 0; j < x.size; j += WIDTH) {
            int left = (int)(x.size - j);
            wide sum = (wide)0.0f;
            if (!begin) sum = left >= WIDTH ? wide_load(row + j) : wide_load_part(row + j, left);
            sum += wide_load(strips + (j / SK_STRIP * rows + i) * SK_STRIP + j % SK_STRIP);
            if (end) sum = __builtin_elementwise_fma(sum, (wide)factor, (wide)0.0f);
            if (left >= WIDTH) wide_store(row + j, sum);
            else wide_store_part(row + j, sum, left);
        }
    }
}

INLINE void begin_tile(int rows, const float *c, bool accumulate, wide sums[STRIP_TILE][2]) {
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        _Pragma("clang loop unroll(full)") for (int j = 0; j < 2; j++)
            sums[i][j] = accumulate ? wide_load(c + i * SK_STRIP + j * WIDTH) : (wide)0.0f;
}

/// One step of the reduction: A's value of row i is a[i * a_row].
INLINE void add_step(int rows, const float *a, int a_row, const float *b, wide sums[STRIP_TILE][2]) {
    wide right[2] = {wide_load(b), wide_load(b + WIDTH)};
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) {
        wide left = (wide)a[i * a_row];
        _Pragma("clang loop unroll(full)") for (int j = 0; j < 2; j++)
            sums[i][j] = __builtin_elementwise_fma(left, right[j], sums[i][j]);
    }
}

INLINE void end_tile(int rows, float *c, wide sums[STRIP_TILE][2]) {
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        _Pragma("clang loop unroll(full)") for (int j = 0; j < 2; j++)
            wide_store(c + i * SK_STRIP + j * WIDTH, sums[i][j]);
}

INLINE void rows_tile(
    int rows, int64_t start, int64_t depth, const float *a, int64_t a_rows, const float *b, float *c,
    bool accumulate) {
    wide sums[STRIP_TILE][2];
    begin_tile(rows, c, accumulate, sums);
    for (int64_t d = start; d < depth;) {
        int64_t whole = d / SK_STRIP * SK_STRIP, stop = whole + SK_STRIP < depth ? whole + SK_STRIP : depth;
        const float *left = a + whole * a_rows + (d - whole);
        for (; d < stop; d++, left++) add_step(rows, left, SK_STRIP, b + d * SK_STRIP, sums);
    }
    end_tile(rows, c, sums);
}

INLINE void lanes_tile(
    int rows, int64_t start, int64_t end, const float *a, const float *b, float *c, bool accumulate) {
    wide sums[STRIP_TILE][2];
    begin_tile(rows, c, accumulate, sums);
    for (int64_t d = start; d < end; d++) add_step(rows, a + d * SK_STRIP, 1, b + d * SK_STRIP, sums);
    end_tile(rows, c, sums);
}

#if WIDTH == 16
#define SK_TILE_CASES(call) \
    call(1) call(2) call(3) call(4) call(5) call(6) call(7) call(8) call(9) call(10) call(11) call(12) call(13) call(14)
#else
#define SK_TILE_CASES(call) call(1) call(2) call(3) call(4) call(5) call(6)
#endif

/// Tiles of nearly the same height cover `rows`: the first row of tile number `tile`.
INLINE int64_t tile_start(int64_t rows, int64_t tiles, int64_t tile) { return rows * tile / tiles; }

void SK_NAME(strip_rows)(
    int64_t rows, const int32_t *starts, int64_t depth, const float *a, int64_t a_rows, const float *b, float *c,
    bool accumulate) {
    int64_t tiles = (rows + STRIP_TILE - 1) / STRIP_TILE;
    for (int64_t tile = 0; tile < tiles; tile++) {
        int64_t row = tile_start(rows, tiles, tile), count = tile_start(rows, tiles, tile + 1) - row;
        int64_t start = starts ? starts[row] : 0;
        for (int j = 0; j < SK_STRIP; j += 2 * WIDTH)
            switch (count) {
#define SK_CASE(n) \
    case n: rows_tile(n, start, depth, a + row * SK_STRIP, a_rows, b + j, c + row * SK_STRIP + j, accumulate); break;
                SK_TILE_CASES(SK_CASE)
#undef SK_CASE
            }
    }
}

void SK_NAME(strip_lanes)(
    int64_t lanes, const sk_lane_keys *keys, const float *a, const float *b, float *c, bool accumulate) {
    int64_t tiles = (lanes + STRIP_TILE - 1) / STRIP_TILE;
    for (int64_t tile = 0; tile < tiles; tile++) {
        int64_t row = tile_start(lanes, tiles, tile), next = tile_start(lanes, tiles, tile + 1);
        int64_t start = keys->first[row], end = keys->end[next - 1];
        for (int j = 0; j < SK_STRIP; j += 2 * WIDTH)
            switch (next - row) {
#define SK_CASE(n) \
    case n: lanes_tile(n, start, end, a + row, b + j, c + row * SK_STRIP + j, accumulate); break;
                SK_TILE_CASES(SK_CASE)
#undef SK_CASE
            }
    }
}
#undef SK_TILE_CASES

/// Those of 16 lanes that see the key `j`.
INLINE ints lanes_that_see(const sk_lane_keys *keys, int lane, int64_t j) {
    ints first, end;
    __builtin_memcpy(&first, keys->first + lane, sizeof first);
    __builtin_memcpy(&end, keys->end + lane, sizeof end);
    return (first <= (int32_t)j) & (end > (int32_t)j);
}

/// The natural logarithm of normal numbers, as sk_log_inline computes it.
INLINE doubles logarithm(doubles x) {
    longs bits = (longs)x, exponent = (bits >> 52) - 1023;
    doubles m = (doubles)((bits & 0xFFFFFFFFFFFFFll) | 0x3FF0000000000000ll);
    longs large = m > 0x1.6a09e667f3bcdp0;
    m = large ? m * 0.5 : m;
    doubles f = m - 1, s = f / (m + 1), z = s * s, p = sk_log_series[0];
    _Pragma("clang loop unroll(full)") for (int i = 1; i < 11; i++)
        p = __builtin_elementwise_fma(p, z, (doubles)sk_log_series[i]);
    doubles tail = __builtin_elementwise_fma(-s, f, 2 * s * z * p);
    doubles e = __builtin_convertvector(exponent - large, doubles);
    doubles low = f + __builtin_elementwise_fma(e, (doubles)SK_LN2_TAIL, tail);
    return __builtin_elementwise_fma(e, (doubles)SK_LN2_DOUBLE, low);
}

INLINE floats log_lanes(floats x) {
    typedef float eight __attribute__((ext_vector_type(8)));
    eight low = __builtin_convertvector(logarithm(__builtin_convertvector(x.lo, doubles)), eight);
    eight high = __builtin_convertvector(logarithm(__builtin_convertvector(x.hi, doubles)), eight);
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

/// The keys from..<to of both runs of 16 lanes: `most` becomes their largest score.
INLINE void find_largest(
    const sk_lane_keys *keys, bool all_see, int64_t from, int64_t to, const float *p, floats most[2]) {
    for (int64_t j = from; j < to; j++)
        _Pragma("clang loop unroll(full)") for (int k = 0; k < 2; k++) {
            floats x = load(p + j * SK_STRIP + k * SK_LANES);
            if (!all_see) x = lanes_that_see(keys, k * SK_LANES, j) ? x : (floats)-INFINITY;
            most[k] = x > most[k] ? x : most[k];
        }
}

INLINE void to_probabilities(
    const sk_lane_keys *keys, bool all_see, int64_t from, int64_t to, floats factor, const floats bias[2], float *p,
    floats sums[2]) {
    for (int64_t j = from; j < to; j++)
        _Pragma("clang loop unroll(full)") for (int k = 0; k < 2; k++) {
            float *at = p + j * SK_STRIP + k * SK_LANES;
            floats e = exponential2(fused(load(at), factor, bias[k]));
            if (!all_see) e = lanes_that_see(keys, k * SK_LANES, j) ? e : (floats)0.0f;
            sums[k] += e;
            store(at, e);
        }
}

void SK_NAME(softmax)(
    int64_t count, const sk_lane_keys *keys, float scale, float *p, float *inverse, float *log_sum_exp) {
    // All lanes see the keys full..<partial.
    int64_t partial = keys->end[0], full = keys->first[SK_STRIP - 1];
    if (full > partial) full = partial = 0;
    floats most[2] = {-INFINITY, -INFINITY}, sums[2] = {0, 0}, bias[2], factor = scale * SK_LOG2_E;
    find_largest(keys, false, 0, full, p, most);
    find_largest(keys, true, full, partial, p, most);
    find_largest(keys, false, partial, count, p, most);
    for (int k = 0; k < 2; k++) bias[k] = -(most[k] * factor);
    to_probabilities(keys, false, 0, full, factor, bias, p, sums);
    to_probabilities(keys, true, full, partial, factor, bias, p, sums);
    to_probabilities(keys, false, partial, count, factor, bias, p, sums);
    for (int k = 0; k < 2; k++) {
        store(inverse + k * SK_LANES, 1.0f / sums[k]);
        store(log_sum_exp + k * SK_LANES, most[k] * scale + log_lanes(sums[k]));
    }
}

INLINE void to_gradients(
    const sk_lane_keys *keys, bool all_see, int64_t from, int64_t to, floats factor, const floats bias[2],
    const floats delta[2], float *p, float *dp) {
    for (int64_t j = from; j < to; j++)
        _Pragma("clang loop unroll(full)") for (int k = 0; k < 2; k++) {
            int64_t at = j * SK_STRIP + k * SK_LANES;
            floats e = exponential2(fused(load(p + at), factor, bias[k])), d = e * (load(dp + at) - delta[k]);
            if (!all_see) {
                ints see = lanes_that_see(keys, k * SK_LANES, j);
                e = see ? e : (floats)0.0f;
                d = see ? d : (floats)0.0f;
            }
            store(p + at, e);
            store(dp + at, d);
        }
}

void SK_NAME(softmax_backward)(
    int64_t count, const sk_lane_keys *keys, float scale, const float *log_sum_exp, const float *delta, float *p,
    float *dp) {
    int64_t partial = keys->end[0], full = keys->first[SK_STRIP - 1];
    if (full > partial) full = partial = 0;
    floats bias[2], deltas[2], factor = scale * SK_LOG2_E;
    for (int k = 0; k < 2; k++) {
        bias[k] = -(load(log_sum_exp + k * SK_LANES) * SK_LOG2_E);
        deltas[k] = load(delta + k * SK_LANES);
    }
    to_gradients(keys, false, 0, full, factor, bias, deltas, p, dp);
    to_gradients(keys, true, full, partial, factor, bias, deltas, p, dp);
    to_gradients(keys, false, partial, count, factor, bias, deltas, p, dp);
}
