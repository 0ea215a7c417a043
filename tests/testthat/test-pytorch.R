# Comparison with PyTorch. tools/fixtures.py made the numbers and says how; they come from float64,
# so that every bound here is a bound on the engine's own rounding.

test_that("every activation is PyTorch's, at every point", {
  tensors <- read_tensors("activations.csv")
  known <- sub("_value$", "", grep("_value$", names(tensors), value = TRUE))
  expect_setequal(known, activation_names())
  for (name in activation_names()) {
    value <- activation_value(tensors$x, name)
    expect_close(value, tensors[[paste0(name, "_value")]], elementwise = TRUE, info = name)
  }
})

test_that("every activation's gradient is PyTorch's, kinks included", {
  tensors <- read_tensors("activations.csv")
  # Training keeps phi(z) of these and not z, as PyTorch does. Where phi(z) nears 1, what is left to
  # 1 is known to float32's rounding of 1 only, so these are held to their largest gradient.
  from_value <- c("sigmoid", "tanh")
  for (name in activation_names()) {
    gradient <- activation_gradient(tensors$x, name)
    expected <- tensors[[paste0(name, "_gradient")]]
    expect_close(gradient, expected, elementwise = !name %in% from_value, info = name)
    expect_close(gradient, expected, 2e-6, info = name)
  }
})

test_that("dense layers are PyTorch's, forward and backward", {
  tensors <- read_tensors("dense.csv")
  for (size in unique(sub("_.*", "", names(tensors)))) {
    get <- function(name) tensors[[paste0(size, "_", name)]]
    output <- dense_forward(get("x"), get("weight"), get("bias"))
    expect_close(output, get("output"), 1e-6, info = paste(size, "output"))
    back <- dense_backward(get("x"), get("weight"), get("above"))
    expected <- list(input = get("dx"), weight = get("dweight"), bias = get("dbias")[1, ])
    expect_close(back[names(expected)], expected, 1e-6, info = size)
  }
})

loss_cases <- list(
  cross_entropy = list("cross_entropy", "class"),
  binary_cross_entropy = list("binary_cross_entropy", "binary"),
  squared = list("squared", "number"),
  absolute = list("absolute", "number"),
  huber_1 = list(loss_huber(delta = 1), "number"),
  huber_half = list(loss_huber(delta = 0.5), "number"),
  cross_entropy_smooth = list(loss_cross_entropy(0.1), "class"),
  binary_cross_entropy_smooth = list(loss_binary_cross_entropy(0.1), "binary"),
  poisson = list("poisson", "count"),
  gaussian = list("gaussian", "pair")
)

test_that("losses and their gradients are PyTorch's, with and without case weights", {
  tensors <- read_tensors("losses.csv")
  tensors$class <- tensors$class[1, ] + 1
  for (name in names(loss_cases)) {
    loss <- loss_cases[[name]][[1]]
    target <- tensors[[loss_cases[[name]][[2]]]]
    output <- tensors$output[, if (name == "gaussian") 1:4 else 1:5]
    for (suffix in c("", "_weighted")) {
      weights <- if (nzchar(suffix)) tensors$weights[1, ]
      get <- function(what) tensors[[paste0(name, suffix, what)]]
      value <- loss_value(output, target, loss, weights)
      expect_close(value, get("_value")[1], 1e-6, info = paste0(name, suffix))
      gradient <- loss_gradient(output, target, loss, weights)
      expect_close(gradient, get("_gradient"), elementwise = TRUE, info = paste0(name, suffix))
    }
  }
})

# The settings of RUNS in tools/fixtures.py, in this package's words.
training_runs <- list(
  plain = list(optimizer = opt_sgd(0.2)),
  mixed = list(optimizer = opt_sgd(0.1), activation = c("gelu", "tanh", "silu")),
  momentum = list(optimizer = opt_sgd(0.05, momentum = 0.9)),
  nesterov = list(optimizer = opt_sgd(0.05, momentum = 0.9, nesterov = TRUE)),
  penalty = list(optimizer = opt_sgd(0.2), penalty = 0.01),
  decay = list(optimizer = opt_sgd(0.2, weight_decay = 0.05)),
  decay_nesterov = list(optimizer = opt_sgd(0.05, 0.9, nesterov = TRUE, weight_decay = 0.05)),
  adam = list(optimizer = opt_adam(0.01)),
  adam_penalty = list(optimizer = opt_adam(0.01, 0.8, 0.95, epsilon = 1e-3), penalty = 0.01),
  adamw = list(optimizer = opt_adamw(0.01, weight_decay = 0.05))
)

