layers_drawn <- function(plot) ggplot2::ggplot_build(plot)$data

cars_data <- transform(mtcars, cyl = factor(cyl), gear = factor(gear))

days <- as.Date("2024-01-01") + 0:99

fit <- small_fit(mpg ~ wt + hp + cyl + gear, cars_data, standardize = "zscore", activation = "tanh",
                 optimizer = opt_sgd(0.02))

test_that("a number is a line with a rug at the deciles, a factor is points", {
  x <- mlp_partial(fit, cars_data, "wt", grid_size = 5)
  layers <- layers_drawn(autoplot(x))
  expect_equal(layers[[1]]$y, x$.pred)
  expect_equal(layers[[2]]$x, quantile(mtcars$wt, 1:9 / 10, names = FALSE))
  plot <- autoplot(mlp_partial(fit, cars_data, "cyl"))
  expect_length(plot$layers, 1)
  expect_identical(class(plot$layers[[1]]$geom)[1], "GeomPoint")
})

test_that("the curves of rows lie below their weighted mean, no more than asked for", {
  weights <- rep(1:2, 16)
  x <- mlp_partial(fit, cars_data, "wt", grid_size = 4, ice = TRUE, weights = weights)
  mean <- mlp_partial(fit, cars_data, "wt", grid_size = 4, weights = weights)
  layers <- layers_drawn(autoplot(x))
  expect_equal(layers[[2]]$y, mean$.pred, tolerance = 1e-6)
  expect_length(unique(layers[[1]]$group), 32)
  expect_length(unique(layers_drawn(autoplot(x, max_rows = 5))[[1]]$group), 5)
  for (center in c(FALSE, TRUE)) {
    x <- mlp_partial(fit, cars_data, "cyl", ice = TRUE, center = center)
    expect_equal(layers_drawn(autoplot(x))[[2]]$y, as.vector(tapply(x$.pred, x$cyl, base::mean)))
  }
})

test_that("two numbers or two factors are a heat map, one of each lines", {
  x <- mlp_partial(fit, cars_data, c("wt", "hp"), grid_size = 3)
  cells <- layers_drawn(autoplot(x))[[1]]
  expect_identical(nrow(cells), 9L)
  expect_equal(range(cells$xmin, cells$xmax), range(x$wt))
  expect_equal(sort(unique(cells$ymax))[1], mean(sort(unique(x$hp))[1:2]))
  cells <- layers_drawn(autoplot(mlp_partial(fit, cars_data, c("cyl", "gear"))))[[1]]
  expect_equal(sort(unique(cells$xmin)), c(0.5, 1.5, 2.5))
  for (pair in list(c("wt", "cyl"), c("cyl", "wt"))) {
    plot <- autoplot(mlp_partial(fit, cars_data, pair, grid_size = 3))
    expect_length(unique(layers_drawn(plot)[[1]]$colour), 3)
    expect_identical(plot$labels$x, "wt")
  }
})

test_that("dates and times have lines, axes and heat maps of their own", {
  curve <- function(values, ...) {
    about <- list(variables = "when", ice = FALSE, center = FALSE, type = "numeric",
                  deciles = list(when = decile_values(values)))
    partial_tibble(array(seq_along(values), c(1, 1, length(values))), list_frame(list(when = values)), "y",
                   about)
  }
  times <- as.POSIXct("2024-01-01", tz = "UTC") + 3600 * (0:9)
  for (values in list(days[1:10], times)) {
    plot <- autoplot(curve(values))
    layers <- layers_drawn(plot)
    expect_identical(class(plot$layers[[1]]$geom)[1], "GeomLine")
    expect_equal(layers[[1]]$x, as.numeric(values))
    expect_equal(layers[[2]]$x, quantile(as.numeric(values), 1:9 / 10, names = FALSE))
  }
  about <- list(variables = c("when", "wt"), ice = FALSE, center = FALSE, type = "numeric")
  grid <- list_frame(list(when = rep(days[c(1, 3, 9)], each = 2), wt = rep(1:2, 3)))
  cells <- layers_drawn(autoplot(partial_tibble(array(1:6, c(1, 1, 6)), grid, "y", about)))[[1]]
  expect_equal(sort(unique(cells$xmax)), as.numeric(days[1]) + c(1, 5, 8))
})

test_that("large numbers have marks, years none", {
  about <- list(variables = "when", ice = FALSE, center = FALSE, type = "numeric")
  labels <- function(at) {
    x <- partial_tibble(array(c(0, 4e5), c(1, 1, 2)), list_frame(list(when = at)), "y", about)
    panel <- ggplot2::ggplot_build(autoplot(x))$layout$panel_params[[1]]
    lapply(list(x = panel$x, y = panel$y), function(axis) stats::na.omit(axis$get_labels()))
  }
  expect_true(all(c("100,000", "300,000") %in% labels(c(0, 4e5))$x))
  expect_true("2010" %in% labels(c(2000, 2020))$x)
  expect_true("300,000" %in% labels(c(0, 1))$y)
})

