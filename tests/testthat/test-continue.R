# A fit without what depends on the clock and on how it was called.
timeless <- function(fit) {
  fit <- unclass(fit)
  fit$training[c("seconds", "step_seconds")] <- NULL
  fit
}


test_that("more epochs are those of an unbroken run, with every optimizer", {
  for (optimizer in every_optimizer()) {
    if (optimizer$name == "lbfgs") next # it cannot go on
    batch_size <- if (optimizer_of(optimizer)$all_rows) Inf else 16
    fit <- function(epochs) {
      small_fit(iris_x, iris$Species, epochs = epochs, optimizer = optimizer, batch_size = batch_size)
    }
    whole <- fit(7)
    first <- fit(3)
    further <- mlp_continue(first, iris_x, iris$Species, epochs = 4)
    expect_identical(timeless(further), timeless(whole), info = format(optimizer))
  }
})

test_that("averages, limits, held rows, patience and preparation go on, too", {
  for (settings in list(
    list(ema_decay = 0.9), list(clip_norm = 0.1, max_norm = 0.5), list(validation = 0.2),
    list(validation = 0.2, patience = 30, ema_decay = 0.5), list(standardize = "zscore"),
    list(shuffle = FALSE), list(hidden_units = integer(), batch_size = 7),
    list(hidden_units = c(8, 8), normalization = "batch", dropout = 0.3, residual = TRUE),
    list(normalization = "layer", ema_decay = 0.8, input_dropout = 0.1, input_noise = 0.1),
    list(normalization = "batch", ema_decay = 0.8, clip_norm = 0.5),
    list(schedule = schedule_cosine(horizon = 7)), list(class_weights = "balanced"),
    list(schedule = schedule_plateau(patience = 1), validation = 1:150 %% 4 == 0),
    list(validation = 0.3, patience = 20, stop_metric = "auc", metrics = "log_loss")
  )) {
    fit <- function(epochs) {
      set.seed(4)
      do.call(mlp_fit, c(list(Species ~ ., iris, epochs = epochs, verbose = FALSE), settings))
    }
    further <- mlp_continue(fit(3), iris, epochs = 4)
    expect_identical(timeless(further), timeless(fit(7)), info = toString(names(settings)))
  }
})

test_that("callbacks are given again, and what they made of the rate is remembered", {
  slower <- list(on_epoch_end = function(state) list(learn_rate_factor = 0.7^state$epoch))
  fit <- function(epochs) {
    set.seed(4)
    mlp_fit(Species ~ ., iris, epochs = epochs, callbacks = slower, verbose = FALSE)
  }
  further <- mlp_continue(fit(3), iris, epochs = 4, callbacks = slower)
  expect_identical(timeless(further), timeless(fit(7)))
  # The history has a rate for all epochs, whenever it changed for the first or the last time.
  for (changes in list(5, 2:3)) {
    slower <- list(on_epoch_begin = function(state) {
      list(learn_rate_factor = if (state$epoch %in% changes) 0.5 else 1)
    })
    further <- mlp_continue(fit(3), iris, epochs = 4, callbacks = slower)
    expect_identical(timeless(further), timeless(fit(7)))
  }
})

test_that("a state or arguments that were changed by hand are refused", {
  fit <- small_fit(iris_x, iris$Species)
  continue <- function(fit) mlp_continue(fit, iris_x, iris$Species, epochs = 2)
  changes <- list(epoch = 1e300, epoch = 1e6, epoch = -3, epoch = 2, steps = -5, steps = 1e17,
                  kept_epoch = 70, improved_epoch = 70, row = -1)
  for (i in seq_along(changes)) {
    changed <- fit
    changed$state$position[[names(changes)[i]]] <- changes[[i]]
    expect_error(continue(changed), "a `state` that does not match", class = "fastmlp_error_model")
  }
  changed <- fit
  changed$state$factor <- NaN
  expect_error(continue(changed), class = "fastmlp_error_model")
  arguments <- list(batch_size = -5, clip_norm = "a", schedule = 3, optimizer = "adam", ema_decay = 7)
  for (arg in names(arguments)) {
    changed <- fit
    changed$arguments[[arg]] <- arguments[[arg]]
    expect_error(continue(changed), sprintf("`%s` must be", arg), class = "fastmlp_error")
  }
  changed <- fit
  changed$arguments$optimizer$learn_rate <- -1
  expect_error(continue(changed), "`optimizer` must be as", class = "fastmlp_error_model")
})

