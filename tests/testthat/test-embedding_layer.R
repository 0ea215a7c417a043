data <- embedding_data
n <- nrow(data)
encoded <- encoded_data
specs <- embedding_specs

test_that("the gradient is that of the loss, for every parameter and the inputs", {
  for (spec in specs) {
    network <- moved_fit(spec, hidden_units = c(20, 6), activation = "tanh", input_scale = TRUE)$network
    x <- encoded[1:30, ]
    x[1, 7] <- 0
    y <- data$y[1:30]
    result <- mlp_gradient(network, x, y, wrt = "input")
    value <- function(network, x) {
      h <- reference_embedding(x, embedding_of(network))
      h <- sweep(h, 2, network$layers[[1]]$input_scale, `*`)
      for (layer in network$layers) {
        h <- sweep(h %*% layer$weight, 2, layer$bias, `+`)
        if (layer$activation != "identity") h <- tanh(h)
      }
      mean((h - y)^2) / 2
    }
    scale <- result$loss / value(network, x)
    for (i in seq_along(embedding_of(network))) {
      own <- embedding_of(network)[[i]]
      expect_identical(names(result$gradient[[1]]$embedding[[i]]), parts_of(own))
      for (part in parts_of(own)) {
        f <- function(values) {
          network$layers[[1]]$embedding[[i]][[part]][] <- values
          scale * value(network, x)
        }
        slope <- numeric_slope(f, as.vector(own[[part]]))
        expect_close(as.vector(result$gradient[[1]]$embedding[[i]][[part]]), slope, 3e-4,
                     info = paste(own$kind, part))
      }
    }
    f <- function(values) {
      network$layers[[1]]$weight[] <- values
      scale * value(network, x)
    }
    slope <- numeric_slope(f, as.vector(network$layers[[1]]$weight))
    expect_close(as.vector(result$gradient[[1]]$weight), slope, 2e-4)
    # Away from edges, where the slope jumps, and from codes, which have none.
    away <- x[, -7]
    away[, 7] <- away[, 7] + 0.123
    with_codes <- function(values) cbind(values[, 1:6], x[, 7], values[, 7])
    slope <- numeric_slope(function(values) {
      scale * value(network, with_codes(matrix(values, nrow(x))))
    }, as.vector(away), 1e-6)
    input <- mlp_gradient(network, with_codes(away), y, wrt = "input")$input
    expect_close(as.vector(input[, -7]), slope, 3e-4)
    expect_identical(input[, 7], rep(0, 30))
  }
})

test_that("its parameters move by their own rates, without decay", {
  step <- function(...) {
    embedded_fit(optimizer = opt_sgd(0.1, weight_decay = 0.5), batch_size = n, shuffle = FALSE, ...,
                 epochs = 1)
  }
  start <- embedded_fit(optimizer = opt_sgd(1e-30), epochs = 1)$network
  gradient <- mlp_gradient(start, encoded, data$y)$gradient[[1]]$embedding
  before <- embedding_of(start)
  for (factor in c(1, 0.1)) {
    fit <- step(rate_factors = c(embedding = factor, factor_embedding = factor / 2))
    after <- embedding_of(fit$network)
    for (i in seq_along(after)) {
      rate <- if (after[[i]]$kind == "factor") 0.05 * factor else 0.1 * factor
      for (part in parts_of(after[[i]])) {
        expect_equal(after[[i]][[part]], before[[i]][[part]] - rate * gradient[[i]][[part]],
                     tolerance = 1e-5)
      }
    }
  }
})

# Layers after a step along their gradient; rates by parts.
step_by_hand <- function(layers, gradient, rate) {
  moved <- function(own, along, rate) {
    for (part in names(along)) own[[part]] <- own[[part]] - rate * along[[part]]
    own
  }
  for (l in seq_along(layers)) {
    along <- gradient[[l]]
    layers[[l]] <- moved(layers[[l]], along[intersect(names(along), c("weight", "bias"))], rate)
    layers[[l]] <- moved(layers[[l]], along["input_scale"[!is.null(along$input_scale)]], 10 * rate)
    layers[[l]]$embedding <- if (!is.null(along$embedding)) {
      Map(moved, layers[[l]]$embedding, along$embedding, rate)
    }
  }
  layers
}

