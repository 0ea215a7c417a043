# Rates by groups of parameters, NTK parametrisation, schedules of decay and dropout, incomplete batches.

rates_data <- function(rows = 90, inputs = 7) {
  set.seed(31)
  list(x = exact_normal(rows, inputs), y = exact_normal(rows, 2))
}

fit_rates <- function(data, ..., hidden_units = c(20, 9), activation = "tanh", epochs = 3, batch_size = 16) {
  set.seed(32)
  mlp_fit(data$x, data$y, hidden_units = hidden_units, activation = activation, epochs = epochs,
          batch_size = batch_size, verbose = FALSE, ...)
}

# ---- groups ----

test_that("factors of 1 change nothing, with any optimizer", {
  data <- rates_data()
  for (optimizer in every_optimizer()) {
    if ("rate_factors" %in% optimizer_of(optimizer)$lacks) next
    plain <- fit_rates(data, optimizer = optimizer, penalty = 0.01, normalization = "layer")
    ones <- fit_rates(data, optimizer = optimizer, penalty = 0.01, normalization = "layer",
                      rate_factors = c(bias = 1))
    expect_identical(ones$network, plain$network, info = format(optimizer))
  }
})

test_that("a factor of 0 keeps biases as they start, and weights move", {
  data <- rates_data()
  start <- exact_network(c(7, 20, 9, 2), "tanh")
  for (optimizer in list(opt_sgd(momentum = 0.5), opt_adam(), opt_lion())) {
    fit <- fit_rates(data, optimizer = optimizer, init = coef(start), rate_factors = c(bias = 0))
    for (l in 1:3) {
      expect_identical(unname(coef(fit)[[l]]$bias), start$layers[[l]]$bias)
      expect_gt(max(abs(coef(fit)[[l]]$weight - start$layers[[l]]$weight)), 1e-4)
    }
  }
})

test_that("biases move by their factor of what the optimizer would move them by", {
  data <- rates_data(16)
  start <- exact_network(c(7, 20, 9, 2), "tanh")
  moved <- function(optimizer, ...) {
    fit <- fit_rates(data, init = coef(start), optimizer = optimizer, epochs = 1, ...)
    list(bias = unlist(lapply(coef(fit), `[[`, "bias")) - unlist(lapply(start$layers, `[[`, "bias")),
         weight = lapply(coef(fit), `[[`, "weight"))
  }
  for (optimizer in list(opt_sgd(0.3), opt_adam(0.05), opt_nadam(0.05), opt_lion(0.05), opt_adagrad(0.05))) {
    plain <- moved(optimizer)
    slow <- moved(optimizer, rate_factors = c(bias = 0.25))
    expect_equal(slow$bias, 0.25 * plain$bias, tolerance = 1e-4, info = format(optimizer))
    expect_identical(slow$weight, plain$weight, info = format(optimizer))
  }
})

# ---- NTK parametrisation, against a network in plain R that is one ----

# Steps over all rows of z = x V / sqrt(n) + b, moved by a rule: step(p, g, moment, t) gives
# list(value, moment). list(weight = V / sqrt(n), bias) for each layer. Penalties are those of V.
reference_ntk <- function(network, data, steps, rule, start = 0, penalty = 0, l1 = 0, decay = 0,
                          clip = Inf, longest = Inf, most = Inf) {
  roots <- vapply(network$layers, function(layer) sqrt(nrow(layer$weight)), 1)
  v <- Map(function(layer, root) list(weight = layer$weight * root, bias = layer$bias), network$layers, roots)
  moment <- lapply(v, lapply, function(p) start)
  effective <- function() {
    Map(function(layer, root) list(weight = layer$weight / root, bias = layer$bias), v, roots)
  }
  for (t in seq_len(steps)) {
    for (l in seq_along(v)) network$layers[[l]][c("weight", "bias")] <- effective()[[l]]
    gradient <- reference_gradient(network, data$x, data$y, "squared")$gradient
    for (l in seq_along(v)) gradient[[l]]$weight <- gradient[[l]]$weight / roots[l]
    norm <- sqrt(sum(unlist(gradient)^2))
    gradient <- rapply(gradient, function(g) g * min(1, longest / norm), how = "list")
    for (l in seq_along(v)) {
      for (part in c("weight", "bias")) {
        p <- v[[l]][[part]]
        is_weight <- part == "weight"
        g <- pmin(pmax(gradient[[l]][[part]], -clip), clip) + is_weight * (penalty * p + l1 * sign(p))
        moved <- rule(p, g, moment[[l]][[part]], t)
        v[[l]][[part]] <- moved$value - is_weight * decay * p
        moment[[l]][[part]] <- moved$moment
      }
      if (l < length(v)) v[[l]]$weight <- reference_limit_norms(v[[l]]$weight, most)
    }
  }
  effective()
}

