lbfgs_fit <- function(x, y, ..., hidden_units = integer(), epochs = 200, optimizer = opt_lbfgs()) {
  set.seed(1)
  mlp_fit(x, y, ..., hidden_units = hidden_units, epochs = epochs, optimizer = optimizer,
          verbose = FALSE)
}

# Slopes, then the intercept.
line_of <- function(fit) as.vector(unlist(coef(fit)))

car_x <- scale(as.matrix(mtcars[c("wt", "hp", "qsec")]))

losses_of <- function(fit, set = "train") {
  history <- fit$history
  history$value[history$set == set & history$metric == "loss"]
}

test_that("L-BFGS finds lm()'s coefficients, with case weights too", {
  weights <- rep(c(0.5, 1, 3, 0), 8)
  for (w in list(NULL, weights)) {
    fit <- lbfgs_fit(car_x, mtcars$mpg, weights = w)
    expected <- coef(lm(mtcars$mpg ~ car_x, weights = w))
    expect_equal(line_of(fit), unname(expected[c(2:4, 1)]), tolerance = 1e-3)
    expect_identical(fit$training$stopped, "converged")
  }
})

test_that("L-BFGS finds glm()'s coefficients", {
  x <- car_x[, 1:2]
  fit <- lbfgs_fit(x, factor(mtcars$am), loss = "binary_cross_entropy")
  expected <- coef(glm(mtcars$am ~ x, binomial))
  expect_equal(line_of(fit), unname(expected[c(2:3, 1)]), tolerance = 1e-3)
})

test_that("the penalty belongs to the objective, for weights only", {
  fit <- lbfgs_fit(car_x, mtcars$mpg, penalty = 0.5)
  # mean((y - a - x b)^2) + penalty / 2 * sum(b^2)
  n <- nrow(car_x)
  slope <- solve(crossprod(car_x) + n * 0.5 / 2 * diag(3), crossprod(car_x, mtcars$mpg))
  expect_equal(line_of(fit), c(slope, mean(mtcars$mpg)), tolerance = 1e-3)
  residuals <- mtcars$mpg - predict(fit, car_x)$.pred
  expect_equal(tail(losses_of(fit), 1), mean(residuals^2), tolerance = 1e-5) # without the penalty
})

test_that("epochs are the iterations of stats::optim()", {
  network <- exact_network(c(3, 4, 1), "tanh")
  start <- coef(network)
  y <- as.vector(scale(mtcars$mpg))
  # The same by optim() itself, on the gradient that users see.
  at <- function(par) {
    network$layers <- Map(function(layer, values) utils::modifyList(layer, values), network$layers,
                          utils::relist(par, start))
    mlp_gradient(network, car_x, y)
  }
  by_optim <- function(iterations) {
    found <- stats::optim(
      unlist(start), function(par) at(par)$loss, function(par) unlist(at(par)$gradient),
      method = "L-BFGS-B", control = list(lmm = 7, maxit = iterations - 1, factr = 0)
    )
    found$value
  }
  optimizer <- opt_lbfgs(memory = 7, tolerance = 0)
  fit <- lbfgs_fit(car_x, y, hidden_units = 4, activation = "tanh", init = start, epochs = 12,
                   optimizer = optimizer)
  expect_identical(fit$training$stopped, "finished")
  expect_equal(losses_of(fit), vapply(1:12, by_optim, 1), tolerance = 1e-4)
  expect_false(is.unsorted(rev(losses_of(fit)), strictly = TRUE))
  expect_equal(mlp_gradient(fit$network, car_x, y)$loss, losses_of(fit)[12], tolerance = 1e-6)
})

test_that("L-BFGS gets further than gradient descent with the same passes", {
  fit <- function(...) lbfgs_fit(iris_x, iris$Species, hidden_units = 5, activation = "tanh",
                                 standardize = "zscore", penalty = 1e-3, ...)
  by_lbfgs <- fit(epochs = 60)
  by_sgd <- fit(epochs = 200, optimizer = opt_sgd(0.5), batch_size = Inf)
  expect_lt(tail(losses_of(by_lbfgs), 1), 0.8 * tail(losses_of(by_sgd), 1))
  expect_gt(tail(by_lbfgs$history$value, 1), 0.97) # accuracy
})

