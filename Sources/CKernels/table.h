// What each kind of kernel computes, and the table of kernels that a context works with.
#ifndef SK_TABLE_H
#define SK_TABLE_H

#include "sk_context.h"
#include "sk_quantize.h"

enum { SK_LANES = 16 };

/// c [rows, columns] = (accumulate ? c : +0), then for d in 0..<depth:
/// c[i][j] = fma(A[d][i], b[d * b_step + j], c[i][j]).
///
/// In `tile_packed` A[d][i] = a[d * a_stride + i], rows <= tile_rows; in `tile_strided` A[d][i] = a[i * a_stride + d],
/// rows <= strided_rows. columns <= tile_columns. Of each step of b whole vectors are read: up to b_step values.
typedef void sk_tile_kernel(
    int64_t depth, const float *a, int64_t a_stride, const float *b, int64_t b_step, float *c, int64_t c_stride,
    int rows, int columns, bool accumulate);

/// out[d * width + i] = x[i * stride + d] (transposed) or x[d * stride + i] (straight) for i < count, else 0.
/// `out` must have room for depth * width + 16 values.
typedef void sk_pack_kernel(const float *x, int64_t stride, int count, int64_t depth, int width, float *out);

/// y [rows, outputs] = (accumulate ? y : +0), then for k in 0..<w->columns:
/// y[i][n] = fma(x[i][k], w[row + n][k], y[i][n]); a 4-bit weight consists of whole blocks of 64 (sk_int8_looks_up).
typedef void sk_matvec_kernel(
    const sk_weight *w, int64_t row, int64_t outputs, const float *x, int64_t x_stride, int rows, float *y,
    int64_t y_stride, bool accumulate);

/// out[i * out_stride + j] = w[row + i][column + j], i < rows, j < columns.
typedef void sk_decode_kernel(
    const sk_weight *w, int64_t row, int64_t rows, int64_t column, int64_t columns, float *out, int64_t out_stride);

/// Encodes `count` fp32 values, whole blocks but for the last of the tensor (`tail`); one fp32 scale a block.
typedef void sk_encode_kernel(
    const sk_codebook *book, const float *x, int64_t count, int32_t block_size, bool tail, uint8_t *codes,
    float *scales);

typedef void sk_add_kernel(int64_t n, const float *a, const float *b, float *c);
/// b = a * s.
typedef void sk_scale_kernel(int64_t n, const float *a, float s, float *b);
/// Sum of a[i] * b[i] in 64 lanes of fma.
typedef float sk_dot_kernel(int64_t n, const float *a, const float *b);
typedef void sk_silu_kernel(int64_t n, const float *gate, const float *up, float *a);
typedef void sk_silu_backward_kernel(
    int64_t n, const float *da, const float *gate, const float *up, float *dgate, float *dup);
typedef void sk_silu_saving_kernel(
    int64_t n, const float *gate, const float *up, float *a, uint16_t *saved_gate, uint16_t *saved_up);
typedef void sk_silu_backward_saved_kernel(
    int64_t n, const float *da, const uint16_t *gate, const uint16_t *up, float *a, float *dgate, float *dup);
typedef void sk_dropout_kernel(
    int64_t n, const float *x, float *y, uint32_t threshold, float factor, sk_rng rng, uint64_t first);
typedef void sk_rms_norm_kernel(int64_t n, const float *x, const float *w, float epsilon, float *y);
typedef void sk_rms_norm_backward_kernel(
    int64_t n, const float *dy, const float *x, const float *w, float epsilon, float *dx, bool accumulate);
/// dw[i] = fma(dy[i], x[i] * r, dw[i]): one row's share of the gradient of the norm's weight; r = 1 / rms(x).
typedef void sk_rms_norm_gradient_kernel(int64_t n, const float *dy, const float *x, float r, float *dw);
/// Pairs (x[i], x[i + half]) turned by the angle i, for each of `heads` runs of 2 * half values; sines times `sign`.
typedef void sk_rotate_kernel(
    int64_t heads, int64_t half, float *x, const float *cosines, const float *sines, float sign);
