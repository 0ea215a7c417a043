layers_drawn <- function(plot) ggplot2::ggplot_build(plot)$data

by_hand <- function(...) {
  importance_tibble(list(predictor = c("width", "colour", "length"), importance = c(0.5, -0.1, 2), ...),
                    method = "permutation", metric = "rmse", larger = FALSE, repeats = 10, measured = 1.25)
}

test_that("bars are sorted, the longest on top, with intervals by Student's t", {
  layers <- layers_drawn(autoplot(by_hand(std_error = c(0.1, 0.05, 0.2))))
  bars <- layers[[1]][order(layers[[1]]$y), ]
  expect_equal(bars$xmin + bars$xmax, c(-0.1, 0.5, 2))
  expect_equal(layers[[2]]$xmax[1] - layers[[2]]$xmin[1], 2 * qt(0.975, 9) * 0.2)
  expect_length(layers_drawn(autoplot(by_hand(std_error = rep(NA_real_, 3)))), 1)
})

test_that("the smallest are left out where there are many, by size and not by sign", {
  plot <- autoplot(by_hand(), max_predictors = 2)
  expect_identical(levels(plot$data$predictor), c("width", "length"))
  expect_error(autoplot(by_hand(), max_predictors = 0), "`max_predictors`", class = "fastmlp_error")
  expect_error(autoplot(by_hand(), predictors = 2), "unknown", class = "fastmlp_error_dots")
})

test_that("outputs have panels", {
  fit <- small_fit(Species ~ ., iris)
  panels <- ggplot2::ggplot_build(autoplot(mlp_importance(fit, method = "olden")))$layout$layout
  expect_identical(nrow(panels), 3L)
  withr::local_pdf(NULL)
  expect_s3_class(plot(mlp_importance(fit, method = "garson")), "ggplot")
})

test_that("it looks as it did", {
  expect_picture("importance", autoplot(by_hand(std_error = c(0.1, 0.05, 0.2))))
})
