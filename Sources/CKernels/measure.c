#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pool.h"

#pragma STDC FP_CONTRACT OFF

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double peak(const sk_context *context, sk_loop_kernel *loop) {
    // The best of some short runs: an interruption must not lower a peak.
    double best = 0;
    float sink = 0;
    for (int run = 0; run < 12; run++) {
        int64_t steps = sk_table_of(context)->isa == SK_PORTABLE ? 20000 : 400000;
        double start = now(), operations = loop(steps, &sink), seconds = now() - start;
        best = operations / seconds > best ? operations / seconds : best;
    }
    return best;
}

double sk_measure_peak(sk_context *context) { return peak(context, sk_table_of(context)->fma_loop); }
double sk_measure_int8_peak(sk_context *context) { return peak(context, sk_table_of(context)->int8_loop); }

typedef struct {
    const uint64_t *words;
    int64_t count;
    uint64_t sums[256];
} read_work;

static void read_range(void *argument, int64_t first, int64_t end, int thread) {
    read_work *w = argument;
    uint64_t sums[8] = {0};
    for (int64_t i = first; i + 8 <= end; i += 8)
        for (int j = 0; j < 8; j++) sums[j] += w->words[i + j];
    for (int j = 0; j < 8; j++) w->sums[thread & 255] += sums[j];
}

double sk_measure_read_bandwidth(sk_context *context) {
    const int64_t bytes = 256 << 20;
    uint64_t *words = malloc((size_t)bytes);
    if (!words) return 0;
    memset(words, 1, (size_t)bytes);
    read_work w = {.words = words, .count = bytes / 8};
    double best = 0;
    for (int run = 0; run < 4; run++) {
        double start = now();
        sk_parallel_ranges(context, w.count, 4096, read_range, &w);
        double speed = (double)bytes / (now() - start);
        best = speed > best ? speed : best;
    }
    free(words);
    return w.sums[0] == 1 ? 0 : best;  // the sums are used, so that the reads are made
}
