iris_fit <- small_fit(Species ~ ., data = iris)
cars_fit <- small_fit(mpg ~ wt + hp, data = mtcars, optimizer = opt_sgd(1e-6))

test_that("what can be asked for is what there is", {
  expect_identical(eval(formals(autoplot.fastmlp)$type), names(plot_types))
  expect_identical(eval(formals(autoplot.mlp_network)$type), names(network_plot_types))
  needs <- unlist(lapply(plot_types, `[[`, "needs"))
  expect_true(all(needs %in% unlist(lapply(prediction_types, names))))
  takes <- c("object", "call", "...", "max_units", "layer", "shape", "member", "new_data", "truth", "bins",
             "offset", "levels", "along", "variables", "resolution", "max_points")
  expect_true(all(unlist(lapply(plot_types, `[[`, "takes")) %in% takes))
})

test_that("each picture that a fit has is a ggplot with data", {
  gaussian_fit <- small_fit(mpg ~ wt + hp, data = mtcars, loss = "gaussian")
  pictures <- list(
    list(iris_fit, c("history", "network", "weights", "weight_histogram"), list()),
    list(iris_fit, c("confusion", "roc", "calibration"), list(new_data = iris)),
    list(gaussian_fit, c("observed", "residuals", "quantiles", "regions"), list(new_data = mtcars))
  )
  for (case in pictures) {
    for (type in case[[2]]) {
      plot <- do.call(autoplot, c(list(case[[1]], type), case[[3]]))
      expect_s3_class(plot, "ggplot")
      expect_s3_class(plot$data, "data.frame")
      expect_silent(layers_drawn(plot))
    }
  }
  expect_setequal(unlist(lapply(pictures, `[[`, 2)), names(plot_types))
})

test_that("plot() draws and returns the plot invisibly", {
  withr::local_pdf(NULL)
  network <- mlp_network(2, outputs = 1)
  expect_invisible(plot(network))
  expect_s3_class(plot(network), "ggplot")
  expect_s3_class(plot(network, "weights"), "ggplot")
  expect_s3_class(plot(iris_fit, type = "network"), "ggplot")
  expect_s3_class(plot(iris_fit, "confusion", iris), "ggplot")
})

test_that("numbers have big marks", {
  expect_equal(big_numbers(c(0, 1000, 25000)), c("0", "1,000", "25,000"))
  expect_equal(big_numbers(c(0, .25, NA)), c("0.00", "0.25", NA))
  expect_equal(big_numbers(1e6), "1,000,000")
  expect_equal(big_numbers(NA_real_), NA_character_)
  expect_equal(big_numbers(c(1000, 1000.5, 1001)), c("1,000.0", "1,000.5", "1,001.0"))
  expect_equal(predictor_numbers(c(2010, 2020)), c("2010", "2020"))
  expect_equal(predictor_numbers(c(0, 50000)), c("0", "50,000"))
})

test_that("arguments are checked", {
  network <- mlp_network(2, outputs = 1)
  expect_error(autoplot(iris_fit, type = "weight"), "`type`", class = "fastmlp_error")
  expect_error(autoplot(iris_fit, max_units = 3), "goes with `type", class = "fastmlp_error_dots")
  expect_error(autoplot(iris_fit, tpye = "network"), "Did you mean", class = "fastmlp_error_dots")
  cnd <- expect_error(plot(iris_fit, type = "x"), "`type`", class = "fastmlp_error")
  expect_identical(deparse1(conditionCall(cnd)), "plot(iris_fit, type = \"x\")")
  expect_error(autoplot(network, max_units = 2), "`max_units`", class = "fastmlp_error")
  expect_error(autoplot(network, units = 2), "units", class = "fastmlp_error_dots")
})

test_that("messages tell which fits have a picture and what it takes", {
  expect_conditions({
    autoplot(cars_fit, type = "roc")
    autoplot(cars_fit, type = "quantiles", new_data = mtcars)
    autoplot(iris_fit, type = "residuals")
    autoplot(iris_fit, type = "confusoin")
    autoplot(iris_fit, type = "confusion")
    autoplot(iris_fit, type = "confusion", data = iris)
    autoplot(iris_fit, type = "confusion", new_data = iris[1:4])
    autoplot(iris_fit, type = "confusion", new_data = iris, truth = iris$Species[1:3])
    autoplot(iris_fit, type = "confusion", new_data = iris, truth = iris$Petal.Width)
    autoplot(iris_fit, type = "confusion", new_data = iris[0, ])
    autoplot(iris_fit, type = "confusion", new_data = 1:4, truth = iris$Species)
    autoplot(replace(iris_fit, "history", list(iris_fit$history[0, ])))
    autoplot(iris_fit, type = "confusion", new_data = iris[2:5])
    autoplot(iris_fit, type = "confusion", new_data = iris, bins = 3)
    autoplot(iris_fit, "confusion", iris, iris$Species, 3)
    autoplot(iris_fit, type = "history", new_data = iris)
    autoplot(iris_fit, type = "roc", new_data = iris[1:50, ])
    autoplot(iris_fit, type = "calibration", new_data = iris, bins = 0)
    autoplot(iris_fit, type = "weights", shape = c(2, 3))
    autoplot(iris_fit, type = "weights", max_units = 3)
    autoplot(iris_fit, type = "weights", layer = 3)
  })
})

test_that("legends and titles are whole at 6 x 4 inches", {
  names <- paste(c("alisols and others", "cambisols", "luvisols and gleysols", "podzols"), "of the plains")
  data <- data.frame(x = sin(1:60), y = cos(3 * (1:60)), soil = factor(rep_len(names, 60), names))
  fit <- small_fit(soil ~ ., data)
  numbers <- small_fit(y ~ ., data, loss = "gaussian")
  pictures <- list(
    autoplot(fit, "regions", new_data = data),
    autoplot(mlp_partial(fit, data, "x")),
    autoplot(mlp_partial(numbers, data, c("x", "soil"))),
    autoplot(numbers, "quantiles", new_data = data),
    autoplot(schedule_warmup(3, schedule_cosine(horizon = 20)))
  )
  for (picture in pictures) expect_lt(inches_across(picture), 4.3)
  # its title stands below the panel, which is as wide as short names leave
  expect_lt(inches_across(autoplot(mlp_importance(numbers, data))), 4.8)
})

test_that("a picture in a file has a white background, which themes can change", {
  plot <- autoplot(small_fit(mpg ~ wt, mtcars))
  background <- function(plot) ggplot2::calc_element("plot.background", plot$theme)$fill
  expect_identical(background(plot), "white")
  expect_identical(background(plot + ggplot2::theme(plot.background = ggplot2::element_blank())), NULL)
  grey <- ggplot2::theme(plot.background = ggplot2::element_rect(fill = "grey20"))
  expect_identical(background(plot + grey), "grey20")
})
