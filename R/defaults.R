# The one place for defaults and for the checks of what mlp_fit() is given.

# The plain preset, the textbook: all arguments of mlp_fit(), in the order in which it takes them, each with
# what it is where nothing else is said, as an expression. NULL means that the value follows from the data
# (loss), the machine (threads) or the session (verbose).
plain_arguments <- alist(
  hidden_units = 256L,
  activation = "relu",
  normalization = "none",
  parametric_activation = FALSE,
  residual = FALSE,
  input_scale = FALSE,
  numeric_embedding = "none",
  ordered_factors = "indicators",
  factor_embedding = "none",
  loss = NULL,
  optimizer = opt_sgd(),
  learn_rate = NULL,
  schedule = schedule_constant(),
  rate_factors = NULL,
  parametrization = "standard",
  decay_schedule = schedule_constant(),
  dropout_schedule = schedule_constant(),
  epochs = 10L,
  batch_size = 256L,
  incomplete_batch = "keep",
  validation = 0,
  patience = Inf,
  min_improvement = 0,
  ties = "first",
  metrics = NULL,
  stop_metric = NULL,
  stop_direction = NULL,
  penalty = 0,
  mixture = 0,
  clip_value = Inf,
  clip_norm = Inf,
  max_norm = Inf,
  ema_decay = 0,
  dropout = 0,
  input_dropout = 0,
  input_noise = 0,
  weights = NULL,
  class_weights = NULL,
  offset = NULL,
  na_action = "error",
  new_levels = "error",
  standardize = "none",
  transform_outcome = "none",
  standardize_outcome = FALSE,
  clamp = FALSE,
  init = init_he(),
  shuffle = TRUE,
  ensemble = 1L,
  share_weights = FALSE,
  calibrate = FALSE,
  refit = FALSE,
  keep_epochs = NULL,
  callbacks = NULL,
  checkpoint = NULL,
  threads = NULL,
  verbose = NULL
)

# The end of an argument's text on the help page: what it is where nothing else is said.
default_of <- function(argument) {
  plain <- default_code(plain_arguments[[argument]])
  if (argument %in% tuned_arguments()) sprintf("Default: by preset (plain: `%s`).", plain) else
    sprintf("Default: `%s`.", plain)
}

# The same for functions whose names match a pattern and share a help page.
default_among <- function(argument, pattern) {
  package <- topenv()
  functions <- sort(grep(pattern, getNamespaceExports(package), value = TRUE), method = "radix")
  codes <- unlist(lapply(rlang::set_names(functions), function(name) {
    default <- formals(package[[name]])[argument]
    if (argument %in% names(default) && !rlang::is_missing(default[[1]])) default_code(default[[1]])
  }))
  if (is.null(codes)) return("No default.")
  by_value <- split(names(codes), factor(codes, unique(codes)))
  whose <- vapply(by_value, function(names) sprintf(" (%s)", paste0("`", names, "()`", collapse = ", ")), "")
  if (length(by_value) == 1) whose <- ""
  sprintf("Default: %s.", paste0("`", names(by_value), "`", whose, collapse = ", "))
}

# A default as users would write it: whole numbers without their L, of several choices the first.
default_code <- function(default) {
  if (rlang::is_call(default, "c") && is.character(default[[2]])) default <- default[[2]]
  sub("^(\\d+)L$", "\\1", deparse1(default))
}

# The usage of a method of mlp_fit() for the help page, with several arguments a line.
usage_lines <- function(class, own) {
  settings <- c(names(plain_arguments), "preset")
  whole <- gsub(" ", "~", c(own, paste(settings, "= NULL"), "..."), fixed = TRUE)
  lines <- strwrap(paste(whole, collapse = ", "), width = 90, indent = 2, exdent = 2)
  c(sprintf("@usage \\method{mlp_fit}{%s}(", class), gsub("~", " ", lines, fixed = TRUE), ")")
}

plain_settings <- function() lapply(plain_arguments, eval, envir = environment())

