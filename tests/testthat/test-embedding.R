set.seed(4)
n <- 90
data <- data.frame(a = rnorm(n), f = factor(sample(letters[1:3], n, TRUE)), b = rexp(n), l = rnorm(n) > 0,
                   c = sample(5L, n, TRUE))
data$y <- sin(3 * data$a) + (data$f == "b") + data$b

embedded_fit <- function(..., epochs = 3, spec = embed_periodic(5, 3, sd = 0.5)) {
  small_fit(y ~ ., data, numeric_embedding = spec, epochs = epochs, ...)
}

# What the first layer reads, by the formula.
reference_embedding <- function(x, embedding) {
  waves <- lapply(seq_along(embedding$columns), function(i) {
    angle <- sweep(2 * pi * outer(x[, embedding$columns[i]], embedding$frequency[, i]), 2,
                   embedding$phase[, i], `+`)
    weight <- matrix(embedding$weight[, i], nrow(embedding$frequency))
    sweep(cos(angle) %*% weight, 2, embedding$bias[, i], `+`)
  })
  do.call(cbind, c(list(x), waves))
}

encoded <- cbind(a = data$a, fa = data$f == "a", fb = data$f == "b", fc = data$f == "c", b = data$b,
                 l = data$l, c = data$c)

test_that("numbers are embedded, factors and logicals are not, by the formula", {
  fit <- embedded_fit()
  embedding <- fit$network$layers[[1]]$embedding
  expect_identical(embedding$columns, c(1L, 5L, 7L))
  expect_identical(dim(fit$network$layers[[1]]$weight), c(7L + 3L * 2L, 4L))
  expect_identical(fit$network$inputs, 7L)
  layer <- fit$network$layers[[1]]
  h <- pmax(sweep(reference_embedding(encoded, embedding) %*% layer$weight, 2, layer$bias, `+`), 0)
  last <- fit$network$layers[[2]]
  expect_equal(predict(fit, data)$.pred, as.vector(h %*% last$weight + last$bias), tolerance = 1e-5)
  expect_identical(rownames(coef(fit)[[1]]$weight)[c(1, 7:10)], c("a", "c", "a_wave1", "a_wave2", "b_wave1"))
})

test_that("the start has the stated distributions", {
  x <- matrix(rnorm(400), 2)
  set.seed(1)
  fit <- mlp_fit(x, c(0, 1), numeric_embedding = embed_periodic(16, 4, 0.1), epochs = 1, hidden_units = 1,
                 optimizer = opt_sgd(1e-30))
  e <- fit$network$layers[[1]]$embedding
  expect_lt(abs(sd(e$frequency) / 0.1 - 1), 0.05)
  expect_lt(abs(sd(e$phase) / (pi / sqrt(3)) - 1), 0.05)
  expect_true(all(abs(c(e$weight, e$bias)) <= 0.25) && max(e$weight) > 0.24 && max(abs(e$phase)) <= pi)
})

test_that("the gradient is that of the loss, for every parameter and the inputs", {
  network <- embedded_fit(hidden_units = c(20, 6), activation = "tanh", input_scale = TRUE)$network
  x <- encoded[1:30, ]
  y <- data$y[1:30]
  result <- mlp_gradient(network, x, y, wrt = "input")
  value <- function(network, x) {
    embedding <- network$layers[[1]]$embedding
    h <- reference_embedding(x, embedding)
    h <- sweep(h, 2, network$layers[[1]]$input_scale, `*`)
    for (layer in network$layers) {
      h <- sweep(h %*% layer$weight, 2, layer$bias, `+`)
      if (layer$activation != "identity") h <- tanh(h)
    }
    mean((h - y)^2) / 2
  }
  scale <- result$loss / value(network, x)
  numeric_slope <- function(f, at, h = 1e-5) {
    rise <- function(i) f(replace(at, i, at[i] + h)) - f(replace(at, i, at[i] - h))
    vapply(seq_along(at), rise, 1) / (2 * h)
  }
  for (part in c("frequency", "phase", "weight", "bias")) {
    f <- function(values) {
      network$layers[[1]]$embedding[[part]][] <- values
      scale * value(network, x)
    }
    slope <- numeric_slope(f, as.vector(network$layers[[1]]$embedding[[part]]))
    expect_close(as.vector(result$gradient[[1]]$embedding[[part]]), slope, 2e-4, info = part)
  }
  f <- function(values) {
    network$layers[[1]]$weight[] <- values
    scale * value(network, x)
  }
  slope <- numeric_slope(f, as.vector(network$layers[[1]]$weight))
  expect_close(as.vector(result$gradient[[1]]$weight), slope, 2e-4)
  slope <- numeric_slope(function(values) scale * value(network, matrix(values, nrow(x))), as.vector(x))
  expect_close(as.vector(result$input), slope, 2e-4)
})

