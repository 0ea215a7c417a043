# Importance from the weights alone. What a method makes of a network's matrices, one a layer, is a matrix
# inputs x outputs.

weight_methods <- list(
  garson = list(adds_levels = TRUE, of = function(weights) {
    Reduce(`%*%`, lapply(weights, function(weight) {
      total <- colSums(abs(weight))
      abs(weight) / rep(ifelse(total > 0, total, 1), each = nrow(weight))
    }))
  }),
  olden = list(adds_levels = FALSE, of = function(weights) Reduce(`%*%`, weights))
)

weight_importance <- function(object, method, call) {
  how <- weight_methods[[method]]
  object <- with_indicators(object)
  networks <- object$members %||% list(object$network)
  importance <- mean_of(lapply(networks, function(network) how$of(connection_weights(network, method, call))))
  predictors <- object$predictors$names
  if (how$adds_levels) {
    importance <- rowsum(importance, input_owners(object), reorder = FALSE)
    predictors <- rownames(importance)
  }
  outputs <- output_labels(object$outcome)
  importance_tibble(
    list(
      predictor = rep(predictors, length(outputs)), output = rep(outputs, each = length(predictors)),
      importance = as.vector(importance)
    ),
    method = method
  )
}

# What has no matrix for what comes between its weights, and how to fit without.
matrix_hints <- c(
  "numeric embeddings" = "Or fit with `numeric_embedding = \"none\"`.",
  "layer normalisation" = "Or fit with `normalization = \"batch\"` or `\"none\"`."
)

# The matrices of the maps between activations.
connection_weights <- function(network, method, call) {
  lapply(network$layers, function(layer) {
    fault <- if (!is.null(layer$embedding)) "numeric embeddings" else
      if (identical(layer$norm$kind, "layer")) "layer normalisation"
    if (!is.null(fault)) {
      abort_argument("method", sprintf("\"permutation\" for a network with %s", fault), format_value(method),
                     hint = matrix_hints[[fault]], call = call)
    }
    weight <- layer$weight
    if (!is.null(layer$input_scale)) weight <- weight * layer$input_scale
    norm <- layer$norm
    if (!is.null(norm)) {
      weight <- weight * rep(norm$scale / sqrt(norm$variance + norm_epsilon), each = nrow(weight))
    }
    if (isTRUE(layer$residual)) weight <- weight + diag(nrow(weight))
    weight
  })
}

norm_epsilon <- 1e-5 # the engine's, too
