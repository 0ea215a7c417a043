set.seed(6)
n <- 120
x <- matrix(rnorm(n * 3), n, dimnames = list(NULL, c("a", "b", "c")))
y <- x[, 1] + x[, 2]^2 + rnorm(n, sd = 0.2)
class <- cut(y, 3, labels = c("low", "mid", "high"))
counts <- round(exp(x[, 1] / 2))

ensemble_fit <- function(y, ..., ensemble = 3, epochs = 4) {
  small_fit(x, y, ensemble = ensemble, epochs = epochs, optimizer = opt_adam(0.01), ...)
}

# The members as fits of their own.
member_fits <- function(fit) {
  lapply(fit$members, function(network) {
    fit$network <- network
    fit["members"] <- list(NULL)
    fit$outcome$temperature <- NULL
    fit
  })
}

mean_prediction <- function(fit, ...) {
  Reduce(`+`, lapply(member_fits(fit), function(one) as.matrix(predict(one, x, ...)))) / length(fit$members)
}

test_that("members differ, and the first is the fit that it would be alone", {
  fit <- ensemble_fit(y)
  alone <- ensemble_fit(y, ensemble = 1)
  expect_identical(fit$members[[1]], alone$network)
  expect_identical(fit$network, fit$members[[1]])
  expect_length(fit$members, 3)
  expect_false(identical(fit$members[[2]], fit$members[[3]]))
  expect_null(alone$members)
  expect_identical(coef(fit)[[1]], coef(alone))
  expect_output(print(fit), "Ensemble of 3 networks")
  expect_identical(ensemble_fit(y)$members, fit$members)
})

test_that("predictions are the members' means, of every kind", {
  same <- function(fit, ...) {
    expect_equal(as.matrix(predict(fit, x, ...)), mean_prediction(fit, ...), tolerance = 1e-5)
  }
  same(ensemble_fit(y))
  same(ensemble_fit(y, standardize_outcome = TRUE, loss = "huber"), type = "raw")
  same(ensemble_fit(cbind(p = y, q = 2 * y)))
  same(ensemble_fit(class), type = "prob")
  same(ensemble_fit(class == "low", loss = "binary_cross_entropy"), type = "prob")
  same(ensemble_fit(cbind(y > 0, x[, 1] > 0)), type = "prob")
  same(ensemble_fit(factor(class, ordered = TRUE), loss = "ordinal"), type = "prob")
  same(ensemble_fit(counts, loss = "poisson"))
  same(ensemble_fit(y, loss = loss_quantile(c(0.1, 0.5, 0.9))), type = "quantile")
  same(ensemble_fit(y, loss = "gaussian"))
  fit <- ensemble_fit(class)
  expect_identical(as.integer(predict(fit, x)$.pred_class), max.col(mean_prediction(fit, type = "prob")))
})

test_that("normal distributions become their mixture's mean and variance", {
  fit <- ensemble_fit(y, loss = "gaussian")
  raw <- lapply(member_fits(fit), function(one) as.matrix(predict(one, x, type = "raw")))
  mean <- Reduce(`+`, lapply(raw, function(r) r[, 1])) / 3
  second <- Reduce(`+`, lapply(raw, function(r) r[, 1]^2 + softplus(r[, 2]) + 1e-6)) / 3
  upper <- mean + qnorm(0.95) * sqrt(second - mean^2)
  expect_equal(predict(fit, x, type = "pred_int", level = 0.9)$.pred_upper, upper, tolerance = 1e-5,
               ignore_attr = TRUE)
})

test_that("the epoch that is kept is the ensemble's best, by what is watched", {
  held <- 81:120
  course <- function(epochs, ...) {
    ensemble_fit(class, epochs = epochs, validation = held, dropout = 0.2, shuffle = FALSE, ...)
  }
  for (watched in c("loss", "accuracy", "auc")) {
    fit <- course(12, patience = 12, stop_metric = watched)
    each <- lapply(1:12, course)
    value <- vapply(each, function(one) {
      p <- as.matrix(predict(one, x[held, ], type = "prob"))
      truth <- class[held]
      switch(watched, loss = mean(-log(p[cbind(1:40, as.integer(truth))])),
             accuracy = mean(max.col(p, "first") == as.integer(truth)),
             auc = known_metrics$auc$value(truth, p, rep(1, 40)))
    }, 1)
    best <- if (watched == "loss") which.min(value) else which.max(value)
    expect_identical(fit$training$kept_epoch, best, info = watched)
    expect_equal(predict(fit, x, type = "prob"), predict(each[[best]], x, type = "prob"), info = watched)
    shown <- subset(fit$history, set == "validation" & metric == watched)$value
    expect_equal(shown, value, tolerance = 1e-5, info = watched)
  }
})

