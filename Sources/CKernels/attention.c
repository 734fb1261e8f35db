#include <stddef.h>

#include "attention_single.h"
#include "attention_work.h"

#pragma STDC FP_CONTRACT OFF

// Attention as products of small matrices. The rows of queries of all heads that share keys stand side by side in the
// lanes of strips of 32 (query by query, and head by head within one), so that what the lanes of a strip see differs
// little; scores are [key][lane], so that maximum, sum and mask of the softmax need no step across lanes, and neither
// keys nor values are ever transposed. They are copied into strips once for a chunk of rows. Keys that a strip does not
// see are left out; those that only some of its lanes see count as exact zeros for the others.

enum { FIRST_KEYS = 64 };

/// The room, in values, of `rows` rows of a head as strips.
static int64_t strips_count(int64_t head_size, int64_t rows) { return sk_round_up(head_size, SK_STRIP) * rows; }

static int64_t forward_count(int64_t keys, int64_t head_size) {
    int64_t strips = 2 * strips_count(head_size, keys) + strips_count(head_size, SK_STRIP);
    return strips + (keys + head_size) * SK_STRIP;
}

int64_t sk_attention_scratch(const sk_context *context, int64_t keys, int64_t head_size) {
    (void)context;
    return sk_max(forward_count(keys, head_size), sk_attention_backward_count(head_size)) * (int64_t)sizeof(float);
}

int64_t sk_chunk_items(const sk_attention_problem *p, int64_t step) {
    int64_t count = 0;
    for (int64_t i = 0; i < p->segment_count; i++) count += sk_chunk_count(&p->segments[i], step);
    return count * p->kv_heads;
}

sk_chunk sk_chunk_at(const sk_attention_problem *p, int64_t step, int64_t item) {
    for (int64_t rank = 0;; rank++)
        for (int64_t i = 0; i < p->segment_count; i++) {
            const sk_segment *s = &p->segments[i];
            int64_t number = sk_chunk_count(s, step) - 1 - rank;
            if (number < 0) continue;
            if (item < p->kv_heads)
                return (sk_chunk){s, item, number * step, sk_min(s->query_count, (number + 1) * step)};
            item -= p->kv_heads;
        }
}

sk_head_rows sk_chunk_rows(const sk_attention_problem *p, const sk_chunk *c, sk_matrix m, int64_t first) {
    float *data = sk_query_head(m, p, c->segment, c->first, c->kv_head * sk_group(p));
    return (sk_head_rows){data, m.stride, sk_group(p), p->head_size, first};
}

sk_head_rows sk_chunk_keys(const sk_attention_problem *p, const sk_chunk *c, sk_matrix m, int64_t first) {
    return (sk_head_rows){sk_key_head(m, p, c->segment, first, c->kv_head), m.stride, 1, p->head_size, 0};
}

void sk_find_lane_keys(
    const sk_attention_problem *p, const sk_chunk *c, int64_t row, int64_t lanes, int64_t from, int64_t to,
    sk_lane_keys *keys) {
    int64_t query = c->first + row / sk_group(p), left = sk_group(p) - row % sk_group(p);
    sk_key_range seen = sk_visible_keys(p, c->segment, query);
    for (int64_t i = 0; i < SK_STRIP; i++) {
        keys->first[i] = (int32_t)(sk_min(sk_max(seen.first, from), to) - from);
        keys->end[i] = (int32_t)(sk_min(sk_max(seen.end, from), to) - from);
        // Lanes that have no row do as the last one that has.
        if (i + 1 >= lanes || --left > 0) continue;
        left = sk_group(p);
        seen = sk_visible_keys(p, c->segment, ++query);
    }
}

typedef struct {
    sk_context *context;
    const sk_table *table;
    const sk_attention_problem *p;
    /// Queries of a chunk.
    int64_t step, items;
} job;

/// What one thread works on.
typedef struct {
    const job *w;
    sk_chunk chunk;
    /// The keys base..<base + keys and their values as strips, as far as they are copied; queries turned, scores, and
    /// outputs of a strip.
    int64_t base, keys, copied;
    float *k, *v, *q, *scores, *output;
} forward;

/// Copies keys and values up to base + `end`, as strips.
static void copy_keys(forward *f, int64_t end) {
    const sk_attention_problem *p = f->w->p;
    int64_t count = end - f->copied, place = f->copied * SK_STRIP;
    if (count <= 0) return;
    sk_head_rows k = sk_chunk_keys(p, &f->chunk, p->k, f->base + f->copied);
    sk_head_rows v = sk_chunk_keys(p, &f->chunk, p->v, f->base + f->copied);
    f->w->table->strips_straight(k, count, f->keys, f->k + place);
    f->w->table->strips_straight(v, count, f->keys, f->v + place);
    f->copied = end;
}

