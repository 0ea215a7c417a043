# A fit whose weights are known.
fit_with <- function(layers, ...) {
  units <- vapply(layers[-length(layers)], ncol, 1L)
  fit <- small_fit(mpg ~ wt + hp, mtcars, optimizer = opt_sgd(1e-6), hidden_units = units, ...)
  for (l in seq_along(layers)) fit$network$layers[[l]]$weight[] <- layers[[l]]
  fit
}

first <- rbind(c(1, -2, 0.5), c(-3, 2, 1.5))
second <- rbind(c(1, 2), c(-1, 0.5), c(3, -4))

importance_of <- function(fit, method) {
  x <- mlp_importance(fit, method = method)
  x$importance[match(c("wt", "hp"), x$predictor)]
}

test_that("Garson's shares of one hidden layer are those of the known formula", {
  out <- c(2, -1, 0.5)
  fit <- fit_with(list(first, matrix(out)))
  product <- abs(first) / rep(colSums(abs(first)), each = 2) * rep(abs(out), each = 2)
  wanted <- rowSums(product) / sum(product)
  expect_equal(importance_of(fit, "garson"), wanted)
  # by hand: (1/4 * 2 + 2/4 * 1 + 1/4 * 0.5) / 3.5
  expect_equal(wanted[1], 1.125 / 3.5)
})

test_that("Olden's connection weights are sums over ways", {
  out <- c(2, -1, 0.5)
  fit <- fit_with(list(first, matrix(out)))
  expect_equal(importance_of(fit, "olden"), c(1 * 2 + 2 * 1 + 0.25, -3 * 2 - 2 * 1 + 0.75))
})

test_that("several layers are products, added up way by way", {
  out <- c(0.5, -2)
  fit <- fit_with(list(first, second, matrix(out)))
  ways <- expand.grid(a = 1:3, b = 1:2)
  olden <- vapply(1:2, function(i) {
    sum(first[cbind(i, ways$a)] * second[cbind(ways$a, ways$b)] * out[ways$b])
  }, 1)
  expect_equal(importance_of(fit, "olden"), olden)
  share <- function(weight) apply(abs(weight), 2, function(unit) unit / sum(unit))
  a <- share(first)
  b <- share(second)
  c <- share(matrix(out))
  garson <- vapply(1:2, function(i) sum(a[cbind(i, ways$a)] * b[cbind(ways$a, ways$b)] * c[ways$b]), 1)
  expect_equal(importance_of(fit, "garson"), garson)
  expect_equal(sum(garson), 1)
})

test_that("scales of inputs, batch normalisation and residual connections are part of the weights", {
  fit <- fit_with(list(first, matrix(1, 3)), input_scale = TRUE)
  fit$network$layers[[1]]$input_scale <- c(2, 0.5)
  expect_equal(importance_of(fit, "olden"), rowSums(first) * c(2, 0.5))
  fit <- fit_with(list(first, matrix(1, 3)), normalization = "batch")
  fit$network$layers[[1]]$norm$scale <- c(1, 2, 3)
  fit$network$layers[[1]]$norm$variance <- c(4, 1, 9)
  expect_equal(importance_of(fit, "olden"), as.vector(first %*% c(0.5, 2, 1)), tolerance = 1e-4)
  square <- rbind(c(1, -2), c(-3, 2))
  fit <- fit_with(list(square, matrix(1, 2)), residual = TRUE)
  expect_equal(importance_of(fit, "olden"), rowSums(square) + 1)
})

test_that("the weights are the derivatives of a network without bends", {
  fit <- small_fit(Species ~ ., iris, hidden_units = c(5, 5), activation = "identity", residual = TRUE,
                   normalization = "batch", input_scale = TRUE)
  slope <- mlp_attribution(fit, iris[1, ], type = "raw")
  x <- mlp_importance(fit, method = "olden")
  at <- match(paste(slope$output, slope$predictor), paste(x$output, x$predictor))
  expect_equal(x$importance[at], slope$attribution, tolerance = 1e-4)
})

test_that("levels of a factor add their shares, and have signs of their own", {
  cars <- transform(mtcars, cyl = factor(cyl))
  fit <- small_fit(mpg ~ wt + cyl, cars, optimizer = opt_sgd(0.001))
  garson <- mlp_importance(fit, method = "garson")
  expect_setequal(garson$predictor, c("wt", "cyl"))
  expect_equal(sum(garson$importance), 1)
  expect_setequal(mlp_importance(fit, method = "olden")$predictor, c("wt", "cyl4", "cyl6", "cyl8"))
})

test_that("of several outputs and members each output has the mean of the members", {
  fit <- small_fit(Species ~ ., iris, ensemble = 2)
  x <- mlp_importance(fit, method = "olden")
  expect_identical(unique(x$output), levels(iris$Species))
  products <- lapply(coef(fit), function(layers) layers[[1]]$weight %*% layers[[2]]$weight)
  mean <- (products[[1]] + products[[2]]) / 2
  expect_equal(x$importance, mean[cbind(x$predictor, x$output)])
})

test_that("networks that no matrix describes are refused", {
  embedded <- small_fit(mpg ~ wt, mtcars, optimizer = opt_sgd(1e-6),
                        numeric_embedding = embed_periodic(frequencies = 2))
  normed <- small_fit(mpg ~ wt, mtcars, normalization = "layer")
  expect_conditions({
    mlp_importance(embedded, method = "garson")
    mlp_importance(normed, method = "olden")
  })
})
