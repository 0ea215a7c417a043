set.seed(5)
x <- matrix(rnorm(60 * 4), 60)
y <- x[, 1]^2 + x[, 2]

param_fit <- function(..., activation = "mish", hidden_units = c(7, 7), epochs = 3) {
  small_fit(x, y, parametric_activation = TRUE, activation = activation, hidden_units = hidden_units,
            epochs = epochs, ...)
}

# The outputs by the formula, of a network without norms and residuals.
reference_parametric <- function(layers, x) {
  for (layer in layers) {
    x <- sweep(x %*% layer$weight, 2, layer$bias, `+`)
    if (layer$activation == "identity") next # the last
    phi <- activation_value(x, layer$activation)
    x <- x + sweep(phi - x, 2, layer$slope, `*`)
  }
  x
}

test_that("every activation is blended with its input by the share learned", {
  for (activation in setdiff(activation_names(), "identity")) {
    fit <- param_fit(activation = activation, optimizer = opt_sgd(0.01), rate_factors = c(activation = 30))
    layers <- fit$network$layers
    expect_gt(max(abs(unlist(lapply(layers, `[[`, "slope")) - 1)), 1e-4)
    expect_null(layers[[3]]$slope)
    expect_equal(predict(fit, x)$.pred, reference_parametric(layers, x)[, 1], tolerance = 1e-4,
                 info = activation)
  }
})

test_that("the gradient is that of the loss, of slopes and of all below", {
  network <- param_fit(activation = c("tanh", "mish"))$network
  network$layers[[1]]$slope <- seq(-0.5, 1.5, length.out = 7)
  result <- mlp_gradient(network, x, y, wrt = "input")
  half <- mean((reference_parametric(network$layers, x) - y)^2)
  scale <- result$loss / half
  slope_of <- function(change, at, h = 1e-4) {
    value <- function(values) scale * mean((reference_parametric(change(values)$layers, x) - y)^2)
    vapply(seq_along(at), function(i) {
      (value(replace(at, i, at[i] + h)) - value(replace(at, i, at[i] - h))) / (2 * h)
    }, 1)
  }
  for (l in 1:3) {
    for (part in intersect(c("slope", "weight", "bias"), names(network$layers[[l]]))) {
      change <- function(values) {
        network$layers[[l]][[part]][] <- values
        network
      }
      expect_close(as.vector(result$gradient[[l]][[part]]),
                   slope_of(change, as.vector(network$layers[[l]][[part]])), 1e-3, info = paste(l, part))
    }
  }
})

test_that("slopes move by their own rate, without decay or penalty, also where gradients are limited", {
  step <- function(...) param_fit(batch_size = 60, shuffle = FALSE, epochs = 1, ...)
  start <- step(optimizer = opt_sgd(1e-30))$network
  gradient <- mlp_gradient(start, x, y)$gradient
  for (more in list(list(), list(clip_norm = 1e6), list(max_norm = 1e6, ema_decay = 0))) {
    after <- do.call(step, c(list(optimizer = opt_sgd(0.1, weight_decay = 0.3), penalty = 0.1,
                                  rate_factors = c(activation = 0.5)), more))$network
    for (l in 1:2) {
      expect_equal(after$layers[[l]]$slope, 1 - 0.05 * gradient[[l]]$slope, tolerance = 1e-5)
    }
  }
})

test_that("it works with normalisation, residual connections and dropout, at any number of threads", {
  rows <- rep(1:60, 30)
  for (normalization in c("none", "batch", "layer")) {
    expect_same_for_threads(function(threads) {
      set.seed(1)
      fit <- mlp_fit(
        x[rows, ], y[rows], hidden_units = c(300, 300), activation = c("gelu", "relu"), epochs = 1,
        parametric_activation = TRUE, normalization = normalization, residual = TRUE, dropout = 0.2,
        batch_size = 256, optimizer = opt_adam(0.01), threads = threads, verbose = FALSE
      )
      list(coef(fit), predict(fit, x, threads = threads))
    })
    network <- param_fit(normalization = normalization, residual = TRUE)$network
    result <- mlp_gradient(network, x, y)
    for (unit in c(1, 7)) {
      loss <- function(h) {
        network$layers[[2]]$slope[unit] <- network$layers[[2]]$slope[unit] + h
        mlp_gradient(network, x, y)$loss
      }
      expect_equal(result$gradient[[2]]$slope[unit], (loss(1e-2) - loss(-1e-2)) / 2e-2, tolerance = 1e-2)
    }
  }
})

test_that("coef() holds the slopes, which start another fit, and training goes on", {
  fit <- param_fit(optimizer = opt_adam(0.01))
  expect_named(coef(fit)[[1]]$slope, paste0("h1_", 1:7))
  again <- param_fit(init = coef(fit), optimizer = opt_sgd(1e-30), epochs = 1)
  expect_equal(coef(again), coef(fit), tolerance = 1e-6)
  whole <- param_fit(optimizer = opt_adam(0.01), epochs = 6, dropout = 0.1)
  parts <- mlp_continue(param_fit(optimizer = opt_adam(0.01), dropout = 0.1), x, y, epochs = 3)
  expect_identical(coef(parts), coef(whole))
  expect_output(print(fit), "With parametric activations")
  expect_identical(summary(fit)$layers$parameters, c(5L * 7L + 7L, 8L * 7L + 7L, 8L))
})

test_that("slopes are refused where they do not belong", {
  fit <- param_fit()
  given <- coef(fit)
  given[[1]]$slope[] <- 2
  expect_conditions({
    small_fit(x, y, hidden_units = integer(0), parametric_activation = TRUE)
    small_fit(x, y, parametric_activation = "yes")
    small_fit(x, y, rate_factors = c(activation = 2))
    small_fit(x, y, hidden_units = c(7, 7), init = given)
    small_fit(x, y, parametric_activation = TRUE, optimizer = opt_lbfgs())
  })
  fit$network$layers[[1]]$slope <- 1
  expect_error(predict(fit, x), class = "fastmlp_error_model")
})
