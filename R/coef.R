#' Weights and biases
#'
#' What a network has learned, layer by layer, as plain matrices and vectors: to look at, to change, and
#' to give back as `init`.
#'
#' @param object A fit by [mlp_fit()], or an [mlp_network()].
#' @param ... Not used.
#' @return A list with one `list(weight = , bias = )` a layer: `weight` is a matrix inputs x units,
#'   `bias` has one number a unit. A normalised layer has `norm`, too: a list with its `kind`, the
#'   learned `scale` and `shift` and, for batches, the running `mean` and `variance`, one number a unit
#'   each; one with parametric activations `slope`, one number a unit; the first layer of a network that
#'   scales its inputs `input_scale`, one number for each value that it reads, and of one with embeddings the
#'   `embedding`: for each embedded predictor, by its name, a list with its `kind`, its `column` among the
#'   encoded predictors, and what is learned: for [embed_periodic()] `frequency`, `phase`, `weight`
#'   (frequencies x functions) and `bias`; for [embed_piecewise()] `weight` (bins x functions), with the
#'   `edges` of the bins, which are those of the standardised predictor; for [embed_factors()] the `table`
#'   (levels x values, named by the levels). What the first layer reads of them has the name of the
#'   predictor with `_wave1`, `_piece1` or `_value1` and so on. Predictors and levels (or names of
#'   outcomes) name the outer sides, `h1_1`, `h1_2`, ... the hidden units. The argument `init` of
#'   [mlp_fit()] and [mlp_network()] takes it. Of an ensemble it is a list of such lists, one a member.
#' @examples
#' network <- mlp_network(2, 3, 1)
#' coef(network)
#' identical(coef(mlp_network(2, 3, 1, init = coef(network))), coef(network))
#' @export
coef.fastmlp <- function(object, ...) {
  check_no_dots(..., unnamed = one_layer_hint)
  check_model(object)
  levels <- lapply(encoding_of(object)$ptypes$predictors, levels)
  named <- function(network) {
    named_layers(network, object$predictors$names, output_labels(object$outcome), levels)
  }
  if (is.null(object$members)) named(object$network) else lapply(object$members, named)
}

#' @rdname coef.fastmlp
#' @export
coef.mlp_network <- function(object, ...) {
  check_no_dots(..., unnamed = one_layer_hint)
  check_network(object, "object")
  named_layers(object, paste0("x", seq_len(object$inputs)), paste0("y", seq_len(object$outputs)))
}

one_layer_hint <- "It gives all layers; the second is `coef()[[2]]`."

named_layers <- function(network, inputs, outputs, levels = NULL) {
  hidden <- Map(
    function(layer, units) sprintf("h%d_%d", layer, seq_len(units)),
    seq_along(network$hidden_units), network$hidden_units
  )
  embedding <- network$layers[[1]]$embedding
  read <- embedded_names(inputs, embedding)
  names <- c(list(read), hidden, list(outputs))
  lapply(seq_along(network$layers), function(l) {
    layer <- network$layers[[l]]
    dimnames(layer$weight) <- list(names[[l]], names[[l + 1]])
    named <- function(x) rlang::set_names(x, names[[l + 1]])
    norm <- layer$norm
    if (!is.null(norm)) norm[-1] <- lapply(norm[-1], named)
    slope <- layer$slope
    if (!is.null(slope)) slope <- named(slope)
    scale <- layer$input_scale
    if (!is.null(scale)) names(scale) <- read
    c(list(weight = layer$weight, bias = named(layer$bias)), if (!is.null(norm)) list(norm = norm),
      if (!is.null(slope)) list(slope = slope),
      if (!is.null(scale)) list(input_scale = scale),
      if (!is.null(layer$embedding)) list(embedding = named_embedding(embedding, inputs, levels)))
  })
}
