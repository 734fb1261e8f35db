#ifndef SK_INT8_H
#define SK_INT8_H

#include "sk_context.h"

// Products in 8 bits. The reduction is cut into blocks of 64 steps, the last of which may be shorter; each operand has
// one scale for every block of every output row or column, the largest magnitude / 127, and codes that are the values
// over the scale, rounded to the nearest integer, ties to even. Weights in 4-bit blocks that are whole blocks here keep
// the scale of their own block, and their codebook is rounded to integers.
//
// Each output is (accumulate ? the old value : +0), then for every block, in order, fma((float)sum, a_scale * w_scale,
// output), the sum of the products of codes being exact, then one fma for each value of the left side that is massive,
// in order, with the decoded weight (see SK_INT8_MASSIVE).

/// One product of a left side, and a low-rank term that is added to it in fp32: LoRA's.
typedef struct {
    sk_weight w;
    sk_matrix c;
    bool accumulate;
    /// [M, r]. Where `narrow` has data, inner = scale * (left side times narrow), that product in 8 bits like the
    /// other; else it is given.
    sk_matrix inner;
    sk_matrix narrow;
    float scale;
    /// Where it has data: c += inner * wide, r steps of fma for each output after the last block.
    sk_matrix wide;
} sk_int8_output;

/// For each of at most three outputs with one left side, which is quantised once:
/// c [M, N] (+)= x [M, K] * w [N, K] transposed; the reduction runs over K. narrow is [r, K], wide [N, r], transposed.
void sk_multiply_int8(sk_context *context, sk_matrix x, const sk_int8_output *outputs, int count);
/// The same for c [M, K] (+)= dy [M, N] * w [N, K]; the reduction runs over N. narrow is [N, r], wide [r, K].
void sk_multiply_transposed_int8(sk_context *context, sk_matrix dy, const sk_int8_output *outputs, int count);

/// Bytes of scratch memory, shared and for each thread, that are enough for any of these products.
int64_t sk_int8_shared_scratch(void);
int64_t sk_int8_thread_scratch(void);

/// The products alone, as plain loops; `w` of any format.
void sk_reference_multiply_int8(sk_matrix x, sk_weight w, sk_matrix y, bool accumulate);
void sk_reference_multiply_transposed_int8(sk_matrix dy, sk_weight w, sk_matrix dx, bool accumulate);

#endif
