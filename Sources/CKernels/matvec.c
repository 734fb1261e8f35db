#include "matvec.h"

#include "engine.h"
#include "int8_scalar.h"
#include "sk_matmul.h"

#pragma STDC FP_CONTRACT OFF

// Products with few rows on the left: generation. Decoding a weight into panels would cost many times what is computed
// with it, so these kernels take it straight from its codes, about as fast as it can be read. Threads divide the rows
// of the weight. Every output is the chain that the panels give, to the bit: nobody can tell which of the two made it.

enum {
    /// Outputs of an item are a multiple of this where they are many; and what is made from one reading of the weight
    /// where the rows are more than one strip.
    OUTPUTS_AT_ONCE = 64,
    FEWEST_OUTPUTS = 8,
    /// Each begins with a wait for memory; one alone would make all wait for a thread whose core is taken.
    ITEMS_PER_THREAD = 2,
    PACKED_BYTES = 2 << 20,
    STRIP_CODES = SK_INT8_ROWS * SK_INT8_BLOCK,
    MOST_PARTS = 3,
};

/// The most rows with which panels are slower, on a CPU with AVX-512: they decode once for all rows, these kernels once
/// for three or four.
static int few_rows(const sk_weight *w, bool int8) {
    switch (w->format) {
    case SK_FORMAT_FP32: return 4;
    case SK_FORMAT_FP16:
    case SK_FORMAT_BF16: return int8 ? 4 : 8;
    case SK_FORMAT_NF4:
    case SK_FORMAT_FP4: return !sk_int8_looks_up(w) ? 0 : int8 ? 9 : 16;
    }
    return 0;
}

/// One weight and its output.
typedef struct {
    const sk_weight *w;
    sk_matrix y;
    bool accumulate;
    /// What the finished output is multiplied with; 1 for nothing.
    float scale;
    /// The term that is added at the end: inner [m, r] times wide [N, r] transposed; no data where there is none.
    sk_matrix inner, wide;
    int64_t first_item, outputs_per_item;
} part;

/// The left side as the kernels of one kind of weight want it: [strip][block], see sk_int8_few. `flags` say whether a
/// block of a strip has exact values.
typedef struct {
    sk_int8_few strips;
    uint64_t *exact;
    uint8_t *flags;
} packed;

typedef struct {
    sk_context *context;
    const sk_table *table;
    sk_matrix x;
    const part *parts;
    int part_count;
    int64_t blocks;
    packed kinds[3];
} product;

/// Asks for what the kernels read first of the rows from `first` on; they ask for the rest on the way.
static void prefetch(const sk_weight *w, int64_t first) {
    static const int64_t bits[SK_FORMAT_COUNT] = {32, 16, 16, 4, 4};
    enum { ROWS = 16, BYTES = 512 };
    int64_t row = w->stride * bits[w->format] / 8;
    for (int64_t i = first; i < sk_min(first + ROWS, w->rows); i++)
        for (int64_t at = 0; at < sk_min(BYTES, row); at += 64)
            __builtin_prefetch((const char *)w->codes + i * row + at);
}

/// Cuts the outputs into items of about equal size; returns their number.
static int64_t cut(const product *p, part *t) {
    int64_t threads = sk_threads(p->context), wanted = threads == 1 ? 1 : ITEMS_PER_THREAD * threads;
    int64_t least = t->y.columns < OUTPUTS_AT_ONCE * threads ? FEWEST_OUTPUTS : OUTPUTS_AT_ONCE;
    t->outputs_per_item = sk_max(least, sk_round_up((t->y.columns + wanted - 1) / wanted, least));
    return (t->y.columns + t->outputs_per_item - 1) / t->outputs_per_item;
}

/// Does all of `parts` in one parallel operation.
static void multiply_parts(product *p, part *parts, int count, sk_task *task) {
    int64_t items = 0;
    for (int i = 0; i < count; i++) {
        parts[i].first_item = items;
        items += cut(p, &parts[i]);
    }
    p->parts = parts, p->part_count = count;
    sk_parallel(p->context, items, task, p);
}

static const part *part_of(const product *p, int64_t item) {
    int i = p->part_count - 1;
    while (i > 0 && item < p->parts[i].first_item) i--;
    return &p->parts[i];
}

static sk_matvec_kernel *kernel_of(const sk_table *table, sk_format format) {
    switch (format) {
    case SK_FORMAT_FP32: return table->matvec_fp32;
    case SK_FORMAT_FP16: return table->matvec_fp16;
    case SK_FORMAT_BF16: return table->matvec_bf16;
    case SK_FORMAT_NF4:
    case SK_FORMAT_FP4: return table->matvec_4bit;
    }
    return table->matvec_fp32;
}

