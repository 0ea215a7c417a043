y <- seq_len(20) / 20 + c(0, 0.01)
x <- cbind(a = seq_len(20) / 20, b = rep(c(0, 1), 10), c = sqrt(seq_len(20)))

test_that("values that are not finite are refused, with their place", {
  spoil <- function(value, row, column) replace(x, cbind(row, column), value)
  expect_conditions({
    mlp_fit(spoil(NA, 3, 2), y)
    mlp_fit(spoil(NaN, 4, 1), y)
    mlp_fit(spoil(-Inf, 5, 3), y)
    mlp_fit(unname(spoil(NA, c(7, 3), 2)), y)
    mlp_fit(matrix(c(1L, NA, 3L), 3), 1:3)
    mlp_fit(matrix(c(TRUE, NA, FALSE), 3), 1:3)
    mlp_fit(as.data.frame(spoil(NA, 3, 2)), y)
    mlp_fit(data.frame(f = factor(c("a", NA, "b")), n = 1:3), 1:3)
    mlp_fit(y ~ f, data.frame(f = c("a", NA, NA), y = 1:3))
    mlp_fit(spoil(1e39, 5, 3), y)
  })
})

test_that("constant and duplicated columns give one warning each", {
  expect_conditions({
    fit <- small_fit(cbind(x, d = 1), y)
    fit <- small_fit(cbind(x, d = x[, "a"]), y)
    fit <- small_fit(unname(cbind(x, 1, 2, x)), y)
    fit <- small_fit(cbind(x, matrix(0, 20, 8, dimnames = list(NULL, paste0("z", 1:8)))), y)
  })
  expect_silent(small_fit(x, y))
})

test_that("an outcome left among the predictors is told of, in any coding", {
  cars <- transform(mtcars, cyl = factor(cyl))
  both <- cbind(x, u = y, v = y)
  expect_conditions({
    fit <- small_fit(iris, iris$Species)
    fit <- small_fit(mtcars, factor(mtcars$cyl))
    fit <- small_fit(as.matrix(mtcars), mtcars$mpg, optimizer = opt_sgd(1e-6))
    fit <- small_fit(unname(as.matrix(mtcars)), mtcars$mpg, optimizer = opt_sgd(1e-6))
    fit <- small_fit(both[, -1], y)
    fit <- small_fit(mpg ~ ., cbind(cars, copy = mtcars$mpg), optimizer = opt_sgd(1e-6))
  })
  skip_if_not_installed("Matrix")
  sparse <- function(x) methods::as(x, "CsparseMatrix")
  expect_warning(small_fit(sparse(as.matrix(mtcars)), mtcars$mpg, optimizer = opt_sgd(1e-6)), "`mpg`",
                 class = "fastmlp_warning_outcome")
  for (name in c("am", "cyl", "gear")) {
    expect_warning(
      small_fit(sparse(as.matrix(mtcars)), factor(mtcars[[name]]), optimizer = opt_sgd(1e-6)),
      sprintf("`%s`", name), class = "fastmlp_warning_outcome"
    )
  }
})

test_that("a factor beside the numbers that it stands for is told of, and so is any of several outcomes", {
  cars <- cbind(mtcars[c("wt", "hp")], cylinders = factor(mtcars$cyl, labels = c("few", "some", "many")))
  expect_warning(small_fit(cars, mtcars$cyl, optimizer = opt_sgd(1e-6)), "`cylinders`",
                 class = "fastmlp_warning_outcome")
  cars$am <- mtcars$am
  expect_warning(small_fit(cars, cbind(mtcars$mpg, mtcars$am), optimizer = opt_sgd(1e-6)), "`am`",
                 class = "fastmlp_warning_outcome")
})

test_that("columns that chance makes equal to the outcome are no warning", {
  set.seed(1)
  wide <- matrix(rbinom(12 * 5000, 1, 0.5), 12)
  answer <- rep(c(1, 0, 0), 4)
  expect_gt(sum(colSums(wide != answer) == 0), 0)
  expect_length(outcome_columns(wide, factor(answer)), 0)
  expect_length(outcome_columns(wide, as.matrix(answer)), 0)
  skip_if_not_installed("Matrix")
  sparse <- as_sparse(methods::as(wide, "CsparseMatrix"), "x", environment())
  expect_length(outcome_columns(sparse, factor(answer)), 0)
  many <- wide[rep(1:12, 3), 1:3] # 36 rows
  expect_identical(outcome_columns(many, factor(many[, 2] + 1)), 2L)
})

