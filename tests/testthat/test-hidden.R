# What hidden layers may have beside weights: normalisation, dropout, residual connections; against
# PyTorch (tools/fixtures.py), plain R, and differences of the loss.

dressed_tensors <- function() {
  lines <- strsplit(readLines(test_path("fixtures", "dressed.csv")), ",", fixed = TRUE)
  tensors <- lapply(lines, function(line) {
    matrix(as.numeric(line[-(1:3)]), as.integer(line[2]), as.integer(line[3]), byrow = TRUE)
  })
  stats::setNames(tensors, vapply(lines, `[`, "", 1))
}

# The settings of DRESSED in tools/fixtures.py.
dressed_runs <- list(
  batch = list(normalization = "batch", activation = "tanh"),
  layer = list(normalization = "layer", activation = c("tanh", "gelu", "tanh")),
  residual = list(residual = TRUE, activation = "tanh"),
  mixed = list(normalization = c("batch", "layer", "none"), residual = TRUE,
               activation = c("silu", "tanh", "gelu"))
)

dressed_layers <- function(tensors, prefix) {
  lapply(1:4, function(l) {
    list(weight = tensors[[paste0(prefix, "weight_", l)]],
         bias = tensors[[paste0(prefix, "bias_", l)]][1, ])
  })
}

test_that("normalised and residual layers train as PyTorch's and predict as its eval mode", {
  tensors <- dressed_tensors()
  data <- strsplit(readLines(test_path("fixtures", "runs.csv"), 2), ",", fixed = TRUE)
  x <- matrix(as.numeric(data[[1]][-(1:3)]), 160, 8, byrow = TRUE)
  y <- factor(data[[2]][-(1:3)])
  for (name in names(dressed_runs)) {
    fit <- do.call(mlp_fit, c(dressed_runs[[name]], list(
      x = x, y = y, hidden_units = c(16, 16, 12), epochs = 4, batch_size = 32, shuffle = FALSE,
      optimizer = opt_sgd(0.05, momentum = 0.9), penalty = 0.01, verbose = FALSE,
      init = dressed_layers(tensors, "initial_")
    )))
    get <- function(what) tensors[[paste(name, what, sep = "_")]]
    layers <- coef(fit)
    for (l in 1:4) {
      expect_close(layers[[l]]$weight, get(paste0("weight_", l)), 2e-5, info = paste(name, l))
      expect_close(unname(layers[[l]]$bias), get(paste0("bias_", l))[1, ], 2e-5, info = paste(name, l))
      for (part in setdiff(names(layers[[l]]$norm), "kind")) {
        expected <- get(sprintf("%s_%d", part, l))[1, ]
        expect_close(unname(layers[[l]]$norm[[part]]), expected, 2e-5, info = paste(name, part, l))
      }
    }
    expect_identical(sum(lengths(lapply(layers, `[[`, "norm"))),
                     switch(name, batch = 15L, layer = 9L, residual = 0L, mixed = 8L))
    expect_close(mlp_forward(fit$network, x), get("output"), 2e-5, info = name)
    expect_identical(as.matrix(predict(fit, x, type = "raw")), mlp_forward(fit$network, x),
                     ignore_attr = TRUE)
    history <- fit$history$value[fit$history$metric == "loss"]
    expect_close(history, get("history")[1, ], 1e-5, TRUE, info = name)
  }
})

# ---- gradients ----