test_that("its parameters move by their own rate, without decay", {
  step <- function(...) {
    embedded_fit(optimizer = opt_sgd(0.1, weight_decay = 0.5), batch_size = n, shuffle = FALSE, ...,
                 epochs = 1)
  }
  start <- embedded_fit(optimizer = opt_sgd(1e-30), epochs = 1)$network
  gradient <- mlp_gradient(start, encoded, data$y)$gradient[[1]]$embedding
  before <- start$layers[[1]]$embedding
  for (factor in c(1, 0.1)) {
    after <- step(rate_factors = c(embedding = factor))$network$layers[[1]]$embedding
    for (part in names(gradient)) {
      expect_equal(after[[part]], before[[part]] - 0.1 * factor * gradient[[part]], tolerance = 1e-5)
    }
  }
})

test_that("training follows the gradient step by step, with scaled inputs and limits, too", {
  fit <- function(...) {
    embedded_fit(input_scale = TRUE, activation = "tanh", batch_size = 30, shuffle = FALSE,
                 rate_factors = c(input_scale = 10), ...)
  }
  start <- fit(optimizer = opt_sgd(1e-30), epochs = 1)$network
  by_hand <- start
  for (step in 1:6) {
    rows <- (step - 1) %% 3 * 30 + 1:30
    gradient <- mlp_gradient(by_hand, encoded[rows, ], data$y[rows])$gradient
    for (l in seq_along(gradient)) {
      layer <- by_hand$layers[[l]]
      for (part in setdiff(names(gradient[[l]]), "embedding")) {
        rate <- if (part == "input_scale") 0.2 else 0.02
        layer[[part]] <- layer[[part]] - rate * gradient[[l]][[part]]
      }
      for (part in names(gradient[[l]]$embedding)) {
        layer$embedding[[part]] <- layer$embedding[[part]] - 0.02 * gradient[[l]]$embedding[[part]]
      }
      by_hand$layers[[l]] <- layer
    }
  }
  for (more in list(list(), list(clip_norm = 1e6), list(max_norm = 1e6), list(threads = 2))) {
    trained <- do.call(fit, c(list(optimizer = opt_sgd(0.02), epochs = 2), more))$network
    for (l in 1:2) {
      for (part in c("weight", "bias")) {
        expect_close(trained$layers[[l]][[part]], by_hand$layers[[l]][[part]], 1e-5)
      }
    }
    for (part in embedding_parts) {
      moved <- by_hand$layers[[1]]$embedding[[part]] - start$layers[[1]]$embedding[[part]]
      own <- trained$layers[[1]]$embedding[[part]] - start$layers[[1]]$embedding[[part]]
      expect_close(own, moved, 1e-4, info = part)
    }
  }
})

