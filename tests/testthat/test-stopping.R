# ---- a constructed course of values ----

# A network whose metric takes the values given, one an epoch, whatever it learns.
fit_course <- function(values, ..., stop_direction = "minimize") {
  epoch <- 0
  course <- function(truth, estimate, weights) {
    if (length(truth) < 20) return(values[epoch])
    epoch <<- epoch + 1 # the training rows come first
    0
  }
  set.seed(1)
  mlp_fit(iris_x, iris$Species, hidden_units = 2, epochs = length(values), validation = c(1, 51, 101),
          metrics = list(course = course), stop_metric = "course", stop_direction = stop_direction, ...,
          optimizer = opt_sgd(0.01), verbose = FALSE)
}

ended <- function(fit) {
  c(epochs = fit$training$epochs, kept = fit$training$kept_epoch,
    stopped = fit$training$stopped == "stopped")
}

test_that("patience counts epochs without improvement and the best is kept", {
  values <- c(5, 4, 3, 3.5, 3.2, 3.1, 2, 2)
  expect_equal(ended(fit_course(values, patience = 3)), c(epochs = 6, kept = 3, stopped = 1))
  expect_equal(ended(fit_course(values, patience = 4)), c(epochs = 8, kept = 7, stopped = 0))
  expect_equal(ended(fit_course(-values, patience = 3, stop_direction = "maximize")),
               c(epochs = 6, kept = 3, stopped = 1))
})

test_that("ties keep the first epoch or the last, and do not prolong patience", {
  values <- c(3, 2, 2, 4, 2, 5, 6, 1)
  expect_equal(ended(fit_course(values, patience = 5)), c(epochs = 7, kept = 2, stopped = 1))
  expect_equal(ended(fit_course(values, patience = 5, ties = "last")), c(epochs = 7, kept = 5, stopped = 1))
})

test_that("small improvements do not prolong patience, but the best is kept all the same", {
  values <- c(5, 4, 3.9, 3.8, 3.7, 3.6, 3.9, 1)
  expect_equal(ended(fit_course(values, patience = 3)), c(epochs = 8, kept = 8, stopped = 0))
  expect_equal(ended(fit_course(values, patience = 3, min_improvement = 0.2)),
               c(epochs = 8, kept = 8, stopped = 0))
  expect_equal(ended(fit_course(values, patience = 3, min_improvement = 0.5)),
               c(epochs = 5, kept = 5, stopped = 1))
  # What is just as much does not exceed it.
  expect_equal(ended(fit_course(c(4, 3, 2), patience = 1, min_improvement = 1)),
               c(epochs = 2, kept = 2, stopped = 1))
})

test_that("the weights are those of the kept epoch", {
  values <- c(3, 1, 2, 2, 2)
  kept <- fit_course(values, patience = 5)
  expect_identical(kept$network, fit_course(values[1:2], patience = 2)$network)
  expect_identical(kept$training$epochs, 5L)
})

# ---- the engine's own measures ----

validation_course <- function(fit, metric) {
  fit$history$value[fit$history$set == "validation" & fit$history$metric == metric]
}

noisy_fit <- function(...) {
  set.seed(1)
  y <- sample(iris$Species)
  mlp_fit(iris_x, y, hidden_units = 32, epochs = 60, batch_size = 8, validation = 0.3,
          standardize = "zscore", verbose = FALSE, ...)
}

test_that("the loss is watched by the engine, and as if R told it", {
  inside <- noisy_fit(patience = 4, min_improvement = 0.001)
  expect_identical(inside$training$stopped, "stopped")
  expect_identical(inside$training$kept_epoch, which.min(validation_course(inside, "loss")))
  told <- noisy_fit(patience = 4, min_improvement = 0.001, metrics = "log_loss", stop_metric = "log_loss")
  expect_identical(told$network, inside$network)
})

test_that("accuracy may be watched, and its ties are many", {
  first <- noisy_fit(patience = 60, stop_metric = "accuracy")
  last <- noisy_fit(patience = 60, stop_metric = "accuracy", ties = "last")
  course <- validation_course(first, "accuracy")
  best <- which(course == max(course))
  expect_identical(first$training$kept_epoch, best[1])
  expect_identical(last$training$kept_epoch, best[length(best)])
  expect_identical(first$training$epochs, 60L)
})

test_that("a known metric is watched without being listed", {
  fit <- noisy_fit(patience = 60, stop_metric = "auc")
  expect_identical(fit$training$kept_epoch, which.max(validation_course(fit, "auc")))
})

