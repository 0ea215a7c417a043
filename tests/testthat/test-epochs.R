epochs_fit <- function(..., epochs = 6, keep_epochs = c(2, 4)) {
  small_fit(Species ~ ., iris, epochs = epochs, keep_epochs = keep_epochs, ...)
}

test_that("an epoch that is kept is the fit that ends there", {
  for (more in list(list(), list(ema_decay = 0.9), list(ensemble = 2), list(normalization = "batch"))) {
    fit <- do.call(epochs_fit, more)
    expect_named(fit$epochs, c("2", "4"))
    shorter <- do.call(epochs_fit, c(more, epochs = 2, keep_epochs = 1))
    expect_identical(predict(fit, iris, "prob", epoch = 2), predict(shorter, iris, "prob"))
    expect_false(identical(predict(fit, iris, "prob"), predict(shorter, iris, "prob")))
    plain <- do.call(epochs_fit, c(more, list(keep_epochs = NULL)))
    expect_identical(coef(fit), coef(plain))
    expect_null(plain$epochs)
  }
})

test_that("what validation rows say is not said of other epochs", {
  fit <- small_fit(mpg ~ wt + hp, mtcars, epochs = 6, keep_epochs = c(2, 6), validation = 0.3,
                   standardize = "zscore", standardize_outcome = TRUE)
  expect_identical(predict(fit, mtcars, "pred_int", level = 0.8, epoch = 6),
                   predict(fit, mtcars, "pred_int", level = 0.8))
  expect_error(predict(fit, mtcars, "pred_int", epoch = 2), class = "fastmlp_error_value")
  calibrated <- epochs_fit(validation = 0.3, calibrate = TRUE)
  raw <- as.matrix(predict(calibrated, iris, "raw", epoch = 2))
  expect_equal(as.matrix(predict(calibrated, iris, "prob", epoch = 2)), softmax(raw), tolerance = 1e-6,
               ignore_attr = TRUE)
})

test_that("going on keeps the epochs", {
  fit <- epochs_fit(epochs = 4)
  longer <- mlp_continue(fit, iris, epochs = 2)
  expect_identical(predict(longer, iris, epoch = 4), predict(fit, iris))
})

test_that("a preset gives way to epochs that are kept", {
  fit <- small_fit(Species ~ ., iris, preset = "fast", keep_epochs = 1)
  expect_false(fit$arguments$refit)
})

test_that("wrong epochs are refused", {
  fit <- epochs_fit()
  without <- epochs_fit(keep_epochs = NULL)
  expect_conditions({
    epochs_fit(keep_epochs = 7)
    epochs_fit(keep_epochs = 0)
    epochs_fit(keep_epochs = 2, refit = TRUE, validation = 0.2)
    epochs_fit(keep_epochs = 2, checkpoint = "file.rds")
    epochs_fit(keep_epochs = 2, optimizer = opt_lbfgs(), batch_size = NULL)
    predict(fit, iris, epoch = 3)
    predict(without, iris, epoch = 2)
    predict(fit, iris, epoch = "two")
  })
})