# The settings of OPTIMIZER_RUNS.
optimizer_runs <- list(
  amsgrad = list(optimizer = opt_amsgrad(0.01)),
  amsgrad_penalty = list(optimizer = opt_amsgrad(0.01, 0.8, 0.9), penalty = 0.01),
  nadam = list(optimizer = opt_nadam(0.01)),
  nadam_decay = list(
    optimizer = opt_nadam(0.01, 0.8, 0.95, epsilon = 1e-3, momentum_decay = 0.1), penalty = 0.01
  ),
  radam = list(optimizer = opt_radam(0.01)),
  radam_short = list(optimizer = opt_radam(0.01, 0.8, 0.7, epsilon = 1e-3), penalty = 0.01),
  radam_never = list(optimizer = opt_radam(0.05, 0.9, 0.6)),
  rmsprop = list(optimizer = opt_rmsprop(0.005)),
  rmsprop_penalty = list(optimizer = opt_rmsprop(0.005, beta2 = 0.9, epsilon = 1e-3), penalty = 0.01),
  rmsprop_momentum = list(optimizer = opt_rmsprop(0.002, momentum = 0.8)),
  rmsprop_centered = list(optimizer = opt_rmsprop(0.005, centered = TRUE)),
  rmsprop_both = list(optimizer = opt_rmsprop(0.002, momentum = 0.8, centered = TRUE)),
  adagrad = list(optimizer = opt_adagrad(0.05)),
  adagrad_initial = list(
    optimizer = opt_adagrad(0.05, epsilon = 1e-3, initial = 0.1), penalty = 0.01
  ),
  adadelta = list(optimizer = opt_adadelta()),
  adadelta_penalty = list(
    optimizer = opt_adadelta(0.5, beta2 = 0.95, epsilon = 1e-4), penalty = 0.01
  ),
  rprop = list(optimizer = opt_rprop(), penalty = 0.02, epochs = 100, batch_size = Inf),
  rprop_bounds = list(
    optimizer = opt_rprop(0.002, decrease = 0.5, increase = 1.1, min_step = 1e-5, max_step = 0.02),
    penalty = 0.01, epochs = 100, batch_size = Inf
  )
)

# 1e-5 of the tensor's largest magnitude: single weights may come arbitrarily near to zero.
expect_trajectories <- function(runs, start, ends, epochs) {
  y <- factor(start$class[1, ])
  for (name in names(runs)) {
    fit <- run_training(start, runs[[name]], epochs)
    expect_close(coef(fit), layers_from(ends, paste0(name, "_")), 1e-5, info = name)
    final_loss <- mlp_gradient(fit$network, start$x, y)$loss
    expect_close(final_loss, ends[[paste0(name, "_final_loss")]][1], 1e-5, info = name)
    history <- fit$history$value[fit$history$metric == "loss"]
    expect_close(history, ends[[paste0(name, "_history")]][1, ], 1e-5, TRUE, info = name)
  }
}

test_that("200 steps of training end at PyTorch's weights and loss", {
  tensors <- read_tensors("runs.csv")
  expect_trajectories(training_runs, tensors, tensors, epochs = 40)
})

test_that("100 steps of every optimizer that PyTorch has follow PyTorch's", {
  ends <- read_tensors("optimizers.csv")
  known <- c("sgd", "adam", "adamw", "lion", "lbfgs") # above, in test-optimizer.R and test-lbfgs.R
  compared <- vapply(optimizer_runs, function(run) run$optimizer$name, "")
  expect_setequal(c(known, compared), names(optimizers()))
  expect_setequal(sub("_history$", "", grep("_history$", names(ends), value = TRUE)),
                  names(optimizer_runs))
  expect_trajectories(optimizer_runs, read_tensors("runs.csv"), ends, epochs = 20)
})

# The numbers of image_data() in tools/fixtures.py.
scattered <- function(seed, rows, columns = 1) {
  i <- seq_len(rows * columns) - 1
  matrix((31 * i^2 + seed * i + seed) %% 4093 / 4096, rows, columns, byrow = TRUE)
}

test_that("30 steps of the benchmarks' network on a team end at PyTorch's weights and loss", {
  hold_teams()
  ends <- read_tensors("images.csv")
  digit <- 0:319 %% 10
  x <- scattered(1, 320, 784) + outer(digit, 0:783 %% 10, "==") / 4
  init <- list(
    list(weight = (scattered(2, 784, 256) - 0.5) / 8, bias = scattered(4, 256)[, 1] / 8),
    list(weight = (scattered(3, 256, 10) - 0.5) / 4, bias = scattered(5, 10)[, 1] / 8)
  )
  every <- function(weight, k) t(weight)[seq(1, length(weight), k)]
  optimizers <- list(sgd = opt_sgd(0.1), adam = opt_adam(0.001))
  for (name in names(optimizers)) {
    fit <- mlp_fit(x, factor(digit), hidden_units = 256, activation = "relu", optimizer = optimizers[[name]],
                   epochs = 3, batch_size = 32, shuffle = FALSE, init = init, threads = 2, verbose = FALSE)
    expect_true(were_held(2), info = name)
    layers <- coef(fit)
    found <- list(
      weight_1 = every(layers[[1]]$weight, 397), weight_2 = every(layers[[2]]$weight, 11),
      bias_1 = layers[[1]]$bias, bias_2 = layers[[2]]$bias,
      history = fit$history$value[fit$history$metric == "loss"],
      final_loss = mlp_gradient(fit$network, x, factor(digit))$loss
    )
    expected <- lapply(paste0(name, "_", names(found)), function(tensor) ends[[tensor]][1, ])
    expect_close(found, stats::setNames(expected, names(found)), 1e-5, info = name)
  }
})
