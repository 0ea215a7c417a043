test_that("opt_sgd() checks and keeps its settings", {
  optimizer <- opt_sgd(0.05, momentum = 0.9, nesterov = TRUE, weight_decay = 1e-3)
  expect_s3_class(optimizer, "fastmlp_optimizer")
  expect_identical(
    unclass(optimizer),
    list(name = "sgd", learn_rate = 0.05, momentum = 0.9, nesterov = TRUE, weight_decay = 1e-3)
  )
})

test_that("opt_adam() and opt_adamw() check and keep their settings", {
  adam <- list(name = "adam", learn_rate = 0.01, beta1 = 0.8, beta2 = 0.9, epsilon = 1e-6)
  expect_identical(unclass(opt_adam(0.01, 0.8, 0.9, 1e-6)), adam)
  expect_identical(
    unclass(opt_adamw(0.01, 0.8, 0.9, 1e-6, weight_decay = 0.1)),
    c(list(name = "adamw"), adam[-1], weight_decay = 0.1)
  )
})

test_that("optimizers print in one line", {
  expect_snapshot({
    print(opt_sgd())
    print(opt_adam())
    print(opt_adamw())
  })
})

test_that("bad settings are refused", {
  expect_conditions({
    opt_sgd(0)
    opt_sgd(Inf)
    opt_sgd(momentum = 1)
    opt_sgd(nesterov = NA)
    opt_sgd(nesterov = TRUE)
    opt_sgd(weight_decay = -1)
    opt_adam(0)
    opt_adam(beta1 = 1)
    opt_adam(beta2 = -0.1)
    opt_adam(epsilon = 0)
    opt_adamw(weight_decay = Inf)
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

test_that("Adam's steps do not grow with the gradient", {
  x <- matrix(c(1, 2, 3, 4), 2)
  start <- list(list(weight = matrix(c(0.5, -0.25)), bias = 0.125))
  step <- function(scale) {
    fit <- mlp_fit(
      x, scale * c(1, -1), hidden_units = integer(), init = start, epochs = 1, batch_size = 2,
      optimizer = opt_adam(0.01), verbose = FALSE
    )
    as.vector(abs(coef(fit)[[1]]$weight - start[[1]]$weight))
  }
  expect_equal(step(1), c(0.01, 0.01), tolerance = 1e-5)
  expect_equal(step(1e4), step(1), tolerance = 1e-5)
})

test_that("Adam with numbers too small for float32's normal range stays exact and finite", {
  # Gradients of dead units leave moments that decay for ever; they may end at zero, never at NaN.
  dead <- list(list(weight = matrix(-1, 2, 3), bias = rep(-1, 3)), list(weight = matrix(1, 3, 1), bias = 0))
  fit <- mlp_fit(matrix(1:4, 2), c(0, 1), hidden_units = 3, init = dead, epochs = 3000, batch_size = 2,
                 optimizer = opt_adam(0.01), verbose = FALSE)
  expect_equal(coef(fit)[[1]], dead[[1]], ignore_attr = TRUE, tolerance = 0)
  expect_equal(unname(coef(fit)[[2]]$bias), 0.5, tolerance = 1e-3)
})
