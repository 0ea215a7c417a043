drawn <- function(plot) ggplot2::ggplot_build(plot)$data[[1]]

test_that("value and gradient get a panel each", {
  plot <- plot_activation("relu")
  expect_s3_class(plot, "ggplot")
  lines <- drawn(plot)
  expect_length(unique(lines$PANEL), 2)
  value <- lines[lines$PANEL == 1, ]
  expect_equal(value$y, pmax(value$x, 0), tolerance = 1e-6)
  gradient <- lines[lines$PANEL == 2, ]
  expect_equal(gradient$y, as.numeric(gradient$x > 0))
})

test_that("the curves are the engine's", {
  lines <- drawn(plot_activation("tanh", what = "gradient", from = -2, to = 3))
  expect_equal(range(lines$x), c(-2, 3))
  expect_equal(lines$y, activation_gradient(lines$x, "tanh"))
})

test_that("0 is one of the points, so that maxima there are met", {
  lines <- drawn(plot_activation("sigmoid", what = "gradient"))
  expect_equal(max(lines$y), .25)
  expect_true(0 %in% lines$x)
})

test_that("several activations share a panel, with a colour each", {
  lines <- drawn(plot_activation(c("relu", "sigmoid", "tanh"), what = "value"))
  expect_length(unique(lines$PANEL), 1)
  expect_length(unique(lines$colour), 3)
})

test_that("all activations get a panel each", {
  plot <- plot_activation(activation_names())
  lines <- drawn(plot)
  expect_length(unique(lines$PANEL), length(activation_names()))
  expect_length(unique(lines$colour), 2)
})

test_that("what comes twice is drawn once", {
  expect_equal(
    drawn(plot_activation(c("relu", "relu"))), drawn(plot_activation("relu"))
  )
})

test_that("a theme added to the plot wins", {
  plot <- plot_activation("relu") + ggplot2::theme(legend.position = "bottom")
  expect_equal(plot$theme$legend.position, "bottom")
})

test_that("arguments are checked", {
  expect_error(plot_activation("rlu"), "relu", class = "fastmlp_error")
  expect_error(plot_activation(character()), "`activation`", class = "fastmlp_error")
  expect_error(plot_activation(1), "`activation`", class = "fastmlp_error_type")
  expect_error(plot_activation("relu", what = "slope"), "`what`", class = "fastmlp_error")
  expect_error(plot_activation("relu", from = Inf), "`from`", class = "fastmlp_error")
  expect_error(plot_activation("relu", from = 1, to = 1), "`to`", class = "fastmlp_error")
})

test_that("the picture is as it was", {
  expect_picture("relu and leaky relu", plot_activation(c("relu", "leaky_relu")))
})
