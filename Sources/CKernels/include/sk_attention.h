#ifndef SK_ATTENTION_H
#define SK_ATTENTION_H

#include "sk_context.h"

/// What both directions of causal, grouped-query attention are about.
typedef struct {
    /// q [Mq, heads * head_size]; k, v [Mk, kv_heads * head_size]; output as q; log_sum_exp [Mq, heads].
    sk_matrix q, k, v, output, log_sum_exp;
    const sk_segment *segments;
    int64_t segment_count, head_size, heads, kv_heads;
    float scale;
    /// Keys seen back, the own one included; 0 where there is no limit.
    int64_t window;
} sk_attention_problem;

// Every sum over keys or queries is one chain in order, begun at +0, in which masked pairs count as 0; the result is
// multiplied by its factor (1 / sum, scale or 1) and +0 is added, so that zeros are positive. dK and dV have such a
// chain for each chunk of about 256 rows of queries (query by query, head by head within one), and the chains of the
// chunks are added from the last to the first. Inputs must be finite, and the scale above 0.

void sk_attention(sk_context *context, const sk_attention_problem *problem);
/// Writes dq, dk and dv; rows of no segment are left alone.
void sk_attention_backward(
    sk_context *context, const sk_attention_problem *problem, sk_matrix doutput, sk_matrix dq, sk_matrix dk,
    sk_matrix dv);

/// Bytes of scratch memory that each thread needs for segments of up to `keys` keys.
int64_t sk_attention_scratch(const sk_context *context, int64_t keys, int64_t head_size);

/// The same two, as plain loops.
void sk_reference_attention(const sk_attention_problem *problem);
void sk_reference_attention_backward(
    const sk_attention_problem *problem, sk_matrix doutput, sk_matrix dq, sk_matrix dk, sk_matrix dv);

#endif
