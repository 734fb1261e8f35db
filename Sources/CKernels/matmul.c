#include "sk_matmul.h"

#include "engine.h"
#include "matmul_narrow.h"
#include "matvec.h"

#pragma STDC FP_CONTRACT OFF

// The engine of all three products: C [m, n] (+)= A [m, depth] * B [depth, n].
//
// A is fp32 and is packed once, in strips of tile_rows rows, by all threads. B is decoded from its format into panels
// [depth_block][width] by the thread that is about to use it, and then multiplied by all rows of its item: a weight is
// decoded once per product, and a panel stays in the first-level cache meanwhile. An item is a group of panels, or,
// where the columns are few, a run of strips. C is read and written once per block of the reduction, in fp32, which
// does not change a chain. A narrow product reads A where it lies: packing would cost as much as multiplying.

enum {
    PACKED_BYTES = 8 << 20,
    ROWS_AT_ONCE = 4096,
    PANELS_AT_ONCE = 16,
};

typedef struct {
    sk_context *context;
    const sk_table *table;
    sk_decode_kernel *decode;
    const float *a;
    int64_t a_stride;
    /// A[i][d] = a[d * a_stride + i].
    bool a_transposed;
    const sk_weight *w;
    /// B[d][j] = w[d][j], else w[j][d].
    bool straight;
    sk_matrix c;
    bool accumulate;
    int64_t depth;
    /// The part of the reduction and of the rows in `packed`: [block of the reduction][strip][step][row].
    float *packed;
    int64_t depth_first, depth_count, row_first, row_count;
    /// Whether A is read where it lies.
    bool narrow;
    sk_cut cut;
} product;

static int strip_rows(const product *p) { return p->narrow ? p->table->strided_rows : p->table->tile_rows; }

/// The strip from the row `row` on, of the block of `steps` steps from `d` on: what is multiplied by one panel is one
/// run.
static float *packed_strip(const product *p, int64_t d, int64_t steps, int64_t row) {
    return p->packed + sk_round_up(p->row_count, p->table->tile_rows) * d + row * steps;
}

static void pack_strip(void *argument, int64_t strip, int thread) {
    (void)thread;
    const product *p = argument;
    int64_t rows = p->table->tile_rows, first = strip * rows;
    int count = (int)sk_min(rows, p->row_count - first);
    int64_t row = p->row_first + first;
    for (int64_t d = 0, steps; d < p->depth_count; d += steps) {
        steps = sk_min(p->table->depth_block, p->depth_count - d);
        float *out = packed_strip(p, d, steps, first);
        int64_t from = p->depth_first + d;
        if (p->a_transposed)
            p->table->pack_straight(p->a + from * p->a_stride + row, p->a_stride, count, steps, (int)rows, out);
        else p->table->pack_transposed(p->a + row * p->a_stride + from, p->a_stride, count, steps, (int)rows, out);
    }
}

/// Decodes B[d..<d + count][column..<column + columns] into a panel of `width`.
static void make_panel(
    const product *p, int64_t d, int64_t count, int64_t column, int columns, int width, float *rows, float *panel) {
    if (p->straight && columns == width) {
        p->decode(p->w, d, count, column, columns, panel, width);
    } else if (p->straight) {
        p->decode(p->w, d, count, column, columns, rows, columns);
        p->table->pack_straight(rows, columns, columns, count, width, panel);
    } else if (p->w->format == SK_FORMAT_FP32) {
        const float *x = (const float *)p->w->codes + column * p->w->stride + d;
        p->table->pack_transposed(x, p->w->stride, columns, count, width, panel);
    } else {
        p->decode(p->w, column, columns, d, count, rows, p->table->depth_block);
        p->table->pack_transposed(rows, p->table->depth_block, columns, count, width, panel);
    }
}

/// Multiplies one panel by the rows [first, end) of the item.
static void multiply_panel(
    const product *p, const float *panel, int width, int64_t d, int64_t count, int64_t column, int columns,
    int64_t first, int64_t end) {
    bool accumulate = p->accumulate || d > 0;
    int step = strip_rows(p);
    float *c = p->c.data + p->row_first * p->c.stride + column;
    for (int64_t row = first; row < end; row += step) {
        int rows = (int)sk_min(step, end - row);
        float *tile = c + row * p->c.stride;
        if (row + step < end)
            sk_prefetch_tile(tile + step * p->c.stride, p->c.stride, sk_min(step, end - row - step), columns);
        if (p->narrow) {
            const float *a = p->a + (p->row_first + row) * p->a_stride + d;
            p->table->tile_strided(count, a, p->a_stride, panel, width, tile, p->c.stride, rows, columns, accumulate);
        } else {
            const float *a = packed_strip(p, d - p->depth_first, count, row);
            p->table->tile_packed(count, a, step, panel, width, tile, p->c.stride, rows, columns, accumulate);
        }
    }
}

static int64_t thread_bytes(const sk_table *table) {
    int64_t block = table->depth_block, wide = sk_max(block, table->tile_columns) + SK_LANES;
    int64_t rows = wide * table->tile_columns, panel = block * table->tile_columns;
    return (rows + panel + 4 * SK_LANES) * (int64_t)sizeof(float);
}

