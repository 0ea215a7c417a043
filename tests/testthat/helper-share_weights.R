# Networks that share the weights of their hidden layers, in plain R: variants are lists of layers, as the
# engine takes them.

exact_numbers <- function(n, from, to) round(runif(n, from, to) * 64) / 64

# `count` variants with weights of the first one's hidden layers, and all else their own.
shared_variants <- function(count, sizes, activation = "tanh", ...) {
  hidden <- seq_len(length(sizes) - 2)
  first <- exact_network(sizes, activation, ...)$layers
  lapply(seq_len(count), function(i) {
    own <- exact_layers(sizes)
    layers <- Map(function(layer, own, l) {
      layer$bias <- own$bias
      if (l > max(hidden)) return(replace(layer, "weight", own["weight"]))
      layer$input_scale <- exact_numbers(nrow(layer$weight), -1, 2)
      layer$unit_scale <- exact_numbers(ncol(layer$weight), 0.5, 1.5)
      layer
    }, first, own, seq_along(first))
    layers
  })
}

# A variant as a network of its own.
as_network <- function(layers) {
  activation <- vapply(layers, `[[`, "", "activation")
  new_network(own_layers(layers), utils::head(activation, -1))
}

# The gradient of the mean of the variants' losses: list(loss, gradient = <for each variant a list of layers,
# in which that of a shared weight is everybody's>).
reference_shared_gradient <- function(variants, x, y, loss) {
  each <- lapply(variants, function(layers) {
    result <- reference_gradient(as_network(layers), x, y, loss)
    result$gradient <- Map(function(gradient, layer) {
      gradient <- lapply(gradient, `/`, length(variants))
      if (is.null(layer$unit_scale)) return(gradient)
      product <- gradient$weight
      both <- outer(layer$input_scale, layer$unit_scale)
      list(
        weight = both * product, bias = gradient$bias,
        input_scale = drop((layer$weight * product) %*% layer$unit_scale),
        unit_scale = drop(layer$input_scale %*% (layer$weight * product))
      )
    }, result$gradient, layers)
    result
  })
  gradients <- lapply(each, `[[`, "gradient")
  for (l in seq_len(length(variants[[1]]) - 1)) {
    whole <- Reduce(`+`, lapply(gradients, function(gradient) gradient[[l]]$weight))
    for (i in seq_along(gradients)) gradients[[i]][[l]]$weight <- whole
  }
  list(loss = mean(vapply(each, `[[`, 1, "loss")), gradient = gradients)
}

# The variants after training on batches in the order of the rows, and each epoch's mean loss. A step is
# update(p, g, state, part, step), which gives list(value, state); shared weights take it alike in each.
reference_shared_training <- function(variants, x, y, loss, update, epochs, batch_size) {
  batches <- split(seq_len(nrow(x)), (seq_len(nrow(x)) - 1) %/% batch_size)
  state <- lapply(variants, lapply, function(layer) list())
  step <- 0
  history <- vapply(seq_len(epochs), function(epoch) {
    total <- 0
    for (rows in batches) {
      step <<- step + 1
      target <- if (is.matrix(y)) y[rows, , drop = FALSE] else y[rows]
      result <- reference_shared_gradient(variants, x[rows, , drop = FALSE], target, loss)
      total <- total + result$loss * length(rows)
      for (i in seq_along(variants)) for (l in seq_along(variants[[i]])) {
        for (part in names(result$gradient[[i]][[l]])) {
          moved <- update(variants[[i]][[l]][[part]], result$gradient[[i]][[l]][[part]],
                          state[[i]][[l]][[part]], part, step)
          variants[[i]][[l]][[part]] <<- moved$value
          state[[i]][[l]][[part]] <<- moved$state
        }
      }
    }
    total / nrow(x)
  }, 1)
  list(variants = variants, history = history)
}

shared_parts <- c("weight", "bias", "input_scale", "unit_scale")

learned_parts <- function(variants) {
  lapply(variants, lapply, function(layer) layer[intersect(shared_parts, names(layer))])
}

# The same by the engine: what fastmlp_train_close() gives.
train_shared <- function(variants, x, y, loss, ...) {
  set <- list(x = x, target = y, weights = NULL, rows = NULL)
  dropout <- rep(0, length(variants[[1]]) - 1)
  options <- plain_options(as_loss(loss), nrow(x), shuffle = FALSE, dropout = dropout, ...)
  options$variants <- variants
  trainer <- .Call(fastmlp_train_open, variants[[1]], set, NULL, NULL, options, NULL)
  while (.Call(fastmlp_train_advance, trainer, 60)$state == "running") NULL
  .Call(fastmlp_train_close, trainer)
}