test_that("classes have colours, and panels where colours show something else", {
  fit <- small_fit(Species ~ ., iris)
  plot <- autoplot(mlp_partial(fit, iris, "Petal.Width", grid_size = 3))
  expect_length(unique(layers_drawn(plot)[[1]]$colour), 3)
  expect_identical(plot$labels$y, "probability")
  for (plot in list(autoplot(mlp_partial(fit, iris, "Petal.Width", grid_size = 3, ice = TRUE)),
                    autoplot(mlp_partial(fit, iris, c("Petal.Width", "Petal.Length"), grid_size = 3)))) {
    expect_identical(nrow(ggplot2::ggplot_build(plot)$layout$layout), 3L)
  }
})

test_that("the picture is drawn, and arguments are checked", {
  withr::local_pdf(NULL)
  x <- mlp_partial(fit, cars_data, "wt", grid_size = 3)
  expect_s3_class(plot(x), "ggplot")
  expect_error(autoplot(x, max_rows = 0), "`max_rows`", class = "fastmlp_error")
  expect_error(autoplot(x, rows = 3), "rows", class = "fastmlp_error_dots")
})

test_that("it looks as it did", {
  # curves of 4 rows at 3 values
  curves <- array(outer(1:4, c(0, 1, 4)), c(4, 1, 3))
  about <- list(variables = "wt", ice = TRUE, center = FALSE, type = "numeric", weights = rep(1, 4),
                deciles = list(wt = 1:3))
  x <- partial_tibble(curves, list_frame(list(wt = c(1, 2, 4))), "mpg", about)
  expect_picture("curves of rows", autoplot(x))
  about <- list(variables = c("wt", "hp"), ice = FALSE, center = FALSE, type = "numeric")
  grid <- list_frame(list(wt = rep(c(1, 2, 4), each = 2), hp = rep(c(10, 20), 3)))
  x <- partial_tibble(array(1:6, c(1, 1, 6)), grid, "mpg", about)
  expect_picture("two numbers", autoplot(x))
  about <- list(variables = "size", ice = FALSE, center = FALSE, type = "prob")
  grid <- list_frame(list(size = factor(c("small", "large"))))
  x <- partial_tibble(array(c(1, 9, 3, 7) / 10, c(1, 2, 2)), grid, c("no", "yes"), about)
  expect_picture("a factor", autoplot(x))
  about <- list(variables = "day", ice = FALSE, center = FALSE, type = "numeric")
  x <- partial_tibble(array(1:3 * 1e5, c(1, 1, 3)), list_frame(list(day = days[c(1, 50, 100)])), "price",
                      about)
  expect_picture("days", autoplot(x))
})

# Curves of so many classes, along values.
of_classes <- function(classes, values, name = "v", ice = FALSE) {
  about <- list(variables = name, ice = ice, center = FALSE, type = "prob", deciles = list(), weights = 1)
  predictions <- array(seq_len(classes * length(values)), c(1, classes, length(values)))
  partial_tibble(predictions, list_frame(rlang::set_names(list(values), name)),
                 sprintf("Class number %d", seq_len(classes)), about)
}

panels_drawn <- function(plot) ggplot2::ggplot_build(plot)$layout$layout

test_that("of many outputs the first are drawn, as many as have room", {
  plot <- autoplot(of_classes(40, 1:5))
  expect_identical(nrow(panels_drawn(plot)), 12L)
  expect_identical(plot$labels$caption, "the first 12 of 40 classes")
  expect_identical(plot$facet$params$labeller(list("Class number 1"))[[1]], "Class number 1")
  expect_null(autoplot(of_classes(12, 1:5))$labels$caption)
  expect_null(autoplot(of_classes(5, 1:5))$labels$caption)
})

test_that("many levels stand from top to bottom, beside one row of panels", {
  levels <- sprintf("a rather long level %02d", 1:30)
  values <- factor(levels, levels)
  object <- of_classes(40, values)
  plot <- autoplot(object)
  panels <- panels_drawn(plot)
  expect_identical(c(max(panels$ROW), max(panels$COL)), c(1L, 6L))
  expect_identical(plot$labels$caption, "the first 6 of 40 classes")
  points <- layers_drawn(plot)[[1]]
  first <- points[points$PANEL == 1, ]
  expect_equal(first$x[order(-first$y)], object$.pred[object$.output == "Class number 1"])
  # Of few outputs all are colours in one panel, with the names below it.
  coloured <- autoplot(of_classes(4, values))
  expect_identical(nrow(panels_drawn(coloured)), 1L)
  expect_length(unique(layers_drawn(coloured)[[1]]$colour), 4)
  expect_identical(nrow(panels_drawn(autoplot(of_classes(40, values, ice = TRUE)))), 2L)
  expect_picture("partial many levels", plot)
})

test_that("a number of one value is a point", {
  one <- transform(cars_data, wt = 3)
  for (ice in c(FALSE, TRUE)) {
    plot <- autoplot(mlp_partial(fit, one, "wt", ice = ice))
    geoms <- vapply(plot$layers, function(layer) class(layer$geom)[1], "")
    expect_identical(setdiff(geoms, "GeomRug"), "GeomPoint")
    expect_silent(ggplot2::ggplotGrob(plot))
  }
})
