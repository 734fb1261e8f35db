// Tiles of a matrix product: rows x vectors sums in registers, one broadcast of A for all vectors of a row.
//
// The reduction is never split, so that each sum is one chain. A tile whose columns are not whole vectors is computed
// in a small copy of its own.

#if WIDTH == 16
enum { TILE_ROWS = 14, STRIDED_ROWS = 8 };
#else
enum { TILE_ROWS = 6, STRIDED_ROWS = 6 };
#endif
enum { TILE_COLUMNS = 2 * WIDTH };

INLINE void add_products(
    int rows, int vectors, int64_t depth, const float *a, int64_t a_row, int64_t a_step, const float *b,
    int64_t b_step, float *c, int64_t c_stride, bool accumulate) {
    wide sums[TILE_ROWS][2];
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++)
            sums[i][j] = accumulate ? wide_load(c + i * c_stride + j * WIDTH) : (wide)0.0f;
    for (int64_t d = 0; d < depth; d++, a += a_step, b += b_step) {
        wide right[2];
        _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++) right[j] = wide_load(b + j * WIDTH);
        _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) {
            wide left = a[i * a_row];
            _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++)
                sums[i][j] = __builtin_elementwise_fma(left, right[j], sums[i][j]);
        }
    }
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++)
            wide_store(c + i * c_stride + j * WIDTH, sums[i][j]);
}

#define SK_TILE_CASE(n) \
    case n: \
        if (vectors == 1) add_products(n, 1, depth, a, A_ROW, A_STEP, b, b_step, c, c_stride, accumulate); \
        else add_products(n, 2, depth, a, A_ROW, A_STEP, b, b_step, c, c_stride, accumulate); \
        return;

#define A_ROW 1
#define A_STEP a_stride
static void whole_packed(
    int64_t depth, const float *a, int64_t a_stride, const float *b, int64_t b_step, float *c, int64_t c_stride,
    int rows, int vectors, bool accumulate) {
    switch (rows) {
        SK_TILE_CASE(1) SK_TILE_CASE(2) SK_TILE_CASE(3) SK_TILE_CASE(4) SK_TILE_CASE(5) SK_TILE_CASE(6)
#if WIDTH == 16
        SK_TILE_CASE(7) SK_TILE_CASE(8) SK_TILE_CASE(9) SK_TILE_CASE(10) SK_TILE_CASE(11) SK_TILE_CASE(12)
        SK_TILE_CASE(13) SK_TILE_CASE(14)
#endif
    }
}
#undef A_ROW
#undef A_STEP

#define A_ROW a_stride
#define A_STEP 1
static void whole_strided(
    int64_t depth, const float *a, int64_t a_stride, const float *b, int64_t b_step, float *c, int64_t c_stride,
    int rows, int vectors, bool accumulate) {
    switch (rows) {
        SK_TILE_CASE(1) SK_TILE_CASE(2) SK_TILE_CASE(3) SK_TILE_CASE(4) SK_TILE_CASE(5) SK_TILE_CASE(6)
#if WIDTH == 16
        SK_TILE_CASE(7) SK_TILE_CASE(8)
#endif
    }
}
#undef A_ROW
#undef A_STEP
#undef SK_TILE_CASE

static void copy_part(const float *from, int64_t from_stride, float *to, int64_t to_stride, int rows, int columns) {
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j += WIDTH) {
            const float *source = from + i * from_stride + j;
            float *target = to + i * to_stride + j;
            // Masked stores are slow on CPUs of AMD.
            if (columns - j >= WIDTH) wide_store(target, wide_load(source));
            else wide_store_part(target, wide_load_part(source, columns - j), columns - j);
        }
}