/// Returns the negative log-likelihood of `target`.
typedef float sk_cross_entropy_kernel(
    int64_t n, float *logits, int64_t target, bool write_gradient, float gradient_scale);
typedef bool sk_add_fixed_point_kernel(int64_t n, const float *g, float limit, int64_t *sums);
typedef void sk_fixed_point_to_float_kernel(int64_t n, const int64_t *sums, float scale, float *g);
/// The sum of one block.
typedef double sk_sum_of_squares_kernel(int64_t n, const float *g);
typedef void sk_adamw_kernel(int64_t n, float *p, const float *g, float *m, float *v, sk_adamw_step step);

// Attention works on strips of 32: a matrix [m, n] is stored as [n / 32][m][32], the last strip filled up. "Lanes" are
// the rows of queries of a strip, side by side; lane i sees the keys first[i]..<end[i], neither of which falls with i.

enum { SK_STRIP = 32 };

/// Rows of `size` values, those of `group` heads side by side: row i is the head (first + i) % group of the query
/// (first + i) / group, `stride` values after the query before.
typedef struct {
    float *data;
    int64_t stride, group, size, first;
} sk_head_rows;

static inline float *sk_head_row(sk_head_rows x, int64_t i) {
    uint32_t row = (uint32_t)(x.first + i), group = (uint32_t)x.group;
    return x.data + row / group * x.stride + row % group * x.size;
}

typedef struct {
    int32_t first[SK_STRIP], end[SK_STRIP];
} sk_lane_keys;

/// Rows as strips that have room for `strip_rows` of them.
typedef void sk_strips_kernel(sk_head_rows x, int64_t rows, int64_t strip_rows, float *out);
/// Rows side by side in strips of 32 rows: out is [rows / 32][size][32].
typedef void sk_strips_turned_kernel(sk_head_rows x, int64_t rows, float *out);
/// c [rows][32] = (accumulate ? c : +0), then for d in 0..<depth: c[i][j] = fma(A[i][d], b[d][j], c[i][j]), A in strips
/// of a_rows rows. Steps d < starts[i] have zeros in A and may be left out; neither do starts fall; NULL: none.
typedef void sk_strip_rows_kernel(
    int64_t rows, const int32_t *starts, int64_t depth, const float *a, int64_t a_rows, const float *b, float *c,
    bool accumulate);
/// c [lanes][32] = (accumulate ? c : +0), then for d in first[i]..<end[i]: c[i][j] = fma(a[d][i], b[d][j], c[i][j]).
/// For other d, a[d][i] is 0.
typedef void sk_strip_lanes_kernel(
    int64_t lanes, const sk_lane_keys *keys, const float *a, const float *b, float *c, bool accumulate);
/// x[i] = fma(strips[i], factors[i], +0), whose zeros are positive.
typedef void sk_strips_finish_kernel(
    const float *strips, int64_t strip_rows, int64_t rows, const float *factors, sk_head_rows x);
/// x[i] = (begin ? +0 : x[i]) + strips[i], and then, with `end`, fma(x[i], factor, +0).
typedef void sk_strips_add_kernel(
    const float *strips, int64_t rows, bool begin, bool end, float factor, sk_head_rows x);
/// For each lane: p[j] = 2^(p[j] * f - max * f), f = scale * log2(e) > 0, for the keys that it sees, 0 for others; the
/// inverse of their sum, taken in order, and the logarithm of the sum of exp(p[j] * scale).
typedef void sk_softmax_kernel(
    int64_t count, const sk_lane_keys *keys, float scale, float *p, float *inverse, float *log_sum_exp);
/// p[j] = 2^(p[j] * f - lse * log2(e)) and dp[j] = p[j] * (dp[j] - delta) for the keys that a lane sees, both 0 for
/// others.
typedef void sk_softmax_backward_kernel(
    int64_t count, const sk_lane_keys *keys, float scale, const float *log_sum_exp, const float *delta, float *p,
    float *dp);

