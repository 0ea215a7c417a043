skip_if_not_installed("butcher")

test_that("a butchered fit is smaller and predicts the same", {
  fit <- small_fit(Species ~ ., iris, optimizer = opt_adam(), hidden_units = 64)
  small <- butcher::butcher(fit)
  expect_lt(object.size(small), object.size(fit) - 8 * 3 * glance(fit)$parameters)
  expect_identical(predict(small, iris, "prob"), predict(fit, iris, "prob"))
  expect_error(mlp_continue(small, iris, epochs = 1), "init = coef\\(fit\\)", class = "fastmlp_error_model")
  expect_message(butcher::axe_ctrl(fit, verbose = TRUE), "released")
})

test_that("so does the fit of an engine", {
  skip_if_not_installed("parsnip")
  spec <- parsnip::set_engine(parsnip::mlp("classification", epochs = 2), "fastmlp", preset = "plain")
  fit <- parsnip::fit(spec, Species ~ ., data = iris)
  small <- butcher::butcher(fit)
  expect_null(small$fit$state)
  expect_identical(predict(small, iris, type = "prob"), predict(fit, iris, type = "prob"))
})
