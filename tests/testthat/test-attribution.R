plain_fit <- function(..., hidden_units = c(8, 6), activation = if (length(hidden_units) > 0) "tanh",
                      epochs = 15, optimizer = opt_sgd(0.02)) {
  set.seed(1)
  mlp_fit(..., preset = "plain", hidden_units = hidden_units, activation = activation, epochs = epochs,
          optimizer = optimizer, verbose = FALSE)
}

cars_data <- transform(mtcars, cyl = factor(cyl))

# Attributions as an array predictors x outputs x rows.
as_parts <- function(x) {
  array(x$attribution, c(length(unique(x$predictor)), length(unique(x$output)), max(x$row)))
}

# The derivative of a prediction for a number, by differences of predict().
slope_by_differences <- function(fit, rows, name, type, step = 0.02) {
  up <- down <- rows
  up[[name]] <- up[[name]] + step
  down[[name]] <- down[[name]] - step
  t(as.matrix(predict(fit, up, type)) - as.matrix(predict(fit, down, type))) / (2 * step)
}

test_that("gradients are those of predict(), in the units of the data, after any standardising and link", {
  rows <- iris[c(1, 60, 75, 120), ]
  for (standardize in c("none", "zscore", "robust_clip")) {
    fit <- plain_fit(Species ~ ., iris, standardize = standardize)
    for (type in c("prob", "raw")) {
      parts <- as_parts(mlp_attribution(fit, rows, type = type))
      for (j in 1:4) {
        wanted <- slope_by_differences(fit, rows, names(iris)[j], type)
        expect_equal(parts[j, , ], unname(wanted), tolerance = 2e-3)
      }
    }
  }
})

test_that("gradients go through normalisation, residuals, scales, embeddings and ensembles", {
  rows <- cars_data[c(1, 15, 30), ]
  kinds <- list(
    list(hidden_units = c(6, 6), normalization = "batch", residual = TRUE),
    list(normalization = "layer"),
    list(input_scale = TRUE, parametric_activation = TRUE),
    list(numeric_embedding = embed_periodic(frequencies = 3)),
    list(ensemble = 2, standardize_outcome = TRUE)
  )
  for (kind in kinds) {
    fit <- do.call(plain_fit, c(list(mpg ~ wt + hp + cyl, cars_data, standardize = "zscore",
                                     optimizer = opt_adam(0.01)), kind))
    parts <- as_parts(mlp_attribution(fit, rows))
    expect_equal(parts[1, 1, ], as.vector(slope_by_differences(fit, rows, "wt", "numeric")), tolerance = 3e-3)
    expect_equal(parts[2, 1, ], as.vector(slope_by_differences(fit, rows, "hp", "numeric", 2)),
                 tolerance = 3e-3)
  }
})

test_that("other links and quantities have the gradient of what predict() gives", {
  rows <- mtcars[c(2, 20), ]
  counts <- transform(mtcars, carb = as.integer(carb))
  fit <- plain_fit(carb ~ wt + hp + offset(log(cyl)), counts, loss = "poisson", standardize = "zscore")
  parts <- as_parts(mlp_attribution(fit, rows))
  expect_equal(parts[1, 1, ], as.vector(slope_by_differences(fit, rows, "wt", "numeric")), tolerance = 2e-3)
  fit <- plain_fit(mpg ~ wt + hp, mtcars, loss = loss_quantile(c(0.1, 0.9)), standardize = "zscore")
  x <- mlp_attribution(fit, rows)
  expect_identical(unique(x$output), c("q0.1", "q0.9"))
  expect_equal(as_parts(x)[1, , ], unname(slope_by_differences(fit, rows, "wt", "quantile")),
               tolerance = 2e-3)
  fit <- plain_fit(am ~ wt + hp, transform(mtcars, am = factor(am)), standardize = "zscore",
                   loss = "binary_cross_entropy")
  x <- mlp_attribution(fit, rows)
  expect_identical(unique(x$output), "1")
  expect_equal(as_parts(x)[1, 1, ], slope_by_differences(fit, rows, "wt", "prob")[2, ], tolerance = 2e-3)
})

