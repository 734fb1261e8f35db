#ifndef SK_ELEMENTWISE_H
#define SK_ELEMENTWISE_H

#include "sk_context.h"

/// y += bias, a weight [1, columns].
void sk_add_bias(sk_context *context, sk_weight bias, sk_matrix y);
void sk_add(sk_context *context, sk_matrix a, sk_matrix b, sk_matrix c);
void sk_scale(sk_context *context, sk_matrix a, float s, sk_matrix b);
/// a = silu(gate) * up.
void sk_silu_multiply(sk_context *context, sk_matrix gate, sk_matrix up, sk_matrix a);
void sk_silu_multiply_backward(
    sk_context *context, sk_matrix da, sk_matrix gate, sk_matrix up, sk_matrix dgate, sk_matrix dup);
/// The same as sk_silu_multiply, and both inputs rounded to bf16 for the backward.
void sk_silu_multiply_saving(
    sk_context *context, sk_matrix gate, sk_matrix up, sk_matrix a, sk_bf16_matrix saved_gate,
    sk_bf16_matrix saved_up);
/// From the saved inputs: a = silu(gate) * up, which may be da itself, and the gradients.
void sk_silu_multiply_backward_saved(
    sk_context *context, sk_matrix da, sk_bf16_matrix gate, sk_bf16_matrix up, sk_matrix a, sk_matrix dgate,
    sk_matrix dup);
/// y = kept ? x * (1 / (1 - p)) : 0, kept where the upper 24 bits of the element's draw reach `threshold` = p * 2^24.
void sk_dropout(
    sk_context *context, sk_matrix x, sk_matrix y, uint32_t threshold, float factor, sk_rng rng, uint64_t first);
/// h[i] = table[ids[i]].
void sk_embed(sk_context *context, const int32_t *ids, sk_weight table, sk_matrix h);

/// y = (x * rstd) * w, rstd = 1 / sqrt(mean(x^2) + epsilon); w [1, columns].
void sk_rms_norm(sk_context *context, sk_matrix x, sk_weight w, float epsilon, sk_matrix y);
/// dx (+)= rstd * dy * w - x * rstd^3 * mean(dy * w * x).
void sk_rms_norm_backward(
    sk_context *context, sk_matrix dy, sk_matrix x, sk_weight w, float epsilon, sk_matrix dx, bool accumulate);

/// dw (+)= sum over rows of dy * x * rstd: the gradient of the norm's weight. dw [1, columns].
void sk_rms_norm_gradient(
    sk_context *context, sk_matrix dy, sk_matrix x, float epsilon, sk_matrix dw, bool accumulate);
/// sums (+)= the sum over the rows of a, in order: the gradient of a bias. sums [1, columns].
void sk_sum_rows(sk_context *context, sk_matrix a, sk_matrix sums, bool accumulate);
/// table[ids[i]] += dh[i], in order: the gradient of sk_embed.
void sk_embed_gradient(sk_context *context, const int32_t *ids, sk_matrix dh, sk_matrix table);

/// Turns every head of every row by its position's angles; cosines and sines are [positions, head_size / 2].
void sk_rotate(
    sk_context *context, sk_matrix x, int64_t head_size, const int32_t *positions, const float *cosines,
    const float *sines, bool inverse);

/// nll[i] = log(sum(exp(logits[i]))) - logits[i][targets[i]]; target -100 is left out. With `write_gradient` the logits
/// become (softmax - onehot) * gradient_scale.
void sk_cross_entropy(
    sk_context *context, sk_matrix logits, const int32_t *targets, bool write_gradient, float gradient_scale,
    float *nll);

/// sums[i] += g[i] * 2^52, exactly; false where some |g| is above `limit` or not a number.
bool sk_add_fixed_point(sk_context *context, const float *g, int64_t count, float limit, int64_t *sums);
/// g[i] = float(double(sums[i]) * 2^-52) * scale.
void sk_fixed_point_to_float(sk_context *context, const int64_t *sums, int64_t count, float scale, float *g);
enum { SK_LARGEST_SQUARES_BLOCK = 4096 };
/// The sums of squares of the gradients in blocks, in double: 8 lanes (index in the block mod 8) and a fixed tree.
void sk_sum_of_squares(sk_context *context, const int64_t *sums, int64_t count, int64_t block_size, double *blocks);
/// The gradients are those of sk_fixed_point_to_float.
void sk_adamw(
    sk_context *context, float *p, const int64_t *sums, float *m, float *v, int64_t count, sk_adamw_step step);
void sk_fill(sk_context *context, float *x, int64_t count, float value);

#endif
