# What the learning rate is multiplied by for groups of parameters and in NTK parametrisation, and what
# multiplies decay and dropout as training goes on.

#' @section Parametrisation:
#' With `parametrization = "ntk"` a layer of \eqn{n} inputs is trained as
#' \deqn{z = x V / \sqrt{n} + b} (Jacot et al. 2018), whose optimizer moves \eqn{V}. The
#' engine keeps \eqn{W = V / \sqrt{n}}, which is what `init`, [coef()][coef.fastmlp] and
#' [mlp_gradient()] mean by weights, and moves it just as \eqn{V} would move: as the gradient of
#' \eqn{V} is that of \eqn{W} divided by \eqn{\sqrt{n}}, by `learn_rate` / \eqn{n} with [opt_sgd()]
#' and by `learn_rate` / \eqn{\sqrt{n}} with the others, whose `epsilon` becomes
#' \eqn{\epsilon \sqrt{n}}. Decoupled `weight_decay` takes the same share, `learn_rate` times
#' `weight_decay`, of \eqn{V} and of \eqn{W}, whatever \eqn{n}. `penalty`, `clip_value`, `clip_norm` and
#' `max_norm` are those of \eqn{V}: for \eqn{W} the L2 penalty is larger by \eqn{n} and the L1 penalty by
#' \eqn{\sqrt{n}}, `clip_value` is larger by \eqn{\sqrt{n}} and `max_norm` smaller by it, and in the norm
#' that `clip_norm` limits the squares of each weight's gradient are divided by \eqn{n}.
#' `initial` of [opt_adagrad()] becomes larger by \eqn{n}, the step sizes of [opt_rprop()] smaller by
#' \eqn{\sqrt{n}}. [opt_adadelta()] and [opt_lbfgs()] have no such equivalent and are refused.
#' [init_ntk()] goes with it.
#'
#' @param rate_factors What the learning rate is multiplied by for groups of parameters: numbers from 0 up (0
#'   keeps the group as it starts) named `bias`, `input_scale`, `member_scale` (with `share_weights`),
#'   `activation` (with `parametric_activation`), `embedding` (of numbers) or `factor_embedding`, such as
#'   `c(bias = 0.1)`. Groups without a name here have the factor 1; one that the network does not have is an
#'   error. `r default_of("rate_factors")`
#' @param parametrization `"standard"`, or `"ntk"` to train the weights as those of a network whose products
#'   are divided by the root of the number of inputs (Jacot et al. 2018; formulas in the section on it).
#'   `r default_of("parametrization")`
#' @param decay_schedule,dropout_schedule What the `weight_decay` of the optimizer and the hidden layers'
#'   `dropout` are multiplied by as training goes on, such as [schedule_flat_cosine()]: weights shrink by
#'   learning rate x `weight_decay` x the factors of both schedules in a step. Dropped shares stay below 1.
#'   `r default_of("decay_schedule")`
#' @param incomplete_batch Whether an epoch's last batch that has fewer rows than `batch_size` is trained on,
#'   `"keep"`, or left out of the epoch and of its training loss, `"drop"`. With fewer rows than `batch_size`
#'   in all, these are one complete batch; with `batch_size = Inf` `"drop"` is refused.
#'   `r default_of("incomplete_batch")`
#' @examples
#'
#' # What RealMLP-TD-S trains classes with (Holzmueller et al. 2024)
#' mlp_fit(Species ~ ., iris, preset = "plain", hidden_units = c(64, 64, 64), activation = "selu",
#'         loss = loss_cross_entropy(0.1), input_scale = TRUE, parametrization = "ntk",
#'         init = init_ntk(), rate_factors = c(bias = 0.1, input_scale = 6),
#'         optimizer = opt_adam(0.04, beta2 = 0.95),
#'         schedule = schedule_coslog4(), epochs = 30, batch_size = 32, incomplete_batch = "drop",
#'         validation = 0.2, patience = 30, stop_metric = "accuracy", ties = "last",
#'         standardize = "robust_clip")
#'
#' # Decay and dropout that fade
#' mlp_fit(Species ~ ., iris, preset = "plain", hidden_units = 32,
#'         optimizer = opt_adamw(0.01, weight_decay = 0.02),
#'         decay_schedule = schedule_flat_cosine(), dropout = 0.15,
#'         dropout_schedule = schedule_flat_cosine(), epochs = 30, batch_size = 32,
#'         standardize = "zscore")
#' @name mlp_fit
#' @rdname mlp_fit
#' @order 4
NULL