// Products in 8 bits: see sk_int8.h for what is computed.

/// The block of the reduction that has one scale, and the tile of outputs: rows of the left side, columns of the right.
enum { SK_INT8_BLOCK = 64, SK_INT8_ROWS = 6, SK_INT8_COLUMNS = 32 };
/// The widest low-rank term that is added tile by tile.
enum { SK_INT8_TERM = 128 };

/// A strip of SK_INT8_ROWS rows of the left side: codes are [block][SK_INT8_ROWS][64], all others
/// [block][SK_INT8_ROWS].
typedef struct {
    int8_t *codes;
    float *scales;
    /// What the sum of a row over a block begins with; the unsigned panels of VNNI need it.
    int32_t *starts;
    /// Bit j: value j of the block has the code 0, and is multiplied in fp32.
    uint64_t *exact;
} sk_int8_rows;

/// Quantises `count` rows of `depth` values, the other rows being 0; flags[block] = whether the block has exact values.
typedef void sk_int8_rows_kernel(
    const float *x, int64_t stride, int count, int64_t depth, sk_int8_rows out, uint8_t *flags);
/// Columns of the right side, as [block]: codes [16][SK_INT8_COLUMNS][4], all others [SK_INT8_COLUMNS]. Codes are as
/// the tile of the same instruction set wants them: signed, or 128 more and unsigned, or a magnitude below a sign.
typedef struct {
    uint8_t *codes;
    float *scales;
    /// What the sum of a column over a block begins with; panels of magnitudes and signs need it.
    int32_t *starts;
} sk_int8_panel;

/// One block of a panel from fp32, `depth` <= 64 steps of the reduction for `columns` <= SK_INT8_COLUMNS outputs; those
/// missing are 0. In int8_panel_rows a row of x is an output, in int8_panel_columns a column is.
typedef void sk_int8_panel_kernel(const float *x, int64_t stride, int columns, int depth, sk_int8_panel out);
/// The same straight from the codes of a 4-bit weight whose blocks are whole blocks here: its rows `row`... are
/// outputs, its columns `column`..<`column` + 64 the reduction.
typedef void sk_int8_panel_4bit_kernel(
    const sk_weight *w, int64_t row, int columns, int64_t column, sk_int8_panel out);
/// The low-rank term of a tile, inner [rows, depth] and wide [depth][SK_INT8_COLUMNS].
typedef struct {
    const float *inner;
    int64_t inner_stride;
    const float *wide;
    int64_t depth;
} sk_int8_term;

/// c [rows, columns] = (accumulate ? c : +0), then for every block
/// c[i][j] = fma((float)sum, a->scales[i] * b->scales[j], c[i][j]), then, where there is a term, for each of its steps
/// c[i][j] = fma(inner[i][step], wide[step][j], c[i][j]).
typedef void sk_int8_tile_kernel(
    int64_t blocks, const sk_int8_rows *a, const sk_int8_panel *b, float *c, int64_t c_stride, int rows, int columns,
    bool accumulate, const sk_int8_term *term);

/// A strip of few rows, as [block][SK_INT8_ROWS] with 64 codes each: for a 4-bit weight first the even ones, then the
/// odd ones; for others as they are, and once more as fp32, for bf16 in runs of 16 even and 16 odd ones.
typedef struct {
    int8_t *codes;
    float *values, *scales;
    int32_t *starts;
} sk_int8_few;

/// Quantises `count` rows of `depth` values, whole blocks, for a weight of `format`; the other rows are left undefined.
/// flags[block] = whether the block has exact values, which are in exact[block][SK_INT8_ROWS].
typedef void sk_int8_few_rows_kernel(
    const float *x, int64_t stride, int count, int64_t depth, sk_format format, sk_int8_few out, uint64_t *exact,
    uint8_t *flags);

