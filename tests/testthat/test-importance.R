# Fits that have learned something.
taught <- function(..., epochs = 20, optimizer = opt_sgd(0.02)) {
  small_fit(..., standardize = "zscore", activation = "tanh", epochs = epochs, optimizer = optimizer)
}

cars_data <- transform(mtcars, cyl = factor(cyl))

# A rise of any measure, by a plain loop over predictions.
by_loop <- function(names, data, repeats, measure, weights = NULL) {
  rise <- matrix(0, repeats, length(names), dimnames = list(NULL, names))
  for (r in seq_len(repeats)) {
    order <- sample(nrow(data))
    for (name in names) {
      changed <- data
      changed[[name]] <- data[[name]][order]
      joint <- if (!is.null(weights)) weights * weights[order]
      rise[r, name] <- measure(changed, joint) - measure(data, weights)
    }
  }
  rise
}

expect_importance <- function(x, rise) {
  wanted <- colMeans(rise)[x$predictor]
  expect_equal(x$importance, unname(wanted), tolerance = 1e-5)
  expect_gt(max(x$importance), 0)
  expect_false(is.unsorted(-x$importance))
  error <- apply(rise, 2, stats::sd)[x$predictor] / sqrt(nrow(rise))
  expect_equal(x$std_error, unname(error), tolerance = 1e-4)
}

test_that("the rise of the loss is that of a plain loop, a factor being permuted as a whole", {
  fit <- taught(mpg ~ wt + hp + cyl, cars_data, standardize_outcome = TRUE)
  scaled <- (cars_data$mpg - mean(cars_data$mpg)) / sd(cars_data$mpg)
  loss <- function(data, weights) {
    loss_value(as.matrix(predict(fit, data, "raw")), scaled, "squared", weights)
  }
  set.seed(7)
  x <- mlp_importance(fit, cars_data, repeats = 4)
  set.seed(7)
  expect_importance(x, by_loop(c("wt", "hp", "cyl"), cars_data, 4, loss))
  expect_equal(attr(x, "measured"), loss(cars_data, NULL), tolerance = 1e-6)
})

test_that("metrics of which more is better fall, and weights count", {
  fit <- taught(iris[1:4], iris$Species)
  weights <- rep(c(0, 1, 3), 50)
  accuracy <- function(data, weights) {
    weighted.mean(predict(fit, data)$.pred_class == iris$Species, weights %||% rep(1, 150))
  }
  set.seed(3)
  x <- mlp_importance(fit, iris, iris$Species, metric = "accuracy", repeats = 3, weights = weights)
  set.seed(3)
  expect_importance(x, -by_loop(names(iris)[1:4], iris[1:4], 3, accuracy, weights))
  rmse <- function(data, weights) sqrt(mean((predict(numbers, data)$.pred - mtcars$mpg)^2))
  numbers <- taught(as.matrix(mtcars[2:5]), mtcars$mpg)
  set.seed(3)
  x <- mlp_importance(numbers, mtcars, mtcars$mpg, metric = "rmse", repeats = 2)
  set.seed(3)
  expect_importance(x, by_loop(names(mtcars)[2:5], mtcars, 2, rmse))
})

test_that("rows without weight are as if they were not there, on average", {
  fit <- taught(iris[1:4], iris$Species)
  weights <- rep(c(1, 0, 1), each = 50)
  set.seed(1)
  with_zeros <- mlp_importance(fit, iris, iris$Species, repeats = 200, weights = weights)
  without <- mlp_importance(fit, iris[-(51:100), ], iris$Species[-(51:100)], repeats = 200)
  expect_equal(attr(with_zeros, "measured"), attr(without, "measured"), tolerance = 1e-6)
  expect_gt(max(without$importance), 0)
  at <- match(with_zeros$predictor, without$predictor)
  error <- sqrt(with_zeros$std_error^2 + without$std_error[at]^2)
  expect_true(all(abs(with_zeros$importance - without$importance[at]) < 4 * error))
})

test_that("a column behind a function of the formula is permuted as the user has it", {
  fit <- taught(mpg ~ log(wt) + hp:am, mtcars)
  loss <- function(data, weights) mean((predict(fit, data)$.pred - mtcars$mpg)^2)
  set.seed(5)
  x <- mlp_importance(fit, mtcars, repeats = 2)
  set.seed(5)
  expect_importance(x, by_loop(c("wt", "hp", "am"), mtcars, 2, loss))
})

test_that("embedded factors, missing values and a recipe's columns are permuted as the user has them", {
  cars <- transform(cars_data, wt = replace(wt, 1:8, NA), carb = factor(carb), cyl = replace(cyl, 5:12, NA))
  loss <- function(data, weights) mean((predict(fit, data)$.pred - cars$mpg)^2)
  fit <- taught(mpg ~ wt + carb + cyl, cars, na_action = "impute", factor_embedding = embed_factors(2, 5))
  expect_identical(fit$predictors$embedded, "carb")
  set.seed(5)
  x <- mlp_importance(fit, cars, repeats = 2)
  set.seed(5)
  expect_importance(x, by_loop(c("wt", "carb", "cyl"), cars, 2, loss))
  skip_if_not_installed("recipes")
  fit <- taught(recipes::step_log(recipes::recipe(mpg ~ hp + am, cars), hp), cars)
  set.seed(5)
  x <- mlp_importance(fit, cars, repeats = 2)
  set.seed(5)
  expect_importance(x, by_loop(c("hp", "am"), cars, 2, loss))
})

