status <- function(epoch) {
  list(epoch = epoch, progress = 0.5, train_loss = 0.25, train_score = 0.81, valid_loss = NA_real_,
       valid_score = NA_real_)
}

test_that("one line is shown for each newly completed epoch", {
  reporter <- reporters$lines(5, "rmse")
  told <- testthat::capture_messages({
    reporter$update(status(0L))
    reporter$update(status(2L))
    reporter$update(status(2L))
    reporter$update(c(status(5L)[1:4], valid_loss = 0.5, valid_score = 0.25))
  })
  expect_identical(told, c(
    "Epoch 2/5, 0 s left: loss 0.25, rmse 0.9",
    "Epoch 5/5, 0 s left: loss 0.25, rmse 0.9, validation loss 0.5, validation rmse 0.5"
  ))
})

test_that("training tells its progress only when asked", {
  expect_message(
    small_fit(iris_x, iris$Species, verbose = TRUE), class = "fastmlp_message_progress"
  )
  expect_silent(small_fit(iris_x, iris$Species))
})

test_that("the bar updates and closes", {
  reporter <- reporters$bar(5, "accuracy")
  expect_silent({
    reporter$update(status(1L))
    reporter$close()
  })
})

test_that("the bar shows epoch, time left, loss and metric", {
  withr::local_options(cli.dynamic = TRUE, cli.progress_show_after = 0, cli.width = 120)
  reporter <- reporters$bar(5, "accuracy")
  shown <- testthat::capture_messages({
    reporter$update(status(1L))
    Sys.sleep(0.3)
    reporter$update(status(2L))
    reporter$close()
  })
  expect_match(paste(shown, collapse = ""), "Epoch [12]/5 ETA .* loss 0.25, accuracy 0.81")
})

test_that("times are told in a unit that suits them", {
  expect_identical(vapply(c(0, 59, 150, 7300), format_seconds, ""), c("0 s", "59 s", "2 min", "2 h"))
})

test_that("verbose = 2 says where the time of the steps went", {
  expect_message(
    fit <- small_fit(iris_x, iris$Species, epochs = 20, verbose = 2), "products",
    class = "fastmlp_message_profile"
  )
  profile <- fit$training$profile
  phases <- c("products", "activations", "loss", "optimizer", "gather", "waiting")
  expect_setequal(profile$phase, phases)
  expect_false(is.unsorted(-profile$seconds))
  expect_equal(sum(profile$share), 1)
  busy <- profile$seconds[profile$phase != "waiting"]
  expect_true(all(busy > 0))
  # The phases of one thread make up the steps, and these are part of the whole.
  expect_identical(fit$training$threads, 1L)
  expect_lte(sum(profile$seconds), fit$training$step_seconds)
  expect_lte(fit$training$step_seconds, fit$training$seconds + 0.01)
  expect_null(small_fit(iris_x, iris$Species)$training$profile)
})
