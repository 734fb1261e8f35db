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

/// y [M, N] (+)= x [M, K] * w [N, K] transposed; the reduction runs over K.
void sk_multiply_int8(sk_context *context, sk_matrix x, sk_weight w, sk_matrix y, bool accumulate);
/// dx [M, K] (+)= dy [M, N] * w [N, K]; the reduction runs over N.
void sk_multiply_transposed_int8(sk_context *context, sk_matrix dy, sk_weight w, sk_matrix dx, bool accumulate);

/// Bytes of scratch memory, shared and for each thread, that are enough for any of these products.
int64_t sk_int8_shared_scratch(void);
int64_t sk_int8_thread_scratch(void);

/// The same two, as plain loops; `w` of any format.
void sk_reference_multiply_int8(sk_matrix x, sk_weight w, sk_matrix y, bool accumulate);
void sk_reference_multiply_transposed_int8(sk_matrix dy, sk_weight w, sk_matrix dx, bool accumulate);

#endif
