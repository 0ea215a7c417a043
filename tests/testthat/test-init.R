sd_of <- function(init, inputs = 200, units = 300) {
  set.seed(1)
  stats::sd(coef(mlp_network(inputs, units, 2, init = init))[[1]]$weight)
}

test_that("weights have the spread that each initialiser states, biases are zero", {
  expect_equal(sd_of(init_normal(0.3)), 0.3, tolerance = 0.01)
  expect_equal(sd_of(init_uniform(0.3)), 0.3 / sqrt(3), tolerance = 0.01)
  for (distribution in c("normal", "uniform")) {
    expect_equal(sd_of(init_glorot(distribution)), sqrt(2 / 500), tolerance = 0.01)
    expect_equal(sd_of(init_he(distribution)), sqrt(2 / 200), tolerance = 0.01)
    expect_equal(sd_of(init_lecun(distribution)), sqrt(1 / 200), tolerance = 0.01)
  }
  layers <- coef(mlp_network(3, 4, 2))
  expect_true(all(layers[[1]]$bias == 0), all(layers[[2]]$bias == 0))
})

test_that("uniform weights keep within their limit", {
  weight <- coef(mlp_network(100, 100, 1, init = init_uniform(0.2)))[[1]]$weight
  expect_lte(max(abs(weight)), 0.2)
  expect_gt(max(abs(weight)), 0.19)
})

test_that("zero_last sets the last layer alone to zero", {
  layers <- coef(mlp_network(3, 4, 2, init = init_he(zero_last = TRUE)))
  expect_true(all(layers[[2]]$weight == 0))
  expect_true(all(layers[[1]]$weight != 0))
})

test_that("draws follow set.seed()", {
  draw <- function(seed) {
    set.seed(seed)
    coef(mlp_network(3, 4, 2))
  }
  expect_identical(draw(1), draw(1))
  expect_false(identical(draw(1), draw(2)))
})

test_that("initialisers print in one line", {
  expect_snapshot({
    print(init_normal())
    print(init_uniform(0.5, zero_last = TRUE))
    print(init_he())
    print(init_glorot("uniform"))
  })
})

test_that("initial values of the wrong form are refused by name", {
  layer <- list(weight = diag(2), bias = c(0, 0))
  expect_conditions({
    init_normal(-1)
    init_uniform("a")
    init_he("normall")
    init_he(zero_last = NA)
    mlp_network(2, init = "he")
    mlp_network(2, 2, 1, init = list(layer))
    mlp_network(2, outputs = 3, init = list(layer))
    mlp_network(2, outputs = 2, init = list(diag(2)))
    mlp_network(2, outputs = 2, init = list(list(weight = diag(2), bias = 0)))
    mlp_network(2, outputs = 2, init = list(list(weight = diag(2), bias = c(0, NA))))
  })
})

test_that("layers of one size start with different weights", {
  set.seed(1)
  layers <- coef(mlp_network(5, c(5, 5), 5))
  expect_false(identical(unname(layers[[1]]$weight), unname(layers[[2]]$weight)))
  expect_lt(abs(cor(c(layers[[1]]$weight), c(layers[[2]]$weight))), 0.9)
})

test_that("the data-driven start gives each unit standard deviation 1, and biases within what it gets", {
  set.seed(9)
  x <- sweep(matrix(rnorm(300 * 5), 300), 2, c(1, 10, 100, 0.1, 5), `*`)
  fit <- function(...) {
    set.seed(1)
    mlp_fit(x, -x[, 1], hidden_units = c(40, 30), init = init_data_driven(), optimizer = opt_sgd(1e-30),
            epochs = 1, verbose = FALSE, ...)
  }
  start <- fit(activation = "relu", numeric_embedding = embed_periodic(4, 3), normalization = "layer")
  layers <- start$network$layers
  for (l in 1:3) {
    z <- inputs_of_units(layers[seq_len(l)], rep("relu", 2), x, NULL, 1L)
    z <- sweep(z, 2, layers[[l]]$bias)
    expect_equal(apply(z, 2, sd), rep(1, ncol(z)), tolerance = 1e-3)
    expect_true(all(-layers[[l]]$bias >= apply(z, 2, min) & -layers[[l]]$bias <= apply(z, 2, max)))
  }
  expect_identical(fit()$network, fit()$network)
  expect_same_for_threads(function(n) fit(threads = n)$network, 1:2)
  held <- fit(validation = 1:100)$network$layers[[1]]
  z <- x[101:300, ] %*% held$weight
  expect_equal(apply(z, 2, sd), rep(1, 40), tolerance = 1e-3)
  expect_error(mlp_network(2, 3, 1, init = init_data_driven()), class = "fastmlp_error_value")
  zero <- small_fit(x, -x[, 1], init = init_data_driven(zero_last = TRUE), optimizer = opt_sgd(1e-30))
  expect_equal(zero$network$layers[[2]]$bias, 0)
})
