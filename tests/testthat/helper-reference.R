# A multilayer perceptron in plain R and double precision, written for clarity: what the engine's
# single precision is compared with.

reference_sigmoid <- function(z) 1 / (1 + exp(-z))

reference_softplus <- function(z) pmax(z, 0) + log1p(exp(-abs(z)))

# phi(z), phi'(z), and the z at which phi' jumps.
reference_activation <- function(value, gradient, kinks = numeric()) {
  list(value = value, gradient = gradient, kinks = kinks)
}

selu_scale <- 1.0507009873554805
selu_alpha <- 1.6732632423543772

reference_activations <- list(
  identity = reference_activation(function(z) z, function(z) z * 0 + 1),
  relu = reference_activation(function(z) pmax(z, 0), function(z) (z > 0) + 0, 0),
  leaky_relu = reference_activation(
    function(z) ifelse(z > 0, z, 0.01 * z), function(z) ifelse(z > 0, 1, 0.01), 0
  ),
  elu = reference_activation(
    function(z) ifelse(z > 0, z, expm1(z)), function(z) ifelse(z > 0, 1, exp(z))
  ),
  selu = reference_activation(
    function(z) selu_scale * ifelse(z > 0, z, selu_alpha * expm1(z)),
    function(z) selu_scale * ifelse(z > 0, 1, selu_alpha * exp(z)), 0
  ),
  gelu = reference_activation(function(z) z * pnorm(z), function(z) pnorm(z) + z * dnorm(z)),
  silu = reference_activation(
    function(z) z * reference_sigmoid(z),
    function(z) reference_sigmoid(z) * (1 + z * reference_sigmoid(-z))
  ),
  mish = reference_activation(
    function(z) z * tanh(reference_softplus(z)),
    function(z) {
      t <- tanh(reference_softplus(z))
      t + z * (1 - t^2) * reference_sigmoid(z)
    }
  ),
  softplus = reference_activation(reference_softplus, reference_sigmoid),
  sigmoid = reference_activation(
    reference_sigmoid, function(z) reference_sigmoid(z) * reference_sigmoid(-z)
  ),
  tanh = reference_activation(tanh, function(z) 1 - tanh(z)^2),
  hard_sigmoid = reference_activation(
    function(z) pmin(pmax(z / 6 + 0.5, 0), 1), function(z) (abs(z) < 3) / 6, c(-3, 3)
  ),
  hard_tanh = reference_activation(
    function(z) pmin(pmax(z, -1), 1), function(z) (abs(z) < 1) + 0, c(-1, 1)
  )
)