int64_t sk_matmul_thread_scratch(const sk_context *context) {
    return sk_max(thread_bytes(sk_table_of(context)), sk_narrow_thread_scratch(context));
}

int64_t sk_matmul_shared_scratch(const sk_context *context) {
    const sk_table *table = sk_table_of(context);
    int64_t one_block = sk_round_up(ROWS_AT_ONCE, table->tile_rows) * table->depth_block * (int64_t)sizeof(float);
    return sk_max(PACKED_BYTES, one_block) + SK_LANES * (int64_t)sizeof(float);
}

/// The panels [first_panel, end_panel) of one run of rows.
static void multiply_panels(const product *p, int64_t row_item, int64_t first_panel, int64_t end_panel, int thread) {
    const int64_t block = p->table->depth_block, tile_columns = p->table->tile_columns;
    float *panel = sk_thread_scratch(p->context, thread, thread_bytes(p->table));
    float *rows = panel + block * tile_columns + 2 * SK_LANES;
    int64_t first = row_item * p->cut.rows_per_item, end = sk_min(p->row_count, first + p->cut.rows_per_item);
    int64_t start = first_panel * tile_columns, stop = sk_min(p->c.columns, end_panel * tile_columns);
    int64_t depth_end = p->depth_first + p->depth_count;
    for (int64_t d = p->depth_first; d < depth_end; d += block) {
        int64_t count = sk_min(block, depth_end - d);
        for (int64_t column = start; column < stop; column += tile_columns) {
            int columns = (int)sk_min(tile_columns, stop - column), width = sk_panel_width(p->table, columns);
            make_panel(p, d, count, column, columns, width, rows, panel);
            multiply_panel(p, panel, width, d, count, column, columns, first, end);
        }
    }
}

static void multiply_items(void *argument, int64_t first, int64_t end, int thread) {
    const product *p = argument;
    for (int64_t row_item, stop; first < end;) {
        int64_t panel = sk_take_panels(&p->cut, &first, end, &row_item, &stop);
        multiply_panels(p, row_item, panel, stop, thread);
    }
}

static void run(product p) {
    if (p.c.rows == 0 || p.c.columns == 0) return;
    if (p.depth == 0) {
        if (!p.accumulate) sk_clear(p.c);
        return;
    }
    p.table = sk_table_of(p.context);
    p.decode = sk_decoder(p.table, p.w->format);
    p.narrow = !p.a_transposed && p.c.columns <= 2 * p.table->tile_columns;
    const int64_t strip = p.table->tile_rows, block = p.table->depth_block;
    for (p.row_first = 0; p.row_first < p.c.rows; p.row_first += ROWS_AT_ONCE) {
        p.row_count = sk_min(ROWS_AT_ONCE, p.c.rows - p.row_first);
        int64_t padded = sk_round_up(p.row_count, strip);
        int64_t fitting = sk_max(1, PACKED_BYTES / (padded * block * (int64_t)sizeof(float)));
        int64_t blocks = p.narrow ? INT64_MAX / block : fitting;
        p.cut = sk_cut_outputs(p.context, p.row_count, strip_rows(&p), p.c.columns, p.table->tile_columns);
        for (p.depth_first = 0; p.depth_first < p.depth; p.depth_first += p.depth_count) {
            p.depth_count = sk_min(blocks * block, p.depth - p.depth_first);
            if (!p.narrow) {
                p.packed = sk_shared_scratch(p.context, (padded * p.depth_count + SK_LANES) * (int64_t)sizeof(float));
                sk_parallel(p.context, padded / strip, pack_strip, &p);
            }
            sk_parallel_runs(p.context, p.cut.panels * p.cut.row_items, PANELS_AT_ONCE, multiply_items, &p);
        }
    }
}

void sk_multiply(sk_context *context, sk_matrix x, sk_weight w, sk_matrix y, bool accumulate) {
    if (sk_multiply_few(context, x, &w, y, accumulate)) return;
    run((product){.context = context, .a = x.data, .a_stride = x.stride, .w = &w, .c = y, .accumulate = accumulate,
        .depth = x.columns});
}

void sk_multiply_transposed(sk_context *context, sk_matrix dy, sk_weight w, sk_matrix dx, bool accumulate) {
    run((product){.context = context, .a = dy.data, .a_stride = dy.stride, .w = &w, .straight = true, .c = dx,
        .accumulate = accumulate, .depth = dy.columns});
}

void sk_multiply_gradient(sk_context *context, sk_matrix dy, sk_matrix x, sk_matrix dw, bool accumulate) {
    if (dy.rows > 0 && sk_min(dw.rows, dw.columns) <= SK_NARROW) {
        sk_multiply_narrow(context, dy, x, dw, accumulate);
        return;
    }
    sk_weight w = sk_as_weight(x);
    run((product){.context = context, .a = dy.data, .a_stride = dy.stride, .a_transposed = true, .w = &w,
        .straight = true, .c = dw, .accumulate = accumulate, .depth = dy.rows});
}
