#include "sk_elementwise.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "pool.h"

#pragma STDC FP_CONTRACT OFF

// Operations row by row: the kernels do a row, the threads share the rows.

typedef struct {
    sk_context *context;
    const sk_table *table;
    sk_matrix a, b, c, d, e;
    sk_bf16_matrix saved_gate, saved_up;
    /// A weight's values, decoded.
    const float *w;
    sk_weight weight;
    const int32_t *ids;
    const float *cosines, *sines;
    float factor, epsilon;
    uint32_t threshold;
    sk_rng rng;
    uint64_t first;
    int64_t size;
    bool accumulate;
    /// One value a row: losses, or inverse root mean squares.
    float *per_row;
} rows_work;

static float *row(sk_matrix m, int64_t i) { return m.data + i * m.stride; }
static uint16_t *bf16_row(sk_bf16_matrix m, int64_t i) { return m.data + i * m.stride; }

/// Enough rows for some microseconds of work.
static void over_rows(rows_work *work, sk_matrix shape, sk_range_task *task) {
    if (shape.columns == 0) return;
    work->table = sk_table_of(work->context);
    sk_parallel_ranges(work->context, shape.rows, sk_max(1, 4096 / shape.columns), task, work);
}

/// Cache lines of columns, so that no two threads write the same one.
static void over_columns(rows_work *work, int64_t columns, sk_range_task *task) {
    work->table = sk_table_of(work->context);
    sk_parallel_ranges(work->context, columns, 4 * SK_LANES, task, work);
}

/// The values of a weight [1, n], decoded into the shared scratch where they are not fp32 already.
static const float *decoded(sk_context *context, const sk_weight *w) {
    if (w->format == SK_FORMAT_FP32) return w->codes;
    float *values = sk_shared_scratch(context, w->columns * (int64_t)sizeof(float));
    sk_decoder(sk_table_of(context), w->format)(w, 0, 1, 0, w->columns, values, w->columns);
    return values;
}

static void add_bias_rows(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const rows_work *k = argument;
    for (int64_t i = first; i < end; i++) k->table->add(k->a.columns, row(k->a, i), k->w, row(k->a, i));
}

void sk_add_bias(sk_context *context, sk_weight bias, sk_matrix y) {
    rows_work work = {.context = context, .a = y, .w = decoded(context, &bias)};
    over_rows(&work, y, add_bias_rows);
}

static void add_rows(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const rows_work *k = argument;
    for (int64_t i = first; i < end; i++) k->table->add(k->a.columns, row(k->a, i), row(k->b, i), row(k->c, i));
}

void sk_add(sk_context *context, sk_matrix a, sk_matrix b, sk_matrix c) {
    rows_work work = {.context = context, .a = a, .b = b, .c = c};
    over_rows(&work, a, add_rows);
}

static void scale_rows(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const rows_work *k = argument;
    for (int64_t i = first; i < end; i++) k->table->scale(k->a.columns, row(k->a, i), k->factor, row(k->b, i));
}

void sk_scale(sk_context *context, sk_matrix a, float s, sk_matrix b) {
    rows_work work = {.context = context, .a = a, .b = b, .factor = s};
    over_rows(&work, a, scale_rows);
}

static void silu_rows(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const rows_work *k = argument;
    for (int64_t i = first; i < end; i++)
        k->table->silu_multiply(k->a.columns, row(k->a, i), row(k->b, i), row(k->c, i));
}

void sk_silu_multiply(sk_context *context, sk_matrix gate, sk_matrix up, sk_matrix a) {
    rows_work work = {.context = context, .a = gate, .b = up, .c = a};
    over_rows(&work, gate, silu_rows);
}

static void silu_backward_rows(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const rows_work *k = argument;
    for (int64_t i = first; i < end; i++)
        k->table->silu_multiply_backward(
            k->a.columns, row(k->a, i), row(k->b, i), row(k->c, i), row(k->d, i), row(k->e, i));
}

