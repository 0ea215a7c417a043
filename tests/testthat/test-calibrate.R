set.seed(7)
n <- 400
x <- matrix(rnorm(n * 3), n)
y <- x[, 1] + rnorm(n)
class <- cut(y, 3, labels = c("low", "mid", "high"))

test_that("the temperature is that with the smallest log-loss on the validation rows", {
  held <- 1:150
  weights <- runif(n)
  fit <- small_fit(x, class, validation = held, weights = weights, calibrate = TRUE, epochs = 30,
                   loss = loss_cross_entropy(label_smoothing = 0.3), optimizer = opt_adam(0.01))
  raw <- as.matrix(predict(fit, x[held, ], type = "raw"))
  loss <- function(t) {
    p <- softmax(raw / t)
    likelihood <- log(p[cbind(held, as.integer(class[held]))])
    log(t)^2 / (2 * length(held)) - weighted.mean(likelihood, weights[held])
  }
  t <- fit$outcome$temperature
  expect_lt(loss(t), loss(1))
  expect_equal(t, optimize(loss, c(0.02, 50), tol = 1e-6)$minimum, tolerance = 1e-3)
  p <- as.matrix(predict(fit, x, type = "prob"))
  expect_equal(p, softmax(as.matrix(predict(fit, x, type = "raw")) / t), tolerance = 1e-6, ignore_attr = TRUE)
  expect_identical(as.integer(predict(fit, x)$.pred_class), max.col(p))
  expect_output(print(fit), "Probabilities calibrated at temperature")
})

test_that("a few rows that are all right do not make the temperature extreme", {
  sure <- small_fit(x * 10, factor(x[, 1] > 0), validation = order(-abs(x[, 1]))[1:8], calibrate = TRUE,
                    epochs = 20, optimizer = opt_adam(0.05))
  expect_gt(sure$outcome$temperature, 0.1)
})

test_that("two classes, several labels and ensembles are calibrated, too", {
  fit <- function(y, ...) {
    small_fit(x, y, validation = 0.4, calibrate = TRUE, optimizer = opt_adam(0.01), epochs = 20, ...)
  }
  binary <- fit(factor(y > 0), loss = "binary_cross_entropy")
  expect_equal(predict(binary, x, type = "prob")$.pred_TRUE,
               plogis(predict(binary, x, type = "raw")$.raw / binary$outcome$temperature), tolerance = 1e-6)
  labels <- fit(cbind(a = y > 0, b = x[, 2] > 0))
  expect_equal(predict(labels, x, type = "prob")$.pred_b,
               plogis(predict(labels, x, type = "raw")$.raw_b / labels$outcome$temperature), tolerance = 1e-6)
  several <- fit(class, ensemble = 2)
  expect_equal(rowSums(as.matrix(predict(several, x, type = "prob"))), rep(1, n), tolerance = 1e-6)
  raw <- as.matrix(predict(several, x, type = "raw"))
  expect_equal(as.matrix(predict(several, x, type = "prob")), softmax(raw / several$outcome$temperature),
               tolerance = 1e-6, ignore_attr = TRUE)
})

test_that("intervals have the ends that the errors on validation rows give", {
  fit <- small_fit(x, y, validation = 301:400, standardize_outcome = TRUE, epochs = 10)
  error <- sort(abs(y[301:400] - predict(fit, x[301:400, ])$.pred))
  for (level in c(0.5, 0.9, 0.95)) {
    interval <- predict(fit, x, type = "pred_int", level = level)
    half <- error[ceiling(101 * level)]
    expect_equal(interval$.pred_upper, predict(fit, x)$.pred + half, tolerance = 1e-6)
    expect_equal(interval$.pred_lower, predict(fit, x)$.pred - half, tolerance = 1e-6)
  }
  expect_warning(wide <- predict(fit, x[1:2, ], type = "pred_int", level = 0.995),
                 class = "fastmlp_warning_interval")
  expect_identical(wide$.pred_upper, c(Inf, Inf))
  both <- small_fit(x, cbind(p = y, q = 10 * y), validation = 0.3)
  expect_named(predict(both, x, type = "pred_int"),
               c(".pred_p_lower", ".pred_p_upper", ".pred_q_lower", ".pred_q_upper"))
})