test_that("offsets and losses of the user's are given again", {
  exposure <- log(mtcars$wt)
  counts <- function(epochs) {
    set.seed(4)
    mlp_fit(as.matrix(mtcars[4:6]), mtcars$carb, loss = "poisson", offset = exposure, epochs = epochs,
            optimizer = opt_adam(), standardize = "zscore", validation = 0.2, verbose = FALSE)
  }
  further <- mlp_continue(counts(3), as.matrix(mtcars[4:6]), mtcars$carb, offset = exposure, epochs = 4)
  expect_identical(timeless(further), timeless(counts(7)))
  by_formula <- function(epochs) {
    set.seed(4)
    mlp_fit(carb ~ hp + drat + offset(log(wt)), mtcars, loss = "poisson", epochs = epochs,
            optimizer = opt_adam(), standardize = "zscore", verbose = FALSE)
  }
  further <- mlp_continue(by_formula(3), mtcars, epochs = 4)
  expect_identical(timeless(further), timeless(by_formula(7)))
  own <- loss_custom(function(output, target) {
    error <- output - target
    list(value = rowMeans(error^2), gradient = 2 * error / ncol(output))
  })
  custom <- function(epochs) {
    set.seed(4)
    mlp_fit(iris_x, -iris$Sepal.Width, loss = own, epochs = epochs, optimizer = opt_adam(), verbose = FALSE)
  }
  further <- mlp_continue(custom(3), iris_x, -iris$Sepal.Width, loss = own, epochs = 4)
  expect_identical(timeless(further), timeless(custom(7)))
  expect_conditions({
    mlp_continue(custom(1), iris_x, -iris$Sepal.Width, epochs = 1)
    mlp_continue(custom(1), iris_x, -iris$Sepal.Width, loss = "squared", epochs = 1)
    mlp_continue(counts(1), as.matrix(mtcars[4:6]), mtcars$carb, epochs = 1)
    mlp_continue(by_formula(1), mtcars, offset = exposure, epochs = 1)
    mlp_continue(small_fit(iris_x, iris$Species), iris_x, iris$Species, loss = "focal", epochs = 1)
    mlp_continue(small_fit(iris_x, iris$Species), iris_x, iris$Species, offset = rep(0, 150), epochs = 1)
  })
})

test_that("weights and validation data are given again", {
  weights <- rep(c(1, 2, 0.5), 50)
  valid <- list(x = iris_x[1:150 %% 3 == 0, ], y = iris$Species[1:150 %% 3 == 0])
  fit <- function(epochs) {
    set.seed(4)
    mlp_fit(iris_x, iris$Species, weights = weights, validation = valid, epochs = epochs, verbose = FALSE)
  }
  further <- mlp_continue(fit(3), iris_x, iris$Species, weights = weights, validation = valid, epochs = 4)
  expect_identical(timeless(further), timeless(fit(7)))
  by_formula <- mlp_fit(Species ~ ., iris, validation = iris, epochs = 1)
  expect_identical(mlp_continue(by_formula, iris, epochs = 1, validation = iris)$training$epochs, 2L)
})

test_that("parts of the data come by name or in order, further rows and threads too", {
  fit <- small_fit(iris_x, iris$Species)
  first <- mlp_continue(fit, iris_x, iris$Species, epochs = 1)
  expect_identical(timeless(mlp_continue(fit, y = iris$Species, x = iris_x, epochs = 1)),
                   timeless(first))
  expect_identical(timeless(mlp_continue(fit, y = iris$Species, iris_x, epochs = 1)), timeless(first))
  more <- mlp_continue(fit, rbind(iris_x, iris_x), rep(iris$Species, 2), epochs = 1, threads = 1)
  expect_identical(more$training$rows, 300L)
  expect_identical(more$arguments$threads, 1L)
})

