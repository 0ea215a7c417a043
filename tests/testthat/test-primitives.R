test_that("activations keep dimensions and names", {
  x <- array(-3:4, c(2, 2, 2))
  expect_identical(dim(activation_value(x, "tanh")), dim(x))
  expect_identical(names(activation_value(c(a = 1, b = -1), "relu")), c("a", "b"))
  expect_identical(activation_value(numeric(), "relu"), numeric())
  expect_equal(activation_value(c(-2, 0, 2), "relu"), c(0, 0, 2))
  expect_equal(activation_gradient(c(-2, 0, 2), "relu"), c(0, 0, 1))
  expect_equal(activation_gradient(0, "sigmoid"), 0.25)
  expect_equal(activation_gradient(0, "tanh"), 1)
})

test_that("a dense layer goes forward and backward as matrix algebra says", {
  set.seed(1)
  x <- matrix(rnorm(15), 5)
  weight <- matrix(rnorm(6), 3)
  bias <- rnorm(2)
  gradient <- matrix(rnorm(10), 5)
  expect_equal(dense_forward(x, weight, bias), sweep(x %*% weight, 2, bias, "+"), tolerance = 1e-6)
  back <- dense_backward(x, weight, gradient)
  expect_equal(back$input, gradient %*% t(weight), tolerance = 1e-6)
  expect_equal(back$weight, crossprod(x, gradient), tolerance = 1e-6)
  expect_equal(back$bias, colSums(gradient), tolerance = 1e-6)
})

test_that("layers without activation are one linear layer", {
  set.seed(2)
  x <- matrix(rnorm(20), 5)
  layers <- coef(mlp_network(4, 6, 3))
  stacked <- dense_forward(
    dense_forward(x, layers[[1]]$weight, layers[[1]]$bias), layers[[2]]$weight, layers[[2]]$bias
  )
  weight <- layers[[1]]$weight %*% layers[[2]]$weight
  bias <- drop(layers[[1]]$bias %*% layers[[2]]$weight) + layers[[2]]$bias
  expect_equal(stacked, dense_forward(x, weight, bias), tolerance = 1e-5)
})

test_that("sgd_step() steps through arrays and nested lists, keeping their form", {
  expect_equal(sgd_step(c(a = 1, b = 2), c(10, -10), 0.1), c(a = 0, b = 3), tolerance = 1e-6)
  network <- mlp_network(3, 2, 1)
  gradient <- mlp_gradient(network, matrix(1:6 / 6, 2), c(1, 2))$gradient
  after <- sgd_step(coef(network), gradient, 0.5)
  expect_identical(dimnames(after[[1]]$weight), dimnames(coef(network)[[1]]$weight))
  expect_equal(
    after[[2]]$weight, coef(network)[[2]]$weight - 0.5 * gradient[[2]]$weight, tolerance = 1e-6
  )
  swapped <- list(bias = 1, weight = 2)
  expect_equal(sgd_step(list(weight = 0, bias = 0), swapped, 1), list(weight = -2, bias = -1))
})

test_that("shapes and types that do not fit are refused", {
  expect_conditions({
    activation_value("a", "relu")
    activation_value(1, "relo")
    activation_gradient(1, c("relu", "tanh"))
    dense_forward(diag(3), diag(2), c(0, 0))
    dense_forward(diag(2), diag(2), 0)
    dense_forward(1:2, diag(2), c(0, 0))
    dense_backward(diag(2), diag(2), diag(3))
    sgd_step(1:3, 1:2, 0.1)
    sgd_step(diag(2), 1:4, 0.1)
    sgd_step(list(1, list(2, 3)), list(1, list(2)), 0.1)
    sgd_step(list(weight = 1), list(w = 1), 0.1)
    sgd_step("a", 1, 0.1)
    sgd_step(1, 1, -0.1)
  })
})