test_that("patience keeps the iteration of least validation loss", {
  set.seed(2)
  x <- matrix(rnorm(600), 100)
  y <- factor(sample(rep(c("a", "b"), 50)))
  fit <- lbfgs_fit(x, y, hidden_units = 30, validation = 0.4, patience = 4)
  validation <- losses_of(fit, "validation")
  expect_identical(fit$training$stopped, "stopped")
  expect_identical(fit$training$kept_epoch, which.min(validation))
  expect_identical(fit$training$epochs, fit$training$kept_epoch + 4L)
  # Without patience the last one is kept; the validation rows are the same.
  last <- lbfgs_fit(x, y, hidden_units = 30, validation = 0.4, epochs = fit$training$epochs)
  expect_identical(losses_of(last, "validation"), validation)
  expect_identical(last$training$kept_epoch, last$training$epochs)
  again <- lbfgs_fit(x, y, hidden_units = 30, validation = 0.4, epochs = fit$training$kept_epoch)
  expect_identical(coef(again), coef(fit))
})

test_that("one row a measure, many rows, several passes", {
  set.seed(3)
  x <- matrix(rnorm(5000), 2500)
  y <- sin(x[, 1]) + x[, 2]^2
  fit <- lbfgs_fit(x, y, hidden_units = 12, activation = "tanh", validation = list(x = x, y = y),
                   epochs = 30)
  expect_identical(nrow(fit$history), 4L * fit$training$epochs)
  expect_equal(losses_of(fit), losses_of(fit, "validation"), tolerance = 1e-6)
  expect_lt(tail(losses_of(fit), 1), 0.05 * var(y))
  expect_identical(fit$training$rows, 2500L)
})

test_that("an objective that is not finite ends training with a warning", {
  far <- list(list(weight = matrix(3e38), bias = 0))
  expect_warning(
    fit <- lbfgs_fit(matrix(c(1e3, 2e3, 3e3)), c(1, 5, 2), init = far),
    class = "fastmlp_warning_diverged"
  )
  expect_identical(fit$training$kept_epoch, 0L)
  expect_equal(coef(fit)[[1]]$weight, far[[1]]$weight, ignore_attr = TRUE)
  expect_identical(nrow(fit$history), 0L)
  info <- list(type = "class", loss = loss_cross_entropy())
  expect_conditions({
    warn_of_end(list(stopped = "diverged", kept_epoch = 2L, epochs = 2L),
                list(optimizer = opt_lbfgs(), standardize = "none"), info, NULL)
    warn_of_end(list(stopped = "diverged", kept_epoch = 0L, epochs = 0L),
                list(optimizer = opt_lbfgs(), standardize = "zscore"), info, NULL)
  })
})

test_that("an interrupt keeps the iterations so far", {
  network <- mlp_network(3, 4, 1, "tanh")
  outcome <- as_outcome(mtcars$mpg, NULL, "y", NULL, mtcars)
  settings <- utils::modifyList(
    plain_settings(),
    list(epochs = 5L, optimizer = opt_lbfgs(), batch_size = Inf, verbose = FALSE)
  )
  sets <- training_sets(car_x, outcome, NULL, list(kind = "none"), NULL)
  options <- engine_options(settings, outcome$info$loss, 32L, 1:2, list(judged = FALSE, pause = FALSE))
  closed <- 0
  reporter <- list(
    update = function(status) if (status$epoch == 3L) rlang::interrupt(),
    close = function() closed <<- closed + 1
  )
  result <- run_lbfgs(list(start = function() network, sets = sets, options = options, reporter = reporter))
  expect_identical(result$ended, "interrupted")
  expect_identical(closed, 1)
  expect_identical(result$kept_epoch, 3L)
  expect_length(result$history$train_loss, 3)
  network$layers <- result$network
  loss <- mlp_gradient(network, car_x, matrix(mtcars$mpg))$loss
  expect_equal(loss, result$history$train_loss[3], tolerance = 1e-6)
})

