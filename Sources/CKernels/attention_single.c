#include "attention_single.h"

#include <string.h>

#include "attention_work.h"

#pragma STDC FP_CONTRACT OFF

// Attention of single queries behind a cache: generation. There is little to compute with each key and value, so they
// are read where they lie, once, and asked for ahead; nothing is copied. The query heads that share a head of keys are
// lanes of the scores and rows of the outputs. Every chain is that of attention.c.

enum { KEYS_AT_ONCE = 32 };

typedef struct {
    sk_context *context;
    const sk_table *table;
    const sk_attention_problem *p;
} job;

/// scores [keys][SK_STRIP] = keys times the turned queries [head_size][SK_STRIP], for `lanes` lanes; the others are 0.
static void multiply_keys(
    const job *w, const sk_chunk *c, int64_t first, int64_t keys, int64_t lanes, const float *q, float *scores) {
    int64_t width = w->table->tile_columns, step = w->table->strided_rows, stride = w->p->k.stride;
    for (int64_t key = 0; key < keys; key += step) {
        int rows = (int)sk_min(step, keys - key);
        sk_head_rows k = sk_chunk_keys(w->p, c, w->p->k, first + key);
        sk_prefetch_rows(sk_chunk_keys(w->p, c, w->p->k, first + key + KEYS_AT_ONCE),
            sk_min(step, keys - key - KEYS_AT_ONCE));
        for (int64_t lane = 0; lane < lanes; lane += width)
            w->table->tile_strided(
                w->p->head_size, k.data, stride, q + lane, SK_STRIP, scores + key * SK_STRIP + lane, SK_STRIP, rows,
                (int)sk_min(width, sk_round_up(lanes, SK_LANES) - lane), false);
    }
}

/// output, a strip of rows for each head, = turned scores times values.
static void multiply_values(
    const job *w, const sk_chunk *c, int64_t first, int64_t keys, int64_t heads, const float *scores, float *output) {
    int64_t width = w->table->tile_columns, step = w->table->tile_rows, stride = w->p->v.stride;
    for (int64_t key = 0; key < keys; key += KEYS_AT_ONCE) {
        int64_t depth = sk_min(KEYS_AT_ONCE, keys - key);
        const float *v = sk_chunk_keys(w->p, c, w->p->v, first + key).data;
        sk_prefetch_rows(sk_chunk_keys(w->p, c, w->p->v, first + key + KEYS_AT_ONCE),
            sk_min(KEYS_AT_ONCE, keys - key - KEYS_AT_ONCE));
        for (int64_t j = 0; j < w->p->head_size; j += width)
            for (int64_t head = 0; head < heads; head += step) {
                float *out = output + (j / SK_STRIP * SK_STRIP + head) * SK_STRIP + j % SK_STRIP;
                w->table->tile_packed(
                    depth, scores + key * SK_STRIP + head, SK_STRIP, v + j, stride, out, SK_STRIP,
                    (int)sk_min(step, heads - head), (int)sk_min(width, w->p->head_size - j), key > 0);
            }
    }
}

static void single_item(void *argument, int64_t item, int thread) {
    const job *w = argument;
    const sk_attention_problem *p = w->p;
    sk_chunk c = {&p->segments[item / p->kv_heads], item % p->kv_heads, 0, 1};
    if (c.segment->query_count == 0) return;
    int64_t heads = sk_group(p), strips = sk_round_up(p->head_size, SK_STRIP) * SK_STRIP;
    sk_key_range seen = sk_keys_of_rows(p, &c, 0, heads);
    int64_t keys = seen.end - seen.first;
    float *output = sk_thread_scratch(
        w->context, thread, (strips + (p->head_size + keys) * SK_STRIP) * (int64_t)sizeof(float));
    float *q = output + strips, *scores = q + p->head_size * SK_STRIP, inverse[SK_STRIP], log_sum_exp[SK_STRIP];
    sk_lane_keys lane_keys;
    sk_find_lane_keys(p, &c, 0, heads, seen.first, seen.end, &lane_keys);
    if (heads <= SK_LANES) memset(scores, 0, (size_t)(keys * SK_STRIP) * sizeof *scores);
    w->table->strips_turned(sk_chunk_rows(p, &c, p->q, 0), heads, q);
    multiply_keys(w, &c, seen.first, keys, heads, q, scores);
    w->table->softmax(keys, &lane_keys, p->scale, scores, inverse, log_sum_exp);
    multiply_values(w, &c, seen.first, keys, heads, scores, output);
    w->table->strips_finish(output, SK_STRIP, heads, inverse, sk_chunk_rows(p, &c, p->output, 0));
    for (int64_t i = 0; i < heads; i++) *sk_chunk_value(p, &c, p->log_sum_exp, i) = log_sum_exp[i];
}

bool sk_attention_single(sk_context *context, const sk_attention_problem *problem) {
    const sk_table *table = sk_table_of(context);
    bool fits = problem->head_size % SK_LANES == 0 && sk_group(problem) <= SK_STRIP
        && SK_STRIP % table->tile_columns == 0 && table->tile_columns % SK_LANES == 0;
    for (int64_t i = 0; i < problem->segment_count; i++) fits = fits && problem->segments[i].query_count <= 1;
    if (!fits) return false;
    job w = {context, table, problem};
    sk_parallel(context, problem->segment_count * problem->kv_heads, single_item, &w);
    return true;
}
