// Attention of single queries: see attention_single.c.
#ifndef SK_ATTENTION_SINGLE_H
#define SK_ATTENTION_SINGLE_H

#include "sk_attention.h"

/// sk_attention where every segment has one query at most and heads are whole vectors; false, and nothing is done,
/// where not. The results are the same to the bit.
bool sk_attention_single(sk_context *context, const sk_attention_problem *problem);

#endif