test_that("they hold new outcomes as often as they say", {
  set.seed(8)
  many <- matrix(rnorm(3e4), 1e4)
  truth <- many[, 1] + rnorm(1e4) * (1 + abs(many[, 2]))
  fit <- mlp_fit(many[1:5000, ], truth[1:5000], hidden_units = 8, epochs = 5, validation = 0.6,
                 optimizer = opt_adam(0.01), verbose = FALSE)
  expect_length(fit$outcome$residuals[[1]]$size, most_residuals)
  for (level in c(0.5, 0.8, 0.95)) {
    interval <- predict(fit, many[5001:1e4, ], type = "pred_int", level = level)
    held <- mean(truth[5001:1e4] >= interval$.pred_lower & truth[5001:1e4] <= interval$.pred_upper)
    expect_lt(abs(held - level), 4 * sqrt(level * (1 - level) * (1 / 5000 + 1 / 3000)))
  }
})

test_that("refit trains on all rows up to the kept epoch, from the same start", {
  held <- 301:400
  fit <- function(...) {
    small_fit(x, y, schedule = schedule_cosine(), optimizer = opt_adam(0.01), epochs = 12, ...)
  }
  refitted <- fit(validation = held, patience = 12, refit = TRUE)
  plain <- fit(validation = held, patience = 12)
  expect_identical(refitted$history, plain$history)
  expect_identical(refitted$outcome$residuals, plain$outcome$residuals)
  # A callback ends a fit to all rows at the same epoch of the same schedule.
  stop_there <- list(on_epoch_end = function(state) list(stop = state$epoch == plain$training$kept_epoch))
  expect_identical(coef(refitted), coef(fit(callbacks = stop_there)))
  expect_output(print(refitted), "Trained again on all rows")
  several <- fit(validation = held, patience = 12, refit = TRUE, ensemble = 2)
  expect_length(several$members, 2)
  expect_false(identical(several$members[[1]], plain$network))
})

test_that("refit ends where a schedule with several cycles has come down", {
  held <- 301:400
  fit <- function(...) {
    small_fit(x, y, schedule = schedule_cosine(restarts = 2), epochs = 12, batch_size = 8,
              optimizer = opt_adam(0.05), ...)
  }
  watched <- list(validation = held, patience = 12, ties = "last", stop_metric = "rmse")
  for (ensemble in c(1, 3)) {
    best <- do.call(fit, c(watched, ensemble = ensemble))
    refitted <- do.call(fit, c(watched, ensemble = ensemble, refit = TRUE))
    expect_identical(refitted$history, best$history)
    course <- subset(best$history, set == "validation" & metric == "rmse" & epoch %in% c(4, 8, 12))
    kept <- course$epoch[which.min(course$value)]
    expect_identical(refitted$training$kept_epoch, kept)
    expect_false(best$training$kept_epoch == kept)
    expect_null(refitted$epochs)
    there <- do.call(fit, c(watched, ensemble = ensemble, keep_epochs = kept))
    outcome <- lapply(predict(there, x[held, ], epoch = kept), function(value) y[held] - value)
    expect_equal(sort(refitted$outcome$residuals[[1]]$size), sort(abs(outcome$.pred)))
  }
})

test_that("a second training that is broken off leaves the first", {
  calls <- 0
  last <- Inf
  loss <- loss_custom(function(output, target) {
    calls <<- calls + 1
    if (calls > last) rlang::interrupt()
    list(value = rowMeans((output - target)^2) / 2, gradient = output - target)
  })
  fit <- function(...) small_fit(x, y, loss = loss, validation = 0.4, ...)
  whole <- fit()
  last <- calls + 5
  calls <- 0
  expect_warning(broken <- fit(refit = TRUE), "first training is kept", class = "fastmlp_warning_interrupted")
  expect_identical(broken$network, whole$network)
  expect_false(broken$training$refit)
  expect_identical(broken$training$stopped, "finished")
  error <- expect_error(mlp_continue(broken, x, y, loss = loss, epochs = 1), class = "fastmlp_error_model")
  expect_match(conditionMessage(error), "refit = FALSE")
})