test_that("a chain of continued fits is one run", {
  set.seed(4)
  whole <- small_fit(iris_x, iris$Species, epochs = 6, optimizer = opt_adam())
  set.seed(4)
  fit <- small_fit(iris_x, iris$Species, epochs = 1, optimizer = opt_adam())
  for (i in 1:5) fit <- mlp_continue(unserialize(serialize(fit, NULL)), iris_x, iris$Species, epochs = 1)
  # The environments of a blueprint do not survive a file as the same ones.
  expect_identical(timeless(fit)[c("network", "history", "state", "training", "arguments")],
                   timeless(whole)[c("network", "history", "state", "training", "arguments")])
})

test_that("an epoch that was broken off is completed", {
  set.seed(1)
  x <- matrix(rnorm(3e4), 1e4)
  network <- mlp_network(3, 40, 1)
  set <- list(x = x, target = matrix(x[, 1] * x[, 2]), weights = NULL, rows = NULL)
  for (batch_size in c(16L, 3000L)) {
    options <- plain_options(default_loss(1), 1e4, optimizer = opt_adam(), epochs = 12L,
                             batch_size = batch_size, ema_decay = 0.9)
    open <- function(layers, state) {
      .Call(fastmlp_train_open, layers, set, NULL, NULL, options, state)
    }
    unbroken <- open(network$layers, NULL)
    .Call(fastmlp_train_advance, unbroken, 60)
    expected <- .Call(fastmlp_train_close, unbroken)
    layers <- network$layers
    state <- NULL
    rows <- numeric()
    losses <- numeric()
    repeat {
      trainer <- open(layers, state)
      running <- .Call(fastmlp_train_advance, trainer, 0)$state == "running"
      state <- .Call(fastmlp_train_state, trainer)
      rows <- c(rows, state$position[["row"]])
      result <- .Call(fastmlp_train_close, trainer)
      layers <- result$network
      losses <- c(losses, result$history$train_loss)
      if (!running) break
    }
    expect_true(any(rows > 0))
    expect_identical(result$network, expected$network)
    expect_identical(losses, expected$history$train_loss)
  }
})

test_that("after early stopping patience counts anew, and the best epoch of all is kept", {
  set.seed(2)
  fit <- small_fit(iris_x, iris$Species, epochs = 500, validation = 0.3, patience = 3,
                   optimizer = opt_sgd(0.5))
  expect_identical(fit$training$stopped, "stopped")
  more <- mlp_continue(fit, iris_x, iris$Species, epochs = 4)
  expect_gte(more$training$epochs, fit$training$epochs + 3L)
  valid <- more$history$value[more$history$set == "validation" & more$history$metric == "loss"]
  expect_identical(more$training$kept_epoch, which.min(valid))
})

test_that("rows that a fit holds have to be the same, in the same order, whatever holds them", {
  set.seed(8)
  data <- data.frame(y = rnorm(40), a = rnorm(40), b = factor(sample(letters[1:3], 40, TRUE)), c = 1:40)
  fit <- function(formula, validation = 0.25) {
    set.seed(4)
    mlp_fit(formula, data, validation = validation, epochs = 1, standardize = "zscore", verbose = FALSE)
  }
  for (fitted in list(fit(y ~ .), fit(y ~ a * b + log(c)), fit(b ~ ., validation = 1:9))) {
    expect_identical(mlp_continue(fitted, tibble::as_tibble(data)[4:1], epochs = 1)$training$epochs, 2L)
    expect_error(mlp_continue(fitted, data[40:1, ], epochs = 1), class = "fastmlp_error_data")
    expect_error(mlp_continue(fitted, transform(data, a = replace(a, 7, 0)), epochs = 1),
                 class = "fastmlp_error_data")
  }
  matrix <- small_fit(iris_x, iris$Species, validation = 0.2)
  expect_identical(mlp_continue(matrix, iris_x, iris$Species, epochs = 1)$training$epochs, 4L)
  # A row of the same class, so that the outcome is as it was.
  expect_error(mlp_continue(matrix, iris_x[c(2, 1, 3:150), ], iris$Species, epochs = 1),
               class = "fastmlp_error_data")
})

