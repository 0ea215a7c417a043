/* The body of every kernels_<instruction set>.c: includes the kernels and fills that set's table. */
#include "kernel_activation.h"
#include "kernel_narrow.h"
#include "kernel_normalize.h"
#include "kernel_parametric.h"
#include "kernel_periodic.h"
#include "kernel_piecewise.h"
#include "kernel_product.h"
#include "kernel_random.h"
#include "kernel_regularize.h"
#include "kernel_scale.h"
#include "kernel_softmax.h"
#include "kernel_sparse.h"
#include "kernel_transpose.h"
#include "kernel_update.h"
#include "kernels.h"
#include "vector.h"

#define ACTIVATION_VALUE_ROW(name, reads) [ACTIVATION_##name] = name##_value_panel,
#define ACTIVATION_GRADIENT_ROW(name, reads) [ACTIVATION_##name] = name##_gradient_panel,
#define UPDATE_ROW(name, moments) [UPDATE_##name] = update_##name,

const kernels KERNELS_TABLE = {
    .name = KERNELS_NAME,
    .product = product,
    .product_transposed = product_transposed,
    .sparse_product = sparse_product,
    .sparse_scatter = sparse_scatter,
    .column_sums = column_sums,
    .transpose_panel = transpose_panel,
    .narrow = narrow,
    .activation_value = {ACTIVATION_LIST(ACTIVATION_VALUE_ROW)},
    .activation_gradient = {ACTIVATION_LIST(ACTIVATION_GRADIENT_ROW)},
    .softmax = softmax,
    .adjust_gradient = adjust_gradient,
    .average = average,
    .sum_of_squares = sum_of_squares,
    .limit_norms = limit_norms,
    .scale_rows = scale_rows,
    .scale_gradient = scale_gradient,
    .scale_both = scale_both,
    .shared_gradient = shared_gradient,
    .update = {UPDATE_LIST(UPDATE_ROW)},
    .periodic_value = periodic_value,
    .periodic_slope = periodic_slope,
    .periodic_gradient = periodic_gradient,
    .piecewise_value = piecewise_value,
    .piecewise_slope = piecewise_slope,
    .piecewise_gradient = piecewise_gradient,
    .blend = blend,
    .slope_gradient = slope_gradient,
    .add = add_span,
    .mask_panel = mask_panel,
    .noise_panel = noise_panel,
    .column_moments = column_moments,
    .normalize_columns = normalize_columns,
    .column_products = column_products,
    .normalize_columns_gradient = normalize_columns_gradient,
    .normalize_rows = normalize_rows,
    .normalize_rows_gradient = normalize_rows_gradient,
};
