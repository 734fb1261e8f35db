#include <stdlib.h>

#include "attention_shape.h"
#include "scalar.h"

// Attention as plain loops over queries and keys, with one row of scores at a time.

static float dot_chain(int64_t n, const float *a, const float *b) {
    float sum = 0;
    for (int64_t i = 0; i < n; i++) sum = fmaf(a[i], b[i], sum);
    return sum;
}

static void add_scaled(int64_t n, float factor, const float *x, float *sum) {
    for (int64_t i = 0; i < n; i++) sum[i] = fmaf(factor, x[i], sum[i]);
}

static void score_row(
    const sk_attention_problem *p, const sk_segment *s, const float *query, sk_matrix keys, int64_t kv_head,
    int64_t end, float *scores) {
    for (int64_t j = 0; j < end; j++) scores[j] = dot_chain(p->head_size, query, sk_key_head(keys, p, s, j, kv_head));
}

void sk_reference_attention(const sk_attention_problem *p) {
    for (int64_t i = 0; i < p->segment_count; i++) {
        const sk_segment *s = &p->segments[i];
        float *scores = calloc((size_t)s->key_count + 1, sizeof *scores);
        for (int64_t head = 0; scores && head < p->heads; head++)
            for (int64_t query = 0; query < s->query_count; query++) {
                int64_t kv_head = head * p->kv_heads / p->heads;
                sk_key_range keys = sk_visible_keys(p, s, query);
                float *out = sk_query_head(p->output, p, s, query, head);
                score_row(p, s, sk_query_head(p->q, p, s, query, head), p->k, kv_head, keys.end, scores);
                float *lse = &p->log_sum_exp.data[(s->query_start + query) * p->log_sum_exp.stride + head];
                float sum = sk_portable_softmax(keys.end, keys.first, keys.end, p->scale, scores, lse);
                memset(out, 0, (size_t)p->head_size * sizeof *out);
                for (int64_t j = 0; j < keys.end; j++)
                    add_scaled(p->head_size, scores[j], sk_key_head(p->v, p, s, j, kv_head), out);
                sk_portable_finish(p->head_size, out, 1.0f / sum, out);
            }
        free(scores);
    }
}

typedef struct {
    const sk_attention_problem *p;
    const sk_segment *s;
    sk_matrix doutput, dq, dk, dv;
    float *probabilities, *gradients;
} backward;

static void backward_row(const backward *b, int64_t head, int64_t query) {
    const sk_attention_problem *p = b->p;
    const sk_segment *s = b->s;
    int64_t kv_head = head * p->kv_heads / p->heads, n = p->head_size;
    sk_key_range keys = sk_visible_keys(p, s, query);
    const float *q = sk_query_head(p->q, p, s, query, head), *dout = sk_query_head(b->doutput, p, s, query, head);
    float *dq = sk_query_head(b->dq, p, s, query, head);
    score_row(p, s, q, p->k, kv_head, keys.end, b->probabilities);
    score_row(p, s, dout, p->v, kv_head, keys.end, b->gradients);
    float lse = p->log_sum_exp.data[(s->query_start + query) * p->log_sum_exp.stride + head];
    float delta = sk_portable_dot(n, dout, sk_query_head(p->output, p, s, query, head));
    sk_portable_softmax_backward(keys.end, keys.first, keys.end, p->scale, lse, delta, b->probabilities, b->gradients);
    memset(dq, 0, (size_t)n * sizeof *dq);
    for (int64_t j = 0; j < keys.end; j++) {
        add_scaled(n, b->gradients[j], sk_key_head(p->k, p, s, j, kv_head), dq);
        add_scaled(n, b->gradients[j], q, sk_key_head(b->dk, p, s, j, kv_head));
        add_scaled(n, b->probabilities[j], dout, sk_key_head(b->dv, p, s, j, kv_head));
    }
    sk_portable_finish(n, dq, p->scale, dq);
}

void sk_reference_attention_backward(
    const sk_attention_problem *p, sk_matrix doutput, sk_matrix dq, sk_matrix dk, sk_matrix dv) {
    for (int64_t i = 0; i < p->segment_count; i++) {
        const sk_segment *s = &p->segments[i];
        float *rows = calloc(2 * (size_t)s->key_count + 1, sizeof *rows);
        if (!rows) return;
        backward b = {p, s, doutput, dq, dk, dv, rows, rows + s->key_count};
        size_t width = (size_t)(p->kv_heads * p->head_size);
        for (int64_t j = 0; j < s->key_count; j++) {
            memset(sk_key_head(dk, p, s, j, 0), 0, width * sizeof(float));
            memset(sk_key_head(dv, p, s, j, 0), 0, width * sizeof(float));
        }
        for (int64_t head = 0; head < p->heads; head++)
            for (int64_t query = 0; query < s->query_count; query++) backward_row(&b, head, query);
        for (int64_t j = 0; j < s->key_count; j++) {
            float *k = sk_key_head(dk, p, s, j, 0), *v = sk_key_head(dv, p, s, j, 0);
            sk_portable_finish((int64_t)width, k, p->scale, k);
            sk_portable_finish((int64_t)width, v, 1, v);
        }
        free(rows);
    }
}