test_that("integrated gradients are complete", {
  fit <- plain_fit(Species ~ ., iris, standardize = "robust_clip", activation = "relu")
  from <- iris[100, ]
  x <- mlp_attribution(fit, iris, "integrated", baseline = from, steps = 300)
  difference <- as.matrix(predict(fit, iris, "prob")) - as.matrix(predict(fit, from, "prob"))[rep(1, 150), ]
  expect_gt(max(abs(difference)), 0.1)
  expect_lt(max(abs(t(colSums(as_parts(x))) - difference)), 1e-3)
})

test_that("they are complete for ensembles at a temperature, too", {
  set.seed(2)
  fit <- mlp_fit(Species ~ ., iris, preset = "fast", ensemble = 2, epochs = 10, verbose = FALSE)
  expect_false(is.null(fit$outcome$temperature))
  rows <- iris[seq(1, 150, 10), ]
  from <- as.data.frame(t(rlang::set_names(fit$standardize$center, fit$predictors$names)))
  x <- mlp_attribution(fit, rows, "integrated")
  difference <- as.matrix(predict(fit, rows, "prob")) - as.matrix(predict(fit, from, "prob"))[rep(1, 15), ]
  expect_equal(t(colSums(as_parts(x))), unname(difference), tolerance = 1e-3)
})

test_that("integrated gradients agree with numeric integration in R", {
  fit <- plain_fit(mpg ~ wt + hp, mtcars, standardize = "zscore")
  row <- mtcars[5, c("wt", "hp")]
  from <- mtcars[20, c("wt", "hp")]
  slope <- function(name, step) {
    stats::integrate(function(shares) {
      vapply(shares, function(share) {
        at <- from + share * (row - from)
        as.vector(slope_by_differences(fit, at, name, "numeric", step))
      }, 1)
    }, 0, 1, rel.tol = 1e-4)$value
  }
  wanted <- c(slope("wt", 0.05), slope("hp", 3)) * as.numeric(row - from)
  x <- mlp_attribution(fit, row, "integrated", baseline = from)
  expect_equal(x$attribution, wanted, tolerance = 5e-3)
})

test_that("a linear network has its coefficients, whatever the method", {
  fit <- plain_fit(mpg ~ wt + cyl, cars_data, hidden_units = integer(), standardize = "zscore")
  rows <- cars_data[c(1, 3, 5), ]
  weight <- fit$network$layers[[1]]$weight[, 1] / fit$standardize$scale
  gradient <- as_parts(mlp_attribution(fit, rows))[, 1, ]
  expect_equal(gradient[1, ], rep(weight[1], 3), tolerance = 1e-6)
  # for a factor the indicator of the row's own level
  expect_equal(gradient[2, ], unname(weight[-1][as.integer(rows$cyl)]), tolerance = 1e-6)
  for (method in c("gradient_input", "integrated")) {
    x <- mlp_attribution(fit, rows, method, baseline = cars_data[2, ])
    wanted <- rbind(weight[1] * (rows$wt - cars_data$wt[2]),
                    weight[-1][as.integer(rows$cyl)] - weight[-1][as.integer(cars_data$cyl[2])])
    expect_equal(as_parts(x)[, 1, ], unname(wanted), tolerance = 1e-5)
  }
})

test_that("a factor of two levels stands for two indicators", {
  cars <- transform(mtcars, am = factor(ifelse(am == 1, "hand", "auto")))
  fit <- plain_fit(mpg ~ wt + am, cars, hidden_units = integer(), standardize = "zscore")
  rows <- cars[c(1, 4, 20), ]
  weight <- fit$network$layers[[1]]$weight[, 1] / fit$standardize$scale
  # their weights: minus and plus that of the one column
  indicators <- c(auto = -weight[2], hand = weight[2])
  expect_equal(as_parts(mlp_attribution(fit, rows))[2, 1, ], unname(indicators[as.character(rows$am)]),
               tolerance = 1e-6)
  for (method in c("gradient_input", "integrated")) {
    x <- mlp_attribution(fit, rows, method, baseline = cars[4, ])
    expect_equal(as_parts(x)[2, 1, ], unname(indicators[as.character(rows$am)] - indicators["auto"]),
                 tolerance = 1e-5)
  }
})

