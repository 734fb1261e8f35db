// How attention is cut into items: chunks of the queries of a segment, for one head of keys.
#ifndef SK_ATTENTION_WORK_H
#define SK_ATTENTION_WORK_H

#include "attention_shape.h"

/// The queries first..<end, in all heads of one head of keys.
typedef struct {
    const sk_segment *segment;
    int64_t kv_head, first, end;
} sk_chunk;

/// Chunks of `step` queries in a segment, the last one smaller.
static inline int64_t sk_chunk_count(const sk_segment *s, int64_t step) { return (s->query_count + step - 1) / step; }
/// Chunks of all segments, for each head of keys.
int64_t sk_chunk_items(const sk_attention_problem *p, int64_t step);
/// The chunk of item number `item`: the last chunks of all segments come first, for they see most.
sk_chunk sk_chunk_at(const sk_attention_problem *p, int64_t step, int64_t item);

/// The rows of the chunk's queries, from row `first` on, in a matrix with a run of values for each head.
sk_head_rows sk_chunk_rows(const sk_attention_problem *p, const sk_chunk *c, sk_matrix m, int64_t first);
/// The rows of keys or values, from the segment's key `first` on.
sk_head_rows sk_chunk_keys(const sk_attention_problem *p, const sk_chunk *c, sk_matrix m, int64_t first);
/// The value of a row in a matrix with one value for each head.
static inline float *sk_chunk_value(const sk_attention_problem *p, const sk_chunk *c, sk_matrix m, int64_t row) {
    int64_t group = sk_group(p), query = c->segment->query_start + c->first + row / group;
    return m.data + query * m.stride + c->kv_head * group + row % group;
}

static inline int64_t sk_chunk_row_count(const sk_attention_problem *p, const sk_chunk *c) {
    return (c->end - c->first) * sk_group(p);
}

/// The keys that the chunk's rows first..<end see.
static inline sk_key_range sk_keys_of_rows(
    const sk_attention_problem *p, const sk_chunk *c, int64_t first, int64_t end) {
    sk_key_range start = sk_visible_keys(p, c->segment, c->first + first / sk_group(p));
    sk_key_range last = sk_visible_keys(p, c->segment, c->first + (end - 1) / sk_group(p));
    return (sk_key_range){start.first, last.end};
}

/// Asks for rows that come soon: those of one head lie far apart, where the CPU does not look ahead by itself.
static inline void sk_prefetch_rows(sk_head_rows x, int64_t rows) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < x.size; j += SK_LANES) __builtin_prefetch(sk_head_row(x, i) + j, 0, 2);
}

/// What each lane of the strip of rows row..<row + lanes sees of the keys from..<to, counted from `from`.
void sk_find_lane_keys(
    const sk_attention_problem *p, const sk_chunk *c, int64_t row, int64_t lanes, int64_t from, int64_t to,
    sk_lane_keys *keys);

/// The room, in values, that the backward pass needs for each thread.
int64_t sk_attention_backward_count(int64_t head_size);

#endif
