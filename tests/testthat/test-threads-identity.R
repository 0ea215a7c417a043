# The same seed gives the same model, bit for bit, at any number of threads.

fit_on_threads <- function(threads, x, y, ..., epochs = 2, seed = 1) {
  set.seed(seed)
  mlp_fit(x, y, ..., epochs = epochs, threads = threads, verbose = FALSE)
}

# What each number of threads trains is the same, history included.
expect_same_fits <- function(x, y, ..., info = "") {
  settings <- list(x, y, ...) # evaluated once, before any seed is set
  threads <- NULL
  expect_same_for_threads(function(n) {
    fit <- do.call(fit_on_threads, c(n, settings))
    threads <<- c(threads, fit$training$threads)
    unclass(fit)[c("network", "history", "outcome")]
  }, info = info)
  if (mlp_info()$openmp) expect_equal(threads, thread_counts, info = info)
}

random_classes <- function(rows, classes) factor(sample.int(classes, rows, replace = TRUE))

random_matrix <- function(rows, columns) matrix(rnorm(rows * columns), rows)

# An outcome of the kind that a loss takes.
random_outcome <- function(loss, rows) {
  switch(losses[[loss]]$target,
    classes = random_classes(rows, 19),
    ordered = factor(random_classes(rows, 7), ordered = TRUE),
    probability = random_classes(rows, 2),
    numbers = random_matrix(rows, 19),
    counts = matrix(rpois(rows * 5, 2), rows),
    abs(random_matrix(rows, 5))
  )
}

# Odd sizes: units are no multiples of 16, the last batch is a small one.
expect_same_odd_fits <- function(loss, optimizer, ..., info) {
  set.seed(3)
  batch_size <- if (optimizer_of(optimizer)$all_rows) Inf else 128
  x <- random_matrix(333, 117)
  expect_same_fits(x, random_outcome(loss, 333), hidden_units = c(150, 55), loss = loss, ...,
                   optimizer = optimizer, batch_size = batch_size, validation = 0.2, info = info)
}

test_that("teams are held from the first step to the last, and small networks have them", {
  skip_if_not(mlp_info()$openmp, "threads to choose from")
  x <- random_matrix(256, 100)
  y <- random_classes(256, 5)
  # There is work for two, of whose slices, one an epoch at least, the third is tried alone.
  fit <- function(units, threads = 2) {
    fit_on_threads(threads, x, y, hidden_units = units, batch_size = 128, epochs = 4)
  }
  .Call(fastmlp_hold_teams, FALSE)
  in_turns <- fit(200)
  expect_equal(in_turns$training$threads, 2)
  expect_gt(.Call(fastmlp_hold_teams, FALSE)[["fewer"]], 0)
  expect_identical(in_turns[c("network", "history")], fit(200, 1)[c("network", "history")])
  expect_equal(fit(1)$training$threads, 1)
  hold_teams()
  for (units in c(1, 200)) {
    expect_equal(fit(units)$training$threads, 2)
    counted <- .Call(fastmlp_hold_teams, TRUE)
    expect_gte(counted[["stretches"]], 4)
    expect_identical(counted[["fewer"]], 0L)
  }
})

test_that("every activation is identical on any number of threads", {
  optimizer <- opt_sgd(0.001, momentum = 0.9)
  for (name in activation_names()) {
    expect_same_odd_fits("squared", activation = name, optimizer = optimizer, info = name)
  }
})

test_that("every loss with every optimizer is identical on any number of threads", {
  for (loss in loss_names()) {
    for (optimizer in every_optimizer()) {
      info <- paste(loss, format(optimizer))
      expect_same_odd_fits(loss, optimizer = optimizer, penalty = 0.01, info = info)
    }
  }
})

test_that("limits and averages are identical on any number of threads", {
  limits <- list(penalty = 0.01, mixture = 0.5, clip_value = 0.001, clip_norm = 0.1, max_norm = 1,
                 ema_decay = 0.9)
  for (i in list(1:3, 4, 5, 6, seq_along(limits))) {
    info <- toString(names(limits)[i])
    do.call(expect_same_odd_fits, c("cross_entropy", list(optimizer = opt_sgd(0.1)), limits[i], info = info))
  }
})

test_that("small, full and very large batches are identical on any number of threads", {
  set.seed(1)
  x <- random_matrix(1100, 300)
  y <- random_classes(1100, 10)
  for (batch_size in c(32, 256, 1100)) {
    expect_same_fits(x, y, hidden_units = 230, batch_size = batch_size, info = batch_size)
  }
})

test_that("odd shapes, partial batches and weights are identical on any number of threads", {
  set.seed(2)
  x <- random_matrix(1037, 61)
  y <- random_matrix(1037, 3)
  optimizer <- opt_sgd(0.01, momentum = 0.9, nesterov = TRUE, weight_decay = 0.01)
  for (units in list(integer(), 1, 17, 250, c(300, 5, 200))) {
    info <- paste(units, collapse = "-")
    expect_same_fits(x, y, hidden_units = units, batch_size = 100, optimizer = optimizer,
                     validation = 0.2, info = info)
    expect_same_fits(x, y, hidden_units = units, batch_size = 1037, penalty = 0.01,
                     weights = runif(1037), info = info)
  }
})

test_that("predictions, outputs and gradients are identical on any number of threads", {
  set.seed(4)
  network <- mlp_network(300, c(200, 100), 20, "tanh")
  x <- random_matrix(3000, 300)
  y <- random_classes(3000, 20)
  expect_same_for_threads(function(n) mlp_forward(network, x, threads = n))
  expect_same_for_threads(function(n) {
    withr::with_options(list(fastmlp.threads = n), mlp_gradient(network, x, y, wrt = "input"))
  })
  fit <- fit_on_threads(1, x, y, hidden_units = 100, epochs = 1)
  expect_same_for_threads(function(n) predict(fit, x, type = "prob", threads = n))
})

test_that("set.seed() decides initial weights and order, and nothing else does", {
  x <- as.matrix(iris[1:4])
  fit <- function(seed, ...) {
    fit_on_threads(NULL, x, iris$Species, hidden_units = 8, batch_size = 16, seed = seed, ...)
  }
  expect_identical(coef(fit(1)), coef(fit(1)))
  expect_false(identical(coef(fit(1)), coef(fit(2))))
  # With the same initial weights the order of the rows is what is left to differ.
  init <- coef(mlp_network(4, 8, 3))
  expect_false(identical(coef(fit(1, init = init)), coef(fit(2, init = init))))
  ordered <- lapply(1:2, fit, init = init, shuffle = FALSE)
  expect_identical(coef(ordered[[1]]), coef(ordered[[2]]))
})
