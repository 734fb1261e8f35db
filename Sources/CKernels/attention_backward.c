#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "attention_work.h"

#pragma STDC FP_CONTRACT OFF

// The backward pass of a chunk of queries, block by block of the keys it sees: probabilities and their gradients exist
// for a block of rows and keys only, so memory does not grow with the sequence. dQ belongs to the chunk alone. dK and
// dV are sums over chunks: a chunk adds its share of a block when the chunks behind it have added theirs, so the order
// never changes. Nobody waits for long, because those were begun before.

enum { BLOCK_KEYS = 128, BLOCK_ROWS = 64, CHUNK_ROWS = 256 };

typedef struct {
    sk_context *context;
    const sk_table *table;
    const sk_attention_problem *p;
    sk_matrix doutput, dq, dk, dv;
    /// For every segment, kv head and block of keys: how many chunks have added their share.
    _Atomic int32_t *added;
    /// Queries of a chunk.
    int64_t step, items;
} job;

static int64_t block_count(const sk_segment *s) { return (s->key_count + BLOCK_KEYS - 1) / BLOCK_KEYS; }

/// What one thread works on; rows count from the chunk's first, keys from the block's.
typedef struct {
    const job *w;
    sk_chunk chunk;
    int64_t rows;
    /// Of the chunk: queries and output gradients, turned and straight, and dQ, as strips; a value a row.
    float *q_turned, *doutput_turned, *q, *doutput, *dq, *log_sum_exp, *delta;
    /// Of a block of keys.
    int64_t block, keys;
    float *k, *v, *dk, *dv;
    /// Of a block of rows and keys: [row / 32][BLOCK_KEYS][32].
    float *p, *dp;
} backward;

static int64_t lay_out(backward *b, float *memory, int64_t head_size, int64_t rows) {
    int64_t of_rows = sk_round_up(head_size, SK_STRIP) * sk_round_up(rows, SK_STRIP);
    int64_t of_keys = sk_round_up(head_size, SK_STRIP) * BLOCK_KEYS, count = 0;
    struct {
        float **part;
        int64_t count;
    } parts[] = {
        {&b->q_turned, of_rows}, {&b->doutput_turned, of_rows}, {&b->q, of_rows}, {&b->doutput, of_rows},
        {&b->dq, of_rows}, {&b->log_sum_exp, sk_round_up(rows, SK_STRIP)}, {&b->delta, sk_round_up(rows, SK_STRIP)},
        {&b->k, of_keys}, {&b->v, of_keys}, {&b->dk, of_keys}, {&b->dv, of_keys}, {&b->p, BLOCK_ROWS * BLOCK_KEYS},
        {&b->dp, BLOCK_ROWS * BLOCK_KEYS},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (memory) *parts[i].part = memory + count;
        count += parts[i].count;
    }
    return count;
}

int64_t sk_attention_backward_count(int64_t head_size) {
    backward b;
    return lay_out(&b, NULL, head_size, CHUNK_ROWS);
}

static void clear(float *x, int64_t count) { memset(x, 0, (size_t)count * sizeof *x); }

/// The keys of the block that rows first..<end of the chunk see.
static sk_key_range keys_of_rows(const backward *b, int64_t first, int64_t end) {
    sk_key_range seen = sk_keys_of_rows(b->w->p, &b->chunk, first, end);
    int64_t start = b->block * BLOCK_KEYS;
    return (sk_key_range){sk_max(0, seen.first - start), sk_min(b->keys, seen.end - start)};
}