test_that("where the time goes can be told, and closed objectives are refused", {
  expect_message(
    fit <- mlp_fit(car_x, mtcars$mpg, hidden_units = 4, optimizer = opt_lbfgs(), epochs = 5, verbose = 2),
    class = "fastmlp_message_profile"
  )
  expect_gt(sum(fit$training$profile$seconds), 0)
  expect_lte(sum(fit$training$profile$seconds), 1.1 * fit$training$step_seconds)
  network <- mlp_network(3, integer(), 1)
  data <- list(x = car_x, target = matrix(mtcars$mpg), weights = NULL, rows = NULL)
  options <- list(loss = list(name = "squared", parameter = 0), threads = NA_integer_, profile = FALSE)
  objective <- .Call(fastmlp_objective_open, network$layers, data, NULL, NULL, options)
  expect_error(.Call(fastmlp_objective_at, objective, c(1, 2)), "length 4")
  expect_null(.Call(fastmlp_objective_validate, objective, as.double(1:4)))
  .Call(fastmlp_objective_close, objective, as.double(1:4))
  expect_error(.Call(fastmlp_objective_at, objective, as.double(1:4)), "closed")
})

test_that("networks whose curvature would not fit into memory are refused", {
  withr::local_options(fastmlp.memory = 1e6)
  expect_no_error(small_fit(car_x, mtcars$mpg, hidden_units = 1000, optimizer = opt_sgd(1e-6)))
  expect_error(
    small_fit(car_x, mtcars$mpg, hidden_units = 1000, batch_size = Inf, optimizer = opt_lbfgs()),
    class = "fastmlp_error_size"
  )
})

test_that("a search that fails where there is a lower loss is told of, one that fails by rounding is not", {
  set.seed(3)
  x <- matrix(rnorm(400), 100)
  z <- x[, 1] * exp(x[, 2])
  for (scale in c(1e17, 1e25)) {
    expect_warning(fit <- lbfgs_fit(x, z * scale, epochs = 5), class = "fastmlp_warning_stuck")
    expect_identical(fit$training$stopped, "stuck")
    expect_identical(fit$training$kept_epoch, 0L)
  }
  expect_warning(
    lbfgs_fit(x, 1e9 * (5 + x[, 1]), hidden_units = 5, activation = "tanh", epochs = 200),
    class = "fastmlp_warning_stuck"
  )
  expect_output(print(fit), "on 1 thread, stuck", fixed = TRUE)
  expect_no_warning(fit <- lbfgs_fit(x, z * scale, epochs = 5, standardize_outcome = TRUE))
  expect_gt(fit$training$epochs, 0)
  # From a minimum no search finds anything lower.
  least <- lbfgs_fit(x, z, epochs = 1000, optimizer = opt_lbfgs(tolerance = 0))
  expect_no_warning(
    again <- lbfgs_fit(x, z, epochs = 5, init = coef(least), optimizer = opt_lbfgs(tolerance = 0))
  )
  expect_identical(again$training$stopped, "converged")
  expect_identical(again$training$epochs, 0L)
  wrong <- loss_custom(function(output, target) {
    list(value = rowMeans((output - target)^2), gradient = 2 * (target - output))
  })
  expect_conditions({
    lbfgs_fit(x, z * 1e17, epochs = 5, standardize = "zscore")
    lbfgs_fit(x, z, epochs = 5, loss = wrong)
    warn_of_end(list(stopped = "stuck", kept_epoch = 2L, epochs = 2L),
                list(optimizer = opt_lbfgs(), standardize = "zscore"),
                list(type = "class", loss = loss_cross_entropy()), NULL)
  })
})

test_that("a team and one thread that take turns come to the same, of sparse rows and validation, too", {
  skip_if_not_installed("Matrix")
  set.seed(8)
  x <- Matrix::rsparsematrix(900, 300, density = 0.2)
  y <- as.vector(as.matrix(x) %*% rnorm(300))
  fit <- function(threads) {
    set.seed(9)
    lbfgs_fit(x, y, hidden_units = c(160, 40), activation = "tanh", epochs = 8, validation = 0.3,
              threads = threads)
  }
  one <- fit(1)[c("network", "history")]
  expect_identical(fit(2)[c("network", "history")], one)
  hold_teams()
  expect_identical(fit(2)[c("network", "history")], one)
})
