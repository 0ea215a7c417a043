test_that("coef() names predictors, hidden units and levels", {
  fit <- small_fit(Species ~ ., iris, hidden_units = c(2, 3))
  layers <- coef(fit)
  expect_length(layers, 3)
  expect_identical(dimnames(layers[[1]]$weight), list(names(iris)[1:4], c("h1_1", "h1_2")))
  expect_identical(
    dimnames(layers[[3]]$weight), list(c("h2_1", "h2_2", "h2_3"), levels(iris$Species))
  )
  expect_named(layers[[3]]$bias, levels(iris$Species))
  unnamed <- small_fit(unname(iris_x), iris$Species)
  expect_identical(rownames(coef(unnamed)[[1]]$weight), paste0("V", 1:4))
  binary <- small_fit(iris_x, iris$Species == "setosa", loss = "binary_cross_entropy")
  expect_named(coef(binary)[[2]]$bias, "TRUE")
})

test_that("init takes what coef() gives", {
  network <- mlp_network(4, 5, 3)
  again <- mlp_network(4, 5, 3, init = coef(network))
  expect_identical(again, network)
  fit <- small_fit(iris_x, iris$Species, init = coef(network), hidden_units = 5)
  expect_identical(fit$arguments$init, "given")
})
