test_that("what to do about divergence leaves out what would be refused", {
  counts <- rep(c(0, 1e4), 20)
  warning <- expect_warning(
    mlp_fit(matrix(seq_len(40) * 10), counts, loss = "poisson", preset = "plain", learn_rate = 10,
            hidden_units = 3, epochs = 20, verbose = FALSE),
    class = "fastmlp_warning_diverged"
  )
  expect_match(conditionMessage(warning), "standardize = \"zscore\"")
  expect_no_match(conditionMessage(warning), "standardize_outcome")
})

test_that("a squared error beyond all use is told of, though it is finite", {
  rows <- data.frame(y = c(1, 3, 2, 4), x = c(2, 1, 4, 3))
  fit <- function(optimizer, ...) {
    set.seed(1)
    mlp_fit(y ~ x, rows, preset = "plain", hidden_units = 8, optimizer = optimizer, ...)
  }
  wild <- opt_adam(1e5)
  expect_warning(grown <- fit(wild, epochs = 3), "ended with a loss of .* where it began with [0-9]",
                 class = "fastmlp_warning_diverged")
  expect_identical(grown$training$stopped, "finished")
  expect_warning(fit(wild, epochs = 3, standardize_outcome = TRUE), class = "fastmlp_warning_diverged")
  expect_warning(fit(wild, epochs = 3, ensemble = 2), class = "fastmlp_warning_diverged")
  expect_warning(fit(wild, epochs = 3, validation = c(FALSE, FALSE, FALSE, TRUE)), "ended with a loss of")
  expect_no_warning(fit(opt_sgd(1e-6)))
})

test_that("a loss that falls is not called diverged, however far it is from the best", {
  rows <- data.frame(x = seq_len(20) / 20)
  rows$y <- 1e6 + rows$x
  slow <- function(formula, ...) {
    mlp_fit(formula, rows, preset = "plain", hidden_units = 2, epochs = 3, optimizer = opt_sgd(1e-9), ...)
  }
  expect_no_warning(slow(y ~ x))
  rows$tiny <- rows$x * 1e-5
  expect_no_warning(slow(tiny ~ x + offset(1e8 * x)))
  expect_no_warning(mlp_fit(tiny ~ x, rows, preset = "plain", hidden_units = 8, epochs = 3,
                            optimizer = opt_adam()))
  huge <- list(list(weight = matrix(1e4, 1, 2), bias = c(0, 0)), list(weight = matrix(1e4, 2, 1), bias = 0))
  expect_no_warning(mlp_fit(x ~ I(2 * x), rows, preset = "plain", hidden_units = 2, init = huge,
                            optimizer = opt_sgd(1e-30)))
})

test_that("an infinite loss of validation rows is told as that", {
  x <- matrix(seq_len(40) / 40)
  far <- list(x = matrix(1e25), y = 1)
  warning <- expect_warning(
    fit <- mlp_fit(x, sin(x[, 1]), preset = "plain", hidden_units = integer(), validation = far, epochs = 3,
                   optimizer = opt_adam(1e-10)),
    "in epoch 1 the loss of the validation rows was not finite", class = "fastmlp_warning_diverged"
  )
  expect_match(conditionMessage(warning), "see whether rows to validate on lie far")
  expect_identical(fit$training$kept_epoch, 0L)
})

test_that("an interrupt with patience tells which weights are kept", {
  expect_warning(
    warn_of_end(list(stopped = "interrupted", kept_epoch = 2L, epochs = 9L), list(), list(), NULL),
    "after 9 epochs; the weights of epoch 2 are kept"
  )
  expect_warning(
    warn_of_end(list(stopped = "interrupted", kept_epoch = 9L, epochs = 9L), list(), list(), NULL),
    "after 9 epochs; the weights so far are kept"
  )
})