# How each argument is checked. Those that depend on the data (loss, validation, weights, offset) are
# checked where the data are known.
fit_checks <- list(
  hidden_units = function(x, arg, call) check_units(x, arg, call),
  activation = function(x, arg, call) {
    check_choice(x, arg, activation_names(), length = NULL, call = call)
  },
  normalization = function(x, arg, call) check_normalization(x, arg, call),
  parametric_activation = check_flag,
  residual = check_flag,
  input_scale = check_flag,
  numeric_embedding = function(x, arg, call) check_numeric_embedding(x, arg, call),
  ordered_factors = function(x, arg, call) check_choice(x, arg, c("indicators", "scores"), call = call),
  factor_embedding = function(x, arg, call) check_factor_embedding(x, arg, call),
  optimizer = function(x, arg, call) check_optimizer(x, arg, call),
  learn_rate = function(x, arg, call) if (!is.null(x)) check_positive_setting(x, arg, call),
  schedule = function(x, arg, call) check_schedule(x, arg, call),
  rate_factors = function(x, arg, call) check_rate_factors(x, arg, call),
  parametrization = function(x, arg, call) check_choice(x, arg, c("standard", "ntk"), call = call),
  decay_schedule = function(x, arg, call) check_schedule_of_time(x, arg, call),
  dropout_schedule = function(x, arg, call) check_schedule_of_time(x, arg, call),
  epochs = function(x, arg, call) check_count(x, arg, call = call),
  batch_size = function(x, arg, call) check_count_or_inf(x, arg, call),
  incomplete_batch = function(x, arg, call) check_choice(x, arg, c("keep", "drop"), call = call),
  patience = function(x, arg, call) check_count_or_inf(x, arg, call),
  min_improvement = function(x, arg, call) check_number(x, arg, 0, open = "to", call = call),
  ties = function(x, arg, call) check_choice(x, arg, c("first", "last"), call = call),
  metrics = function(x, arg, call) check_metrics(x, arg, call),
  stop_direction = function(x, arg, call) {
    if (!is.null(x)) check_choice(x, arg, c("minimize", "maximize"), call = call)
  },
  class_weights = function(x, arg, call) check_class_weights(x, arg, call),
  na_action = function(x, arg, call) check_choice(x, arg, c("error", "impute", "omit"), call = call),
  new_levels = function(x, arg, call) check_choice(x, arg, c("error", "unknown"), call = call),
  penalty = function(x, arg, call) check_number(x, arg, 0, open = "to", call = call),
  mixture = function(x, arg, call) check_number(x, arg, 0, 1, call = call),
  clip_value = function(x, arg, call) check_limit(x, arg, call),
  clip_norm = function(x, arg, call) check_limit(x, arg, call),
  max_norm = function(x, arg, call) check_limit(x, arg, call),
  ema_decay = function(x, arg, call) check_number(x, arg, 0, 1, open = "to", call = call),
  dropout = function(x, arg, call) check_shares(x, arg, call),
  input_dropout = function(x, arg, call) check_number(x, arg, 0, 1, open = "to", call = call),
  input_noise = function(x, arg, call) check_number(x, arg, 0, open = "to", call = call),
  standardize = function(x, arg, call) {
    check_choice(x, arg, c("none", names(standardizers)), call = call)
  },
  transform_outcome = function(x, arg, call) {
    check_choice(x, arg, c(names(outcome_transforms), "auto"), call = call)
  },
  standardize_outcome = check_flag,
  clamp = check_flag,
  init = function(x, arg, call) check_init(x, arg, call),
  shuffle = function(x, arg, call) check_flag(x, arg, call),
  ensemble = function(x, arg, call) {
    check_count(x, arg, 1, 1000, call = call, hint = if (isTRUE(x)) "It says how many: `ensemble = 5`.")
  },
  share_weights = check_flag,
  calibrate = check_flag,
  refit = check_flag,
  keep_epochs = function(x, arg, call) check_epochs(x, arg, call),
  callbacks = function(x, arg, call) check_callbacks(x, arg, call),
  checkpoint = function(x, arg, call) check_checkpoint(x, arg, call),
  # Without a number here, that of the option is checked.
  threads = function(x, arg, call) {
    threads <- resolve_threads(x, call)
    if (!is.null(x)) threads
  },
  verbose = function(x, arg, call) check_verbose(x %||% rlang::is_interactive(), arg, call)
)

# A size that is not to be exceeded, Inf for none; smaller ones than 1e-30 would be zero in single
# precision.
check_limit <- function(x, arg, call) check_number(x, arg, 1e-30, call = call)

# What the user's function was given of the settings, checked. `frame` is the frame of the method, whose
# arguments bear the settings' names.
given_settings <- function(frame) {
  check_evaluates(ls(frame), frame)
  given <- Filter(Negate(is.null), mget(names(plain_arguments), envir = frame))
  check_tuned(given, frame)
  given <- checked_settings(given, names(given), frame)
  given["preset"] <- list(check_preset(frame$preset, "preset", frame))
  given
}

# What tune() marks has to have a value before it is fitted.
check_tuned <- function(given, call) {
  marked <- Filter(function(x) is.call(x) && !inherits(x, "formula"), given)
  if (length(marked) == 0) return(invisible())
  abort_argument(names(marked)[1], "a value", describe(marked[[1]]), "type",
                 "Find one by `tune::tune_grid()`, and put it in by `tune::finalize_workflow()`.", call)
}

checked_settings <- function(settings, args, call) {
  for (arg in intersect(names(fit_checks), args)) {
    settings[arg] <- list(fit_checks[[arg]](settings[[arg]], arg, call))
  }
  settings
}

# The settings of a fit: those given, the preset's for the rest. `facts` are those of no_effect.
fit_settings <- function(given, preset, facts, call) {
  given <- given[names(given) != "preset"]
  settings <- merged_settings(preset$arguments, given, facts)
  settings <- checked_settings(settings, setdiff(names(settings), names(given)), call)
  settings$batch_size <- default_batch_size(
    settings$batch_size, "batch_size" %in% names(given), settings$optimizer
  )
  check_effects(settings, facts, call)
  check_ensemble(settings, call)
  check_share_weights(settings, call)
  check_keep_epochs(settings, call)
  settings$optimizer <- with_learn_rate(settings$optimizer, settings$learn_rate, call)
  check_rates(settings, call)
  c(per_layer_settings(settings, call), preset = preset$name)
}

# A parameter lies in memory as a double in R, before and after training, and as up to eight floats
# in the engine (value, transposed value, kept copy, average, gradient, three moments).
bytes_per_parameter <- 48

# Bytes that a parameter takes; optim() keeps two vectors of doubles for each pair, and some dozen more.
bytes_with <- function(optimizer) {
  vectors <- if (is.null(optimizer$memory)) 0 else 2 * optimizer$memory + 12
  bytes_per_parameter + 8 * vectors
}

memory_limit <- function() getOption("fastmlp.memory", 4 * 1024^3)

# Refuses a network that would not fit, before anything is allocated.
check_size <- function(sizes, call, each = bytes_per_parameter) {
  sizes <- as.double(sizes)
  parameters <- sum((utils::head(sizes, -1) + 1) * sizes[-1])
  bytes <- parameters * each
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
