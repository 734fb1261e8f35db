#include "engine.h"
#include "sk_bf16.h"

// The engine of the products in bf16: C [m, n] (+)= A [m, depth] * B [depth, n], as in matmul.c.
//
// A is rounded and packed once, in strips, by all threads. B is turned into panels of bf16 by the thread that is about
// to use them; a panel stays in the first-level cache while all rows of its item are multiplied. Both lie in pairs
// along the reduction.

enum {
    PACKED_BYTES = 8 << 20,
    ROWS_AT_ONCE = 4092,
    /// Steps of the reduction in a panel, and those that are decoded at once.
    DEPTH_BLOCK = 512,
    DEPTH_PART = 128,
    PANELS_AT_ONCE = 16,
    /// The parts of a thread's memory, in bytes.
    PANEL_BYTES = DEPTH_BLOCK * SK_BF16_COLUMNS * 2,
    HALVES_BYTES = (DEPTH_PART * SK_BF16_COLUMNS + SK_LANES) * 2,
    FLOATS_BYTES = (DEPTH_PART * SK_BF16_COLUMNS + SK_LANES) * 4,
};

_Static_assert(ROWS_AT_ONCE % SK_BF16_ROWS == 0 && DEPTH_BLOCK % DEPTH_PART == 0 && DEPTH_PART % 2 == 0
        && PACKED_BYTES / (ROWS_AT_ONCE * 2) >= DEPTH_BLOCK,
    "the packed rows must have room for one panel");

typedef struct {
    sk_context *context;
    const sk_table *table;
    sk_matrix a;
    const sk_weight *w;
    /// B[d][j] = w[d][j], else w[j][d].
    bool straight;
    sk_matrix c;
    bool accumulate;
    /// The part of the reduction and of the rows in `packed`: [strip][pair][SK_BF16_ROWS].
    uint32_t *packed;
    int64_t depth_first, depth_count, row_first, row_count, strips;
    sk_cut cut;
} product;

/// A thread's memory.
typedef struct {
    uint32_t *panel;
    uint16_t *halves;
    float *floats;
} room;

static room room_of(const product *p, int thread) {
    char *memory = sk_thread_scratch(p->context, thread, sk_bf16_thread_scratch());
    return (room){
        (uint32_t *)memory, (uint16_t *)(memory + PANEL_BYTES), (float *)(memory + PANEL_BYTES + HALVES_BYTES)};
}

static int64_t pairs_of(int64_t depth) { return (depth + 1) / 2; }

/// Strips lie by blocks of the reduction: what is multiplied by one panel is one run.
static uint32_t *packed_strip(const product *p, int64_t strip, int64_t d) {
    int64_t block = d / DEPTH_BLOCK * DEPTH_BLOCK, pairs = pairs_of(sk_min(DEPTH_BLOCK, p->depth_count - block));
    return p->packed + (p->strips * block / 2 + strip * pairs + (d - block) / 2) * SK_BF16_ROWS;
}

static void pack_strip(void *argument, int64_t strip, int thread) {
    const product *p = argument;
    uint16_t *halves = room_of(p, thread).halves;
    int64_t first = strip * SK_BF16_ROWS, count = sk_min(SK_BF16_ROWS, p->row_count - first);
    const float *x = p->a.data + (p->row_first + first) * p->a.stride + p->depth_first;
    for (int64_t d = 0; d < p->depth_count; d += DEPTH_PART) {
        int64_t steps = sk_min(DEPTH_PART, p->depth_count - d);
        p->table->bf16_round(x + d, p->a.stride, count, steps, halves, DEPTH_PART);
        p->table->bf16_pack_transposed(
            halves, DEPTH_PART, (int)count, steps, SK_BF16_ROWS, packed_strip(p, strip, d));
    }
}

/// w[row..<row + rows][column..<column + columns] in bf16: where it lies, and from one row to the next.
static const uint16_t *rounded(
    const product *p, room room, int64_t row, int64_t rows, int64_t column, int64_t columns, int64_t *stride) {
    const sk_weight *w = p->w;
    *stride = columns;
    switch (w->format) {
    case SK_FORMAT_BF16:
        *stride = w->columns;
        return (const uint16_t *)w->codes + row * w->columns + column;
    case SK_FORMAT_FP32:
        p->table->bf16_round(
            (const float *)w->codes + row * w->stride + column, w->stride, rows, columns, room.halves, columns);
        return room.halves;
    case SK_FORMAT_FP16:
        p->table->decode_fp16(w, row, rows, column, columns, room.floats, columns);
        p->table->bf16_round(room.floats, columns, rows, columns, room.halves, columns);
        return room.halves;
    case SK_FORMAT_NF4:
    case SK_FORMAT_FP4:
        p->table->bf16_decode_4bit(w, row, rows, column, columns, room.halves, columns);
        return room.halves;
    }
    return room.halves;
}

