test_that("an update is the call of mlp_fit() with other arguments", {
  fit <- small_fit(Species ~ ., iris, standardize = "zscore")
  set.seed(1)
  again <- update(fit, iris)
  expect_identical(coef(again), coef(fit))
  set.seed(1)
  changed <- update(fit, iris, hidden_units = c(3, 2), learn_rate = 0.01)
  expect_identical(coef(changed), coef(small_fit(Species ~ ., iris, standardize = "zscore",
                                                 hidden_units = c(3, 2), learn_rate = 0.01)))
  set.seed(1)
  shorter <- update(fit, iris, formula = Species ~ Petal.Width)
  expect_identical(coef(shorter), coef(small_fit(Species ~ Petal.Width, iris, standardize = "zscore")))
})

test_that("in a formula a dot stands for what there was, which needs no name", {
  fit <- small_fit(Species ~ Petal.Width + Petal.Length, iris)
  predictors <- function(...) update(...)$predictors$names
  expect_identical(predictors(fit, . ~ Sepal.Width, iris), "Sepal.Width")
  expect_identical(predictors(fit, iris, ~ . - Petal.Width), "Petal.Length")
  expect_identical(predictors(fit, formula = Sepal.Length ~ . + Species, data = iris)[3:5],
                   paste0("Species", levels(iris$Species)))
  all <- small_fit(Species ~ ., iris)
  expect_identical(predictors(all, . ~ . - Sepal.Width, iris), names(iris)[c(1, 3, 4)])
  counts <- small_fit(carb ~ wt + offset(log(qsec)), mtcars, loss = "poisson", optimizer = opt_sgd(1e-4))
  again <- update(counts, . ~ . + hp, mtcars)
  expect_identical(again$predictors$names, c("wt", "hp"))
  expect_false(is.null(again$outcome$offset))
  expect_error(update(fit, . ~ Sepal.Width), "`data = `, or behind the fit", class = "fastmlp_error_missing")
  expect_error(update(small_fit(iris_x, iris$Species), . ~ Sepal.Width), "not made by one",
               class = "fastmlp_error_dots")
})

test_that("what was not given comes from the preset anew", {
  fit <- small_fit(Species ~ ., iris, preset = "fast", hidden_units = 8)
  longer <- update(fit, iris, epochs = 5, batch_size = NULL)$arguments
  expect_identical(longer$patience, 5L)
  expect_identical(longer$preset, "fast")
  plain <- update(fit, iris, preset = "plain")$arguments
  expect_identical(plain$standardize, "none")
  preset <- mlp_preset("fast", "classification", 150, 4)
  preset$activation <- "tanh"
  own <- small_fit(Species ~ ., iris, preset = preset)
  expect_identical(update(own, iris, epochs = 2)$arguments$activation, "tanh")
})

test_that("a fit of matrices and data frames takes x and y", {
  fit <- small_fit(iris_x, iris$Species)
  set.seed(1)
  expect_identical(coef(update(fit, iris_x, iris$Species)), coef(fit))
  expect_identical(update(fit, y = iris$Species, x = iris[1:2], hidden_units = 2)$network$inputs, 2L)
})

test_that("a recipe is prepared again", {
  skip_if_not_installed("recipes")
  recipe <- recipes::step_normalize(recipes::recipe(Species ~ ., iris), recipes::all_numeric_predictors())
  fit <- small_fit(recipe, iris)
  set.seed(1)
  shifted <- transform(iris, Sepal.Length = 2 * Sepal.Length + 1)
  expect_equal(coef(update(fit, shifted)), coef(fit))
})

test_that("what a fit does not keep is asked for", {
  fit <- small_fit(Species ~ ., iris, weights = rep(1:2, 75))
  called <- small_fit(Species ~ ., iris, callbacks = list(on_epoch_end = function(state) NULL))
  custom <- small_fit(mpg ~ wt, mtcars, loss = loss_custom(function(output, target) {
    list(value = rowSums((output - target)^2), gradient = 2 * (output - target))
  }))
  held <- small_fit(Species ~ ., iris, validation = c(1, 60, 120))
  expect_error(update(fit, iris), "`weights` must be given again", class = "fastmlp_error_missing")
  expect_error(update(called, iris), "`callbacks` must be given again", class = "fastmlp_error_missing")
  expect_error(update(custom, mtcars), "`loss` must be given again", class = "fastmlp_error_missing")
  expect_error(update(held, iris), "`validation` must be given again", class = "fastmlp_error_missing")
  expect_null(update(fit, iris, weights = NULL)$arguments$weights)
  expect_identical(update(held, iris, validation = 0.2)$training$validation_rows, 30L)
  expect_error(update(fit), "does not hold its training data", class = "fastmlp_error_missing")
  expect_error(update(fit, iris, hiden_units = 2), "hidden_units", class = "fastmlp_error_dots")
  expect_error(update(fit, iris, iris), "as the fit took its data", class = "fastmlp_error_data")
})