adam_rule <- function(rate, beta1, beta2, epsilon) {
  function(p, g, moment, t) {
    if (!is.list(moment)) moment <- list(m = 0, v = 0)
    m <- beta1 * moment$m + (1 - beta1) * g
    v <- beta2 * moment$v + (1 - beta2) * g^2
    list(value = p - rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon),
         moment = list(m = m, v = v))
  }
}

momentum_rule <- function(rate, momentum) {
  function(p, g, moment, t) {
    moment <- momentum * moment + g
    list(value = p - rate * moment, moment = moment)
  }
}

adagrad_rule <- function(rate, epsilon) {
  function(p, g, moment, t) {
    moment <- moment + g^2
    list(value = p - rate * g / (sqrt(moment) + epsilon), moment = moment)
  }
}

rmsprop_rule <- function(rate, beta2, epsilon, momentum) {
  function(p, g, moment, t) {
    if (!is.list(moment)) moment <- list(v = 0, b = 0)
    v <- beta2 * moment$v + (1 - beta2) * g^2
    b <- momentum * moment$b + g / (sqrt(v) + epsilon)
    list(value = p - rate * b, moment = list(v = v, b = b))
  }
}

# RAdam before its second moment is known: momentum alone.
radam_young_rule <- function(rate, beta1) {
  function(p, g, moment, t) {
    moment <- beta1 * moment + (1 - beta1) * g
    list(value = p - rate * moment / (1 - beta1^t), moment = moment)
  }
}

lion_rule <- function(rate, beta1, beta2) {
  function(p, g, moment, t) {
    list(value = p - rate * sign(beta1 * moment + (1 - beta1) * g), moment = beta2 * moment + (1 - beta2) * g)
  }
}

rprop_rule <- function(size, decrease, increase, smallest, largest) {
  function(p, g, moment, t) {
    if (!is.list(moment)) moment <- list(g = 0 * g, size = size + 0 * g)
    turn <- sign(g) * sign(moment$g)
    factor <- ifelse(turn > 0, increase, ifelse(turn < 0, decrease, 1))
    size <- pmin(pmax(moment$size * factor, smallest), largest)
    g[turn < 0] <- 0
    list(value = p - size * sign(g), moment = list(g = g, size = size))
  }
}

ntk_cases <- list(
  list(opt_adam(0.03, 0.9, 0.95), adam_rule(0.03, 0.9, 0.95, 1e-8)),
  list(opt_adam(0.03, epsilon = 0.02), adam_rule(0.03, 0.9, 0.999, 0.02), penalty = 0.02),
  list(opt_adamw(0.03, weight_decay = 0.2), adam_rule(0.03, 0.9, 0.999, 1e-8), decay = 0.03 * 0.2),
  list(opt_adam(0.03, epsilon = 0.01), adam_rule(0.03, 0.9, 0.999, 0.01), clip = 0.02, most = 4),
  list(opt_adam(0.03, epsilon = 0.01), adam_rule(0.03, 0.9, 0.999, 0.01), longest = 0.3, clip = 0.1),
  list(opt_sgd(0.3), momentum_rule(0.3, 0), longest = 0.2, penalty = 0.03),
  list(opt_sgd(0.3), momentum_rule(0.3, 0), penalty = 0.03),
  list(opt_sgd(0.1, momentum = 0.8, weight_decay = 0.3), momentum_rule(0.1, 0.8), decay = 0.03),
  list(opt_sgd(0.1, momentum = 0.8), momentum_rule(0.1, 0.8), clip = 0.02, l1 = 0.002),
  list(opt_adagrad(0.1, epsilon = 0.01, initial = 0.02), adagrad_rule(0.1, 0.01), start = 0.02),
  list(opt_rmsprop(0.01, momentum = 0.5, epsilon = 0.01), rmsprop_rule(0.01, 0.99, 0.01, 0.5)),
  list(opt_radam(0.2, 0.9, 0.6), radam_young_rule(0.2, 0.9)),
  list(opt_lion(0.01), lion_rule(0.01, 0.9, 0.99), steps = 20),
  list(opt_rprop(0.005, min_step = 1e-3, max_step = 0.03), rprop_rule(0.005, 0.5, 1.2, 1e-3, 0.03),
       steps = 20)
)