test_that("rmse is watched on its own scale", {
  fit <- function(...) {
    small_fit(mpg ~ ., mtcars, validation = 1:10, patience = 3, epochs = 40, standardize = "zscore",
              stop_metric = "rmse", optimizer = opt_adam(0.003), ...)
  }
  expect_identical(fit()$training$epochs, 40L) # falls all the time
  steps <- -diff(validation_course(fit(), "rmse"))
  expect_true(all(steps > 0))
  expect_identical(fit(min_improvement = max(steps[1:3]) * 3.1)$training$epochs, 4L)
})

test_that("the plot marks the kept epoch and shows every metric", {
  fit <- noisy_fit(patience = 3, stop_metric = "auc", schedule = schedule_cosine())
  plot <- autoplot(fit)
  panels <- ggplot2::ggplot_build(plot)$layout$layout
  expect_identical(as.character(panels$metric), c("loss", "accuracy", "auc", "learn_rate"))
  marks <- ggplot2::ggplot_build(plot)$data[[1]]
  expect_equal(unique(marks$xintercept), fit$training$kept_epoch)
})

# ---- what is watched is not finite ----

test_that("training ends at an epoch that cannot be judged, with the best before", {
  values <- c(3, 2, 2.5, NaN, 1)
  end <- c(epochs = 4, kept = 2, stopped = 1)
  for (several in list(list(), list(ensemble = 2), list(ensemble = 2, share_weights = TRUE))) {
    expect_warning(fit <- rlang::exec(fit_course, values, patience = 5, !!!several),
                   "after epoch 4 the `stop_metric` \"course\"", class = "fastmlp_warning_metric")
    expect_equal(ended(fit), end)
    told <- fit$history$set == "validation" & fit$history$metric == "course"
    expect_identical(fit$history$value[told], c(3, 2, 2.5, NA))
  }
  expect_warning(last <- fit_course(c(3, 2, 2.5, NaN), patience = 5), class = "fastmlp_warning_metric")
  expect_equal(ended(last), c(epochs = 4, kept = 2, stopped = 0))
  unbroken <- fit_course(c(3, 2, 2.5, 2.5, 2.5), patience = 2)
  expect_identical(coef(last), coef(unbroken))
  expect_error(fit_course(c(Inf, 2), patience = 5), class = "fastmlp_error_metric")
})

test_that("so it does where only a plateau watches, with that epoch", {
  plateau <- schedule_plateau(0.5, patience = 1)
  for (ensemble in 1:2) {
    expect_warning(fit <- fit_course(c(3, 3, NaN, 1), schedule = plateau, ensemble = ensemble),
                   "Its weights are kept", class = "fastmlp_warning_metric")
    expect_equal(ended(fit), c(epochs = 3, kept = 3, stopped = 1))
  }
})

# ---- plateau ----

test_that("a plateau lowers the rate by the metric that is watched", {
  values <- c(5, 4, 4, 4, 4, 3, 3, 3)
  fit <- fit_course(values, schedule = schedule_plateau(0.5, patience = 2))
  rate <- fit$history$value[fit$history$metric == "learn_rate"]
  expect_equal(rate, 0.01 * c(1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5))
  fit <- fit_course(c(values, 3), schedule = schedule_warmup(2, schedule_plateau(0.5, patience = 2), 0.5))
  rate <- fit$history$value[fit$history$metric == "learn_rate"]
  # Epochs of the warm-up do not count.
  expect_equal(rate, 0.01 * c(0.5, 0.75, 1, 1, 1, 0.5, 0.5, 0.5, 0.25))
  expect_identical(fit$training$stopped, "finished")
})

test_that("steps after a plateau take the lower rate", {
  start <- exact_network(c(4, 5, 3), "tanh")
  fit <- function(epochs, schedule, rate, init) {
    mlp_fit(iris_x, iris$Species, hidden_units = 5, activation = "tanh", epochs = epochs, batch_size = 32,
            init = init, shuffle = FALSE, schedule = schedule, optimizer = opt_sgd(rate), verbose = FALSE)
  }
  never_better <- schedule_plateau(0.25, patience = 2, min_improvement = 1e6)
  whole <- fit(5, never_better, 0.1, start$layers) # the first epoch is an improvement on none
  first <- fit(3, schedule_constant(), 0.1, start$layers)
  second <- fit(2, schedule_constant(), 0.025, coef(first))
  expect_identical(coef(whole), coef(second))
})

# ---- given rows ----

