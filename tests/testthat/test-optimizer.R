test_that("opt_sgd() checks and keeps its settings", {
  optimizer <- opt_sgd(0.05, momentum = 0.9, nesterov = TRUE, weight_decay = 1e-3)
  expect_s3_class(optimizer, "fastmlp_optimizer")
  expect_identical(
    unclass(optimizer),
    list(name = "sgd", learn_rate = 0.05, momentum = 0.9, nesterov = TRUE, weight_decay = 1e-3)
  )
})

test_that("opt_adam() and opt_adamw() check and keep their settings", {
  adam <- list(name = "adam", learn_rate = 0.01, beta1 = 0.8, beta2 = 0.9, epsilon = 1e-6)
  expect_identical(unclass(opt_adam(0.01, 0.8, 0.9, 1e-6)), adam)
  expect_identical(
    unclass(opt_adamw(0.01, 0.8, 0.9, 1e-6, weight_decay = 0.1)),
    c(list(name = "adamw"), adam[-1], weight_decay = 0.1)
  )
})

test_that("every optimizer is its constructor's, exported and printed as the call that makes it", {
  exported <- grep("^opt_", getNamespaceExports("fastmlp"), value = TRUE)
  expect_setequal(exported, paste0("opt_", names(optimizers())))
  for (name in names(optimizers())) {
    constructor <- optimizers()[[name]]$constructor
    expect_identical(constructor, getExportedValue("fastmlp", paste0("opt_", name)))
    optimizer <- constructor()
    expect_identical(optimizer$name, name)
    expect_identical(optimizer_of(optimizer)$constructor, constructor)
    expect_identical(eval(parse(text = format(optimizer))), optimizer)
  }
})

test_that("optimizers print in one line", {
  expect_snapshot(for (row in optimizers()) print(row$constructor()))
})

test_that("bad settings are refused", {
  expect_conditions({
    opt_sgd(0)
    opt_sgd(Inf)
    opt_sgd(momentum = 1)
    opt_sgd(nesterov = NA)
    opt_sgd(nesterov = TRUE)
    opt_sgd(weight_decay = -1)
    opt_adam(0)
    opt_adam(beta1 = 1)
    opt_adam(beta2 = -0.1)
    opt_adam(epsilon = 0)
    opt_adamw(weight_decay = Inf)
    opt_nadam(momentum_decay = NA)
    opt_rmsprop(centered = 1)
    opt_adagrad(initial = -1)
    opt_rprop(decrease = 1)
    opt_rprop(increase = 1)
    opt_rprop(min_step = 1, max_step = 0.5)
    opt_rprop(learn_rate = 100)
    opt_lbfgs(memory = 0)
    opt_lbfgs(tolerance = 1)
  })
})

test_that("settings that single precision would take for zero are refused", {
  expect_conditions({
    opt_sgd(1e-31)
    opt_sgd(1e31)
    opt_sgd(momentum = 1e-40)
    opt_sgd(1e-20, weight_decay = 1e-20)
    opt_adam(epsilon = 1e-40)
    opt_lion(beta1 = 1e-40)
  })
})

test_that("unknown and inapplicable arguments are refused", {
  expect_conditions({
    opt_sgd(learning_rate = 0.1)
    opt_sgd(momentun = 0.1)
    opt_sgd(0.1, 0, FALSE, 0, 5)
    opt_adam(momentum = 0.9)
    opt_adam(weight_decay = 0.1)
    opt_adam(betas = c(0.9, 0.99))
    opt_adam(amsgrad = TRUE)
    opt_rmsprop(alpha = 0.9)
    opt_lbfgs(learn_rate = 1)
  })
})