/// Probabilities and their gradients of the strip of rows from `row` on, for `keys`; and their share of dQ.
static void backward_strip(const backward *b, int64_t row, int64_t lanes, sk_key_range keys, float *p, float *dp) {
    const job *w = b->w;
    int64_t size = w->p->head_size, start = b->block * BLOCK_KEYS, count = keys.end - keys.first;
    sk_key_range seen = keys_of_rows(b, row, row + lanes);
    int64_t offset = seen.first * SK_STRIP, seen_count = seen.end - seen.first;
    sk_lane_keys lane_keys;
    sk_find_lane_keys(w->p, &b->chunk, row, lanes, start + keys.first, start + keys.end, &lane_keys);
    if (seen_count > 0) {
        w->table->strip_rows(
            seen_count, NULL, size, b->k + offset, b->keys, b->q_turned + row * size, p + offset, false);
        w->table->strip_rows(
            seen_count, NULL, size, b->v + offset, b->keys, b->doutput_turned + row * size, dp + offset, false);
    }
    p += keys.first * SK_STRIP, dp += keys.first * SK_STRIP;
    w->table->softmax_backward(count, &lane_keys, w->p->scale, b->log_sum_exp + row, b->delta + row, p, dp);
    for (int64_t j = 0; j < size; j += SK_STRIP)
        w->table->strip_lanes(
            lanes, &lane_keys, dp, b->k + j * b->keys + keys.first * SK_STRIP, b->dq + j * b->rows + row * SK_STRIP,
            true);
}

/// dK and dV (+)= the share of the rows first..<end.
static void add_to_keys(const backward *b, int64_t first, int64_t end, sk_key_range keys) {
    const job *w = b->w;
    int32_t starts[BLOCK_KEYS];
    int64_t position = b->chunk.segment->query_offset + b->chunk.first;
    for (int64_t j = keys.first; j < keys.end; j++) {
        // Rows before this one do not see the key.
        int64_t row = (b->block * BLOCK_KEYS + j - position) * sk_group(w->p) - first;
        starts[j - keys.first] = (int32_t)sk_min(end - first, sk_max(0, row));
    }
    int64_t count = keys.end - keys.first, offset = keys.first * SK_STRIP;
    for (int64_t j = 0; j < w->p->head_size; j += SK_STRIP) {
        w->table->strip_rows(
            count, starts, end - first, b->dp + offset, BLOCK_KEYS, b->q + j * b->rows + first * SK_STRIP,
            b->dk + j * b->keys + offset, true);
        w->table->strip_rows(
            count, starts, end - first, b->p + offset, BLOCK_KEYS, b->doutput + j * b->rows + first * SK_STRIP,
            b->dv + j * b->keys + offset, true);
    }
}

/// Rows first..<end of the chunk as the products want them.
static void prepare_rows(const backward *b, int64_t first, int64_t end) {
    const job *w = b->w;
    const sk_attention_problem *p = w->p;
    int64_t place = first * SK_STRIP, count = end - first;
    sk_head_rows q = sk_chunk_rows(p, &b->chunk, p->q, first);
    sk_head_rows doutput = sk_chunk_rows(p, &b->chunk, w->doutput, first);
    sk_head_rows output = sk_chunk_rows(p, &b->chunk, p->output, first);
    w->table->strips_turned(q, count, b->q_turned + first * p->head_size);
    w->table->strips_straight(q, count, b->rows, b->q + place);
    w->table->strips_turned(doutput, count, b->doutput_turned + first * p->head_size);
    w->table->strips_straight(doutput, count, b->rows, b->doutput + place);
    for (int64_t i = 0; i < sk_round_up(count, SK_STRIP); i++) {
        int64_t row = sk_min(i, count - 1);
        b->log_sum_exp[first + i] = *sk_chunk_value(p, &b->chunk, p->log_sum_exp, first + row);
        b->delta[first + i] = w->table->dot(p->head_size, sk_head_row(doutput, row), sk_head_row(output, row));
    }
}

static void prefetch_rows(const backward *b, int64_t first) {
    const job *w = b->w;
    int64_t count = sk_min(BLOCK_ROWS, b->rows - first);
    sk_prefetch_rows(sk_chunk_rows(w->p, &b->chunk, w->p->q, first), count);
    sk_prefetch_rows(sk_chunk_rows(w->p, &b->chunk, w->doutput, first), count);
    sk_prefetch_rows(sk_chunk_rows(w->p, &b->chunk, w->p->output, first), count);
}

