#include "engine.h"
#include "int8_scalar.h"
#include "matvec.h"
#include "sk_int8.h"
#include "sk_matmul.h"

// The engine of the products in 8 bits: C [m, n] (+)= A [m, depth] * B [depth, n], as in matmul.c, for several B and C.
//
// A is quantised once, in strips, by all threads. The narrow products of low-rank terms are made before the others, to
// which the terms are added in fp32 while the tile is in the first-level cache. B is decoded and quantised, two panels
// at a time, by the thread that is about to use them; the part of a panel that is multiplied at once stays in the
// first-level cache. Blocks in which some row has massive values also get a panel in fp32, and end a run of the tile:
// the exact products come right after their block's sum.

enum {
    PACKED_BYTES = 8 << 20,
    ROWS_AT_ONCE = 3072,
    /// Blocks of the reduction in a panel.
    PANEL_BLOCKS = 32,
    PANELS = 2,
    GROUP_COLUMNS = PANELS * SK_INT8_COLUMNS,
    GROUPS_PER_ITEM = 4,
    STRIP_BLOCK_CODES = SK_INT8_ROWS * SK_INT8_BLOCK,
    PANEL_BLOCK_CODES = SK_INT8_COLUMNS * SK_INT8_BLOCK,
    /// Of A, for one block of one strip: codes, scales, starts, exact values and the flag.
    STRIP_BLOCK_BYTES = STRIP_BLOCK_CODES + SK_INT8_ROWS * (4 + 4 + 8) + 1,
    /// The parts of a thread's memory, in bytes.
    CODES_BYTES = PANELS * PANEL_BLOCKS * PANEL_BLOCK_CODES,
    SCALES_BYTES = PANELS * PANEL_BLOCKS * SK_INT8_COLUMNS * 4,
    STARTS_BYTES = SCALES_BYTES,
    DECODED_BYTES = (SK_INT8_BLOCK * GROUP_COLUMNS + 2 * SK_LANES) * 4,
    EXACT_BYTES = (PANELS * PANEL_BLOCKS * PANEL_BLOCK_CODES + 2 * SK_LANES) * 4,
    /// The right side of a low-rank term for one panel, as values.
    TERM_VALUES = SK_INT8_TERM * SK_INT8_COLUMNS + SK_LANES,
    TERM_BYTES = PANELS * TERM_VALUES * 4,
    MOST_PARTS = 3,
};

_Static_assert(ROWS_AT_ONCE % SK_INT8_ROWS == 0
        && PACKED_BYTES / (ROWS_AT_ONCE / SK_INT8_ROWS * STRIP_BLOCK_BYTES + 1) >= PANEL_BLOCKS,
    "the packed rows must have room for one panel");

/// One right side and its output.
typedef struct {
    const sk_weight *w;
    sk_decode_kernel *decode;
    bool looks_up;
    sk_matrix c;
    bool accumulate;
    /// What the finished output is multiplied with; 1 for nothing.
    float scale;
    /// The term that is added at the end: inner [m, r] times wide; no data where there is none.
    sk_matrix inner, wide;
    int64_t first_item, column_items, groups_per_item, row_items, rows_per_item;
} part;

typedef struct {
    sk_context *context;
    const sk_table *table;
    sk_matrix a;
    /// B[d][j] = w[d][j], else w[j][d].
    bool straight;
    /// The part of the reduction and of the rows in `packed`.
    int64_t depth_first, depth_count, blocks, row_first, row_count;
    sk_int8_rows packed;
    /// [strip][block], and for any strip.
    uint8_t *flags, *any_flag;
    const part *parts;
    int part_count;
} product;

/// A group of panels, as [panel][block]; fp32 values likewise.
typedef struct {
    sk_int8_panel panels;
    float *decoded, *exact, *terms;
} group;

/// A panel of a group, from a block on.
static sk_int8_panel panel_from(group g, int panel, int64_t block) {
    int64_t at = panel * PANEL_BLOCKS + block, column = at * SK_INT8_COLUMNS;
    return (sk_int8_panel){
        g.panels.codes + at * PANEL_BLOCK_CODES, g.panels.scales + column, g.panels.starts + column};
}

