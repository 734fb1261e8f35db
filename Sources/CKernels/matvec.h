// Products with few rows on the left, which are bound by reading the weight: see matvec.c.
#ifndef SK_MATVEC_H
#define SK_MATVEC_H

#include "sk_int8.h"
#include "table.h"

/// sk_multiply and sk_multiply_int8 where the rows are few and the weights are stored as their kernels want it; false,
/// and nothing is done, where not. The results are the same to the bit.
bool sk_multiply_few(sk_context *context, sk_matrix x, const sk_weight *w, sk_matrix y, bool accumulate);
bool sk_multiply_few_int8(sk_context *context, sk_matrix x, const sk_int8_output *outputs, int count);

#endif