/// Asks for the keys of the next block, and for what the share of this one is added to.
static void prefetch_keys(const backward *b) {
    const job *w = b->w;
    int64_t start = b->block * BLOCK_KEYS, next = start + b->keys;
    int64_t count = sk_min(BLOCK_KEYS, b->chunk.segment->key_count - next);
    sk_prefetch_rows(sk_chunk_keys(w->p, &b->chunk, w->p->k, next), count);
    sk_prefetch_rows(sk_chunk_keys(w->p, &b->chunk, w->p->v, next), count);
    sk_prefetch_rows(sk_chunk_keys(w->p, &b->chunk, w->dk, start), b->keys);
    sk_prefetch_rows(sk_chunk_keys(w->p, &b->chunk, w->dv, start), b->keys);
}

static void backward_block(backward *b, bool is_first) {
    const job *w = b->w;
    int64_t start = b->block * BLOCK_KEYS, values = sk_round_up(w->p->head_size, SK_STRIP) * b->keys;
    w->table->strips_straight(sk_chunk_keys(w->p, &b->chunk, w->p->k, start), b->keys, b->keys, b->k);
    w->table->strips_straight(sk_chunk_keys(w->p, &b->chunk, w->p->v, start), b->keys, b->keys, b->v);
    clear(b->dk, values);
    clear(b->dv, values);
    for (int64_t first = 0; first < b->rows; first += BLOCK_ROWS) {
        int64_t end = sk_min(b->rows, first + BLOCK_ROWS);
        if (is_first) prepare_rows(b, first, end);
        if (is_first) prefetch_rows(b, end);
        if (end == b->rows) prefetch_keys(b);
        sk_key_range keys = keys_of_rows(b, first, end);
        if (keys.first >= keys.end) continue;
        for (int64_t row = first; row < end; row += SK_STRIP) {
            int64_t place = (row - first) * BLOCK_KEYS;
            backward_strip(b, row, sk_min(SK_STRIP, end - row), keys, b->p + place, b->dp + place);
        }
        add_to_keys(b, first, end, keys);
    }
}

/// Whether the chunk number `number` of the segment sees a key of the block.
static bool sees_block(const job *w, const sk_segment *s, int64_t number, int64_t block) {
    int64_t last = sk_min(s->query_count, (number + 1) * w->step) - 1;
    return sk_visible_keys(w->p, s, number * w->step).first < (block + 1) * BLOCK_KEYS
        && sk_visible_keys(w->p, s, last).end > block * BLOCK_KEYS;
}

/// Adds the share of the block to dK and dV when its turn has come.
static void add_share(const backward *b) {
    const job *w = b->w;
    const sk_segment *s = b->chunk.segment;
    int64_t number = b->chunk.first / w->step, start = b->block * BLOCK_KEYS;
    int64_t next = number + 1, before;
    while (next < sk_chunk_count(s, w->step) && sees_block(w, s, next, b->block)) next++;
    before = next - number - 1;
    bool last = number == 0 || !sees_block(w, s, number - 1, b->block);
    _Atomic int32_t *added = w->added + b->chunk.kv_head * block_count(s) + b->block;
    for (const sk_segment *other = w->p->segments; other < s; other++) added += block_count(other) * w->p->kv_heads;
    for (int i = 0; atomic_load_explicit(added, memory_order_acquire) != before; i++)
        if (i < 1000) sk_relax();
        else sched_yield();
    w->table->strips_add(
        b->dk, b->keys, before == 0, last, w->p->scale, sk_chunk_keys(w->p, &b->chunk, w->dk, start));
    w->table->strips_add(b->dv, b->keys, before == 0, last, 1, sk_chunk_keys(w->p, &b->chunk, w->dv, start));
    atomic_store_explicit(added, (int32_t)before + 1, memory_order_release);
}

