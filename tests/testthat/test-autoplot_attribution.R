layers_drawn <- function(plot) ggplot2::ggplot_build(plot)$data

by_hand <- function(rows, outputs = "a") {
  parts <- lapply(outputs, function(output) {
    matrix(c(1, -2, 0.5), 3, rows, dimnames = list(c("width", "colour", "length"), NULL))
  })
  attribution_tibble(parts, list(type = "prob", output = outputs), "integrated")
}

test_that("few rows have bars, many have points, the largest on top", {
  bars <- autoplot(by_hand(2))
  expect_identical(levels(bars$data$predictor), c("length", "width", "colour"))
  expect_identical(class(bars$layers[[2]]$geom)[1], "GeomCol")
  points <- autoplot(by_hand(10, c("a", "b")))
  expect_identical(class(points$layers[[2]]$geom)[1], "GeomPoint")
  expect_identical(nrow(ggplot2::ggplot_build(points)$layout$layout), 2L)
  expect_identical(levels(autoplot(by_hand(2), max_predictors = 1)$data$predictor), "colour")
})

test_that("the axis says what of", {
  expect_match(autoplot(by_hand(1))$labels$x, "probability of a")
  expect_match(autoplot(by_hand(1, c("a", "b")))$labels$x, "\\(probability\\)")
})

test_that("the picture is drawn, and arguments are checked", {
  withr::local_pdf(NULL)
  expect_s3_class(plot(by_hand(1, c("a", "b"))), "ggplot")
  expect_error(autoplot(by_hand(1), max_predictors = "a"), "`max_predictors`", class = "fastmlp_error_type")
})

test_that("it looks as it did", {
  skip_if_not_installed("vdiffr")
  vdiffr::expect_doppelganger("attribution of two rows", autoplot(by_hand(2, c("a", "b"))))
})