test_that("the chance of the outcome's order is that of a random order", {
  orders <- as.matrix(expand.grid(rep(list(1:5), 5)))
  orders <- orders[apply(orders, 1, function(order) !anyDuplicated(order)), ]
  for (target in list(c(1, 1, 2, 2, 3), c(1, 1, 1, 2, 2), 1:5, c(7, 7, 7, 7, 7))) {
    shuffled <- apply(orders, 1, function(order) target[order])
    expect_equal(chance_of_order(target, FALSE), mean(colSums(shuffled != target) == 0))
    expect_equal(chance_of_order(target, TRUE), mean(apply(shuffled, 2, same_groups, target)))
  }
})

test_that("what only resembles the outcome is no warning, nor are networks that reproduce their inputs", {
  near <- iris
  near$Species[75] <- "setosa"
  near$code <- replace(as.integer(iris$Species), 100, 1L)
  expect_silent(small_fit(near, iris$Species))
  expect_silent(small_fit(x, x))
  expect_silent(small_fit(cbind(x, d = replace(y, 2, 0)), y))
})

test_that("equal fingerprints alone make no duplicate", {
  expect_identical(duplicated_columns(diag(2), c("f", "f"), integer()), integer())
  expect_identical(duplicated_columns(matrix(1:2, 2, 3), rep("f", 3), 3L), 2L)
})

test_that("a standardised fit equals one on standardised columns", {
  start <- coef(mlp_network(3, 4, 1))
  inside <- small_fit(x, y, standardize = "zscore", init = start)
  outside <- small_fit(scale(x), y, init = start)
  expect_equal(inside$network, outside$network, tolerance = 1e-5)
  expect_equal(predict(inside, x), predict(outside, scale(x)), tolerance = 1e-5)
})

test_that("columns are warned of, refused and standardised as their matrix is", {
  data <- data.frame(n = x[, "a"], f = factor(rep_len(c("u", "v"), 20), c("u", "v", "w")),
                     i = as.integer(x[, "b"]), b = x[, "b"], one = TRUE)
  expect_conditions({
    fit <- small_fit(data, y, standardize = "zscore")
    mlp_fit(transform(data, i = replace(i, 7, NA)), y)
    mlp_fit(y ~ ., transform(data, b = replace(b, 7:8, -Inf), y = y))
    mlp_fit(transform(data, b = b * 1e39), y)
    mlp_fit(data, y, validation = list(x = transform(data, n = replace(n, 2, NaN)), y = y))
    predict(fit, transform(data, i = replace(i, c(2, 9), NA), n = replace(n, 3, Inf)))
  })
  expect_identical(fit$standardize$scale[c(4, 7)], c(1, 1))
  dense <- vapply(seq_len(7), encoded_column, double(20), x = data)
  for (method in c("zscore", "robust")) {
    for (rows in list(NULL, c(3L, 5L, 6L, 20L))) {
      expect_identical(standardization(method, data, rows), standardization(method, dense, rows))
    }
    scan <- .Call(fastmlp_scan, data, NULL)
    expect_identical(standardization(method, data, NULL, scan), standardization(method, data, NULL))
    other <- standardization(method, data, 1:9, scan)
    expect_identical(other, standardization(method, data, 1:9))
  }
})

test_that("only columns that may equal another are looked at for it", {
  same <- cbind(x, x[, "b"], rev(x[, "a"]), 1, 1)
  scan <- .Call(fastmlp_scan, same, NULL)
  found <- fingerprints(same, scan, c(6, 7))
  expect_identical(is.na(found), c(FALSE, FALSE, TRUE, FALSE, FALSE, TRUE, TRUE))
  expect_identical(duplicated_columns(same, found, c(6, 7)), 4L)
})

test_that("levels without rows and levels that go together are no mistakes", {
  rows <- iris$Species != "virginica"
  data <- data.frame(y = iris$Sepal.Length, a = iris$Species, b = iris$Species, c = iris$Petal.Width)[rows, ]
  expect_no_warning(small_fit(y ~ ., data))
  expect_no_warning(small_fit(data[-1], data$y))
  data$a <- factor("setosa", levels(iris$Species))
  data$d <- data$c
  warned <- testthat::capture_warnings(small_fit(y ~ ., data))
  expect_length(warned, 2)
  expect_match(warned[1], "1 constant column: `a`", fixed = TRUE)
  expect_match(warned[2], "1 duplicated column: `d`", fixed = TRUE)
})
