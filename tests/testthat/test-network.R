test_that("a network has the shape asked for, and a linear last layer", {
  network <- mlp_network(4, c(5, 6), 3, activation = c("tanh", "relu"))
  expect_s3_class(network, "mlp_network")
  expect_identical(network[1:3], list(inputs = 4L, hidden_units = c(5L, 6L), outputs = 3L))
  activations <- vapply(network$layers, function(layer) layer$activation, "")
  expect_identical(activations, c("tanh", "relu", "identity"))
  expect_identical(dim(network$layers[[2]]$weight), c(5L, 6L))
  expect_identical(mlp_network(2)$hidden_units, integer())
})

test_that("mlp_forward() equals the layers one after another", {
  set.seed(1)
  network <- mlp_network(4, 5, 3, activation = "tanh")
  layers <- coef(network)
  h <- tanh(sweep(iris_x %*% layers[[1]]$weight, 2, layers[[1]]$bias, "+"))
  output <- h %*% layers[[2]]$weight
  expect_equal(mlp_forward(network, iris_x), output, tolerance = 1e-5, ignore_attr = TRUE)
  whole <- matrix(1:8, 2)
  expect_identical(mlp_forward(network, whole), mlp_forward(network, whole + 0))
  expect_identical(dim(mlp_forward(network, iris_x[0, ])), c(0L, 3L))
})

test_that("mlp_gradient() follows the kind of y, and gives the input's gradient when asked", {
  set.seed(1)
  network <- mlp_network(4, 5, 3)
  result <- mlp_gradient(network, iris_x, iris$Species)
  expect_equal(
    result$loss, loss_value(mlp_forward(network, iris_x), iris$Species, "cross_entropy"),
    tolerance = 1e-6
  )
  expect_null(result$input)
  expect_identical(result, mlp_gradient(network, iris_x, as.integer(iris$Species), "cross_entropy"))
  with_input <- mlp_gradient(network, iris_x, iris$Species, wrt = "input")
  expect_identical(dim(with_input$input), dim(iris_x))
  expect_identical(dim(result$gradient[[1]]$weight), c(4L, 5L))
  one <- mlp_network(4, 5, 1)
  logit <- mlp_forward(one, iris_x)
  virginica <- iris$Species == "virginica"
  expect_equal(
    mlp_gradient(one, iris_x, factor(virginica))$loss,
    loss_value(logit, virginica, "binary_cross_entropy"), tolerance = 1e-6
  )
})

test_that("gradients agree with differences of the loss", {
  set.seed(3)
  network <- mlp_network(2, 3, 1, activation = "tanh")
  x <- matrix(rnorm(8), 4)
  y <- rnorm(4)
  gradient <- mlp_gradient(network, x, y)$gradient
  loss_at <- function(weight) {
    network$layers[[1]]$weight[] <- weight
    mlp_gradient(network, x, y)$loss
  }
  weight <- network$layers[[1]]$weight
  differences <- vapply(seq_along(weight), function(i) {
    step <- replace(0 * weight, i, 1e-2)
    (loss_at(weight + step) - loss_at(weight - step)) / 2e-2
  }, 1)
  expect_equal(as.vector(gradient[[1]]$weight), differences, tolerance = 1e-3)
})

test_that("bad arguments are refused, sizes before anything is allocated", {
  network <- mlp_network(2, 3, 1)
  expect_conditions({
    mlp_network(0)
    mlp_network(2, -1)
    mlp_network(2, 1.5)
    mlp_network(2, NA)
    mlp_network(2, 1e9)
    mlp_network(2, c(5, 5), activation = c("relu", "tanh", "relu"))
    mlp_network(2, 5, activation = "ReLu")
    mlp_forward(network, diag(3))
    mlp_forward(network, c(1, 2))
    mlp_forward(network, matrix(c(1, NA), 1))
    mlp_forward(1, diag(2))
    mlp_gradient(network, diag(2), c(1, 2), wrt = "bias")
    mlp_gradient(network, diag(2), c(1, 2, 3))
    mlp_gradient(network, diag(2)[0, ], numeric())
  })
})

test_that("networks changed by hand are refused", {
  change <- function(edit) {
    network <- mlp_network(2, 3, 1)
    eval(substitute(edit))
    network
  }
  expect_conditions({
    mlp_forward(change(network$layers <- NULL), diag(2))
    mlp_forward(change(network$layers[[1]]$weight <- "a"), diag(2))
    mlp_forward(change(network$layers[[1]]$weight <- diag(2)), diag(2))
    mlp_forward(change(network$layers[[2]]$weight <- matrix(0, 2, 1)), diag(2))
    mlp_forward(change(network$layers[[1]]$weight[1] <- Inf), diag(2))
    mlp_forward(change(network$layers[[1]]$activation <- "softmax"), diag(2))
    mlp_forward(change(network$layers[[2]] <- 3), diag(2))
    mlp_forward(change(network$inputs <- 5L), diag(2))
  })
})