test_that("what tells of missing values belongs to its column", {
  cars <- transform(cars_data, wt = replace(wt, 1:8, NA), cyl = replace(cyl, 5:12, NA))
  fit <- plain_fit(mpg ~ wt + hp + cyl, cars, standardize = "zscore", na_action = "impute")
  expect_identical(fit$predictors$names, c("wt", "hp", "cyl4", "cyl6", "cyl8", "cyl_missing", "wt_missing"))
  x <- mlp_attribution(fit, cars, "integrated", baseline = cars[20, ], steps = 200)
  expect_identical(unique(x$predictor), c("wt", "hp", "cyl"))
  wanted <- predict(fit, cars)$.pred - predict(fit, cars[20, ])$.pred
  expect_equal(as.vector(colSums(as_parts(x)[, 1, ])), wanted, tolerance = 1e-3)
  expect_equal(mlp_attribution(fit, cars, "integrated", baseline = cars[6, ])$attribution[6 * 3 - 2:0],
               c(0, 0, 0))
  # of numbers the derivative where they are, be they missing
  gradient <- as_parts(mlp_attribution(fit, cars))
  expect_equal(gradient[2, 1, ], as.vector(slope_by_differences(fit, cars, "hp", "numeric", 2)),
               tolerance = 3e-3)
  expect_equal(gradient[1, 1, 9:32], as.vector(slope_by_differences(fit, cars[9:32, ], "wt", "numeric")),
               tolerance = 3e-3)
  omitting <- suppressMessages(plain_fit(mpg ~ hp + cyl, cars, na_action = "omit"))
  expect_error(mlp_attribution(omitting, cars), "na.omit", class = "fastmlp_error_missing")
  expect_identical(max(mlp_attribution(omitting, na.omit(cars))$row), 20L)
})

test_that("of a recipe's fit the columns that it makes have attributions", {
  skip_if_not_installed("recipes")
  recipe <- recipes::step_log(recipes::recipe(mpg ~ wt + cyl, cars_data), wt)
  fit <- plain_fit(recipe, cars_data, standardize = "zscore")
  by_hand <- plain_fit(mpg ~ wt + cyl, transform(cars_data, wt = log(wt)), standardize = "zscore")
  expect_equal(mlp_attribution(fit, cars_data[1:3, ])$attribution,
               mlp_attribution(by_hand, transform(cars_data[1:3, ], wt = log(wt)))$attribution)
  x <- mlp_attribution(fit, cars_data[1:3, ], "integrated", baseline = cars_data[9, ])
  expect_equal(as.vector(colSums(as_parts(x)[, 1, ])),
               predict(fit, cars_data[1:3, ])$.pred - predict(fit, cars_data[9, ])$.pred, tolerance = 1e-3)
})

test_that("the tibble has a row for each row, output and predictor, in this order", {
  fit <- plain_fit(Species ~ ., iris)
  x <- mlp_attribution(fit, iris[1:2, ])
  expect_s3_class(x, c("fastmlp_attribution", "tbl_df"), exact = FALSE)
  expect_identical(names(x), c("row", "predictor", "output", "attribution"))
  expect_identical(x$row, rep(1:2, each = 12))
  expect_identical(x$predictor, rep(names(iris)[1:4], 6))
  expect_identical(x$output, rep(rep(levels(iris$Species), each = 4), 2))
  one <- mlp_attribution(fit, iris[1:2, ], output = "virginica")
  expect_equal(one$attribution, x$attribution[x$output == "virginica"])
})

test_that("predictors without names, matrices and columns made by formulas are served", {
  fit <- plain_fit(unname(iris_x), -iris$Sepal.Length)
  expect_identical(unique(mlp_attribution(fit, iris_x[1:3, ])$predictor), paste0("V", 1:4))
  from <- mlp_attribution(fit, iris_x[1:3, ], "integrated", baseline = iris_x[4, ])
  expect_equal(from, mlp_attribution(fit, iris_x[1:3, ], "integrated", baseline = iris_x[4, , drop = FALSE]))
  fit <- plain_fit(mpg ~ log(wt) + hp:am, mtcars, standardize = "zscore")
  expect_identical(unique(mlp_attribution(fit, mtcars[1:2, ])$predictor), c("log(wt)", "hp:am"))
})