test_that("sparse rows are refused, with what to do instead", {
  skip_if_not_installed("Matrix")
  set.seed(1)
  sparse <- Matrix::rsparsematrix(40, 12, 0.2)
  fit <- small_fit(sparse, rowSums(as.matrix(sparse)))
  expect_conditions({
    mlp_importance(fit, sparse, rnorm(40))
    mlp_partial(fit, sparse, "V1")
    mlp_attribution(fit, sparse)
    autoplot(fit, type = "regions", new_data = sparse)
  })
  some <- as.matrix(sparse[1:20, ])
  expect_identical(nrow(mlp_importance(fit, some, rowSums(some), repeats = 1)), 12L)
})

test_that("losses with offsets, labels and ensembles are measured as the fit was", {
  counts <- transform(mtcars, carb = as.integer(carb))
  fit <- taught(carb ~ wt + hp + offset(log(cyl)), counts, loss = "poisson")
  mean <- predict(fit, counts)$.pred
  expect_equal(attr(mlp_importance(fit, counts, repeats = 1), "measured"),
               loss_value(log(mean), counts$carb, "poisson"), tolerance = 1e-5)
  fit <- taught(carb ~ cyl + offset(log(cyl)), counts, loss = "poisson")
  set.seed(1)
  importance <- mlp_importance(fit, counts, repeats = 1, metric = "rmse")$importance
  set.seed(1)
  rmse <- function(data) sqrt(mean((predict(fit, data)$.pred - counts$carb)^2))
  permuted <- transform(counts, cyl = cyl[sample.int(nrow(counts))])
  expect_equal(importance, rmse(permuted) - rmse(counts), tolerance = 1e-6)
  fit <- taught(mpg ~ wt + offset(hp / 50), mtcars, loss = "squared", standardize_outcome = TRUE)
  expect_equal(attr(mlp_importance(fit, mtcars, repeats = 1), "measured"),
               mean(((predict(fit, mtcars)$.pred - mtcars$mpg) / fit$outcome$scaling$scale)^2),
               tolerance = 1e-5)
  labels <- cbind(am = mtcars$am == 1, vs = mtcars$vs == 1)
  fit <- taught(mtcars[c("wt", "hp")], labels)
  x <- mlp_importance(fit, mtcars, labels, repeats = 1)
  expect_equal(attr(x, "measured"), utils::tail(fit$history$value[fit$history$metric == "loss"], 1),
               tolerance = 0.2)
  expect_true(is.na(x$std_error[1]))
  fit <- taught(Species ~ ., iris, ensemble = 2)
  x <- mlp_importance(fit, iris, repeats = 1, metric = "log_loss")
  p <- as.matrix(predict(fit, iris, "prob"))[cbind(1:150, as.integer(iris$Species))]
  expect_equal(attr(x, "measured"), -mean(log(p)))
})

test_that("set.seed() repeats it at any number of threads", {
  fit <- taught(Species ~ ., iris, hidden_units = c(40, 40))
  expect_same_for_threads(function(n) {
    set.seed(9)
    mlp_importance(fit, iris, repeats = 2, threads = n)
  }, 1:3)
})

test_that("it prints what was measured", {
  fit <- taught(Species ~ ., iris)
  expect_output(print(mlp_importance(fit, iris, metric = "auc", repeats = 1)),
                "Fall of auc by permuting \\(from 0[.].*mean of 1 permutation\n")
  expect_output(print(mlp_importance(fit, method = "olden")), "Olden")
})

test_that("bad arguments are refused", {
  fit <- taught(iris[1:4], iris$Species)
  own <- loss_custom(function(output, target) list(value = rowSums((output - target)^2),
                                                   gradient = 2 * (output - target)))
  formula <- taught(Species ~ ., iris)
  custom <- taught(mtcars["wt"], mtcars$mpg, loss = own, optimizer = opt_sgd(1e-4))
  expect_conditions({
    mlp_importance(fit)
    mlp_importance(fit, iris)
    mlp_importance(fit, iris, iris$Species[-1])
    mlp_importance(fit, iris, iris$Sepal.Length)
    mlp_importance(fit, iris, iris$Species, metric = "rmse")
    mlp_importance(fit, iris, iris$Species, method = "lofo")
    mlp_importance(fit, iris, iris$Species, repeats = 0)
    mlp_importance(fit, iris, iris$Species, repeat_count = 5)
    mlp_importance(fit, iris, iris$Species, weights = rep(0, 150))
    mlp_importance(fit, iris, method = "garson")
    mlp_importance(fit, iris[1:3], iris$Species)
    mlp_importance(formula, iris[1:4])
    mlp_importance(custom, mtcars, mtcars$mpg)
  })
})
