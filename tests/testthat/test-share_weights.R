# Ensembles that share weights, against plain R, differences of the loss, and networks alone.

sgd_update <- function(optimizer, factors = c(), decay = 0) {
  function(p, g, state, part, step) {
    optimizer$learn_rate <- optimizer$learn_rate * (if (part %in% names(factors)) factors[[part]] else 1)
    limits <- no_limits
    limits$penalty <- decay
    moved <- reference_update(p, g, state %||% 0, part == "weight", optimizer, limits)
    list(value = moved$value, state = moved$velocity)
  }
}

adam_update <- function(optimizer) {
  function(p, g, state, part, step) {
    m <- optimizer$beta1 * (state$m %||% 0) + (1 - optimizer$beta1) * g
    v <- optimizer$beta2 * (state$v %||% 0) + (1 - optimizer$beta2) * g^2
    corrected <- list(m = m / (1 - optimizer$beta1^step), v = v / (1 - optimizer$beta2^step))
    decay <- if (part == "weight") optimizer$learn_rate * (optimizer$weight_decay %||% 0) else 0
    moved <- optimizer$learn_rate * corrected$m / (sqrt(corrected$v) + optimizer$epsilon)
    list(value = (1 - decay) * p - moved, state = list(m = m, v = v))
  }
}

expect_same_training <- function(variants, x, y, loss, update, ..., epochs, batch_size, tolerance = 1e-5,
                                 info = "") {
  expected <- reference_shared_training(variants, x, y, loss, update, epochs, batch_size)
  actual <- train_shared(variants, x, y, loss, ..., epochs = epochs, batch_size = batch_size)
  expect_close(actual$history$train_loss, expected$history, 1e-5, info = info)
  expect_close(learned_parts(actual$variants), learned_parts(expected$variants), tolerance, info = info)
}

# Two hidden layers whose sizes are no multiples of 16, and wide ones.
shared_sizes <- list(c(5, 7, 6, 3), c(20, 40, 70, 3), c(3, 150, 3))

test_that("steps of plain descent are those of plain R", {
  set.seed(51)
  for (sizes in shared_sizes) {
    x <- exact_normal(90, sizes[1])
    y <- sample.int(3, 90, replace = TRUE)
    variants <- shared_variants(3, sizes)
    info <- toString(sizes)
    for (epochs in c(1, 5)) {
      optimizer <- opt_sgd(0.1)
      expect_same_training(variants, x, y, "cross_entropy", sgd_update(optimizer), optimizer = optimizer,
                           epochs = epochs, batch_size = if (epochs == 1) 90 else 32, info = info)
    }
    optimizer <- opt_sgd(0.05, momentum = 0.9)
    expect_same_training(variants, x, y, "cross_entropy", sgd_update(optimizer, decay = 0.01),
                         optimizer = optimizer, penalty = 0.01, epochs = 4, batch_size = 45, info = info)
  }
})

test_that("steps of Adam are those of plain R", {
  set.seed(52)
  sizes <- c(20, 40, 70, 2)
  x <- exact_normal(90, sizes[1])
  y <- exact_normal(90, 2)
  variants <- shared_variants(3, sizes)
  adam <- opt_adam(0.01, epsilon = 1e-3)
  for (optimizer in list(adam, opt_adamw(0.01, weight_decay = 0.1, epsilon = 1e-3))) {
    expect_same_training(variants, x, y, "squared", adam_update(optimizer), optimizer = optimizer,
                         epochs = 3, batch_size = 30, info = format(optimizer))
  }
})

test_that("batches of several passes are those of plain R", {
  set.seed(53)
  sizes <- c(6, 20, 18, 2)
  x <- exact_normal(2500, sizes[1])
  y <- exact_normal(2500, 2)
  optimizer <- opt_sgd(0.05, momentum = 0.5)
  expect_same_training(shared_variants(3, sizes), x, y, "squared", sgd_update(optimizer),
                       optimizer = optimizer, epochs = 2, batch_size = 1250)
})

test_that("rates of the scales have a factor of their own", {
  set.seed(54)
  sizes <- c(6, 20, 2)
  x <- exact_normal(60, sizes[1])
  y <- exact_normal(60, 2)
  optimizer <- opt_sgd(0.05)
  factors <- c(bias = 0.5, input_scale = 3, unit_scale = 3)
  expect_same_training(shared_variants(2, sizes), x, y, "squared", sgd_update(optimizer, factors),
                       optimizer = optimizer, rate_factors = c(bias = 0.5, member_scale = 3),
                       share_weights = TRUE, epochs = 3, batch_size = 30)
})