test_that("an optimizer changed by hand is made anew or refused", {
  fit <- function(optimizer) small_fit(iris_x, iris$Species, optimizer = optimizer)
  changed <- function(optimizer, ...) utils::modifyList(optimizer, list(...))
  faster <- changed(opt_sgd(), learn_rate = 1L)
  expect_identical(fit(faster)$arguments$optimizer, opt_sgd(1))
  expect_conditions({
    fit("adam")
    fit(unclass(opt_adam()))
    fit(opt_adam)
    fit(structure(1, class = "fastmlp_optimizer"))
    fit(changed(opt_adam(), name = "sdg"))
    fit(changed(opt_adam(), name = "sgd"))
    fit(changed(opt_adam(), beta1 = 2))
    fit(changed(opt_adam(), beta1 = NULL))
    fit(changed(opt_sgd(), nesterov = quote(stop("evaluated"))))
    fit(changed(opt_sgd(), momentun = 0.9))
  })
})

test_that("optimizers that want all rows get them, or say so", {
  expect_identical(small_fit(iris_x, iris$Species, batch_size = NULL)$arguments$batch_size, 256L)
  for (optimizer in list(opt_rprop(), opt_lbfgs())) {
    fit <- function(...) small_fit(iris_x, iris$Species, optimizer = optimizer, ...)
    expect_identical(fit(batch_size = NULL)$arguments$batch_size, Inf)
    expect_identical(coef(fit(batch_size = 150)), coef(fit(batch_size = Inf)))
    expect_no_error(fit(batch_size = 120, validation = 0.2))
  }
  expect_conditions({
    small_fit(iris_x, iris$Species, optimizer = opt_rprop(), batch_size = 149)
    small_fit(iris_x, iris$Species, optimizer = opt_lbfgs(), batch_size = 119, validation = 0.2)
  })
})

test_that("Lion moves as in its formula", {
  set.seed(6)
  network <- exact_network(c(5, 9, 3), "tanh")
  x <- exact_normal(70, 5)
  y <- sample.int(3, 70, replace = TRUE)
  for (optimizer in list(opt_lion(0.01), opt_lion(0.004, 0.8, 0.95, weight_decay = 0.5))) {
    for (penalty in c(0, 0.01)) {
      expected <- reference_lion(network, x, y, optimizer, steps = 100, penalty)
      fit <- mlp_fit(x, factor(y), hidden_units = 9, activation = "tanh", init = coef(network),
                     optimizer = optimizer, epochs = 100, batch_size = Inf, shuffle = FALSE,
                     penalty = penalty, verbose = FALSE)
      expect_close(coef(fit), expected, 1e-5, info = format(optimizer))
    }
  }
})

test_that("momentum, penalty and decay act as documented", {
  x <- matrix(c(1, 2, 3, 4), 2)
  y <- c(1, -1)
  start <- list(list(weight = matrix(c(0.5, -0.25)), bias = 0.125))
  rate <- 0.01
  mu <- 0.5
  penalty <- 0.2
  decay <- 0.3
  fit <- mlp_fit(
    x, y, hidden_units = integer(), init = start, epochs = 2, batch_size = 2, shuffle = FALSE,
    penalty = penalty, optimizer = opt_sgd(rate, momentum = mu, weight_decay = decay),
    verbose = FALSE
  )
  w <- start[[1]]$weight
  b <- start[[1]]$bias
  vw <- 0 * w
  vb <- 0
  for (step in 1:2) {
    error <- drop(x %*% w + b - y)
    vw <- mu * vw + crossprod(x, 2 * error / 2) + penalty * w
    vb <- mu * vb + sum(2 * error / 2)
    w <- (1 - rate * decay) * w - rate * vw
    b <- b - rate * vb
  }
  expect_equal(coef(fit)[[1]]$weight, w, tolerance = 1e-6, ignore_attr = TRUE)
  expect_equal(coef(fit)[[1]]$bias, b, tolerance = 1e-6, ignore_attr = TRUE)
})

test_that("Adam's steps do not grow with the gradient", {
  x <- matrix(c(1, 2, 3, 4), 2)
  start <- list(list(weight = matrix(c(0.5, -0.25)), bias = 0.125))
  step <- function(scale) {
    fit <- mlp_fit(
      x, scale * c(1, -1), hidden_units = integer(), init = start, epochs = 1, batch_size = 2,
      optimizer = opt_adam(0.01), verbose = FALSE
    )
    as.vector(abs(coef(fit)[[1]]$weight - start[[1]]$weight))
  }
  expect_equal(step(1), c(0.01, 0.01), tolerance = 1e-5)
  expect_equal(step(1e4), step(1), tolerance = 1e-5)
})