static sk_int8_rows strip_rows(const product *p, int64_t strip, int64_t block) {
    int64_t at = strip * p->blocks + block;
    return (sk_int8_rows){
        p->packed.codes + at * STRIP_BLOCK_CODES, p->packed.scales + at * SK_INT8_ROWS,
        p->packed.starts + at * SK_INT8_ROWS, p->packed.exact + at * SK_INT8_ROWS};
}

static void pack_strip(void *argument, int64_t strip, int thread) {
    (void)thread;
    const product *p = argument;
    int64_t first = strip * SK_INT8_ROWS;
    const float *x = p->a.data + (p->row_first + first) * p->a.stride + p->depth_first;
    p->table->int8_rows(
        x, p->a.stride, (int)sk_min(SK_INT8_ROWS, p->row_count - first), p->depth_count, strip_rows(p, strip, 0),
        p->flags + strip * p->blocks);
}

/// Codes that are about to be read: a panel takes few bytes of many rows, which no prefetcher of a CPU sees coming.
static void prefetch_codes(const sk_weight *w, int64_t row, int64_t rows, int64_t column, int64_t columns) {
    static const int64_t bits_of[SK_FORMAT_COUNT] = {32, 16, 16, 4, 4};
    int64_t bits = bits_of[w->format];
    for (int64_t i = 0; i < rows; i++) {
        const char *from = (const char *)w->codes + ((row + i) * w->stride + column) * bits / 8;
        for (int64_t byte = 0; byte < columns * bits / 8; byte += 64) __builtin_prefetch(from + byte);
    }
}

/// One block of both panels: `count` steps from d on, `columns` columns.
static void make_block(
    const product *p, const part *t, group g, int64_t d, int count, int64_t block, int64_t column, int columns) {
    bool exact = p->any_flag[(d - p->depth_first) / SK_INT8_BLOCK];
    float *rows = g.decoded;
    int64_t stride = p->straight ? GROUP_COLUMNS : SK_INT8_BLOCK;
    int64_t next = d + count, left = sk_min(SK_INT8_BLOCK, p->a.columns - next);
    if (p->straight) prefetch_codes(t->w, next, left, column, columns);
    else prefetch_codes(t->w, column, columns, next, left);
    if (p->straight) t->decode(t->w, d, count, column, columns, rows, stride);
    else if (exact || !t->looks_up)
        t->decode(t->w, column, columns, d, count, rows, stride);
    for (int panel = 0; panel * SK_INT8_COLUMNS < columns; panel++) {
        int first = panel * SK_INT8_COLUMNS, wide = (int)sk_min(SK_INT8_COLUMNS, columns - first);
        sk_int8_panel out = panel_from(g, panel, block);
        float *values = g.exact + (panel * PANEL_BLOCKS + block) * PANEL_BLOCK_CODES;
        const float *x = rows + (p->straight ? first : first * stride);
        if (p->straight) p->table->int8_panel_columns(x, stride, wide, count, out);
        else if (t->looks_up) p->table->int8_panel_4bit(t->w, column + first, wide, d, out);
        else p->table->int8_panel_rows(x, stride, wide, count, out);
        if (exact && p->straight) p->table->pack_straight(x, stride, wide, count, SK_INT8_COLUMNS, values);
        else if (exact) p->table->pack_transposed(x, stride, wide, count, SK_INT8_COLUMNS, values);
    }
}

/// Adds the products of the massive values of one block, `values` being the panel in fp32; rows with the same ones
/// together.
static void add_exact(
    const product *p, const uint64_t *exact, const float *a, const float *values, float *c, int64_t c_stride, int rows,
    int columns) {
    for (int row = 0, end; row < rows; row = end) {
        for (end = row + 1; end < rows && exact[end] == exact[row]; end++) {}
        for (uint64_t left = exact[row]; left != 0; left &= left - 1) {
            int j = __builtin_ctzll(left);
            for (int column = 0; column < columns; column += p->table->tile_columns)
                p->table->tile_strided(
                    1, a + row * p->a.stride + j, p->a.stride, values + j * SK_INT8_COLUMNS + column, SK_INT8_COLUMNS,
                    c + row * c_stride + column, c_stride, end - row,
                    (int)sk_min(columns - column, p->table->tile_columns), true);
        }
    }
}

