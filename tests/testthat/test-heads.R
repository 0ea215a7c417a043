# Losses with heads of their own: what is learned, and what predict() gives.

linear_fit <- function(..., epochs = 200, batch_size = Inf, optimizer = opt_adam(0.05)) {
  small_fit(..., hidden_units = integer(), epochs = epochs, batch_size = batch_size,
            optimizer = optimizer)
}

set.seed(1)
n <- 600
x <- cbind(a = rnorm(n), b = rnorm(n))
eta <- drop(0.5 + x %*% c(0.6, -0.4))
exposure <- runif(n, 0.5, 4)

expect_coefficients <- function(fit, expected, tolerance = 0.02) {
  layer <- coef(fit)[[1]]
  actual <- c(layer$bias[1], layer$weight[, 1])
  expect_lt(max(abs(actual - expected)), tolerance)
}

test_that("losses with a log link are regressions of glm()", {
  y <- list(
    poisson = rpois(n, exp(eta)), gamma = rgamma(n, 3, 3 / exp(eta)),
    negative_binomial = rnbinom(n, 2, mu = exp(eta))
  )
  expected <- list(
    poisson = coef(glm(y$poisson ~ x, poisson)), gamma = coef(glm(y$gamma ~ x, Gamma("log")))
  )
  expect_coefficients(linear_fit(x, y$poisson, loss = "poisson"), expected$poisson)
  expect_coefficients(linear_fit(x, y$gamma, loss = "gamma"), expected$gamma)
  skip_if_not_installed("MASS")
  family <- MASS::negative.binomial(2)
  expected <- coef(glm(y$negative_binomial ~ x, family))
  fit <- linear_fit(x, y$negative_binomial, loss = loss_negative_binomial(2))
  expect_coefficients(fit, expected)
  expect_equal(predict(fit, x)$.pred, exp(predict(fit, x, type = "raw")$.raw))
  deviance <- utils::tail(fit$history$value[fit$history$metric == "deviance"], 1)
  expect_equal(deviance, deviance(glm(y$negative_binomial ~ x, family)) / n, tolerance = 1e-3)
})

test_that("deviances are glm()'s", {
  output <- c(-1, 0, 2)
  last_score <- function(loss, y) {
    init <- list(list(weight = matrix(1), bias = 0))
    fit <- linear_fit(matrix(output), y, loss = loss, init = init, epochs = 1,
                      optimizer = opt_sgd(1e-20))
    fit$history$value[2]
  }
  deviance <- function(family, y) mean(family$dev.resids(y, exp(output), 1))
  y <- c(0, 3, 5)
  expect_equal(last_score("poisson", y), deviance(poisson(), y), tolerance = 1e-6)
  expect_equal(last_score("gamma", y + 1), deviance(Gamma(), y + 1), tolerance = 1e-6)
  mu <- exp(output)
  p <- 1.5
  tweedie <- 2 * (y^(2 - p) / ((1 - p) * (2 - p)) - y * mu^(1 - p) / (1 - p) + mu^(2 - p) / (2 - p))
  expect_equal(last_score("tweedie", y), mean(tweedie), tolerance = 1e-6)
})

