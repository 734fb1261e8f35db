#include <string.h>

#include "attention_shape.h"

#pragma STDC FP_CONTRACT OFF

// Attention as small matrix products. Keys and values of one head are packed into panels once and serve all query heads
// of their group; scores exist for a block of queries against all keys they may see, so memory grows with the sequence,
// not with its square. Keys that a strip of queries cannot see are skipped; within a strip they count as exact zeros.

enum { FORWARD_QUERIES = 256, SCORE_ROWS = 16, BACKWARD_ROWS = 64 };

typedef struct {
    sk_context *context;
    const sk_table *table;
    const sk_attention_problem *p;
    sk_matrix doutput, dq, dk, dv;
} job;

/// Values of one head, packed: as columns of panels [head_size][tile_columns] of keys, or as rows of panels
/// [keys][width] of head elements.
static void pack_keys_transposed(const job *w, const float *x, int64_t stride, int64_t keys, float *out) {
    int64_t width = w->table->tile_columns, size = w->p->head_size;
    for (int64_t j = 0; j < keys; j += width)
        w->table->pack_transposed(x + j * stride, stride, (int)sk_min(width, keys - j), size, (int)width,
            out + j * size);
}

static void pack_rows_straight(const job *w, const float *x, int64_t stride, int64_t rows, float *out) {
    int64_t width = w->table->tile_columns, size = w->p->head_size;
    for (int64_t j = 0; j < size; j += width) {
        int columns = (int)sk_min(width, size - j);
        w->table->pack_straight(x + j, stride, columns, rows, sk_panel_width(w->table, columns), out + j * rows);
    }
}

/// The room, in values, of one head of `rows` rows as panels.
static int64_t packed_count(const sk_table *table, int64_t head_size, int64_t rows) {
    return sk_round_up(rows, table->tile_columns) * sk_round_up(head_size, table->tile_columns) + 2 * SK_LANES;
}

static int64_t score_stride(const sk_table *table, int64_t keys) {
    return sk_round_up(keys, table->tile_columns) + SK_LANES;
}

static int64_t forward_bytes(const sk_table *table, int64_t head_size, int64_t keys) {
    return (2 * packed_count(table, head_size, keys) + SCORE_ROWS * score_stride(table, keys)) * (int64_t)sizeof(float);
}

static int64_t backward_bytes(const sk_table *table, int64_t head_size, int64_t keys) {
    int64_t panels = 3 * packed_count(table, head_size, keys) + 2 * packed_count(table, head_size, BACKWARD_ROWS);
    return (panels + 2 * BACKWARD_ROWS * score_stride(table, keys)) * (int64_t)sizeof(float);
}

int64_t sk_attention_scratch(const sk_context *context, int64_t keys, int64_t head_size) {
    const sk_table *table = sk_table_of(context);
    return sk_max(forward_bytes(table, head_size, keys), backward_bytes(table, head_size, keys));
}

/// A strip of query rows, at most strided_rows of them, and the keys that any of them sees; keys count from `base`.
typedef struct {
    int64_t query, first, end;
    int rows;
} strip;

static strip strip_at(const job *w, const sk_segment *s, int64_t query, int64_t query_end, int64_t base) {
    int rows = (int)sk_min(w->table->strided_rows, query_end - query);
    int64_t first = sk_visible_keys(w->p, s, query).first / SK_LANES * SK_LANES;
    return (strip){query, first - base, sk_visible_keys(w->p, s, query + rows - 1).end - base, rows};
}

/// out[i][j] = dot(rows of the strip, packed keys), for the panels that touch the strip's keys.
static void multiply_keys(
    const job *w, strip t, const float *rows, int64_t stride, const float *keys, float *out, int64_t out_stride) {
    int64_t width = w->table->tile_columns, size = w->p->head_size;
    for (int64_t j = t.first / width * width; j < t.end; j += width)
        w->table->tile_strided(
            size, rows, stride, keys + j * size, width, out + j, out_stride, t.rows, (int)width, false);
}

/// out = scores of the strip * packed rows [keys].
static void multiply_scores(
    const job *w, strip t, const float *scores, int64_t stride, const float *values, int64_t keys, float *out,
    int64_t out_stride) {
    int64_t width = w->table->tile_columns, size = w->p->head_size;
    for (int64_t j = 0; j < size; j += width) {
        int columns = (int)sk_min(width, size - j), step = sk_panel_width(w->table, columns);
        w->table->tile_strided(
            t.end - t.first, scores + t.first, stride, values + j * keys + t.first * step, step, out + j, out_stride,
            t.rows, columns, false);
    }
}

typedef struct {
    const sk_segment *segment;
    int64_t kv_head, first, end;
} block;

/// The block of queries number `item`: blocks of one segment and kv head follow each other.
static block block_at(const sk_attention_problem *p, int64_t item, int64_t queries) {
    for (int64_t i = 0; i < p->segment_count; i++) {
        const sk_segment *s = &p->segments[i];
        int64_t blocks = (s->query_count + queries - 1) / queries;
        if (item >= blocks * p->kv_heads) {
            item -= blocks * p->kv_heads;
            continue;
        }
        int64_t first = item % blocks * queries;
        return (block){s, item / blocks, first, sk_min(s->query_count, first + queries)};
    }
    return (block){0};
}

