#ifndef SK_MATMUL_NARROW_H
#define SK_MATMUL_NARROW_H

#include "sk_matmul.h"

/// The widest that the narrow side of `sk_multiply_narrow` may be.
enum { SK_NARROW = 64 };

/// sk_multiply_gradient where dw has at most SK_NARROW rows or columns.
void sk_multiply_narrow(sk_context *context, sk_matrix dy, sk_matrix x, sk_matrix dw, bool accumulate);
int64_t sk_narrow_thread_scratch(const sk_context *context);

#endif
