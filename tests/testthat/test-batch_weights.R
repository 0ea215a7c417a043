# Batch normalisation counts rows by their case weights: against rows repeated, and plain R.

weighted_data <- function(rows, inputs = 5) {
  set.seed(31)
  x <- exact_normal(rows, inputs)
  list(x = x, number = x[, 1] + exact_normal(rows, 1, 0.2)[, 1], class = factor(sample.int(3, rows, TRUE)))
}

batch_fit <- function(x, y, weights = NULL, ..., hidden_units = 7, epochs = 8, batch_size = Inf,
                      learn_rate = 0.05) {
  mlp_fit(x, y, weights = weights, ..., preset = "plain", hidden_units = hidden_units, epochs = epochs,
          batch_size = batch_size, normalization = "batch", standardize = "none", shuffle = FALSE,
          validation = 0, optimizer = opt_sgd(learn_rate, momentum = 0.5), verbose = FALSE)
}

# ---- rows repeated ----

furthest <- function(a, b) {
  numbers <- function(x) rapply(x, function(part) if (is.numeric(part)) part, how = "unlist")
  max(abs(numbers(a) - numbers(b)))
}

test_that("a whole case weight is that many rows, in coefficients and running statistics", {
  data <- weighted_data(60)
  weights <- rep(c(1, 2, 3, 0), 15)
  repeated <- rep(1:60, weights)
  cases <- list(
    list(loss = "squared", hidden_units = 7, activation = "tanh"),
    list(loss = "cross_entropy", hidden_units = c(20, 33), activation = "gelu", ema_decay = 0.7),
    list(loss = "absolute", hidden_units = c(16, 16, 16), activation = "silu", residual = TRUE),
    list(loss = "huber", hidden_units = c(18, 5), activation = "selu", clip_norm = 0.5)
  )
  for (case in cases) {
    y <- if (case$loss == "cross_entropy") data$class else data$number
    set.seed(32)
    case$init <- coef(mlp_network(5, case$hidden_units, if (is.factor(y)) 3 else 1, case$activation))
    fit <- function(rows, weights) {
      do.call(batch_fit, c(list(data$x[rows, ], y[rows], weights), case))
    }
    of_rows <- fit(repeated, NULL)
    weighted <- fit(1:60, weights)
    expect_lt(furthest(coef(weighted), coef(of_rows)), 2e-6, label = case$loss)
    expect_equal(weighted$history$value, of_rows$history$value, tolerance = 2e-6, info = case$loss)
    unweighted <- fit(1:60, NULL)
    variance <- function(fit) coef(fit)[[1]]$norm$variance
    expect_gt(max(abs(variance(unweighted) - variance(weighted))), 1e-3)
    # Rows of weight 0 have no share.
    some <- weights > 0
    expect_lt(furthest(coef(fit(which(some), weights[some])), coef(weighted)), 2e-6, label = case$loss)
  }
})

test_that("optimizers that make much of small gradients agree, too: biases before the normalisation stay", {
  data <- weighted_data(60)
  repeated <- rep(1:60, each = 2)
  fit <- function(rows, weights, ...) {
    set.seed(36)
    mlp_fit(data$x[rows, ], data$number[rows], weights = weights, preset = "plain", hidden_units = c(9, 4),
            normalization = "batch", epochs = 15, verbose = FALSE, ...)
  }
  biases <- function(fit) unlist(lapply(coef(fit)[1:2], `[[`, "bias"))
  for (optimizer in list(opt_adam(0.01), opt_rmsprop(0.01), opt_rprop(), opt_lion(0.001))) {
    weighted <- fit(1:60, rep(2, 60), optimizer = optimizer, batch_size = Inf)
    expect_true(all(biases(weighted) == 0))
    of_rows <- fit(repeated, NULL, optimizer = optimizer, batch_size = Inf)
    expect_lt(furthest(coef(weighted), coef(of_rows)), 5e-6, label = format(optimizer))
  }
  # Over several passes a step, and where the update waits for all of the gradient.
  expect_true(all(biases(fit(rep(1:60, 40), NULL, optimizer = opt_adam(), batch_size = 2000)) == 0))
  expect_true(all(biases(fit(1:60, NULL, optimizer = opt_adam(), batch_size = 16, clip_norm = 1)) == 0))
})

test_that("class weights are case weights to batch normalisation", {
  data <- weighted_data(90)
  fit <- function(...) {
    set.seed(33)
    coef(batch_fit(data$x, data$class, ...))
  }
  by_class <- fit(class_weights = c("1" = 1, "2" = 2, "3" = 4))
  expect_identical(by_class, fit(weights = c(1, 2, 4)[data$class]))
  expect_false(identical(by_class, fit()))
})

test_that("equal weights are no weights, bit for bit, in every batch", {
  data <- weighted_data(70)
  for (batch_size in c(32, Inf)) {
    fit <- function(weights) {
      set.seed(34)
      coef(batch_fit(data$x, data$class, weights, hidden_units = c(20, 20), batch_size = batch_size))
    }
    expect_identical(fit(rep(1, 70)), fit(NULL))
    expect_identical(fit(rep(0.3, 70)), fit(NULL))
  }
})

# ---- statistics ----

# Mean and variance of x W + b over rows that count by these weights.
weighted_moments <- function(layer, x, weights) {
  a <- unname(sweep(x %*% layer$weight, 2, layer$bias, `+`))
  share <- weights / sum(weights)
  mean <- colSums(share * a)
  list(a = a, mean = mean, variance = colSums(share * sweep(a, 2, mean)^2))
}