static void multiply_item(void *argument, int64_t item, int thread) {
    (void)thread;
    const product *p = argument;
    const part *t = part_of(p, item);
    int64_t first = (item - t->first_item) * t->outputs_per_item;
    prefetch(t->w, first);
    kernel_of(p->table, t->w->format)(
        t->w, first, sk_min(t->y.columns - first, t->outputs_per_item), p->x.data, p->x.stride, (int)t->y.rows,
        t->y.data + first, t->y.stride, t->accumulate);
}

bool sk_multiply_few(sk_context *context, sk_matrix x, const sk_weight *w, sk_matrix y, bool accumulate) {
    if (y.rows == 0 || x.columns == 0 || y.rows > few_rows(w, false)) return false;
    product p = {.context = context, .table = sk_table_of(context), .x = x};
    part t = {.w = w, .y = y, .accumulate = accumulate};
    multiply_parts(&p, &t, 1, multiply_item);
    return true;
}

// In 8 bits

/// Which of `kinds` a weight wants.
static int kind_of(sk_format format) {
    switch (format) {
    case SK_FORMAT_FP32:
    case SK_FORMAT_FP16: return 0;
    case SK_FORMAT_BF16: return 1;
    case SK_FORMAT_NF4:
    case SK_FORMAT_FP4: return 2;
    }
    return 0;
}

static sk_int8_matvec_kernel *int8_kernel_of(const sk_table *table, sk_format format) {
    switch (format) {
    case SK_FORMAT_FP32: return table->int8_matvec_fp32;
    case SK_FORMAT_FP16: return table->int8_matvec_fp16;
    case SK_FORMAT_BF16: return table->int8_matvec_bf16;
    case SK_FORMAT_NF4:
    case SK_FORMAT_FP4: return table->int8_matvec_4bit;
    }
    return table->int8_matvec_fp32;
}

static sk_int8_few strip_at(const product *p, const packed *k, int64_t strip, int64_t block) {
    int64_t at = strip * p->blocks + block;
    return (sk_int8_few){
        k->strips.codes + at * STRIP_CODES, k->strips.values + at * STRIP_CODES, k->strips.scales + at * SK_INT8_ROWS,
        k->strips.starts + at * SK_INT8_ROWS};
}

/// Adds the products of the massive values of one block, in order, for the outputs first..<end.
static void add_exact(
    const product *p, const part *t, const uint64_t *exact, int64_t row, int rows, int64_t block, int64_t first,
    int64_t end) {
    enum { COLUMNS = 16 };
    float decoded[COLUMNS * SK_INT8_BLOCK], panel[SK_INT8_BLOCK * COLUMNS + SK_LANES];
    for (int64_t column = first; column < end; column += COLUMNS) {
        int columns = (int)sk_min(COLUMNS, end - column);
        sk_decoder(p->table, t->w->format)(
            t->w, column, columns, block * SK_INT8_BLOCK, SK_INT8_BLOCK, decoded, SK_INT8_BLOCK);
        p->table->pack_transposed(decoded, SK_INT8_BLOCK, columns, SK_INT8_BLOCK, COLUMNS, panel);
        for (int i = 0; i < rows; i++) {
            const float *x = p->x.data + (row + i) * p->x.stride + block * SK_INT8_BLOCK;
            float *y = t->y.data + (row + i) * t->y.stride + column;
            for (uint64_t left = exact[i]; left != 0; left &= left - 1) {
                int j = __builtin_ctzll(left);
                p->table->tile_strided(
                    1, x + j, 1, panel + j * COLUMNS, COLUMNS, y, t->y.stride, 1, columns, true);
            }
        }
    }
}

/// The outputs first..<end of one strip. A block with exact values ends a run of the kernel.
static void multiply_strip(const product *p, const part *t, int64_t strip, int64_t first, int64_t end) {
    const packed *k = &p->kinds[kind_of(t->w->format)];
    const uint8_t *flags = k->flags + strip * p->blocks;
    int64_t row = strip * SK_INT8_ROWS;
    int rows = (int)sk_min(SK_INT8_ROWS, t->y.rows - row);
    float *y = t->y.data + row * t->y.stride + first;
    for (int64_t block = 0, stop; block < p->blocks; block = stop) {
        for (stop = block + 1; stop < p->blocks && !flags[stop - 1]; stop++) {}
        sk_int8_few x = strip_at(p, k, strip, block);
        int8_kernel_of(p->table, t->w->format)(
            t->w, first, end - first, block, stop - block, &x, rows, y, t->y.stride, t->accumulate || block > 0);
        const uint64_t *exact = k->exact + (strip * p->blocks + stop - 1) * SK_INT8_ROWS;
        if (flags[stop - 1]) add_exact(p, t, exact, row, rows, stop - 1, first, end);
    }
    for (int i = 0; t->scale != 1 && i < rows; i++)
        p->table->scale(end - first, y + i * t->y.stride, t->scale, y + i * t->y.stride);
    if (!t->inner.data) return;
    sk_weight wide = sk_as_weight(t->wide);
    p->table->matvec_fp32(
        &wide, first, end - first, t->inner.data + row * t->inner.stride, t->inner.stride, rows, y, t->y.stride, true);
}

