set.seed(4)
n <- 90
data <- data.frame(a = rnorm(n), f = factor(sample(letters[1:3], n, TRUE)), b = rexp(n), l = rnorm(n) > 0,
                   g = factor(sample(LETTERS[1:20], n, TRUE)), c = sample(5L, n, TRUE))
data$y <- sin(3 * data$a) + (data$f == "b") + data$b + as.integer(data$g) / 5

# All kinds: f is one-hot, g is embedded.
specs <- list(periodic = embed_periodic(5, 3, sd = 0.5), piecewise = embed_piecewise(6, 3))

embedded_fit <- function(..., epochs = 3, spec = specs$periodic, factors = embed_factors(2)) {
  small_fit(y ~ ., data, numeric_embedding = spec, factor_embedding = factors, epochs = epochs, ...)
}

# A fit with piecewise weights that are not 0 any more.
moved_fit <- function(spec, ...) embedded_fit(spec = spec, optimizer = opt_adam(0.05), epochs = 10, ...)

# What the first layer reads, by the formulas.
reference_values <- list(
  periodic = function(x, own) {
    angle <- sweep(2 * pi * outer(x, own$frequency), 2, own$phase, `+`)
    sweep(cos(angle) %*% own$weight, 2, own$bias, `+`)
  },
  piecewise = function(x, own) {
    bins <- length(own$edges) - 1
    through <- vapply(seq_len(bins), function(t) {
      share <- (x - own$edges[t]) / (own$edges[t + 1] - own$edges[t])
      if (t > 1) share <- pmax(share, 0)
      if (t < bins) pmin(share, 1) else share
    }, x)
    through %*% own$weight
  },
  factor = function(x, own) {
    known <- x %in% seq_len(nrow(own$table))
    values <- matrix(0, length(x), ncol(own$table))
    values[known, ] <- own$table[x[known], ]
    values
  }
)

reference_embedding <- function(x, embedding) {
  values <- lapply(embedding, function(own) reference_values[[own$kind]](x[, own$column], own))
  replaced <- unlist(lapply(embedding, function(own) if (own$kind == "factor") own$column))
  do.call(cbind, c(list(x[, setdiff(seq_len(ncol(x)), replaced)]), unname(values)))
}

encoded <- cbind(a = data$a, fa = data$f == "a", fb = data$f == "b", fc = data$f == "c", b = data$b,
                 l = data$l, g = as.integer(data$g), c = data$c)

embedding_of <- function(network) network$layers[[1]]$embedding

parts_of <- function(own) setdiff(names(own), c("kind", "column", "edges"))

numeric_slope <- function(f, at, h = 1e-5) {
  rise <- function(i) f(replace(at, i, at[i] + h)) - f(replace(at, i, at[i] - h))
  vapply(seq_along(at), rise, 1) / (2 * h)
}

test_that("numbers and factors with many levels are embedded, by the formulas", {
  for (spec in specs) {
    fit <- moved_fit(spec)
    embedding <- embedding_of(fit$network)
    expect_identical(vapply(embedding, function(own) own$column, 1L), c(1L, 5L, 8L, 7L))
    layer <- fit$network$layers[[1]]
    expect_identical(dim(layer$weight), c(7L + 3L * 2L + 2L, 4L))
    expect_identical(fit$network$inputs, 8L)
    h <- pmax(sweep(reference_embedding(encoded, embedding) %*% layer$weight, 2, layer$bias, `+`), 0)
    last <- fit$network$layers[[2]]
    expect_equal(predict(fit, data)$.pred, as.vector(h %*% last$weight + last$bias), tolerance = 1e-5)
  }
  names <- rownames(coef(fit)[[1]]$weight)
  expect_identical(names[c(1, 7:9, 14:15)], c("a", "c", "a_piece1", "a_piece2", "g_value1", "g_value2"))
  expect_identical(names(coef(fit)[[1]]$embedding), c("a", "b", "c", "g"))
  expect_identical(rownames(coef(fit)[[1]]$embedding$g$table), LETTERS[1:20])
  expect_identical(rownames(coef(moved_fit(specs$periodic))[[1]]$weight)[8], "a_wave1")
})