# The gradient of the network along a random direction of all its parameters and inputs, and the
# difference of the loss along it.
directional <- function(network, x, y, training, weights = NULL, step = 2e-3) {
  result <- mlp_gradient(network, x, y, weights = weights, wrt = "input", training = training)
  sum_of <- function(a, b) sum(unlist(Map(function(p, q) sum(p * q), a, b)))
  direction <- lapply(result$gradient, rapply, f = function(g) rnorm(length(g)), how = "replace")
  d_x <- matrix(rnorm(length(x)), nrow(x))
  moved <- function(by) {
    for (l in seq_along(direction)) {
      for (part in c("weight", "bias")) {
        network$layers[[l]][[part]][] <- network$layers[[l]][[part]] + by * direction[[l]][[part]]
      }
      for (part in names(direction[[l]]$norm)) {
        network$layers[[l]]$norm[[part]] <-
          network$layers[[l]]$norm[[part]] + by * direction[[l]]$norm[[part]]
      }
    }
    mlp_gradient(network, x + by * d_x, y, weights = weights, training = training)$loss
  }
  analytic <- sum(unlist(result$gradient) * unlist(direction)) + sum(result$input * d_x)
  c(analytic = analytic, difference = (moved(step) - moved(-step)) / (2 * step))
}

test_that("gradients through normalisation and residuals agree with differences of the loss", {
  set.seed(11)
  x <- exact_normal(21, 7)
  y <- exact_normal(21, 2)
  for (kind in c("none", "batch", "layer")) {
    for (residual in c(FALSE, TRUE)) {
      for (units in list(7, c(7, 7), c(19, 19, 7))) {
        network <- mlp_network(7, units, 2, "tanh", normalization = kind,
                               residual = residual && anyDuplicated(c(7, units)) > 0)
        network$layers <- lapply(network$layers, function(layer) {
          layer$norm[-1] <- lapply(layer$norm[-1], function(v) v + runif(length(v), 0.1, 0.5))
          layer
        })
        for (training in c(FALSE, TRUE)) {
          for (weights in list(NULL, rep(c(2, 0, 0.5), 7))) {
            slopes <- replicate(3, directional(network, x, y, training, weights))
            info <- paste(kind, residual, toString(units), training, length(weights))
            expect_lt(max(abs(slopes[1, ] - slopes[2, ])) / max(abs(slopes)), 4e-3, label = info)
          }
        }
      }
    }
  }
})

test_that("mlp_gradient(training = TRUE) uses the statistics of x, and FALSE the running ones", {
  set.seed(12)
  network <- mlp_network(3, 5, 2, "tanh", normalization = "batch")
  x <- exact_normal(30, 3)
  y <- exact_normal(30, 2)
  layer <- network$layers[[1]]
  a <- sweep(x %*% layer$weight, 2, layer$bias, `+`)
  out <- function(normal) tanh(normal) %*% network$layers[[2]]$weight
  running <- mean((out(a / sqrt(1 + 1e-5)) - y)^2)
  variance <- colMeans(sweep(a, 2, colMeans(a))^2)
  own <- mean((out(scale(a, colMeans(a), sqrt(variance + 1e-5))) - y)^2)
  expect_equal(mlp_gradient(network, x, y)$loss, running, tolerance = 1e-5)
  expect_equal(mlp_gradient(network, x, y, training = TRUE)$loss, own, tolerance = 1e-5)
  expect_gt(abs(running - own), 1e-3)
  expect_equal(mlp_gradient(network, x, y)$loss,
               loss_value(mlp_forward(network, x), y, "squared"), tolerance = 1e-6)
})

# ---- dropout ----

mask_key <- c(123L, 456L)

# What the engine drops of a matrix, at a step.
dropped <- function(x, share, step = 1, layer = 1, first = 0, activation = "relu", noise = 0,
                    key = mask_key, backward = FALSE) {
  at <- list(key = key, step = step, first = first, layer = layer)
  how <- list(activation = activation, dropout = share, noise = noise, backward = backward)
  .Call(fastmlp_dropout, x, at, how)
}

ones <- matrix(1, 1000, 200)

test_that("dropout keeps the share asked for, scaled so that means stay", {
  for (share in c(0.1, 0.5, 0.9)) {
    for (layer in 0:2) {
      masked <- dropped(ones, share, layer = layer)
      kept <- mean(masked != 0)
      expect_lt(abs(kept - (1 - share)), 5 * sqrt(share * (1 - share) / length(ones)))
      levels <- round(share * 65536) / 65536
      expect_equal(unique(masked[masked != 0]), 1 / (1 - levels), tolerance = 1e-6)
    }
  }
  expect_identical(dropped(ones, 0), ones)
})