test_that("training follows the gradient step by step, with scaled inputs and limits, too", {
  for (spec in specs) {
    fit <- function(...) {
      embedded_fit(spec = spec, input_scale = TRUE, activation = "tanh", batch_size = 30, shuffle = FALSE,
                   rate_factors = c(input_scale = 10), ...)
    }
    start <- fit(optimizer = opt_sgd(1e-30), epochs = 1)$network
    by_hand <- start
    for (step in 1:6) {
      rows <- (step - 1) %% 3 * 30 + 1:30
      gradient <- mlp_gradient(by_hand, encoded[rows, ], data$y[rows])$gradient
      by_hand$layers <- step_by_hand(by_hand$layers, gradient, 0.02)
    }
    for (more in list(list(), list(clip_norm = 1e6), list(max_norm = 1e6), list(threads = 2))) {
      trained <- do.call(fit, c(list(optimizer = opt_sgd(0.02), epochs = 2), more))$network
      for (l in 1:2) {
        for (part in c("weight", "bias")) {
          expect_close(trained$layers[[l]][[part]], by_hand$layers[[l]][[part]], 1e-5)
        }
      }
      for (i in seq_along(embedding_of(start))) {
        own <- embedding_of(start)[[i]]
        for (part in parts_of(own)) {
          moved <- embedding_of(by_hand)[[i]][[part]] - own[[part]]
          expect_close(embedding_of(trained)[[i]][[part]] - own[[part]], moved, 3e-4,
                       info = paste(own$kind, part))
        }
      }
    }
  }
})

test_that("rows of a table that no row of the data uses move on by their moments", {
  # Batches hold the levels 1 to 5 in turn; Adam by its formulas.
  frame <- data.frame(g = factor(rep(1:5, each = 2), 1:5), y = c(1, 2, -1, 0, 3, 1, 2, 2, -2, 1))
  fit <- function(epochs, optimizer) {
    set.seed(1)
    mlp_fit(y ~ g, frame, preset = "plain", hidden_units = integer(), batch_size = 2, shuffle = FALSE,
            factor_embedding = embed_factors(3, min_levels = 5), epochs = epochs, optimizer = optimizer)
  }
  at <- fit(1, opt_sgd(1e-30))$network
  moments <- list(m = 0 * embedding_of(at)[[1]]$table, v = 0 * embedding_of(at)[[1]]$table)
  others <- list(m = rep(0, 4), v = rep(0, 4))
  for (step in 1:15) {
    rows <- ((step - 1) * 2) %% 10 + 1:2
    codes <- matrix(as.double(frame$g[rows]))
    gradient <- mlp_gradient(at, codes, frame$y[rows])$gradient[[1]]
    adam <- function(value, g, of) {
      m <- 0.9 * of$m + 0.1 * g
      v <- 0.999 * of$v + 0.001 * g^2
      list(value = value - 0.01 * (m / (1 - 0.9^step)) / (sqrt(v / (1 - 0.999^step)) + 1e-8), m = m, v = v)
    }
    table <- adam(embedding_of(at)[[1]]$table, gradient$embedding[[1]]$table, moments)
    dense <- adam(c(at$layers[[1]]$weight, at$layers[[1]]$bias), c(gradient$weight, gradient$bias), others)
    moments <- table[c("m", "v")]
    others <- dense[c("m", "v")]
    at$layers[[1]]$embedding[[1]]$table <- table$value
    at$layers[[1]]$weight[] <- dense$value[1:3]
    at$layers[[1]]$bias <- dense$value[4]
  }
  expect_equal(embedding_of(fit(3, opt_adam(0.01))$network)[[1]]$table, embedding_of(at)[[1]]$table,
               tolerance = 1e-5)
})

test_that("batches beyond a pass, limits and averages serve it as they serve the rest", {
  rows <- rep(seq_len(n), 15)
  big <- function(spec, ...) {
    set.seed(1)
    mlp_fit(data[rows, 1:6], data$y[rows], preset = "plain", numeric_embedding = spec, hidden_units = 8,
            factor_embedding = embed_factors(3), epochs = 2, shuffle = FALSE, verbose = FALSE, ...)
  }
  for (spec in specs) {
    whole <- big(spec, batch_size = Inf)
    doubled <- big(spec, batch_size = Inf, clip_norm = 1e6)
    expect_equal(coef(whole), coef(doubled), tolerance = 1e-5)
    limited <- big(spec, batch_size = 64, clip_norm = 1e-3, ema_decay = 0.9, max_norm = 2, dropout = 0.1)
    expect_true(all(is.finite(predict(limited, data)$.pred)))
  }
})

