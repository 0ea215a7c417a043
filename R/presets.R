# Presets: sets of arguments for mlp_fit(), by task and size of the data, and the rule that picks one.

# Each gives the arguments that differ from the plain ones, for `task` ("classification" or
# "regression"), n rows and p encoded predictors. To add a preset, add a row.
tuned_presets <- list(
  tabular = function(task, n, p) {
    tabular_arguments(task, n, epochs_within(50000, n, most = 256L), batch_of(n, steps = 4))
  },
  fast = function(task, n, p) {
    tabular_arguments(task, n, epochs_within(10000, n, most = 36L), batch_of(n, steps = 16))
  },
  pixels = function(task, n, p) {
    c(
      list(
        hidden_units = rep(512L, 2), activation = "mish", parametric_activation = TRUE,
        optimizer = opt_adamw(0.04, beta1 = 0.9, beta2 = 0.95, weight_decay = 0.02),
        schedule = schedule_coslog4(), parametrization = "ntk",
        rate_factors = c(bias = 0.1, activation = 0.1),
        decay_schedule = schedule_flat_cosine(), dropout = 0.3,
        dropout_schedule = schedule_flat_cosine(), init = init_data_driven(), standardize = "global",
        incomplete_batch = "drop"
      ),
      common_arguments(task, n, epochs_within(10000, n, most = 40L), batch_of(n, steps = 16))
    )
  },
  sparse = function(task, n, p) {
    c(
      list(
        hidden_units = 256L, optimizer = opt_adamw(0.001, weight_decay = 0.01), schedule = schedule_cosine(),
        dropout = 0.5
      ),
      common_arguments(task, n, epochs_within(10000, n, most = 12L), batch_of(n, steps = 16))
    )
  }
)

# The recipe of RealMLP with less dropout for classes and, for regression, the rate of its short variant and
# embeddings of more frequencies in more values, whose size differs among the members of an ensemble. For so
# many values the engine has kernels of their own (kernel_embedding.h).
tabular_arguments <- function(task, n, epochs, batch_size) {
  classes <- task == "classification"
  c(
    list(
      hidden_units = rep(256L, 3), activation = "mish", parametric_activation = TRUE, input_scale = TRUE,
      numeric_embedding = if (classes) embed_periodic() else embed_periodic(48, 8, sd = c(0.3, 0.1, 1)),
      ordered_factors = "scores", factor_embedding = embed_factors(),
      optimizer = opt_adamw(if (classes) 0.04 else 0.07, beta1 = 0.9, beta2 = 0.95, weight_decay = 0.02),
      schedule = schedule_coslog4(), parametrization = "ntk",
      rate_factors = c(bias = 0.1, input_scale = 6, activation = 0.1, embedding = 0.1),
      decay_schedule = schedule_flat_cosine(), dropout = if (classes) 0.05 else 0.15,
      dropout_schedule = schedule_flat_cosine(), init = init_data_driven(),
      standardize = "robust_clip", incomplete_batch = "drop"
    ),
    common_arguments(task, n, epochs, batch_size)
  )
}

# Beyond them, a fifth more teaches little, and training twice takes long.
most_refitted_rows <- 1e5

# A share for validation that has rows enough to tell epochs apart, and what they decide: the last of the
# best epochs is kept, and training never stops early, as schedules end late. Then all rows are trained on.
common_arguments <- function(task, n, epochs, batch_size) {
  classes <- task == "classification"
  c(
    list(epochs = epochs, batch_size = batch_size),
    if (classes) list(loss = loss_cross_entropy(label_smoothing = 0.1), calibrate = TRUE) else
      list(transform_outcome = "auto", standardize_outcome = TRUE, clamp = TRUE),
    list(
      validation = if (n >= 50) 0.2 else 0, patience = epochs, ties = "last",
      stop_metric = if (classes) "accuracy" else "rmse", refit = n <= most_refitted_rows
    )
  )
}

# Rows of n that are trained on, with a fifth of them held for validation.
trained_rows <- function(n) 0.8 * n

largest_batch <- 256

# Epochs that come to at most so many steps, in the largest batches.
epochs_within <- function(steps, n, most) {
  as.integer(max(1, min(most, floor(steps / max(1, trained_rows(n) / largest_batch)))))
}

# Rows of a batch: the power of two, from 32 up, that leaves an epoch of few rows so many steps.
batch_of <- function(n, steps) {
  as.integer(2^max(5, min(log2(largest_batch), floor(log2(trained_rows(n) / steps)))))
}

# Lines of the help page for what "tabular" says with 1000 rows, without what it says of another task.
preset_lines <- function(task, but = NULL) {
  values <- function(task) vapply(tuned_presets$tabular(task, 1000, 10), format_setting, "")
  shown <- values(task)
  if (!is.null(but)) {
    others <- values(but)[names(shown)]
    shown <- shown[is.na(others) | shown != others]
  }
  paste0("* `", names(shown), " = ", shown, "`", collapse = "\n")
}

