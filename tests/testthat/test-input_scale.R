# The learned scale of the inputs, against plain R, differences of the loss, and networks without it.

# A network whose inputs are scaled, by numbers that float32 knows exactly.
scaled_network <- function(sizes, activation = "tanh", ...) {
  layers <- exact_layers(sizes)
  layers[[1]]$input_scale <- round(runif(sizes[1], -1, 2) * 64) / 64
  exact_network(sizes, activation, init = layers, input_scale = TRUE, ...)
}

# The same without a scale: its first weights take it.
folded <- function(network) {
  network$layers[[1]]$weight <- network$layers[[1]]$weight * network$layers[[1]]$input_scale
  network$layers[[1]]$input_scale <- NULL
  network
}

# The gradient as mlp_gradient() gives it, from that of the folded network.
reference_scaled_gradient <- function(network, x, y, loss) {
  result <- reference_gradient(folded(network), x, y, loss)
  product <- result$gradient[[1]]$weight
  result$gradient[[1]]$weight <- network$layers[[1]]$input_scale * product
  result$gradient[[1]]$input_scale <- rowSums(network$layers[[1]]$weight * product)
  result
}

scaled_sizes <- list(c(5, 2), c(3, 40, 2), c(40, 70, 3, 2), c(70, 17, 90, 2), c(16, 32, 16, 2))

test_that("outputs are those of the network that has the scale in its weights", {
  set.seed(41)
  for (sizes in scaled_sizes) {
    network <- scaled_network(sizes)
    x <- exact_normal(300, sizes[1])
    output <- mlp_forward(network, x)
    expect_close(output, reference_forward(folded(network), x)$output, 2e-6, info = toString(sizes))
    ones <- network
    ones$layers[[1]]$input_scale[] <- 1
    plain <- ones
    plain$layers[[1]]$input_scale <- NULL
    expect_identical(mlp_forward(ones, x), mlp_forward(plain, x))
    expect_false(identical(output, mlp_forward(ones, x)))
  }
})

test_that("gradients are those of plain R, for small, many and very many rows", {
  set.seed(42)
  for (sizes in scaled_sizes) {
    network <- scaled_network(sizes)
    for (rows in c(9, 700, 2100)) {
      x <- exact_normal(rows, sizes[1])
      y <- exact_normal(rows, 2)
      result <- mlp_gradient(network, x, y, wrt = "input")
      expected <- reference_scaled_gradient(network, x, y, "squared")
      info <- paste(toString(sizes), rows)
      expect_close(result$loss, expected$loss, 1e-6, info = info)
      expect_close(result$gradient, expected$gradient, 3e-6, info = info)
      expect_close(result$input, expected$input, 3e-6, info = info)
    }
  }
})

test_that("gradients with everything else on agree with differences of the loss", {
  set.seed(43)
  x <- exact_normal(30, 7)
  y <- exact_normal(30, 2)
  network <- scaled_network(c(7, 7, 7, 2), normalization = c("batch", "layer"), residual = TRUE)
  gradient <- mlp_gradient(network, x, y)$gradient[[1]]$input_scale
  difference <- vapply(1:7, function(i) {
    at <- function(by) {
      network$layers[[1]]$input_scale[i] <- network$layers[[1]]$input_scale[i] + by
      mlp_gradient(network, x, y)$loss
    }
    (at(2e-3) - at(-2e-3)) / 4e-3
  }, 1)
  expect_lt(max(abs(gradient - difference)) / max(abs(gradient)), 4e-3)
})

# ---- training ----

