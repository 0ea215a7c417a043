layers_drawn <- function(plot) ggplot2::ggplot_build(plot)$data

by_hand <- function(rows, outputs = "a") {
  parts <- lapply(outputs, function(output) {
    matrix(c(1, -2, 0.5), 3, rows, dimnames = list(c("width", "colour", "length"), NULL))
  })
  attribution_tibble(parts, list(type = "prob", output = outputs), "integrated")
}

# Of 2 x 3 pixels 1 to 6 in the first row, in the other rows and outputs so many times as much.
pixels_by_hand <- function(rows, outputs = "a") {
  parts <- lapply(seq_along(outputs), function(k) {
    matrix(c(1:5, -6), 6, rows, dimnames = list(paste0("p", 1:6), NULL)) * rep(k * seq_len(rows), each = 6)
  })
  attribution_tibble(parts, list(type = "prob", output = outputs), "integrated")
}

test_that("rows are shown as images, pixels row by row", {
  images <- autoplot(pixels_by_hand(3, c("a", "b")), shape = c(2, 3))$data
  expect_identical(levels(images$image), paste("row", 1:3))
  expect_identical(levels(images$output), c("a", "b"))
  for (row in 1:3) {
    own <- images[images$image == paste("row", row), ]
    expect_equal(own$attribution, c(c(1:5, -6) / 12, c(1:5, -6) / 6)) # over the largest of both outputs
    expect_identical(own$row, rep(rep(1:2, each = 3), 2))
    expect_identical(own$column, rep(1:3, 4))
  }
  some <- autoplot(pixels_by_hand(5), shape = c(2, 3), max_rows = 3)$data
  expect_identical(levels(some$image), paste("row", c(1, 3, 5)))
  none <- pixels_by_hand(1)
  none$attribution <- 0
  expect_identical(autoplot(none, shape = c(2, 3))$data$attribution, rep(0, 6))
})

test_that("images of a fit have its predictors in their places", {
  fit <- small_fit(iris_x, iris$Species, activation = "tanh")
  parts <- mlp_attribution(fit, iris_x[c(7, 140), ], output = "setosa")
  images <- autoplot(parts, shape = c(2, 2))$data
  first <- parts$attribution[parts$row == 1]
  expect_equal(images$attribution[images$image == "row 1"], first / max(abs(first)))
  expect_identical(parts$predictor[parts$row == 1], colnames(iris_x))
})

test_that("few rows have bars, many have points, the largest on top", {
  bars <- autoplot(by_hand(2))
  expect_identical(levels(bars$data$predictor), c("length", "width", "colour"))
  expect_identical(class(bars$layers[[2]]$geom)[1], "GeomCol")
  points <- autoplot(by_hand(10, c("a", "b")))
  expect_identical(class(points$layers[[2]]$geom)[1], "GeomPoint")
  expect_identical(nrow(ggplot2::ggplot_build(points)$layout$layout), 2L)
  expect_identical(levels(autoplot(by_hand(2), max_predictors = 1)$data$predictor), "colour")
})

test_that("panels below each other have room for the names of fewer predictors, which is said", {
  set.seed(1)
  x <- matrix(stats::rnorm(30 * 13), 30, dimnames = list(NULL, paste0("p", 1:13)))
  fit <- small_fit(x, gl(3, 10))
  drawn <- function(rows, ...) {
    plot <- autoplot(mlp_attribution(fit, x[seq_len(rows), , drop = FALSE]), ...)
    list(nlevels(plot$data$predictor), plot$labels$caption)
  }
  expect_identical(drawn(3), list(6L, "6 of 13 predictors, with the largest attributions"))
  expect_identical(drawn(1), list(13L, NULL))
  expect_identical(drawn(10), list(13L, NULL))
  expect_identical(drawn(3, max_predictors = 13), list(13L, NULL))
})

test_that("the axis says what of", {
  expect_match(autoplot(by_hand(1))$labels$x, "probability of a")
  expect_match(autoplot(by_hand(1, c("a", "b")))$labels$x, "\\(probability\\)")
})

test_that("the picture is drawn, and arguments are checked", {
  withr::local_pdf(NULL)
  expect_s3_class(plot(by_hand(1, c("a", "b"))), "ggplot")
  expect_error(autoplot(by_hand(1), max_predictors = "a"), "`max_predictors`", class = "fastmlp_error_type")
  expect_error(autoplot(by_hand(1), shape = c(2, 2)), "3 pixels, the predictors",
               class = "fastmlp_error_shape")
  expect_error(autoplot(by_hand(1), max_rows = 2), "`max_rows` must be left out", class = "fastmlp_error")
  expect_error(autoplot(by_hand(1), shape = c(1, 3), max_predictors = 2), "`max_predictors` must be left out",
               class = "fastmlp_error")
})

test_that("it looks as it did", {
  expect_picture("attribution of two rows", autoplot(by_hand(2, c("a", "b"))))
  expect_picture("attribution of many rows", autoplot(by_hand(6)))
  expect_picture("attribution as images", autoplot(pixels_by_hand(2, c("a", "b")), shape = 2:3))
})

test_that("an axis has more numbers than zero", {
  for (limits in list(c(-1.8, 1.4), c(-0.45, 0.3), c(-90, 4100), c(0, 1e-6))) {
    breaks <- few_breaks(limits)
    expect_gt(length(breaks), 1)
    expect_true(all(breaks >= limits[1] & breaks <= limits[2]))
  }
})