test_that("masks differ between units, rows, layers, steps and keys without correlation", {
  mask <- function(...) (dropped(ones, 0.5, ...) != 0) + 0
  base <- mask()
  bound <- 5 / sqrt(length(base))
  others <- list(mask(step = 2), mask(step = 257), mask(layer = 2), mask(layer = 0),
                 mask(key = c(124L, 456L)), mask(key = c(123L, 457L)), mask(first = 1024),
                 base[c(2:1000, 1), ], base[c(9:1000, 1:8), ], base[, c(2:200, 1)],
                 base[, c(17:200, 1:16)])
  for (other in others) expect_lt(abs(cor(c(base), c(other))), bound)
  # Rows of a later pass of the same step are the rows that a larger pass would give.
  expect_identical(mask(first = 8)[1:900, ], base[9:908, ])
  expect_identical(mask(first = 13)[1:900, ], base[14:913, ])
  # Columns and rows are as often kept as binomials would be.
  spread <- function(counts, n) sum((counts - n / 2)^2 / (n / 4))
  expect_gt(stats::pchisq(spread(colSums(base), 1000), 200), 1e-4)
  expect_lt(stats::pchisq(spread(colSums(base), 1000), 200), 1 - 1e-4)
  expect_gt(stats::pchisq(spread(rowSums(base), 200), 1000), 1e-4)
  expect_lt(stats::pchisq(spread(rowSums(base), 200), 1000), 1 - 1e-4)
})

test_that("alpha dropout keeps mean and variance of selu's values", {
  set.seed(13)
  h <- matrix(rnorm(2e5), 1000)
  for (share in c(0.05, 0.2, 0.5)) {
    masked <- dropped(h, share, activation = "selu")
    expect_lt(abs(mean(masked)), 0.02)
    expect_lt(abs(stats::var(c(masked)) - 1), 0.03)
    kept <- dropped(ones, share, activation = "relu") != 0
    expect_length(unique(masked[!kept]), 1)
    q <- 1 - round(share * 65536) / 65536
    limit <- -selu_scale * selu_alpha
    a <- (q + limit^2 * q * (1 - q))^-0.5
    b <- -a * (1 - q) * limit
    expect_equal(masked[kept], a * h[kept] + b, tolerance = 1e-5)
    expect_equal(masked[!kept][1], a * limit + b, tolerance = 1e-5)
    expect_equal(dropped(ones, share, activation = "selu", backward = TRUE), a * kept, tolerance = 1e-6)
  }
})

test_that("input noise is normal, with the sd asked for, and independent", {
  zero <- matrix(0, 1000, 200)
  noise <- dropped(zero, 0, layer = 0, noise = 0.5)
  bound <- 5 / sqrt(length(noise))
  expect_lt(abs(mean(noise)) / 0.5, bound)
  expect_lt(abs(stats::sd(noise) / 0.5 - 1), bound)
  bins <- tabulate(findInterval(stats::pnorm(c(noise), 0, 0.5), (0:99) / 100), 100)
  expect_gt(stats::chisq.test(bins)$p.value, 1e-4)
  expect_lt(abs(cor(c(noise), c(noise[c(2:1000, 1), ]))), bound)
  expect_lt(abs(cor(c(noise), c(noise[, c(2:200, 1)]))), bound)
  expect_lt(abs(cor(c(noise)^2, c(noise[c(2:1000, 1), ])^2)), bound)
  expect_lt(abs(cor(c(noise), c(dropped(zero, 0, layer = 0, noise = 0.5, step = 2)))), bound)
  expect_lt(max(abs(noise)), 5.8 / 2)
})