test_that("the gradient's norm is that of all parameters, each counted once", {
  set.seed(55)
  sizes <- c(6, 20, 18, 2)
  x <- exact_normal(60, sizes[1])
  y <- exact_normal(60, 2)
  variants <- shared_variants(3, sizes)
  gradient <- reference_shared_gradient(variants, x, y, "squared")$gradient
  for (l in 1:2) for (i in 2:3) gradient[[i]][[l]]$weight <- NULL
  norm <- sqrt(sum(unlist(gradient)^2))
  rate <- 0.1
  free <- train_shared(variants, x, y, "squared", optimizer = opt_sgd(rate), epochs = 1, batch_size = 60)
  half <- train_shared(variants, x, y, "squared", optimizer = opt_sgd(2 * rate), epochs = 1, batch_size = 60,
                       clip_norm = norm / 2)
  expect_close(learned_parts(half$variants), learned_parts(free$variants), 1e-5)
})

# ---- what else a layer may have ----

# The mean loss of the variants, by the engine's passes in training.
shared_loss <- function(variants, x, y) {
  mean(vapply(variants, function(layers) mlp_gradient(as_network(layers), x, y, training = TRUE)$loss, 1))
}

# One step of plain descent at a rate of 1 takes away the gradient.
step_gradient <- function(variants, x, y, ...) {
  moved <- train_shared(variants, x, y, "squared", optimizer = opt_sgd(1), epochs = 1, batch_size = nrow(x),
                        ...)$variants
  function(i, l, part) variants[[i]][[l]][[part]] - moved[[i]][[l]][[part]]
}

expect_differences <- function(variants, x, y, l, part, shared = FALSE) {
  gradient <- step_gradient(variants, x, y)(2, l, part)
  at <- unique(round(seq(1, length(gradient), length.out = 6)))
  difference <- vapply(at, function(j) {
    moved <- function(by) {
      for (i in if (shared) seq_along(variants) else 2) {
        variants[[i]][[l]][[part]][j] <<- variants[[i]][[l]][[part]][j] + by
      }
      loss <- shared_loss(variants, x, y)
      for (i in if (shared) seq_along(variants) else 2) {
        variants[[i]][[l]][[part]][j] <<- variants[[i]][[l]][[part]][j] - by
      }
      loss
    }
    (moved(4e-3) - moved(-4e-3)) / 8e-3
  }, 1)
  expect_lt(max(abs(gradient[at] - difference)) / max(abs(gradient)), 5e-3, label = paste(l, part))
}

test_that("gradients agree with differences of the loss, with everything on", {
  set.seed(56)
  sizes <- c(7, 7, 7, 2)
  x <- exact_normal(40, 7)
  y <- exact_normal(40, 2)
  variants <- shared_variants(3, sizes, normalization = c("layer", "none"), residual = TRUE,
                              parametric_activation = TRUE)
  for (l in 1:2) {
    for (part in c("bias", "input_scale", "unit_scale", "slope")) {
      expect_differences(variants, x, y, l, part)
    }
    expect_differences(variants, x, y, l, "weight", shared = TRUE)
  }
  expect_differences(variants, x, y, 3, "weight")
})

test_that("embeddings learn from all", {
  set.seed(57)
  x <- exact_normal(40, 3)
  y <- exact_normal(40, 1)
  embedded <- mlp_network(3, c(9, 8), 1, "tanh", numeric_embedding = embed_periodic(4, 3, sd = 1))
  embedding <- embedded$layers[[1]]$embedding
  variants <- lapply(shared_variants(3, c(9, 9, 8, 1)), function(layers) {
    layers[[1]]$embedding <- embedding
    layers
  })
  moved <- step_gradient(variants, x, y)
  each <- lapply(variants, function(layers) {
    mlp_gradient(as_network(layers), x, y)$gradient[[1]]$embedding
  })
  for (j in 1:3) for (part in c("frequency", "phase", "weight", "bias")) {
    mean <- Reduce(`+`, lapply(each, function(gradient) gradient[[j]][[part]])) / 3
    for (i in c(1, 3)) {
      actual <- embedding[[j]][[part]] - train_shared(
        variants, x, y, "squared", optimizer = opt_sgd(1), epochs = 1, batch_size = 40
      )$variants[[i]][[1]]$embedding[[j]][[part]]
      expect_close(actual, mean, 1e-4, info = part)
    }
  }
})

