# Everything with everything: what the features do alone, other tests show; here they meet, in random
# combinations and sizes.

# Some are wide, and a few of these, with embeddings, slopes or all rows in a batch among them, have more rows
# than a pass takes at once.
is_wide <- function(i) i %% 11 == 0
is_long <- function(i) i %% 55 == 0 || i %% 77 == 0

set_sizes <- function(i) {
  set.seed(1000 + i)
  inputs <- sample(2:9, 1)
  if (is_long(i)) return(list(rows = 1100, inputs = inputs, units = sample(150:200, 1), batch = 138))
  if (is_wide(i)) return(list(rows = 400, inputs = inputs, units = sample(150:200, 1), batch = 50))
  list(rows = sample(150:300, 1) %/% 10 * 10, inputs = inputs, units = sample(3:40, 1), batch = 25)
}

# An outcome of the kind that a loss takes, made of the first columns of x and a little noise.
learnable_outcome <- function(loss, x) {
  signal <- 2 * x[, 1] - x[, 2] + rnorm(nrow(x), sd = 0.1)
  known <- losses[[loss]]
  if (known$target == "classes") return(cut(signal, c(-Inf, -0.8, 0.8, Inf), c("low", "mid", "high")))
  if (known$target == "ordered") return(cut(signal, c(-Inf, -1, 0, 1, Inf), ordered_result = TRUE))
  if (known$target %in% c("probability", "binary")) return(factor(signal > 0))
  if (loss %in% c("poisson", "negative_binomial")) return(round(exp(signal / 2)))
  if (known$link == "log") return(exp(signal / 2))
  signal / 2
}

combinations <- local({
  set.seed(1)
  dressed <- list(
    list(), list(normalization = "batch"), list(normalization = "layer"), list(dropout = 0.1),
    list(residual = TRUE), list(normalization = "batch", dropout = 0.1),
    list(normalization = "layer", residual = TRUE, dropout = 0.05)
  )
  others <- list(
    list(), list(penalty = 1e-4, mixture = 0.5), list(clip_norm = 1), list(clip_value = 0.5),
    list(max_norm = 3), list(ema_decay = 0.5), list(schedule = schedule_cosine(0.1)),
    list(input_noise = 0.02), list(input_dropout = 0.02), list(clip_norm = 1, ema_decay = 0.5, max_norm = 3)
  )
  optimizers <- list(
    opt_sgd(0.01), opt_sgd(0.004, momentum = 0.8), opt_sgd(0.004, momentum = 0.8, nesterov = TRUE),
    opt_adam(0.01), opt_adamw(0.01), opt_amsgrad(0.01), opt_nadam(0.01), opt_radam(0.01),
    opt_rmsprop(0.005), opt_rmsprop(0.002, momentum = 0.8, centered = TRUE), opt_adagrad(0.03),
    opt_adadelta(1), opt_lion(0.003), opt_rprop(0.003)
  )
  activations <- setdiff(activation_names(), "identity")
  crossed <- expand.grid(optimizer = seq_along(optimizers), loss = loss_names(), stringsAsFactors = FALSE)
  crossed <- rbind(crossed, crossed)
  lapply(seq_len(nrow(crossed)), function(i) {
    # The slopes of these know no bounds.
    steep <- losses[[crossed$loss[i]]]$link %in% c("log", "gaussian")
    settings <- utils::modifyList(if (steep) list(clip_norm = 1) else list(), c(
      list(loss = crossed$loss[i], optimizer = optimizers[[crossed$optimizer[i]]],
           activation = sample(activations, 1), weighted = sample(c(TRUE, FALSE), 1)),
      sample(dressed, 1)[[1]], sample(others, 1)[[1]],
      if (i %% 6 == 0) list(input_scale = TRUE, rate_factors = c(bias = 0.5, input_scale = 2)),
      if (i %% 10 == 0) list(numeric_embedding = embed_periodic(4, 3)),
      if (i %% 10 == 5) list(numeric_embedding = embed_piecewise(5, 3)),
      if (i %% 7 == 0) list(parametric_activation = TRUE)
    ))
    settings[setdiff(names(settings), optimizer_of(settings$optimizer)$lacks)]
  })
})

combination_info <- function(i) {
  settings <- combinations[[i]]
  paste0(i, ": ", paste(names(settings), vapply(settings, format_setting, ""), sep = " = ", collapse = ", "))
}

fit_combination <- function(i, x, y, weights, threads = 1, epochs = 25) {
  settings <- combinations[[i]]
  if (settings$weighted) settings$weights <- weights
  settings$weighted <- NULL
  size <- set_sizes(i)
  units <- size$units
  # Behind the first hidden layer the second is as wide as its inputs, for residual connections.
  batch_size <- if (settings$optimizer$name == "rprop") Inf else size$batch
  fixed <- list(x, y, hidden_units = c(units, units), epochs = epochs, batch_size = batch_size,
                threads = threads, verbose = FALSE)
  set.seed(i)
  do.call(mlp_fit, c(fixed, settings))
}

combination_data <- function(i, seed = 0) {
  size <- set_sizes(i)
  set.seed(2000 + i + 1e5 * seed)
  x <- matrix(rnorm(size$rows * size$inputs), size$rows)
  y <- learnable_outcome(combinations[[i]]$loss, x)
  list(x = x, y = y, weights = sample(c(0.5, 1, 2), size$rows, replace = TRUE))
}