# For outputs o and targets t: the loss of each row, and its gradient for each output. Targets are
# classes 1 .. K for cross-entropy, otherwise a matrix shaped like o.
reference_losses <- list(
  cross_entropy = function(o, t, parameter) {
    o <- o - apply(o, 1, max)
    p <- exp(o) / rowSums(exp(o))
    at <- cbind(seq_along(t), t)
    list(value = log(rowSums(exp(o))) - o[at], gradient = replace(p, at, p[at] - 1))
  },
  binary_cross_entropy = function(o, t, parameter) {
    list(value = reference_softplus(o) - t * o, gradient = reference_sigmoid(o) - t)
  },
  squared = function(o, t, parameter) list(value = (o - t)^2, gradient = 2 * (o - t)),
  absolute = function(o, t, parameter) list(value = abs(o - t), gradient = sign(o - t)),
  huber = function(o, t, delta) {
    error <- o - t
    list(
      value = ifelse(abs(error) <= delta, error^2 / 2, delta * (abs(error) - delta / 2)),
      gradient = pmin(pmax(error, -delta), delta)
    )
  },
  log_cosh = function(o, t, parameter) {
    list(value = log(cosh(o - t)), gradient = tanh(o - t))
  },
  # Each below without its own formula for the gradient is differenced.
  quantile = function(o, t, parameter, levels = 0.5) {
    by_number(o, t, length(levels), function(o, t) {
      q <- t(apply(cbind(o[, 1], reference_softplus(o[, -1, drop = FALSE])), 1, cumsum))
      q <- matrix(q, nrow(o))
      rowMeans(sweep(t > q, 2, levels, function(above, level) ifelse(above, level, level - 1)) * (t - q))
    }, short_step)
  },
  poisson = function(o, t, parameter) {
    by_number(o, t, 1, function(o, t) -dpois(t, exp(o), log = TRUE) - lgamma(t + 1))
  },
  gamma = function(o, t, parameter) {
    by_number(o, t, 1, function(o, t) -dgamma(t, 1, rate = exp(-o), log = TRUE))
  },
  tweedie = function(o, t, power) {
    by_number(o, t, 1, function(o, t) {
      exp((2 - power) * o) / (2 - power) - t * exp((1 - power) * o) / (1 - power)
    })
  },
  negative_binomial = function(o, t, size) {
    by_number(o, t, 1, function(o, t) {
      constant <- lgamma(t + size) - lgamma(size) - lgamma(t + 1)
      constant - dnbinom(t, size, mu = exp(o), log = TRUE)
    })
  },
  gaussian = function(o, t, parameter) {
    by_number(o, t, 2, function(o, t) {
      sd <- sqrt(reference_softplus(o[, 2]) + 1e-6)
      -dnorm(t, o[, 1], sd, log = TRUE) - log(2 * pi) / 2
    })
  },
  focal = function(o, t, gamma) {
    by_row(o, function(o) {
      p <- exp(o - log(rowSums(exp(o))))[cbind(seq_along(t), t)]
      -(1 - p)^gamma * log(p)
    })
  },
  binary_focal = function(o, t, gamma) {
    by_number(o, t, 1, function(o, t) {
      p <- ifelse(t == 1, plogis(o), plogis(-o))
      -(1 - p)^gamma * log(p)
    })
  },
  hinge = function(o, t, parameter) {
    by_row(o, function(o) {
      own <- cbind(seq_along(t), t)
      pmax(0, 1 + apply(replace(o, own, -Inf), 1, max) - o[own])
    }, short_step)
  },
  binary_hinge = function(o, t, parameter) {
    by_number(o, t, 1, function(o, t) pmax(0, 1 - (2 * t - 1) * o), short_step)
  },
  ordinal = function(o, t, parameter) {
    by_row(o, function(o) {
      logit <- cbind(-Inf, o[, 1], reference_softplus(o[, -1, drop = FALSE]))
      logit[, -1] <- t(apply(logit[, -1, drop = FALSE], 1, cumsum))
      logit <- cbind(logit, Inf)
      rows <- seq_along(t)
      -log(plogis(logit[cbind(rows, t + 1)]) - plogis(logit[cbind(rows, t)]))
    })
  }
)

