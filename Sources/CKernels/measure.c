#define _GNU_SOURCE
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "peaks.h"
#include "pool.h"

#pragma STDC FP_CONTRACT OFF

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const char *const fma_instructions[] = {
    [SK_PORTABLE] = "plain C", [SK_AVX2] = "VFMADD231PS ymm",
    [SK_AVXVNNI] = "VFMADD231PS ymm", [SK_AVX512] = "VFMADD231PS zmm"};

/// The int8 kernels may be of a lower instruction set than the others.
static const char *int8_instruction(const sk_table *table) {
#if defined(__x86_64__)
    if (table->int8_loop == sk_avx512_int8_loop) return "VPDPBUSD zmm";
    if (table->int8_loop == sk_avxvnni_int8_loop) return "VPDPBUSD ymm";
    if (table->int8_loop == sk_avx2_int8_loop) return "VPMADDUBSW ymm";
#endif
    return table->int8_loop == sk_portable_int8_loop ? "plain C" : NULL;
}

static sk_loop_kernel *loop_of(const sk_table *table, sk_peak peak, const char **instruction) {
    *instruction = NULL;
    if (peak == SK_PEAK_FP32_FMA) {
        *instruction = fma_instructions[table->isa];
        return table->fma_loop;
    }
    if (peak == SK_PEAK_INT8_DOT) {
        *instruction = int8_instruction(table);
        return table->int8_loop;
    }
    sk_loop_kernel *found = NULL;
#if defined(__x86_64__)
    __builtin_cpu_init();
#define SK_PEAK_LOOP(of, least, feature, text, loop) \
    if (peak == of && table->isa >= least && __builtin_cpu_supports(feature)) { \
        *instruction = text; \
        found = loop; \
    }
#include "peaks.inc"
#endif
    return found;
}

const char *sk_peak_instruction(const sk_context *context, sk_peak peak) {
    const char *instruction;
    loop_of(sk_table_of(context), peak, &instruction);
    return instruction;
}

double sk_measure_peak(sk_context *context, sk_peak peak, double seconds) {
    const char *instruction;
    sk_loop_kernel *loop = loop_of(sk_table_of(context), peak, &instruction);
    if (!loop) return 0;
    // A small number in every type: about 0.53 in fp16, 4e-5 in bf16 and fp32, 56 in int8.
    _Alignas(64) float sink[SK_PEAK_FLOATS];
    memset(sink, 0x38, sizeof sink);
    // The best of some short runs: an interruption must not lower a peak. They start very short, as the loop may be
    // slow, and the first of them also wake the unit up.
    double begin = now(), best = 0;
    int64_t steps = 256;
    for (int run = 0; run < 3 || now() - begin < seconds; run++) {
        double start = now(), operations = loop(steps, sink), time = now() - start;
        if (time > 0 && operations / time > best) best = operations / time;
        if (time < seconds / 16) steps *= 2;
    }
    return best;
}

typedef uint64_t pair __attribute__((ext_vector_type(2)));

typedef struct {
    pair *values;
    _Atomic uint64_t sum;
} memory_work;

enum { MEMORY_BYTES = 64 << 20, PART_BYTES = 8 << 20, PAIRS_A_LINE = 4 };

static void write_range(void *argument, int64_t first, int64_t end, int thread) {
    memory_work *w = argument;
    (void)thread;
    for (int64_t i = first; i < end; i++) __builtin_nontemporal_store((pair){1, 1}, w->values + i);
    atomic_thread_fence(memory_order_seq_cst);
}

static void read_range(void *argument, int64_t first, int64_t end, int thread) {
    memory_work *w = argument;
    (void)thread;
    pair sums[PAIRS_A_LINE] = {0};
    for (int64_t i = first; i < end; i += PAIRS_A_LINE)
        for (int j = 0; j < PAIRS_A_LINE; j++) sums[j] += w->values[i + j];
    pair sum = sums[0] + sums[1] + sums[2] + sums[3];
    atomic_fetch_add_explicit(&w->sum, sum.x + sum.y, memory_order_relaxed);
}

double sk_measure_read_bandwidth(sk_context *context, int rounds) {
    void *base = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) return 0;
    madvise(base, MEMORY_BYTES, MADV_HUGEPAGE);
    double best = 0;
    const int64_t part = PART_BYTES / sizeof(pair);
    for (int round = 0; round < rounds; round++) {
        // Written past the caches, the bytes are read from memory even where a cache could hold them all.
        memory_work w = {.values = base};
        sk_parallel_ranges(context, MEMORY_BYTES / sizeof(pair), 4096, write_range, &w);
        for (int i = 0; i < MEMORY_BYTES / PART_BYTES; i++, w.values += part) {
            double start = now();
            sk_parallel_ranges(context, part, 4096, read_range, &w);
            double speed = PART_BYTES / (now() - start);
            best = speed > best ? speed : best;
        }
        // The sum is used, and so the reads are made.
        if (w.sum != MEMORY_BYTES / sizeof(uint64_t)) __builtin_trap();
    }
    munmap(base, MEMORY_BYTES);
    return best;
}
