cars_data <- transform(mtcars, cyl = factor(cyl))

# Fits that have learned something.
taught <- function(...) {
  small_fit(..., standardize = "zscore", activation = "tanh", epochs = 20, optimizer = opt_sgd(0.02))
}

cars_fit <- function() taught(mpg ~ wt + hp + cyl, cars_data)

# Mean predictions with a value in all rows, by a plain loop.
by_loop <- function(fit, data, name, values, predict = stats::predict, weights = NULL) {
  vapply(seq_along(values), function(i) {
    data[[name]] <- rep(values[i], nrow(data))
    stats::weighted.mean(predict(fit, data)[[1]], weights %||% rep(1, nrow(data)))
  }, 1)
}

test_that("partial dependence of a number is that of a plain loop over values", {
  fit <- cars_fit()
  x <- mlp_partial(fit, cars_data, "wt", grid_size = 6)
  expect_identical(names(x), c("wt", ".output", ".pred"))
  quantiles <- quantile(mtcars$wt, 1:2 / 3, type = 1, names = FALSE)
  even <- seq(min(mtcars$wt), max(mtcars$wt), length.out = 4)
  expect_equal(x$wt, sort(c(quantiles, even)))
  expect_identical(mlp_partial(fit, cars_data, "wt", grid_size = 2)$wt, range(mtcars$wt))
  expect_equal(x$.pred, by_loop(fit, cars_data, "wt", x$wt), tolerance = 1e-6)
  expect_gt(diff(range(x$.pred)), 0.5)
  weights <- seq_len(32)
  weighted <- mlp_partial(fit, cars_data, "wt", grid_size = 6, weights = weights)
  expect_equal(weighted$.pred, by_loop(fit, cars_data, "wt", x$wt, weights = weights), tolerance = 1e-6)
})

test_that("dates and times are thinned as numbers are", {
  rows <- data.frame(day = as.Date("2024-01-01") + c(0:99, 200), y = cos(0:100))
  rows$time <- as.POSIXct("2024-01-01", tz = "UTC") + 600 * 0:100
  fit <- taught(y ~ as.numeric(day) + as.numeric(time), rows)
  x <- mlp_partial(fit, rows, "day", grid_size = 6)
  expect_s3_class(x$day, "Date")
  expect_identical(as.numeric(x$day), sort(unique(round(c(
    quantile(as.numeric(rows$day), 1:2 / 3, type = 1), seq(19723, 19923, length.out = 4)
  )))))
  expect_equal(x$.pred, by_loop(fit, rows, "day", x$day), tolerance = 1e-6)
  x <- mlp_partial(fit, rows, "time", grid_size = 4)
  expect_s3_class(x$time, "POSIXct")
  expect_identical(attr(x$time, "tzone"), "UTC")
  expect_identical(range(x$time), range(rows$time))
  expect_lte(nrow(x), 4)
  rows$day <- as.Date(as.integer(rows$day), origin = "1970-01-01")
  storage.mode(rows$day) <- "integer"
  expect_s3_class(mlp_partial(fit, rows, "day", grid_size = 6)$day, "Date")
  expect_length(mlp_partial(fit, rows[1:5, ], "day", grid_size = 6)$day, 5)
})

test_that("factors and few values are shown as they are", {
  fit <- cars_fit()
  x <- mlp_partial(fit, cars_data, "cyl")
  expect_identical(x$cyl, factor(c(4, 6, 8)))
  expect_equal(x$.pred, by_loop(fit, cars_data, "cyl", x$cyl), tolerance = 1e-6)
  fit <- taught(mtcars[c("wt", "gear")], mtcars$mpg)
  expect_identical(mlp_partial(fit, mtcars, "gear")$gear, c(3, 4, 5))
})

test_that("the curves of rows are their predictions, and average to the mean", {
  fit <- cars_fit()
  x <- mlp_partial(fit, cars_data, "hp", grid_size = 4, ice = TRUE)
  expect_identical(names(x), c(".row", "hp", ".output", ".pred"))
  expect_identical(x$.row, rep(1:32, each = 4))
  changed <- transform(cars_data, hp = x$hp[3])
  expect_equal(x$.pred[x$hp == x$hp[3]], predict(fit, changed)$.pred)
  mean <- mlp_partial(fit, cars_data, "hp", grid_size = 4)
  expect_equal(as.vector(tapply(x$.pred, x$hp, mean)), mean$.pred)
  expect_equal(mean_curve(x, "hp")$.pred, mean$.pred)
})

test_that("centred curves start at 0", {
  fit <- cars_fit()
  plain <- mlp_partial(fit, cars_data, "hp", grid_size = 4, ice = TRUE)
  x <- mlp_partial(fit, cars_data, "hp", grid_size = 4, ice = TRUE, center = TRUE)
  expect_equal(x$.pred, plain$.pred - rep(plain$.pred[plain$hp == min(plain$hp)], each = 4))
})

test_that("classes have a curve each, two classes that of the second", {
  fit <- taught(Species ~ ., iris)
  x <- mlp_partial(fit, iris, "Petal.Width", grid_size = 3)
  expect_identical(x$.output, rep(levels(iris$Species), 3))
  expect_equal(as.vector(tapply(x$.pred, x$Petal.Width, sum)), rep(1, 3))
  changed <- transform(iris, Petal.Width = x$Petal.Width[1])
  expect_equal(x$.pred[1:3], unname(colMeans(as.matrix(predict(fit, changed, "prob")))), tolerance = 1e-6)
  expect_identical(unique(mlp_partial(fit, iris, "Petal.Width", output = "setosa")$.output), "setosa")
  fit <- taught(am ~ wt, transform(mtcars, am = factor(am)))
  expect_identical(unique(mlp_partial(fit, mtcars, "wt")$.output), "1")
})