# ---- groups of parameters ----

# The groups that `rate_factors` may name, each with whether networks of these settings have such
# parameters.
rate_groups <- list(
  bias = function(settings) TRUE,
  input_scale = function(settings) isTRUE(settings$input_scale),
  member_scale = function(settings) isTRUE(settings$share_weights),
  activation = function(settings) any(settings$parametric_activation),
  embedding = function(settings) embeds(settings$numeric_embedding),
  factor_embedding = function(settings) embeds(settings$factor_embedding)
)

# Factors by their groups; none is NULL.
check_rate_factors <- function(x, arg, call) {
  if (length(x) == 0) return(NULL)
  names <- rlang::names2(x)
  if (!is.numeric(x) || is.object(x) || !all(names %in% names(rate_groups)) || anyDuplicated(names)) {
    expected <- sprintf("numbers named by groups of parameters: %s",
                        enumerate(names(rate_groups), Inf, "or"))
    got <- if (is.numeric(x)) sprintf("names %s", enumerate(names)) else describe(x)
    abort_argument(arg, expected, got, fault_kind(x, NULL), call = call)
  }
  for (name in names) check_setting(x[[name]], sprintf("%s[\"%s\"]", arg, name), call)
  x[] <- as.double(x)
  x
}

# ---- schedules beside the learning rate's ----

# Other packages have an amount of decay in a place like this.
check_schedule_of_time <- function(x, arg, call) {
  if (arg == "decay_schedule" && is.numeric(x)) {
    abort_argument(arg, "a schedule such as `schedule_cosine()`", describe(x), "type", call = call,
                   hint = "For an amount of decay use `penalty`, or `weight_decay` of an optimizer.")
  }
  x <- check_schedule(x, arg, call)
  if (is.null(find_plateau(x))) return(x)
  abort_argument(arg, "a schedule of time alone", format(x),
                 hint = "A plateau lowers the learning rate: give it as `schedule`.", call = call)
}

schedule_arguments <- c("schedule", "decay_schedule", "dropout_schedule")

# Whether anything changes with the steps.
is_timed <- function(settings) !all(vapply(settings[schedule_arguments], is_constant, NA))

# The factors by one of the schedules at steps counted from 1.
factors_at <- function(monitor, arg, steps) {
  epoch <- (steps - 1) / monitor$steps
  factors <- schedule_value(monitor$settings[[arg]], epoch, monitor$settings$epochs)
  check_factors_of(factors, arg, monitor$call)
}

# Those of decay and of dropout; NULL where they stay.
decay_factors <- function(monitor, steps) {
  settings <- monitor$settings
  factors <- function(arg) if (!is_constant(settings[[arg]])) factors_at(monitor, arg, steps)
  dropout <- factors("dropout_schedule")
  most <- max(0, dropout) * max(0, settings$dropout)
  if (most >= 1) {
    abort_argument("dropout_schedule", "such that `dropout` times its factor stays below 1",
                   sprintf("a share of %s", format(most)), call = monitor$call)
  }
  list(decay = factors("decay_schedule"), dropout = dropout)
}

# ---- together ----

# Only groups that the network has are named.
check_rates <- function(settings, call) {
  for (group in names(settings$rate_factors)) {
    if (rate_groups[[group]](settings)) next
    abort_argument("rate_factors", sprintf("without `%s` where there are no such parameters", group),
                   format_setting(settings$rate_factors), call = call)
  }
}