test_that("noise leaves codes alone, and dropout drops them", {
  frame <- data.frame(g = factor(rep(1:9, 20)), a = rnorm(180))
  y <- as.integer(frame$g) %% 2
  fit <- function(...) {
    set.seed(1)
    mlp_fit(frame, y, preset = "plain", hidden_units = 8, epochs = 60, batch_size = 20,
            optimizer = opt_adam(0.02), factor_embedding = embed_factors(2), ...)
  }
  expect_lt(mean((predict(fit(input_noise = 5), frame)$.pred - y)^2), 0.01)
  dropped <- fit(input_dropout = 0.5)
  expect_lt(mean((predict(dropped, frame)$.pred - y)^2), 0.1)
  # What is left of it is the mean.
  unknown <- mlp_forward(dropped$network, cbind(0, frame$a))
  expect_lt(abs(mean(unknown) - mean(y)), 0.1)
})

test_that("results are the same at any number of threads", {
  frame <- data[rep(seq_len(n), 20), ]
  frame$h <- factor(sample(3000, nrow(frame), TRUE), 1:3000)
  for (spec in specs) {
    expect_same_for_threads(function(threads) {
      set.seed(1)
      fit <- mlp_fit(y ~ ., frame, preset = "plain", numeric_embedding = spec,
                     factor_embedding = embed_factors(5), epochs = 1,
                     hidden_units = c(300, 300), batch_size = 512, optimizer = opt_adam(0.001),
                     threads = threads, verbose = FALSE)
      list(coef(fit), predict(fit, frame, threads = threads))
    })
  }
})

test_that("training goes on, and what coef() gives starts another fit", {
  for (spec in specs) {
    settings <- list(spec = spec, optimizer = opt_adam(0.01), input_scale = TRUE, validation = 0.2,
                     patience = 9)
    fit <- function(epochs, ...) do.call(embedded_fit, c(settings, list(epochs = epochs), ...))
    whole <- fit(6)
    expect_identical(coef(mlp_continue(fit(3), data, epochs = 3)), coef(whole))
    again <- fit(1, list(init = coef(whole), shuffle = FALSE))
    expect_identical(dim(coef(again)[[1]]$weight), dim(coef(whole)[[1]]$weight))
    moved <- moved_fit(spec)
    still <- embedded_fit(spec = spec, init = coef(moved), optimizer = opt_sgd(1e-30), epochs = 1)
    expect_equal(coef(still), coef(moved), tolerance = 1e-6)
    file <- withr::local_tempfile()
    saveRDS(moved, file)
    expect_identical(predict(readRDS(file), data), predict(moved, data))
  }
})

test_that("checkpoints and ensembles hold it", {
  for (spec in specs) {
    path <- withr::local_tempfile()
    breaking <- list(on_epoch_begin = function(state) {
      if (state$epoch == 3 && Sys.getenv("FASTMLP_TEST_BREAK") == "yes") stop("broken off")
    })
    fit <- function(...) embedded_fit(spec = spec, optimizer = opt_adam(0.01), epochs = 4, ...)
    withr::with_envvar(c(FASTMLP_TEST_BREAK = "yes"), {
      expect_error(fit(checkpoint = path, callbacks = breaking), class = "fastmlp_error_callback")
    })
    expect_identical(coef(fit(checkpoint = path, callbacks = breaking)), coef(fit()))
    two <- fit(ensemble = 2)
    expect_length(coef(two), 2)
    expect_identical(rownames(coef(two)[[2]][[1]]$embedding$g$table), LETTERS[1:20])
    expect_true(all(is.finite(predict(two, data)$.pred)))
  }
})

test_that("L-BFGS trains it", {
  for (spec in specs) {
    set.seed(1)
    fit <- mlp_fit(y ~ ., data, preset = "plain", hidden_units = 5, activation = "tanh", epochs = 60,
                   numeric_embedding = spec, factor_embedding = embed_factors(2), standardize = "zscore",
                   penalty = 1e-3, optimizer = opt_lbfgs())
    loss <- fit$history$value[fit$history$metric == "loss"]
    expect_lt(tail(loss, 1), loss[1] / 50)
    x <- encoded
    numbers <- fit$standardize$scale > 0
    x[, numbers] <- sweep(sweep(x, 2, fit$standardize$center), 2, fit$standardize$scale, `/`)[, numbers]
    expect_equal(mlp_gradient(fit$network, x, data$y)$loss, tail(loss, 1), tolerance = 1e-5)
    # Without penalty on it: at a minimum its gradient is small by itself.
    still <- unlist(mlp_gradient(fit$network, x, data$y)$gradient[[1]]$embedding)
    expect_lt(max(abs(still)), 0.05)
  }
})
