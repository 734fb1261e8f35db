#include "int8_scalar.h"
#include "sk_int8.h"

// Codes lie as table.h says; here panels are signed and sums begin with 0.

/// A block of one row of the left side: codes, their scale and which values are left out.
static uint64_t quantize_left(const float *x, int count, int8_t codes[SK_INT8_BLOCK], float *scale) {
    float largest;
    uint64_t exact = sk_int8_exact(x, count, &largest);
    float inverse = largest > 0 ? sk_int8_inverse(largest) : 0;
    for (int j = 0; j < SK_INT8_BLOCK; j++)
        codes[j] = j < count && !(exact >> j & 1) ? sk_int8_code(x[j], inverse) : 0;
    *scale = sk_int8_scale(largest);
    return exact;
}

/// A block of one output of the right side, value j being x[j * step].
static void quantize_right(const float *x, int64_t step, int count, int8_t codes[SK_INT8_BLOCK], float *scale) {
    uint32_t top = 0;
    for (int j = 0; j < count; j++) {
        uint32_t bits = sk_bits(fabsf(x[j * step]));
        top = bits > top ? bits : top;
    }
    float inverse;
    sk_int8_panel_scale(sk_from_bits(top), scale, &inverse);
    for (int j = 0; j < SK_INT8_BLOCK; j++)
        codes[j] = j < count && inverse > 0 ? sk_int8_code(x[j * step], inverse) : 0;
}

/// The same for 64 codes of a 4-bit weight, from the element `first`.
static void look_up_right(const sk_weight *w, int64_t first, int8_t codes[SK_INT8_BLOCK], float *scale) {
    int8_t table[16];
    sk_int8_table(w->format, table);
    const uint8_t *pairs = (const uint8_t *)w->codes + first / 2;
    for (int j = 0; j < SK_INT8_BLOCK; j++) codes[j] = table[j % 2 == 0 ? pairs[j / 2] >> 4 : pairs[j / 2] & 15];
    *scale = sk_int8_table_scale(w, first);
}

/// Puts the codes of one column of a panel among its neighbours, in quads.
static void spread(const int8_t codes[SK_INT8_BLOCK], int8_t *out) {
    for (int j = 0; j < SK_INT8_BLOCK; j++) out[j / 4 * SK_INT8_COLUMNS * 4 + j % 4] = codes[j];
}

void sk_portable_int8_rows(
    const float *x, int64_t stride, int count, int64_t depth, sk_int8_rows out, uint8_t *flags) {
    for (int64_t d = 0; d < depth; d += SK_INT8_BLOCK) {
        int64_t block = d / SK_INT8_BLOCK;
        int steps = depth - d < SK_INT8_BLOCK ? (int)(depth - d) : SK_INT8_BLOCK;
        flags[block] = 0;
        for (int i = 0; i < SK_INT8_ROWS; i++) {
            int64_t at = block * SK_INT8_ROWS + i;
            out.exact[at] = quantize_left(
                x + i * stride + d, i < count ? steps : 0, out.codes + at * SK_INT8_BLOCK, &out.scales[at]);
            out.starts[at] = 0;
            flags[block] |= out.exact[at] != 0;
        }
    }
}

static void make_panel(
    const float *x, int64_t column_step, int64_t depth_step, int columns, int depth, sk_int8_panel out) {
    for (int i = 0; i < SK_INT8_COLUMNS; i++) {
        int8_t codes[SK_INT8_BLOCK];
        quantize_right(x + (i < columns ? i : 0) * column_step, depth_step, i < columns ? depth : 0, codes,
            &out.scales[i]);
        spread(codes, (int8_t *)out.codes + 4 * i);
    }
}

void sk_portable_int8_panel_rows(const float *x, int64_t stride, int columns, int depth, sk_int8_panel out) {
    make_panel(x, stride, 1, columns, depth, out);
}

void sk_portable_int8_panel_columns(const float *x, int64_t stride, int columns, int depth, sk_int8_panel out) {
    make_panel(x, 1, stride, columns, depth, out);
}

void sk_portable_int8_panel_4bit(
    const sk_weight *w, int64_t row, int columns, int64_t column, sk_int8_panel out) {
    for (int i = 0; i < SK_INT8_COLUMNS; i++) {
        int8_t codes[SK_INT8_BLOCK] = {0};
        out.scales[i] = 0;
        if (i < columns) look_up_right(w, (row + i) * w->columns + column, codes, &out.scales[i]);
        spread(codes, (int8_t *)out.codes + 4 * i);
    }
}