test_that("one variant whose scales are 1 is the network alone", {
  set.seed(58)
  sizes <- c(20, 40, 70, 3)
  x <- exact_normal(90, sizes[1])
  y <- sample.int(3, 90, replace = TRUE)
  layers <- shared_variants(1, sizes)[[1]]
  for (l in 1:2) layers[[l]]$input_scale[] <- layers[[l]]$unit_scale[] <- 1
  settings <- list(optimizer = opt_adam(0.01), epochs = 1, batch_size = 90)
  shared <- do.call(train_shared, c(list(list(layers), x, y, "cross_entropy"), settings))
  options <- do.call(plain_options, c(list(as_loss("cross_entropy"), 90, shuffle = FALSE, dropout = c(0, 0)),
                                      settings))
  set <- list(x = x, target = y)
  trainer <- .Call(fastmlp_train_open, as_network(layers)$layers, set, NULL, NULL, options, NULL)
  .Call(fastmlp_train_advance, trainer, 60)
  alone <- .Call(fastmlp_train_close, trainer)
  expect_identical(shared$history, alone$history)
  for (l in 1:3) {
    expect_equal(shared$variants[[1]][[l]][c("weight", "bias")], alone$network[[l]][c("weight", "bias")],
                 tolerance = 1e-6)
  }
})

# ---- threads and instruction sets ----

test_that("the same seed gives the same members at any number of threads", {
  set.seed(59)
  x <- matrix(rnorm(1300 * 60), 1300)
  y <- factor(sample.int(5, 1300, replace = TRUE))
  fit <- function(threads, ...) {
    set.seed(1)
    mlp_fit(x, y, preset = "plain", epochs = 2, ensemble = 3, share_weights = TRUE, threads = threads,
            optimizer = opt_adam(), verbose = FALSE, ...)
  }
  cases <- list(
    list(hidden_units = c(150, 55), dropout = 0.2, validation = 0.2),
    list(hidden_units = c(40, 40), residual = TRUE, normalization = c("batch", "layer"), ema_decay = 0.9),
    list(hidden_units = 130, batch_size = 1280, clip_norm = 0.1, parametric_activation = TRUE),
    list(hidden_units = c(64, 64), numeric_embedding = embed_periodic(), init = init_data_driven(),
         parametrization = "ntk", input_noise = 0.1)
  )
  for (case in cases) {
    expect_same_for_threads(function(n) unclass(do.call(fit, c(n, case)))[c("members", "history")])
  }
})

test_that("every instruction set agrees with plain R", {
  best <- mlp_info()$simd
  sets <- c("portable", "avx2", "avx512", "neon")
  for (simd in sets[seq_len(match(best, sets))]) {
    if (best == "neon" && simd %in% c("avx2", "avx512")) next
    code <- c(
      deparse(substitute({
        helpers <- file.path(folder, c("helper.R", "helper-reference.R", "helper-share_weights.R"))
        env <- new.env(parent = asNamespace("fastmlp"))
        library(testthat)
        for (file in helpers) sys.source(file, env)
        evalq({
          set.seed(60)
          sizes <- c(20, 40, 70, 3)
          x <- exact_normal(90, 20)
          y <- sample.int(3, 90, replace = TRUE)
          variants <- shared_variants(3, sizes)
          optimizer <- opt_sgd(0.1)
          update <- function(p, g, state, part, step) list(value = p - 0.1 * g, state = NULL)
          expected <- reference_shared_training(variants, x, y, "cross_entropy", update, 3, 45)
          actual <- train_shared(variants, x, y, "cross_entropy", optimizer = optimizer, epochs = 3,
                                 batch_size = 45)
          errors <- relative_errors(learned_parts(actual$variants), learned_parts(expected$variants))
          cat(mlp_info()$simd, max(errors) < 1e-5)
        }, env)
      }, list(folder = normalizePath("."))))
    )
    expect_identical(in_new_process(paste(code, collapse = "\n"), c(FASTMLP_SIMD = simd)),
                     paste(simd, "TRUE"), info = simd)
  }
})

