set.seed(3)
x <- cbind(a = rnorm(60), b = rexp(60)^3, c = rep(c(0, 0, 0, 0, 1), 12))
y <- 5000 + 300 * x[, "a"] + rnorm(60)

# What robust_clip does, written out.
clipped <- function(v) {
  u <- v - median(v)
  spread <- if (IQR(v) > 0) IQR(v) else diff(range(v)) / 2
  u <- u / spread
  u / sqrt(1 + (u / 3)^2)
}

test_that("robust_clip centres, scales and clips smoothly, in training and prediction", {
  scaling <- standardization("robust_clip", x, NULL)
  expect_identical(scaling$clip, 3)
  expect_equal(scaling$scale, c(IQR(x[, 1]), IQR(x[, 2]), 0.5), ignore_attr = TRUE)
  by_hand <- apply(x, 2, clipped)
  expect_lt(max(abs(by_hand)), 3)
  fit <- small_fit(x, y, standardize = "robust_clip", standardize_outcome = TRUE)
  same <- small_fit(by_hand, y, standardize_outcome = TRUE)
  expect_equal(coef(fit), coef(same), tolerance = 1e-5)
  expect_equal(predict(fit, x), predict(same, by_hand), tolerance = 1e-5)
})

test_that("one scale for all columns keeps their proportions", {
  scaling <- standardization("global", x, NULL)
  n <- length(x)
  expect_equal(scaling$center, rep(mean(x), 3))
  expect_equal(scaling$scale, rep(sd(x) * sqrt((n - 1) / n), 3), tolerance = 1e-2)
})

test_that("a standardised outcome is that of the training rows, and predictions are in its units", {
  rows <- 1:40
  fit <- small_fit(x, y, standardize_outcome = TRUE, validation = 41:60, patience = 3)
  expect_equal(fit$outcome$scaling, list(center = mean(y[rows]), scale = sd(y[rows])))
  z <- (y - mean(y[rows])) / sd(y[rows])
  by_hand <- small_fit(x, z, validation = 41:60, patience = 3)
  expect_equal(coef(fit), coef(by_hand), tolerance = 1e-6)
  expect_equal(predict(fit, x)$.pred, mean(y[rows]) + sd(y[rows]) * predict(by_hand, x)$.pred,
               tolerance = 1e-6)
  expect_equal(predict(fit, x, type = "raw"), predict(by_hand, x, type = "raw"), tolerance = 1e-5)
  errors <- function(fit) fit$history$value[fit$history$metric == "rmse"]
  expect_equal(errors(fit), sd(y[rows]) * errors(by_hand), tolerance = 1e-5)
})

test_that("metrics, quantiles and intervals are in the outcome's units", {
  fit <- small_fit(x, y, standardize_outcome = TRUE, metrics = c("rmse", "mae"), loss = "gaussian",
                   optimizer = opt_adam(0.01), epochs = 30)
  shown <- subset(fit$history, epoch == 30 & metric == "mae")$value
  expect_equal(shown, mean(abs(y - predict(fit, x)$.pred)), tolerance = 1e-5)
  raw <- as.matrix(predict(fit, x, type = "raw"))
  sd <- sqrt(softplus(raw[, 2]) + 1e-6)
  upper <- mean(y) + sd(y) * (raw[, 1] + qnorm(0.9) * sd)
  expect_equal(predict(fit, x, type = "pred_int", level = 0.8)$.pred_upper, upper, tolerance = 1e-6,
               ignore_attr = TRUE)
  levels <- small_fit(x, cbind(p = y, q = -2 * y), loss = loss_quantile(c(0.2, 0.5)),
                      standardize_outcome = TRUE, standardize = "robust_clip")
  values <- predict(levels, x, type = "quantile")
  expect_named(values, c(".pred_p_q0.2", ".pred_p_q0.5", ".pred_q_q0.2", ".pred_q_q0.5"))
  expect_true(all(values$.pred_p_q0.2 > 3000) && all(values$.pred_q_q0.5 < -6000))
})

test_that("clamped predictions stay within the training rows' range", {
  train <- 1:40
  set.seed(1)
  fit <- mlp_fit(x[train, ], y[train], hidden_units = integer(0), epochs = 200, clamp = TRUE,
                 standardize_outcome = TRUE, standardize = "zscore", batch_size = 8)
  far <- rbind(x[1, ] + c(100, 0, 0), x[1, ] - c(100, 0, 0))
  expect_equal(predict(fit, far)$.pred, c(max(y[train]), min(y[train])))
})

