#include "table.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "int8_scalar.h"
#include "scalar.h"
#include "sk_quantize.h"

// The products in 8 bits of CPUs that have VPDPBUSD for 256 bits; all else is AVX2's (see dispatch.c).
#pragma clang diagnostic ignored "-Wpsabi"
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)

#define SK_NAME(name) sk_avxvnni_##name
#include "fast/registers_256.h"
#include "fast/vector.h"

// Unsigned panels: VPDPBUSD multiplies unsigned by signed bytes.
#define INT8_OFFSET 0x80
#include "fast/int8.h"
#include "fast/int8_avxvnni.h"

#pragma clang attribute pop

#endif