void sk_silu_multiply_backward(
    sk_context *context, sk_matrix da, sk_matrix gate, sk_matrix up, sk_matrix dgate, sk_matrix dup) {
    rows_work work = {.context = context, .a = da, .b = gate, .c = up, .d = dgate, .e = dup};
    over_rows(&work, da, silu_backward_rows);
}

static void silu_saving_rows(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const rows_work *k = argument;
    for (int64_t i = first; i < end; i++)
        k->table->silu_multiply_saving(
            k->a.columns, row(k->a, i), row(k->b, i), row(k->c, i), bf16_row(k->saved_gate, i),
            bf16_row(k->saved_up, i));
}

void sk_silu_multiply_saving(
    sk_context *context, sk_matrix gate, sk_matrix up, sk_matrix a, sk_bf16_matrix saved_gate,
    sk_bf16_matrix saved_up) {
    rows_work work = {
        .context = context, .a = gate, .b = up, .c = a, .saved_gate = saved_gate, .saved_up = saved_up};
    over_rows(&work, gate, silu_saving_rows);
}

static void silu_backward_saved_rows(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const rows_work *k = argument;
    for (int64_t i = first; i < end; i++)
        k->table->silu_multiply_backward_saved(
            k->a.columns, row(k->a, i), bf16_row(k->saved_gate, i), bf16_row(k->saved_up, i), row(k->b, i),
            row(k->c, i), row(k->d, i));
}

void sk_silu_multiply_backward_saved(
    sk_context *context, sk_matrix da, sk_bf16_matrix gate, sk_bf16_matrix up, sk_matrix a, sk_matrix dgate,
    sk_matrix dup) {
    rows_work work = {
        .context = context, .a = da, .b = a, .c = dgate, .d = dup, .saved_gate = gate, .saved_up = up};
    over_rows(&work, da, silu_backward_saved_rows);
}

static void dropout_rows(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const rows_work *k = argument;
    for (int64_t i = first; i < end; i++)
        k->table->dropout(
            k->a.columns, row(k->a, i), row(k->b, i), k->threshold, k->factor, k->rng,
            k->first + (uint64_t)(i * k->a.columns));
}

void sk_dropout(
    sk_context *context, sk_matrix x, sk_matrix y, uint32_t threshold, float factor, sk_rng rng, uint64_t first) {
    rows_work work = {
        .context = context, .a = x, .b = y, .threshold = threshold, .factor = factor, .rng = rng, .first = first};
    over_rows(&work, x, dropout_rows);
}

static void embed_rows(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const rows_work *k = argument;
    sk_decode_kernel *decode = sk_decoder(k->table, k->weight.format);
    for (int64_t i = first; i < end; i++)
        decode(&k->weight, k->ids[i], 1, 0, k->weight.columns, row(k->a, i), k->a.stride);
}

void sk_embed(sk_context *context, const int32_t *ids, sk_weight table, sk_matrix h) {
    rows_work work = {.context = context, .a = h, .weight = table, .ids = ids};
    over_rows(&work, h, embed_rows);
}

static void norm_rows(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const rows_work *k = argument;
    for (int64_t i = first; i < end; i++)
        k->table->rms_norm(k->a.columns, row(k->a, i), k->w, k->epsilon, row(k->b, i));
}

void sk_rms_norm(sk_context *context, sk_matrix x, sk_weight w, float epsilon, sk_matrix y) {
    rows_work work = {.context = context, .a = x, .b = y, .w = decoded(context, &w), .epsilon = epsilon};
    over_rows(&work, x, norm_rows);
}

static void norm_backward_rows(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const rows_work *k = argument;
    for (int64_t i = first; i < end; i++)
        k->table->rms_norm_backward(
            k->a.columns, row(k->a, i), row(k->b, i), k->w, k->epsilon, row(k->c, i), k->accumulate);
}