test_that("members hold rows that go around all, each stratum's evenly", {
  values <- factor(rep(c("a", "b", "c"), c(50, 23, 2)))
  take <- c(10, 5, 0)
  folds_of <- function(members) {
    set.seed(3)
    sets <- list(valid = list(rows = draw_rows(values, take)))
    c(list(sets$valid$rows), draw_folds(sets, values, list(kind = "share", take = take), members))
  }
  folds <- folds_of(5)
  expect_identical(folds[[2]], folds[[1]])
  for (held in folds) expect_identical(as.vector(table(values[held])), as.integer(take))
  # 5 times 10 of 50 rows are all of them, 5 times 5 of 23 are two more than there are.
  times <- tabulate(unlist(folds[-1]), length(values))
  expect_identical(times[1:50], rep(1L, 50))
  expect_identical(sort(times[51:73]), rep(1:2, c(21, 2)))
  expect_identical(times[74:75], c(0L, 0L))
  expect_true(all(tabulate(unlist(folds_of(20)[-1]), 75)[1:50] == 4))
  expect_null(draw_folds(NULL, values, list(kind = "rows"), 5))
})

test_that("each member is the fit that it would be with its own rows held", {
  fit <- ensemble_fit(y, validation = 0.2, ensemble = 2)
  expect_identical(fit$members[[1]], ensemble_fit(y, validation = 0.2, ensemble = 1)$network)
  expect_identical(c(fit$training$rows, fit$training$validation_rows), c(96L, 24L))
  expect_output(print(fit), "Each trained on 96 rows, 24 to validate")
  standardized <- ensemble_fit(y, validation = 0.2, standardize = "zscore", standardize_outcome = TRUE)
  expect_equal(unname(standardized$standardize$center), unname(colMeans(x)))
  expect_equal(standardized$outcome$scaling$center, mean(y))
})

test_that("validation asks each member about the rows that it holds", {
  set.seed(1)
  draw_key()
  held <- draw_rows(as.matrix(y), 48)
  folds <- draw_folds(list(valid = list(rows = held)), as.matrix(y), list(kind = "share", take = 48), 3)
  # Of 120 rows, 24 are held twice, and none is left out.
  expect_identical(sort(unique(unlist(folds))), 1:120)
  fit <- ensemble_fit(y, validation = 0.4, weights = rep(1:3, 40), metrics = "mae", patience = 4,
                      stop_metric = "mae")
  told <- lapply(member_fits(fit), function(one) predict(one, x)$.pred)
  holds <- vapply(folds, function(rows) seq_len(n) %in% rows, logical(n))
  estimate <- rowSums(do.call(cbind, told) * holds) / rowSums(holds)
  kept <- subset(fit$history, set == "validation" & epoch == fit$training$kept_epoch)
  value <- setNames(kept$value, kept$metric)
  expect_equal(value[["mae"]], weighted.mean(abs(y - estimate), rep(1:3, 40)), tolerance = 1e-5)
  expect_equal(value[["rmse"]], sqrt(weighted.mean((y - estimate)^2, rep(1:3, 40))), tolerance = 1e-5)
  expect_equal(value[["loss"]], value[["rmse"]]^2, tolerance = 1e-5)
  sizes <- fit$outcome$residuals[[1]]
  expect_equal(sizes$size, sort(abs(y - estimate)), tolerance = 1e-5)
  train <- rowSums(do.call(cbind, told) * !holds) / rowSums(!holds)
  kept <- subset(fit$history, set == "train" & epoch == fit$training$kept_epoch & metric == "mae")
  expect_equal(kept$value, weighted.mean(abs(y - train), rep(1:3, 40)), tolerance = 1e-5)
})

