layers_drawn <- function(plot) ggplot2::ggplot_build(plot)$data

small_fit <- function(...) {
  withr::local_seed(1)
  mlp_fit(
    Species ~ ., data = iris, hidden_units = 5, epochs = 4, batch_size = 25, verbose = FALSE, ...
  )
}

shown_labels <- function(plot) {
  unlist(lapply(layers_drawn(plot), function(layer) as.character(layer$label)))
}

test_that("the history of a fit has a panel a metric, loss first", {
  plot <- autoplot(small_fit())
  expect_s3_class(plot, "ggplot")
  panels <- ggplot2::ggplot_build(plot)$layout$layout
  expect_equal(as.character(panels$metric), c("loss", "accuracy"))
})

test_that("the curves are those of `history`", {
  fit <- small_fit()
  lines <- layers_drawn(autoplot(fit))[[1]]
  loss <- fit$history$value[fit$history$metric == "loss"]
  expect_equal(lines$y[lines$PANEL == 1], loss)
})

test_that("the kept epoch is marked where patience chose it", {
  fit <- small_fit(validation = .2, patience = 2)
  plot <- autoplot(fit)
  expect_equal(unique(layers_drawn(plot)[[1]]$xintercept), fit$training$kept_epoch)
  expect_match(plot$labels$caption, "kept")
  expect_null(autoplot(small_fit(validation = .2))$labels$caption)
})

test_that("a single epoch shows points", {
  fit <- small_fit()
  fit$history <- fit$history[fit$history$epoch == 1, ]
  expect_silent(layers <- layers_drawn(autoplot(fit)))
  expect_equal(nrow(layers[[1]]), 2)
})

test_that("a network of 4 inputs, 5 hidden units and 3 outputs shows all of them", {
  plot <- autoplot(mlp_network(4, hidden_units = 5, outputs = 3))
  layers <- layers_drawn(plot)
  expect_equal(nrow(layers[[1]]), 4 * 5 + 5 * 3)
  expect_setequal(
    shown_labels(plot), c(paste0("x[", 1:4, "]"), paste0("h[", 1:5, "]"), paste0("o[", 1:3, "]"))
  )
  headings <- plot$scales$get_scales("x")$labels
  expect_equal(headings, c("inputs\n4", "hidden 1 (relu)\n5", "outputs\n3"))
})

test_that("edges say sign and size of their weight", {
  network <- mlp_network(2, outputs = 1)
  network$layers[[1]]$weight[] <- c(-2, 1)
  edges <- layers_drawn(autoplot(network))[[1]]
  expect_length(unique(edges$colour), 2)
  strongest <- which.max(edges$linewidth)
  expect_equal(edges$colour[strongest], plot_colours[["vermilion"]])
  expect_gt(edges$alpha[strongest], edges$alpha[-strongest])
})

test_that("weights of zero and of one size are drawn", {
  network <- mlp_network(2, outputs = 2)
  network$layers[[1]]$weight[] <- 0
  expect_silent(layers_drawn(autoplot(network)))
})

test_that("wide layers show their first and last units", {
  expect_equal(shown_units(5, 12), 1:5)
  expect_equal(shown_units(12, 12), 1:12)
  expect_equal(shown_units(784, 12), c(1:6, 780:784))
  expect_equal(shown_units(13, 3), c(1, 13))
  plot <- autoplot(mlp_network(784, hidden_units = 256, outputs = 10))
  expect_equal(nrow(layers_drawn(plot)[[1]]), 11 * 11 + 11 * 10)
  expect_match(plot$scales$get_scales("x")$labels[1], "784")
  expect_true("x[784]" %in% shown_labels(plot))
})

test_that("`max_units` reaches the diagram of a fit", {
  plot <- autoplot(small_fit(), type = "network", max_units = 4)
  expect_true(all(c("h[1]", "h[2]", "h[5]") %in% shown_labels(plot)))
  expect_false("h[3]" %in% shown_labels(plot))
})

test_that("several hidden layers are told apart", {
  labels <- shown_labels(autoplot(mlp_network(2, hidden_units = c(2, 1), outputs = 1)))
  expect_true(all(c("h[1]^(1)", "h[2]^(1)", "h[1]^(2)") %in% labels))
})

test_that("a network without hidden layers is drawn", {
  expect_equal(nrow(layers_drawn(autoplot(mlp_network(3, outputs = 1)))[[1]]), 3)
})

test_that("plot() draws and returns the plot invisibly", {
  withr::local_pdf(NULL)
  network <- mlp_network(2, outputs = 1)
  expect_invisible(plot(network))
  expect_s3_class(plot(network), "ggplot")
  expect_s3_class(plot(small_fit(), type = "network"), "ggplot")
})

test_that("a theme added to the diagram wins", {
  plot <- autoplot(mlp_network(2, outputs = 1)) + ggplot2::theme(legend.position = "none")
  expect_equal(plot$theme$legend.position, "none")
})

test_that("arguments are checked", {
  fit <- small_fit()
  network <- mlp_network(2, outputs = 1)
  expect_error(autoplot(fit, type = "weight"), "`type`", class = "fastmlp_error")
  expect_error(autoplot(fit, max_units = 3), "goes with `type", class = "fastmlp_error_dots")
  expect_error(autoplot(fit, tpye = "network"), "Did you mean", class = "fastmlp_error_dots")
  cnd <- expect_error(plot(fit, type = "x"), "`type`", class = "fastmlp_error")
  expect_identical(deparse1(conditionCall(cnd)), "plot(fit, type = \"x\")")
  expect_error(autoplot(network, max_units = 2), "`max_units`", class = "fastmlp_error")
  expect_error(autoplot(network, units = 2), "units", class = "fastmlp_error_dots")
})