/// Multiplies `count` blocks of one panel, from `block` of the packed rows on, by one strip, and adds the term.
static void multiply_strip(
    const product *p, const part *t, group g, int panel, int64_t strip, int64_t block, int64_t count,
    const sk_int8_term *term, float *c, int rows, int columns) {
    const uint8_t *flags = p->flags + strip * p->blocks + block;
    bool accumulate = t->accumulate || p->depth_first > 0 || block > 0;
    for (int64_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && !flags[end - 1]; end++) {}
        const sk_int8_rows left = strip_rows(p, strip, block + first);
        const sk_int8_panel right = panel_from(g, panel, first);
        p->table->int8_tile(
            end - first, &left, &right, c, t->c.stride, rows, columns, accumulate || first > 0,
            end == count && !flags[end - 1] ? term : NULL);
        if (!flags[end - 1]) continue;
        const float *a = p->a.data + (p->row_first + strip * SK_INT8_ROWS) * p->a.stride + p->depth_first;
        add_exact(
            p, strip_rows(p, strip, block + end - 1).exact, a + (block + end - 1) * SK_INT8_BLOCK,
            g.exact + (panel * PANEL_BLOCKS + end - 1) * PANEL_BLOCK_CODES, c, t->c.stride, rows, columns);
        // Exact values come before the term: it is a tile of no blocks.
        if (end == count && term)
            p->table->int8_tile(0, &left, &right, c, t->c.stride, rows, columns, true, term);
    }
}

/// The right side of the low-rank term for the columns of both panels, [r][SK_INT8_COLUMNS].
static void make_terms(const product *p, const part *t, group g, int64_t column, int columns) {
    for (int first = 0; first < columns; first += SK_INT8_COLUMNS) {
        int wide = (int)sk_min(SK_INT8_COLUMNS, columns - first);
        int64_t at = column + first, stride = t->wide.stride, r = t->inner.columns;
        float *out = g.terms + first / SK_INT8_COLUMNS * TERM_VALUES;
        if (p->straight) p->table->pack_straight(t->wide.data + at, stride, wide, r, SK_INT8_COLUMNS, out);
        else p->table->pack_transposed(t->wide.data + at * stride, stride, wide, r, SK_INT8_COLUMNS, out);
    }
}

/// The rows [first, end) of one group of columns, over `count` blocks.
static void multiply_group(
    const product *p, const part *t, group g, int64_t block, int64_t count, int64_t column, int columns, int64_t first,
    int64_t end) {
    bool last = p->depth_first + p->depth_count == p->a.columns && block + count == p->blocks;
    bool adds = last && t->inner.data;
    for (int64_t b = block; b < block + count; b++) {
        int64_t d = b * SK_INT8_BLOCK;
        make_block(
            p, t, g, p->depth_first + d, (int)sk_min(SK_INT8_BLOCK, p->depth_count - d), b - block, column, columns);
    }
    if (adds) make_terms(p, t, g, column, columns);
    for (int panel = 0; panel * SK_INT8_COLUMNS < columns; panel++) {
        int wide = (int)sk_min(SK_INT8_COLUMNS, columns - panel * SK_INT8_COLUMNS);
        float *c = t->c.data + p->row_first * t->c.stride + column + panel * SK_INT8_COLUMNS;
        for (int64_t row = first; row < end; row += SK_INT8_ROWS) {
            int64_t next = row + SK_INT8_ROWS;
            int rows = (int)sk_min(SK_INT8_ROWS, end - row);
            float *tile = c + row * t->c.stride;
            if (next < end)
                sk_prefetch_tile(c + next * t->c.stride, t->c.stride, sk_min(SK_INT8_ROWS, end - next), wide);
            sk_int8_term term = {.inner_stride = t->inner.stride, .wide = g.terms + panel * TERM_VALUES,
                .depth = t->inner.columns};
            if (adds) term.inner = t->inner.data + (p->row_first + row) * t->inner.stride;
            multiply_strip(p, t, g, panel, row / SK_INT8_ROWS, block, count, adds ? &term : NULL, tile, rows, wide);
            for (int i = 0; last && t->scale != 1 && i < rows; i++)
                p->table->scale(wide, tile + i * t->c.stride, t->scale, tile + i * t->c.stride);
        }
    }
}

