#include <stdlib.h>

#include "attention_shape.h"
#include "scalar.h"

void sk_portable_strips_straight(sk_head_rows x, int64_t rows, int64_t strip_rows, float *out) {
    for (int64_t j = 0; j < sk_round_up(x.size, SK_STRIP); j++)
        for (int64_t i = 0; i < rows; i++)
            out[(j / SK_STRIP * strip_rows + i) * SK_STRIP + j % SK_STRIP] = j < x.size ? sk_head_row(x, i)[j] : 0;
}

void sk_portable_strips_turned(sk_head_rows x, int64_t rows, float *out) {
    for (int64_t i = 0; i < sk_round_up(rows, SK_STRIP); i++)
        for (int64_t d = 0; d < x.size; d++)
            out[(i / SK_STRIP * x.size + d) * SK_STRIP + i % SK_STRIP] = i < rows ? sk_head_row(x, i)[d] : 0;
}

void sk_portable_strips_finish(
    const float *strips, int64_t strip_rows, int64_t rows, const float *factors, sk_head_rows x) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < x.size; j++) {
            float value = strips[(j / SK_STRIP * strip_rows + i) * SK_STRIP + j % SK_STRIP];
            sk_head_row(x, i)[j] = fmaf(value, factors[i], 0.0f);
        }
}

void sk_portable_strips_add(
    const float *strips, int64_t rows, bool begin, bool end, float factor, sk_head_rows x) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < x.size; j++) {
            float *to = &sk_head_row(x, i)[j];
            float sum = (begin ? 0.0f : *to) + strips[(j / SK_STRIP * rows + i) * SK_STRIP + j % SK_STRIP];
            *to = end ? fmaf(sum, factor, 0.0f) : sum;
        }
}

void sk_portable_strip_rows(
    int64_t rows, const int32_t *starts, int64_t depth, const float *a, int64_t a_rows, const float *b, float *c,
    bool accumulate) {
    (void)starts;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < SK_STRIP; j++) {
            float sum = accumulate ? c[i * SK_STRIP + j] : 0;
            for (int64_t d = 0; d < depth; d++)
                sum = fmaf(a[(d / SK_STRIP * a_rows + i) * SK_STRIP + d % SK_STRIP], b[d * SK_STRIP + j], sum);
            c[i * SK_STRIP + j] = sum;
        }
}

void sk_portable_strip_lanes(
    int64_t lanes, const sk_lane_keys *keys, const float *a, const float *b, float *c, bool accumulate) {
    for (int64_t i = 0; i < lanes; i++)
        for (int64_t j = 0; j < SK_STRIP; j++) {
            float sum = accumulate ? c[i * SK_STRIP + j] : 0;
            for (int64_t d = keys->first[i]; d < keys->end[i]; d++)
                sum = fmaf(a[d * SK_STRIP + i], b[d * SK_STRIP + j], sum);
            c[i * SK_STRIP + j] = sum;
        }
}

void sk_portable_softmax(
    int64_t count, const sk_lane_keys *keys, float scale, float *p, float *inverse, float *log_sum_exp) {
    float factor = scale * SK_LOG2_E;
    for (int i = 0; i < SK_STRIP; i++) {
        float largest = -INFINITY, sum = 0;
        for (int64_t j = keys->first[i]; j < keys->end[i]; j++)
            largest = p[j * SK_STRIP + i] > largest ? p[j * SK_STRIP + i] : largest;
        for (int64_t j = 0; j < count; j++) {
            bool sees = j >= keys->first[i] && j < keys->end[i];
            float *at = &p[j * SK_STRIP + i];
            *at = sees ? sk_exp2_scalar(fmaf(*at, factor, -(largest * factor))) : 0;
            sum += *at;
        }
        inverse[i] = 1.0f / sum;
        log_sum_exp[i] = largest * scale + sk_log_scalar(sum);
    }
}

void sk_portable_softmax_backward(
    int64_t count, const sk_lane_keys *keys, float scale, const float *log_sum_exp, const float *delta, float *p,
    float *dp) {
    float factor = scale * SK_LOG2_E;
    for (int64_t j = 0; j < count; j++)
        for (int i = 0; i < SK_STRIP; i++) {
            bool sees = j >= keys->first[i] && j < keys->end[i];
            float *e = &p[j * SK_STRIP + i], *d = &dp[j * SK_STRIP + i];
            *e = sees ? sk_exp2_scalar(fmaf(*e, factor, -(log_sum_exp[i] * SK_LOG2_E))) : 0;
            *d = sees ? *e * (*d - delta[i]) : 0;
        }
}

// Attention as plain loops over queries and keys, with one row of scores at a time.

static float dot_chain(int64_t n, const float *a, const float *b) {
    float sum = 0;
    for (int64_t i = 0; i < n; i++) sum = fmaf(a[i], b[i], sum);
    return sum;
}

static void add_scaled(int64_t n, float factor, const float *x, float *sum) {
    for (int64_t i = 0; i < n; i++) sum[i] = fmaf(factor, x[i], sum[i]);
}

static void finish(int64_t n, float factor, float *x) {
    for (int64_t i = 0; i < n; i++) x[i] = fmaf(x[i], factor, 0.0f);
}

static void score_row(
    const sk_attention_problem *p, const sk_segment *s, const float *query, sk_matrix keys, int64_t kv_head,
    sk_key_range visible, float *scores) {
    for (int64_t j = visible.first; j < visible.end; j++)
        scores[j] = dot_chain(p->head_size, query, sk_key_head(keys, p, s, j, kv_head));
}