test_that("an offset counts as glm()'s does, as an argument and in a formula", {
  data <- data.frame(x, n = exposure, y = rpois(n, exposure * exp(eta)))
  expected <- coef(glm(y ~ a + b + offset(log(n)), poisson, data))
  fit <- linear_fit(x, data$y, loss = "poisson", offset = log(exposure))
  expect_coefficients(fit, expected)
  by_formula <- linear_fit(y ~ a + offset(log(n)) + b, data, loss = "poisson")
  expect_identical(unname(coef(by_formula)[[1]]$weight), unname(coef(fit)[[1]]$weight))
  expect_equal(predict(by_formula, data), predict(fit, x, offset = log(exposure)))
  expect_equal(
    predict(fit, x, offset = rep(0, n))$.pred, exp(predict(fit, x, type = "raw")$.raw)
  )
  validated <- linear_fit(y ~ a + b + offset(log(n)), data[1:400, ], loss = "poisson", epochs = 5,
                          validation = data[401:600, ])
  as_list <- linear_fit(
    x[1:400, ], data$y[1:400], offset = log(exposure)[1:400], loss = "poisson", epochs = 5,
    validation = list(x = x[401:600, ], y = data$y[401:600], offset = log(exposure)[401:600])
  )
  expect_identical(validated$history, as_list$history)
  mu <- predict(validated, data[401:600, ])$.pred
  deviance <- mean(poisson()$dev.resids(data$y[401:600], mu, 1))
  expect_equal(utils::tail(validated$history$value, 1), deviance, tolerance = 1e-5)
  share <- linear_fit(y ~ a + b + offset(log(n)), data, loss = "poisson", epochs = 2, validation = 0.3)
  expect_identical(nrow(share$history), 8L)
  expect_conditions({
    predict(fit, x)
    predict(fit, x, offset = 1)
    predict(fit, x, type = "raw", offset = log(exposure))
    predict(by_formula, data, offset = log(exposure))
    predict(by_formula, data[c("a", "b")])
    linear_fit(x, factor(data$y > 1), offset = log(exposure))
    linear_fit(x, data$y, loss = "poisson", offset = replace(exposure, 3, NA))
    linear_fit(y ~ a, data, loss = "poisson", offset = exposure)
    linear_fit(y ~ a + offset(log(n - 100)), data, loss = "poisson")
    linear_fit(y ~ a * offset(n), data, loss = "poisson")
    linear_fit(x, data$y, loss = "poisson", offset = exposure, validation = list(x = x, y = data$y))
  })
})

exactly <- function(...) {
  linear_fit(..., optimizer = opt_lbfgs())
}

test_that("offsets of numbers, classes and labels count as glm()'s do", {
  data <- data.frame(x, z = 3 * exposure, y = eta + 3 * exposure + rnorm(n))
  numbers <- exactly(y ~ a + b + offset(z), data)
  expect_coefficients(numbers, coef(lm(y ~ a + b + offset(z), data)), 1e-4)
  expected <- unname(predict(lm(y ~ a + b + offset(z), data)))
  expect_equal(predict(numbers, data)$.pred, expected, tolerance = 1e-4)
  data$yes <- factor(rbinom(n, 1, plogis(eta + exposure - 2)), labels = c("no", "yes"))
  classes <- exactly(x, data$yes, loss = "binary_cross_entropy", offset = exposure - 2)
  known <- glm(yes ~ a + b + offset(exposure - 2), binomial, data)
  expect_coefficients(classes, coef(known), 1e-3)
  probability <- predict(classes, x, "prob", offset = exposure - 2)$.pred_yes
  expect_equal(probability, unname(fitted(known)), tolerance = 1e-3)
  expect_identical(predict(classes, x, offset = exposure - 2)$.pred_class == "yes", probability > 0.5)
  two <- cbind(u = data$yes == "yes", v = data$yes == "no")
  labels <- exactly(x, two, offset = rep(1, n))
  expect_equal(colMeans(predict(labels, x, "prob", offset = rep(1, n))), colMeans(two), ignore_attr = TRUE,
               tolerance = 1e-3)
})

test_that("an offset is what the outcome of numbers is made less by, whatever the loss and the scale", {
  shift <- 3 * exposure
  y <- eta + shift + rnorm(n)
  losses <- list("squared", "absolute", "huber", "log_cosh", "gaussian", loss_quantile(c(0.1, 0.9)))
  for (loss in losses) {
    means <- !inherits(loss, "fastmlp_loss")
    settings <- list(loss = loss, standardize_outcome = TRUE, clamp = means, epochs = 3, validation = 1:50,
                     metrics = if (means) "mae")
    with <- do.call(linear_fit, c(list(x, y, offset = shift), settings))
    without <- do.call(linear_fit, c(list(x, y - shift), settings))
    expect_identical(with$network, without$network)
    expect_equal(with$history, without$history)
    expect_equal(predict(with, x, offset = shift), predict(without, x) + shift, ignore_attr = TRUE)
    expect_equal(predict(with, x, "pred_int", offset = shift, level = 0.8),
                 predict(without, x, "pred_int", level = 0.8) + shift, ignore_attr = TRUE)
  }
})