# One step of training with masks and the key known: the change of every weight is the gradient of the
# loss with these masks.
masked_loss <- function(layers, x, y, activation, masks) {
  h <- x * masks[[1]]$scale
  phi <- reference_activations[[activation]]$value
  for (l in seq_along(layers)) {
    h <- sweep(h %*% layers[[l]]$weight, 2, layers[[l]]$bias, `+`)
    if (l < length(layers)) h <- phi(h) * masks[[l + 1]]$scale + masks[[l + 1]]$shift
  }
  mean((h - y)^2)
}

test_that("a training step with dropout follows the gradient with its masks", {
  set.seed(14)
  n <- 37
  x <- exact_normal(n, 5)
  y <- exact_normal(n, 2)
  start <- exact_layers(c(5, 18, 7, 2))
  for (activation in c("tanh", "relu", "gelu", "selu")) {
    set.seed(1)
    key <- sample.int(.Machine$integer.max, 2L, replace = TRUE)
    shares <- c(0.3, 0.4, 0.5)
    masks <- lapply(0:2, function(l) {
      units <- c(5, 18, 7)[l + 1]
      of <- function(value, backward = FALSE) {
        dropped(matrix(value, n, units), shares[l + 1], layer = l, key = key, activation = activation,
                backward = backward)
      }
      scale <- if (l == 0) of(1) else of(1, backward = TRUE)
      list(scale = scale, shift = of(0))
    })
    set.seed(1)
    rate <- 2^-6
    fit <- mlp_fit(x, y, hidden_units = c(18, 7), activation = activation, epochs = 1, batch_size = Inf,
                   shuffle = FALSE, init = start, optimizer = opt_sgd(rate), input_dropout = 0.3,
                   dropout = c(0.4, 0.5), verbose = FALSE)
    expect_equal(fit$history$value[1], masked_loss(start, x, y, activation, masks), tolerance = 1e-5)
    moved <- rapply(start, identity, how = "unlist") - unlist(lapply(coef(fit), lapply, unname))
    eps <- 1e-4
    skeleton <- start
    at <- unlist(start)
    numeric <- vapply(seq_along(at), function(i) {
      loss <- function(by) {
        masked_loss(utils::relist(replace(at, i, at[i] + by), skeleton), x, y, activation, masks)
      }
      (loss(eps) - loss(-eps)) / (2 * eps)
    }, 1)
    expect_lt(max(abs(moved / rate - numeric)) / max(abs(numeric)), 2e-3, label = activation)
  }
})

test_that("shares of zero, no normalisation and no noise change nothing", {
  plain <- small_fit(Species ~ ., iris)
  zero <- small_fit(Species ~ ., iris, dropout = 0, input_dropout = 0, input_noise = 0,
                    normalization = "none", residual = FALSE)
  expect_identical(zero$network, plain$network)
  expect_identical(zero$history, plain$history)
  expect_named(plain$network$layers[[1]], c("weight", "bias", "activation"))
  for (noise in list(list(dropout = 0.5), list(input_dropout = 0.5), list(input_noise = 0.5))) {
    other <- do.call(small_fit, c(list(Species ~ ., iris), noise))
    expect_false(identical(other$network, plain$network))
  }
})

# ---- threads ----

test_that("dressed layers are identical on any number of threads", {
  set.seed(15)
  x <- matrix(rnorm(333 * 117), 333)
  y <- factor(sample.int(5, 333, replace = TRUE))
  cases <- list(
    list(dropout = c(0.5, 0.2, 0.1), input_dropout = 0.2, input_noise = 0.1),
    list(normalization = "batch"), list(normalization = "layer"),
    list(normalization = c("layer", "batch", "none"), residual = TRUE, dropout = 0.1),
    list(normalization = c("batch", "none", "layer"), residual = TRUE, activation = "gelu")
  )
  for (case in cases) {
    for (batch in c(64, Inf)) {
      expect_same_for_threads(function(n) {
        set.seed(16)
        fit <- do.call(mlp_fit, c(case, list(
          x = x, y = y, hidden_units = c(150, 150, 55), epochs = 2, batch_size = batch, threads = n,
          validation = 0.2, verbose = FALSE, optimizer = opt_sgd(0.05, momentum = 0.9)
        )))
        unclass(fit)[c("network", "history")]
      })
    }
  }
})