# ---- fits ----

shared_fit <- function(..., ensemble = 3, epochs = 4, hidden_units = c(12, 9)) {
  small_fit(..., ensemble = ensemble, share_weights = TRUE, epochs = epochs, hidden_units = hidden_units,
            optimizer = opt_adam(0.01))
}

# Whether the members' weights of a layer are one matrix with scaled rows and columns: ratios of rank one.
share_a_matrix <- function(fit, l) {
  ratio <- fit$members[[2]]$layers[[l]]$weight / fit$members[[1]]$layers[[l]]$weight
  singular <- svd(ratio)$d
  isTRUE(singular[2] < 1e-4 * singular[1])
}

test_that("members are networks whose hidden weights differ by scales, and predictions are their mean", {
  for (y in list(iris$Sepal.Length, iris$Species)) {
    fit <- shared_fit(iris_x[, -1], y, standardize = "zscore")
    expect_length(fit$members, 3)
    expect_identical(fit$network, fit$members[[1]])
    expect_true(share_a_matrix(fit, 1) && share_a_matrix(fit, 2))
    expect_false(share_a_matrix(fit, 3))
    expect_false(isTRUE(all.equal(fit$members[[1]]$layers[[1]], fit$members[[2]]$layers[[1]])))
    type <- if (is.factor(y)) "prob" else "numeric"
    each <- lapply(fit$members, function(network) {
      one <- fit
      one$network <- network
      one["members"] <- list(NULL)
      as.matrix(predict(one, iris_x[, -1], type = type))
    })
    expect_equal(as.matrix(predict(fit, iris_x[, -1], type = type)), Reduce(`+`, each) / 3, tolerance = 1e-5)
    expect_identical(shared_fit(iris_x[, -1], y, standardize = "zscore")$members, fit$members)
    again <- unserialize(serialize(fit, NULL))
    expect_identical(predict(again, iris_x[, -1]), predict(fit, iris_x[, -1]))
  }
})

test_that("the history has the ensemble's validation, and its best epoch is kept", {
  held <- seq(3, 150, by = 3)
  fit <- shared_fit(iris_x, iris$Species, epochs = 30, validation = held, patience = 30, dropout = 0.2,
                    standardize = "zscore", keep_epochs = 1:30)
  truth <- cbind(seq_along(held), as.integer(iris$Species[held]))
  loss <- vapply(1:30, function(epoch) {
    mean(-log(as.matrix(predict(fit, iris_x[held, ], type = "prob", epoch = epoch))[truth]))
  }, 1)
  told <- subset(fit$history, set == "validation" & metric == "loss")$value
  expect_equal(loss, told, tolerance = 1e-5)
  expect_identical(fit$training$kept_epoch, which.min(told))
  expect_identical(fit$training$validation_rows, 50L)
  expect_equal(predict(fit, iris_x), predict(fit, iris_x, epoch = which.min(told)))
})

test_that("all members hold the same rows where validation is a share", {
  fit <- shared_fit(iris_x, iris$Species, validation = 0.2, standardize = "zscore")
  set.seed(1)
  draw_key()
  held <- draw_rows(iris$Species, rep(10, 3))
  expect_equal(fit$standardize$center, colMeans(iris_x[-held, ]), ignore_attr = TRUE)
  expect_output(print(fit), "Ensemble of 3 networks that share weights, each with\n.*\nTrained on 120 rows")
})

test_that("the first scale is drawn by predictors", {
  set.seed(61)
  x <- data.frame(a = rnorm(30), f = factor(rep(letters[1:3], 10)), b = rnorm(30), two = factor(rep(1:2, 15)))
  expect_identical(features_read(x, NULL), c(1L, 2L, 2L, 2L, 3L, 4L))
  settings <- list(numeric_embedding = embed_periodic(dim = 3), factor_embedding = embed_factors(dim = 2))
  coded <- embedded_columns(x, "f")
  expect_equal(features_read(coded, embedding_plan(settings, coded, 4)), c(1, 3, 4, 1, 1, 3, 3, 2, 2))
  expect_setequal(drawn_scale(x, NULL), c(-1, 1))
  scale <- drawn_scale(coded, embedding_plan(settings, coded, 4))
  expect_length(unique(scale), 4)
  expect_identical(scale[1], scale[4])
  expect_identical(features_read(as.matrix(iris[1:4]), NULL), 1:4)
})