test_that("patience, the last tie, plateaus, weights and offsets are the ensemble's", {
  fit <- ensemble_fit(y, epochs = 200, validation = 0.3, patience = 3)
  expect_identical(fit$training$stopped, "stopped")
  expect_identical(fit$training$epochs, fit$training$kept_epoch + 3L)
  tied <- ensemble_fit(class, epochs = 6, validation = 0.3, patience = 6, stop_metric = "accuracy",
                       ties = "last", init = init_normal(0), schedule = schedule_step(1, 1e-12))
  expect_identical(tied$training$kept_epoch, 6L)
  plateau <- ensemble_fit(y, epochs = 12, validation = 0.3,
                          schedule = schedule_plateau(patience = 1, min_improvement = 1e6))
  rates <- subset(plateau$history, metric == "learn_rate")$value
  expect_lt(rates[12], rates[1])
  offset <- rep(c(0, 1), n / 2)
  shifted <- ensemble_fit(counts, loss = "poisson", offset = offset, weights = rep(1:2, n / 2),
                          validation = 0.3, patience = 4)
  expect_true(all(is.finite(predict(shifted, x, offset = offset)$.pred)))
})

test_that("refit trains each member on all rows, from its own start, for the epochs of the first training", {
  fit <- function(y, epochs = 200, ...) {
    ensemble_fit(y, epochs = epochs, schedule = schedule_step(20, 0.5), dropout = 0.2, ...)
  }
  judged <- list(validation = 81:120, patience = 3, stop_metric = "rmse")
  first <- do.call(fit, c(list(y), judged))
  again <- do.call(fit, c(list(y), judged, refit = TRUE))
  kept <- first$training$kept_epoch
  expect_lt(kept, 200)
  expect_identical(again$history, first$history)
  expect_identical(again$outcome$residuals, first$outcome$residuals)
  expect_identical(coef(again), coef(fit(y, epochs = kept)))
  expect_identical(again$network, again$members[[1]])
  expect_output(print(again), "Trained again on all rows")
  expect_identical(nobs(again), 120L)
  # Members that hold folds, too, end with all rows, and what is known of them is that of the folds.
  folds <- list(validation = 0.2, patience = 3, calibrate = TRUE, stop_metric = "accuracy")
  first <- do.call(fit, c(list(class), folds))
  again <- do.call(fit, c(list(class), folds, refit = TRUE))
  expect_identical(again$history, first$history)
  expect_identical(again$outcome$temperature, first$outcome$temperature)
  for (i in 1:3) expect_false(identical(again$members[[i]], first$members[[i]]))
  for (i in 2:3) expect_false(identical(again$members[[i]], again$members[[1]]))
})

test_that("it is the same at any number of threads, and by averages of weights", {
  expect_same_for_threads(function(threads) {
    coef(ensemble_fit(y, threads = threads, ema_decay = 0.9, validation = 0.2, patience = 4))
  })
})

test_that("members that are sure and wrong have finite joint outputs", {
  far <- list(rbind(c(2000, -3000, 0)), rbind(c(1500, -10, -4000)))
  softmax <- joint_outputs$softmax(far)
  expect_true(all(is.finite(softmax)))
  expect_equal(drop(exp(softmax)), c(1, 0, 0))
  expect_equal(drop(softmax[, 2:3]), c(-1510, -2000) - log(2))
  sigmoid <- joint_outputs$sigmoid(list(matrix(c(-900, 900)), matrix(c(-1200, 2000))))
  expect_equal(sigmoid, matrix(c(-900 - log(2), 900 + log(2))))
  near <- list(matrix(c(-1, 2, 0.5), 1), matrix(c(0.3, -2, 1), 1))
  mean_probability <- (linked(near[[1]], "softmax") + linked(near[[2]], "softmax")) / 2
  expect_equal(exp(joint_outputs$softmax(near)), mean_probability)
  expect_equal(plogis(joint_outputs$sigmoid(near)), (plogis(near[[1]]) + plogis(near[[2]])) / 2)
  expect_equal(joint_outputs$log(list(matrix(800), matrix(801))), matrix(801 + log((1 + exp(-1)) / 2)))
  set.seed(1)
  x <- matrix(rnorm(120), 60)
  y <- cut(x[, 1], c(-Inf, -0.5, 0.5, Inf), c("lo", "mid", "hi"), ordered_result = TRUE)
  fit <- small_fit(x, y, loss = "ordinal", ensemble = 3, optimizer = opt_adam(0.05), epochs = 20)
  sure <- predict(fit, rbind(c(1000, 0), c(-1000, 0)), type = "prob")
  expect_equal(as.matrix(sure), rbind(c(0, 0, 1), c(1, 0, 0)), ignore_attr = TRUE, tolerance = 1e-6)
})

