test_that("text and logicals become classes, whole numbers stay numbers", {
  fit <- small_fit(iris_x, as.character(iris$Species))
  expect_identical(fit$outcome$levels, levels(iris$Species))
  fit <- small_fit(iris_x, iris$Species == "setosa")
  expect_identical(fit$outcome$levels, c("FALSE", "TRUE"))
  expect_identical(fit$outcome$type, "class")
  expect_identical(small_fit(iris_x, as.integer(iris$Species))$outcome$type, "numeric")
})

test_that("ordered outcomes stay ordered", {
  y <- factor(iris$Species, ordered = TRUE)
  expect_identical(predict(small_fit(iris_x, y), iris_x[1, , drop = FALSE])$.pred_class[0], y[0])
})

test_that("several numeric outcomes make one regression with several outputs", {
  y <- iris_x[, 3:4]
  fit <- small_fit(iris_x[, 1:2], y, optimizer = opt_sgd(0.01))
  expect_identical(fit$outcome$names, c("Petal.Length", "Petal.Width"))
  expect_named(predict(fit, iris_x), c(".pred_Petal.Length", ".pred_Petal.Width"))
  by_formula <- small_fit(Petal.Length + Petal.Width ~ Sepal.Length + Sepal.Width, iris,
                          optimizer = opt_sgd(0.01))
  expect_identical(by_formula$network, fit$network)
  unnamed <- small_fit(iris_x[, 1:2], unname(y), optimizer = opt_sgd(0.01))
  expect_named(predict(unnamed, iris_x), c(".pred_y1", ".pred_y2"))
})

test_that("binary cross-entropy has one output, the logit of the second level", {
  x <- iris_x[51:150, ]
  y <- droplevels(iris$Species[51:150])
  fit <- small_fit(x, y, loss = "binary_cross_entropy", epochs = 20, standardize = "zscore")
  expect_identical(fit$network$outputs, 1L)
  raw <- predict(fit, x, type = "raw")
  expect_named(raw, ".raw")
  prob <- predict(fit, x, type = "prob")
  expect_named(prob, c(".pred_versicolor", ".pred_virginica"))
  expect_equal(prob$.pred_virginica, stats::plogis(raw$.raw), tolerance = 1e-6)
  expect_equal(prob$.pred_versicolor, 1 - prob$.pred_virginica)
  expect_identical(predict(fit, x)$.pred_class == "virginica", raw$.raw > 0)
  expect_gt(mean(predict(fit, x)$.pred_class == y), 0.9)
})

test_that("levels without rows give one warning and stay", {
  y <- factor(iris$Species[1:100], levels(iris$Species))
  expect_conditions(fit <- small_fit(iris_x[1:100, ], y))
  expect_identical(fit$outcome$levels, levels(iris$Species))
  expect_identical(fit$network$outputs, 3L)
})

test_that("outcomes that cannot be learned are refused", {
  x <- matrix(c(1, 2, 3, 5), 4)
  expect_conditions({
    mlp_fit(x, factor(c("a", "a", "a", "a")))
    mlp_fit(x, c("a", "b", NA, "b"))
    mlp_fit(x, c(1, NA, 3, 4))
    mlp_fit(x, c(1, 2, Inf, 4))
    mlp_fit(x, cbind(1:4, c(1, 2, NaN, 4)))
    mlp_fit(x, 1:3)
    mlp_fit(x, list(1, 2, 3, 4))
    mlp_fit(x, NULL)
    mlp_fit(x, Sys.Date() + 0:3)
    mlp_fit(x, complex(4))
    mlp_fit(x, data.frame(a = 1:4, b = letters[1:4]))
    mlp_fit(x, 1:4, loss = "cross_entropy")
    mlp_fit(x, c(0, 1, 1, 0), loss = "cross_entropy")
    mlp_fit(x, matrix(c("a", "b"), 4, 2))
    mlp_fit(x, array(0, c(4, 1, 1)))
    mlp_fit(x)
  })
})

test_that("numbers beyond single precision are refused", {
  expect_conditions({
    mlp_fit(iris_x[1:4, ], c(1, 2, 1e39, 3))
    mlp_fit(iris_x, -iris$Petal.Width, hidden_units = integer(),
            init = list(list(weight = matrix(1e39, 4, 1), bias = 0)))
  })
})