test_that("what a fit reports and explains counts the offset", {
  z <- exposure - 2
  yes <- factor(rbinom(n, 1, plogis(eta + z)))
  for (members in c(1, 2)) {
    fit <- linear_fit(x, yes, loss = "binary_cross_entropy", offset = z, epochs = 3, validation = 1:200,
                      metrics = "log_loss", ensemble = members, calibrate = TRUE)
    fit$outcome$temperature <- NULL
    p <- predict(fit, x[1:200, ], "prob", offset = z[1:200])$.pred_1
    told <- utils::tail(fit$history[fit$history$metric == "log_loss", ], 1)
    expect_equal(told$value, -mean(log(ifelse(yes[1:200] == 1, p, 1 - p))), tolerance = 1e-5)
  }
  importance <- mlp_importance(fit, x[1:200, ], yes[1:200], offset = z[1:200], repeats = 1)
  expect_equal(attr(importance, "measured"), told$value, tolerance = 1e-5)
  attribution <- mlp_attribution(fit, x[1:2, ], "integrated", offset = z[1:2])
  predicted <- function(x) predict(fit, x, "prob", offset = z[1:2])$.pred_1
  change <- predicted(x[1:2, ]) - predicted(0 * x[1:2, ])
  expect_equal(as.vector(tapply(attribution$attribution, attribution$row, sum)), change, tolerance = 1e-3)
  y <- eta + 9 * z
  numbers <- linear_fit(x, y, offset = 9 * z, epochs = 2, metrics = "rsq")
  expect_equal(utils::tail(numbers$history$value[numbers$history$metric == "rsq"], 1),
               weighted_rsq(y, predict(numbers, x, offset = 9 * z)$.pred, rep(1, n)), tolerance = 1e-5)
})

test_that("quantiles have their coverage and never cross", {
  set.seed(2)
  y <- eta + rnorm(n) * exp(0.3 * x[, 1])
  fit <- linear_fit(x, y, loss = loss_quantile(c(0.1, 0.5, 0.9)), epochs = 400)
  quantiles <- predict(fit, x)
  expect_named(quantiles, c(".pred_q0.1", ".pred_q0.5", ".pred_q0.9"))
  covered <- colMeans(y <= as.matrix(quantiles))
  expect_lt(max(abs(covered - c(0.1, 0.5, 0.9))), 0.02)
  far <- as.matrix(predict(fit, x * 1e4))
  expect_true(all(apply(far, 1, diff) >= 0))
  interval <- predict(fit, x, type = "pred_int", level = 0.8)
  expect_identical(interval, rlang::set_names(quantiles[c(1, 3)], c(".pred_lower", ".pred_upper")))
  expect_identical(predict(fit, x, type = "quantile", levels = 0.5), quantiles[2])
  expect_named(predict(fit, x, type = "raw"), paste0(".raw_q", c(0.1, 0.5, 0.9)))
  two <- small_fit(x, cbind(u = y, v = -y), loss = loss_quantile(c(0.25, 0.75)),
                   optimizer = opt_adam(0.01))
  expect_named(predict(two, x), paste0(".pred_", c("u_q0.25", "u_q0.75", "v_q0.25", "v_q0.75")))
  expect_named(predict(two, x, type = "pred_int", level = 0.5)[3:4], c(".pred_v_lower", ".pred_v_upper"))
  expect_conditions({
    predict(fit, x, type = "pred_int")
    predict(fit, x, type = "quantile", levels = c(0.2, 0.5))
    predict(fit, x, type = "quantile", levels = c(0.9, 0.5))
    predict(fit, x, type = "quantile", level = 0.5)
    predict(fit, x, type = "numeric")
    loss_quantile(c(0.5, 0.5))
    loss_quantile(1)
    loss_quantile((1:200) / 201)
  })
})