void SK_NAME(tile_packed)(
    int64_t depth, const float *a, int64_t a_stride, const float *b, int64_t b_step, float *c, int64_t c_stride,
    int rows, int columns, bool accumulate) {
    int vectors = (columns + WIDTH - 1) / WIDTH;
    if (columns % WIDTH == 0) {
        whole_packed(depth, a, a_stride, b, b_step, c, c_stride, rows, vectors, accumulate);
        return;
    }
    float copy[TILE_ROWS * TILE_COLUMNS];
    if (accumulate) copy_part(c, c_stride, copy, TILE_COLUMNS, rows, columns);
    whole_packed(depth, a, a_stride, b, b_step, copy, TILE_COLUMNS, rows, vectors, accumulate);
    copy_part(copy, TILE_COLUMNS, c, c_stride, rows, columns);
}

void SK_NAME(tile_strided)(
    int64_t depth, const float *a, int64_t a_stride, const float *b, int64_t b_step, float *c, int64_t c_stride,
    int rows, int columns, bool accumulate) {
    int vectors = (columns + WIDTH - 1) / WIDTH;
    if (columns % WIDTH == 0) {
        whole_strided(depth, a, a_stride, b, b_step, c, c_stride, rows, vectors, accumulate);
        return;
    }
    float copy[TILE_ROWS * TILE_COLUMNS];
    if (accumulate) copy_part(c, c_stride, copy, TILE_COLUMNS, rows, columns);
    whole_strided(depth, a, a_stride, b, b_step, copy, TILE_COLUMNS, rows, vectors, accumulate);
    copy_part(copy, TILE_COLUMNS, c, c_stride, rows, columns);
}

/// The steps d..<d + n of WIDTH rows (those from `count` on are 0), turned: lane i of out[s] is row i of step d + s.
INLINE void load_turned(const float *x, int64_t stride, int count, int n, wide out[WIDTH]) {
    for (int i = 0; i < WIDTH; i++)
        out[i] = i >= count ? (wide)0.0f : n >= WIDTH ? wide_load(x + i * stride) : wide_load_part(x + i * stride, n);
    transpose(out);
}

void SK_NAME(pack_transposed)(const float *x, int64_t stride, int count, int64_t depth, int width, float *out) {
    for (int64_t d = 0; d < depth; d += WIDTH) {
        int steps = depth - d < WIDTH ? (int)(depth - d) : WIDTH;
        for (int i = 0; i < width; i += WIDTH) {
            wide turned[WIDTH];
            load_turned(x + i * stride + d, stride, count - i, steps, turned);
            float *to = out + d * width + i;
            // Where the width is no whole vector, a store spills into the next step, which is written after it; the
            // last step must not spill, because the next strip may belong to another thread.
            int whole = width - i >= WIDTH ? steps : d + steps == depth ? steps - 1 : steps;
            for (int s = 0; s < whole; s++) wide_store(to + s * width, turned[s]);
            if (whole < steps) wide_store_part(to + whole * width, turned[whole], width - i);
        }
    }
}

void SK_NAME(pack_straight)(const float *x, int64_t stride, int count, int64_t depth, int width, float *out) {
    for (int64_t d = 0; d < depth; d++, x += stride, out += width)
        for (int i = 0; i < width; i += WIDTH) {
            wide part = count - i >= WIDTH ? wide_load(x + i) : wide_load_part(x + i, count - i);
            // A store may spill into the next step here too.
            if (width - i >= WIDTH || d + 1 < depth) wide_store(out + i, part);
            else wide_store_part(out + i, part, width - i);
        }
}

double SK_NAME(fma_loop)(int64_t steps, float *sink) {
    // Twelve chains hide the latency of a multiply-add on any CPU at hand. The bounds are opaque to the compiler.
    enum { CHAINS = 12 };
    wide sums[CHAINS], factor = (wide)*sink * 0.0f + 0.5f, term = (wide)*sink * 0.0f + 1.0f;
    _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++) sums[i] = term * (float)i;
    for (int64_t step = 0; step < steps; step++)
        _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++)
            sums[i] = __builtin_elementwise_fma(sums[i], factor, term);
    for (int i = 0; i < CHAINS; i++) *sink += sums[i][0];
    return 2.0 * CHAINS * WIDTH * (double)steps;
}
