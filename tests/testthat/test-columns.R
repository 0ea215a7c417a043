# Columns of every kind, and the matrix that hardhat's model matrix makes of them.
mixed_columns <- function(rows) {
  set.seed(rows)
  data.frame(
    real = rnorm(rows), whole = sample(-3:9, rows, TRUE),
    flag = rep_len(c(TRUE, FALSE, FALSE), rows),
    f = factor(rep_len(c("b", "a", "c"), rows), c("c", "a", "b", "never")),
    o = factor(rep_len(c("lo", "hi"), rows), c("lo", "hi"), ordered = TRUE),
    s = rep_len(c("u", "v"), rows), last = runif(rows)
  )
}

expanded <- function(columns) {
  columns[] <- lapply(columns, function(column) formula_column(plain_column(column)))
  one_for_two_levels(mold_formula(~ ., columns, "x", NULL)$x, columns)
}

plain_columns <- function(data) new_columns(lapply(as.list(data), plain_column), nrow(data))

# What the engine reads: the outputs of a network that does nothing.
engine_values <- function(x, inputs) {
  layer <- list(weight = diag(inputs), bias = double(inputs), activation = "identity")
  .Call(fastmlp_predict, list(layer), x, NULL, "none", 1L)
}

test_that("encoded columns are those of the model matrix, with one for two levels", {
  data <- mixed_columns(60)
  columns <- plain_columns(data)
  dense <- expanded(data)
  expect_identical(encoded_names(columns), colnames(dense))
  for (j in seq_len(ncol(dense))) expect_identical(encoded_column(columns, j), unname(dense[, j]))
  expect_identical(column_label(columns, 5), "column `fa`")
})

test_that("the engine reads columns as it reads their matrix, in any number", {
  for (rows in c(1, 15, 16, 17, 127, 128, 129, 300)) {
    data <- mixed_columns(rows)[c(seq_len(7), rep(c(1, 2, 4), 6))]
    names(data) <- paste0("x", seq_along(data))
    data[] <- lapply(data, plain_column)
    dense <- vapply(seq_along(encoded_names(data)), encoded_column, double(rows), x = data)
    dense <- matrix(dense, rows)
    expect_identical(.Call(fastmlp_scan, data, NULL), .Call(fastmlp_scan, dense, NULL))
    chosen <- rev(seq_len(rows))[c(TRUE, FALSE, FALSE)]
    expect_identical(.Call(fastmlp_scan, data, chosen), .Call(fastmlp_scan, dense, chosen))
    expect_identical(engine_values(data, ncol(dense)), engine_values(dense, ncol(dense)))
    expect_equal(engine_values(data, ncol(dense)), dense, tolerance = 1e-7)
    some <- c(1L, 3L, ncol(dense))
    expect_identical(
      .Call(fastmlp_fingerprint, data, some), .Call(fastmlp_fingerprint, dense, some)
    )
  }
})

test_that("missing values of every kind of column are seen", {
  columns <- new_columns(list(
    real = c(1, NA, Inf, 2), whole = c(1L, 2L, NA, 4L), flag = c(NA, TRUE, FALSE, NA),
    f = factor(c("a", "b", NA, "a")), g = factor(c("a", "b", NA, "c"))
  ), 4)
  scan <- .Call(fastmlp_scan, columns, NULL)
  expect_equal(scan$missing, c(1, 1, 2, 1, 1, 1, 1))
  expect_equal(scan$infinite, c(1, 0, 0, 0, 0, 0, 0))
  expect_equal(scan$first_bad_row, c(2, 3, 1, 3, 3, 3, 3))
  expect_equal(bad_rows(columns, scan), 1:4)
  expect_null(engine_values(columns, 7))
  for (row in 1:40) expect_null(engine_values(matrix(replace(double(40), row, NA), 40), 1))
})

test_that("a level that is not known is none of the known ones", {
  columns <- new_columns(list(
    two = known_levels(c("b", "x", "a", NA), c("a", "b")),
    three = known_levels(factor(c("x", "c", "a", "b")), c("a", "b", "c"))
  ), 4)
  encoded <- cbind(c(1, 0, -1, NA), c(0, 0, 1, 0), c(0, 0, 0, 1), c(0, 1, 0, 0))
  for (j in 1:4) expect_identical(encoded_column(columns, j), encoded[, j])
  complete <- new_columns(Map(function(column, of) structure(column, levels = levels(of), class = "factor"),
                              lapply(columns, function(column) unclass(column)[1:3]), columns), 3)
  expect_equal(engine_values(complete, 4), encoded[1:3, ])
})