void sk_rms_norm_backward(
    sk_context *context, sk_matrix dy, sk_matrix x, sk_weight w, float epsilon, sk_matrix dx, bool accumulate) {
    rows_work work = {.context = context, .a = dy, .b = x, .c = dx, .w = decoded(context, &w), .epsilon = epsilon,
        .accumulate = accumulate};
    over_rows(&work, dy, norm_backward_rows);
}

// Gradients of parameters that every row uses: the threads share the columns, and each column is one chain over the
// rows in order.

static void inverse_rms_rows(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const rows_work *k = argument;
    int64_t n = k->b.columns;
    for (int64_t i = first; i < end; i++)
        k->per_row[i] = 1.0f / sqrtf(k->table->dot(n, row(k->b, i), row(k->b, i)) / (float)n + k->epsilon);
}

static void norm_gradient_columns(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const rows_work *k = argument;
    if (!k->accumulate) memset(k->c.data + first, 0, (size_t)(end - first) * sizeof(float));
    for (int64_t i = 0; i < k->a.rows; i++)
        k->table->rms_norm_gradient(
            end - first, row(k->a, i) + first, row(k->b, i) + first, k->per_row[i], k->c.data + first);
}

void sk_rms_norm_gradient(
    sk_context *context, sk_matrix dy, sk_matrix x, float epsilon, sk_matrix dw, bool accumulate) {
    float *inverse = sk_shared_scratch(context, x.rows * (int64_t)sizeof(float));
    rows_work work = {.context = context, .a = dy, .b = x, .c = dw, .epsilon = epsilon, .accumulate = accumulate,
        .per_row = inverse};
    over_rows(&work, x, inverse_rms_rows);
    over_columns(&work, x.columns, norm_gradient_columns);
}

static void sum_columns(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const rows_work *k = argument;
    float *sums = k->b.data + first;
    if (!k->accumulate) memset(sums, 0, (size_t)(end - first) * sizeof(float));
    for (int64_t i = 0; i < k->a.rows; i++) k->table->add(end - first, sums, row(k->a, i) + first, sums);
}

void sk_sum_rows(sk_context *context, sk_matrix a, sk_matrix sums, bool accumulate) {
    rows_work work = {.context = context, .a = a, .b = sums, .accumulate = accumulate};
    over_columns(&work, a.columns, sum_columns);
}

static void embed_gradient_columns(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const rows_work *k = argument;
    for (int64_t i = 0; i < k->a.rows; i++) {
        float *sum = row(k->b, k->ids[i]) + first;
        k->table->add(end - first, sum, row(k->a, i) + first, sum);
    }
}

void sk_embed_gradient(sk_context *context, const int32_t *ids, sk_matrix dh, sk_matrix table) {
    rows_work work = {.context = context, .a = dh, .b = table, .ids = ids};
    over_columns(&work, dh.columns, embed_gradient_columns);
}

static void rotate_rows(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const rows_work *k = argument;
    int64_t half = k->size / 2;
    for (int64_t i = first; i < end; i++)
        k->table->rotate(
            k->a.columns / k->size, half, row(k->a, i), k->cosines + k->ids[i] * half, k->sines + k->ids[i] * half,
            k->factor);
}

void sk_rotate(
    sk_context *context, sk_matrix x, int64_t head_size, const int32_t *positions, const float *cosines,
    const float *sines, bool inverse) {
    rows_work work = {.context = context, .a = x, .size = head_size, .ids = positions, .cosines = cosines,
        .sines = sines, .factor = inverse ? -1 : 1};
    over_rows(&work, x, rotate_rows);
}

enum { LEFT_OUT = -100 };

static void loss_rows(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const rows_work *k = argument;
    for (int64_t i = first; i < end; i++) {
        bool counted = k->ids[i] != LEFT_OUT;
        k->per_row[i] = !counted ? 0 : k->table->cross_entropy(k->a.columns, row(k->a, i), k->ids[i], k->accumulate,
            k->factor);
        if (!counted && k->accumulate) memset(row(k->a, i), 0, (size_t)k->a.columns * sizeof(float));
    }
}