# The arguments of which at least one of them says something, for one task or the other.
tuned_arguments <- function() {
  unique(unlist(lapply(tuned_presets, function(preset) {
    c(names(preset("classification", 1000, 10)), names(preset("regression", 1000, 10)))
  })))
}

preset_names <- function() c(names(tuned_presets), "plain")

#' Presets of arguments
#'
#' What `preset = "tabular"` and the others stand for in [mlp_fit()], for a task and a size of the data: to
#' read, to print, and to change.
#'
#' * `"tabular"`, for mixed or differently scaled columns: the recipe of RealMLP (Holzmueller, Grinsztajn
#'   and Steinwart 2024), with less dropout for classes, and for numbers another learning rate, roots of
#'   skewed outcomes (`transform_outcome`) and embeddings of more and larger frequencies in more values
#'   ([embed_periodic()]), whose size differs among members of an `ensemble` that share no weights; in at most
#'   256 epochs and about 50,000 steps of 256 rows; of fewer rows, at the least 32, where an epoch would
#'   otherwise have less than 4 steps.
#' * `"fast"`: the same in a seventh of the epochs, at most 36 and about 10,000 steps, at least 16 of them an
#'   epoch.
#' * `"pixels"`, for many columns on one scale: wider layers with more dropout, and one mean and standard
#'   deviation for all columns; at most 40 epochs, with steps as by `"fast"`.
#' * `"sparse"`, for sparse matrices such as counts of words: one layer that is dropped by half, trained by
#'   AdamW on the predictors as they are; at most 12 epochs, with steps as by `"fast"`.
#' * `"plain"`: the textbook. What is written is what runs; for the rest, the page of [mlp_fit()] has its
#'   defaults behind each argument.
#'
#' @section What the default stands for:
#' For classes, with 1000 rows, `"tabular"` is
#'
#' `r preset_lines("classification")`
#'
#' and for numbers the same, but for
#'
#' `r preset_lines("regression", but = "classification")`
#'
#' @section Which one is taken:
#' A fit whose `preset` is not given takes that of `options(fastmlp.preset = )`, by name; without one, it
#' takes `"sparse"` if the predictors are a sparse matrix, `"pixels"` if there are at least 64 predictors,
#' all numeric and on one scale (at least half of them range over at least half of the range of all
#' values), and `"tabular"` otherwise. `summary()` of a
#' fit says which it was, and why.
#'
#' All but `"plain"` train twice (`refit`) where there are at most 100,000 rows: on four fifths of them, to
#' learn for how many epochs, and then on all; so do the members of an `ensemble`.
#'
#' What a preset says of an argument that cannot be used together with those given is left out: `dropout`
#' without hidden layers, `patience` without validation, `transform_outcome` with an `offset`,
#' `rate_factors` and the parametrisation with an optimizer of your own (whose learning rate means something
#' only with them), `input_scale` with `share_weights`, `refit` with `validation`,
#' `callbacks`, `checkpoint`, `keep_epochs` or [schedule_plateau()] of your own.
#'
#' @param name `"tabular"`, `"fast"`, `"pixels"`, `"sparse"` or `"plain"`.
#' @param task `"classification"` or `"regression"`.
#' @param n Rows of the data: a whole number of at least 1.
#' @param p Predictors, with one for each level of factors (of two levels one for both): a whole number of at
#'   least 1.
#' @param ... Must be empty.
#' @return An object of class `fastmlp_preset`: a list of arguments of [mlp_fit()], which may be changed,
#'   and given to it as `preset`. What is not in it is as in the plain preset.
#' @references Holzmueller D, Grinsztajn L, Steinwart I (2024). "Better by default: strong pre-tuned MLPs
#'   and boosted trees on tabular data." NeurIPS, arXiv:2407.04491.
#' @seealso [mlp_fit()]
#' @examples
#' preset <- mlp_preset("fast", "classification", n = 150, p = 4)
#' preset
#' preset$hidden_units <- c(32, 32)
#' fit <- mlp_fit(Species ~ ., iris, preset = preset)
#' @export
mlp_preset <- strict(function(name, task = c("classification", "regression"), n, p) {
  call <- environment()
  if (!missing(name)) name <- check_choice(name, "name", preset_names())
  check_given(list(n = "The rows of the data, and `p`, their predictors.", p = "The predictors of the data."))
  task <- check_first_choice(task, "task", c("classification", "regression"))
  n <- check_count(n, "n")
  p <- check_count(p, "p")
  new_preset(name, list(task = task, n = n, p = p))
})

new_preset <- function(name, facts) {
  arguments <- if (name == "plain") Filter(Negate(is.null), plain_settings()) else
    do.call(tuned_presets[[name]], facts)
  structure(arguments, name = name, class = "fastmlp_preset")
}