test_that("layers start as the data ask for", {
  set.seed(62)
  x <- matrix(rnorm(2000), 500)
  settings <- plain_settings()
  settings[c("hidden_units", "share_weights", "init")] <- list(c(20L, 15L), TRUE, init_data_driven())
  settings <- per_layer_settings(settings, NULL)
  shape <- c(list(sizes = c(4L, 20L, 15L, 2L)), settings["input_scale"])
  start <- function(first) initial_network(shape, settings, draw_key(), list(x = x), NULL, 1, first)()$layers
  first <- start(NULL)
  other <- start(first)
  expect_identical(other[[1]]$weight, first[[1]]$weight)
  expect_identical(other[[2]]$weight, first[[2]]$weight)
  expect_false(identical(other[[3]]$weight, first[[3]]$weight))
  expect_false(identical(other[[2]]$bias, first[[2]]$bias))
  z <- inputs_of_units(first[1:2], settings$activation, x, NULL, 1L)
  expect_equal(apply(sweep(z, 2, first[[2]]$bias), 2, sd), rep(1, 15), tolerance = 1e-5)
})

test_that("presets give way", {
  fit <- small_fit(Species ~ ., iris, preset = "fast", ensemble = 2, share_weights = TRUE)
  expect_false(fit$arguments$input_scale)
  expect_true(fit$training$refit)
  expect_setequal(names(fit$arguments$rate_factors), c("bias", "member_scale", "activation", "embedding"))
})

test_that("sparse rows, embedded factors, ordered classes and running averages go with it", {
  skip_if_not_installed("Matrix")
  sparse <- Matrix::Matrix(iris_x * (iris_x > 2), sparse = TRUE)
  dense <- shared_fit(as.matrix(sparse), iris$Species)
  expect_identical(shared_fit(sparse, iris$Species)$members, dense$members)
  chicken <- transform(ChickWeight, Chick = factor(as.character(Chick)))
  fit <- shared_fit(weight ~ Time + Chick, chicken, factor_embedding = embed_factors(dim = 2),
                    standardize_outcome = TRUE, ema_decay = 0.9)
  expect_identical(fit$members[[1]]$layers[[1]]$embedding, fit$members[[3]]$layers[[1]]$embedding)
  expect_length(predict(fit, chicken)$.pred, nrow(chicken))
  fit <- shared_fit(iris_x, factor(iris$Species, ordered = TRUE), loss = "ordinal")
  expect_length(unique(predict(fit, iris_x)$.pred_class), 3)
})

test_that("pictures, explanations and tables take them", {
  fit <- shared_fit(Species ~ ., iris)
  expect_identical(unique(tidy(fit)$member), 1:3)
  expect_length(coef(fit), 3)
  expect_s3_class(autoplot(fit, type = "weights", member = 2), "ggplot")
  expect_true(all(is.finite(mlp_importance(fit, iris, iris$Species)$importance)))
  expect_error(mlp_continue(fit, iris), class = "fastmlp_error")
})

test_that("the loss falls, and an ensemble is better than its members", {
  set.seed(63)
  train <- iris[c(TRUE, FALSE), ]
  fit <- shared_fit(Species ~ ., train, epochs = 60, ensemble = 8, standardize = "zscore")
  loss <- subset(fit$history, metric == "loss")$value
  expect_lt(utils::tail(loss, 1), 0.2 * loss[1])
  expect_gt(mean(predict(fit, iris)$.pred_class == iris$Species), 0.93)
})

test_that("what does not go with it is refused", {
  fit <- function(...) {
    mlp_fit(Species ~ ., iris, preset = "plain", epochs = 1, verbose = FALSE, share_weights = TRUE, ...)
  }
  expect_conditions({
    fit()
    fit(ensemble = 2, hidden_units = integer())
    fit(ensemble = 2, input_scale = TRUE)
    fit(ensemble = 2, max_norm = 3)
    fit(ensemble = 2, optimizer = opt_lbfgs())
    fit(ensemble = 2, callbacks = list(on_epoch_end = function(state) NULL))
    fit(ensemble = 2, init = list())
    mlp_fit(Species ~ ., iris, share_weights = NA, ensemble = 2)
    mlp_fit(Species ~ ., iris, preset = "plain", rate_factors = c(member_scale = 2))
  })
})
