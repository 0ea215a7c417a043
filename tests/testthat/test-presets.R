fit_by <- function(preset, ..., data = iris, formula = Species ~ .) {
  set.seed(1)
  mlp_fit(formula, data, ..., preset = preset, epochs = 2, verbose = FALSE)
}

test_that("a preset is what it prints, and any of it may be changed", {
  preset <- mlp_preset("tabular", "regression", n = 2000, p = 12)
  expect_snapshot(print(preset))
  expect_snapshot(print(mlp_preset("fast", "classification", 2000, 12)))
  set.seed(1)
  by_name <- mlp_fit(mpg ~ ., mtcars, preset = "tabular", verbose = FALSE, epochs = 3)
  set.seed(1)
  by_object <- mlp_fit(mpg ~ ., mtcars, preset = mlp_preset("tabular", "regression", 32, 10),
                       verbose = FALSE, epochs = 3)
  expect_identical(coef(by_object), coef(by_name))
  preset$hidden_units <- 7
  preset$activation <- "tanh"
  fit <- fit_by(preset, data = mtcars, formula = mpg ~ .)
  expect_identical(fit$network$hidden_units, 7L)
  expect_identical(fit$network$layers[[1]]$activation, "tanh")
})

test_that("presets but the plain one hold rows out for validation from 50 rows on", {
  for (name in setdiff(preset_names(), "plain")) {
    held <- function(n) mlp_preset(name, "regression", n, 5)$validation
    expect_identical(c(held(49), held(50)), c(0, 0.2))
  }
})

test_that("the plain preset is every argument's plain value", {
  preset <- mlp_preset("plain", "regression", 10, 2)
  expect_equal(unclass(preset), Filter(Negate(is.null), plain_settings()), ignore_attr = TRUE)
})

test_that("what the user gives wins", {
  fit <- fit_by("tabular", hidden_units = 5, activation = "relu", standardize = "none", validation = 0,
                loss = "focal", batch_size = 10, dropout = 0.5)
  settings <- fit$arguments
  expect_identical(fit$network$hidden_units, 5L)
  expect_identical(settings$standardize, "none")
  expect_identical(settings$loss$name, "focal")
  expect_identical(settings$dropout, 0.5)
  expect_identical(settings$patience, Inf)
  expect_identical(settings$ties, "first")
  expect_identical(fit$training$validation_rows, 0L)
  endless <- fit_by("tabular", patience = Inf)$arguments
  expect_identical(endless$ties, "first")
  expect_null(endless$stop_metric)
  # and what it does not touch stays
  expect_identical(settings$parametrization, "ntk")
  expect_identical(settings$schedule, schedule_coslog4())
})

test_that("presets give way where they have no meaning", {
  plain_rate <- fit_by("tabular", optimizer = opt_sgd(0.01))$arguments
  expect_identical(plain_rate$parametrization, "standard")
  expect_null(plain_rate$rate_factors)
  expect_identical(plain_rate$decay_schedule, schedule_constant())
  linear <- fit_by("tabular", hidden_units = integer(0))
  expect_length(linear$network$layers, 1)
  expect_null(fit_by("tabular", optimizer = opt_lbfgs(), hidden_units = 2)$arguments$rate_factors)
  expect_identical(fit_by("tabular", optimizer = opt_rprop())$arguments$schedule, schedule_constant())
  counts <- fit_by("tabular", data = mtcars, formula = carb ~ ., loss = "poisson")$arguments
  expect_false(counts$standardize_outcome || counts$clamp)
  labels <- fit_by("tabular", data = transform(mtcars, am = am == 1, vs = vs == 1),
                   formula = cbind(am, vs) ~ mpg + wt)
  expect_identical(labels$outcome$type, "labels")
  ordered <- fit_by("tabular", data = transform(iris, Species = factor(Species, ordered = TRUE)),
                    loss = "ordinal")
  expect_identical(ordered$arguments$loss$name, "ordinal")
  refits <- function(...) fit_by("tabular", hidden_units = 4, ensemble = 2, ...)$training$refit
  expect_true(refits())
  expect_true(refits(formula = Sepal.Length ~ .))
  expect_false(refits(data = mtcars, formula = mpg ~ .)) # too few rows to hold some
  expect_true(refits(data = mtcars, formula = mpg ~ ., refit = TRUE, validation = 0.2))
  expect_error(fit_by("tabular", data = mtcars, formula = carb ~ ., loss = "poisson", clamp = TRUE),
               class = "fastmlp_error_value")
})

test_that("every preset trains every kind of outcome, large and small", {
  outcomes <- list(Species ~ ., Sepal.Length ~ ., cbind(Sepal.Length, Sepal.Width) ~ .,
                   cbind(Sepal.Length > 6, Sepal.Width > 3) ~ Petal.Length)
  for (name in preset_names()) {
    for (formula in outcomes) {
      for (rows in list(1:150, c(1:5, 51:55, 101:105))) {
        fit <- suppressWarnings(fit_by(name, data = iris[rows, ], formula = formula))
        expect_identical(fit$arguments$preset, name)
        expect_identical(nrow(predict(fit, iris[1:3, ])), 3L)
      }
    }
  }
})

test_that("the default follows from the data, and summary() says why", {
  withr::local_options(fastmlp.preset = NULL)
  chosen <- function(x, y = rep(c("a", "b"), length.out = nrow(x)), ...) {
    set.seed(1)
    suppressWarnings(mlp_fit(x, y, epochs = 1, hidden_units = 4, verbose = FALSE, ...))
  }
  set.seed(2)
  pixels <- matrix(sample(0:255, 60 * 100, TRUE), 60)
  mixed <- sweep(pixels, 2, 10^(seq_len(100) %% 7), `*`)
  expect_identical(chosen(pixels)$arguments$preset, "pixels")
  expect_identical(chosen(pixels[, 1:63])$arguments$preset, "tabular")
  expect_identical(chosen(mixed)$arguments$preset, "tabular")
  with_factor <- data.frame(pixels, f = factor(rep(1:3, 20)))
  expect_identical(chosen(with_factor)$arguments$preset, "tabular")
  text <- capture.output(print(summary(chosen(pixels))))
  expect_match(text, "The preset was chosen as the predictors are many and on one scale.",
               fixed = TRUE, all = FALSE)
  text <- capture.output(print(summary(chosen(pixels, preset = "fast"))))
  expect_no_match(text, "was chosen")
  withr::local_options(fastmlp.preset = "fast")
  expect_identical(chosen(pixels)$arguments$preset, "fast")
})

test_that("large data get fewer epochs", {
  epochs <- function(name, n) mlp_preset(name, "classification", n = n, p = 30)$epochs
  expect_identical(epochs("tabular", 10000), 256L)
  expect_identical(epochs("tabular", 1e6), 16L)
  expect_identical(epochs("fast", 1e4), 36L)
  expect_identical(epochs("fast", 1e8), 1L)
})

test_that("bad presets are refused", {
  expect_conditions({
    mlp_preset("turbo", "regression", 10, 2)
    mlp_preset("fast", "ranking", 10, 2)
    mlp_preset("fast", "regression", 0, 2)
    mlp_preset("fast", "regression")
    fit_by(3)
    fit_by(structure(list(units = 3), name = "mine", class = "fastmlp_preset"))
    fit_by(structure(list(epochs = -3, hidden_units = 0), name = "mine", class = "fastmlp_preset"))
  })
})