/// y [rows, outputs] = (accumulate ? y : +0), then for the blocks block..<block + blocks of the rows `row`... of w,
/// with the codes and scales that a panel would have, y[i][n] = fma((float)sum, x->scales[i] * w_scale, y[i][n]).
typedef void sk_int8_matvec_kernel(
    const sk_weight *w, int64_t row, int64_t outputs, int64_t block, int64_t blocks, const sk_int8_few *x, int rows,
    float *y, int64_t y_stride, bool accumulate);

// Products in bf16: see sk_bf16.h for what is computed. Pairs are two steps of the reduction, the even one in the low
// half.

/// The tile of outputs: rows of the left side, columns of the right.
enum { SK_BF16_ROWS = 12, SK_BF16_COLUMNS = 32 };

/// out[i * out_stride + j] = x[i * stride + j] in bf16.
typedef void sk_bf16_round_kernel(
    const float *x, int64_t stride, int64_t rows, int64_t columns, uint16_t *out, int64_t out_stride);
/// As sk_decode_kernel, to bf16.
typedef void sk_bf16_decode_kernel(
    const sk_weight *w, int64_t row, int64_t rows, int64_t column, int64_t columns, uint16_t *out,
    int64_t out_stride);
/// out[d / 2 * width + i], in its half d mod 2, = x[i * stride + d] (transposed) or x[d * stride + i] (straight) for
/// i < count and d < depth, else 0.
typedef void sk_bf16_pack_kernel(
    const uint16_t *x, int64_t stride, int count, int64_t depth, int width, uint32_t *out);
/// c [rows, columns] = (accumulate ? c : +0), then for every pair p the two multiply-adds of sk_bf16.h with
/// a[p * SK_BF16_ROWS + i] and b[p * SK_BF16_COLUMNS + j]; rows and columns that are missing must be 0.
typedef void sk_bf16_tile_kernel(
    int64_t pairs, const uint32_t *a, const uint32_t *b, float *c, int64_t c_stride, int rows, int columns,
    bool accumulate);

/// `steps` rounds of independent multiply-adds in registers; returns how many operations that were.
typedef double sk_loop_kernel(int64_t steps, float *sink);

typedef struct {
    sk_isa isa;
    /// The largest tiles of tile_packed and tile_strided; tile_columns is two runs of whole vectors.
    int tile_rows, strided_rows, tile_columns;
    /// Steps of the reduction per panel: the panel stays in the first-level cache.
    int depth_block;
#define SK_KERNEL(name, kind) sk_##kind##_kernel *name;
#include "kernels.inc"
} sk_table;

extern const sk_table sk_portable_table;
extern const sk_table sk_avx2_table;
extern const sk_table sk_avx512_table;

/// The kernels of `isa`, which this CPU supports; of AVX2 those whose own instructions it has not, or wrong.
sk_table sk_table_for(sk_isa isa);

#define SK_KERNEL(name, kind) \
    sk_##kind##_kernel sk_portable_##name; \
    sk_##kind##_kernel sk_avx2_##name; \
    sk_##kind##_kernel sk_avx512_##name;
#include "kernels.inc"
#define SK_INT8_KERNEL(name, kind) sk_##kind##_kernel sk_avxvnni_##name;
#define SK_INT8_FEW_KERNEL(name, kind)
#include "kernels.inc"

/// The width of a panel of `columns`: half tiles are cheaper where they are enough.
static inline int sk_panel_width(const sk_table *table, int64_t columns) {
    return columns <= table->tile_columns / 2 ? table->tile_columns / 2 : table->tile_columns;
}

static inline sk_decode_kernel *sk_decoder(const sk_table *table, sk_format format) {
    switch (format) {
    case SK_FORMAT_FP32: return table->decode_fp32;
    case SK_FORMAT_FP16: return table->decode_fp16;
    case SK_FORMAT_BF16: return table->decode_bf16;
    case SK_FORMAT_NF4:
    case SK_FORMAT_FP4: return table->decode_4bit;
    }
    return table->decode_fp32;
}

/// The codebook of a 4-bit format.
static inline const sk_codebook *sk_codebook_of(sk_format format) {
    return format == SK_FORMAT_FP4 ? &sk_fp4 : &sk_nf4;
}

#endif