test_that("the number of threads changes nothing", {
  fit <- plain_fit(Species ~ ., iris, hidden_units = c(70, 40))
  rows <- iris[rep(1:150, 20), ]
  expect_same_for_threads(function(n) {
    mlp_attribution(fit, rows, "gradient_input", output = "setosa", threads = n)
  })
})

test_that("too few steps are noticed", {
  fit <- plain_fit(Species ~ ., iris, epochs = 40, standardize = "zscore")
  expect_warning(mlp_attribution(fit, iris, "integrated", steps = 1), "Raise `steps`",
                 class = "fastmlp_warning_steps")
})

test_that("bad arguments are refused", {
  fit <- plain_fit(Species ~ ., iris)
  expect_conditions({
    mlp_attribution(fit)
    mlp_attribution(1, iris)
    mlp_attribution(fit, iris[0, ])
    mlp_attribution(fit, iris, "shap")
    mlp_attribution(fit, iris, outputs = "setosa")
    mlp_attribution(fit, iris, output = "stosa")
    mlp_attribution(fit, iris, type = "class")
    mlp_attribution(fit, iris, "integrated", steps = 0)
    mlp_attribution(fit, iris, "integrated", baseline = iris[1:2, ])
    mlp_attribution(fit, iris, "integrated", baseline = iris[1, 1:2])
    mlp_attribution(fit, transform(iris, Petal.Width = NA_real_))
  })
})

test_that("levels that no row has take no part and change nothing", {
  rows <- data.frame(town = factor(rep(sprintf("t%02d", 1:30), 4)), size = sin(1:120),
                     sold = rep(c("yes", "no"), 60))
  rows$price <- as.numeric(rows$town) / 15 + rows$size
  fit <- function(...) small_fit(price ~ ., rows, activation = "tanh", ...)
  fits <- list(
    fit(), fit(ensemble = 2), fit(standardize = "zscore"), fit(factor_embedding = embed_factors(3)),
    fit(factor_embedding = embed_factors(3), numeric_embedding = embed_periodic(), input_scale = TRUE),
    fit(numeric_embedding = embed_piecewise(), standardize = "robust_clip"),
    fit(hidden_units = c(32, 4), residual = TRUE)
  )
  for (fit in fits) {
    for (method in c("gradient", "gradient_input", "integrated")) {
      explain <- function(at, ...) mlp_attribution(fit, rows[at, ], method, steps = 200, ...)$attribution
      each <- unlist(lapply(c(1, 7, 30), explain))
      expect_equal(explain(c(1, 7, 30)), each, tolerance = 1e-5)
      expect_equal(explain(1, baseline = rows[7, ]), utils::head(explain(1:120, baseline = rows[7, ]), 3),
                   tolerance = 1e-5)
    }
  }
  # Of one row: its level, the number, and the column of two levels.
  x <- encoded_values(explained_predictors(fits[[1]], rows[7, ], NULL))
  kept <- !idle_inputs(fits[[1]], x, x - default_baseline(fits[[1]]))
  expect_identical(input_owners(fits[[1]])[kept], c("town", "size", "sold"))
  expect_identical(with_inputs(fits[[1]], kept)$network$inputs, 3L)
})

test_that("rows are looked at in blocks that leave results as they are", {
  expect_identical(row_blocks(5, values_at_once / 2), list(1:2, 3:4, 5L))
  expect_identical(row_blocks(2, 2 * values_at_once), list(1L, 2L))
  level <- factor(rep(seq_len(4000), 2))
  fit <- small_fit(data.frame(level, z = rep_len(0:2, 8000)), rep_len(c(1, 3, 2), 8000), activation = "tanh")
  many <- mlp_attribution(fit, data.frame(level = level[1:600], z = 1), "integrated")
  few <- mlp_attribution(fit, data.frame(level = level[590:600], z = 1), "integrated")
  expect_gt(length(row_blocks(600, fit$network$inputs)), 1)
  expect_equal(many$attribution[many$row >= 590], few$attribution, tolerance = 1e-5)
})

test_that("the sum of a single row is looked at, too", {
  fit <- small_fit(iris_x, iris$Species, activation = "tanh", epochs = 20)
  expect_warning(mlp_attribution(fit, iris_x[1, , drop = FALSE], "integrated", steps = 1),
                 class = "fastmlp_warning_steps")
})