test_that("validation rows may be chosen by number or by a logical vector", {
  held <- c(3, 60, 149, 7)
  start <- coef(mlp_network(4, 4, 3))
  fit <- function(x, y, validation) {
    set.seed(1)
    mlp_fit(x, y, hidden_units = 4, epochs = 3, init = start, validation = validation, standardize = "zscore",
            verbose = FALSE)
  }
  by_number <- fit(iris_x, iris$Species, held)
  parts <- c("network", "history", "standardize")
  expect_identical(fit(iris_x, iris$Species, seq_len(150) %in% held)[parts], by_number[parts])
  given <- fit(iris_x[-held, ], iris$Species[-held],
               list(x = iris_x[sort(held), ], y = iris$Species[sort(held)]))
  expect_identical(given[parts], by_number[parts])
  expect_identical(by_number$training$validation_rows, 4L)
  expect_warning(one <- fit(iris_x, iris$Species, 2), class = "fastmlp_warning_validation")
  expect_identical(one$training$validation_rows, 1L)
  expect_identical(fit(iris_x, iris$Species, c(1, 2))$training$validation_rows, 2L)
})

# ---- interrupts between epochs ----

test_that("what an interrupt breaks off at the end of an epoch is done, and a run goes on as if unbroken", {
  count <- new.env()
  mine <- function(truth, estimate, weights) {
    count$calls <- count$calls + 1
    if (count$calls == count$breaks) rlang::interrupt()
    stats::weighted.mean((estimate[, 2] - (as.integer(truth) == 2))^2, weights)
  }
  slower <- list(on_epoch_end = function(state) list(learn_rate_factor = 0.9^state$epoch))
  fit <- function(settings, at, path = NULL) {
    count$calls <- 0
    count$breaks <- at
    set.seed(3)
    do.call(mlp_fit, c(
      list(iris_x, iris$Species, hidden_units = 6, epochs = 6, batch_size = 16, optimizer = opt_adam(0.01),
           validation = 0.3, metrics = list(mine = mine), callbacks = slower, checkpoint = path,
           verbose = FALSE),
      settings
    ))
  }
  parts <- c("network", "history", "state")
  path <- withr::local_tempfile()
  plateau <- schedule_plateau(0.5, patience = 1)
  for (settings in list(
    list(schedule = plateau),
    list(patience = 9, stop_metric = "mine", stop_direction = "minimize"),
    list(patience = 9, stop_metric = "mine", stop_direction = "minimize", schedule = plateau)
  )) {
    whole <- fit(settings, at = 0)
    # In the metric of the training rows or the validation rows, after the first epoch, the third or the last.
    for (at in c(1, 2, 6, 11)) {
      unlink(path)
      broken <- suppressWarnings(fit(settings, at, path))
      epoch <- ceiling(at / 2)
      expect_identical(broken$training$epochs, as.integer(epoch))
      expect_identical(broken$training$stopped, if (epoch < 6) "interrupted" else "finished")
      expect_false(anyNA(broken$history$value))
      expect_identical(unclass(fit(settings, 0, path))[parts], unclass(whole)[parts])
      if (epoch == 6) next
      count$breaks <- 0
      further <- mlp_continue(broken, iris_x, iris$Species, epochs = 6 - epoch, callbacks = slower,
                              metrics = list(mine = mine))
      expect_identical(unclass(further)[parts], unclass(whole)[parts])
    }
  }
})

test_that("arguments of stopping that do not fit are refused", {
  fit <- function(...) mlp_fit(iris_x, iris$Species, ..., verbose = FALSE)
  mine <- list(mine = function(truth, estimate, weights) 1)
  expect_conditions({
    fit(validation = c(0, 1))
    fit(validation = c(1, 151))
    fit(validation = c(1.5, 2))
    fit(validation = c(3, 3))
    fit(validation = 1:150)
    fit(validation = rep(FALSE, 150))
    fit(validation = TRUE)
    fit(validation = c(TRUE, NA))
    fit(validation = -1)
    fit(validation = 1)
    fit(min_improvement = 0.1)
    fit(ties = "last", validation = 0.2)
    fit(ties = "both", validation = 0.2, patience = 2)
    fit(min_improvement = -1, validation = 0.2, patience = 2)
    fit(stop_metric = "auc", validation = 0.2)
    fit(stop_direction = "maximize", validation = 0.2)
    fit(stop_metric = "rmse", validation = 0.2, patience = 2)
    fit(stop_metric = "mine", validation = 0.2, patience = 2, metrics = mine)
    fit(stop_metric = "auc", validation = 0.2, patience = 2, stop_direction = "minimize")
    fit(stop_metric = "auc", validation = 1:2, patience = 2)
  })
})