test_that("Adam with numbers too small for float32's normal range stays exact and finite", {
  # Gradients of dead units leave moments that decay for ever; they may end at zero, never at NaN.
  dead <- list(list(weight = matrix(-1, 2, 3), bias = rep(-1, 3)), list(weight = matrix(1, 3, 1), bias = 0))
  fit <- mlp_fit(matrix(1:4, 2), c(0, 1), hidden_units = 3, init = dead, epochs = 3000, batch_size = 2,
                 optimizer = opt_adam(0.01), verbose = FALSE)
  expect_equal(coef(fit)[[1]], dead[[1]], ignore_attr = TRUE, tolerance = 0)
  expect_equal(unname(coef(fit)[[2]]$bias), 0.5, tolerance = 1e-3)
})

test_that("a learning rate takes the place of the optimizer's, be it given or the preset's", {
  rate <- function(...) mlp_fit(Species ~ ., iris, ..., hidden_units = 3, epochs = 1, verbose = FALSE)
  expect_identical(rate(optimizer = opt_adam(), learn_rate = 0.02)$arguments$optimizer, opt_adam(0.02))
  tuned <- rate(preset = "tabular", learn_rate = 0.02)$arguments
  expect_identical(tuned$optimizer$learn_rate, 0.02)
  expect_identical(tuned$parametrization, "ntk")
  set.seed(1)
  by_rate <- rate(learn_rate = 0.03)
  set.seed(1)
  expect_identical(coef(rate(optimizer = opt_sgd(0.03))), coef(by_rate))
  expect_error(rate(learn_rate = -1), "`learn_rate` must be", class = "fastmlp_error_value")
  expect_error(rate(learn_rate = 0.1, optimizer = opt_lbfgs()), "L-BFGS", class = "fastmlp_error_value")
  expect_error(rate(learn_rate = 1e-3, optimizer = opt_sgd(weight_decay = 1e-29)), "`weight_decay` must be",
               class = "fastmlp_error_value")
})

test_that("arguments that an optimizer has no use for are refused, and all others change the fit", {
  others <- list(
    activation = "tanh", normalization = "layer", parametric_activation = TRUE, residual = TRUE,
    input_scale = TRUE, learn_rate = 0.003, schedule = schedule_step(2, 0.5), rate_factors = c(bias = 0.5),
    parametrization = "ntk", epochs = 4, incomplete_batch = "drop", penalty = 0.1, clip_value = 1e-3,
    clip_norm = 1e-3, max_norm = 0.1, ema_decay = 0.9, dropout = 0.3, input_dropout = 0.3, input_noise = 0.3,
    class_weights = "balanced", standardize = "zscore", init = init_glorot(), shuffle = FALSE, ensemble = 2,
    batch_size = 40
  )
  x <- iris_x[c(1:30, 51:70, 101:110), ]
  y <- iris$Species[c(1:30, 51:70, 101:110)]
  for (optimizer in list(opt_rprop(), opt_lbfgs())) {
    fit <- function(more = NULL) {
      set.seed(1)
      settings <- list(hidden_units = c(5, 5), epochs = 6, optimizer = optimizer, verbose = FALSE)
      trained <- do.call(mlp_fit, c(list(x, y), utils::modifyList(settings, as.list(more))))
      unclass(trained)[c("network", "members", "history")]
    }
    plain <- fit()
    refused <- 0
    for (name in names(others)) {
      if (name == "shuffle" && optimizer$name == "rprop") next # the order decides how sums are rounded
      other <- tryCatch(fit(others[name]), fastmlp_error_value = function(cnd) NULL)
      refused <- refused + is.null(other)
      expect_false(identical(other, plain), info = paste(format(optimizer), name))
    }
    expect_gt(refused, 4)
  }
  expect_error(mlp_fit(x, y, shuffle = FALSE, optimizer = opt_lbfgs()), "`shuffle` must be left out",
               class = "fastmlp_error_value")
})