void sk_portable_int8_tile(
    int64_t blocks, const sk_int8_rows *a, const sk_int8_panel *b, float *c, int64_t c_stride, int rows, int columns,
    bool accumulate, const sk_int8_term *term) {
    const int8_t *right = (const int8_t *)b->codes;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            float *out = &c[i * c_stride + j];
            if (!accumulate) *out = 0;
            for (int64_t block = 0; block < blocks; block++) {
                int64_t row = block * SK_INT8_ROWS + i, column = block * SK_INT8_COLUMNS;
                int32_t sum = 0;
                for (int d = 0; d < SK_INT8_BLOCK; d++)
                    sum += a->codes[row * SK_INT8_BLOCK + d]
                        * right[column * SK_INT8_BLOCK + (d / 4 * SK_INT8_COLUMNS + j) * 4 + d % 4];
                float scale = a->scales[row] * b->scales[column + j];
                *out = fmaf((float)sum, scale, *out);
            }
            for (int64_t d = 0; term && d < term->depth; d++)
                *out = fmaf(term->inner[i * term->inner_stride + d], term->wide[d * SK_INT8_COLUMNS + j], *out);
        }
}

double sk_portable_int8_loop(int64_t steps, float *sink) {
    // Of the sums themselves, which differ and are never 0, so that nothing can be taken out of the loop.
    enum { CHAINS = 4 };
    uint32_t sums[CHAINS];
    int32_t factor = (int8_t)(*sink * 0.0f) + 3;
    for (int i = 0; i < CHAINS; i++) sums[i] = (uint32_t)(2 * i + factor);
    for (int64_t step = 0; step < steps; step++)
        for (int i = 0; i < CHAINS; i++) sums[i] += (uint32_t)((int8_t)sums[i] * factor);
    for (int i = 0; i < CHAINS; i++) *sink += (float)(sums[i] & 1);
    return 2.0 * CHAINS * (double)steps;
}

// Outputs one by one.

/// Element `row`, `column` of any format.
static float decoded(const sk_weight *w, int64_t row, int64_t column) {
    float value;
    sk_decoder(&sk_portable_table, w->format)(w, row, 1, column, 1, &value, 1);
    return value;
}

/// What the block of the right side from the step `d` on adds to one output, which is row (or column) `at` of `w`.
static float add_block(
    const float *x, const sk_weight *w, bool straight, int64_t at, int64_t d, int count, float output) {
    int8_t left[SK_INT8_BLOCK], right[SK_INT8_BLOCK];
    float left_scale, right_scale, values[SK_INT8_BLOCK];
    for (int j = 0; j < count; j++) values[j] = straight ? decoded(w, d + j, at) : decoded(w, at, d + j);
    uint64_t exact = quantize_left(x + d, count, left, &left_scale);
    if (!straight && sk_int8_looks_up(w)) look_up_right(w, at * w->columns + d, right, &right_scale);
    else quantize_right(values, 1, count, right, &right_scale);
    int32_t sum = 0;
    for (int j = 0; j < count; j++) sum += left[j] * right[j];
    output = fmaf((float)sum, left_scale * right_scale, output);
    for (int j = 0; j < count; j++)
        if (exact >> j & 1) output = fmaf(x[d + j], values[j], output);
    return output;
}

static void reference(sk_matrix a, const sk_weight *w, bool straight, sk_matrix c, bool accumulate) {
    for (int64_t m = 0; m < c.rows; m++)
        for (int64_t j = 0; j < c.columns; j++) {
            float output = accumulate ? c.data[m * c.stride + j] : 0;
            for (int64_t d = 0; d < a.columns; d += SK_INT8_BLOCK) {
                int count = a.columns - d < SK_INT8_BLOCK ? (int)(a.columns - d) : SK_INT8_BLOCK;
                output = add_block(a.data + m * a.stride, w, straight, j, d, count, output);
            }
            c.data[m * c.stride + j] = output;
        }
}

void sk_reference_multiply_int8(sk_matrix x, sk_weight w, sk_matrix y, bool accumulate) {
    reference(x, &w, false, y, accumulate);
}

void sk_reference_multiply_transposed_int8(sk_matrix dy, sk_weight w, sk_matrix dx, bool accumulate) {
    reference(dy, &w, true, dx, accumulate);
}
