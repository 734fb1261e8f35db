#ifndef SK_CONTEXT_H
#define SK_CONTEXT_H

#include "sk_types.h"

typedef enum { SK_PORTABLE = 0, SK_AVX2 = 1, SK_AVX512 = 2 } sk_isa;

/// An instruction set, a thread pool and scratch memory.
typedef struct sk_context sk_context;

/// Whether this CPU and this operating system run every instruction that the kernels of `isa` use.
bool sk_isa_supported(sk_isa isa);

/// NULL where `isa` is not supported or threads or memory cannot be had. `threads` counts the calling thread.
sk_context *sk_context_create(int threads, sk_isa isa);
void sk_context_destroy(sk_context *context);

/// One operation at a time: the scratch memory belongs to it.
void sk_context_lock(sk_context *context);
void sk_context_unlock(sk_context *context);

/// Grows the scratch memory now, so that no operation does later; false where there is not enough.
bool sk_context_reserve(sk_context *context, int64_t shared_bytes, int64_t bytes_per_thread);
/// The scratch memory held now, in bytes.
int64_t sk_context_scratch(const sk_context *context);

/// Floating-point operations a second of one thread, from a loop of register-only fused multiply-adds.
double sk_measure_peak(sk_context *context);
/// The same of products of 8 bits added in 32.
double sk_measure_int8_peak(sk_context *context);
/// Bytes a second that all threads read from memory.
double sk_measure_read_bandwidth(sk_context *context);

/// The number of kernels in the list, and their names.
int sk_kernel_count(void);
const char *sk_kernel_name(int index);

#endif