test_that("which factors are embedded follows their levels", {
  first <- function(...) embedded_fit(spec = NULL, epochs = 1, ...)
  kinds <- function(fit) vapply(embedding_of(fit$network), function(own) own$column, 1L)
  expect_identical(kinds(first(factors = embed_factors(2, min_levels = 3))), c(2L, 5L))
  expect_identical(kinds(first(factors = embed_factors(2, min_levels = 20))), 7L)
  expect_null(embedding_of(first(factors = embed_factors(2, min_levels = 21))$network))
  by_frame <- small_fit(data[1:6], data$y, factor_embedding = embed_factors(2), epochs = 3)
  by_formula <- embedded_fit(spec = NULL)
  expect_identical(coef(by_frame), coef(by_formula))
  with_function <- small_fit(y ~ log(b) + g, data, factor_embedding = embed_factors(2), epochs = 1)
  expect_null(embedding_of(with_function$network))
})

test_that("the start has the stated distributions", {
  x <- data.frame(matrix(rnorm(400), 2), g = factor(1:2, 1:400))
  set.seed(1)
  fit <- mlp_fit(x, c(0, 1), preset = "plain", numeric_embedding = embed_periodic(16, 4, 0.1),
                 factor_embedding = embed_factors(8), epochs = 1, hidden_units = 1,
                 optimizer = opt_sgd(1e-30))
  e <- embedding_of(fit$network)
  all_of <- function(part) unlist(lapply(e[1:200], `[[`, part))
  expect_lt(abs(sd(all_of("frequency")) / 0.1 - 1), 0.05)
  expect_lt(abs(sd(all_of("phase")) / (pi / sqrt(3)) - 1), 0.05)
  expect_true(all(abs(c(all_of("weight"), all_of("bias"))) <= 0.25) && max(all_of("weight")) > 0.24)
  expect_lte(max(abs(all_of("phase"))), pi)
  expect_lt(abs(sd(e[[201]]$table) - 1), 0.05)
  expect_lt(abs(mean(e[[201]]$table)), 0.05)
})

test_that("bins lie at quantiles of the training rows alone, as the network gets them", {
  held <- data$a > 0.5
  still <- function(standardize) {
    fit <- embedded_fit(spec = embed_piecewise(4, 2), validation = held, standardize = standardize,
                        optimizer = opt_sgd(1e-30), epochs = 1)
    embedding_of(fit$network)
  }
  quantiles <- quantile(data$a[!held], 0:4 / 4, names = FALSE)
  expect_equal(still("none")[[1]]$edges, quantiles, tolerance = 1e-6)
  expect_true(all(abs(still("none")[[1]]$weight) < 1e-20))
  scaled <- (quantiles - mean(data$a[!held])) / sd(data$a[!held])
  expect_equal(still("zscore")[[1]]$edges, scaled, tolerance = 1e-6)
  u <- (quantiles - quantiles[3]) / (quantiles[4] - quantiles[2])
  expect_equal(still("robust_clip")[[1]]$edges, u / sqrt(1 + (u / 3)^2), tolerance = 1e-6)
  ties <- quantile(data$c[!held], 0:4 / 4, names = FALSE)
  expect_equal(still("none")[[3]]$edges, unique(ties), tolerance = 1e-6)
  expect_warning(
    constant <- mlp_fit(cbind(1, data$a), data$y, preset = "plain", epochs = 1,
                        numeric_embedding = embed_piecewise()),
    class = "fastmlp_warning_constant"
  )
  expect_identical(embedding_of(constant$network)[[1]]$edges, c(1, 2))
})

test_that("codes of factors are not standardised, and unknown ones give zeros", {
  for (standardize in c("zscore", "robust", "robust_clip", "global")) {
    fit <- embedded_fit(standardize = standardize)
    expect_identical(fit$standardize$scale[7], 0)
    expect_true(all(fit$standardize$scale[-7] > 0))
  }
  numbers <- as.matrix(data[c("a", "b", "c")])
  fit <- small_fit(y ~ a + b + c + g, data, factor_embedding = embed_factors(2), standardize = "global")
  expect_equal(fit$standardize$center[1:3], rep(mean(numbers), 3))
  network <- embedded_fit()$network
  x <- encoded[rep(1, 7), ]
  x[, 7] <- c(0, -1, 21, 1e9, -1e9, 0.5, 20)
  output <- mlp_forward(network, x)[, 1]
  expect_identical(output[1:6], rep(output[1], 6))
  expect_false(output[7] == output[1])
})

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
    fits <- lapply(c(1, 2, 3, 8), function(threads) {
      set.seed(1)
      fit <- mlp_fit(y ~ ., frame, preset = "plain", numeric_embedding = spec,
                     factor_embedding = embed_factors(5), epochs = 1,
                     hidden_units = c(300, 300), batch_size = 512, optimizer = opt_adam(0.001),
                     threads = threads, verbose = FALSE)
      list(coef(fit), predict(fit, frame, threads = threads))
    })
    for (fit in fits[-1]) expect_identical(fit, fits[[1]])
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