test_that("Gaussian fits give mean, quantiles and intervals", {
  set.seed(3)
  y <- eta + rnorm(n, sd = 0.7)
  fit <- linear_fit(x, cbind(y, w = 2 * y), loss = "gaussian", epochs = 400)
  expected <- lm(y ~ x)
  expect_lt(max(abs(predict(fit, x)$.pred_y - fitted(expected))), 0.1)
  raw <- predict(fit, x, type = "raw")
  expect_named(raw, paste0(".raw_", c("y_mean", "y_variance", "w_mean", "w_variance")))
  sd <- sqrt(log1p(exp(raw$.raw_w_variance)) + 1e-6)
  quantile <- predict(fit, x, type = "quantile", levels = c(0.2, 0.7))
  expect_named(quantile, paste0(".pred_", c("y_q0.2", "y_q0.7", "w_q0.2", "w_q0.7")))
  expect_equal(quantile$.pred_w_q0.7, qnorm(0.7, raw$.raw_w_mean, sd))
  expect_lt(abs(mean(sd) / (2 * sigma(expected)) - 1), 0.05)
  interval <- predict(fit, x, type = "pred_int", level = 0.9)
  covered <- mean(y > interval$.pred_y_lower & y < interval$.pred_y_upper)
  expect_lt(abs(covered - 0.9), 0.03)
})

test_that("several labels are learned at once", {
  labels <- cbind(p = x[, 1] > 0, q = x[, 1] + x[, 2] > 0.5)
  fit <- linear_fit(x, labels)
  expect_identical(format(fit$outcome$loss), "\"binary_cross_entropy\"")
  expect_named(predict(fit, x), c(".pred_class_p", ".pred_class_q"))
  expect_gt(mean(as.matrix(predict(fit, x)) == labels), 0.95)
  prob <- predict(fit, x, type = "prob")
  expect_named(prob, c(".pred_p", ".pred_q"))
  raw <- predict(fit, x, type = "raw")
  expect_equal(prob$.pred_q, plogis(raw$.raw_q), tolerance = 1e-6)
  data <- data.frame(x, p = factor(labels[, 1], labels = c("no", "yes")), q = labels[, 2])
  by_formula <- linear_fit(p + q ~ a + b, data)
  expect_identical(unname(coef(by_formula)[[1]]$weight), unname(coef(fit)[[1]]$weight))
  class <- predict(by_formula, data)
  expect_identical(levels(class$.pred_class_p), c("no", "yes"))
  expect_identical(class$.pred_class_q, predict(fit, x)$.pred_class_q)
  expect_output(print(fit), "classification of 2 labels")
  valid <- linear_fit(x[1:300, ], labels[1:300, ], epochs = 2, loss = "binary_focal",
                      validation = list(x = x[301:600, ], y = labels[301:600, ]))
  expect_identical(nrow(valid$history), 8L)
  expect_conditions({
    linear_fit(x, cbind(labels, TRUE))
    linear_fit(x, replace(labels, 7, NA))
    linear_fit(x, labels, loss = "squared")
    linear_fit(x[1:300, ], labels[1:300, ], validation = list(x = x[301:600, ], y = x[301:600, ]))
  })
})