/// Asks for what the item needs first.
static void prefetch_item(const job *w, int64_t item) {
    const sk_attention_problem *p = w->p;
    if (item >= w->items) return;
    backward b = {.w = w, .chunk = sk_chunk_at(p, w->step, item)};
    b.rows = sk_chunk_row_count(p, &b.chunk);
    prefetch_rows(&b, 0);
    int64_t first = sk_keys_of_rows(p, &b.chunk, 0, 1).first / BLOCK_KEYS * BLOCK_KEYS;
    int64_t keys = sk_min(BLOCK_KEYS / 2, b.chunk.segment->key_count - first);
    sk_prefetch_rows(sk_chunk_keys(p, &b.chunk, p->k, first), keys);
    sk_prefetch_rows(sk_chunk_keys(p, &b.chunk, p->v, first), keys);
}

static void backward_item(void *argument, int64_t item, int thread) {
    const job *w = argument;
    const sk_attention_problem *p = w->p;
    backward b = {.w = w, .chunk = sk_chunk_at(p, w->step, item)};
    b.rows = sk_chunk_row_count(p, &b.chunk);
    int64_t bytes = lay_out(&b, NULL, p->head_size, sk_max(CHUNK_ROWS, b.rows)) * (int64_t)sizeof(float);
    lay_out(&b, sk_thread_scratch(w->context, thread, bytes), p->head_size, sk_max(CHUNK_ROWS, b.rows));
    clear(b.dq, sk_round_up(p->head_size, SK_STRIP) * b.rows);
    sk_key_range seen = sk_keys_of_rows(p, &b.chunk, 0, b.rows);
    int64_t first = seen.first / BLOCK_KEYS;
    for (b.block = first; b.block * BLOCK_KEYS < seen.end; b.block++) {
        b.keys = sk_min(BLOCK_KEYS, b.chunk.segment->key_count - b.block * BLOCK_KEYS);
        if ((b.block + 1) * BLOCK_KEYS >= seen.end) prefetch_item(w, item + sk_threads(w->context));
        backward_block(&b, b.block == first);
        add_share(&b);
    }
    float scales[CHUNK_ROWS];
    for (int i = 0; i < CHUNK_ROWS; i++) scales[i] = p->scale;
    for (int64_t row = 0; row < b.rows; row += CHUNK_ROWS)
        w->table->strips_finish(
            b.dq + row * SK_STRIP, b.rows, sk_min(CHUNK_ROWS, b.rows - row), scales,
            sk_chunk_rows(p, &b.chunk, w->dq, row));
}

/// Blocks of keys that no query sees have no share: their gradients are 0.
static void clear_unseen(const job *w, const sk_segment *s, int64_t block) {
    for (int64_t i = 0; i < sk_chunk_count(s, w->step); i++)
        if (sees_block(w, s, i, block)) return;
    int64_t count = w->p->kv_heads * w->p->head_size;
    for (int64_t key = block * BLOCK_KEYS; key < sk_min(s->key_count, (block + 1) * BLOCK_KEYS); key++) {
        clear(sk_key_head(w->dk, w->p, s, key, 0), count);
        clear(sk_key_head(w->dv, w->p, s, key, 0), count);
    }
}

void sk_attention_backward(
    sk_context *context, const sk_attention_problem *problem, sk_matrix doutput, sk_matrix dq, sk_matrix dk,
    sk_matrix dv) {
    job w = {context, sk_table_of(context), problem, doutput, dq, dk, dv, .step = sk_chunk_queries(problem)};
    w.items = sk_chunk_items(problem, w.step);
    int64_t blocks = 0;
    for (int64_t i = 0; i < problem->segment_count; i++) {
        const sk_segment *s = &problem->segments[i];
        blocks += block_count(s) * problem->kv_heads;
        for (int64_t block = 0; block < block_count(s); block++) clear_unseen(&w, s, block);
    }
    w.added = sk_shared_scratch(context, blocks * (int64_t)sizeof *w.added);
    memset((void *)w.added, 0, (size_t)blocks * sizeof *w.added);
    sk_parallel(context, w.items, backward_item, &w);
}