#' @export
format.fastmlp_preset <- function(x, ...) sprintf("mlp_preset(\"%s\")", attr(x, "name"))

#' @export
print.fastmlp_preset <- function(x, ...) {
  check_no_dots(...)
  lines <- argument_lines(vapply(unclass(x), format_setting, ""))
  show_lines(c(sprintf("<fastmlp_preset>: %s", attr(x, "name")), lines))
  invisible(x)
}

# A name, or such an object with arguments that there are.
check_preset <- function(x, arg, call) {
  if (is.null(x) || rlang::is_string(x)) {
    return(if (!is.null(x)) check_choice(x, arg, preset_names(), call = call))
  }
  check_class(x, arg, "fastmlp_preset", "a name, or a preset by `mlp_preset()`", call)
  unknown <- setdiff(names(x), names(plain_arguments))
  if (length(unknown) || is.null(names(x))) {
    got <- if (length(unknown)) sprintf("one with `%s`", unknown[1]) else "one without names"
    abort_argument(arg, "a preset with arguments of `mlp_fit()`", got, call = call)
  }
  x
}

# ---- the preset of a fit ----

# list(name, arguments, rule = <why it was chosen, or NULL>) for an outcome and predictors x
# with their scan, which may lack where there are factors.
preset_for <- function(preset, outcome, x, scan) {
  rule <- NULL
  if (is.null(preset)) {
    preset <- getOption("fastmlp.preset")
    if (is.null(preset)) {
      one_scale <- on_one_scale(x, scan)
      preset <- if (is_sparse(x)) "sparse" else if (one_scale) "pixels" else "tabular"
      rule <- sprintf("as the predictors are %s", if (is_sparse(x)) "a sparse matrix" else
        if (one_scale) "many and on one scale" else
          if (encoded_count(x) < many_columns) "few" else "not on one scale")
    }
  }
  if (is.character(preset)) preset <- new_preset(preset, facts_of(outcome, x))
  list(name = attr(preset, "name"), arguments = sparse_arguments(unclass(preset), x), rule = rule)
}

facts_of <- function(outcome, x) {
  task <- if (outcome$info$type == "numeric") "regression" else "classification"
  list(task = task, n = outcome_rows(outcome), p = encoded_count(x))
}

many_columns <- 64

on_one_scale <- function(x, scan) {
  if (encoded_count(x) < many_columns || has_factors(x)) return(FALSE)
  whole <- max(scan$maximum) - min(scan$minimum)
  mean(scan$maximum - scan$minimum >= whole / 2) >= 0.5
}

# ---- where a preset gives way ----

# Whether an argument that came from a preset goes with the settings, in this order; the others are as in the
# plain preset, and so are those that would have no effect. `given` are the names of the user's arguments.
preset_applies <- list(
  loss = function(settings, info, given) info$type == "class",
  patience = function(settings, info, given) validates(settings),
  stop_metric = function(settings, info, given) {
    settings$stop_metric %in% losses[[info$loss$name]]$metric && settings$patience < Inf
  },
  calibrate = function(settings, info, given) validates(settings) && calibrates(info$link),
  refit = function(settings, info, given) {
    free <- is.null(settings$callbacks) && is.null(settings$checkpoint) && is.null(settings$keep_epochs)
    free && validates(settings) && !"validation" %in% given && is.null(find_plateau(settings$schedule))
  },
  input_scale = function(settings, info, given) !settings$share_weights,
  parametrization = function(settings, info, given) !"optimizer" %in% given,
  rate_factors = function(settings, info, given) !"optimizer" %in% given
)

validates <- function(settings) {
  validation <- settings$validation
  !(is.numeric(validation) && length(validation) == 1 && validation %in% 0)
}

# The preset's factors of rates as they fit the settings. Of scales of members that share weights presets say
# nothing: they learn as slowly as biases.
preset_factors <- function(settings) {
  factors <- settings$rate_factors
  unsaid <- settings$share_weights && identical(c("bias", "member_scale") %in% names(factors), c(TRUE, FALSE))
  if (unsaid) factors[["member_scale"]] <- factors[["bias"]]
  factors[vapply(names(factors), function(group) rate_groups[[group]](settings), NA)]
}

# Settings that fit together, from the plain ones, those of a preset and those given.
merged_settings <- function(preset, given, facts) {
  plain <- plain_settings()
  settings <- plain
  settings[names(preset)] <- preset
  settings[names(given)] <- given
  from_preset <- setdiff(names(preset), names(given))
  for (arg in intersect(names(preset_applies), from_preset)) {
    if (!isTRUE(preset_applies[[arg]](settings, facts$info, names(given)))) settings[arg] <- plain[arg]
  }
  settings <- without_idle(settings, from_preset, facts)
  if ("rate_factors" %in% from_preset) settings["rate_factors"] <- list(preset_factors(settings))
  if ("patience" %in% from_preset && settings$patience < Inf) settings$patience <- settings$epochs
  settings
}
