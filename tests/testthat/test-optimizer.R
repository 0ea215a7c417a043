test_that("opt_sgd() checks and keeps its settings", {
  optimizer <- opt_sgd(0.05, momentum = 0.9, nesterov = TRUE, weight_decay = 1e-3)
  expect_s3_class(optimizer, "fastmlp_optimizer")
  expect_identical(
    unclass(optimizer),
    list(name = "sgd", learn_rate = 0.05, momentum = 0.9, nesterov = TRUE, weight_decay = 1e-3)
  )
})

test_that("optimizers print in one line", {
  expect_snapshot(print(opt_sgd()))
})

test_that("bad settings are refused", {
  expect_conditions({
    opt_sgd(0)
    opt_sgd(Inf)
    opt_sgd(momentum = 1)
    opt_sgd(nesterov = NA)
    opt_sgd(nesterov = TRUE)
    opt_sgd(weight_decay = -1)
  })
})

test_that("momentum, penalty and decay act as documented", {
  x <- matrix(c(1, 2, 3, 4), 2)
  y <- c(1, -1)
  start <- list(list(weight = matrix(c(0.5, -0.25)), bias = 0.125))
  rate <- 0.01
  mu <- 0.5
  penalty <- 0.2
  decay <- 0.3
  fit <- mlp_fit(
    x, y, hidden_units = integer(), init = start, epochs = 2, batch_size = 2, shuffle = FALSE,
    penalty = penalty, optimizer = opt_sgd(rate, momentum = mu, weight_decay = decay),
    verbose = FALSE
  )
  w <- start[[1]]$weight
  b <- start[[1]]$bias
  vw <- 0 * w
  vb <- 0
  for (step in 1:2) {
    error <- drop(x %*% w + b - y)
    vw <- mu * vw + crossprod(x, 2 * error / 2) + penalty * w
    vb <- mu * vb + sum(2 * error / 2)
    w <- (1 - rate * decay) * w - rate * vw
    b <- b - rate * vb
  }
  expect_equal(coef(fit)[[1]]$weight, w, tolerance = 1e-6, ignore_attr = TRUE)
  expect_equal(coef(fit)[[1]]$bias, b, tolerance = 1e-6, ignore_attr = TRUE)
})
