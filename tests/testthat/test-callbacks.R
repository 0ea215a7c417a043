logged_fit <- function(callbacks, ..., epochs = 3) {
  small_fit(iris_x, iris$Species, callbacks = callbacks, epochs = epochs, ...)
}

# A set of callbacks for all events, and what they were called with.
recorder <- function() {
  calls <- list()
  record <- function(event) {
    force(event)
    function(state) {
      calls[[length(calls) + 1]] <<- c(list(event = event), state)
      NULL
    }
  }
  list(
    callbacks = lapply(stats::setNames(callback_events, callback_events), record),
    calls = function() calls
  )
}

test_that("callbacks are called in order, with what there is to know", {
  recorder <- recorder()
  fit <- logged_fit(recorder$callbacks, validation = 0.2, schedule = schedule_step(1, 0.5))
  calls <- recorder$calls()
  expect_identical(
    vapply(calls, `[[`, "", "event"),
    c("on_train_begin", rep(c("on_epoch_begin", "on_epoch_end"), 3), "on_train_end")
  )
  expect_equal(vapply(calls, `[[`, 1, "epoch"), c(0, 1, 1, 2, 2, 3, 3, 3))
  expect_equal(vapply(calls, `[[`, 1, "learn_rate"), 0.1 * c(1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25))
  expect_true(all(vapply(calls, `[[`, 1L, "epochs") == 3L))
  expect_identical(vapply(calls, function(call) max(call$history$epoch, 0), 1), c(0, 0, 1, 1, 2, 2, 3, 3))
  expect_identical(calls[[8]]$history, fit$history)
})

test_that("the network that a callback asks for is the present one", {
  networks <- list()
  keep <- function(state) {
    networks[[state$epoch]] <<- state$network()
    NULL
  }
  fit <- logged_fit(list(on_epoch_end = keep), epochs = 3)
  expect_identical(networks[[3]], fit$network)
  expect_identical(networks[[1]], logged_fit(NULL, epochs = 1)$network)
})

test_that("callbacks change nothing unless they ask to", {
  expect_identical(logged_fit(recorder()$callbacks)$network, logged_fit(NULL)$network)
  expect_identical(logged_fit(recorder()$callbacks)$history, logged_fit(NULL)$history)
})

test_that("a callback may stop training", {
  stopping <- function(event, epoch) {
    stats::setNames(list(function(state) list(stop = state$epoch == epoch)), event)
  }
  fit <- logged_fit(stopping("on_epoch_end", 2), epochs = 5)
  expect_identical(fit$training[c("epochs", "kept_epoch", "stopped")],
                   list(epochs = 2L, kept_epoch = 2L, stopped = "callback"))
  expect_identical(fit$network, logged_fit(NULL, epochs = 2)$network)
  expect_output(print(fit), "stopped by a callback")
  fit <- logged_fit(stopping("on_epoch_begin", 3), epochs = 5)
  expect_identical(fit$training$epochs, 2L)
  start <- mlp_network(4, 4, 3)
  fit <- logged_fit(stopping("on_train_begin", 0), init = coef(start))
  expect_identical(fit$training$epochs, 0L)
  expect_identical(nrow(fit$history), 0L)
  expect_equal(fit$network, start, tolerance = 1e-7)
})

test_that("with patience, what a callback stops keeps its best epoch", {
  fit <- small_fit(iris_x, sample(iris$Species), epochs = 30, validation = 0.3, patience = 30,
                   callbacks = list(on_epoch_end = function(state) list(stop = state$epoch == 20)))
  course <- fit$history$value[fit$history$set == "validation" & fit$history$metric == "loss"]
  expect_length(course, 20)
  expect_identical(fit$training$kept_epoch, which.min(course))
})

test_that("a callback may change the rate, for good and for the next epoch on", {
  start <- exact_network(c(4, 5, 3), "tanh")
  fit <- function(epochs, rate, init, ...) {
    mlp_fit(iris_x, iris$Species, hidden_units = 5, activation = "tanh", epochs = epochs, batch_size = 32,
            init = init, shuffle = FALSE, optimizer = opt_sgd(rate), verbose = FALSE, ...)
  }
  halve <- list(on_epoch_end = function(state) if (state$epoch == 2) list(learn_rate_factor = 0.5))
  whole <- fit(5, 0.1, start$layers, callbacks = halve)
  second <- fit(3, 0.05, coef(fit(2, 0.1, start$layers)))
  expect_identical(coef(whole), coef(second))
  expect_equal(whole$history$value[whole$history$metric == "learn_rate"], c(0.1, 0.1, 0.05, 0.05, 0.05))
  from_start <- list(on_train_begin = function(state) list(learn_rate_factor = 0.5))
  expect_identical(coef(fit(2, 0.1, start$layers, callbacks = from_start)), coef(fit(2, 0.05, start$layers)))
  # The last of several counts, and multiplies the schedule's.
  several <- list(from_start, list(on_train_begin = function(state) list(learn_rate_factor = 2)))
  rate <- fit(2, 0.1, start$layers, callbacks = several, schedule = schedule_step(1, 0.5))$history
  expect_equal(rate$value[rate$metric == "learn_rate"], c(0.2, 0.1))
})

test_that("an error in a callback names it and keeps its cause", {
  failing <- list(on_epoch_end = function(state) if (state$epoch == 2) stop("disk full"))
  cnd <- expect_error(logged_fit(failing), class = "fastmlp_error_callback")
  expect_match(conditionMessage(cnd), "`callbacks$on_epoch_end` failed in epoch 2", fixed = TRUE)
  expect_identical(conditionMessage(cnd$parent), "disk full")
})

test_that("an interrupt in a callback ends training with the model so far", {
  breaking <- list(on_epoch_end = function(state) if (state$epoch == 2) rlang::interrupt())
  expect_warning(fit <- logged_fit(breaking, epochs = 9), class = "fastmlp_warning_interrupted")
  expect_identical(fit$training$epochs, 2L)
  expect_identical(fit$network, logged_fit(NULL, epochs = 2)$network)
})

test_that("a callback's network ends with the training", {
  kept <- NULL
  fit <- logged_fit(list(on_train_end = function(state) kept <<- state$network))
  cnd <- expect_error(kept(), class = "fastmlp_error_callback")
  expect_match(conditionMessage(cnd), "`callbacks$on_train_end(state)$network` must be called", fixed = TRUE)
})

test_that("callbacks of the wrong kind are refused", {
  fit <- function(...) mlp_fit(iris_x, iris$Species, callbacks = list(...), epochs = 2, verbose = FALSE)
  expect_conditions({
    mlp_fit(iris_x, iris$Species, callbacks = print, verbose = FALSE)
    fit()
    fit(print)
    fit(on_epoch_ends = print)
    fit(on_epoch_end = "print")
    fit(list(on_epoch_end = print), list(on_batch_end = print))
    fit(on_epoch_end = function(state) list(halt = TRUE))
    fit(on_epoch_end = function(state) list(TRUE))
    fit(on_epoch_end = function(state) list(stop = 1))
    fit(on_epoch_end = function(state) list(learn_rate_factor = -1))
    mlp_fit(iris_x, iris$Species, optimizer = opt_rprop(), epochs = 2, verbose = FALSE,
            callbacks = list(on_epoch_begin = function(state) list(learn_rate_factor = 0.5)))
    fit(on_epoch_end = function() 1)
  })
})
