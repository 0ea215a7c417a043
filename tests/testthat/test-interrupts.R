test_that("what an interrupt breaks off is run again, and the interrupt heard later", {
  calls <- 0
  run <- function(breaks) {
    calls <<- 0
    suspendInterrupts({
      value <- run_to_value(function() {
        calls <<- calls + 1
        if (calls <= breaks) rlang::interrupt()
        calls
      })
      c(value, is_interrupted(), is_interrupted())
    })
  }
  expect_identical(run(0), c(1, 0, 0))
  expect_identical(run(1), c(2, 1, 0))
  expect_identical(tryCatch(run(2), interrupt = function(cnd) "raised"), "raised")
})

# A loss that is interrupted in its calls of these numbers, counted from the last fit.
counted <- new.env()
broken_loss <- loss_custom(function(output, target) {
  counted$calls <- counted$calls + 1
  if (counted$calls %in% counted$breaks) rlang::interrupt()
  list(value = rowMeans((output - target)^2), gradient = 2 * (output - target))
})

numbers <- matrix(sin(1:3600), 1200)

# Ten steps an epoch and one call for the validation rows.
broken_fit <- function(breaks, ...) {
  counted$breaks <- breaks
  counted$calls <- 0
  small_fit(numbers, numbers[, 1] + cos(1:1200), batch_size = 100, loss = broken_loss, validation = 1:200,
            optimizer = opt_adam(0.01), ...)
}

test_that("an interrupt in a loss is as one between steps: the fit goes on as the unbroken one", {
  whole <- broken_fit(NULL)
  parts <- c("network", "history", "state")
  # In a step of the first epoch, in its last step, in its validation, in a step of the third.
  for (at in c(4, 10, 11, 25)) {
    expect_warning(broken <- broken_fit(at), class = "fastmlp_warning_interrupted")
    expect_identical(broken$training$stopped, "interrupted")
    expect_identical(broken$training$epochs, if (at == 4) 0L else if (at < 25) 1L else 2L)
    expect_identical(nrow(broken$history), 4L * broken$training$epochs)
    more <- 3 - broken$training$epochs
    further <- mlp_continue(broken, numbers, numbers[, 1] + cos(1:1200), epochs = more, loss = broken_loss)
    expect_identical(unclass(further)[parts], unclass(whole)[parts])
  }
})

test_that("in the first epoch the weights of the last step are kept", {
  start <- broken_fit(NULL, learn_rate = 1e-30)
  expect_warning(fit <- broken_fit(9), "after 0 epochs; the weights so far")
  expect_gt(max(abs(unlist(coef(fit)) - unlist(coef(start)))), 0.01)
})

test_that("a loss that is interrupted again ends training with the last epoch", {
  expect_warning(fit <- broken_fit(c(25, 26)), "after 2 epochs", class = "fastmlp_warning_interrupted")
  expect_identical(fit$training$kept_epoch, 2L)
  expect_null(fit$state)
  expect_warning(first <- broken_fit(c(5, 6)), "initial weights are kept")
  expect_equal(coef(first), coef(broken_fit(NULL, learn_rate = 1e-30)), tolerance = 1e-20)
})

test_that("members of an ensemble end at the same epoch, or at their start", {
  start <- suppressWarnings(broken_fit(1, ensemble = 2))
  # In the second member's first epoch.
  expect_warning(fit <- broken_fit(15, ensemble = 2), "after 0 epochs; the initial weights")
  expect_identical(coef(fit), coef(start))
  expect_identical(nrow(fit$history), 0L)
  # In its second, and in the epoch's joint validation.
  one <- broken_fit(NULL, ensemble = 2, epochs = 1)
  counted$calls <- counted$calls - 2 * ceiling(1000 / 256) # those of the end, for the loss of what is kept
  expect_warning(fit <- broken_fit(counted$calls + 15, ensemble = 2), class = "fastmlp_warning_interrupted")
  expect_identical(coef(fit), coef(one))
  expect_warning(fit <- broken_fit(counted$calls - 15, ensemble = 2), class = "fastmlp_warning_interrupted")
  expect_identical(coef(fit), coef(one))
  expect_warning(broken_fit(9, ensemble = 2, share_weights = TRUE), "the weights so far")
})

test_that("an interrupt in a search along a line keeps the iterations so far", {
  loss <- loss_custom(function(output, target) {
    counted$calls <- counted$calls + 1
    if (counted$calls %in% counted$breaks) rlang::interrupt()
    list(value = rowMeans((output - target)^2), gradient = 2 * (output - target))
  })
  fit <- function(breaks) {
    counted$calls <- 0
    counted$breaks <- breaks
    small_fit(iris_x, iris$Petal.Width, loss = loss, optimizer = opt_lbfgs(), batch_size = Inf, epochs = 9)
  }
  expect_warning(broken <- fit(8), class = "fastmlp_warning_interrupted")
  expect_identical(broken$training$stopped, "interrupted")
  expect_identical(broken$history, head(fit(NULL)$history, nrow(broken$history)))
})

test_that("an interrupt after the last step loses nothing, nor do two in quick succession", {
  skip_unless_signalled()
  code <- "
    x <- matrix(as.double(1:1e6 %% 101) / 101, 50000)
    y <- factor(x[, 1] > x[, 2])
    delay <- '0'
    # The callback ends before the signals come.
    sent <- tempfile()
    signal <- function(state) {
      unlink(sent)
      system(sprintf('(sleep %s; kill -INT %d; sleep 0.01; kill -INT %d; touch %s) &', delay, Sys.getpid(),
                     Sys.getpid(), sent))
    }
    until_sent <- function() {
      while (!file.exists(sent)) Sys.sleep(0.01)
      Sys.sleep(0.05)
      TRUE
    }
    outcome <- function(run) {
      told <- ''
      keep <- function(cnd) {
        told <<- sub('fastmlp_warning_', '', class(cnd)[1])
        invokeRestart('muffleWarning')
      }
      fit <- tryCatch(withCallingHandlers(run(), fastmlp_warning = keep), interrupt = function(cnd) NULL)
      while (!tryCatch(until_sent(), interrupt = function(cnd) FALSE)) NULL
      cat(is.null(fit), told, '')
    }
    fit <- function(epochs, ...) {
      mlp_fit(x, y, hidden_units = 64, batch_size = 2000, validation = 0.5, epochs = epochs, ...)
    }
    start <- fit(1)
    late <- list(on_train_end = signal)
    for (delay in c('0', '0.004', '0.008')) {
      outcome(function() fit(1, callbacks = late))
      outcome(function() mlp_continue(start, x, y, epochs = 1, callbacks = late))
    }
    # The callback sends one itself, which is heard in it or after it.
    late <- list(on_train_end = function(state) tools::pskill(Sys.getpid(), tools::SIGINT))
    writeLines('', sent)
    outcome(function() fit(1, callbacks = late))
    outcome(function() mlp_continue(start, x, y, epochs = 1, callbacks = late))
    delay <- 3 * system.time(fit(1, ensemble = 3))[['elapsed']] + 0.5 # by then training has begun
    signal()
    outcome(function() fit(1e6, ensemble = 3))
  "
  told <- strsplit(in_new_process(code), " ")[[1]]
  expect_identical(told[c(TRUE, FALSE)], rep("FALSE", 9))
  expect_identical(told[c(14, 16, 18)], rep("interrupted", 3))
})
