// The kernels of Swiftlet: fp32 arithmetic whose bits depend on nothing but the numbers that go in.
//
// Every operation gives the same bits on every instruction set, for any number of threads and any tiling:
//  - each output of a matrix product is one chain of fused multiply-adds over the reduction, in order;
//  - every other sum has 16 lanes (lane = index mod 16), which are added by one fixed tree;
//  - exp and its friends are our own polynomials; beside them only +, *, /, sqrt and fma are used, which are exact.
// No file is compiled with special flags: functions carry target attributes, and a table is chosen once at run time.
#ifndef CKERNELS_H
#define CKERNELS_H

#include "sk_attention.h"
#include "sk_bf16.h"
#include "sk_context.h"
#include "sk_elementwise.h"
#include "sk_int8.h"
#include "sk_math.h"
#include "sk_matmul.h"
#include "sk_quantize.h"
#include "sk_types.h"

#endif
