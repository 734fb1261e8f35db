#ifndef SK_BF16_H
#define SK_BF16_H

#include "sk_context.h"

// Products in bf16. Both operands are rounded to bf16 (to nearest, ties to even), the steps of the reduction are taken
// by twos, and a missing last one is +0 * +0. Each output is (accumulate ? the old value : +0), then for every two
// steps d and d + 1, in order, output = fma(a[d + 1], b[d + 1], output), output = fma(a[d], b[d], output), in fp32,
// every subnormal that goes in or comes out being a zero of its sign.
//
// That is VDPBF16PS as Intel's manual defines it (SDM, volume 2) and as Zen 5 does it, and plain instructions give the
// same bits. A CPU whose instruction does something else is found out at the start, and not trusted with it.

/// y [M, N] (+)= x [M, K] * w [N, K] transposed; the reduction runs over K.
void sk_multiply_bf16(sk_context *context, sk_matrix x, sk_weight w, sk_matrix y, bool accumulate);
/// dx [M, K] (+)= dy [M, N] * w [N, K]; the reduction runs over N.
void sk_multiply_transposed_bf16(sk_context *context, sk_matrix dy, sk_weight w, sk_matrix dx, bool accumulate);

/// Bytes of scratch memory, shared and for each thread, that are enough for any of these products.
int64_t sk_bf16_shared_scratch(void);
int64_t sk_bf16_thread_scratch(void);

/// The same two, as plain loops; `w` of any format.
void sk_reference_multiply_bf16(sk_matrix x, sk_weight w, sk_matrix y, bool accumulate);
void sk_reference_multiply_transposed_bf16(sk_matrix dy, sk_weight w, sk_matrix dx, bool accumulate);

#endif