test_that("100 steps are those of a network in NTK parametrisation", {
  data <- rates_data(60)
  start <- exact_network(c(7, 20, 9, 2), "tanh")
  for (case in ntk_cases) {
    steps <- case$steps %||% 100
    settings <- case[intersect(names(case), c("start", "penalty", "l1", "decay", "clip", "longest", "most"))]
    expected <- do.call(reference_ntk, c(list(start, data, steps, case[[2]]), settings))
    penalty <- (case$penalty %||% 0) + (case$l1 %||% 0)
    fit <- fit_rates(data, optimizer = case[[1]], init = coef(start), epochs = steps, batch_size = Inf,
                     parametrization = "ntk", penalty = penalty,
                     mixture = if (penalty > 0) (case$l1 %||% 0) / penalty,
                     clip_value = case$clip, clip_norm = case$longest, max_norm = case$most)
    expect_close(lapply(coef(fit), lapply, unname), expected, 1e-5, info = format(case[[1]]))
  }
})

test_that("NTK parametrisation is no other network, and one input makes no difference", {
  data <- rates_data(60)
  start <- exact_network(c(7, 20, 9, 2), "tanh")
  standard <- fit_rates(data, init = coef(start), optimizer = opt_adam(0.01))
  ntk <- fit_rates(data, init = coef(start), optimizer = opt_adam(0.01), parametrization = "ntk")
  expect_gt(max(abs(coef(ntk)[[1]]$weight - coef(standard)[[1]]$weight)), 1e-3)
  narrow <- list(x = data$x[, 1, drop = FALSE], y = data$y)
  for (optimizer in list(opt_sgd(), opt_adam(), opt_adagrad(initial = 0.1))) {
    one <- lapply(c("standard", "ntk"), function(parametrization) {
      fit_rates(narrow, hidden_units = integer(), activation = NULL, optimizer = optimizer,
                parametrization = parametrization)
    })
    expect_identical(one[[1]]$network, one[[2]]$network)
  }
})

test_that("init_ntk() has the spread that it states", {
  set.seed(1)
  layers <- coef(mlp_network(300, c(400, 50), 5, init = init_ntk()))
  expect_equal(sd(layers[[1]]$weight), 1 / sqrt(300), tolerance = 0.02)
  expect_equal(sd(layers[[2]]$weight), 1 / sqrt(400), tolerance = 0.02)
  expect_equal(sd(layers[[1]]$bias), 1, tolerance = 0.1)
  expect_lt(abs(cor(layers[[1]]$bias, layers[[1]]$weight[1, ])), 0.2)
  expect_true(all(unlist(layers[[3]]) == 0))
  last <- coef(mlp_network(300, 400, 50, init = init_ntk(zero_last = FALSE)))[[2]]
  expect_equal(sd(last$weight), 1 / sqrt(400), tolerance = 0.02)
  expect_equal(sd(last$bias), 1, tolerance = 0.3)
  expect_identical(format(init_ntk()), "init_ntk(zero_last = TRUE)")
})

# ---- schedules of decay and dropout ----

test_that("decay follows its schedule and that of the rate", {
  # Without a gradient, as the loss is at its minimum, decay alone moves the weight.
  x <- matrix(0, 12, 1)
  start <- list(list(weight = matrix(1), bias = 0))
  fit <- function(...) {
    fit <- mlp_fit(x, rep(0, 12), hidden_units = integer(), init = start, epochs = 6, batch_size = 4,
                   verbose = FALSE, ...)
    coef(fit)[[1]]$weight[1]
  }
  suppressWarnings({
    t <- (0:17) / 18
    flat <- ifelse(t <= 0.5, 1, (1 + cos(pi * (2 * t - 1))) / 2)
    cosine <- (1 + cos(pi * t)) / 2
    sgd <- opt_sgd(0.2, weight_decay = 0.3)
    expect_equal(fit(optimizer = sgd, decay_schedule = schedule_flat_cosine()), prod(1 - 0.06 * flat),
                 tolerance = 1e-6)
    expect_equal(fit(optimizer = sgd, decay_schedule = schedule_flat_cosine(), schedule = schedule_cosine()),
                 prod(1 - 0.06 * flat * cosine), tolerance = 1e-6)
    expect_equal(fit(optimizer = opt_adamw(0.2, weight_decay = 0.3), decay_schedule = schedule_flat_cosine(),
                     parametrization = "ntk"), prod(1 - 0.06 * flat), tolerance = 1e-6)
  })
})