# A direction of length 1 in one of the arrays that have a gradient, and nowhere else.
direction_at <- function(place, gradient) {
  direction <- rapply(gradient, function(g) g * 0, how = "replace")
  drawn <- rnorm(length(gradient[[place]]))
  direction[[place]][] <- drawn / sqrt(sum(drawn^2))
  direction
}

# Where in nested lists the numbers lie: positions for `[[`.
array_places <- function(own, at = integer()) {
  if (!is.list(own)) return(list(at))
  do.call(c, lapply(seq_along(own), function(part) array_places(own[[part]], c(at, part))))
}

# All that has a gradient, moved along it.
stepped <- function(own, along, step) {
  if (!is.list(along)) return(own + step * along)
  for (part in names(along) %||% seq_along(along)) own[[part]] <- stepped(own[[part]], along[[part]], step)
  own
}

# Layers near these, moved at random in every array that has a gradient.
elsewhere <- function(layers, gradient) {
  for (place in array_places(gradient)) layers <- stepped(layers, direction_at(place, gradient), 0.05)
  layers
}

# A step in the weights changes a network's weighted loss as the gradient says, central differences tell, in
# each of its arrays.
expect_gradient <- function(network, data, loss, training, info) {
  at <- function(layers) {
    network$layers <- layers
    mlp_gradient(network, data$x, data$y, loss, data$weights, training = training)
  }
  differs <- function(direction, layers, gradient) {
    slope <- sum(unlist(gradient) * unlist(direction))
    moved <- function(step) at(stepped(layers, direction, step))$loss
    # Kinks that a step crosses make a difference; the smaller one crosses fewer.
    difference <- vapply(c(1e-2, 1e-3), function(h) (moved(h) - moved(-h)) / (2 * h), 1)
    min(abs(difference - slope)) >= 0.03 * abs(slope) + 1e-3
  }
  layers <- network$layers
  wrong <- NULL
  # Another direction from another point may cross none, while a gradient that is missing is missed in
  # nearly all.
  for (draw in 1:5) {
    gradient <- at(layers)$gradient
    places <- wrong %||% array_places(gradient)
    wrong <- Filter(function(place) differs(direction_at(place, gradient), layers, gradient), places)
    if (!length(wrong)) break
    layers <- elsewhere(layers, gradient)
  }
  expect_identical(wrong, list(), info = info)
}

training_losses <- function(fit) fit$history$value[fit$history$metric == "loss"]

test_that("there are enough combinations, of every optimizer and loss", {
  expect_gte(length(combinations), 300)
  expect_setequal(vapply(combinations, `[[`, "", "loss"), loss_names())
  optimizers <- unique(vapply(combinations, function(settings) settings$optimizer$name, ""))
  known <- sub("^opt_", "", grep("^opt_", getNamespaceExports("fastmlp"), value = TRUE))
  # L-BFGS has tests of its own: it takes no steps, and most of the features have no meaning with it.
  expect_setequal(optimizers, setdiff(known, "lbfgs"))
})

test_that("gradients of every combination's network are the differences of its loss", {
  skip_on_cran()
  for (i in seq_along(combinations)) {
    data <- combination_data(i)
    fit <- fit_combination(i, data$x, data$y, data$weights, epochs = 1)
    # By the statistics of the batch where there are such, as in training.
    training <- identical(combinations[[i]]$normalization, "batch")
    expect_gradient(fit$network, data, combinations[[i]]$loss, training, combination_info(i))
  }
})

test_that("every combination learns what can be learned, and on any number of threads alike", {
  skip_on_cran()
  hold_teams()
  of_learnable <- numeric(length(combinations))
  for (i in seq_along(combinations)) {
    data <- combination_data(i)
    info <- combination_info(i)
    fit <- fit_combination(i, data$x, data$y, data$weights)
    were_held(1) # what follows counts
    again <- fit_combination(i, data$x, data$y, data$weights, threads = 2)
    expect_true(were_held(2), info = info)
    parts <- c("network", "history")
    expect_identical(unclass(again)[parts], unclass(fit)[parts], info = info)
    if (mlp_info()$openmp) expect_identical(again$training$threads, 2L, info = info)
    # The same training where there is nothing to learn ends with a higher loss on new rows; in training, too,
    # where variances are learned: those are too small for what is new.
    shuffled <- fit_combination(i, data$x, data$y[sample(length(data$y))], data$weights)
    last <- function(fit) min(utils::tail(training_losses(fit), 10))
    loss <- combinations[[i]]$loss
    new <- combination_data(i, seed = 1)
    on_new <- function(fit) mlp_gradient(fit$network, new$x, new$y, loss)$loss
    # What has been learned is lost where new rows are mistaken for one another.
    learned <- function(fit) {
      mistaken <- vapply(1:20, function(by) {
        rows <- (seq_len(nrow(new$x)) + 7 * by - 1) %% nrow(new$x) + 1
        mlp_gradient(fit$network, new$x[rows, ], new$y, loss)$loss
      }, 1)
      mean(mistaken) - on_new(fit)
    }
    expect_lt(learned(shuffled), learned(fit), label = info)
    of_learnable[i] <- learned(shuffled) / learned(fit)
    measure <- if (loss == "gaussian") last else on_new
    expect_lt(measure(fit), measure(shuffled), label = info)
    expect_lt(last(fit), training_losses(fit)[1], label = info)
  }
  # From shuffled outcomes nothing is learned, but for what chance has put there.
  expect_lt(abs(median(of_learnable)), 0.05)
  expect_lt(quantile(of_learnable, 0.95), 0.25)
})