static void forward_row(
    const sk_attention_problem *p, const sk_segment *s, int64_t head, int64_t query, float *scores) {
    int64_t kv_head = head / sk_group(p);
    sk_key_range keys = sk_visible_keys(p, s, query);
    float *out = sk_query_head(p->output, p, s, query, head), factor = p->scale * SK_LOG2_E;
    score_row(p, s, sk_query_head(p->q, p, s, query, head), p->k, kv_head, keys, scores);
    float largest = -INFINITY, sum = 0;
    for (int64_t j = keys.first; j < keys.end; j++) largest = scores[j] > largest ? scores[j] : largest;
    memset(out, 0, (size_t)p->head_size * sizeof *out);
    for (int64_t j = keys.first; j < keys.end; j++) {
        float e = sk_exp2_scalar(fmaf(scores[j], factor, -(largest * factor)));
        sum += e;
        add_scaled(p->head_size, e, sk_key_head(p->v, p, s, j, kv_head), out);
    }
    finish(p->head_size, 1.0f / sum, out);
    p->log_sum_exp.data[(s->query_start + query) * p->log_sum_exp.stride + head] =
        largest * p->scale + sk_log_scalar(sum);
}

void sk_reference_attention(const sk_attention_problem *p) {
    for (int64_t i = 0; i < p->segment_count; i++) {
        const sk_segment *s = &p->segments[i];
        float *scores = calloc((size_t)s->key_count + 1, sizeof *scores);
        for (int64_t head = 0; scores && head < p->heads; head++)
            for (int64_t query = 0; query < s->query_count; query++) forward_row(p, s, head, query, scores);
        free(scores);
    }
}

typedef struct {
    const sk_attention_problem *p;
    const sk_segment *s;
    sk_matrix doutput, dq, dk, dv;
    float *scores, *slopes, *dk_share, *dv_share;
} backward;

static void backward_row(const backward *b, int64_t head, int64_t query) {
    const sk_attention_problem *p = b->p;
    const sk_segment *s = b->s;
    int64_t kv_head = head / sk_group(p), n = p->head_size;
    sk_key_range keys = sk_visible_keys(p, s, query);
    const float *q = sk_query_head(p->q, p, s, query, head), *dout = sk_query_head(b->doutput, p, s, query, head);
    float *dq = sk_query_head(b->dq, p, s, query, head);
    score_row(p, s, q, p->k, kv_head, keys, b->scores);
    score_row(p, s, dout, p->v, kv_head, keys, b->slopes);
    float lse = p->log_sum_exp.data[(s->query_start + query) * p->log_sum_exp.stride + head];
    float delta = sk_portable_dot(n, dout, sk_query_head(p->output, p, s, query, head));
    memset(dq, 0, (size_t)n * sizeof *dq);
    for (int64_t j = keys.first; j < keys.end; j++) {
        float e = sk_exp2_scalar(fmaf(b->scores[j], p->scale * SK_LOG2_E, -(lse * SK_LOG2_E)));
        float slope = e * (b->slopes[j] - delta);
        add_scaled(n, slope, sk_key_head(p->k, p, s, j, kv_head), dq);
        add_scaled(n, slope, q, b->dk_share + j * n);
        add_scaled(n, e, dout, b->dv_share + j * n);
    }
    finish(n, p->scale, dq);
}

/// The sums over the queries of a chunk are chains; the chunks follow from the last to the first.
static void backward_head(const backward *b, int64_t kv_head) {
    const sk_attention_problem *p = b->p;
    int64_t n = p->head_size, keys = b->s->key_count, step = sk_chunk_queries(p), group = sk_group(p);
    for (int64_t j = 0; j < keys; j++) {
        memset(sk_key_head(b->dk, p, b->s, j, kv_head), 0, (size_t)n * sizeof(float));
        memset(sk_key_head(b->dv, p, b->s, j, kv_head), 0, (size_t)n * sizeof(float));
    }
    for (int64_t chunk = (b->s->query_count + step - 1) / step - 1; chunk >= 0; chunk--) {
        memset(b->dk_share, 0, (size_t)(keys * n) * sizeof(float));
        memset(b->dv_share, 0, (size_t)(keys * n) * sizeof(float));
        for (int64_t query = chunk * step; query < sk_min(b->s->query_count, (chunk + 1) * step); query++)
            for (int64_t head = kv_head * group; head < (kv_head + 1) * group; head++) backward_row(b, head, query);
        for (int64_t j = 0; j < keys; j++) {
            sk_portable_add(n, sk_key_head(b->dk, p, b->s, j, kv_head), b->dk_share + j * n,
                sk_key_head(b->dk, p, b->s, j, kv_head));
            sk_portable_add(n, sk_key_head(b->dv, p, b->s, j, kv_head), b->dv_share + j * n,
                sk_key_head(b->dv, p, b->s, j, kv_head));
        }
    }
    for (int64_t j = 0; j < keys; j++) {
        finish(n, p->scale, sk_key_head(b->dk, p, b->s, j, kv_head));
        finish(n, 1, sk_key_head(b->dv, p, b->s, j, kv_head));
    }
}

void sk_reference_attention_backward(
    const sk_attention_problem *p, sk_matrix doutput, sk_matrix dq, sk_matrix dk, sk_matrix dv) {
    for (int64_t i = 0; i < p->segment_count; i++) {
        const sk_segment *s = &p->segments[i];
        size_t keys = (size_t)s->key_count, shares = keys * (size_t)p->head_size;
        float *memory = calloc(2 * keys + 2 * shares + 1, sizeof *memory);
        if (!memory) return;
        backward b = {p, s, doutput, dq, dk, dv, memory, memory + keys, memory + 2 * keys, memory + 2 * keys + shares};
        for (int64_t kv_head = 0; kv_head < p->kv_heads; kv_head++) backward_head(&b, kv_head);
        free(memory);
    }
}
