skip_if_not_installed("recipes")

# A step draws its name at random, so it is made before any seed is set.
normalised <- recipes::step_normalize(recipes::recipe(Species ~ ., iris), recipes::all_numeric_predictors())

test_that("a recipe is prepared, trained on and used for new rows", {
  fit <- small_fit(normalised, iris)
  scaled <- iris
  scaled[1:4] <- scale(iris[1:4])
  by_hand <- small_fit(Species ~ ., scaled)
  expect_equal(coef(fit), coef(by_hand))
  expect_equal(predict(fit, iris[c(1, 99), ], "prob"), predict(by_hand, scaled[c(1, 99), ], "prob"))
  expect_identical(predict(fit, as.matrix(iris[1:4])), predict(fit, iris))
})

test_that("what holds the predictors is up to the blueprint", {
  blueprint <- hardhat::default_recipe_blueprint(composition = "matrix")
  fit <- small_fit(normalised, iris, blueprint = blueprint)
  expect_identical(coef(fit), coef(small_fit(normalised, iris)))
  expect_identical(predict(fit, iris), predict(small_fit(normalised, iris), iris))
})

test_that("factors that a recipe leaves are encoded", {
  fit <- small_fit(recipes::recipe(Sepal.Length ~ Species + Petal.Width, iris), iris)
  expect_identical(fit$predictors$names,
                   c("Speciessetosa", "Speciesversicolor", "Speciesvirginica", "Petal.Width"))
  expect_identical(nrow(predict(fit, iris[c(1, 60), ])), 2L)
  expect_equal(predict(fit, iris[60, ])$.pred, predict(fit, iris)$.pred[60])
})

test_that("roles decide what a column is", {
  data <- transform(iris, w = hardhat::importance_weights(rep(1:2, 75)), id = 1:150)
  recipe <- recipes::update_role(recipes::recipe(Species ~ ., data), id, new_role = "id")
  fit <- small_fit(recipe, data)
  expect_identical(fit$predictors$names, names(iris)[1:4])
  expect_identical(coef(fit), coef(small_fit(Species ~ ., iris, weights = rep(1:2, 75))))
  expect_identical(coef(fit), coef(small_fit(Species ~ ., iris, weights = data$w)))
  expect_error(small_fit(recipe, data, weights = rep(1, 150)), "case weights", class = "fastmlp_error_value")
  expect_identical(predict(fit, data), predict(small_fit(Species ~ ., iris, weights = data$w), iris))
  expect_error(predict(fit, iris), "id", class = "fastmlp_error_formula")
})

test_that("validation data and further epochs go through the recipe", {
  rows <- c(1:40, 51:90, 101:140)
  fit <- small_fit(normalised, iris[rows, ], validation = iris[-rows, ])
  expect_identical(fit$training$validation_rows, 30L)
  scaling <- lapply(iris[rows, 1:4], function(x) c(mean(x), sd(x)))
  scaled <- iris
  scaled[1:4] <- Map(function(x, by) (x - by[1]) / by[2], iris[1:4], scaling)
  by_hand <- small_fit(Species ~ ., scaled[rows, ], validation = scaled[-rows, ])
  expect_equal(fit$history, by_hand$history)
  longer <- mlp_continue(fit, iris[rows, ], epochs = 2, validation = iris[-rows, ])
  expect_identical(coef(longer), coef(small_fit(normalised, iris[rows, ], epochs = 5)))
})

test_that("what steps do to the training rows alone is not taken for what they do to others", {
  cars <- recipes::recipe(mpg ~ wt + hp, mtcars)
  fewer <- small_fit(recipes::step_filter(cars, hp < 200, skip = TRUE), mtcars, optimizer = opt_sgd(1e-6))
  expect_identical(fewer$training$rows, sum(mtcars$hp < 200))
  logged <- recipes::step_log(cars, mpg, skip = TRUE)
  expect_conditions({
    mlp_continue(fewer, mtcars, epochs = 2)
    small_fit(logged, mtcars, validation = mtcars[1:9, ])
  })
  for (changed in list(
    recipes::step_normalize(cars, mpg, skip = TRUE), recipes::step_mutate(cars, mpg = log(mpg), skip = TRUE),
    recipes::step_range(cars, mpg, skip = TRUE), recipes::step_BoxCox(cars, mpg, skip = TRUE),
    recipes::step_mutate(cars, tibble::tibble(mpg = log(mpg)), skip = TRUE)
  )) {
    expect_error(small_fit(changed, mtcars, validation = mtcars[1:9, ]), class = "fastmlp_error_recipe")
    fit <- small_fit(changed, mtcars, optimizer = opt_sgd(1e-6))
    expect_error(augment(fit, mtcars), class = "fastmlp_error_recipe")
    expect_identical(nrow(predict(fit, mtcars)), 32L)
  }
  calm <- opt_sgd(1e-6)
  expect_no_error(small_fit(logged, mtcars, validation = 0.2, optimizer = calm))
  filtered <- recipes::step_filter(cars, hp < 200, skip = TRUE)
  expect_no_error(small_fit(filtered, mtcars, validation = mtcars[1:9, ], optimizer = calm))
  complete <- recipes::step_naomit(cars, recipes::all_outcomes(), skip = TRUE)
  expect_no_error(small_fit(complete, mtcars, validation = mtcars[1:9, ], optimizer = calm))
})

