data <- data.frame(a = sin(1:60), b = cos(1:60), f = factor(rep(letters[1:3], 20)),
                   g = factor(rep(letters[1:12], 5)))
numbers <- as.matrix(data[c("a", "b")])
outcome <- data$a + data$b^2

# The arguments of a fit in which each argument that may be in vain is.
in_vain <- list(
  activation = list(numbers, activation = "tanh", hidden_units = integer()),
  normalization = list(numbers, normalization = "layer", hidden_units = integer()),
  parametric_activation = list(numbers, parametric_activation = TRUE, activation = "identity"),
  dropout = list(numbers, dropout = 0.5, hidden_units = integer()),
  max_norm = list(numbers, max_norm = 1, hidden_units = integer()),
  numeric_embedding = list(data["f"], numeric_embedding = embed_periodic()),
  ordered_factors = list(data["f"], ordered_factors = "scores"),
  factor_embedding = list(numbers, factor_embedding = embed_factors()),
  new_levels = list(numbers, new_levels = "unknown"),
  standardize = list(data["g"], standardize = "zscore", factor_embedding = embed_factors()),
  input_noise = list(data["g"], input_noise = 1, factor_embedding = embed_factors()),
  transform_outcome = list(numbers, transform_outcome = "sqrt", loss = "gamma"),
  standardize_outcome = list(numbers, standardize_outcome = TRUE, loss = "gamma"),
  clamp = list(numbers, clamp = TRUE, loss = loss_quantile(c(0.1, 0.9))),
  decay_schedule = list(numbers, decay_schedule = schedule_cosine()),
  dropout_schedule = list(numbers, dropout_schedule = schedule_cosine()),
  incomplete_batch = list(numbers, incomplete_batch = "drop", batch_size = Inf),
  mixture = list(numbers, mixture = 0.5),
  min_improvement = list(numbers, min_improvement = 0.1),
  ties = list(numbers, ties = "last"),
  stop_metric = list(numbers, stop_metric = "mae"),
  stop_direction = list(numbers, stop_direction = "minimize")
)

vain_fit <- function(args, ..., preset = "plain") {
  set.seed(71)
  y <- if (identical(args$loss, "gamma")) exp(outcome) else outcome
  do.call("mlp_fit", c(args[1], list(y), args[-1], list(preset = preset, verbose = FALSE), list(...)))
}

test_that("what has no effect is refused where the user says it", {
  expect_setequal(names(in_vain), names(no_effect))
  for (arg in names(in_vain)) {
    error <- expect_error(vain_fit(in_vain[[arg]], epochs = 2), class = "fastmlp_error_value", info = arg)
    expect_match(conditionMessage(error), sprintf("`%s` must be left out", arg), fixed = TRUE)
  }
})

test_that("it gives way where a preset says it, without a trace", {
  plain <- plain_settings()
  for (arg in names(in_vain)) {
    given <- in_vain[[arg]][names(in_vain[[arg]]) != arg]
    preset <- mlp_preset("plain", "regression", n = 60, p = 2)
    preset$epochs <- 2L
    without <- vain_fit(given, preset = preset)
    preset[[arg]] <- in_vain[[arg]][[arg]]
    fit <- vain_fit(given, preset = preset)
    expect_identical(fit$network, without$network, info = arg)
    expect_identical(fit$arguments[[arg]], without$arguments[[arg]], info = arg)
  }
})

test_that("presets are never refused for what they say themselves", {
  fits <- list(
    list(data["f"], outcome), list(data["g"], outcome), list(numbers, outcome > 0), list(data, data$f),
    list(numbers, outcome, loss = loss_quantile(0.5)), list(numbers, outcome, batch_size = Inf),
    list(data, outcome, activation = "identity"), list(data, outcome, hidden_units = integer()),
    list(numbers, outcome, optimizer = opt_lbfgs()), list(numbers, outcome, optimizer = opt_rprop()),
    list(numbers, outcome, optimizer = opt_adam()), list(numbers, outcome, validation = 0)
  )
  for (args in fits) for (preset in setdiff(preset_names(), "plain")) {
    expect_no_error(suppressWarnings(
      do.call(mlp_fit, c(args, preset = preset, epochs = 2, verbose = FALSE))
    ))
  }
})

test_that("where it has an effect it is taken", {
  expect_no_error(vain_fit(
    list(data), epochs = 2, learn_rate = 0.001, new_levels = "unknown", factor_embedding = embed_factors(),
    numeric_embedding = embed_periodic(), standardize = "zscore", input_noise = 0.1, batch_size = 16,
    incomplete_batch = "drop", penalty = 0.1, mixture = 0.5
  ))
  expect_no_error(vain_fit(list(numbers), schedule = schedule_plateau(), stop_metric = "mae",
                           validation = 0.2))
})

test_that("groups of rates that the data leave out are refused", {
  rates <- function(x, group) {
    mlp_fit(x, outcome, preset = "fast", epochs = 2, verbose = FALSE,
            rate_factors = rlang::set_names(0.5, group))
  }
  expect_error(rates(data["f"], "embedding"), class = "fastmlp_error_value")
  expect_error(rates(numbers, "factor_embedding"), class = "fastmlp_error_value")
  expect_no_error(rates(data, "embedding"))
  expect_no_error(rates(data, "factor_embedding"))
})

test_that("the messages say where", {
  expect_conditions({
    vain_fit(in_vain$incomplete_batch)
    vain_fit(in_vain$new_levels)
    vain_fit(in_vain$factor_embedding)
    vain_fit(list(data["f"], factor_embedding = embed_factors()))
    vain_fit(in_vain$ordered_factors)
    vain_fit(list(numbers, ordered_factors = "scores"))
    vain_fit(list(transform(data["g"], g = factor(g, ordered = TRUE)), ordered_factors = "scores",
                  factor_embedding = embed_factors()))
    vain_fit(in_vain$numeric_embedding)
    vain_fit(in_vain$clamp)
    vain_fit(in_vain$stop_metric)
    vain_fit(in_vain$decay_schedule)
    mlp_network(2, activation = "tanh")
  })
})
