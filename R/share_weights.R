# Ensembles whose members share the weights of their hidden layers (Gorishniy et al. 2025,
# after Wen et al. 2020). While they are trained, a hidden layer's list holds the shared `weight`, and
# the member's own `input_scale` and `unit_scale`; afterwards each member is a network like any other, with
# weights of its own that are the product of the three.

#' @param share_weights Whether the members of an `ensemble` share the weights of their hidden layers, and
#'   the embedding of the inputs (Gorishniy et al. 2025; formula in the section on such members): `TRUE` or
#'   `FALSE`. `r default_of("share_weights")`
#' @section Members that share weights:
#' With `share_weights = TRUE` an `ensemble` is one network with several heads, as TabM is (Gorishniy et al.
#' 2025), by the scales of BatchEnsemble (Wen et al. 2020). A hidden layer of member \eqn{i} computes
#' \deqn{z = ((x \circ r_i) W) \circ s_i + b_i}{z = ((x * r_i) W) * s_i + b_i}
#' with weights \eqn{W} that all share, and scales \eqn{r_i} of its inputs, \eqn{s_i} of its units and a bias
#' of its own; the last layer, normalisation and the shares of parametric activations are each member's own,
#' too. Embeddings are shared. The first layer's \eqn{r_i} is what makes members differ: it is -1 or 1 at
#' random, or \eqn{N(0, 1)} where columns are embedded, with one draw for each predictor (all levels of a
#' factor, all values of an embedding); every other \eqn{r_i} and \eqn{s_i} starts at 1. The scales have
#' neither decay nor penalty, and `rate_factors = c(member_scale = )` is the factor of their learning rate.
#'
#' All members take their steps together: the same batches, with masks of dropout of their own, and what is
#' minimised is the mean of their losses. So all hold the same rows for validation, and `input_noise` is
#' the same for all. A step takes about as long as those of as many networks with weights of their own:
#' what is shared is what is learned. That was worth more than separate members with a plain recipe at a
#' constant rate, such as that of the example below, and less with the presets. When training ends, the
#' products \eqn{r_{ij} W_{jk} s_{ik}} become the member's weights: a fit is as large as that of another
#' ensemble, eight bytes for each weight of each member.
#'
#' Presets leave `input_scale` out, which the first layer's \eqn{r_i} is, and let the scales learn as slowly
#' as biases. Not with `input_scale`, `max_norm` and without hidden layers.
#' @examples
#'
#' # Members that share weights, in the way of TabM
#' mlp_fit(Species ~ ., iris, preset = "plain", ensemble = 8, share_weights = TRUE,
#'         hidden_units = c(64, 64), init = init_lecun("uniform"), dropout = 0.1,
#'         optimizer = opt_adamw(0.002, weight_decay = 0.0003), clip_norm = 1, epochs = 30,
#'         batch_size = 32, validation = 0.2, patience = 16, standardize = "zscore")
#' @name mlp_fit
#' @rdname mlp_fit
#' @order 6
NULL

check_share_weights <- function(settings, call) {
  if (!settings$share_weights) return(invisible())
  if (settings$ensemble == 1) {
    abort_argument("ensemble", "at least 2 with `share_weights = TRUE`", "1", call = call)
  }
  if (length(settings$hidden_units) == 0) {
    abort_argument("share_weights", "FALSE without hidden layers", "TRUE", call = call)
  }
  if (settings$input_scale) {
    abort_argument("input_scale", "FALSE with `share_weights = TRUE`", "TRUE", call = call,
                   hint = "Each member has scales of its inputs of its own.")
  }
  if (settings$max_norm < Inf) {
    abort_argument("max_norm", "Inf with `share_weights = TRUE`", format(settings$max_norm), call = call)
  }
}

# Networks that train side by side with weights of their own.
separate_members <- function(settings) if (settings$share_weights) 1L else settings$ensemble

# ---- starts ----

# Layers as a member has them: weights and embedding of the first member's, if there are any, and scales.
share_layers <- function(layers, first, x, plan) {
  for (l in seq_len(length(layers) - 1)) {
    if (!is.null(first)) layers[[l]]$weight <- first[[l]]$weight
    layers[[l]]$input_scale <- if (l == 1) drawn_scale(x, plan) else rep(1, nrow(layers[[l]]$weight))
    layers[[l]]$unit_scale <- rep(1, ncol(layers[[l]]$weight))
  }
  if (!is.null(first)) layers[[1]]$embedding <- first[[1]]$embedding
  layers
}

# The scale of what the first layer reads, by predictors.
drawn_scale <- function(x, plan) {
  feature <- features_read(x, plan)
  count <- max(feature)
  draws <- if (is.null(plan)) sample(c(-1, 1), count, replace = TRUE) else stats::rnorm(count)
  draws[feature]
}

# For each value that the first layer reads, the predictor that it comes from: those of columns that go on,
# and behind them those of the embedding, whose order is that of its plan.
features_read <- function(x, plan) {
  feature <- if (is.data.frame(x)) rep(seq_along(x), encoded_widths(x)) else seq_len(ncol(x))
  if (is.null(plan)) return(feature)
  numbers <- rep(plan$numbers, each = if (length(plan$numbers)) plan$numeric$dim - 1L else 0L)
  codes <- rep(plan$codes, each = if (length(plan$codes)) plan$factor$dim else 0L)
  c(feature[setdiff(seq_along(feature), plan$codes)], feature[c(numbers, codes)])
}

# ---- ends ----

# Layers with weights of their own.
own_layers <- function(layers) {
  lapply(layers, function(layer) {
    if (is.null(layer$unit_scale)) return(layer)
    layer$weight <- layer$input_scale * sweep(layer$weight, 2, layer$unit_scale, `*`)
    layer[setdiff(names(layer), c("input_scale", "unit_scale"))]
  })
}