test_that("two predictors have all combinations of their values", {
  fit <- cars_fit()
  x <- mlp_partial(fit, cars_data, c("wt", "cyl"), grid_size = 3)
  expect_identical(as.character(x$cyl), rep(c("4", "6", "8"), 3))
  changed <- transform(cars_data, wt = x$wt[5], cyl = x$cyl[5])
  expect_equal(x$.pred[5], mean(predict(fit, changed)$.pred), tolerance = 1e-6)
})

test_that("matrices, functions in formulas, logicals and offsets are served", {
  fit <- taught(unname(as.matrix(mtcars[c("wt", "hp")])), mtcars$mpg)
  expect_identical(names(mlp_partial(fit, as.matrix(mtcars[c("wt", "hp")]), "V2"))[1], "V2")
  fit <- taught(mpg ~ log(wt) + hp:am, transform(mtcars, am = am == 1))
  data <- transform(mtcars, am = am == 1)
  x <- mlp_partial(fit, data, "wt", grid_size = 3)
  expect_equal(x$.pred, by_loop(fit, data, "wt", x$wt), tolerance = 1e-6)
  x <- mlp_partial(fit, data, "am")
  expect_identical(x$am, c(FALSE, TRUE))
  expect_equal(x$.pred, by_loop(fit, data, "am", x$am), tolerance = 1e-6)
  counts <- transform(mtcars, carb = as.integer(carb))
  fit <- taught(counts["wt"], counts$carb, loss = "poisson", offset = log(counts$cyl))
  x <- mlp_partial(fit, counts, "wt", grid_size = 2, offset = log(counts$cyl))
  with_offset <- function(fit, data) predict(fit, data, offset = log(counts$cyl))
  expect_equal(x$.pred, by_loop(fit, counts, "wt", x$wt, with_offset), tolerance = 1e-6)
  fit <- taught(carb ~ wt + cyl + offset(log(cyl) + log(hp)), counts, loss = "poisson")
  x <- mlp_partial(fit, counts, "cyl", grid_size = 3)
  expect_equal(x$.pred, by_loop(fit, counts, "cyl", x$cyl), tolerance = 1e-6)
})

test_that("a value is put in place of missing ones, too", {
  cars <- transform(cars_data, wt = replace(wt, 1:8, NA), cyl = replace(cyl, 5:12, NA))
  fit <- taught(mpg ~ wt + hp + cyl, cars, na_action = "impute")
  for (name in c("wt", "cyl")) {
    x <- mlp_partial(fit, cars, name, grid_size = 4)
    expect_false(anyNA(x))
    expect_equal(x$.pred, by_loop(fit, cars, name, x[[name]]), tolerance = 1e-6)
  }
  expect_s3_class(autoplot(mlp_partial(fit, cars, "wt")), "ggplot")
  expect_error(mlp_partial(fit, cars[1:8, ], "wt"), "have a value in each column",
               class = "fastmlp_error_missing")
  # a gap that the fit has not known is told of once
  cars$hp[3] <- NA
  expect_length(capture_warnings(mlp_partial(fit, cars, "wt", grid_size = 4)), 1)
})

test_that("of a recipe the columns before its steps are changed", {
  skip_if_not_installed("recipes")
  cars <- transform(cars_data, gear = as.integer(gear * 10), row = rownames(mtcars), text = as.character(am),
                    day = as.Date("2020-01-01") + 40 * (1:32 %% 3))
  recipe <- recipes::recipe(mpg ~ wt + gear + cyl + text + day + row, cars) |>
    recipes::update_role(row, new_role = "id") |>
    recipes::step_date(day, features = "month", keep_original_cols = FALSE) |>
    recipes::step_log(wt)
  fit <- taught(recipe, cars)
  for (name in c("wt", "gear", "cyl", "text", "day")) {
    x <- mlp_partial(fit, cars, name, grid_size = 2)
    expect_equal(x$.pred, by_loop(fit, cars, name, x[[name]]), tolerance = 1e-6)
  }
  # what has to be whole stays it: quantiles 35 and 50, and half the way from 30 to 61
  cars$gear <- rep(c(30L, 35L, 40L, 50L, 51L, 61L), length.out = 32)
  expect_identical(mlp_partial(fit, cars, "gear", grid_size = 5)$gear, c(30L, 35L, 46L, 50L, 61L))
})

test_that("bad arguments are refused", {
  fit <- cars_fit()
  expect_conditions({
    mlp_partial(fit, cars_data)
    mlp_partial(fit, cars_data, "weight")
    mlp_partial(fit, cars_data, c("wt", "hp", "cyl"))
    mlp_partial(fit, cars_data, c("wt", "wt"))
    mlp_partial(fit, cars_data, 1)
    mlp_partial(fit, cars_data, "wt", grid_size = 1)
    mlp_partial(fit, cars_data, "wt", ice = 5)
    mlp_partial(fit, cars_data, c("wt", "hp"), ice = TRUE)
    mlp_partial(fit, cars_data, "wt", centre = TRUE)
    mlp_partial(fit, cars_data, "wt", type = "prob")
    mlp_partial(fit, cars_data, "wt", weights = 1:3)
    mlp_partial(fit, cars_data["wt"], "wt")
  })
})
