# The engine against the double-precision perceptron of helper-reference.R.

sizes_of <- function(inputs, outputs) {
  list(
    linear = c(inputs, outputs), one_unit = c(inputs, 1, outputs), odd = c(17, 13, outputs),
    below_panel = c(15, 15, outputs), panel = c(16, 16, outputs), above_panel = c(17, 17, outputs),
    panels = c(33, 33, 18, outputs), deep = c(5, 7, 16, 3, 31, outputs)
  )
}

# `rows` rows for the network that stay clear of its kinks.
clear_rows <- function(network, rows) {
  x <- exact_normal(2 * rows + 50, network$inputs)
  x[which(clear_of_kinks(network, x))[seq_len(rows)], , drop = FALSE]
}

# A target of each kind, for `numbers` numbers (or classes) a row.
targets_for <- list(
  classes = function(rows, numbers) sample.int(numbers, rows, replace = TRUE),
  ordered = function(rows, numbers) sample.int(numbers + 1, rows, replace = TRUE),
  probability = function(rows, numbers) matrix(rbinom(rows * numbers, 1, 0.5), rows),
  numbers = function(rows, numbers) exact_normal(rows, numbers, 2),
  counts = function(rows, numbers) matrix(rpois(rows * numbers, 2), rows),
  positive = function(rows, numbers) abs(exact_normal(rows, numbers)) + 0.25,
  nonnegative = function(rows, numbers) pmax(exact_normal(rows, numbers), 0)
)

target_for <- function(loss, rows, outputs) {
  loss <- as_loss(loss)
  targets_for[[losses[[loss$name]]$target]](rows, outputs / loss_heads(loss))
}

# Each loss as it comes, and with other settings.
every_loss <- function() {
  c(
    as.list(loss_names()),
    list(
      loss_huber(delta = 0.25), loss_quantile(c(0.1, 0.5, 0.9)), loss_tweedie(power = 1.2),
      loss_negative_binomial(size = 3.5), loss_focal(gamma = 0.5), loss_binary_focal(gamma = 1)
    )
  )
}

# Weights and bias of a layer are held to the layer's largest magnitude: the gradient of a bias
# alone is a sum that may all but cancel.
expect_reference_gradient <- function(network, x, loss = "squared", weights = rep(1, nrow(x)),
                                      info = "") {
  y <- target_for(loss, nrow(x), network$outputs)
  actual <- mlp_gradient(network, x, y, loss, weights, wrt = "input")
  expected <- reference_gradient(network, x, y, loss, weights)
  by_layer <- function(result) {
    list(loss = result$loss, layer = lapply(result$gradient, unlist), input = result$input)
  }
  expect_close(by_layer(actual), by_layer(expected), info = info)
}

test_that("the reference knows every activation and loss", {
  expect_setequal(names(reference_activations), activation_names())
  expect_setequal(names(reference_losses), loss_names())
  expect_setequal(names(targets_for), names(target_kinds))
})

test_that("the reference's gradients are its values' differences", {
  z <- c(-4.1, -2.3, -0.7, -0.2, 0.3, 0.9, 1.7, 3.6)
  for (activation in reference_activations) {
    difference <- (activation$value(z + 1e-5) - activation$value(z - 1e-5)) / 2e-5
    expect_equal(activation$gradient(z), difference, tolerance = 1e-8)
  }
  set.seed(1)
  for (loss in every_loss()) {
    o <- exact_normal(4, 3 * loss_heads(as_loss(loss)))
    y <- target_for(loss, 4, ncol(o))
    value <- function(o) reference_loss(o, y, loss, 1:4)$value
    step <- function(i, h) replace(o, i, o[i] + h)
    difference <- vapply(seq_along(o), function(i) value(step(i, 1e-5)) - value(step(i, -1e-5)), 1)
    expect_equal(c(reference_loss(o, y, loss, 1:4)$gradient), difference / 2e-5, tolerance = 1e-7)
  }
})

test_that("activations and their gradients match the reference, at kinks from either side", {
  x <- c(seq(-12, 12, by = 0.0625), 1e-3, -1e-3)
  for (name in activation_names()) {
    reference <- reference_activations[[name]]
    expect_close(activation_value(x, name), reference$value(x), 2e-6, info = name)
    kink <- x %in% reference$kinks
    gradient <- activation_gradient(x[!kink], name)
    expect_close(gradient, reference$gradient(x[!kink]), 2e-6, info = name)
    for (at in reference$kinks) {
      sides <- range(reference$gradient(at + c(-1e-6, 1e-6)))
      distance <- min(abs(activation_gradient(at, name) - sides))
      expect_lt(distance, 1e-5)
    }
  }
  expect_identical(activation_gradient(0, "relu"), 0)
})

test_that("whole-network gradients match for each activation and awkward widths", {
  for (name in activation_names()) {
    set.seed(2)
    for (size in sizes_of(17, 1)) {
      network <- exact_network(size, name)
      info <- paste(name, paste(size, collapse = "-"))
      expect_reference_gradient(network, clear_rows(network, 29), info = info)
    }
  }
})