/// B[d..<d + count][column..<column + columns], in pairs.
static void make_panel(const product *p, room room, int64_t d, int64_t count, int64_t column, int columns) {
    for (int64_t part = 0, stride; part < count; part += DEPTH_PART) {
        int64_t steps = sk_min(DEPTH_PART, count - part);
        uint32_t *to = room.panel + part / 2 * SK_BF16_COLUMNS;
        if (p->straight) {
            const uint16_t *from = rounded(p, room, d + part, steps, column, columns, &stride);
            p->table->bf16_pack_straight(from, stride, columns, steps, SK_BF16_COLUMNS, to);
        } else {
            const uint16_t *from = rounded(p, room, column, columns, d + part, steps, &stride);
            p->table->bf16_pack_transposed(from, stride, columns, steps, SK_BF16_COLUMNS, to);
        }
    }
}

/// The panels [first_panel, end_panel) of one run of rows.
static void multiply_panels(const product *p, int64_t row_item, int64_t first_panel, int64_t end_panel, int thread) {
    room room = room_of(p, thread);
    int64_t first = row_item * p->cut.rows_per_item, end = sk_min(p->row_count, first + p->cut.rows_per_item);
    int64_t start = first_panel * SK_BF16_COLUMNS, stop = sk_min(p->c.columns, end_panel * SK_BF16_COLUMNS);
    for (int64_t d = 0; d < p->depth_count; d += DEPTH_BLOCK) {
        int64_t count = sk_min(DEPTH_BLOCK, p->depth_count - d);
        bool accumulate = p->accumulate || p->depth_first + d > 0;
        for (int64_t column = start; column < stop; column += SK_BF16_COLUMNS) {
            int columns = (int)sk_min(SK_BF16_COLUMNS, stop - column);
            make_panel(p, room, p->depth_first + d, count, column, columns);
            float *c = p->c.data + p->row_first * p->c.stride + column;
            for (int64_t row = first; row < end; row += SK_BF16_ROWS) {
                int64_t next = row + SK_BF16_ROWS;
                if (next < end)
                    sk_prefetch_tile(c + next * p->c.stride, p->c.stride, sk_min(SK_BF16_ROWS, end - next), columns);
                p->table->bf16_tile(
                    pairs_of(count), packed_strip(p, row / SK_BF16_ROWS, d), room.panel,
                    c + row * p->c.stride, p->c.stride, (int)sk_min(SK_BF16_ROWS, end - row), columns, accumulate);
            }
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
    int64_t depth = p.a.columns;
    if (depth == 0 && !p.accumulate) sk_clear(p.c);
    p.table = sk_table_of(p.context);
    p.packed = sk_shared_scratch(p.context, sk_bf16_shared_scratch());
    for (p.row_first = 0; p.row_first < p.c.rows; p.row_first += ROWS_AT_ONCE) {
        p.row_count = sk_min(ROWS_AT_ONCE, p.c.rows - p.row_first);
        int64_t strips = p.strips = (p.row_count + SK_BF16_ROWS - 1) / SK_BF16_ROWS;
        int64_t fitting = PACKED_BYTES / (strips * SK_BF16_ROWS * 2) / DEPTH_BLOCK * DEPTH_BLOCK;
        p.cut = sk_cut_outputs(p.context, p.row_count, SK_BF16_ROWS, p.c.columns, SK_BF16_COLUMNS);
        for (p.depth_first = 0; p.depth_first < depth; p.depth_first += p.depth_count) {
            p.depth_count = sk_min(fitting, depth - p.depth_first);
            sk_parallel(p.context, strips, pack_strip, &p);
            sk_parallel_runs(p.context, p.cut.panels * p.cut.row_items, PANELS_AT_ONCE, multiply_items, &p);
        }
    }
}

int64_t sk_bf16_shared_scratch(void) { return PACKED_BYTES; }
int64_t sk_bf16_thread_scratch(void) { return PANEL_BYTES + HALVES_BYTES + FLOATS_BYTES; }

void sk_multiply_bf16(sk_context *context, sk_matrix x, sk_weight w, sk_matrix y, bool accumulate) {
    run((product){.context = context, .a = x, .w = &w, .c = y, .accumulate = accumulate});
}

void sk_multiply_transposed_bf16(sk_context *context, sk_matrix dy, sk_weight w, sk_matrix dx, bool accumulate) {
    run((product){.context = context, .a = dy, .w = &w, .straight = true, .c = dx, .accumulate = accumulate});
}
