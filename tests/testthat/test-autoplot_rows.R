test_that("the outcome is found by the formula, or given", {
  fit <- small_fit(log(mpg) ~ wt + hp, data = mtcars, optimizer = opt_sgd(1e-6))
  expect_equal(known_outcome(fit, mtcars, NULL, environment())[, 1], log(mtcars$mpg))
  data <- autoplot(fit, "observed", mtcars[c("wt", "hp")], truth = log(mtcars$mpg))$data
  expect_equal(data, autoplot(fit, "observed", mtcars)$data)
  expect_equal(data$observed, log(mtcars$mpg))
  expect_equal(data$predicted, predict(fit, mtcars)$.pred)
  fit <- small_fit(iris_x, iris$Species)
  counts <- autoplot(fit, "confusion", iris_x, as.character(iris$Species))$data
  expect_equal(counts, autoplot(fit, "confusion", as.data.frame(iris_x), iris$Species)$data)
  expect_error(autoplot(fit, "confusion", iris_x), "`truth`", class = "fastmlp_error_type")
  new <- factor(rep(c("setosa", "other"), 75))
  expect_error(autoplot(fit, "confusion", iris_x, new), "other", class = "fastmlp_error_levels")
})

test_that("offsets count", {
  data <- data.frame(y = c(1, 3, 2, 4), x = 1:4, n = c(1, 2, 3, 4))
  fit <- small_fit(y ~ x + offset(log(n)), data, loss = "poisson")
  expect_equal(autoplot(fit, "observed", data)$data$predicted, predict(fit, data)$.pred)
  fit <- small_fit(as.matrix(data["x"]), data$y, loss = "poisson", offset = log(data$n))
  plot <- autoplot(fit, "residuals", as.matrix(data["x"]), data$y, offset = log(data$n))
  predicted <- predict(fit, as.matrix(data["x"]), offset = log(data$n))$.pred
  expect_equal(plot$data$residual[1:4], data$y - predicted)
  expect_error(autoplot(fit, "observed", as.matrix(data["x"]), data$y), "`offset`", class = "fastmlp_error")
  fit <- small_fit(iris_x[1:100, ], droplevels(iris$Species[1:100]), loss = "binary_cross_entropy",
                   offset = rep(0, 100))
  counts <- autoplot(fit, "confusion", iris_x[1:4, ], iris$Species[1:4], offset = rep(100, 4))$data
  expect_identical(as.character(counts$predicted[counts$rows > 0]), "versicolor")
  autoplot(fit, "roc", iris_x[49:52, ], iris$Species[49:52], offset = 1:4)
})

test_that("bins hold about equally many, equal values stay together", {
  expect_equal(tabulate(equal_bins(c(1:100), 10)), rep(10, 10))
  expect_equal(equal_bins(rep(1, 5), 4), rep(1L, 5))
  expect_equal(equal_bins(c(0, 0, 0, 0, 0, 0, 1, 2), 4), c(1, 1, 1, 1, 1, 1, 2, 2))
  expect_equal(group_mean(c(1, 3, 10), c(1L, 1L, 2L)), c(2, 10))
})

test_that("rows without a known outcome are to be left out", {
  fit <- small_fit(Ozone ~ Wind + Temp, airquality, na_action = "omit", standardize_outcome = TRUE,
                   standardize = "zscore")
  expect_error(autoplot(fit, "observed", new_data = airquality), "Leave rows without a known outcome out",
               class = "fastmlp_error_missing")
})