test_that("running statistics move towards those of the rows that weights stand for", {
  data <- weighted_data(40)
  set.seed(35)
  init <- coef(mlp_network(5, 7, 1))
  # Whole numbers count rows; others do with a mean of 1 over those that are not 0.
  cases <- list(
    list(weights = rep(c(1, 3, 0, 2), 10), rows = 60),
    list(weights = rep(c(0.5, 1.5, 0, 0.25), 10), rows = 30),
    list(weights = rep(c(1e-3, 5e-4), 20), rows = 40), list(weights = c(0.6, 0.4, numeric(38)), rows = 2)
  )
  for (case in cases) {
    fit <- batch_fit(data$x, data$number, case$weights, init = init, epochs = 1)
    moments <- weighted_moments(init[[1]], data$x, case$weights)
    norm <- coef(fit)[[1]]$norm
    expect_equal(unname(norm$mean), moments$mean / 10, tolerance = 1e-5)
    unbiased <- moments$variance * case$rows / (case$rows - 1)
    expect_equal(unname(norm$variance), 0.9 + unbiased / 10, tolerance = 1e-5)
  }
  # Members of an ensemble, which choose from rows that are read once; weights stay where they began.
  for (case in cases) {
    both <- batch_fit(data$x, data$number, case$weights, ensemble = 2, learn_rate = 1e-12, epochs = 1)
    for (layers in coef(both)) {
      moments <- weighted_moments(layers[[1]], data$x, case$weights)
      unbiased <- moments$variance * case$rows / (case$rows - 1)
      expect_equal(unname(layers[[1]]$norm$variance), 0.9 + unbiased / 10, tolerance = 1e-5)
    }
  }
})

test_that("a block whose weights are all 0 counts each of its rows once", {
  data <- weighted_data(64)
  set.seed(37)
  init <- coef(mlp_network(5, 7, 1))
  fit <- batch_fit(data$x, data$number, rep(0:1, each = 32), init = init, epochs = 1, batch_size = 32)
  first <- weighted_moments(init[[1]], data$x[1:32, ], rep(1, 32))
  # Its gradient is 0, so that the other block meets the same weights.
  second <- weighted_moments(init[[1]], data$x[33:64, ], rep(1, 32))
  norm <- coef(fit)[[1]]$norm
  expect_equal(unname(norm$mean), 0.09 * first$mean + 0.1 * second$mean, tolerance = 1e-5)
  unbiased <- 32 / 31 * (0.09 * first$variance + 0.1 * second$variance)
  expect_equal(unname(norm$variance), 0.81 + unbiased, tolerance = 1e-5)
})

test_that("steps of several passes count each pass by its own weights", {
  data <- weighted_data(2100)
  weights <- rep(c(0, 1, 2.5, 0.5), length.out = 2100)
  fit <- function(...) {
    set.seed(38)
    batch_fit(data$x, data$number, weights, hidden_units = c(20, 20), ...)
  }
  expect_same_for_threads(function(n) fit(epochs = 2, dropout = 0.1, threads = n)$network, 1:2)
  set.seed(38)
  network <- mlp_network(5, c(20, 20), 1)
  first <- fit(epochs = 1, init = coef(network))
  network <- mlp_network(5, c(20, 20), 1, init = coef(network), normalization = "batch")
  losses <- vapply(split(1:2100, (0:2099) %/% 1024), function(rows) {
    piece <- weights[rows]
    loss <- mlp_gradient(network, data$x[rows, ], data$number[rows], weights = piece, training = TRUE)$loss
    sum(piece) * loss
  }, 1)
  expect_equal(first$history$value[1], sum(losses) / sum(weights), tolerance = 1e-5)
})

test_that("the network of the loss and its gradient is that of weighted statistics", {
  data <- weighted_data(30)
  set.seed(39)
  network <- mlp_network(5, 6, 1, "tanh", normalization = "batch")
  for (weights in list(rep(c(0, 1, 2.5), 10), rep(1:2, 15), c(1, numeric(29)))) {
    moments <- weighted_moments(network$layers[[1]], data$x, weights)
    normal <- scale(moments$a, moments$mean, sqrt(moments$variance + 1e-5))
    output <- tanh(normal) %*% network$layers[[2]]$weight
    found <- mlp_gradient(network, data$x, data$number, weights = weights, training = TRUE)
    expect_equal(found$loss, stats::weighted.mean((output - data$number)^2, weights), tolerance = 1e-5)
    expect_true(all(is.finite(unlist(found$gradient))))
  }
  # The gradient of weights is that of rows repeated; differences tell in test-hidden.R.
  weights <- rep(c(0, 1, 3), 10)
  rows <- rep(1:30, weights)
  expect_equal(
    mlp_gradient(network, data$x, data$number, weights = weights, training = TRUE),
    mlp_gradient(network, data$x[rows, ], data$number[rows], training = TRUE), tolerance = 1e-5
  )
})

# ---- threads ----

test_that("weighted statistics are the same on any number of threads, in variants too", {
  data <- weighted_data(333, 60)
  weights <- rep(c(1, 0.5, 0, 2), length.out = 333)
  for (case in list(list(), list(ensemble = 3, share_weights = TRUE), list(dropout = 0.2, ema_decay = 0.9))) {
    expect_same_for_threads(function(n) {
      set.seed(40)
      fit <- do.call(batch_fit, c(case, list(
        data$x, data$class, weights, hidden_units = c(150, 55), epochs = 2, batch_size = 64, threads = n
      )))
      unclass(fit)[c("network", "networks", "history")]
    })
  }
})