test_that("whole-network gradients match for each loss, also with weights and one row", {
  for (loss in every_loss()) {
    set.seed(3)
    for (outputs in c(3, 17)) {
      for (size in sizes_of(3, outputs * loss_heads(as_loss(loss)))) {
        network <- exact_network(size, "tanh")
        x <- clear_rows(network, 21)
        weights <- sample(0:4, 21, replace = TRUE) / 2
        info <- paste(format(loss), paste(size, collapse = "-"))
        expect_reference_gradient(network, x, loss, info = info)
        one_row <- x[1, , drop = FALSE]
        expect_reference_gradient(network, x, loss, weights, paste(info, "weighted"))
        expect_reference_gradient(network, one_row, loss, info = paste(info, "one row"))
      }
    }
  }
})

test_that("gradients add up over several blocks of rows", {
  set.seed(4)
  for (rows in c(1023, 1024, 1025, 2500)) {
    network <- exact_network(c(9, 18, 5, 4), "softplus")
    x <- exact_normal(rows, 9)
    info <- paste(rows, "rows")
    expect_reference_gradient(network, x, "cross_entropy", info = info)
    expect_reference_gradient(network, x, "squared", runif(rows), paste(info, "weighted"))
  }
})

test_that("outputs match for each activation and any number of rows", {
  set.seed(5)
  for (name in activation_names()) {
    network <- exact_network(c(6, 19, 16, 3), name)
    for (rows in c(1, 2, 15, 16, 17, 300, 2500)) {
      x <- exact_normal(rows, 6)
      expect_close(mlp_forward(network, x), reference_forward(network, x)$output, 1e-5, info = name)
    }
  }
})

test_that("layers without activations are one linear layer", {
  set.seed(6)
  network <- exact_network(c(11, 23, 5), "identity")
  hidden <- network$layers[[1]]
  output <- network$layers[[2]]
  x <- exact_normal(100, 11)
  weight <- hidden$weight %*% output$weight
  bias <- drop(hidden$bias %*% output$weight) + output$bias
  expect_close(mlp_forward(network, x), sweep(x %*% weight, 2, bias, `+`))
  single <- mlp_network(11, integer(), 5, init = list(list(weight = weight, bias = bias)))
  expect_close(mlp_forward(network, x), mlp_forward(single, x))
})

test_that("a network's gradient is the chain of the primitives", {
  set.seed(7)
  network <- exact_network(c(7, 18, 3), "gelu")
  layers <- network$layers
  x <- exact_normal(40, 7)
  y <- target_for("cross_entropy", 40, 3)
  z <- dense_forward(x, layers[[1]]$weight, layers[[1]]$bias)
  h <- activation_value(z, "gelu")
  output <- dense_forward(h, layers[[2]]$weight, layers[[2]]$bias)
  above <- dense_backward(h, layers[[2]]$weight, loss_gradient(output, y, "cross_entropy"))
  below <- dense_backward(x, layers[[1]]$weight, above$input * activation_gradient(z, "gelu"))
  whole <- mlp_gradient(network, x, y, "cross_entropy", wrt = "input")
  expect_close(mlp_forward(network, x), output, 1e-6)
  expect_close(whole$loss, loss_value(output, y, "cross_entropy"), 1e-6)
  expect_close(whole$gradient, list(below[c("weight", "bias")], above[c("weight", "bias")]), 2e-6)
  expect_close(whole$input, below$input, 2e-6)
})

# What training on batches in order does, against the reference's loop.
expect_reference_training <- function(size, rows, batch_size, loss = "cross_entropy",
                                      activation = "tanh", optimizer = opt_sgd(0.1), limits = list(),
                                      weights = rep(1, rows), epochs = 4) {
  limits <- utils::modifyList(no_limits, limits)
  set.seed(8)
  network <- exact_network(size, activation)
  x <- exact_normal(rows, size[1])
  y <- target_for(loss, rows, size[length(size)])
  outcome <- switch(
    loss,
    cross_entropy = factor(y, seq_len(size[length(size)])),
    binary_cross_entropy = factor(y[, 1], 0:1),
    y
  )
  settings <- list(
    x, outcome, hidden_units = network$hidden_units, loss = loss, optimizer = optimizer, epochs = epochs,
    batch_size = batch_size, weights = weights, init = network$layers, shuffle = FALSE, verbose = FALSE
  )
  fit <- do.call(mlp_fit, c(settings, limits, activation_of(network$hidden_units, activation)))
  expected <- reference_sgd(network, x, y, loss, optimizer, epochs, batch_size, limits, weights)
  info <- paste(paste(size, collapse = "-"), loss, rows, batch_size, format(list(limits)))
  layers <- lapply(expected$network$layers, `[`, c("weight", "bias"))
  expect_close(lapply(coef(fit), `[`, c("weight", "bias")), layers, 1e-5, info = info)
  history <- fit$history$value[fit$history$metric == "loss"]
  expect_close(history, expected$history, 1e-5, elementwise = TRUE, info = info)
}