test_that("waves and bins help to learn what bends", {
  x <- matrix(seq(-2, 2, length.out = 400))
  y <- sin(8 * x[, 1])
  error <- function(...) {
    set.seed(1)
    fit <- mlp_fit(x, y, preset = "plain", hidden_units = 16, epochs = 60, batch_size = 40,
                   optimizer = opt_adam(0.01), verbose = FALSE, ...)
    mean((predict(fit, x)$.pred - y)^2)
  }
  plain <- error()
  expect_lt(error(numeric_embedding = embed_periodic(16, 4, sd = 1)), plain / 4)
  expect_lt(error(numeric_embedding = embed_piecewise(32, 4)), plain / 4)
})

test_that("a network of all numbers can be made without data", {
  set.seed(1)
  network <- mlp_network(3, 4, 2, numeric_embedding = embed_periodic(5, 3))
  expect_identical(dim(network$layers[[1]]$weight), c(9L, 4L))
  x <- matrix(rnorm(30), 10)
  read <- reference_embedding(x, embedding_of(network))
  h <- pmax(read %*% network$layers[[1]]$weight, 0)
  expect_equal(mlp_forward(network, x), h %*% network$layers[[2]]$weight, tolerance = 1e-5)
  again <- mlp_network(3, 4, 2, numeric_embedding = embed_periodic(5, 3), init = coef(network))
  expect_equal(mlp_forward(again, x), mlp_forward(network, x))
})

test_that("where there are no numbers nothing is embedded", {
  fit <- small_fit(y ~ f, data, numeric_embedding = embed_periodic(), factor_embedding = embed_factors())
  expect_null(embedding_of(fit$network))
  expect_null(embedding_of(small_fit(y ~ l, data, numeric_embedding = embed_periodic())$network))
})

test_that("bad embeddings are refused, and fits with edited ones", {
  fit <- embedded_fit()
  short <- coef(fit)
  short[[1]]$embedding$a$bias <- 1
  fewer <- coef(fit)
  fewer[[1]]$embedding$g$table <- fewer[[1]]$embedding$g$table[1:19, ]
  lost <- coef(fit)
  lost[[1]]$embedding$g <- NULL
  expect_conditions({
    embed_periodic(0)
    embed_periodic(dim = 1)
    embed_periodic(sd = 0)
    embed_piecewise(1)
    embed_piecewise(dim = 18)
    embed_factors(0)
    embed_factors(min_levels = 1)
    small_fit(y ~ ., data, numeric_embedding = "periodic")
    small_fit(y ~ ., data, numeric_embedding = embed_factors())
    small_fit(y ~ ., data, factor_embedding = 8)
    small_fit(y ~ ., data, factor_embedding = embed_periodic())
    small_fit(y ~ ., data, rate_factors = c(embedding = 2))
    small_fit(y ~ ., data, rate_factors = c(factor_embedding = 2))
    mlp_network(2, numeric_embedding = embed_piecewise())
    embedded_fit(init = short)
    embedded_fit(init = fewer)
    embedded_fit(init = lost)
    small_fit(y ~ a, data, init = short)
    predict(fit, transform(data, g = factor("Z")))
  })
  edited_part <- function(fit, i, part, value) {
    fit$network$layers[[1]]$embedding[[i]][[part]] <- value
    fit
  }
  for (spec in specs) {
    fit <- embedded_fit(spec = spec)
    for (i in c(1, 4)) {
      for (part in setdiff(names(embedding_of(fit$network)[[i]]), "frequency")) {
        for (value in list(1, NA, "1")) {
          expect_error(predict(edited_part(fit, i, part, value), data), class = "fastmlp_error_model")
        }
      }
    }
    expect_error(predict(edited_part(fit, 4, "column", 99L), data), class = "fastmlp_error_model")
    expect_error(predict(edited_part(fit, 4, "column", 1L), data), class = "fastmlp_error_model")
  }
  fit$standardize <- list(method = "zscore", center = rep(0, 8), scale = rep(1, 8))
  expect_error(predict(fit, data), class = "fastmlp_error_model")
})

test_that("print() and summary() tell of it", {
  fit <- embedded_fit()
  expect_output(print(fit), "With periodic embeddings of numbers, embeddings of factors")
  expect_identical(summary(fit)$layers$parameters[1], 4L * 16L + 3L * (2L * 5L + 2L * 5L + 2L) + 40L)
  expect_output(print(embedded_fit(spec = specs$piecewise)), "piecewise-linear embeddings of numbers")
  expect_output(print(embed_factors()), "embed_factors(dim = 8, min_levels = 9)", fixed = TRUE)
})
