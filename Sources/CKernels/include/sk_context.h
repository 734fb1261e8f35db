#ifndef SK_CONTEXT_H
#define SK_CONTEXT_H

#include "sk_types.h"

typedef enum { SK_PORTABLE = 0, SK_AVX2 = 1, SK_AVXVNNI = 2, SK_AVX512 = 3 } sk_isa;

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
/// The bytes that are held where `bytes` are reserved: whole runs of pages.
int64_t sk_scratch_size(int64_t bytes);
/// The scratch memory held now, in bytes.
int64_t sk_context_scratch(const sk_context *context);

/// Reads a byte of every 64 KiB, as many as Linux maps at once of a file that is in memory, so that operations need not
/// wait for pages that are not mapped yet.
void sk_touch(sk_context *context, const void *bytes, int64_t count);

/// The units of a CPU that products of matrices can use.
typedef enum {
    SK_PEAK_FP32_FMA = 0,
    SK_PEAK_BF16_DOT = 1,
    SK_PEAK_FP16_FMA = 2,
    SK_PEAK_INT16_DOT = 3,
    SK_PEAK_INT8_DOT = 4,
    SK_PEAK_INT8_TILE = 5,
} sk_peak;

/// The instruction that a peak is measured of on this CPU and the context's instruction set; NULL where there is none.
const char *sk_peak_instruction(const sk_context *context, sk_peak peak);
/// Operations a second of one thread, a multiply-add counting as two, with all values in registers; 0 where there is no
/// instruction. Takes `seconds`, or a little more.
double sk_measure_peak(sk_context *context, sk_peak peak, double seconds);
/// Bytes a second that all threads read from memory, the best of some parts of 64 MiB; 0 where that much cannot be had.
double sk_measure_read_bandwidth(sk_context *context, int rounds);

/// The number of kernels in the list, and their names.
int sk_kernel_count(void);
const char *sk_kernel_name(int index);

#endif
