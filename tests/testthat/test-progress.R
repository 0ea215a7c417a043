status <- function(epoch) {
  list(epoch = epoch, progress = 0.5, train_loss = 0.25, train_score = 0.81, valid_loss = NA_real_,
       valid_score = NA_real_)
}

test_that("one line is shown for each newly completed epoch", {
  reporter <- reporters$lines(5, "rmse")
  expect_snapshot({
    reporter$update(status(0L))
    reporter$update(status(2L))
    reporter$update(status(2L))
    reporter$update(c(status(5L)[1:4], valid_loss = 0.5, valid_score = 0.25))
  })
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