test_that("what counts the rows of the data goes with no recipe that chooses or orders them", {
  sorted <- recipes::step_arrange(recipes::recipe(mpg ~ wt + hp, mtcars), mpg, skip = TRUE)
  fit <- function(...) small_fit(sorted, mtcars, optimizer = opt_sgd(1e-6), ...)
  expect_conditions({
    fit(weights = rep(1:2, 16))
    fit(validation = 1:5)
  })
  expect_error(fit(offset = mtcars$qsec), class = "fastmlp_error_recipe")
  expect_no_error(fit(validation = 0.2))
})

test_that("rows that lack what a recipe uses are left out before it is prepared", {
  data <- transform(iris, w = hardhat::importance_weights(rep(1:2, 75)), id = replace(1:150, 9, NA))
  data[cbind(c(3, 60), 1:2)] <- NA
  data$Species[140] <- NA
  data$w[7] <- NA
  lacking <- c(3, 7, 60, 140)
  recipe <- recipes::update_role(recipes::recipe(Species ~ ., data), id, new_role = "id")
  recipe <- recipes::step_normalize(recipe, recipes::all_numeric_predictors())
  expect_message(fit <- small_fit(recipe, data, na_action = "omit"), "Left out 4 rows of 150",
                 class = "fastmlp_message_omitted")
  complete <- data[-lacking, ]
  expect_identical(coef(fit), coef(small_fit(recipe, complete)))
  expect_identical(which(is.na(predict(fit, data)$.pred_class)), c(3L, 60L))

  weights <- as.double(data$w)
  data <- data[names(iris)]
  fit <- function(...) {
    small_fit(recipes::recipe(Species ~ ., data), data, weights = weights, na_action = "omit",
              validation = c(2, 3, 99), ...)
  }
  expect_message(short <- fit(), "Left out 4")
  expect_identical(short$training$validation_rows, 2L)
  expect_message(longer <- mlp_continue(short, data, weights = weights, epochs = 2), "Left out 4")
  expect_message(whole <- fit(epochs = 5), "Left out 4")
  expect_identical(coef(longer), coef(whole))
})

test_that("a fit by a recipe can be saved", {
  fit <- small_fit(normalised, iris)
  file <- withr::local_tempfile()
  saveRDS(fit, file)
  expect_identical(predict(readRDS(file), iris, "prob"), predict(fit, iris, "prob"))
})

test_that("what a recipe cannot do is said", {
  fit <- small_fit(normalised, iris)
  expect_error(small_fit(normalised), "`data` must be given.*recipe is prepared",
               class = "fastmlp_error_type")
  expect_error(small_fit(normalised, iris_x), "a data frame", class = "fastmlp_error_type")
  expect_error(small_fit(normalised, iris, blueprint = 1), "`blueprint` must", class = "fastmlp_error_type")
  expect_error(small_fit(recipes::recipe(~ ., iris), iris), "outcome", class = "fastmlp_error_outcome")
  expect_error(small_fit(normalised, iris[1:3]), "could not be used", class = "fastmlp_error_formula")
  expect_error(predict(fit, iris[-1]), "Sepal.Length", class = "fastmlp_error_columns")
  by_factor <- small_fit(recipes::recipe(Sepal.Length ~ Species, iris), iris)
  missing <- replace(iris, cbind(3, 1), NA)
  expect_error(predict(fit, missing), "row 3", class = "fastmlp_error_missing")
  expect_warning(expect_error(predict(by_factor, transform(iris, Species = "new")),
                                       class = "fastmlp_error_missing"), "Novel level")
  dropping <- recipes::step_naomit(recipes::recipe(Species ~ ., iris), recipes::all_predictors(),
                                   skip = FALSE)
  expect_error(predict(small_fit(dropping, iris), missing), "149 of 150", class = "fastmlp_error_shape")
})

test_that("the outcome of new rows is found whatever the order of predictors' levels", {
  data <- data.frame(
    y = sin(1:60), class = factor(rep(c("u", "v"), 30)),
    size = factor(rep(c("l", "m", "h"), each = 20), c("l", "m", "h"), ordered = TRUE)
  )
  other <- transform(data, size = factor(as.character(size), c("h", "l", "m"), ordered = TRUE))
  plain <- transform(data, size = factor(as.character(size)))
  numbers <- small_fit(recipes::recipe(y ~ size, data), data)
  classes <- small_fit(recipes::recipe(class ~ size + y, data), data)
  for (rows in list(other, plain)) {
    expect_identical(augment(numbers, rows)$.resid, augment(numbers, data)$.resid)
    expect_identical(autoplot(classes, "roc", new_data = rows)$data,
                     autoplot(classes, "roc", new_data = data)$data)
    expect_s3_class(mlp_continue(classes, rows, epochs = 1), "fastmlp")
    fit <- small_fit(recipes::recipe(y ~ size, data), data, validation = rows)
    expect_gt(fit$training$validation_rows, 0)
  }
})
