# The one place for defaults and for the checks of what mlp_fit() is given.

# Presets: every argument of mlp_fit() that is not given comes from here, as an expression. NULL means
# that the value follows from the data (loss), the machine (threads) or the session (verbose). The plain
# preset names all arguments, in the order in which mlp_fit() takes them.
presets <- list(
  # The textbook: what is written is what runs.
  plain = alist(
    hidden_units = 256L,
    activation = "relu",
    loss = NULL,
    optimizer = opt_sgd(),
    epochs = 10L,
    batch_size = 256L,
    validation = 0,
    patience = Inf,
    penalty = 0,
    weights = NULL,
    offset = NULL,
    standardize = "none",
    init = init_he(),
    shuffle = TRUE,
    threads = NULL,
    verbose = NULL
  )
)

preset_settings <- function(preset) lapply(presets[[preset]], eval, envir = environment())

# How each argument is checked. Those that depend on the data (loss, validation, weights, offset) are
# checked where the data are known.
fit_checks <- list(
  hidden_units = function(x, arg, call) check_count(x, arg, length = NULL, call = call),
  activation = function(x, arg, call) {
    check_choice(x, arg, activation_names(), length = NULL, call = call)
  },
  optimizer = function(x, arg, call) {
    check_class(x, arg, "fastmlp_optimizer", "an optimizer such as `opt_sgd()`", call)
  },
  epochs = function(x, arg, call) check_count(x, arg, call = call),
  batch_size = function(x, arg, call) check_count_or_inf(x, arg, call),
  patience = function(x, arg, call) check_count_or_inf(x, arg, call),
  penalty = function(x, arg, call) check_number(x, arg, 0, open = "to", call = call),
  standardize = function(x, arg, call) {
    check_choice(x, arg, c("none", names(standardizers)), call = call)
  },
  init = function(x, arg, call) check_init(x, arg, call),
  shuffle = function(x, arg, call) check_flag(x, arg, call),
  # Without a number here, that of the option is checked.
  threads = function(x, arg, call) {
    threads <- resolve_threads(x, call)
    if (!is.null(x)) threads
  },
  verbose = function(x, arg, call) check_verbose(x %||% rlang::is_interactive(), arg, call)
)

# What other packages call it.
fit_synonyms <- list(
  "Use `optimizer = opt_sgd(learn_rate = )`." = c("lr", "learn_rate", "learning_rate"),
  "Use `optimizer = opt_sgd(momentum = )`." = "momentum",
  "Use `optimizer = opt_sgd(momentum = , nesterov = TRUE)`." = "nesterov",
  "Use `optimizer = opt_sgd(weight_decay = )`." = "weight_decay",
  "Use `hidden_units`." = c("units", "size", "hidden", "neurons", "hidden_layer_sizes"),
  "Use `standardize`." = c("scale", "center"),
  "Use `penalty`." = "decay",
  "Call `set.seed()` before." = "seed",
  "Do this on `data` first." = c("na.action", "subset"),
  "Give the formula first, or as `formula = `." = c("x", "formula", "data")
)

# The settings of a fit: what the user's function was given, the preset for the rest. `frame` is the
# frame of the method, whose arguments bear the settings' names.
fit_settings <- function(frame) {
  check_evaluates(ls(frame), frame)
  preset <- check_choice(frame$preset, "preset", names(presets), call = frame)
  settings <- preset_settings(preset)
  given <- Filter(Negate(is.null), mget(names(settings), envir = frame))
  settings[names(given)] <- given
  for (arg in names(fit_checks)) {
    settings[arg] <- list(fit_checks[[arg]](settings[[arg]], arg, frame))
  }
  settings$activation <- per_layer_activation(settings$activation, settings$hidden_units, frame)
  c(settings, preset = preset)
}

# One activation a hidden layer, from one name or one a layer.
per_layer_activation <- function(activation, hidden_units, call) {
  if (!length(activation) %in% c(1L, length(hidden_units))) {
    expected <- sprintf("one name, or one a hidden layer (%d)", length(hidden_units))
    abort_argument("activation", expected, describe(activation), "shape", call = call)
  }
  rep_len(activation, length(hidden_units))
}

# A parameter lies in memory as a double in R, before and after training, and as up to four floats
# in the engine (value, kept copy, gradient, moment).
bytes_per_parameter <- 32

memory_limit <- function() getOption("fastmlp.memory", 4 * 1024^3)

# Refuses a network that would not fit, before anything is allocated.
check_size <- function(sizes, call) {
  sizes <- as.double(sizes)
  parameters <- sum((utils::head(sizes, -1) + 1) * sizes[-1])
  bytes <- parameters * bytes_per_parameter
  if (bytes <= memory_limit()) return(invisible())
  abort_argument(
    "hidden_units",
    sprintf("small enough for the model to fit into %s", format_bytes(memory_limit())),
    sprintf("a network of %s, which needs about %s", count_of(parameters, "parameter"),
            format_bytes(bytes)),
    "size",
    hint = "Use fewer units, or raise `options(fastmlp.memory = )` (bytes).",
    call = call
  )
}

format_bytes <- function(bytes) {
  power <- min(floor(log(bytes, 1024)), 5)
  unit <- c("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")[power + 1]
  paste(format(bytes / 1024^power, digits = 3), unit)
}
