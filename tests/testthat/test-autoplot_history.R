iris_fit <- function(...) small_fit(Species ~ ., data = iris, hidden_units = 5, epochs = 4, ...)

test_that("the history of a fit has a panel a metric, loss first, the learning rate last", {
  plot <- autoplot(iris_fit())
  expect_s3_class(plot, "ggplot")
  panels <- ggplot2::ggplot_build(plot)$layout$layout
  expect_equal(as.character(panels$metric), c("loss", "accuracy", "learn_rate"))
})

test_that("the axis of values may be logarithmic", {
  plot <- suppressMessages(autoplot(iris_fit()) + ggplot2::scale_y_log10())
  expect_silent(ggplot2::ggplot_build(plot))
  limits <- ggplot2::ggplot_build(autoplot(iris_fit()))$layout$panel_params[[3]]$y.range
  expect_lt(limits[1], 0)
})

test_that("the curves are those of `history`", {
  fit <- iris_fit()
  lines <- layers_drawn(autoplot(fit))[[1]]
  loss <- fit$history$value[fit$history$metric == "loss"]
  expect_equal(lines$y[lines$PANEL == 1], loss)
})

test_that("the learning rate is that of the optimizer where the history has none", {
  rate <- function(fit) {
    data <- autoplot(fit)$data
    data$value[data$metric == "learn_rate"]
  }
  expect_equal(rate(iris_fit(optimizer = opt_adam(0.02))), rep(0.02, 4))
  halved <- iris_fit(optimizer = opt_adam(0.02), schedule = schedule_step(1, 0.5))
  expect_equal(rate(halved), halved$history$value[halved$history$metric == "learn_rate"])
  expect_length(unique(rate(halved)), 4)
  expect_length(rate(iris_fit(optimizer = opt_lbfgs(), batch_size = Inf)), 0)
})

test_that("a fit that went on with another rate has all of them", {
  fit <- iris_fit(optimizer = opt_adam(0.02))
  fit$history <- rbind(fit$history, data.frame(epoch = 5, set = "train",
                                               metric = c("loss", "accuracy", "learn_rate"), value = 0.5))
  data <- autoplot(fit)$data
  rate <- data[data$metric == "learn_rate", ]
  expect_equal(rate$value[order(rate$epoch)], c(rep(0.02, 4), 0.5))
})

test_that("the epoch is marked that patience chose, or that validation would have", {
  fit <- iris_fit(validation = .2, patience = 2)
  plot <- autoplot(fit)
  expect_equal(unique(layers_drawn(plot)[[1]]$xintercept), fit$training$kept_epoch)
  expect_match(plot$labels$caption, "kept")
  fit <- iris_fit(validation = .2)
  loss <- fit$history$value[fit$history$set == "validation" & fit$history$metric == "loss"]
  plot <- autoplot(fit)
  expect_equal(unique(layers_drawn(plot)[[1]]$xintercept), which.min(loss))
  expect_match(plot$labels$caption, "lowest validation loss")
  expect_null(autoplot(iris_fit())$labels$caption)
})

test_that("the sets differ in colour, line and shape", {
  layers <- layers_drawn(autoplot(iris_fit(validation = .2)))
  expect_length(unique(layers[[2]]$colour), 2)
  expect_length(unique(layers[[2]]$linetype), 2)
  expect_length(unique(layers[[3]]$shape), 2)
})

test_that("a single epoch shows points", {
  fit <- iris_fit()
  fit$history <- fit$history[fit$history$epoch == 1, ]
  expect_silent(layers <- layers_drawn(autoplot(fit)))
  expect_equal(nrow(layers[[1]]), 2)
})

test_that("ensembles have a history", {
  fit <- iris_fit(ensemble = 2, validation = .2)
  expect_silent(layers <- layers_drawn(autoplot(fit)))
  expect_equal(sum(layers[[2]]$PANEL == 1), 8)
})

test_that("breaks are whole, counted from 1", {
  expect_equal(integer_breaks(c(1, 60)), c(1, 1:6 * 10))
  expect_equal(integer_breaks(c(1, 9)), c(2, 4, 6, 8, 10))
  expect_equal(integer_breaks(c(1, 3)), 1:3)
  expect_equal(integer_breaks(c(1, 1)), 1)
})

test_that("the picture is as it was", {
  epoch <- rep(1:12, each = 2)
  history <- data.frame(epoch = epoch, set = rep(c("train", "validation"), 12), metric = "loss",
                        value = 1 / epoch + c(0, 0.25))
  rate <- data.frame(epoch = 1:12, set = "train", metric = "learn_rate", value = seq(0.1, 0.012, -0.008))
  expect_picture("history", history_plot(rbind(history, rate), list(epoch = 9, text = "the best")))
})