test_that("ordinal fits know the order and its probabilities", {
  set.seed(4)
  latent <- drop(x %*% c(1.5, -1)) + rlogis(n)
  y <- cut(latent, c(-Inf, -1, 1, 2, Inf), c("low", "mid", "high", "top"), ordered_result = TRUE)
  fit <- linear_fit(x, y, loss = "ordinal", epochs = 400)
  expect_identical(fit$network$outputs, 3L)
  prob <- predict(fit, x, type = "prob")
  expect_named(prob, paste0(".pred_", levels(y)))
  expect_equal(rowSums(prob), rep(1, n), tolerance = 1e-6)
  raw <- as.matrix(predict(fit, x, type = "raw"))
  expect_identical(colnames(raw), paste0(".raw_", c("low|mid", "mid|high", "high|top")))
  cumulative <- plogis(t(apply(cbind(raw[, 1], log1p(exp(raw[, -1]))), 1, cumsum)))
  expect_equal(t(apply(as.matrix(prob), 1, cumsum))[, 1:3], cumulative, ignore_attr = TRUE)
  expect_identical(as.integer(predict(fit, x)$.pred_class), max.col(as.matrix(prob)))
  expect_s3_class(predict(fit, x)$.pred_class, "ordered")
  skip_if_not_installed("MASS")
  polr <- MASS::polr(y ~ x)
  expect_lt(max(abs(predict(polr, type = "probs") - as.matrix(prob))), 0.12)
  expect_lt(max(abs(-coef(polr) - coef(fit)[[1]]$weight[, 1])), 0.25)
  expect_conditions(linear_fit(x, factor(y, ordered = FALSE), loss = "ordinal"))
})

test_that("focal and hinge losses classify", {
  for (loss in c("focal", "hinge")) {
    fit <- linear_fit(iris_x, iris$Species, loss = loss, standardize = "zscore")
    expect_gt(mean(predict(fit, iris_x)$.pred_class == iris$Species), 0.94)
  }
  expect_named(predict(fit, iris_x, type = "raw"), paste0(".raw_", levels(iris$Species)))
  expect_conditions(predict(fit, iris_x, type = "prob"))
  yes <- factor(ifelse(eta > 0.5, "yes", "no"))
  for (loss in c("binary_focal", "binary_hinge")) {
    fit <- linear_fit(x, yes, loss = loss)
    expect_gt(mean(predict(fit, x)$.pred_class == yes), 0.97)
    expect_identical(fit$network$outputs, 1L)
  }
})

test_that("losses are stable for outputs of any size", {
  for (loss in loss_names()) {
    loss <- as_loss(loss)
    kind <- losses[[loss$name]]$target
    for (size in c(-1e4, -50, 50, 1e4)) {
      if (losses[[loss$name]]$link == "log") size <- size / 1e3
      target <- switch(kind, classes = 2, ordered = 2, probability = 1, numbers = 0.5, 1)
      output <- matrix(c(size, -size), 1)
      if (kind %in% c("probability", "counts", "positive", "nonnegative")) output <- output[, 1]
      if (kind == "numbers" && loss_heads(loss) == 1) output <- output[, 1]
      expect_true(is.finite(loss_value(output, target, loss)))
      expect_true(all(is.finite(loss_gradient(output, target, loss))))
    }
  }
})

test_that("outcomes that a loss cannot take are refused", {
  small <- x[1:4, ]
  expect_conditions({
    mlp_fit(small, c(1, -1, 2, 3), loss = "poisson")
    mlp_fit(small, c(1, 0.5, 2, 3), loss = "negative_binomial")
    mlp_fit(small, c(1, 0, 2, 3), loss = "gamma")
    mlp_fit(small, c(1, 0, -2, -3), loss = "tweedie")
    mlp_fit(small, factor(1:4), loss = "binary_hinge")
    mlp_fit(y ~ x, data.frame(y = -1:2, x = 1:4), loss = "poisson")
    mlp_fit(small, 1:4, loss = "poisson", validation = list(x = small, y = -4:-1))
    loss_value(c(1, 2, 3), 1, "gaussian")
    loss_tweedie(2)
    loss_negative_binomial(0)
    loss_focal(0)
    loss_cross_entropy(1)
  })
})

test_that("losses print with their settings", {
  expect_snapshot({
    loss_quantile(c(0.05, 0.95))
    loss_tweedie(1.3)
    loss_cross_entropy()
    loss_binary_cross_entropy(0.1)
    as_loss("focal")
  })
})