test_that("a member that diverges ends training with the last good epoch", {
  expect_warning(
    fit <- small_fit(x * 1e3, y, ensemble = 2, optimizer = opt_sgd(10)), class = "fastmlp_warning_diverged"
  )
  expect_identical(fit$training$stopped, "diverged")
  expect_length(fit$members, 2)
})

test_that("an interrupt from outside leaves the epochs that all members have completed", {
  skip_unless_signalled()
  code <- "
    x <- matrix(as.double(1:4e5 %% 101) / 101, 20000)
    run <- function(epochs, share = FALSE) {
      set.seed(1)
      suppressWarnings(mlp_fit(x, x[, 1], preset = 'plain', hidden_units = c(64, 64), epochs = epochs,
                               ensemble = 3, share_weights = share, optimizer = opt_sgd(1e-6),
                               validation = 0.2))
    }
    begins <- 3 * system.time(run(1))[['elapsed']] # by then training has begun, however busy the machine is
    for (share in c(FALSE, TRUE)) {
      system(sprintf('(sleep %f; kill -INT %d) &', begins + 0.8, Sys.getpid()))
      fit <- run(1e6, share)
      epochs <- fit$training$epochs
      valid <- fit$history$epoch[fit$history$set == 'validation' & fit$history$metric == 'loss']
      cat(fit$training$stopped, identical(fit$training$kept_epoch, epochs), identical(valid, seq_len(epochs)),
          anyNA(fit$history$value), identical(coef(fit), coef(run(epochs, share))), '')
    }
  "
  expect_identical(in_new_process(code), strrep("interrupted TRUE TRUE FALSE TRUE ", 2))
})

test_that("what an ensemble has no use for is refused", {
  fit <- ensemble_fit(y)
  expect_conditions({
    ensemble_fit(y, callbacks = list(on_epoch_end = function(state) NULL))
    ensemble_fit(y, checkpoint = "a.rds")
    ensemble_fit(y, init = coef(ensemble_fit(y, ensemble = 1)))
    ensemble_fit(y, ensemble = 0)
    small_fit(x, y, ensemble = 2, optimizer = opt_lbfgs())
    mlp_continue(fit, x, y, epochs = 2)
  })
  fit$members[[2]]$layers[[1]]$bias <- "a"
  expect_error(predict(fit, x), class = "fastmlp_error")
})

test_that("an offset moves each member's logit, and that of their mean by no more", {
  set.seed(6)
  data <- data.frame(x = rnorm(100), o = rnorm(100))
  data$y <- factor(rbinom(100, 1, plogis(data$x + data$o)))
  fit <- mlp_fit(y ~ x + offset(o), data, preset = "plain", loss = "binary_cross_entropy", epochs = 20,
                 batch_size = 25, ensemble = 3, verbose = FALSE)
  moved <- function(fit) {
    logit <- function(data) qlogis(predict(fit, data, "prob")[[2]])
    logit(transform(data, o = o + 1)) - logit(data)
  }
  expect_true(all(moved(fit) > 0 & moved(fit) < 1 + 1e-4))
  expect_lt(min(moved(fit)), 1 - 1e-3)
  fit$network <- fit$members[[2]]
  fit["members"] <- list(NULL)
  expect_equal(moved(fit), rep(1, 100), tolerance = 1e-4)
})

test_that("a joint loss that is not finite ends training before it is noted", {
  joint <- rlang::new_environment(list(epochs = 1L, loss = 0.5))
  values <- list(train = NULL, valid = list(loss = Inf))
  expect_identical(record_joint(list(list(plan = list(), epochs = 2L)), list(), joint, values), "diverged")
  expect_identical(joint$epochs, 1L)
  expect_identical(joint$loss, 0.5)
})
