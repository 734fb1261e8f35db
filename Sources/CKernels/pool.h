// The context seen from inside: who works, and on what memory.
#ifndef SK_POOL_H
#define SK_POOL_H

#include "table.h"

/// Does one of the items of a parallel operation; `thread` is below sk_threads().
typedef void sk_task(void *argument, int64_t item, int thread);

/// Runs `task` for every item in 0..<items, in any order, on all threads, the calling one included.
void sk_parallel(sk_context *context, int64_t items, sk_task *task, void *argument);
/// The same for runs [first, end) that cut 0..<count at multiples of `grain`.
typedef void sk_range_task(void *argument, int64_t first, int64_t end, int thread);
void sk_parallel_ranges(sk_context *context, int64_t count, int64_t grain, sk_range_task *task, void *argument);

/// The same for runs of at most `most`, which become shorter towards the end, so that all threads end together.
void sk_parallel_runs(sk_context *context, int64_t count, int64_t most, sk_range_task *task, void *argument);

int sk_threads(const sk_context *context);
const sk_table *sk_table_of(const sk_context *context);

/// At least `bytes` of memory on a page boundary, shared or the thread's own; its content lasts for one operation. The
/// process ends where there is none: operations cannot fail.
void *sk_shared_scratch(sk_context *context, int64_t bytes);
void *sk_thread_scratch(sk_context *context, int thread, int64_t bytes);

/// Tells the CPU that this thread waits for another.
static inline void sk_relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static inline int64_t sk_round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }
static inline int64_t sk_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t sk_max(int64_t a, int64_t b) { return a > b ? a : b; }

#endif