# Momentum steps over batches in the order of the rows; s learns `factor` times as fast.
reference_scaled_sgd <- function(network, data, optimizer, epochs, batch_size, limits, factor) {
  batches <- split(seq_len(nrow(data$x)), (seq_len(nrow(data$x)) - 1) %/% batch_size)
  velocity <- lapply(network$layers, function(layer) list(weight = 0, bias = 0, input_scale = 0))
  faster <- optimizer
  faster$learn_rate <- factor * optimizer$learn_rate
  steps <- list()
  for (rows in rep(batches, epochs)) {
    gradient <- reference_scaled_gradient(network, data$x[rows, , drop = FALSE], data$y[rows, ], "squared")
    gradient <- reference_clip(gradient$gradient, limits)
    for (l in seq_along(network$layers)) {
      for (part in names(gradient[[l]])) {
        rates <- if (part == "input_scale") faster else optimizer
        updated <- reference_update(network$layers[[l]][[part]], gradient[[l]][[part]],
                                    velocity[[l]][[part]], part == "weight", rates, limits)
        network$layers[[l]][[part]] <- updated$value
        velocity[[l]][[part]] <- updated$velocity
      }
      if (l < length(network$layers)) {
        network$layers[[l]]$weight <- reference_limit_norms(network$layers[[l]]$weight, limits$max_norm)
      }
    }
    steps[[length(steps) + 1]] <- network$layers
  }
  layers <- network$layers
  if (limits$ema_decay > 0) {
    layers <- reference_average(steps, limits$ema_decay)
    share <- limits$ema_decay^(length(steps) - seq_along(steps))
    scales <- vapply(steps, function(layers) layers[[1]]$input_scale, layers[[1]]$input_scale)
    layers[[1]]$input_scale <- drop(scales %*% (share / sum(share)))
  }
  layers
}

test_that("training moves the scale as plain R does, with every limit and in several passes", {
  set.seed(44)
  data <- list(x = exact_normal(2400, 20), y = exact_normal(2400, 2))
  optimizer <- opt_sgd(0.05, momentum = 0.5, weight_decay = 0.1)
  cases <- list(list(), list(penalty = 0.02, mixture = 0.5), list(clip_norm = 0.1), list(clip_value = 0.01),
                list(max_norm = 0.8), list(ema_decay = 0.7),
                list(clip_norm = 0.1, max_norm = 0.8, ema_decay = 0.7))
  for (sizes in list(c(20, 40, 2), c(20, 2), c(20, 9, 30, 2))) {
    network <- scaled_network(sizes)
    for (case in cases) {
      if (length(sizes) == 2) case$max_norm <- NULL
      limits <- utils::modifyList(no_limits, case)
      for (batch_size in c(200, 1200)) {
        expected <- reference_scaled_sgd(network, data, optimizer, 2, batch_size, limits, 6)
        fit <- do.call(mlp_fit, c(data, case, activation_of(network$hidden_units, "tanh"), list(
          hidden_units = network$hidden_units, init = coef(network), epochs = 2, batch_size = batch_size,
          shuffle = FALSE, optimizer = optimizer, input_scale = TRUE, rate_factors = c(input_scale = 6),
          verbose = FALSE
        )))
        actual <- lapply(coef(fit), lapply, unname)
        expected <- Map(function(layer, like) layer[names(like)], expected, actual)
        expect_close(actual, expected, 1e-5, info = paste(toString(sizes), toString(names(case)), batch_size))
        expect_identical(as.matrix(predict(fit, data$x, type = "raw")), mlp_forward(fit$network, data$x),
                         ignore_attr = TRUE)
      }
    }
  }
})

test_that("validation sees the network as it predicts, averages too", {
  set.seed(45)
  data <- list(x = exact_normal(200, 9), y = exact_normal(200, 2))
  for (ema_decay in c(0, 0.8)) {
    for (limits in list(list(), list(max_norm = 0.5), list(clip_norm = 0.1))) {
      set.seed(46)
      fit <- do.call(mlp_fit, c(data, limits, list(
        hidden_units = 30, input_scale = TRUE, epochs = 3, batch_size = 20, ema_decay = ema_decay,
        validation = data, optimizer = opt_sgd(0.1), verbose = FALSE
      )))
      rows <- fit$history$set == "validation" & fit$history$metric == "loss"
      expect_equal(fit$history$value[rows][3], mlp_gradient(fit$network, data$x, data$y)$loss,
                   tolerance = 1e-6)
    }
  }
})