static void forward_strip(forward *f, int64_t row, int64_t lanes, int64_t next_lanes) {
    const sk_table *table = f->w->table;
    const sk_attention_problem *p = f->w->p;
    const sk_chunk *c = &f->chunk;
    sk_key_range seen = sk_keys_of_rows(p, c, row, row + lanes);
    int64_t count = seen.end - seen.first, place = (seen.first - f->base) * SK_STRIP, coming = 0;
    if (next_lanes > 0) coming = sk_keys_of_rows(p, c, row + lanes, row + lanes + next_lanes).end - seen.end;
    sk_lane_keys keys;
    float inverse[SK_STRIP], log_sum_exp[SK_STRIP];
    sk_find_lane_keys(p, c, row, lanes, seen.first, seen.end, &keys);
    copy_keys(f, seen.end - f->base);
    table->strips_turned(sk_chunk_rows(p, c, p->q, row), lanes, f->q);
    sk_prefetch_rows(sk_chunk_rows(p, c, p->q, row + lanes), next_lanes);
    table->strip_rows(count, NULL, p->head_size, f->k + place, f->keys, f->q, f->scores, false);
    sk_prefetch_rows(sk_chunk_keys(p, c, p->k, seen.end), coming);
    table->softmax(count, &keys, p->scale, f->scores, inverse, log_sum_exp);
    sk_prefetch_rows(sk_chunk_keys(p, c, p->v, seen.end), coming);
    for (int64_t j = 0; j < p->head_size; j += SK_STRIP)
        table->strip_lanes(lanes, &keys, f->scores, f->v + j * f->keys + place, f->output + j * SK_STRIP, false);
    table->strips_finish(f->output, SK_STRIP, lanes, inverse, sk_chunk_rows(p, c, p->output, row));
    for (int64_t i = 0; i < lanes; i++) *sk_chunk_value(p, c, p->log_sum_exp, row + i) = log_sum_exp[i];
}

/// Asks for what the item needs first.
static void prefetch_item(const job *w, int64_t item) {
    const sk_attention_problem *p = w->p;
    if (item >= w->items) return;
    sk_chunk c = sk_chunk_at(p, w->step, item);
    int64_t lanes = sk_min(SK_STRIP, sk_chunk_row_count(p, &c));
    sk_key_range seen = sk_keys_of_rows(p, &c, 0, lanes);
    int64_t keys = sk_min(FIRST_KEYS, seen.end - seen.first);
    sk_prefetch_rows(sk_chunk_rows(p, &c, p->q, 0), lanes);
    sk_prefetch_rows(sk_chunk_keys(p, &c, p->k, seen.first), keys);
    sk_prefetch_rows(sk_chunk_keys(p, &c, p->v, seen.first), keys);
}

static void forward_item(void *argument, int64_t item, int thread) {
    const job *w = argument;
    const sk_attention_problem *p = w->p;
    forward f = {.w = w, .chunk = sk_chunk_at(p, w->step, item)};
    int64_t rows = sk_chunk_row_count(p, &f.chunk);
    sk_key_range seen = sk_keys_of_rows(p, &f.chunk, 0, rows);
    f.base = seen.first, f.keys = seen.end - seen.first;
    f.k = sk_thread_scratch(w->context, thread, forward_count(f.keys, p->head_size) * (int64_t)sizeof(float));
    f.v = f.k + strips_count(p->head_size, f.keys);
    f.output = f.v + strips_count(p->head_size, f.keys);
    f.q = f.output + strips_count(p->head_size, SK_STRIP);
    f.scores = f.q + p->head_size * SK_STRIP;
    for (int64_t row = 0; row < rows; row += SK_STRIP) {
        int64_t lanes = sk_min(SK_STRIP, rows - row);
        if (row + lanes == rows) prefetch_item(w, item + sk_threads(w->context));
        forward_strip(&f, row, lanes, sk_min(SK_STRIP, rows - row - lanes));
    }
}

void sk_attention(sk_context *context, const sk_attention_problem *problem) {
    if (sk_attention_single(context, problem)) return;
    job w = {.context = context, .table = sk_table_of(context), .p = problem, .step = sk_chunk_queries(problem)};
    // Large chunks, so that keys are seldom copied twice; enough of them that no thread is idle for long.
    int64_t threads = sk_threads(context), enough = threads == 1 ? 0 : 8 * threads;
    while (w.step < INT32_MAX && sk_chunk_items(problem, 2 * w.step) >= enough) w.step *= 2;
    w.items = sk_chunk_items(problem, w.step);
    sk_parallel(context, w.items, forward_item, &w);
}