test_that("training goes on and resumes in the same units", {
  fit <- function(...) {
    small_fit(x, y, standardize = "robust_clip", standardize_outcome = TRUE, clamp = TRUE,
              validation = 0.2, patience = 20, ...)
  }
  whole <- fit(epochs = 6)
  parts <- mlp_continue(fit(epochs = 3), x, y, epochs = 3)
  expect_identical(coef(parts), coef(whole))
  expect_identical(predict(parts, x), predict(whole, x))
  expect_identical(parts$history$value, whole$history$value)
})

test_that("a network of roots predicts their squares, with the variance that is left", {
  skewed <- exp(3 + x[, 1] / 2 + x[, 2] / 4)
  held <- 41:60
  roots_fit <- function(y, ...) {
    small_fit(x, y, standardize = "zscore", standardize_outcome = TRUE, validation = held, patience = 3,
              weights = rep(1:2, 30), ...)
  }
  fit <- roots_fit(skewed, transform_outcome = "sqrt")
  same <- roots_fit(sqrt(skewed))
  expect_identical(coef(fit), coef(same))
  expect_output(print(fit), "Learned: the square root of the outcome", fixed = TRUE)
  roots <- predict(same, x)$.pred
  left <- (sqrt(skewed) - roots)[held]
  counts <- rep(1:2, 30)[held]
  variance <- weighted.mean((left - weighted.mean(left, counts))^2, counts)
  expect_equal(predict(fit, x)$.pred, roots * abs(roots) + variance)
  error <- weighted.mean((skewed - roots * abs(roots))[held]^2, counts)
  told <- fit$history[fit$history$metric == "rmse" & fit$history$set == "validation", ]
  expect_equal(told$value[told$epoch == fit$training$kept_epoch], sqrt(error), tolerance = 1e-6)
})

test_that("the engine and R measure errors of roots in the outcome's units", {
  skewed <- exp(3 + x[, 1] / 2)
  for (loss in c("squared", "huber")) {
    fit <- small_fit(x, skewed, transform_outcome = "sqrt", standardize_outcome = TRUE, validation = 41:60,
                     loss = loss, metrics = list(own = function(truth, estimate, weights) {
                       sqrt(mean((truth - estimate)^2))
                     }))
    told <- fit$history[fit$history$set == "validation", ]
    expect_equal(told$value[told$metric == "rmse"], told$value[told$metric == "own"], tolerance = 1e-5)
  }
})

test_that("intervals and quantiles of roots are brought back, and hold what they should", {
  skewed <- exp(3 + x[, 1])
  fit <- small_fit(x, skewed, transform_outcome = "sqrt", standardize = "zscore", standardize_outcome = TRUE,
                   validation = 0.5, epochs = 60)
  ends <- predict(fit, x, type = "pred_int", level = 0.8)
  width <- sqrt(ends$.pred_upper) - sqrt(ends$.pred_lower)
  inside <- ends$.pred_lower > 0
  expect_gt(sum(inside), 20)
  expect_equal(width[inside], rep(width[inside][1], sum(inside)))
  expect_true(all(predict(fit, x, type = "pred_int", level = 0.95)$.pred_lower >= 0))
  expect_gte(mean(ends$.pred_lower <= skewed & skewed <= ends$.pred_upper), 0.6)
  levels <- small_fit(x, skewed, transform_outcome = "sqrt", loss = loss_quantile(c(0.2, 0.8)))
  roots <- as.matrix(predict(small_fit(x, sqrt(skewed), loss = loss_quantile(c(0.2, 0.8))), x))
  expect_equal(as.matrix(predict(levels, x)), roots * abs(roots), ignore_attr = TRUE)
})

