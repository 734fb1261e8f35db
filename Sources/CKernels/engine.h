// What the engines of the products share.
#ifndef SK_ENGINE_H
#define SK_ENGINE_H

#include <string.h>

#include "pool.h"

/// Asks for the cache lines of a tile that is about to be read and written.
static inline void sk_prefetch_tile(const float *c, int64_t stride, int64_t rows, int64_t columns) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j += SK_LANES) __builtin_prefetch(c + i * stride + j, 1);
}

/// What a product over no steps gives.
static inline void sk_clear(sk_matrix c) {
    for (int64_t i = 0; i < c.rows; i++) memset(c.data + i * c.stride, 0, (size_t)c.columns * sizeof *c.data);
}

static inline sk_weight sk_as_weight(sk_matrix m) {
    return (sk_weight){
        .format = SK_FORMAT_FP32, .rows = m.rows, .columns = m.columns, .stride = m.stride, .codes = m.data};
}

/// How the outputs of a product are cut into items: panels, each as often as the rows are cut.
typedef struct {
    int64_t panels, row_items, rows_per_item;
} sk_cut;

/// Panels, and runs of rows too where threads would be idle.
static inline sk_cut sk_cut_outputs(
    const sk_context *context, int64_t rows, int64_t strip_rows, int64_t columns, int64_t panel_columns) {
    int64_t threads = sk_threads(context), wanted = threads == 1 ? 1 : 4 * threads;
    int64_t panels = (columns + panel_columns - 1) / panel_columns, strips = (rows + strip_rows - 1) / strip_rows;
    int64_t row_items = sk_min(strips, (wanted + panels - 1) / panels);
    int64_t rows_per_item = (strips + row_items - 1) / row_items * strip_rows;
    return (sk_cut){panels, (rows + rows_per_item - 1) / rows_per_item, rows_per_item};
}

/// The first of the panels of one run of rows among the items [first, end), which it takes away from them.
static inline int64_t sk_take_panels(const sk_cut *cut, int64_t *first, int64_t end, int64_t *row_item, int64_t *stop) {
    int64_t start = *first / cut->panels * cut->panels, panel = *first - start, last = sk_min(end, start + cut->panels);
    *row_item = start / cut->panels, *stop = last - start, *first = last;
    return panel;
}

#endif
