test_that("observed and predicted are those of the rows, outcome by outcome", {
  fit <- small_fit(cbind(mpg, hp) ~ wt, data = mtcars)
  plot <- autoplot(fit, "observed", mtcars)
  expect_equal(plot$data$observed, c(mtcars$mpg, mtcars$hp))
  predicted <- predict(fit, mtcars)
  expect_equal(plot$data$predicted, c(predicted$.pred_mpg, predicted$.pred_hp))
  expect_equal(levels(plot$data$outcome), c("mpg", "hp"))
})

test_that("words on the fit are RMSE and R squared", {
  data <- data.frame(outcome = factor("y"), observed = c(1, 2, 3), predicted = c(1, 2, 4))
  expect_equal(fit_words(data)$text, "RMSE 0.577, R\u00b2 0.500")
  data$observed <- 2
  expect_equal(fit_words(data)$text, "RMSE 1.29")
})

test_that("residuals are drawn against predictions and against normal quantiles", {
  fit <- small_fit(mpg ~ wt + hp, data = mtcars, optimizer = opt_sgd(1e-6))
  data <- autoplot(fit, "residuals", mtcars)$data
  expect_equal(levels(data$panel), c("predicted", "normal quantile"))
  expect_equal(data$residual, data$observed - data$predicted)
  normal <- data[data$panel == "normal quantile", ]
  expect_equal(sort(normal$x), stats::qqnorm(normal$residual, plot.it = FALSE)$x[order(normal$residual)])
  expect_equal(order(normal$x), order(normal$residual))
  line <- quartile_line(normal)
  slope <- diff(line$residual) / diff(line$x)
  quartiles <- stats::quantile(normal$residual, c(.25, .75), names = FALSE)
  expect_equal(slope, diff(quartiles) / diff(stats::qnorm(c(.25, .75))))
})

test_that("many points are counted", {
  data <- data.frame(outcome = factor("y"), observed = (1:6000) %% 77, predicted = (1:6000) %% 76)
  counted <- layers_drawn(observed_plot(data))[[1]]
  expect_equal(sum(counted$count), 6000)
  expect_equal(nrow(layers_drawn(observed_plot(data[1:5000, ]))[[1]]), 5000)
  residuals <- layers_drawn(residuals_plot(observed_residuals(data)))[[2]]
  expect_equal(as.vector(tapply(residuals$count, residuals$PANEL, sum)), c(6000, 6000))
})

test_that("one row and equal predictions are drawn", {
  data <- data.frame(outcome = factor("y"), observed = c(1, 2, 3), predicted = 2)
  expect_silent(layers_drawn(residuals_plot(observed_residuals(data))))
  expect_silent(layers_drawn(residuals_plot(observed_residuals(data[1, ]))))
  expect_silent(layers_drawn(observed_plot(data[1, ])))
})

test_that("the picture is as it was", {
  data <- data.frame(outcome = factor("price"), observed = seq(1000, 2000, by = 25))
  data$predicted <- data$observed + rep(c(-50, 25, 100, 0), length.out = 41)
  expect_picture("observed", observed_plot(data))
  expect_picture("residuals", residuals_plot(observed_residuals(data)))
})

test_that("residuals of one row have no lines through one point", {
  data <- data.frame(outcome = factor("y"), observed = 2, predicted = 1)
  plot <- residuals_plot(observed_residuals(data))
  expect_silent(ggplot2::ggplotGrob(plot))
})