test_that("\"auto\" takes roots of skewed outcomes that are positive", {
  taken <- function(y, ...) {
    fit <- small_fit(x, y, transform_outcome = "auto", standardize_outcome = TRUE, learn_rate = 0.001, ...)
    fit$outcome$scaling$transform %||% "none"
  }
  skewed <- exp(x[, 1])
  expect_identical(taken(skewed), "sqrt")
  expect_identical(taken(skewed - min(skewed)), "none")
  expect_identical(taken(-skewed), "none")
  expect_identical(taken(max(skewed) - skewed), "none")
  expect_identical(taken(rep(7, 60)), "none")
  for (constant in c(0.1, 1 / 3, 6.78)) expect_identical(weighted_skewness(rep(constant, 60), x[, 1]^2), 0)
  expect_identical(taken(skewed * 1e-110), "sqrt")
  expect_identical(taken(skewed * 1e30), "sqrt")
  expect_identical(taken(skewed, loss = "absolute"), "none")
  expect_identical(taken(cbind(p = skewed, q = skewed^2)), "sqrt")
  expect_identical(taken(cbind(p = skewed, q = x[, 1] + 10)), "none")
  expect_identical(taken(skewed, weights = as.numeric(skewed < 1.5 & skewed > 0.6)), "none")
  cars <- mlp_fit(mpg ~ wt + offset(hp / 50), mtcars, preset = "fast", epochs = 2)
  expect_identical(cars$arguments$transform_outcome, "none")
})

test_that("training goes on with the roots, measured as before, also of rows below 0", {
  skewed <- exp(x[, 1])
  fit <- function(...) {
    small_fit(x, skewed, transform_outcome = "sqrt", standardize_outcome = TRUE, standardize = "zscore", ...)
  }
  watched <- function(...) fit(..., validation = 41:60, stop_metric = "mae", patience = 20)
  whole <- watched(epochs = 6)
  parts <- mlp_continue(watched(epochs = 3), x, skewed, epochs = 3)
  expect_identical(predict(parts, x), predict(whole, x))
  expect_identical(parts$history$value, whole$history$value)
  below <- fit(validation = list(x = x[1:9, ], y = -skewed[1:9]))
  expect_true(all(is.finite(below$history$value)))
  expect_identical(fit(keep_epochs = 1)$outcome$variance, fit()$outcome$variance)
})

test_that("roots are refused of numbers below 0, and where a fit was damaged", {
  expect_conditions({
    small_fit(x, -exp(x[, 1]), transform_outcome = "sqrt")
    small_fit(x, exp(x[, 1]), transform_outcome = "sqrt", loss = "gaussian")
    small_fit(x, exp(x[, 1]), transform_outcome = "log")
    small_fit(x, exp(x[, 1]), transform_outcome = "sqrt", offset = x[, 2])
  })
  fit <- small_fit(x, exp(x[, 1]), transform_outcome = "sqrt", standardize = "zscore", learn_rate = 0.001)
  for (transform in list(c("sqrt", "none"), character(), list("sqrt"), sqrt, factor("sqrt"), "log")) {
    edited <- fit
    edited$outcome$scaling$transform <- transform
    expect_error(predict(edited, x), class = "fastmlp_error_model")
  }
  for (variance in list("1", c(1, 1), -1, NaN)) {
    edited <- fit
    edited$outcome$variance <- variance
    expect_error(predict(edited, x), class = "fastmlp_error_model")
  }
})

test_that("a constant outcome is only centred", {
  fit <- small_fit(x, rep(7, 60), standardize_outcome = TRUE, init = init_normal(0))
  expect_equal(predict(fit, x)$.pred, rep(7, 60))
})

test_that("neither is given in vain, and an edited fit is refused", {
  expect_conditions({
    small_fit(x, round(abs(x[, 1])), loss = "poisson", standardize_outcome = TRUE)
    small_fit(x[, 1:2], factor(x[, 3]), clamp = TRUE)
    small_fit(x, y, standardize_outcome = NA)
  })
  fit <- small_fit(x, y, standardize_outcome = TRUE, standardize = "robust_clip")
  for (part in c("center", "scale", "transform")) {
    edited <- fit
    edited$outcome$scaling[[part]] <- "1"
    expect_error(predict(edited, x), class = "fastmlp_error_model")
  }
  fit$standardize$clip <- -1
  expect_error(predict(fit, x), class = "fastmlp_error_model")
})

test_that("standardising subtracts and divides by the stated statistics", {
  zscore <- standardization("zscore", x[, 1:2], NULL)
  expect_equal(zscore$center, unname(colMeans(x[, 1:2])))
  expect_equal(zscore$scale, unname(apply(x[, 1:2], 2, sd)))
  robust <- standardization("robust", x[, 1:2], NULL)
  expect_equal(robust$center, unname(apply(x[, 1:2], 2, median)))
  expect_equal(robust$scale, unname(apply(x[, 1:2], 2, IQR)) / 1.349, tolerance = 1e-4)
  expect_null(standardization("none", x[, 1:2], NULL))
})