test_that("schedules of 1 change nothing, and of 0 are as without", {
  data <- rates_data()
  always <- function(value) schedule_function(function(t) rep(value, length(t)))
  fit <- function(...) fit_rates(data, ...)$network
  adamw <- opt_adamw(0.01, weight_decay = 0.1)
  expect_identical(fit(optimizer = adamw, decay_schedule = always(1)), fit(optimizer = adamw))
  expect_identical(fit(optimizer = adamw, decay_schedule = always(0)),
                   fit(optimizer = opt_adamw(0.01, weight_decay = 0)))
  for (activation in c("tanh", "selu")) {
    drop <- function(...) fit(activation = activation, ...)
    expect_identical(drop(dropout = 0.3, dropout_schedule = always(1)), drop(dropout = 0.3))
    expect_identical(drop(dropout = 0.6, dropout_schedule = always(0.5)), drop(dropout = 0.3))
    expect_close(unlist(lapply(drop(dropout = 0.3, dropout_schedule = always(0))$layers, `[[`, "weight")),
                 unlist(lapply(drop()$layers, `[[`, "weight")), 1e-6)
  }
})

test_that("dropout follows its schedule at the step where it changes", {
  data <- rates_data(64)
  # Two epochs of four steps: until the sixth step dropout is there, then it is not.
  half <- schedule_function(function(t) ifelse(t < 5 / 8 - 1e-6, 1, 0))
  fit <- function(epochs, ...) fit_rates(data, epochs = epochs, init = coef(exact), shuffle = FALSE, ...)
  exact <- exact_network(c(7, 20, 9, 2), "tanh")
  whole <- fit(2, dropout = 0.5, dropout_schedule = half)
  history <- function(fit) fit$history$value[fit$history$metric == "loss"]
  dropped <- fit(1, dropout = 0.5)
  expect_identical(history(whole)[1], history(dropped)[1])
  # One more step with dropout, then three without.
  expect_false(identical(history(whole)[2], history(fit(2, dropout = 0.5))[2]))
  later <- fit_rates(data, epochs = 2, init = coef(exact), shuffle = FALSE, dropout = 0.5,
                     dropout_schedule = schedule_function(function(t) ifelse(t < 4 / 8 - 1e-6, 1, 0)))
  expect_false(identical(history(whole)[2], history(later)[2]))
  # From the fifth step on without any: four steps of a plain fit.
  plain <- fit_rates(data, epochs = 1, init = coef(dropped), shuffle = FALSE)
  expect_close(history(later)[2], history(plain), 1e-6)
})

test_that("schedules go on with mlp_continue(), on any number of threads", {
  settings <- list(
    optimizer = opt_adamw(0.01, weight_decay = 0.1), dropout = 0.2, rate_factors = c(bias = 0.5),
    decay_schedule = schedule_flat_cosine(horizon = 7), dropout_schedule = schedule_cosine(horizon = 7),
    parametrization = "ntk", incomplete_batch = "drop", init = init_ntk()
  )
  fit <- function(epochs, threads = 1) {
    set.seed(4)
    do.call(mlp_fit, c(list(iris_x, iris$Species, hidden_units = 40, epochs = epochs, batch_size = 32,
                            threads = threads, verbose = FALSE), settings))
  }
  whole <- fit(7)
  further <- mlp_continue(fit(3), iris_x, iris$Species, epochs = 4)
  parts <- c("network", "history", "state")
  expect_identical(unclass(further)[parts], unclass(whole)[parts])
  hold_teams()
  expect_identical(unclass(fit(7, threads = 2))[parts], unclass(whole)[parts])
})

# ---- incomplete batches ----