test_that("chosen rows train as those rows by themselves", {
  data <- mixed_columns(700)
  columns <- plain_columns(data)
  dense <- expanded(data)
  inputs <- ncol(dense)
  set.seed(1)
  layers <- mlp_network(inputs, 3, 1)$layers
  options <- plain_options(default_loss(1), 700, optimizer = opt_sgd(0.01), epochs = 1L,
                           batch_size = 16L, threads = 2L)
  scaling <- list(center = seq_len(inputs) / 10, scale = rep(2, inputs))
  trained <- function(x, y, rows) {
    set <- list(x = x, target = matrix(y), weights = NULL, rows = rows)
    trainer <- .Call(fastmlp_train_open, layers, set, NULL, scaling, options, NULL)
    .Call(fastmlp_train_advance, trainer, 60)
    .Call(fastmlp_train_close, trainer)$network
  }
  for (rows in list(1:700, which(1:700 %% 5 > 0), which(1:700 %% 97 == 1), 700:1, 7L)) {
    expected <- trained(dense[rows, , drop = FALSE], data$last[rows], NULL)
    expect_identical(trained(columns, data$last, rows), expected)
    expect_identical(trained(dense, data$last, rows), expected)
  }
})

test_that("what is no list of columns is refused before it is read", {
  scan <- function(x) .Call(fastmlp_scan, x, NULL)
  expect_error(scan(list()), "must have columns")
  expect_error(scan(list(1:3, 1:2)), "one length")
  expect_error(scan(list(1:3, letters[1:3])), "numeric columns and factors")
  expect_error(scan("a"), "numeric matrix")
  expect_error(.Call(fastmlp_fingerprint, diag(2), 3L), "columns of `x`")
  expect_error(.Call(fastmlp_fingerprint, diag(2), 1), "integers")
})

# Mebibytes by which R's memory grew while `expr` was evaluated. Engine memory is not R's.
heap_growth <- function(expr) {
  before <- gc(reset = TRUE)["Vcells", "used"]
  force(expr)
  (gc()["Vcells", "max used"] - before) * 8 / 2^20
}

test_that("neither factors nor whole numbers nor logicals are expanded in R", {
  rows <- 40000
  set.seed(1)
  data <- as.data.frame(lapply(1:10, function(j) {
    factor(letters[sample.int(20, rows, TRUE)], letters[1:20])
  }))
  names(data) <- LETTERS[1:10]
  data$n <- sample.int(7L, rows, TRUE)
  y <- rep_len(c(0.1, 0.2, 0.4), rows)
  both <- data.frame(data, y = y)
  whole <- matrix(sample.int(250L, rows * 100, TRUE), rows)
  wide <- as.data.frame(whole)
  flags <- whole > 125L
  flag_columns <- as.data.frame(flags)
  # The dense matrices have 61 and 31 MiB; what is seen must be far below, yet can see them.
  expect_gt(heap_growth(expanded(data)), 61)
  fit <- function(...) small_fit(..., epochs = 1, batch_size = 1000, optimizer = opt_sgd(1e-6))
  fit(data[1:100, ], y[1:100]) # loads what a first fit loads
  expect_lt(heap_growth(frame <- fit(data, y, standardize = "zscore", validation = 0.1)), 12)
  expect_lt(heap_growth(formula <- fit(y ~ ., both)), 12)
  expect_lt(heap_growth(matrix <- fit(whole, y, validation = 0.1)), 12)
  expect_lt(heap_growth(flagged <- fit(flags, y, validation = 0.1)), 12)
  expect_lt(heap_growth(fit(flag_columns, y)), 12)
  expect_lt(heap_growth(fit(wide, y)), 12)
  expect_lt(heap_growth(predict(frame, data)), 6)
  expect_lt(heap_growth(predict(formula, data)), 6)
  expect_lt(heap_growth(predict(matrix, whole)), 6)
  expect_lt(heap_growth(predict(matrix, wide)), 6)
  expect_lt(heap_growth(predict(flagged, flags)), 6)
  expect_lt(heap_growth(predict(flagged, flag_columns)), 6)
})