static int64_t block_count(const sk_attention_problem *p, int64_t queries) {
    int64_t count = 0;
    for (int64_t i = 0; i < p->segment_count; i++)
        count += (p->segments[i].query_count + queries - 1) / queries * p->kv_heads;
    return count;
}

static void softmax_strip(
    const job *w, block b, strip t, int64_t base, int64_t head, float *scores, int64_t stride, float *sums) {
    const sk_attention_problem *p = w->p;
    for (int i = 0; i < t.rows; i++) {
        sk_key_range keys = sk_visible_keys(p, b.segment, t.query + i);
        float *lse = &p->log_sum_exp.data[(b.segment->query_start + t.query + i) * p->log_sum_exp.stride + head];
        int64_t start = base + t.first;
        sums[i] = w->table->softmax(
            sk_round_up(t.end - t.first, SK_LANES), keys.first - start, keys.end - start, p->scale,
            scores + i * stride + t.first, lse);
    }
}

static void forward_item(void *argument, int64_t item, int thread) {
    const job *w = argument;
    const sk_attention_problem *p = w->p;
    block b = block_at(p, item, FORWARD_QUERIES);
    int64_t base = sk_visible_keys(p, b.segment, b.first).first / SK_LANES * SK_LANES;
    int64_t keys = sk_visible_keys(p, b.segment, b.end - 1).end - base, stride = score_stride(w->table, keys);
    int64_t packed = packed_count(w->table, p->head_size, keys);
    float *k = sk_thread_scratch(w->context, thread, forward_bytes(w->table, p->head_size, keys));
    float *v = k + packed, *scores = v + packed, sums[SCORE_ROWS];
    pack_keys_transposed(w, sk_key_head(p->k, p, b.segment, base, b.kv_head), p->k.stride, keys, k);
    pack_rows_straight(w, sk_key_head(p->v, p, b.segment, base, b.kv_head), p->v.stride, keys, v);
    int64_t group = p->heads / p->kv_heads;
    for (int64_t head = b.kv_head * group; head < (b.kv_head + 1) * group; head++)
        for (int64_t query = b.first; query < b.end; query += w->table->strided_rows) {
            strip t = strip_at(w, b.segment, query, b.end, base);
            float *out = sk_query_head(p->output, p, b.segment, query, head);
            multiply_keys(w, t, sk_query_head(p->q, p, b.segment, query, head), p->q.stride, k, scores, stride);
            softmax_strip(w, b, t, base, head, scores, stride, sums);
            multiply_scores(w, t, scores, stride, v, keys, out, p->output.stride);
            for (int i = 0; i < t.rows; i++)
                w->table->finish(p->head_size, out + i * p->output.stride, 1.0f / sums[i], out + i * p->output.stride);
        }
}

void sk_attention(sk_context *context, const sk_attention_problem *problem) {
    job w = {.context = context, .table = sk_table_of(context), .p = problem};
    sk_parallel(context, block_count(problem, FORWARD_QUERIES), forward_item, &w);
}

/// What one thread works on in the backward pass of one segment and kv head.
typedef struct {
    const job *w;
    const sk_segment *s;
    int64_t kv_head, stride;
    /// Panels: keys and values transposed, keys straight, and queries and output gradients of a block, straight.
    float *k_transposed, *v_transposed, *k, *q, *doutput;
    float *p, *dp;
} backward;

static void softmax_backward_strip(
    const backward *b, strip t, int64_t head, int64_t first, int64_t end, float *p, float *dp) {
    const sk_attention_problem *problem = b->w->p;
    for (int i = 0; i < t.rows; i++) {
        sk_key_range keys = sk_visible_keys(problem, b->s, t.query + i);
        float lse = problem->log_sum_exp.data[(b->s->query_start + t.query + i) * problem->log_sum_exp.stride + head];
        float delta = b->w->table->dot(
            problem->head_size, sk_query_head(b->w->doutput, problem, b->s, t.query + i, head),
            sk_query_head(problem->output, problem, b->s, t.query + i, head));
        b->w->table->softmax_backward(
            sk_round_up(end - first, SK_LANES), keys.first - first, keys.end - first, problem->scale, lse, delta,
            p + i * b->stride + first, dp + i * b->stride + first);
    }
}

/// out[key] (+)= sum over the block's query rows of scores[row][key] * panel[row], for keys first..<end.
static void add_to_keys(
    const backward *b, const float *scores, int64_t query, int64_t rows, int64_t first, int64_t end,
    const float *panels, float *out, int64_t out_stride) {
    const sk_table *table = b->w->table;
    int64_t width = table->tile_columns, size = b->w->p->head_size;
    for (int64_t j = 0; j < size; j += width) {
        int columns = (int)sk_min(width, size - j), step = sk_panel_width(table, columns);
        for (int64_t key = first; key < end; key += table->tile_rows) {
            // Rows before this one see none of the keys.
            int64_t row = sk_max(0, key - b->s->query_offset - query);
            table->tile_packed(
                rows - row, scores + row * b->stride + key, b->stride, panels + j * rows + row * step, step,
                out + key * out_stride + j, out_stride, (int)sk_min(table->tile_rows, end - key), columns, true);
        }
    }
}