test_that("training matches with a partial last batch, one batch, and batches of one", {
  expect_reference_training(c(6, 17, 3), rows = 70, batch_size = 32)
  expect_reference_training(c(6, 17, 3), rows = 33, batch_size = 32)
  expect_reference_training(c(6, 17, 3), rows = 40, batch_size = 40)
  expect_reference_training(c(6, 17, 3), rows = 40, batch_size = 1000)
  expect_reference_training(c(6, 17, 3), rows = 25, batch_size = 1)
  suppressWarnings( # one row makes every column constant
    expect_reference_training(c(6, 17, 3), rows = 1, batch_size = 7, loss = "squared"),
    classes = "fastmlp_warning"
  )
})

test_that("training matches for widths about the panels, depths and large batches", {
  for (units in list(integer(), 1, 15, 16, 17, 33, c(33, 16, 5), c(3, 40, 2, 18))) {
    expect_reference_training(c(19, units, 4), rows = 100, batch_size = 48)
  }
  expect_reference_training(c(5, 33, 20, 3), rows = 2500, batch_size = 2100)
})

test_that("training matches for large layers", {
  for (optimizer in list(opt_sgd(0.1), opt_sgd(0.05, momentum = 0.9))) {
    expect_reference_training(c(784, 256, 10), 64, 32, optimizer = optimizer, epochs = 2)
    expect_reference_training(c(30, 1024, 500, 3), 40, 40, optimizer = optimizer, epochs = 2)
  }
})

test_that("training matches for each loss", {
  expect_reference_training(c(6, 17, 1), 70, 32, "binary_cross_entropy")
  expect_reference_training(c(6, 17, 1), 70, 32, "squared")
  expect_reference_training(c(6, 17, 3), 70, 32, "squared")
  expect_reference_training(c(6, 17, 18), 70, 32, "squared")
  expect_reference_training(c(6, 17, 2), 70, 32, "huber")
  expect_reference_training(c(6, 17, 1), 70, 32, "absolute")
})

test_that("training matches for each smooth activation", {
  kinks <- lengths(lapply(reference_activations, `[[`, "kinks"))
  for (name in setdiff(names(kinks)[kinks == 0], "identity")) {
    expect_reference_training(c(6, 17, 9, 3), 70, 32, activation = name)
  }
})

test_that("training matches with momentum, penalty and decay together", {
  momentum <- opt_sgd(0.05, momentum = 0.8)
  everything <- opt_sgd(0.05, momentum = 0.8, nesterov = TRUE, weight_decay = 0.1)
  expect_reference_training(c(6, 17, 3), 70, 32, optimizer = momentum, limits = list(penalty = 0.1))
  expect_reference_training(c(6, 17, 3), 70, 32, optimizer = everything)
  expect_reference_training(c(6, 17, 3), 70, 32, optimizer = everything,
                            limits = list(penalty = 0.1))
})

test_that("training matches with limits on gradients and weights, and with averages", {
  everything <- list(penalty = 0.05, mixture = 0.4, clip_value = 0.03, clip_norm = 0.2,
                     max_norm = 0.9, ema_decay = 0.8)
  each <- c(
    list(list(penalty = 0.1, mixture = 1), list(penalty = 0.1, mixture = 0.3)),
    lapply(3:6, function(i) everything[i]), list(everything)
  )
  for (limits in each) {
    # A narrow and a wide first layer, without a hidden one, and batches of several passes.
    expect_reference_training(c(6, 17, 20, 3), 70, 32, limits = limits)
    expect_reference_training(c(19, 150, 4), 70, 32, limits = limits)
    expect_reference_training(c(6, 3), 70, 32, limits = limits[names(limits) != "max_norm"])
    expect_reference_training(c(5, 33, 3), 2500, 2100, limits = limits)
  }
})

test_that("training matches with relu", {
  expect_reference_training(c(6, 17, 13, 3), 70, 32, activation = "relu")
})

test_that("training matches with case weights", {
  weights <- rep(c(0.5, 2, 0, 1, 3), length.out = 70)
  expect_reference_training(c(6, 17, 3), 70, 32, weights = weights)
  expect_reference_training(c(6, 17, 2), 70, 32, "squared", weights = weights)
  expect_reference_training(c(6, 5, 3), 20, 1, weights = rep(c(0.5, 2, 3, 1), 5))
})

test_that("only ratios of case weights matter, however small or large", {
  network <- mlp_network(3, 4, 3)
  x <- matrix(seq(-1, 1, length.out = 30), 10)
  y <- rep(1:3, length.out = 10)
  weights <- rep(c(1, 2, 4), length.out = 10)
  expected <- mlp_gradient(network, x, y, "cross_entropy", weights)
  for (scale in c(1e-60, 1e-3, 1e30)) {
    expect_equal(mlp_gradient(network, x, y, "cross_entropy", weights * scale), expected)
  }
})

test_that("small cross-entropies keep their digits", {
  output <- rbind(c(14, 0, 0), c(44, 30, 30))
  exact <- log1p(2 * exp(-14))
  expect_equal(loss_value(output, c(1, 1), "cross_entropy"), exact, tolerance = 0.01)
})
