skip_if_not_installed("caret")

train_by_caret <- function(..., size = 4, epochs = 3) {
  set.seed(1)
  caret::train(..., method = caret_model(), preset = "plain", batch_size = 16,
               tuneGrid = data.frame(size = size, penalty = 0, learn_rate = 0.1, epochs = epochs))
}

resampling <- function(...) caret::trainControl("cv", number = 2, allowParallel = FALSE, ...)

test_that("caret fits what mlp_fit() fits", {
  fit <- train_by_caret(iris_x, iris$Species, trControl = caret::trainControl("none"))
  ours <- fit$finalModel
  expect_identical(ours$arguments$hidden_units, 4L)
  expect_identical(ours$arguments$optimizer, opt_sgd(0.1))
  expect_identical(predict(fit, iris_x), predict(ours, iris_x)$.pred_class)
  probabilities <- predict(fit, iris_x, type = "prob")
  expect_equal(probabilities, predict(ours, iris_x, "prob"), ignore_attr = TRUE)
  expect_named(probabilities, levels(iris$Species))
  expect_identical(caret::predictors(fit), colnames(iris_x))
  x <- transform(iris, Species = factor(Species, ordered = TRUE))[4:5]
  scored <- train_by_caret(x, iris$Sepal.Length, trControl = caret::trainControl("none"),
                           ordered_factors = "scores")$finalModel
  expect_identical(scored$predictors$names, c("Petal.Width", "Species"))
})

test_that("caret resamples and tunes, with weights and several layers", {
  control <- resampling(classProbs = TRUE, summaryFunction = caret::mnLogLoss)
  fit <- train_by_caret(Species ~ ., data = iris, size = c(2, 6), epochs = 5, trControl = control,
                        metric = "logLoss")
  expect_identical(nrow(fit$results), 2L)
  expect_true(all(is.finite(fit$results$logLoss)))
  weighted <- train_by_caret(mtcars[c("wt", "hp")], mtcars$mpg, weights = 1:32, standardize = "zscore",
                             standardize_outcome = TRUE,
                             hidden_units = c(4, 3), trControl = resampling())
  expect_identical(weighted$finalModel$arguments$weights, "given")
  expect_identical(weighted$finalModel$network$hidden_units, c(4L, 3L))
  expect_type(predict(weighted, mtcars), "double")
  fewer <- caret::train(iris_x, iris$Species, method = caret_model(), preset = "plain", epochs = 2,
                        trControl = caret::trainControl("none"),
                        tuneGrid = data.frame(size = 4, penalty = 0, learn_rate = 0.1, epochs = 100))
  expect_identical(fewer$finalModel$arguments$epochs, 2L)
})

test_that("caret's grids are of values that mlp_fit() takes", {
  for (search in c("grid", "random")) {
    grid <- caret_grid(iris_x, iris$Species, len = 3, search = search)
    expect_named(grid, as.character(caret_model()$parameters$parameter))
    expect_true(all(grid$size >= 1 & grid$size == round(grid$size) & grid$epochs == round(grid$epochs)))
    expect_true(all(grid$penalty >= 0 & grid$learn_rate > 0))
  }
  expect_identical(nrow(caret_grid(iris_x, iris$Species, len = 1)), 1L)
})
