#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "pool.h"

#pragma STDC FP_CONTRACT OFF

typedef struct {
    void *base;
    int64_t bytes;
} scratch;

typedef struct {
    sk_context *context;
    int number;
    pthread_t handle;
} worker;

struct sk_context {
    sk_table table;
    int threads;
    worker *workers;
    scratch shared, *own;
    pthread_mutex_t operation;

    // The job at hand. Workers that come late (their core was taken) find it closed and are not waited for.
    pthread_mutex_t mutex;
    pthread_cond_t begun, finished;
    _Atomic uint64_t generation;
    _Atomic int active;
    _Atomic int64_t next;
    bool open, stopping;
    int64_t items;
    sk_task *task;
    void *argument;
};

// To sleep and to be woken takes some 50 microseconds, as long as a small operation: a thread looks for about 200
// before it sleeps. It offers its core to others meanwhile, for there may be more threads than cores.
enum { SPINS = 8192, SPINS_A_YIELD = 64 };

static inline void look_again_after(int spin) {
    sk_relax();
    if (spin % SPINS_A_YIELD == SPINS_A_YIELD - 1) sched_yield();
}

static void work(sk_context *context, int thread) {
    for (;;) {
        int64_t item = atomic_fetch_add_explicit(&context->next, 1, memory_order_relaxed);
        if (item >= context->items) return;
        context->task(context->argument, item, thread);
    }
}

static void *worker_main(void *argument) {
    worker *self = argument;
    sk_context *context = self->context;
    uint64_t seen = 0;
    for (;;) {
        for (int i = 0; i < SPINS && atomic_load_explicit(&context->generation, memory_order_relaxed) == seen; i++)
            look_again_after(i);
        pthread_mutex_lock(&context->mutex);
        while (context->generation == seen && !context->stopping) pthread_cond_wait(&context->begun, &context->mutex);
        bool stopping = context->stopping;
        seen = context->generation;
        bool join = context->open;
        if (join) context->active++;
        pthread_mutex_unlock(&context->mutex);
        if (stopping) return NULL;
        if (!join) continue;
        work(context, self->number);
        pthread_mutex_lock(&context->mutex);
        if (--context->active == 0) pthread_cond_signal(&context->finished);
        pthread_mutex_unlock(&context->mutex);
    }
}

void sk_parallel(sk_context *context, int64_t items, sk_task *task, void *argument) {
    if (items <= 1 || context->threads == 1) {
        for (int64_t item = 0; item < items; item++) task(argument, item, 0);
        return;
    }
    pthread_mutex_lock(&context->mutex);
    context->items = items;
    context->task = task;
    context->argument = argument;
    context->next = 0;
    context->open = true;
    context->generation++;
    pthread_cond_broadcast(&context->begun);
    pthread_mutex_unlock(&context->mutex);
    work(context, 0);
    pthread_mutex_lock(&context->mutex);
    context->open = false;
    pthread_mutex_unlock(&context->mutex);
    for (int i = 0; i < SPINS && atomic_load_explicit(&context->active, memory_order_relaxed) != 0; i++)
        look_again_after(i);
    pthread_mutex_lock(&context->mutex);
    while (context->active != 0) pthread_cond_wait(&context->finished, &context->mutex);
    pthread_mutex_unlock(&context->mutex);
}

typedef struct {
    int64_t count, grain, run;
    sk_range_task *task;
    void *argument;
} ranges;

static void do_range(void *argument, int64_t item, int thread) {
    const ranges *r = argument;
    r->task(r->argument, item * r->run, sk_min(r->count, (item + 1) * r->run), thread);
}

void sk_parallel_ranges(sk_context *context, int64_t count, int64_t grain, sk_range_task *task, void *argument) {
    // Four runs a thread: enough to even out a core that is slow or shared.
    int64_t run = context->threads == 1 ? count
        : sk_round_up((count + 4 * context->threads - 1) / (4 * context->threads), grain);
    if (count <= 0) return;
    ranges r = {count, grain, run, task, argument};
    sk_parallel(context, (count + run - 1) / run, do_range, &r);
}

typedef struct {
    _Atomic int64_t next;
    int64_t count, least, most, threads;
    sk_range_task *task;
    void *argument;
} runs;

static void do_runs(void *argument, int64_t item, int thread) {
    (void)item;
    runs *r = argument;
    int64_t first = atomic_load_explicit(&r->next, memory_order_relaxed);
    while (first < r->count) {
        int64_t share = r->threads == 1 ? r->most : (r->count - first) / (2 * r->threads);
        int64_t end = sk_min(r->count, first + sk_max(r->least, sk_min(r->most, share)));
        if (!atomic_compare_exchange_weak_explicit(
                &r->next, &first, end, memory_order_relaxed, memory_order_relaxed)) continue;
        r->task(r->argument, first, end, thread);
        first = atomic_load_explicit(&r->next, memory_order_relaxed);
    }
}