test_that("columns without spread are divided by one", {
  flat <- cbind(x, 5, c(rep(0, 19), 1))
  expect_identical(standardization("zscore", flat, NULL)$scale[4], 1)
  expect_equal(standardization("robust", flat, NULL)$scale[5], sd(flat[, 5]))
})

test_that("the statistics are those of the training rows alone", {
  rows <- c(2L, 5L, 7L, 11L, 12L)
  zscore <- standardization("zscore", x, rows)
  expect_equal(zscore$center, unname(colMeans(x[rows, ])))
  expect_equal(zscore$scale, unname(apply(x[rows, ], 2, sd)))
  robust <- standardization("robust", x, rows)
  expect_equal(robust$center, unname(apply(x[rows, ], 2, median)))
  fit <- small_fit(x, y / 5000, standardize = "zscore", validation = 0.3)
  expect_false(isTRUE(all.equal(fit$standardize$center, unname(colMeans(x)))))
})


test_that("weights of whole numbers standardise as rows that stand there as often", {
  set.seed(1)
  x <- matrix(rexp(180), 60, dimnames = list(NULL, c("a", "b", "c")))
  x[x[, 3] < 0.3, 3] <- 0
  y <- 10 + x[, 1] * x[, 2]
  weights <- rep(0:3, 15)
  repeated <- rep(seq_len(60), weights)
  fit <- function(x, y, ...) {
    small_fit(x, y, ..., batch_size = Inf, init = init_glorot(), optimizer = opt_sgd(0.1))
  }
  sparse <- Matrix::Matrix(x, sparse = TRUE)
  for (settings in list(
    list(standardize = "zscore"), list(standardize = "robust"), list(standardize = "robust_clip"),
    list(standardize = "scale"), list(standardize = "global"),
    list(standardize_outcome = TRUE, clamp = TRUE, standardize = "zscore"),
    list(standardize_outcome = TRUE, clamp = TRUE, transform_outcome = "auto"),
    list(standardize = "zscore", numeric_embedding = embed_piecewise(bins = 6))
  )) {
    run <- function(x, y, ...) {
      set.seed(3)
      do.call(fit, c(list(x, y, ...), settings))
    }
    weighted <- run(x, y, weights = weights)
    doubled <- run(x[repeated, ], y[repeated])
    expect_equal(weighted$standardize, doubled$standardize, tolerance = 1e-12)
    expect_equal(weighted$outcome$variance, doubled$outcome$variance, tolerance = 1e-6)
    expect_equal(weighted$outcome$scaling, doubled$outcome$scaling, tolerance = 1e-12)
    expect_equal(coef(weighted), coef(doubled), tolerance = 1e-5)
    expect_identical(coef(run(x, y, weights = weights / 7)), coef(run(x, y, weights = weights * 1.7)))
    if (settings$standardize == "scale") {
      expect_equal(coef(run(sparse, y, weights = weights)), coef(weighted), tolerance = 1e-6)
    }
    if (isTRUE(settings$clamp)) next
    classes <- factor(y > 12)
    weighed <- run(x, classes, weights = weights, class_weights = "balanced")
    expect_equal(coef(weighed), coef(run(x[repeated, ], classes[repeated], class_weights = "balanced")),
                 tolerance = 1e-5)
    by_row <- run(x, classes, weights = ifelse(y > 12, 2, 0.3))
    expect_identical(coef(run(x, classes, class_weights = c("TRUE" = 2, "FALSE" = 0.3))), coef(by_row))
  }
})

test_that("weighted quantiles are those of rows that stand there as often", {
  set.seed(2)
  for (i in 1:20) {
    values <- round(rnorm(sample(30, 1)), 1)
    counts <- sample(0:4, length(values), TRUE)
    counts[1] <- 1
    probs <- c(0, 0.1, 0.25, 0.5, 0.75, 1)
    expect_equal(weighted_quantiles(values[counts > 0], counts[counts > 0], probs),
                 quantile(rep(values, counts), probs, names = FALSE))
    # Of rows that do not count nothing is taken, also where counts are no whole numbers.
    expect_identical(weighted_quantiles(c(values, 99), c(counts, 0) * 1.01, probs),
                     weighted_quantiles(values[counts > 0], counts[counts > 0] * 1.01, probs))
  }
})
