for (package in c("mlr3", "paradox", "R6")) skip_if_not_installed(package)

learner_of <- function(task, ...) {
  mlr3_learner(task, preset = "plain", hidden_units = 4, epochs = 3, batch_size = 16, ...)
}

trained <- function(learner, task) {
  set.seed(1)
  learner$train(task)
}

test_that("a learner fits what mlp_fit() fits", {
  task <- mlr3::as_task_classif(iris, target = "Species", id = "iris")
  learner <- trained(learner_of("classif"), task)
  columns <- task$feature_names
  expect_identical(coef(learner$model), coef(small_fit(iris[columns], iris$Species)))
  expect_identical(learner$predict(task)$response, predict(learner$model, iris)$.pred_class)
  by_probability <- trained(learner_of("classif", predict_type = "prob"), task)$predict(task)
  expect_equal(by_probability$prob, as.matrix(predict(learner$model, iris, "prob")), ignore_attr = TRUE)
  expect_identical(colnames(by_probability$prob), levels(iris$Species))
})

test_that("numbers, factors and weights", {
  data <- transform(iris, w = rep(1:2, 75))
  task <- mlr3::as_task_regr(data, target = "Sepal.Length", id = "iris")
  task$set_col_roles("w", if ("weights_learner" %in% names(task$col_roles)) "weights_learner" else "weight")
  learner <- trained(learner_of("regr", standardize = "zscore"), task)
  ours <- small_fit(iris[task$feature_names], iris$Sepal.Length, weights = data$w, standardize = "zscore")
  expect_identical(coef(learner$model), coef(ours))
  expect_identical(learner$predict(task)$response, predict(ours, iris)$.pred)
  data <- transform(iris, Species = factor(Species, ordered = TRUE))
  task <- mlr3::as_task_regr(data, target = "Sepal.Length", id = "iris")
  learner <- trained(learner_of("regr", ordered_factors = "scores"), task)
  numbers <- transform(iris, Species = as.integer(Species))[task$feature_names]
  expect_identical(coef(learner$model), coef(small_fit(numbers, iris$Sepal.Length)))
})

test_that("a learner is resampled, and cloned by mlr3", {
  task <- mlr3::as_task_classif(iris, target = "Species", id = "iris")
  set.seed(1)
  result <- mlr3::resample(task, learner_of("classif"), mlr3::rsmp("cv", folds = 2))
  expect_true(is.finite(result$aggregate(mlr3::msr("classif.acc"))))
})

test_that("what a learner does not have is refused", {
  expect_error(mlr3_learner("surv"), class = "fastmlp_error_value")
  expect_error(mlr3_learner("regr", hiden_units = 3), "hidden_units", class = "fastmlp_error_dots")
  expect_error(mlr3_learner("regr", epochs = 0))
})

test_that("missing values are filled in where that is asked for, and told of otherwise", {
  task <- mlr3::as_task_regr(airquality[!is.na(airquality$Ozone), ], target = "Ozone", id = "air")
  learner <- trained(learner_of("regr", na_action = "impute", standardize = "zscore",
                                standardize_outcome = TRUE), task)
  expect_false(anyNA(learner$predict(task)$response))
  expect_error(trained(learner_of("regr"), task), "na_action", class = "fastmlp_error")
})
