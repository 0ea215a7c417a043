fit_with <- function(...) {
  small_fit(iris_x, iris$Species, validation = 0.2, metrics = c("auc", "log_loss"), ...)
}

same_parts <- c("network", "history", "standardize")

test_that("class weights equal the matching case weights, bit for bit", {
  by_class <- c(virginica = 0.3, setosa = 2, versicolor = 0.7)
  by_row <- unname(by_class[as.character(iris$Species)])
  expect_identical(fit_with(class_weights = by_class)[same_parts], fit_with(weights = by_row)[same_parts])
  case <- rep(c(1, 0.25, 3), 50)
  expect_identical(
    fit_with(class_weights = by_class, weights = case)[same_parts],
    fit_with(weights = case * by_row)[same_parts]
  )
})

test_that("\"balanced\" gives each class the same total", {
  rows <- c(1:50, 51:70, 101:105)
  y <- iris$Species[rows]
  expect_equal(balanced_weights(y), 75 / (3 * c(50, 20, 5)))
  fit <- function(...) small_fit(iris_x[rows, ], y, ...)
  by_hand <- c(setosa = 75 / 150, versicolor = 75 / 60, virginica = 75 / 15)
  expect_identical(fit(class_weights = "balanced")[same_parts], fit(class_weights = by_hand)[same_parts])
  expect_equal(balanced_weights(factor(c("a", "b", "b"), c("a", "x", "b"))), c(1.5, 0, 0.75))
  # Rows count as their weights, as if they were repeated.
  twice <- rep(seq_along(y), rep(1:3, 25))
  expect_equal(balanced_weights(y, rep(1:3, 25)), balanced_weights(y[twice]))
})

test_that("class weights enter the loss of validation data, and its metrics", {
  held <- c(1:10, 51:60, 101:110)
  by_class <- c(setosa = 1, versicolor = 2, virginica = 5)
  x <- iris_x[held, ]
  y <- iris$Species[held]
  fit <- small_fit(iris_x[-held, ], iris$Species[-held], class_weights = by_class,
                   validation = list(x = x, y = y), metrics = "log_loss")
  last <- function(metric) {
    tail(fit$history$value[fit$history$set == "validation" & fit$history$metric == metric], 1)
  }
  weights <- by_class[as.character(y)]
  expect_equal(last("loss"), mlp_gradient(fit$network, x, y, weights = weights)$loss, tolerance = 1e-6)
  expect_equal(last("log_loss"), last("loss"), tolerance = 1e-5)
  expect_equal(last("accuracy"), weighted.mean(predict(fit, x)$.pred_class == y, weights))
})

test_that("a case weight of 2 is a row that comes twice", {
  twice <- rep(1:2, 75)
  rows <- rep(seq_len(150), twice)
  start <- coef(mlp_network(4, 4, 3))
  fit <- function(...) {
    mlp_fit(..., hidden_units = 4, epochs = 5, batch_size = Inf, init = start, shuffle = FALSE,
            optimizer = opt_sgd(0.05, 0.9), metrics = c("auc", "log_loss"), verbose = FALSE)
  }
  weighted <- fit(iris_x, iris$Species, weights = twice)
  doubled <- fit(iris_x[rows, ], iris$Species[rows])
  expect_close(coef(weighted), coef(doubled), 1e-5)
  expect_equal(weighted$history, doubled$history, tolerance = 1e-5)
})

test_that("two classes with one output are weighted, too", {
  y <- factor(mtcars$am)
  fit <- function(...) {
    small_fit(as.matrix(mtcars[1:7]), y, loss = "binary_cross_entropy", standardize = "zscore", ...)
  }
  expect_identical(fit(class_weights = c("0" = 1, "1" = 3))[same_parts],
                   fit(weights = ifelse(y == "1", 3, 1))[same_parts])
})

test_that("class weights that do not fit are refused", {
  fit <- function(class_weights, ...) {
    mlp_fit(iris_x, iris$Species, class_weights = class_weights, ..., verbose = FALSE)
  }
  labels <- iris_x[, 2:3] > 3
  expect_conditions({
    fit("even")
    fit(1:3)
    fit(list(setosa = 1))
    fit(c(setosa = 1, versicolor = 2))
    fit(c(setosa = 1, versicolor = 2, virginca = 3))
    fit(c(setosa = 1, versicolor = 2, virginica = 3, rose = 4))
    fit(c(setosa = 1, versicolor = 2, virginica = -3))
    fit(c(setosa = 1, versicolor = 2, virginica = NA))
    fit(c(setosa = 0, versicolor = 0, virginica = 0))
    fit(c(setosa = 0, versicolor = 0, virginica = 1), validation = 1:2)
    mlp_fit(mpg ~ wt, mtcars, class_weights = "balanced", verbose = FALSE)
    mlp_fit(iris_x, labels, class_weights = "balanced", verbose = FALSE)
  })
})
