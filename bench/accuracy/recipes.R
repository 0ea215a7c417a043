# The sets of arguments that fastmlp is measured with, by the method's name after "fastmlp_".
#
# `arguments` gets the rows that are not for the test (list(x, y, validation)) and returns what
# mlp_fit() is given beside them. With `standardize_outcome` numbers are standardised beforehand, and
# predictions scaled back: presets other than "plain" do that by themselves.
recipes <- list(
  # What textbooks write.
  plain = list(
    standardize_outcome = TRUE,
    arguments = function(part) list(
      preset = "plain",
      hidden_units = c(256, 256), activation = "relu", optimizer = opt_adam(0.001), epochs = 50,
      batch_size = 128, standardize = "zscore"
    )
  ),

  # RealMLP-TD-S, argument by argument: what td_s.py does, on the same rows for validation.
  td_s = list(
    standardize_outcome = TRUE,
    arguments = function(part) {
      is_class <- is.factor(part$y)
      list(
        preset = "plain", hidden_units = c(256, 256, 256), activation = if (is_class) "selu" else "mish",
        loss = if (is_class) loss_cross_entropy(label_smoothing = 0.1) else "squared",
        optimizer = opt_adam(if (is_class) 0.04 else 0.07, beta1 = 0.9, beta2 = 0.95),
        schedule = schedule_coslog4(), epochs = 256, batch_size = 256, incomplete_batch = "drop",
        validation = part$validation, patience = 256, ties = "last",
        stop_metric = if (is_class) "accuracy" else "rmse",
        standardize = "robust_clip", parametrization = "ntk", input_scale = TRUE,
        rate_factors = c(bias = 0.1, input_scale = 6),
        init = init_ntk()
      )
    }
  ),

  tabular = list(arguments = function(part) list(preset = "tabular")),
  fast = list(arguments = function(part) list(preset = "fast")),
  pixels = list(arguments = function(part) list(preset = "pixels")),
  # By default, but for the number of members.
  ensemble = list(arguments = function(part) list(ensemble = 5))
)