test_that("what cannot go on is refused", {
  fit <- small_fit(iris_x, iris$Species)
  formula <- mlp_fit(Species ~ ., iris, epochs = 1)
  share <- small_fit(iris_x, iris$Species, validation = 0.2)
  weighted <- small_fit(iris_x, iris$Species, weights = rep(1, 150))
  valid <- list(x = iris_x, y = iris$Species)
  validated <- small_fit(iris_x, iris$Species, validation = valid)
  edited <- fit
  edited$state$position <- 1
  reshaped <- fit
  reshaped$state$moment1 <- list()
  called <- small_fit(iris_x, iris$Species, callbacks = list(on_epoch_end = function(state) NULL))
  measured <- small_fit(iris_x, iris$Species, metrics = list(half = function(truth, estimate, weights) 0.5))
  by_lbfgs <- small_fit(iris_x, iris$Species, batch_size = Inf, optimizer = opt_lbfgs())
  without <- fit
  without["state"] <- list(NULL)
  expect_conditions({
    mlp_continue()
    mlp_continue(fit, iris_x, iris$Species)
    mlp_continue(fit, iris_x, iris$Species, epochs = 0)
    mlp_continue(fit, iris_x, epochs = 1)
    mlp_continue(fit, iris, epochs = 1)
    mlp_continue(fit, data = iris, epochs = 1)
    mlp_continue(fit, iris_x, iris$Species, iris, epochs = 1)
    mlp_continue(fit, iris_x[, 1:2], iris$Species, epochs = 1)
    mlp_continue(fit, iris_x, iris$Species[1:3], epochs = 1)
    mlp_continue(fit, iris_x, iris$Sepal.Length, epochs = 1)
    mlp_continue(fit, replace(iris_x, 3, NA), iris$Species, epochs = 1)
    mlp_continue(fit, iris_x, iris$Species, epochs = 1, optimizer = opt_adam())
    mlp_continue(formula, iris_x, iris$Species, epochs = 1)
    mlp_continue(formula, iris[-5], epochs = 1)
    mlp_continue(formula, iris[-1], epochs = 1)
    mlp_continue(share, iris_x[-1, ], iris$Species[-1], epochs = 1)
    mlp_continue(share, iris_x, rev(iris$Species), epochs = 1)
    mlp_continue(fit, iris_x, iris$Species, epochs = 1, validation = 0.2)
    mlp_continue(share, iris_x, iris$Species, epochs = 1, validation = valid)
    mlp_continue(weighted, iris_x, iris$Species, epochs = 1)
    mlp_continue(validated, iris_x, iris$Species, epochs = 1)
    mlp_continue(edited, iris_x, iris$Species, epochs = 1)
    mlp_continue(reshaped, iris_x, iris$Species, epochs = 1)
    mlp_continue(called, iris_x, iris$Species, epochs = 1)
    mlp_continue(measured, iris_x, iris$Species, epochs = 1)
    mlp_continue(by_lbfgs, iris_x, iris$Species, epochs = 1)
    mlp_continue(without, iris_x, iris$Species, epochs = 1)
    mlp_continue(list(), iris_x, iris$Species, epochs = 1)
  })
  diverged <- suppressWarnings(
    small_fit(iris_x, -iris$Sepal.Length, epochs = 5, optimizer = opt_sgd(1e10))
  )
  expect_conditions(mlp_continue(diverged, iris_x, iris$Species, epochs = 1))
})
