// Which keys a query sees, where its rows lie, and what belongs together.
#ifndef SK_ATTENTION_SHAPE_H
#define SK_ATTENTION_SHAPE_H

#include "pool.h"
#include "sk_attention.h"

/// Keys first..<end of the segment.
typedef struct {
    int64_t first, end;
} sk_key_range;

static inline sk_key_range sk_visible_keys(const sk_attention_problem *p, const sk_segment *s, int64_t query) {
    int64_t position = s->query_offset + query;
    int64_t first = p->window > 0 ? sk_max(0, position - p->window + 1) : 0;
    return (sk_key_range){first, position + 1};
}

static inline float *sk_query_head(
    sk_matrix m, const sk_attention_problem *p, const sk_segment *s, int64_t query, int64_t head) {
    return m.data + (s->query_start + query) * m.stride + head * p->head_size;
}

static inline float *sk_key_head(
    sk_matrix m, const sk_attention_problem *p, const sk_segment *s, int64_t key, int64_t head) {
    return m.data + (s->key_start + key) * m.stride + head * p->head_size;
}

/// Query heads of one head of keys.
static inline int64_t sk_group(const sk_attention_problem *p) { return p->heads / p->kv_heads; }

/// The queries whose share of dK and dV is one chain: about 256 rows of all heads of a group. Counted from the first
/// query of a segment.
static inline int64_t sk_chunk_queries(const sk_attention_problem *p) { return sk_max(1, 256 / sk_group(p)); }

#endif