static void backward_block(const backward *b, int64_t head, int64_t query, int64_t query_end) {
    const job *w = b->w;
    const sk_attention_problem *p = w->p;
    int64_t rows = query_end - query;
    const float *q = sk_query_head(p->q, p, b->s, query, head), *dout = sk_query_head(w->doutput, p, b->s, query, head);
    float *dk = sk_key_head(w->dk, p, b->s, 0, b->kv_head), *dv = sk_key_head(w->dv, p, b->s, 0, b->kv_head);
    int64_t first = sk_visible_keys(p, b->s, query).first / SK_LANES * SK_LANES;
    int64_t end = sk_visible_keys(p, b->s, query_end - 1).end;
    pack_rows_straight(w, q, p->q.stride, rows, b->q);
    pack_rows_straight(w, dout, w->doutput.stride, rows, b->doutput);
    for (int64_t i = 0; i < rows; i += w->table->strided_rows) {
        strip t = strip_at(w, b->s, query + i, query_end, 0);
        float *scores = b->p + i * b->stride, *gradients = b->dp + i * b->stride;
        float *dq = sk_query_head(w->dq, p, b->s, query + i, head);
        multiply_keys(w, t, q + i * p->q.stride, p->q.stride, b->k_transposed, scores, b->stride);
        multiply_keys(w, t, dout + i * w->doutput.stride, w->doutput.stride, b->v_transposed, gradients, b->stride);
        softmax_backward_strip(b, t, head, first, end, scores, gradients);
        multiply_scores(w, t, gradients, b->stride, b->k, b->s->key_count, dq, w->dq.stride);
        for (int r = 0; r < t.rows; r++)
            w->table->finish(p->head_size, dq + r * w->dq.stride, p->scale, dq + r * w->dq.stride);
    }
    add_to_keys(b, b->dp, query, rows, first, end, b->q, dk, w->dk.stride);
    add_to_keys(b, b->p, query, rows, first, end, b->doutput, dv, w->dv.stride);
}

static void finish_keys(const backward *b, sk_matrix m, float factor) {
    for (int64_t j = 0; j < b->s->key_count; j++) {
        float *row = sk_key_head(m, b->w->p, b->s, j, b->kv_head);
        b->w->table->finish(b->w->p->head_size, row, factor, row);
    }
}

static void backward_item(void *argument, int64_t item, int thread) {
    const job *w = argument;
    const sk_attention_problem *p = w->p;
    backward b = {.w = w, .s = &p->segments[item / p->kv_heads], .kv_head = item % p->kv_heads};
    int64_t keys = b.s->key_count, packed = packed_count(w->table, p->head_size, keys);
    int64_t small = packed_count(w->table, p->head_size, BACKWARD_ROWS);
    b.stride = score_stride(w->table, keys);
    float *memory = sk_thread_scratch(w->context, thread, backward_bytes(w->table, p->head_size, keys));
    b.k_transposed = memory, b.v_transposed = memory + packed, b.k = memory + 2 * packed;
    b.q = memory + 3 * packed, b.doutput = b.q + small;
    b.p = b.doutput + small, b.dp = b.p + BACKWARD_ROWS * b.stride;
    const float *k = sk_key_head(p->k, p, b.s, 0, b.kv_head), *v = sk_key_head(p->v, p, b.s, 0, b.kv_head);
    pack_keys_transposed(w, k, p->k.stride, keys, b.k_transposed);
    pack_keys_transposed(w, v, p->v.stride, keys, b.v_transposed);
    pack_rows_straight(w, k, p->k.stride, keys, b.k);
    for (int64_t j = 0; j < keys; j++) {
        memset(sk_key_head(w->dk, p, b.s, j, b.kv_head), 0, (size_t)p->head_size * sizeof(float));
        memset(sk_key_head(w->dv, p, b.s, j, b.kv_head), 0, (size_t)p->head_size * sizeof(float));
    }
    int64_t group = p->heads / p->kv_heads;
    for (int64_t head = b.kv_head * group; head < (b.kv_head + 1) * group; head++)
        for (int64_t query = 0; query < b.s->query_count; query += BACKWARD_ROWS)
            backward_block(&b, head, query, sk_min(b.s->query_count, query + BACKWARD_ROWS));
    finish_keys(&b, w->dk, p->scale);
    finish_keys(&b, w->dv, 1);
}

void sk_attention_backward(
    sk_context *context, const sk_attention_problem *problem, sk_matrix doutput, sk_matrix dq, sk_matrix dk,
    sk_matrix dv) {
    job w = {context, sk_table_of(context), problem, doutput, dq, dk, dv};
    sk_parallel(context, problem->segment_count * problem->kv_heads, backward_item, &w);
}