test_that("the scale is learned by every optimizer, and alike on any number of threads", {
  hold_teams()
  set.seed(47)
  x <- exact_normal(333, 117)
  y <- factor(x[, 1] + x[, 2] * x[, 3] > 0)
  optimizers <- c(every_optimizer(), list(opt_adam(0.01)))
  for (optimizer in optimizers) {
    all_rows <- optimizer_of(optimizer)$all_rows
    fit <- function(threads, hidden_units, ...) {
      set.seed(48)
      mlp_fit(x, y, hidden_units = hidden_units, input_scale = TRUE, optimizer = optimizer, epochs = 2,
              batch_size = if (all_rows) Inf else 64, threads = threads, verbose = FALSE, ...)
    }
    for (units in list(150, c(55, 150), integer())) {
      info <- paste(format(optimizer), toString(units))
      one <- fit(1, units)
      scale <- coef(one)[[1]]$input_scale
      expect_true(all(is.finite(scale)) && mean(scale != 1) > 0.7, info = info)
      for (threads in c(2, 3)) {
        expect_identical(unclass(fit(threads, units))[c("network", "history")],
                         unclass(one)[c("network", "history")], info = info)
      }
    }
  }
})

test_that("inputs that matter get large scales, and it learns no worse with NTK rates", {
  set.seed(49)
  x <- matrix(rnorm(600 * 10), 600)
  y <- sin(2 * x[, 1])
  fit <- function(y) {
    set.seed(50)
    mlp_fit(x, y, hidden_units = c(32, 32), input_scale = TRUE, epochs = 60, batch_size = 50,
            parametrization = "ntk", init = init_ntk(), optimizer = opt_adam(0.03, beta2 = 0.95),
            rate_factors = c(bias = 0.1, input_scale = 6), schedule = schedule_coslog4(),
            incomplete_batch = "drop", verbose = FALSE)
  }
  learned <- fit(y)
  scale <- abs(coef(learned)[[1]]$input_scale)
  expect_gt(scale[1], 2 * max(scale[-1]))
  new <- matrix(rnorm(600 * 10), 600)
  error <- function(fit) mean((predict(fit, new)$.pred - sin(2 * new[, 1]))^2)
  expect_lt(error(learned), 0.1)
  expect_gt(error(fit(sample(y))), 0.3)
})

# RealMLP-TD-S for numbers as its authors write it: a scale, layers z = x V / sqrt(n) + b, Adam with rates
# of its own for scale and biases, whole batches only.
reference_td_s <- function(network, data, rate, epochs, batch_size) {
  roots <- vapply(network$layers, function(layer) sqrt(nrow(layer$weight)), 1)
  factors <- c(weight = 1, bias = 0.1, input_scale = 6)
  v <- lapply(seq_along(roots), function(l) {
    layer <- network$layers[[l]]
    layer$weight <- layer$weight * roots[l]
    layer[intersect(names(factors), names(layer))]
  })
  moments <- lapply(v, lapply, function(p) list(m = 0, v = 0))
  per_epoch <- nrow(data$x) %/% batch_size
  steps <- per_epoch * epochs
  for (step in seq_len(steps)) {
    rows <- (step - 1) %% per_epoch * batch_size + seq_len(batch_size)
    for (l in seq_along(v)) {
      network$layers[[l]][names(v[[l]])] <- v[[l]]
      network$layers[[l]]$weight <- v[[l]]$weight / roots[l]
    }
    gradient <- reference_scaled_gradient(network, data$x[rows, ], data$y[rows, ], "squared")$gradient
    now <- rate * (1 - cos(2 * pi * log2(1 + 15 * (step - 1) / steps))) / 2
    for (l in seq_along(v)) {
      gradient[[l]]$weight <- gradient[[l]]$weight / roots[l]
      for (part in names(v[[l]])) {
        g <- gradient[[l]][[part]]
        m <- 0.9 * moments[[l]][[part]]$m + 0.1 * g
        square <- 0.95 * moments[[l]][[part]]$v + 0.05 * g^2
        moments[[l]][[part]] <- list(m = m, v = square)
        direction <- m / (1 - 0.9^step) / (sqrt(square / (1 - 0.95^step)) + 1e-8)
        v[[l]][[part]] <- v[[l]][[part]] - factors[[part]] * now * direction
      }
    }
  }
  Map(function(layer, root) {
    layer$weight <- layer$weight / root
    layer
  }, v, roots)
}

