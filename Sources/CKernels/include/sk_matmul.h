#ifndef SK_MATMUL_H
#define SK_MATMUL_H

#include "sk_context.h"

// Each output is (accumulate ? the old value : +0) followed by one fma for every step of the reduction, in order.

/// y [M, N] (+)= x [M, K] * w [N, K] transposed; the reduction runs over K.
void sk_multiply(sk_context *context, sk_matrix x, sk_weight w, sk_matrix y, bool accumulate);
/// dx [M, K] (+)= dy [M, N] * w [N, K]; the reduction runs over N.
void sk_multiply_transposed(sk_context *context, sk_matrix dy, sk_weight w, sk_matrix dx, bool accumulate);
/// dw [N, K] (+)= dy [M, N] transposed * x [M, K]; the reduction runs over M.
void sk_multiply_gradient(sk_context *context, sk_matrix dy, sk_matrix x, sk_matrix dw, bool accumulate);

/// Bytes of scratch memory, shared and for each thread, that are enough for any product.
int64_t sk_matmul_shared_scratch(const sk_context *context);
int64_t sk_matmul_thread_scratch(const sk_context *context);

/// The same three, as plain loops over decoded values; `w` must be fp32.
void sk_reference_multiply(sk_matrix x, sk_weight w, sk_matrix y, bool accumulate);
void sk_reference_multiply_transposed(sk_matrix dy, sk_weight w, sk_matrix dx, bool accumulate);
void sk_reference_multiply_gradient(sk_matrix dy, sk_matrix x, sk_matrix dw, bool accumulate);

#endif