static const part *part_of(const product *p, int64_t item) {
    int i = p->part_count - 1;
    while (i > 0 && item < p->parts[i].first_item) i--;
    return &p->parts[i];
}

static void multiply_item(void *argument, int64_t item, int thread) {
    const product *p = argument;
    const part *t = part_of(p, item);
    item -= t->first_item;
    uint8_t *memory = sk_thread_scratch(p->context, thread, sk_int8_thread_scratch());
    float *values = (float *)(memory + CODES_BYTES + SCALES_BYTES + STARTS_BYTES);
    group g = {
        .panels = {memory, (float *)(memory + CODES_BYTES), (int32_t *)(memory + CODES_BYTES + SCALES_BYTES)},
        .decoded = values, .exact = values + DECODED_BYTES / 4,
        .terms = values + (DECODED_BYTES + EXACT_BYTES) / 4};
    int64_t first = item / t->column_items * t->rows_per_item, end = sk_min(p->row_count, first + t->rows_per_item);
    int64_t start = item % t->column_items * t->groups_per_item * GROUP_COLUMNS;
    int64_t stop = sk_min(t->c.columns, start + t->groups_per_item * GROUP_COLUMNS);
    for (int64_t block = 0; block < p->blocks; block += PANEL_BLOCKS)
        for (int64_t column = start; column < stop; column += GROUP_COLUMNS)
            multiply_group(
                p, t, g, block, sk_min(PANEL_BLOCKS, p->blocks - block), column,
                (int)sk_min(GROUP_COLUMNS, stop - column), first, end);
}

/// Cuts the outputs into items: groups of columns, and also runs of rows where threads would be idle.
static void cut(const product *p, part *t) {
    int64_t threads = sk_threads(p->context), wanted = threads == 1 ? 1 : 4 * threads;
    int64_t groups = (t->c.columns + GROUP_COLUMNS - 1) / GROUP_COLUMNS;
    // Twice as many items as that, where there are enough columns: threads that got different numbers wait less.
    t->groups_per_item = sk_max(1, sk_min(GROUPS_PER_ITEM, groups / (2 * wanted)));
    t->column_items = (groups + t->groups_per_item - 1) / t->groups_per_item;
    int64_t strips = (p->row_count + SK_INT8_ROWS - 1) / SK_INT8_ROWS;
    bool enough = threads == 1 || t->column_items >= 2 * threads;
    t->row_items = enough ? 1 : sk_min(strips, (wanted + t->column_items - 1) / t->column_items);
    t->rows_per_item = (strips + t->row_items - 1) / t->row_items * SK_INT8_ROWS;
    t->row_items = (p->row_count + t->rows_per_item - 1) / t->rows_per_item;
}

/// Multiplies what is packed by all of `parts`, in one parallel operation.
static void multiply_parts(product *p, part *parts, int count) {
    int64_t items = 0;
    for (int i = 0; i < count; i++) {
        cut(p, &parts[i]);
        parts[i].first_item = items;
        items += parts[i].column_items * parts[i].row_items;
    }
    p->parts = parts, p->part_count = count;
    sk_parallel(p->context, items, multiply_item, p);
}

/// Quantises the rows and the part of the reduction at hand.
static void pack(product *p, int64_t strips) {
    int64_t all = strips * p->blocks;
    uint8_t *memory = sk_shared_scratch(p->context, sk_int8_shared_scratch());
    p->packed.codes = (int8_t *)memory;
    p->packed.exact = (uint64_t *)(memory + all * STRIP_BLOCK_CODES);
    p->packed.scales = (float *)(p->packed.exact + all * SK_INT8_ROWS);
    p->packed.starts = (int32_t *)(p->packed.scales + all * SK_INT8_ROWS);
    p->flags = (uint8_t *)(p->packed.starts + all * SK_INT8_ROWS);
    p->any_flag = p->flags + all;
    sk_parallel(p->context, strips, pack_strip, p);
    memset(p->any_flag, 0, (size_t)p->blocks);
    for (int64_t strip = 0; strip < strips; strip++)
        for (int64_t block = 0; block < p->blocks; block++) p->any_flag[block] |= p->flags[strip * p->blocks + block];
}