void sk_parallel_runs(sk_context *context, int64_t count, int64_t most, sk_range_task *task, void *argument) {
    // Each run has costs of its own.
    int64_t least = sk_max(1, sk_min(most / 4, count / (8 * context->threads)));
    runs r = {0, count, least, most, context->threads, task, argument};
    sk_parallel(context, context->threads, do_runs, &r);
}

int sk_threads(const sk_context *context) { return context->threads; }
const sk_table *sk_table_of(const sk_context *context) { return &context->table; }

static const int64_t huge = 1 << 21;

int64_t sk_scratch_size(int64_t bytes) { return sk_round_up(bytes, bytes < huge ? 1 << 16 : huge); }

static bool grow(scratch *s, int64_t bytes) {
    if (bytes <= s->bytes) return true;
    int64_t rounded = sk_scratch_size(bytes);
    void *base = mmap(NULL, (size_t)rounded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) return false;
    if (rounded >= huge) madvise(base, (size_t)rounded, MADV_HUGEPAGE);
    if (s->base) munmap(s->base, (size_t)s->bytes);
    *s = (scratch){base, rounded};
    return true;
}

static void *grown(scratch *s, int64_t bytes) {
    if (!grow(s, bytes)) {
        fprintf(stderr,
            "swiftlet: error: no memory for %lld bytes of kernel scratch; lower micro_batch_size or sequence_len\n",
            (long long)bytes);
        _Exit(69);
    }
    return s->base;
}

void *sk_shared_scratch(sk_context *context, int64_t bytes) { return grown(&context->shared, bytes); }
void *sk_thread_scratch(sk_context *context, int thread, int64_t bytes) { return grown(&context->own[thread], bytes); }

bool sk_context_reserve(sk_context *context, int64_t shared_bytes, int64_t bytes_per_thread) {
    bool enough = grow(&context->shared, shared_bytes);
    for (int i = 0; i < context->threads; i++) enough = enough && grow(&context->own[i], bytes_per_thread);
    return enough;
}

int64_t sk_context_scratch(const sk_context *context) {
    int64_t bytes = context->shared.bytes;
    for (int i = 0; i < context->threads; i++) bytes += context->own[i].bytes;
    return bytes;
}

void sk_context_lock(sk_context *context) { pthread_mutex_lock(&context->operation); }
void sk_context_unlock(sk_context *context) { pthread_mutex_unlock(&context->operation); }

typedef struct {
    const volatile char *bytes;
    int64_t count;
} touched;

enum { TOUCH_BYTES = 1 << 16 };

static void touch_run(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const touched *t = argument;
    for (int64_t run = first; run < end; run++) (void)t->bytes[sk_min(run * TOUCH_BYTES, t->count - 1)];
}

void sk_touch(sk_context *context, const void *bytes, int64_t count) {
    touched t = {bytes, count};
    // One run more than there are: the last byte may lie in a run of its own, as `bytes` may begin anywhere in one.
    if (count > 0) sk_parallel_ranges(context, (count + TOUCH_BYTES - 1) / TOUCH_BYTES + 1, 1, touch_run, &t);
}

static bool start_workers(sk_context *context) {
    for (int i = 1; i < context->threads; i++) {
        worker *w = &context->workers[i];
        *w = (worker){.context = context, .number = i};
        if (pthread_create(&w->handle, NULL, worker_main, w) != 0) {
            context->threads = i;  // what destroy has to join
            return false;
        }
    }
    return true;
}

sk_context *sk_context_create(int threads, sk_isa isa) {
    if (threads < 1 || !sk_isa_supported(isa)) return NULL;
    sk_context *context = calloc(1, sizeof *context);
    if (!context) return NULL;
    context->workers = calloc((size_t)threads, sizeof *context->workers);
    context->own = calloc((size_t)threads, sizeof *context->own);
    context->table = sk_table_for(isa);
    context->threads = threads;
    pthread_mutex_init(&context->operation, NULL);
    pthread_mutex_init(&context->mutex, NULL);
    pthread_cond_init(&context->begun, NULL);
    pthread_cond_init(&context->finished, NULL);
    if (context->workers && context->own && start_workers(context)) return context;
    sk_context_destroy(context);
    return NULL;
}

void sk_context_destroy(sk_context *context) {
    pthread_mutex_lock(&context->mutex);
    context->stopping = true;
    pthread_cond_broadcast(&context->begun);
    pthread_mutex_unlock(&context->mutex);
    for (int i = 1; i < context->threads && context->workers; i++) pthread_join(context->workers[i].handle, NULL);
    if (context->shared.base) munmap(context->shared.base, (size_t)context->shared.bytes);
    for (int i = 0; i < context->threads && context->own; i++)
        if (context->own[i].base) munmap(context->own[i].base, (size_t)context->own[i].bytes);
    pthread_cond_destroy(&context->begun);
    pthread_cond_destroy(&context->finished);
    pthread_mutex_destroy(&context->mutex);
    pthread_mutex_destroy(&context->operation);
    free(context->workers);
    free(context->own);
    free(context);
}