test_that("steps of several passes normalise each pass and drop by the row of the step", {
  set.seed(17)
  x <- exact_normal(2100, 6)
  y <- exact_normal(2100, 1)
  fit <- function(...) {
    set.seed(18)
    mlp_fit(x, y, hidden_units = c(20, 20), batch_size = Inf, optimizer = opt_sgd(0.05), verbose = FALSE,
            shuffle = FALSE, ...)
  }
  expect_same_for_threads(function(n) {
    fit(normalization = "batch", dropout = 0.2, epochs = 2, threads = n)$network
  }, 1:2)
  # The loss of the first epoch is that of three pieces, each by its own statistics.
  first <- fit(normalization = "batch", epochs = 1)
  set.seed(18)
  network <- mlp_network(6, c(20, 20), 1, normalization = "batch")
  pieces <- split(1:2100, (0:2099) %/% 1024)
  losses <- vapply(pieces, function(rows) {
    mlp_gradient(network, x[rows, ], y[rows, , drop = FALSE], training = TRUE)$loss
  }, 1)
  expect_equal(first$history$value[1], sum(losses * lengths(pieces)) / 2100, tolerance = 1e-5)
})

# ---- fits ----

test_that("each of them learns, from rows it has not seen, and nothing from shuffled outcomes", {
  set.seed(19)
  train <- sample(150, 100)
  shuffled <- transform(iris, Species = sample(Species))
  cases <- list(
    list(normalization = "batch"), list(normalization = "layer"), list(residual = TRUE),
    list(dropout = 0.2), list(dropout = 0.1, activation = "selu"), list(input_dropout = 0.05),
    list(input_noise = 0.2), list(normalization = "batch", residual = TRUE, dropout = 0.1)
  )
  for (case in cases) {
    fit_on <- function(data) {
      set.seed(20)
      fit <- do.call(mlp_fit, c(list(Species ~ ., data[train, ], hidden_units = c(32, 32), epochs = 60,
                                     batch_size = 25, standardize = "zscore", verbose = FALSE), case))
      mean(predict(fit, data[-train, ])$.pred_class == data$Species[-train])
    }
    info <- paste(names(case), collapse = ", ")
    expect_gt(fit_on(iris), 0.85, label = info)
    expect_lt(fit_on(shuffled), 1 / 3 + 0.25, label = info)
  }
})

test_that("a fit is the same after saveRDS(), and its coefficients begin another where it ended", {
  fit <- small_fit(Species ~ ., iris, hidden_units = c(6, 6), normalization = c("batch", "layer"),
                   residual = TRUE, dropout = 0.1)
  file <- withr::local_tempfile(fileext = ".rds")
  saveRDS(fit, file)
  expect_identical(predict(readRDS(file), iris, type = "prob"), predict(fit, iris, type = "prob"))
  same <- mlp_network(4, c(6, 6), 3, init = coef(fit), normalization = c("batch", "layer"),
                      residual = TRUE)
  expect_identical(same, fit$network)
  expect_identical(coef(same)[[1]]$norm$mean, coef(fit)[[1]]$norm$mean)
  bare <- lapply(coef(fit), `[`, c("weight", "bias"))
  fresh <- mlp_network(4, c(6, 6), 3, init = bare, normalization = "batch")
  expect_identical(unname(fresh$layers[[2]]$norm$variance), rep(1, 6))
})