test_that("batches beyond a pass, limits and averages serve it as they serve the rest", {
  rows <- rep(seq_len(n), 15)
  big <- function(...) {
    set.seed(1)
    mlp_fit(encoded[rows, ], data$y[rows], numeric_embedding = embed_periodic(4, 3), hidden_units = 8,
            epochs = 2, shuffle = FALSE, verbose = FALSE, ...)
  }
  whole <- big(batch_size = Inf)
  doubled <- big(batch_size = Inf, clip_norm = 1e6)
  expect_equal(coef(whole), coef(doubled), tolerance = 1e-5)
  limited <- big(batch_size = 64, clip_norm = 1e-3, ema_decay = 0.9, max_norm = 2, dropout = 0.1)
  expect_true(all(is.finite(unlist(coef(limited)))))
})

test_that("results are the same at any number of threads", {
  fits <- lapply(c(1, 2, 3, 8), function(threads) {
    set.seed(1)
    fit <- mlp_fit(y ~ ., data[rep(seq_len(n), 20), ], numeric_embedding = embed_periodic(), epochs = 1,
                   hidden_units = c(300, 300), batch_size = 512, optimizer = opt_adam(0.001),
                   threads = threads, verbose = FALSE)
    list(coef(fit), predict(fit, data, threads = threads))
  })
  for (fit in fits[-1]) expect_identical(fit, fits[[1]])
})

test_that("training goes on, and what coef() gives starts another fit", {
  settings <- list(optimizer = opt_adam(0.01), input_scale = TRUE, validation = 0.2, patience = 9)
  fit <- function(epochs, ...) do.call(embedded_fit, c(settings, list(epochs = epochs), ...))
  whole <- fit(6)
  expect_identical(coef(mlp_continue(fit(3), data, epochs = 3)), coef(whole))
  again <- fit(1, list(init = coef(whole), shuffle = FALSE))
  expect_identical(dim(coef(again)[[1]]$weight), dim(coef(whole)[[1]]$weight))
  still <- embedded_fit(init = coef(embedded_fit()), optimizer = opt_sgd(1e-30), epochs = 1)
  expect_equal(coef(still), coef(embedded_fit()), tolerance = 1e-6)
})

test_that("waves help to learn what bends", {
  x <- matrix(seq(-2, 2, length.out = 400))
  y <- sin(8 * x[, 1])
  error <- function(...) {
    set.seed(1)
    fit <- mlp_fit(x, y, hidden_units = 16, epochs = 60, batch_size = 40, optimizer = opt_adam(0.01),
                   verbose = FALSE, ...)
    mean((predict(fit, x)$.pred - y)^2)
  }
  expect_lt(error(numeric_embedding = embed_periodic(16, 4, sd = 1)), error() / 4)
})

test_that("where there are no numbers nothing is embedded", {
  fit <- small_fit(y ~ f, data, numeric_embedding = embed_periodic())
  expect_null(fit$network$layers[[1]]$embedding)
  expect_null(small_fit(y ~ l, data, numeric_embedding = embed_periodic())$network$layers[[1]]$embedding)
})

test_that("bad embeddings are refused, and fits with edited ones", {
  fit <- embedded_fit()
  other <- coef(fit)
  other[[1]]$embedding$bias <- other[[1]]$embedding$bias[1, , drop = FALSE]
  expect_conditions({
    embed_periodic(0)
    embed_periodic(dim = 1)
    embed_periodic(sd = 0)
    small_fit(y ~ ., data, numeric_embedding = "periodic")
    small_fit(y ~ ., data, numeric_embedding = embed_periodic(), optimizer = opt_lbfgs())
    small_fit(y ~ ., data, rate_factors = c(embedding = 2))
    embedded_fit(init = other)
    small_fit(y ~ a, data, init = other)
  })
  for (part in c("frequency", "phase", "weight", "bias", "columns", "inputs")) {
    edited <- fit
    edited$network$layers[[1]]$embedding[[part]] <- 1
    expect_error(predict(edited, data), class = "fastmlp_error_model")
  }
  expect_output(print(fit), "With periodic embeddings of numbers")
  expect_identical(summary(fit)$layers$parameters[1], 4L * 14L + 3L * (2L * 5L + 2L * 5L + 2L))
})