test_that("the arguments of RealMLP-TD-S train as it does", {
  set.seed(51)
  data <- list(x = exact_normal(210, 9), y = exact_normal(210, 2))
  network <- scaled_network(c(9, 40, 40, 40, 2), "mish")
  expected <- reference_td_s(network, data, 0.01, epochs = 12, batch_size = 32)
  fit <- mlp_fit(data$x, data$y, hidden_units = c(40, 40, 40), activation = "mish", input_scale = TRUE,
                 parametrization = "ntk", rate_factors = c(bias = 0.1, input_scale = 6), init = coef(network),
                 optimizer = opt_adam(0.01, beta2 = 0.95), schedule = schedule_coslog4(), epochs = 12,
                 batch_size = 32, incomplete_batch = "drop", shuffle = FALSE, verbose = FALSE)
  expect_close(lapply(coef(fit), lapply, unname), expected, 1e-4)
})

# ---- what is kept ----

test_that("coefficients, files, mlp_continue() and checkpoints keep the scale", {
  settings <- list(hidden_units = c(8, 8), input_scale = TRUE, optimizer = opt_adam(0.01), batch_size = 16,
                   normalization = c("batch", "none"), residual = TRUE, ema_decay = 0.5, verbose = FALSE,
                   rate_factors = c(input_scale = 6))
  fit <- function(epochs, ...) {
    set.seed(4)
    do.call(mlp_fit, c(list(Species ~ ., iris, epochs = epochs), settings, list(...)))
  }
  whole <- fit(6)
  expect_named(coef(whole)[[1]]$input_scale, names(iris)[1:4])
  expect_true(all(coef(whole)[[1]]$input_scale != 1))
  further <- mlp_continue(fit(2), iris, epochs = 4)
  parts <- c("network", "history", "state")
  expect_identical(unclass(further)[parts], unclass(whole)[parts])
  same <- mlp_network(4, c(8, 8), 3, init = coef(whole), normalization = c("batch", "none"), residual = TRUE,
                      input_scale = TRUE)
  expect_identical(same, whole$network)
  file <- withr::local_tempfile(fileext = ".rds")
  saveRDS(whole, file)
  expect_identical(predict(readRDS(file), iris, type = "prob"), predict(whole, iris, type = "prob"))
  expect_identical(same$layers[[1]]$input_scale, unname(coef(whole)[[1]]$input_scale))
  # A run that an error broke off goes on from its checkpoint.
  path <- withr::local_tempfile()
  breaking <- FALSE
  stop_in_third <- list(on_epoch_end = function(state) if (breaking && state$epoch == 3) stop("broken off"))
  breaking <- TRUE
  expect_error(fit(6, checkpoint = path, callbacks = stop_in_third))
  breaking <- FALSE
  resumed <- fit(6, checkpoint = path, callbacks = stop_in_third)
  expect_identical(resumed$network, whole$network)
})

test_that("prints count and name the scale", {
  network <- mlp_network(4, 8, 3, input_scale = TRUE)
  expect_snapshot(print(network))
  expect_identical(layer_table(network)$parameters, c(44L, 27L))
})

test_that("bad values are refused", {
  fit <- function(...) small_fit(iris_x, iris$Species, ...)
  with_scale <- function(scale, layer = 1) {
    layers <- coef(mlp_network(4, 4, 3))
    layers[[layer]]$input_scale <- scale
    layers
  }
  edited <- function(scale, layer = 1) {
    network <- mlp_network(4, 4, 3)
    network$layers[[layer]]$input_scale <- scale
    network
  }
  expect_conditions({
    fit(input_scale = NA)
    fit(input_scale = 2)
    fit(init = with_scale(1:4))
    fit(init = with_scale(1:3), input_scale = TRUE)
    fit(init = with_scale("a"), input_scale = TRUE)
    fit(init = with_scale(c(1, 2, NA, 3)), input_scale = TRUE)
    fit(init = with_scale(1:4, 2), input_scale = TRUE)
    mlp_network(2, input_scale = 1)
    mlp_forward(edited(c(1, 2)), iris_x)
    mlp_forward(edited(1:4), iris_x)
    mlp_forward(edited(c(1, 2, 3, Inf)), iris_x)
    mlp_forward(edited(c(1, 2, 3, 4), 2), iris_x)
  })
})
