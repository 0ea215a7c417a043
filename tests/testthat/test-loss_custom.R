squared <- loss_custom(function(output, target) {
  list(value = rowMeans((output - target)^2), gradient = 2 * (output - target) / ncol(output))
})

softmax_loss <- loss_custom(target = "classes", function(output, target) {
  own <- cbind(seq_along(target), target)
  p <- softmax(output)
  list(value = -log(p[own]), gradient = replace(p, own, p[own] - 1))
})

custom_fit <- function(..., threads = 2, epochs = 2) {
  set.seed(1)
  mlp_fit(..., threads = threads, epochs = epochs, verbose = FALSE)
}

test_that("a loss of one's own trains like the engine's", {
  set.seed(2)
  x <- matrix(rnorm(1500 * 40), 1500)
  y <- cbind(-x[, 1], x[, 2] * x[, 3])
  settings <- list(x, y, hidden_units = c(100, 20), batch_size = 1200, validation = 0.2,
                   optimizer = opt_sgd(0.05), weights = runif(1500))
  own <- do.call(custom_fit, c(settings, list(loss = squared)))
  engine <- do.call(custom_fit, c(settings, list(loss = "squared")))
  expect_equal(coef(own), coef(engine), tolerance = 1e-5)
  loss <- function(fit) fit$history$value[fit$history$metric == "loss"]
  expect_equal(loss(own), loss(engine), tolerance = 1e-6)
  alone <- do.call(custom_fit, c(settings, list(loss = squared), threads = 1))
  expect_identical(coef(alone), coef(own))
  expect_equal(predict(own, x), predict(engine, x), tolerance = 1e-4)
  expect_null(own$outcome$loss$fn)
  expect_null(own$arguments$loss$fn)
  classes <- custom_fit(iris_x, iris$Species, loss = softmax_loss, hidden_units = 5)
  known <- custom_fit(iris_x, iris$Species, hidden_units = 5)
  expect_equal(coef(classes), coef(known), tolerance = 1e-5)
  expect_equal(predict(classes, iris_x, type = "prob"), predict(known, iris_x, type = "prob"),
               tolerance = 1e-5)
})

test_that("its value and gradient are those of the function", {
  network <- mlp_network(4, 5, 2)
  y <- iris_x[, 1:2]
  expect_equal(mlp_gradient(network, iris_x, y, squared), mlp_gradient(network, iris_x, y, "squared"),
               tolerance = 1e-6)
  expect_equal(loss_value(c(1, 2), c(0, 5), squared, weights = c(3, 1)), 3)
  pair <- loss_custom(outputs = 2, function(output, target) {
    list(value = output[, 1] * target[, 1] + output[, 2]^2, gradient = cbind(target, 2 * output[, 2]))
  })
  expect_equal(loss_gradient(cbind(1, 3), 5, pair), cbind(5, 6))
  fit <- small_fit(iris_x, -iris_x[, 1], loss = pair, optimizer = opt_sgd(1e-4))
  expect_named(predict(fit, iris_x, type = "raw"), c(".raw_1", ".raw_2"))
  expect_identical(predict(fit, iris_x)$.pred, predict(fit, iris_x, type = "raw")$.raw_1)
})

test_that("what a function does wrong ends training with an error", {
  returning <- function(value) loss_custom(function(output, target) value(output))
  good <- function(output) rep(0, nrow(output))
  fit <- function(value) custom_fit(iris_x, -iris$Petal.Width, loss = returning(value), hidden_units = 3)
  expect_conditions({
    fit(function(output) stop("my mistake"))
    fit(function(output) 1)
    fit(function(output) list(value = 1, gradient = output))
    fit(function(output) list(value = "a", gradient = output))
    fit(function(output) list(value = good(output), gradient = t(output)))
    fit(function(output) list(value = good(output) + NaN, gradient = output))
    fit(function(output) list(value = good(output), gradient = output + Inf))
    loss_value(c(1, 2), c(1, 2), returning(function(output) stop("my mistake")))
    mlp_gradient(mlp_network(4, 2, 1), iris_x, 1:150, returning(function(output) NULL))
    mlp_fit(iris_x, -iris$Petal.Width, loss = softmax_loss)
    mlp_fit(iris_x, iris$Species, loss = returning(function(output) NULL))
    mlp_fit(iris_x, iris_x > 1, loss = softmax_loss)
    loss_custom(1)
    loss_custom(function(output, target) output, "classes", 2)
    mlp_fit(iris_x, 1:150, loss = "custom")
  })
})

test_that("a training that diverges keeps the last finite epoch", {
  calls <- 0
  failing <- function(what) {
    calls <<- 0
    loss_custom(function(output, target) {
      calls <<- calls + 1
      result <- list(value = rowMeans((output - target)^2), gradient = 2 * (output - target))
      if (calls == 25) result[[what]] <- result[[what]] + Inf
      result
    })
  }
  for (what in c("value", "gradient")) {
    expect_warning(
      fit <- mlp_fit(iris_x, -iris$Petal.Width, loss = failing(what), batch_size = 15, epochs = 5,
                     hidden_units = 3, verbose = FALSE, preset = "plain", learn_rate = 0.001),
      "where `loss` is not finite", class = "fastmlp_warning_diverged"
    )
    expect_identical(fit$training$kept_epoch, 2L)
    expect_true(all(is.finite(unlist(coef(fit)))))
  }
})

test_that("a function that is left by a restart is told of as such", {
  calls <- 0
  leaving <- function(at) loss_custom(function(output, target) {
    calls <<- calls + 1
    if (calls >= at) invokeRestart("abort")
    list(value = rowMeans((output - target)^2), gradient = 2 * (output - target))
  })
  expect_error(loss_value(1:3, 1:3, leaving(1)), "left by a restart", class = "fastmlp_error_loss")
  calls <- 0
  expect_error(small_fit(mpg ~ wt, mtcars, loss = leaving(4), optimizer = opt_sgd(1e-6)), "left by a restart",
               class = "fastmlp_error_loss")
})

test_that("an interrupt inside ends training with the weights so far", {
  calls <- 0
  interrupted <- loss_custom(function(output, target) {
    calls <<- calls + 1
    if (calls == 25) rlang::interrupt()
    list(value = rowMeans((output - target)^2), gradient = 2 * (output - target))
  })
  expect_warning(
    fit <- mlp_fit(iris_x, -iris$Petal.Width, loss = interrupted, batch_size = 15, epochs = 5,
                   hidden_units = 3, verbose = FALSE),
    class = "fastmlp_warning_interrupted"
  )
  expect_identical(fit$training$kept_epoch, 2L)
  expect_identical(fit$training$stopped, "interrupted")
})