static void multiply_int8_item(void *argument, int64_t item, int thread) {
    (void)thread;
    const product *p = argument;
    const part *t = part_of(p, item);
    int64_t first = (item - t->first_item) * t->outputs_per_item;
    int64_t end = sk_min(t->y.columns, first + t->outputs_per_item);
    int64_t step = t->y.rows > SK_INT8_ROWS ? OUTPUTS_AT_ONCE : end - first;
    prefetch(t->w, first);
    for (; first < end; first += step)
        for (int64_t strip = 0; strip * SK_INT8_ROWS < t->y.rows; strip++)
            multiply_strip(p, t, strip, first, sk_min(end, first + step));
}

/// The bytes of the left side for one kind of weight.
static int64_t packed_bytes(int64_t strips, int64_t blocks) {
    return sk_round_up(strips * blocks * (5 * STRIP_CODES + SK_INT8_ROWS * 16 + 1), 64);
}

/// Quantises the rows for weights of `format`.
static packed pack(const product *p, sk_format format, uint8_t *memory) {
    int64_t strips = (p->x.rows + SK_INT8_ROWS - 1) / SK_INT8_ROWS, all = strips * p->blocks;
    packed k;
    k.strips.codes = (int8_t *)memory;
    k.strips.values = (float *)(memory + all * STRIP_CODES);
    k.exact = (uint64_t *)(k.strips.values + all * STRIP_CODES);
    k.strips.scales = (float *)(k.exact + all * SK_INT8_ROWS);
    k.strips.starts = (int32_t *)(k.strips.scales + all * SK_INT8_ROWS);
    k.flags = (uint8_t *)(k.strips.starts + all * SK_INT8_ROWS);
    for (int64_t strip = 0; strip < strips; strip++) {
        int64_t row = strip * SK_INT8_ROWS;
        p->table->int8_few_rows(
            p->x.data + row * p->x.stride, p->x.stride, (int)sk_min(SK_INT8_ROWS, p->x.rows - row), p->x.columns,
            format, strip_at(p, &k, strip, 0), k.exact + strip * p->blocks * SK_INT8_ROWS,
            k.flags + strip * p->blocks);
    }
    return k;
}

/// Whether all of the product is for these kernels.
static bool is_few(sk_matrix x, const sk_int8_output *outputs, int count) {
    int64_t strips = (x.rows + SK_INT8_ROWS - 1) / SK_INT8_ROWS;
    if (x.rows == 0 || x.columns == 0 || x.columns % SK_INT8_BLOCK != 0 || count > MOST_PARTS) return false;
    if (3 * packed_bytes(strips, x.columns / SK_INT8_BLOCK) > PACKED_BYTES) return false;
    for (int i = 0; i < count; i++)
        if (x.rows > few_rows(&outputs[i].w, true)) return false;
    return true;
}

bool sk_multiply_few_int8(sk_context *context, sk_matrix x, const sk_int8_output *outputs, int count) {
    if (!is_few(x, outputs, count)) return false;
    product p = {
        .context = context, .table = sk_table_of(context), .x = x, .blocks = x.columns / SK_INT8_BLOCK};
    part parts[MOST_PARTS], narrow[MOST_PARTS];
    sk_weight narrow_weights[MOST_PARTS];
    int part_count = 0, narrow_count = 0;
    for (int i = 0; i < count; i++) {
        const sk_int8_output *o = &outputs[i];
        if (o->narrow.data && o->inner.columns > 0) {
            narrow_weights[narrow_count] = sk_as_weight(o->narrow);
            narrow[narrow_count] = (part){.w = &narrow_weights[narrow_count], .y = o->inner, .scale = o->scale};
            narrow_count++;
        }
        part *t = &parts[part_count];
        *t = (part){.w = &o->w, .y = o->c, .accumulate = o->accumulate, .scale = 1};
        if (o->wide.data && o->inner.columns > 0) t->inner = o->inner, t->wide = o->wide;
        part_count += o->c.columns > 0;
    }
    // As long as the left side is being quantised.
    prefetch((narrow_count > 0 ? narrow : parts)->w, 0);
    int64_t bytes = packed_bytes((x.rows + SK_INT8_ROWS - 1) / SK_INT8_ROWS, p.blocks);
    uint8_t *memory = sk_shared_scratch(context, 3 * bytes);
    for (int i = 0; i < narrow_count + part_count; i++) {
        sk_format format = (i < narrow_count ? narrow[i] : parts[i - narrow_count]).w->format;
        int kind = kind_of(format);
        if (!p.kinds[kind].flags) p.kinds[kind] = pack(&p, format, memory + kind * bytes);
    }
    if (narrow_count > 0) multiply_parts(&p, narrow, narrow_count, multiply_int8_item);
    multiply_parts(&p, parts, part_count, multiply_int8_item);
    return true;
}
