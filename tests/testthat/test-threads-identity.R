# The same seed gives the same model, bit for bit, at any number of threads.

# A check of a package may limit it to two.
thread_counts <- if (nzchar(Sys.getenv("_R_CHECK_LIMIT_CORES_"))) 1:2 else 1:3

# f gives the same with each number of threads.
expect_same_for_threads <- function(f, info = "") {
  results <- lapply(thread_counts, f)
  for (result in results[-1]) expect_identical(result, results[[1]], info = info)
}

fit_on_threads <- function(threads, x, y, ..., epochs = 2, seed = 1) {
  set.seed(seed)
  mlp_fit(x, y, ..., epochs = epochs, threads = threads, verbose = FALSE)
}

# What each number of threads trains is the same, history included.
expect_same_fits <- function(x, y, ..., info = "") {
  settings <- list(x, y, ...) # evaluated once, before any seed is set
  parts <- c("network", "history", "outcome")
  fit <- function(threads) do.call(fit_on_threads, c(threads, settings))
  expect_same_for_threads(function(threads) unclass(fit(threads))[parts], info)
}

random_classes <- function(rows, classes) factor(sample.int(classes, rows, replace = TRUE))

random_matrix <- function(rows, columns) matrix(rnorm(rows * columns), rows)

test_that("training large enough for threads is identical on 1, 2 and 3", {
  set.seed(1)
  x <- random_matrix(2000, 784)
  y <- random_classes(2000, 10)
  for (batch_size in c(256, 32, 2000)) {
    expect_same_fits(x, y, hidden_units = 256, batch_size = batch_size, info = batch_size)
  }
  expect_same_fits(x, y, hidden_units = c(130, 70, 33), activation = "gelu")
})

test_that("threads are really used where that is promised", {
  skip_if_not(mlp_info()$openmp, "OpenMP")
  x <- random_matrix(2000, 784)
  y <- random_classes(2000, 10)
  for (threads in thread_counts) {
    fit <- fit_on_threads(threads, x, y, hidden_units = 256)
    expect_equal(fit$training$threads, threads)
  }
})

test_that("odd shapes, partial batches, momentum and validation are identical on 1, 2 and 3", {
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

test_that("every activation is identical on 1, 2 and 3", {
  set.seed(3)
  x <- random_matrix(600, 200)
  y <- rowSums(x[, 1:5])
  for (name in activation_names()) {
    expect_same_fits(x, y, hidden_units = c(200, 150), activation = name, batch_size = 128,
                     optimizer = opt_sgd(0.001), info = name)
  }
})

test_that("predictions, outputs and gradients are identical on 1, 2 and 3", {
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