# A loss of rows with the gradient as its difference: value(o) gives one number a row.
by_row <- function(o, value, h = 1e-4) {
  gradient <- vapply(seq_len(ncol(o)), function(j) {
    at <- function(h) value(replace(o, cbind(seq_len(nrow(o)), j), o[, j] + h))
    (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
  }, o[, 1])
  list(value = value(o), gradient = matrix(gradient, nrow(o)))
}

# The same for losses of numbers, with `heads` outputs for each column of t.
by_number <- function(o, t, heads, value, h = 1e-4) {
  parts <- lapply(seq_len(ncol(t)), function(j) {
    own <- o[, (j - 1) * heads + seq_len(heads), drop = FALSE]
    by_row(own, function(o) as.vector(value(o, t[, j])), h)
  })
  list(
    value = do.call(cbind, lapply(parts, `[[`, "value")),
    gradient = do.call(cbind, lapply(parts, `[[`, "gradient"))
  )
}

# For losses with kinks.
short_step <- 1e-7

# The weighted mean loss and its gradient for the outputs; elementwise losses are averaged over the
# outputs of a row.
reference_loss <- function(o, y, loss, weights = rep(1, nrow(o))) {
  loss <- as_loss(loss)
  settings <- c(list(loss$parameter), if (!is.null(loss$levels)) list(loss$levels))
  rows <- do.call(reference_losses[[loss$name]], c(list(o, y), settings))
  share <- weights / sum(weights)
  elementwise <- is.matrix(rows$value)
  list(
    value = sum(share * if (elementwise) rowMeans(rows$value) else rows$value),
    gradient = share * rows$gradient / if (elementwise) ncol(y) else 1
  )
}

# The input and the z = x W + b of every layer, and the outputs.
reference_forward <- function(network, x) {
  inputs <- z <- list()
  for (l in seq_along(network$layers)) {
    layer <- network$layers[[l]]
    inputs[[l]] <- x
    z[[l]] <- sweep(x %*% layer$weight, 2, layer$bias, `+`)
    x <- reference_activations[[layer$activation]]$value(z[[l]])
  }
  list(inputs = inputs, z = z, output = x)
}

# The same as mlp_gradient(wrt = "input").
reference_gradient <- function(network, x, y, loss, weights = rep(1, nrow(x))) {
  pass <- reference_forward(network, x)
  loss <- reference_loss(pass$output, y, loss, weights)
  gradient <- list()
  dh <- loss$gradient
  for (l in rev(seq_along(network$layers))) {
    layer <- network$layers[[l]]
    dz <- dh * reference_activations[[layer$activation]]$gradient(pass$z[[l]])
    gradient[[l]] <- list(weight = crossprod(pass$inputs[[l]], dz), bias = colSums(dz))
    dh <- tcrossprod(dz, layer$weight)
  }
  list(loss = loss$value, gradient = gradient, input = dh)
}

# What acts on gradients and weights beside the optimizer, as mlp_fit() names it.
no_limits <- list(penalty = 0, mixture = 0, clip_value = Inf, clip_norm = Inf, max_norm = Inf,
                  ema_decay = 0)

# The gradient of the loss as the limits leave it.
reference_clip <- function(gradient, limits) {
  norm <- sqrt(sum(unlist(gradient)^2))
  factor <- min(1, limits$clip_norm / norm)
  rapply(gradient, how = "replace", f = function(g) {
    pmin(pmax(factor * g, -limits$clip_value), limits$clip_value)
  })
}

# A hidden layer's weights as the limit of their norms leaves them.
reference_limit_norms <- function(weight, most) {
  sweep(weight, 2, pmin(1, most / sqrt(colSums(weight^2))), `*`)
}

# One update of a weight or a bias p along its gradient g, after the last velocity.
reference_update <- function(p, g, velocity, is_weight, optimizer, limits) {
  l1 <- limits$penalty * limits$mixture
  l2 <- limits$penalty - l1
  g <- g + if (is_weight) l2 * p + l1 * sign(p) else 0
  velocity <- optimizer$momentum * velocity + g
  step <- if (optimizer$nesterov) g + optimizer$momentum * velocity else velocity
  decay <- if (is_weight) optimizer$learn_rate * optimizer$weight_decay else 0
  list(value = (1 - decay) * p - optimizer$learn_rate * step, velocity = velocity)
}

# The network after training on batches in the order of the rows, and each epoch's mean loss, in
# which every row has its loss before its batch's update. A batch counts by its case weights: its
# gradient is sum(w * gradient) / (rows * mean weight of all rows).
reference_sgd <- function(network, x, y, loss, optimizer, epochs, batch_size, limits = no_limits,
                          weights = rep(1, nrow(x))) {
  steps <- list()
  batches <- split(seq_len(nrow(x)), (seq_len(nrow(x)) - 1) %/% batch_size)
  velocity <- lapply(network$layers, function(layer) list(weight = 0, bias = 0))
  history <- numeric()
  for (epoch in seq_len(epochs)) {
    total <- 0
    for (rows in batches) {
      target <- if (is.matrix(y)) y[rows, , drop = FALSE] else y[rows]
      result <- reference_gradient(network, x[rows, , drop = FALSE], target, loss, weights[rows])
      total <- total + result$loss * sum(weights[rows])
      share <- mean(weights[rows]) / mean(weights)
      gradient <- rapply(result$gradient, function(g) share * g, how = "replace")
      gradient <- reference_clip(gradient, limits)
      for (l in seq_along(network$layers)) {
        for (part in c("weight", "bias")) {
          updated <- reference_update(
            network$layers[[l]][[part]], gradient[[l]][[part]], velocity[[l]][[part]],
            part == "weight", optimizer, limits
          )
          network$layers[[l]][[part]] <- updated$value
          velocity[[l]][[part]] <- updated$velocity
        }
      }
      for (l in seq_len(length(network$layers) - 1)) {
        network$layers[[l]]$weight <-
          reference_limit_norms(network$layers[[l]]$weight, limits$max_norm)
      }
      if (limits$ema_decay > 0) steps[[length(steps) + 1]] <- network$layers
    }
    history[epoch] <- total / sum(weights)
  }
  if (length(steps)) network$layers <- reference_average(steps, limits$ema_decay)
  list(network = network, history = history)
}

# The average of the layers after every step, the latest weighing most.
reference_average <- function(steps, decay) {
  share <- decay^(length(steps) - seq_along(steps))
  share <- share / sum(share)
  average <- steps[[1]]
  for (l in seq_along(average)) {
    for (part in c("weight", "bias")) {
      parts <- lapply(steps, function(layers) layers[[l]][[part]])
      average[[l]][[part]] <- Reduce(`+`, Map(`*`, parts, share))
    }
  }
  average
}

# The layers after full-batch steps of Lion (Chen et al. 2023, algorithm 2) on the cross-entropy.
reference_lion <- function(network, x, y, optimizer, steps, penalty) {
  moment <- lapply(network$layers, function(layer) list(weight = 0, bias = 0))
  for (step in seq_len(steps)) {
    gradient <- reference_gradient(network, x, y, "cross_entropy")$gradient
    for (l in seq_along(network$layers)) {
      for (part in c("weight", "bias")) {
        p <- network$layers[[l]][[part]]
        is_weight <- part == "weight"
        g <- gradient[[l]][[part]] + is_weight * penalty * p
        m <- moment[[l]][[part]]
        direction <- sign(optimizer$beta1 * m + (1 - optimizer$beta1) * g)
        decay <- is_weight * optimizer$weight_decay * p
        network$layers[[l]][[part]] <- p - optimizer$learn_rate * (direction + decay)
        moment[[l]][[part]] <- optimizer$beta2 * m + (1 - optimizer$beta2) * g
      }
    }
  }
  lapply(network$layers, `[`, c("weight", "bias"))
}

# Which rows of x stay clear of every kink of the network's activations: nearer to one, rounding
# decides between two one-sided derivatives, both of them right.
clear_of_kinks <- function(network, x, margin = 1e-4) {
  pass <- reference_forward(network, x)
  clear <- rep(TRUE, nrow(x))
  for (l in seq_along(network$layers)) {
    for (kink in reference_activations[[network$layers[[l]]$activation]]$kinks) {
      clear <- clear & rowSums(abs(pass$z[[l]] - kink) < margin) == 0
    }
  }
  clear
}

# Numbers that float32 represents exactly, so that the engine and the reference start alike.
exact_normal <- function(rows, columns, sd = 1) {
  matrix(round(rnorm(rows * columns, sd = sd) * 1024) / 1024, rows, columns)
}

exact_layers <- function(sizes) {
  lapply(seq_len(length(sizes) - 1), function(l) {
    list(
      weight = exact_normal(sizes[l], sizes[l + 1], sqrt(2 / (sizes[l] + sizes[l + 1]))),
      bias = exact_normal(1, sizes[l + 1], 0.1)[1, ]
    )
  })
}

# sizes = c(inputs, hidden units ..., outputs)
exact_network <- function(sizes, activation, init = exact_layers(sizes), ...) {
  hidden <- sizes[-c(1, length(sizes))]
  arguments <- list(sizes[1], hidden, sizes[length(sizes)], init = init, ...)
  do.call(mlp_network, c(arguments, activation_of(hidden, activation)))
}

# The argument `activation`, which is refused without hidden layers.
activation_of <- function(hidden_units, activation) {
  if (length(hidden_units) > 0) list(activation = activation)
}

# The largest error of each array in a list of (lists of) arrays, relative to the largest magnitude
# in the expected array or, with `elementwise`, to each of its values; Inf where shapes differ.
relative_errors <- function(actual, expected, elementwise = FALSE) {
  if (is.list(expected)) {
    if (length(actual) != length(expected)) return(Inf)
    return(unlist(Map(relative_errors, actual, expected, elementwise)))
  }
  same_shape <- identical(dim(actual), dim(expected)) && length(actual) == length(expected)
  if (!same_shape || length(expected) == 0) return(Inf)
  error <- abs(actual - expected) / if (elementwise) abs(expected) else max(abs(expected))
  max(ifelse(actual == expected, 0, error))
}

expect_close <- function(actual, expected, tolerance = 1e-5, elementwise = FALSE, info = "") {
  errors <- relative_errors(actual, expected, elementwise)
  text <- toString(paste(names(errors), signif(errors, 2)))
  expect(isTRUE(all(errors <= tolerance)), sprintf("%s: relative errors of %s", info, text))
}
