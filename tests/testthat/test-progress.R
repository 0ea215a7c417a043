status <- function(epoch) {
  list(epoch = epoch, progress = 0.5, train_loss = 0.25, train_score = 0.81, valid_loss = NA_real_,
       valid_score = NA_real_)
}

a_run <- function(epochs = 5L, metric = "rmse", first = 0L, title = "") {
  list(epochs = epochs, metric = metric, first = first, title = title)
}

told_by <- function(reporter, epochs) {
  testthat::capture_messages({
    for (epoch in epochs) reporter$update(status(epoch))
    reporter$close()
  })
}

test_that("one line is shown for each newly completed epoch", {
  reporter <- reporters$lines(a_run())
  told <- testthat::capture_messages({
    reporter$update(status(0L))
    reporter$update(status(2L))
    reporter$update(status(2L))
    reporter$update(c(status(5L)[1:4], valid_loss = 0.5, valid_score = 0.25))
    reporter$close()
    reporter$close()
  })
  expect_identical(told, c(
    "Epoch 2/5, 0 s left: loss 0.25, rmse 0.9\n",
    "Epoch 5/5, 0 s left: loss 0.25, rmse 0.9, validation loss 0.5, validation rmse 0.5\n"
  ))
})

test_that("however many epochs there are, few lines are shown, the last among them", {
  told <- told_by(reporters$lines(a_run(epochs = 1000L)), 1:1000)
  expect_lt(length(told), 5)
  expect_match(told[length(told)], "Epoch 1000/1000")
})

test_that("time left is told from the epochs of this run, under its title", {
  reporter <- reporters$lines(a_run(epochs = 20L, first = 10L, title = "All rows: "))
  clock <- environment(environment(reporter$update)$show)
  clock$started <- clock$started - 100
  told <- told_by(reporter, 15L)
  expect_match(told, "^All rows: Epoch 15/20, 10[01] s left")
})

test_that("pace: what came too early is shown at the end", {
  shown <- integer()
  reporter <- paced(function(status) {
    shown <<- c(shown, status)
    status > 1
  }, 60)
  for (i in 1:4) reporter$update(i)
  expect_identical(shown, 1:2)
  reporter$close()
  expect_identical(shown, c(1:2, 4L))
})

test_that("fits say what they are at: members, all rows again, the epochs from where they went on", {
  lines <- function(...) testthat::capture_messages(small_fit(iris_x, iris$Species, verbose = TRUE, ...))
  told <- lines(ensemble = 2, validation = .2)
  expect_true(all(grepl("^2 networks: Epoch [0-9]/3", told)))
  told <- lines(validation = .2, patience = 1, epochs = 30, refit = TRUE)
  expect_match(told[1], "^Epoch [0-9]+/30")
  expect_match(told[length(told)], "^All rows: Epoch ([0-9]+)/\\1,")
  expect_match(lines(optimizer = opt_lbfgs(), batch_size = Inf)[1], "^Epoch 1/3")
  fit <- small_fit(iris_x, iris$Species)
  told <- testthat::capture_messages(mlp_continue(fit, iris_x, iris$Species, epochs = 2, verbose = TRUE))
  expect_match(told[length(told)], "^Epoch 5/5, 0 s left")
})

test_that("training tells its progress only when asked", {
  expect_message(
    small_fit(iris_x, iris$Species, verbose = TRUE), class = "fastmlp_message_progress"
  )
  expect_silent(small_fit(iris_x, iris$Species))
})

test_that("each line ends with a newline, so that one that is kept back is shown on a line of its own", {
  shown <- capture_messages(small_fit(iris_x, iris$Species, verbose = TRUE))
  expect_match(shown, "^Epoch [0-9]/3.*\n$")
})

test_that("the bar updates and closes", {
  reporter <- reporters$bar(a_run(metric = "accuracy"))
  expect_silent({
    reporter$update(status(1L))
    reporter$close()
  })
})

test_that("the bar shows epoch, time left, loss and metric", {
  withr::local_options(cli.dynamic = TRUE, cli.progress_show_after = 0, cli.width = 120)
  reporter <- reporters$bar(a_run(metric = "accuracy"))
  shown <- testthat::capture_messages({
    reporter$update(status(1L))
    Sys.sleep(0.3)
    reporter$update(status(2L))
    reporter$close()
  })
  expect_match(paste(shown, collapse = ""), "Epoch [12]/5 ETA .* loss 0.25, accuracy 0.81")
})

test_that("a bar does not reach its total, so that what cli sends it to can close it", {
  withr::local_options(cli.progress_show_after = 0, rlang_interactive = TRUE)
  reporter <- reporters$bar(a_run())
  bar <- environment(environment(reporter$update)$show)$bar
  total <- utils::getFromNamespace("clienv", "cli")$progress[[bar]]$total
  expect_gt(total, 5)
  expect_lt(total, 5.01)
  reporter$close()
})

test_that("a bar's text is brief", {
  both <- c(status(5L)[1:4], valid_loss = 0.5, valid_score = 0.25)
  expect_identical(brief_text(both, "accuracy"), "loss 0.25, accuracy 0.81; validation 0.5, 0.25")
  expect_identical(brief_text(status(1L), "accuracy"), "loss 0.25, accuracy 0.81")
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

test_that("bars are for consoles, and for where cli sends progress", {
  withr::local_options(rlang_interactive = FALSE, cli.progress_handlers_only = NULL,
                       cli.progress_handlers_force = NULL)
  expect_false(shows_bars())
  withr::local_options(cli.progress_handlers_only = "logger")
  expect_true(shows_bars())
  withr::local_options(rlang_interactive = TRUE, cli.progress_handlers_only = NULL)
  expect_true(shows_bars())
})