test_that("the rows of an incomplete batch are left out", {
  data <- rates_data(70)
  first <- lapply(data, function(m) m[1:64, ])
  weights <- rep(c(1, 2), 35)
  dropped <- fit_rates(data, shuffle = FALSE, incomplete_batch = "drop")
  expect_identical(dropped[c("network", "history")],
                   fit_rates(first, shuffle = FALSE)[c("network", "history")])
  expect_false(identical(dropped$network, fit_rates(data, shuffle = FALSE)$network))
  # Here every batch has the mean weight of all rows.
  weighted <- fit_rates(data, shuffle = FALSE, incomplete_batch = "drop", weights = weights)
  expect_identical(weighted[c("network", "history")],
                   fit_rates(first, shuffle = FALSE, weights = weights[1:64])[c("network", "history")])
})

test_that("batches without a rest, and a single one that is too small, stay", {
  data <- rates_data(64)
  parts <- c("network", "history")
  for (batch_size in c(16, 64, 100)) {
    expect_identical(fit_rates(data, batch_size = batch_size, incomplete_batch = "drop")[parts],
                     fit_rates(data, batch_size = batch_size)[parts])
  }
  expect_no_error(fit_rates(rates_data(33), normalization = "batch", incomplete_batch = "drop"))
})

test_that("shuffled, other rows are left out in each epoch, and means are those of the others", {
  # Without a step worth the name, an epoch's loss is the mean over its rows.
  data <- list(x = matrix(rep(0, 10)), y = 2^(0:9))
  weights <- 10:1
  fit <- suppressWarnings(
    mlp_fit(data$x, data$y, hidden_units = integer(), init = init_normal(0), epochs = 20, batch_size = 4,
            optimizer = opt_sgd(1e-20), incomplete_batch = "drop", weights = weights, verbose = FALSE)
  )
  losses <- fit$history$value[fit$history$metric == "loss"]
  chosen <- utils::combn(10, 8)
  possible <- apply(chosen, 2, function(rows) sum((weights * data$y^2)[rows]) / sum(weights[rows]))
  nearest <- vapply(losses, function(loss) min(abs(loss / possible - 1)), 1)
  expect_lt(max(nearest), 1e-6)
  expect_gt(length(unique(losses)), 10)
})

test_that("large batches in several passes are dropped whole", {
  set.seed(5)
  data <- list(x = exact_normal(3000, 3), y = exact_normal(3000, 2))
  first <- lapply(data, function(m) m[1:2400, ])
  expect_identical(
    fit_rates(data, batch_size = 1200, shuffle = FALSE, incomplete_batch = "drop")$network,
    fit_rates(first, batch_size = 1200, shuffle = FALSE)$network
  )
})

# ---- bad values ----

test_that("bad values are refused, and what would do nothing too", {
  fit <- function(...) small_fit(iris_x, iris$Species, ...)
  expect_conditions({
    fit(rate_factors = 0.1)
    fit(rate_factors = c(weight = 2))
    fit(rate_factors = c(bias = 1, bias = 2))
    fit(rate_factors = c(bias = -1))
    fit(rate_factors = c(bias = Inf))
    fit(rate_factors = list(bias = 1))
    fit(rate_factors = c(bias = "a"))
    fit(rate_factors = c(input_scale = 6))
    fit(rate_factors = c(activation = 0.1))
    fit(rate_factors = c(embedding = 0.1))
    fit(rate_factors = c(bias = 0.1), optimizer = opt_rprop(), batch_size = Inf)
    fit(rate_factors = c(bias = 0.1), optimizer = opt_lbfgs(), batch_size = Inf)
    fit(parametrization = "mup")
    fit(parametrization = "ntk", optimizer = opt_adadelta())
    fit(parametrization = "ntk", optimizer = opt_lbfgs(), batch_size = Inf)
    fit(decay_schedule = "cosine")
    fit(decay = 0.01)
    fit(decay_schedule = 0.01)
    fit(decay_schedule = schedule_cosine())
    fit(decay_schedule = schedule_cosine(), optimizer = opt_adam())
    fit(decay_schedule = schedule_warmup(2, schedule_plateau()), optimizer = opt_adamw())
    fit(dropout_schedule = schedule_cosine())
    fit(dropout_schedule = schedule_function(function(t) 2 * t), dropout = 0.6)
    fit(incomplete_batch = TRUE)
    fit(incomplete_batch = "drop", optimizer = opt_rprop(), batch_size = Inf)
    init_ntk(NA)
  })
  expect_identical(fit(rate_factors = c())$arguments["rate_factors"], list(rate_factors = NULL))
})