test_that("patience keeps the running statistics of the best epoch", {
  set.seed(21)
  x <- exact_normal(200, 4)
  y <- exact_normal(200, 1)
  fit <- function(...) {
    set.seed(22)
    mlp_fit(x, y, hidden_units = 30, normalization = "batch", batch_size = 20, validation = 0.3,
            optimizer = opt_sgd(0.1), verbose = FALSE, ...)
  }
  stopped <- fit(epochs = 100, patience = 3)
  expect_identical(stopped$network, fit(epochs = stopped$training$kept_epoch)$network)
})

test_that("prints and headings name what layers have", {
  network <- mlp_network(4, c(4, 8), 3, normalization = c("batch", "none"), residual = TRUE)
  fit <- small_fit(Species ~ ., iris, hidden_units = c(4, 4), activation = c("relu", "selu"),
                   dropout = c(0.2, 0.1), input_dropout = 0.1, input_noise = 0.5,
                   normalization = "layer")
  expect_snapshot({
    print(network)
    writeLines(utils::head(capture.output(print(fit)), 7))
    writeLines(network_headings(network, 40))
  })
  expect_identical(layer_table(network)$parameters, c(28L, 40L, 27L))
})

test_that("bad values are refused, and what would do nothing too", {
  fit <- function(...) mlp_fit(iris_x, iris$Species, hidden_units = c(4, 3), verbose = FALSE, ...)
  norm <- function(...) {
    layers <- coef(mlp_network(4, c(4, 3), 3, normalization = "batch"))
    layers[[1]]$norm <- utils::modifyList(layers[[1]]$norm, list(...))
    layers
  }
  expect_conditions({
    fit(dropout = 1)
    fit(dropout = -0.1)
    fit(dropout = "a")
    fit(dropout = NA_real_)
    fit(dropout = c(0.1, 0.2, 0.3))
    fit(input_dropout = 1)
    fit(input_dropout = c(0.1, 0.2))
    fit(input_noise = -1)
    fit(input_noise = Inf)
    fit(normalization = "group")
    fit(normalization = c("batch", "batch", "none"))
    fit(residual = NA)
    mlp_fit(iris_x, iris$Species, hidden_units = 5, residual = TRUE)
    mlp_fit(iris_x, iris$Species, hidden_units = integer(), normalization = "batch")
    mlp_fit(iris_x, iris$Species, hidden_units = integer(), dropout = 0.5)
    fit(normalization = "batch", batch_size = 1)
    fit(normalization = "batch", batch_size = 149)
    fit(batch_norm = TRUE)
    fit(init = norm(scale = 1), normalization = "batch")
    fit(init = norm(variance = rep(-1, 4)), normalization = "batch")
    fit(init = norm(kind = "layer"), normalization = "batch")
    fit(init = norm())
    mlp_network(2, 3, 1, normalization = "x")
    mlp_network(2, 3, 1, residual = TRUE)
    mlp_gradient(mlp_network(2, 3, 1), diag(2), c(1, 2), training = 1)
  })
})

test_that("networks whose dress was changed by hand are refused", {
  change <- function(edit) {
    network <- mlp_network(4, c(4, 3), 1, normalization = "batch", residual = TRUE)
    eval(substitute(edit))
    network
  }
  expect_conditions({
    mlp_forward(change(network$layers[[1]]$norm <- 3), diag(4))
    mlp_forward(change(network$layers[[1]]$norm$kind <- "group"), diag(4))
    mlp_forward(change(network$layers[[1]]$norm$mean <- NULL), diag(4))
    mlp_forward(change(network$layers[[1]]$norm$scale <- 1), diag(4))
    mlp_forward(change(network$layers[[1]]$norm$variance[1] <- -1), diag(4))
    mlp_forward(change(network$layers[[2]]$residual <- TRUE), diag(4))
    mlp_forward(change(network$layers[[1]]$residual <- NA), diag(4))
    mlp_forward(change(network$layers[[3]]$norm <- network$layers[[2]]$norm), diag(4))
  })
})