test_that("training again starts anew wherever the start comes from", {
  starts <- list(init_he(), init_data_driven(), coef(small_fit(x, y)))
  for (init in starts) {
    # Steps too small to move a weight.
    fit <- function(...) small_fit(x, y, init = init, validation = 301:400, optimizer = opt_sgd(1e-30), ...)
    refitted <- fit(refit = TRUE)
    expect_true(refitted$training$refit)
    expect_equal(lapply(coef(refitted), `[[`, "weight"), lapply(coef(fit()), `[[`, "weight"))
  }
})

test_that("training again does not hold more than it needs of wide networks", {
  bytes <- memory_in_new_process('
    inputs <- 20000
    units <- 256
    set.seed(1)
    x <- Matrix::rsparsematrix(500, inputs, nnz = 5e4)
    y <- factor(rep(c("a", "b"), 250))
    fit <- function(...) suppressWarnings(mlp_fit(x, y, preset = "sparse", epochs = 1, verbose = FALSE, ...))
    for (i in 1:2) narrow <- fit(hidden_units = 1)
    took <- growth(wide <- fit(hidden_units = units))
    stopifnot(wide$training$refit)
    cat(took * 2^20 / (inputs * units))')
  # Weights, two moments and the kept epoch in single, the first training's weights in double precision.
  expect_gt(bytes, 16)
  expect_lt(bytes, 34)
})

test_that("going on judges the validation rows anew", {
  settings <- list(x, class, validation = 0.4, calibrate = TRUE, optimizer = opt_adam(0.01))
  whole <- do.call(small_fit, c(settings, epochs = 12))
  parts <- do.call(small_fit, c(settings, epochs = 4))
  again <- mlp_continue(parts, x, class, epochs = 8)
  expect_false(identical(parts$outcome$temperature, whole$outcome$temperature))
  expect_identical(again$outcome, whole$outcome)
  whole <- small_fit(x, y, validation = 0.4, epochs = 12)
  again <- mlp_continue(small_fit(x, y, validation = 0.4, epochs = 4), x, y, epochs = 8)
  expect_identical(again$outcome, whole$outcome)
})

test_that("neither is given in vain", {
  refitted <- small_fit(x, y, validation = 0.2, refit = TRUE)
  expect_conditions({
    small_fit(x, class, calibrate = TRUE)
    small_fit(x, y, calibrate = TRUE, validation = 0.2)
    small_fit(x, class, loss = "hinge", calibrate = TRUE, validation = 0.2)
    small_fit(x, y, refit = TRUE)
    small_fit(x, y, refit = TRUE, validation = list(x = x, y = y))
    small_fit(x, y, refit = TRUE, validation = 0.2, checkpoint = "a.rds")
    small_fit(x, y, refit = TRUE, validation = 0.2, schedule = schedule_plateau())
    mlp_continue(refitted, x, y, epochs = 2)
    predict(small_fit(x, y), x, type = "pred_int")
  })
})

test_that("an offset moves calibrated logits by itself", {
  set.seed(1)
  data <- data.frame(x = rnorm(200), o = rnorm(200))
  data$y <- factor(rbinom(200, 1, plogis(data$x + data$o)))
  fit <- mlp_fit(y ~ x + offset(o), data, preset = "plain", loss = "binary_cross_entropy", epochs = 5,
                 validation = 0.3, calibrate = TRUE, verbose = FALSE)
  logit <- function(data) qlogis(predict(fit, data, "prob")[[2]])
  expect_false(isTRUE(all.equal(fit$outcome$temperature, 1, tolerance = 0.01)))
  expect_equal(logit(transform(data, o = o + 1)) - logit(data), rep(1, 200), tolerance = 1e-4)
  raw <- predict(fit, data, "raw")[[1]]
  expect_equal(logit(data), raw / fit$outcome$temperature + data$o, tolerance = 1e-4)
  expect_identical(predict(fit, data, "class")[[1]], factor(as.integer(logit(data) > 0)))
  # The loss is that of the outputs as they are, with an offset and without.
  expect_equal(attr(mlp_importance(fit, data, repeats = 1), "measured"),
               loss_value(raw + data$o, data$y, "binary_cross_entropy"), tolerance = 1e-6)
})
