# Did it learn? On rows that it has not seen, better than a guess; from a shuffled outcome, nothing.

halves <- function(data, seed = 1) {
  set.seed(seed)
  train <- sample(nrow(data), nrow(data) %/% 2)
  list(train = data[train, ], test = data[-train, ])
}

accuracy <- function(fit, data, outcome) {
  mean(predict(fit, data)$.pred_class == data[[outcome]])
}

# Squared error on the rows, as a share of that of the training mean.
unexplained <- function(fit, halves, outcome) {
  y <- halves$test[[outcome]]
  mean((predict(fit, halves$test)$.pred - y)^2) / mean((mean(halves$train[[outcome]]) - y)^2)
}

fit_scaled <- function(formula, data, ..., hidden_units = 16, epochs = 100, batch_size = 16) {
  set.seed(2)
  mlp_fit(formula, data, hidden_units = hidden_units, epochs = epochs, batch_size = batch_size,
          standardize = "zscore", verbose = FALSE, ...)
}

standard <- function(x) (x - mean(x)) / sd(x)

diamonds_sample <- function(rows) {
  diamonds <- as.data.frame(ggplot2::diamonds)
  set.seed(3)
  diamonds <- diamonds[sample(nrow(diamonds), rows), ]
  transform(
    diamonds,
    price = standard(log(price)), cut = factor(cut, ordered = FALSE),
    color = factor(color, ordered = FALSE), clarity = factor(clarity, ordered = FALSE)
  )
}

test_that("iris species are learned with each loss for classes", {
  iris_halves <- halves(iris)
  fit <- fit_scaled(Species ~ ., iris_halves$train)
  expect_gt(accuracy(fit, iris_halves$test, "Species"), 0.9)
  loss <- fit$history$value[fit$history$metric == "loss"]
  expect_lt(loss[length(loss)], loss[1] / 3)

  two <- halves(droplevels(iris[iris$Species != "setosa", ]))
  fit <- fit_scaled(Species ~ ., two$train, loss = "binary_cross_entropy")
  expect_gt(accuracy(fit, two$test, "Species"), 0.85)
})

test_that("every activation learns iris", {
  iris_halves <- halves(iris)
  for (name in activation_names()) {
    fit <- fit_scaled(Species ~ ., iris_halves$train, activation = name,
                      optimizer = opt_sgd(0.1, momentum = 0.9))
    expect_gt(accuracy(fit, iris_halves$test, "Species"), 0.85, label = name)
  }
})

test_that("a shuffled outcome teaches nothing about other rows", {
  set.seed(4)
  shuffled <- halves(transform(iris[rep(1:150, 4), ], Species = sample(Species)))
  fit <- fit_scaled(Species ~ ., shuffled$train)
  # 300 held-out rows at one third: the standard error is 2.7 percentage points.
  expect_lt(accuracy(fit, shuffled$test, "Species"), 1 / 3 + 0.11)

  stones <- halves(transform(diamonds_sample(1000), price = sample(price)))
  fit <- fit_scaled(price ~ carat + depth, stones$train, optimizer = opt_sgd(0.01), epochs = 20)
  expect_gt(unexplained(fit, stones, "price"), 0.9)
})

test_that("regression beats the mean on mtcars and diamonds", {
  cars <- halves(transform(mtcars, mpg = standard(mpg)))
  fit <- fit_scaled(mpg ~ wt + hp, cars$train, hidden_units = 8, optimizer = opt_sgd(0.02))
  expect_lt(unexplained(fit, cars, "mpg"), 0.5)

  diamonds <- halves(diamonds_sample(4000))
  for (loss in list("squared", "absolute", loss_huber(delta = 0.5))) {
    fit <- fit_scaled(price ~ ., diamonds$train, loss = loss, hidden_units = c(32, 16), epochs = 30,
                      optimizer = opt_sgd(0.02, momentum = 0.9))
    expect_lt(unexplained(fit, diamonds, "price"), 0.1)
  }
})

test_that("several outputs are learned at once", {
  set.seed(5)
  x <- matrix(rnorm(2000 * 3), 2000)
  y <- cbind(sum = x[, 1] + x[, 2], product = x[, 1] * x[, 3])
  fit <- mlp_fit(x[1:1000, ], y[1:1000, ], hidden_units = 32, epochs = 100, batch_size = 32,
                 optimizer = opt_sgd(0.05, momentum = 0.9), verbose = FALSE)
  error <- as.matrix(predict(fit, x[-(1:1000), ])) - y[-(1:1000), ]
  expect_true(all(colMeans(error^2) < 0.05 * apply(y, 2, var)))
})