static part part_for(const product *p, const sk_weight *w, sk_matrix c, bool accumulate, float scale) {
    return (part){.w = w, .decode = sk_decoder(p->table, w->format), .looks_up = !p->straight && sk_int8_looks_up(w),
        .c = c, .accumulate = accumulate, .scale = scale};
}

/// Rows and parts of the reduction at a time, each quantised once.
static void multiply_all(product *p, part *narrow, int narrow_count, part *outputs, int output_count) {
    for (p->row_first = 0; p->row_first < p->a.rows; p->row_first += ROWS_AT_ONCE) {
        p->row_count = sk_min(ROWS_AT_ONCE, p->a.rows - p->row_first);
        int64_t strips = (p->row_count + SK_INT8_ROWS - 1) / SK_INT8_ROWS;
        int64_t fitting = PACKED_BYTES / (strips * STRIP_BLOCK_BYTES + 1) / PANEL_BLOCKS * PANEL_BLOCKS;
        for (p->depth_first = 0; p->depth_first < p->a.columns; p->depth_first += p->depth_count) {
            p->depth_count = sk_min(fitting * SK_INT8_BLOCK, p->a.columns - p->depth_first);
            p->blocks = (p->depth_count + SK_INT8_BLOCK - 1) / SK_INT8_BLOCK;
            pack(p, strips);
            multiply_parts(p, narrow, narrow_count);
            multiply_parts(p, outputs, output_count);
        }
    }
}

static void run(product p, const sk_int8_output *outputs, int count) {
    part parts[MOST_PARTS], narrow[MOST_PARTS];
    sk_weight narrow_weights[MOST_PARTS];
    int part_count = 0, narrow_count = 0;
    p.table = sk_table_of(p.context);
    for (int i = 0; i < count; i++) {
        const sk_int8_output *o = &outputs[i];
        bool narrows = o->narrow.data && o->inner.columns > 0;
        if (p.a.columns == 0 && narrows) sk_clear(o->inner);
        if (p.a.columns == 0 && !o->accumulate) sk_clear(o->c);
        if (narrows) {
            narrow_weights[narrow_count] = sk_as_weight(o->narrow);
            narrow[narrow_count] = part_for(&p, &narrow_weights[narrow_count], o->inner, false, o->scale);
            narrow_count++;
        }
        if (o->c.columns == 0) continue;
        part *t = &parts[part_count++];
        *t = part_for(&p, &o->w, o->c, o->accumulate, 1);
        if (o->wide.data && o->inner.columns <= SK_INT8_TERM) t->inner = o->inner, t->wide = o->wide;
    }
    multiply_all(&p, narrow, narrow_count, parts, part_count);
    for (int i = 0; i < count; i++) {
        const sk_int8_output *o = &outputs[i];
        if (!o->wide.data || o->inner.columns <= SK_INT8_TERM) continue;
        (p.straight ? sk_multiply_transposed : sk_multiply)(p.context, o->inner, sk_as_weight(o->wide), o->c, true);
    }
}

int64_t sk_int8_shared_scratch(void) { return PACKED_BYTES; }
int64_t sk_int8_thread_scratch(void) {
    return CODES_BYTES + SCALES_BYTES + STARTS_BYTES + DECODED_BYTES + EXACT_BYTES + TERM_BYTES;
}

void sk_multiply_int8(sk_context *context, sk_matrix x, const sk_int8_output *outputs, int count) {
    if (sk_multiply_few_int8(context, x, outputs, count)) return;
    run((product){.context = context, .a = x}, outputs, count);
}

void sk_multiply_transposed_int8(sk_context *context, sk_matrix dy, const sk_int8_output *outputs, int count) {
    run((product){.context = context, .a = dy, .straight = true}, outputs, count);
}
