#include <string.h>

#include "matmul_narrow.h"
#include "pool.h"

// Gradients of which one side is narrow, as those of LoRA's matrices are: C [r, n] (+)= A [m, r] transposed * B [m, n].
//
// Both sides are read where they lie: a tile takes a few values of each row of A, and runs of whole vectors of B. An
// item is a run of columns of C; its part of B goes through the second-level cache in blocks of rows, and C stays in
// the first. Where C is wanted the other way round it is made in scratch memory and turned: the chains are the same.

enum { DEPTH_BLOCK = 128, ITEM_COLUMNS = 256 };

typedef struct {
    sk_context *context;
    const sk_table *table;
    sk_matrix a, b, c;
    /// Whether `c` is [n, r].
    bool turned;
    bool accumulate;
    int64_t columns_per_item;
} product;

/// Lines of B that the next tile reads: its rows lie too far apart for a CPU to see them coming.
static void prefetch(const float *b, int64_t stride, int64_t rows, int columns) {
    for (int64_t i = 0; i < rows; i++)
        for (int j = 0; j < columns; j += SK_LANES) __builtin_prefetch(b + i * stride + j);
}

/// out [r, columns] = (accumulate ? out : +0) + A transposed * B[..., column..<column + columns].
static void multiply_columns(
    const product *p, int64_t column, int64_t columns, float *out, int64_t out_stride, float *panel) {
    const int64_t wide = p->table->tile_columns, r = p->a.columns;
    int64_t pieces = (r + p->table->tile_rows - 1) / p->table->tile_rows, rows = (r + pieces - 1) / pieces;
    for (int64_t d = 0; d < p->a.rows; d += DEPTH_BLOCK) {
        int64_t count = sk_min(DEPTH_BLOCK, p->a.rows - d);
        bool accumulate = p->accumulate || d > 0;
        for (int64_t j = 0; j < columns; j += wide) {
            int width = (int)sk_min(wide, columns - j);
            const float *b = p->b.data + d * p->b.stride + column + j;
            int64_t step = p->b.stride;
            if (j + wide < columns) prefetch(b + wide, step, count, (int)sk_min(wide, columns - j - wide));
            if (width % SK_LANES != 0) {
                // Whole vectors must not reach over the end of the last row.
                step = sk_panel_width(p->table, width);
                p->table->pack_straight(b, p->b.stride, width, count, (int)step, panel);
                b = panel;
            }
            for (int64_t i = 0; i < r; i += rows)
                p->table->tile_packed(
                    count, p->a.data + d * p->a.stride + i, p->a.stride, b, step, out + i * out_stride + j, out_stride,
                    (int)sk_min(rows, r - i), width, accumulate);
        }
    }
}

static int64_t panel_count(const sk_table *table) { return DEPTH_BLOCK * table->tile_columns + SK_LANES; }

static void multiply_item(void *argument, int64_t item, int thread) {
    const product *p = argument;
    const int64_t r = p->a.columns, column = item * p->columns_per_item;
    int64_t columns = sk_min(p->columns_per_item, p->b.columns - column);
    float *panel = sk_thread_scratch(p->context, thread, sk_narrow_thread_scratch(p->context));
    if (!p->turned) {
        multiply_columns(p, column, columns, p->c.data + column, p->c.stride, panel);
        return;
    }
    float *out = panel + panel_count(p->table), *c = p->c.data + column * p->c.stride;
    for (int64_t j = 0; p->accumulate && j < columns; j++)
        for (int64_t i = 0; i < r; i++) out[i * ITEM_COLUMNS + j] = c[j * p->c.stride + i];
    multiply_columns(p, column, columns, out, ITEM_COLUMNS, panel);
    if (!p->accumulate && r % SK_LANES == 0 && p->c.stride == r) {
        p->table->pack_transposed(out, ITEM_COLUMNS, (int)r, columns, (int)r, c);
        return;
    }
    for (int64_t j = 0; j < columns; j++)
        for (int64_t i = 0; i < r; i++) c[j * p->c.stride + i] = out[i * ITEM_COLUMNS + j];
}

int64_t sk_narrow_thread_scratch(const sk_context *context) {
    return (panel_count(sk_table_of(context)) + SK_NARROW * ITEM_COLUMNS) * (int64_t)sizeof(float);
}

void sk_multiply_narrow(sk_context *context, sk_matrix dy, sk_matrix x, sk_matrix dw, bool accumulate) {
    bool turned = x.columns < dy.columns;
    product p = {context, sk_table_of(context), turned ? x : dy, turned ? dy : x, dw, turned, accumulate, ITEM_COLUMNS};
    if (p.a.columns == 0) return;
    int64_t unit = p.table->tile_columns, threads = sk_threads(context);
    if (threads > 1) {
        int64_t even = (p.b.columns + 4 * threads - 1) / (4 * threads);
        p.columns_per_item = sk_max(unit, sk_min(ITEM_COLUMNS, sk_round_up(even, unit)));
    }
    sk_parallel(context, (p.b.columns + p.columns_per_item - 1) / p.columns_per_item, multiply_item, &p);
}