void sk_cross_entropy(
    sk_context *context, sk_matrix logits, const int32_t *targets, bool write_gradient, float gradient_scale,
    float *nll) {
    rows_work work = {.context = context, .a = logits, .ids = targets, .accumulate = write_gradient,
        .factor = gradient_scale, .per_row = nll};
    over_rows(&work, logits, loss_rows);
}

// Flat arrays: the threads share runs of elements.

typedef struct {
    const sk_table *table;
    const float *g;
    float *p, *m, *v;
    int64_t *sums;
    const int64_t *fixed;
    double *blocks;
    int64_t count, block_size;
    float factor;
    sk_adamw_step step;
    _Atomic bool unsound;
} flat_work;

enum { FLAT_GRAIN = SK_LARGEST_SQUARES_BLOCK };

static void add_fixed_range(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    flat_work *k = argument;
    if (!k->table->add_fixed_point(end - first, k->g + first, k->factor, k->sums + first))
        atomic_store(&k->unsound, true);
}

bool sk_add_fixed_point(sk_context *context, const float *g, int64_t count, float limit, int64_t *sums) {
    flat_work work = {.table = sk_table_of(context), .g = g, .factor = limit, .sums = sums};
    sk_parallel_ranges(context, count, FLAT_GRAIN, add_fixed_range, &work);
    return !atomic_load(&work.unsound);
}

static void to_float_range(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const flat_work *k = argument;
    k->table->fixed_point_to_float(end - first, k->fixed + first, k->factor, k->p + first);
}

void sk_fixed_point_to_float(sk_context *context, const int64_t *sums, int64_t count, float scale, float *g) {
    flat_work work = {.table = sk_table_of(context), .fixed = sums, .factor = scale, .p = g};
    sk_parallel_ranges(context, count, FLAT_GRAIN, to_float_range, &work);
}

// The optimiser reads gradients from their exact sums, a run at a time that stays in the first-level cache.

static void squares_range(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const flat_work *k = argument;
    float g[FLAT_GRAIN];
    for (int64_t block = first; block < end; block++) {
        int64_t start = block * k->block_size, count = sk_min(k->block_size, k->count - start);
        k->table->fixed_point_to_float(count, k->fixed + start, 1, g);
        k->blocks[block] = k->table->sum_of_squares(count, g);
    }
}

void sk_sum_of_squares(sk_context *context, const int64_t *sums, int64_t count, int64_t block_size, double *blocks) {
    flat_work work = {.table = sk_table_of(context), .fixed = sums, .count = count, .block_size = block_size,
        .blocks = blocks};
    sk_parallel_ranges(context, (count + block_size - 1) / block_size, 1, squares_range, &work);
}

static void adamw_range(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const flat_work *k = argument;
    float g[FLAT_GRAIN];
    for (int64_t i = first; i < end; i += FLAT_GRAIN) {
        int64_t count = sk_min(FLAT_GRAIN, end - i);
        k->table->fixed_point_to_float(count, k->fixed + i, 1, g);
        k->table->adamw(count, k->p + i, g, k->m + i, k->v + i, k->step);
    }
}

void sk_adamw(
    sk_context *context, float *p, const int64_t *sums, float *m, float *v, int64_t count, sk_adamw_step step) {
    flat_work work = {.table = sk_table_of(context), .p = p, .fixed = sums, .m = m, .v = v, .step = step};
    sk_parallel_ranges(context, count, FLAT_GRAIN, adamw_range, &work);
}

static void fill_range(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const flat_work *k = argument;
    for (int64_t i = first; i < end; i++) k->p[i] = k->factor;
}

void sk_fill(sk_context *context, float *x, int64_t count, float value) {
    flat_work work = {.p = x, .factor = value};
    sk_parallel_ranges(context, count, FLAT_GRAIN, fill_range, &work);
}
