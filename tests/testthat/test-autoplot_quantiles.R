levels5 <- c(.05, .25, .5, .75, .95)

quantile_fit <- small_fit(mpg ~ wt + hp, data = mtcars, loss = loss_quantile(levels5))

test_that("bands lie between quantiles that leave out as much, the outermost first", {
  data <- autoplot(quantile_fit, "quantiles", mtcars, along = "wt")$data
  expect_equal(levels(data$band), c("0.05 to 0.95", "0.25 to 0.75"))
  expect_equal(unique(data$level), c(.9, .5))
  quantiles <- predict(quantile_fit, mtcars, "quantile")
  lightest <- which.min(mtcars$wt)
  outer <- data[data$band == "0.05 to 0.95", ]
  expect_equal(outer$lower[which.min(outer$x)], quantiles$.pred_q0.05[lightest])
  expect_equal(outer$upper[which.min(outer$x)], quantiles$.pred_q0.95[lightest])
  within <- mtcars$mpg >= quantiles$.pred_q0.05 & mtcars$mpg <= quantiles$.pred_q0.95
  expect_equal(outer$held[1], mean(within))
})

test_that("rows are put in the order of the median", {
  plot <- autoplot(quantile_fit, "quantiles", mtcars)
  middle <- layers_drawn(plot)[[3]]
  expect_equal(middle$x, 1:32)
  expect_equal(middle$y, sort(predict(quantile_fit, mtcars, "quantile")$.pred_q0.5))
})

test_that("levels can be chosen: some of the fit's, any of a normal distribution", {
  data <- autoplot(quantile_fit, "quantiles", mtcars, levels = c(.05, .95))$data
  expect_equal(levels(data$band), "0.05 to 0.95")
  expect_error(autoplot(quantile_fit, "quantiles", mtcars, levels = c(.1, .9)), "`levels`",
               class = "fastmlp_error")
  fit <- small_fit(mpg ~ wt, data = mtcars, loss = "gaussian")
  expect_equal(nlevels(autoplot(fit, "quantiles", mtcars)$data$band), 3)
  expect_equal(levels(autoplot(fit, "quantiles", mtcars, levels = c(.2, .7))$data$band), "0.2 to 0.7")
})

test_that("one level is a line, several outcomes have panels in their order", {
  fit <- small_fit(cbind(mpg, hp) ~ wt, data = mtcars, loss = loss_quantile(.5))
  plot <- autoplot(fit, "quantiles", mtcars, along = "wt")
  expect_equal(nrow(plot$data), 0)
  expect_silent(layers <- layers_drawn(plot))
  expect_equal(ggplot2::ggplot_build(plot)$layout$layout$outcome, factor(c("mpg", "hp"), c("mpg", "hp")))
  expect_equal(nrow(layers[[2]]), 64)
})

test_that("many rows are grouped and thinned", {
  x <- (1:3000) / 3000
  number <- list(name = "y", observed = x, quantiles = cbind(x - 1, x, x + 1), x = x)
  fan <- fan_data(list(number), c(.1, .5, .9))
  expect_equal(nrow(fan), 200)
  expect_equal(fan$upper - fan$lower, rep(2, 200))
  expect_equal(unique(fan$held), 1)
  points <- fan_points(list(number))
  expect_equal(nrow(points), 2000)
  expect_equal(attr(points, "rows"), 3000)
})

test_that("`along` is a numeric column of the data", {
  expect_error(autoplot(quantile_fit, "quantiles", mtcars, along = "weight"), "`along`",
               class = "fastmlp_error")
  data <- cbind(mtcars, kind = rep(c("a", "b"), 16))
  expect_error(autoplot(quantile_fit, "quantiles", data, along = "kind"), "numeric",
               class = "fastmlp_error_type")
  data$cyl[3] <- NA
  expect_error(autoplot(quantile_fit, "quantiles", data, along = "cyl"), "cyl", class = "fastmlp_error")
})

test_that("the picture is as it was", {
  x <- seq(0, 5, by = .25)
  spread <- 1 + x / 2
  number <- list(name = "y", observed = x + rep(c(-1.25, .5, 2), 7),
                 quantiles = cbind(x - 2 * spread, x - spread, x, x + spread, x + 2 * spread), x = x)
  plot <- quantiles_plot(fan_data(list(number), levels5), fan_middle(list(number), levels5),
                         fan_points(list(number)), "x")
  expect_picture("quantiles", plot)
})

test_that("bands and the middle of one row are seen", {
  plot <- autoplot(quantile_fit, "quantiles", mtcars[1, ])
  expect_silent(ggplot2::ggplotGrob(plot))
  layers <- layers_drawn(plot)
  expect_equal(range(layers[[1]]$x), c(.5, 1.5))
  expect_identical(ggplot2::ggplot_build(plot)$layout$panel_params[[1]]$x$get_labels(), "1")
  expect_equal(layers[[2]]$x, 1)
  expect_equal(layers[[3]]$x, c(.5, 1.5))
  expect_equal(unique(layers[[3]]$y), predict(quantile_fit, mtcars[1, ], "quantile")$.pred_q0.5)
})
