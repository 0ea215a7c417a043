# Arguments that would have no effect. What the user says in vain is refused; what a preset says so gives way.

# Where an argument has no effect, in words, perhaps with a hint behind them; NULL where it has one. `facts`
# are list(info = <the outcome's>, design). What others depend on stands before them. To add a case, add a
# row; what an optimizer lacks stands in optimizers().
no_effect <- list(
  activation = function(settings, facts) without_hidden(settings),
  normalization = function(settings, facts) without_hidden(settings),
  parametric_activation = function(settings, facts) {
    without_hidden(settings) %||%
      if (all(settings$activation == "identity")) "with activation \"identity\""
  },
  dropout = function(settings, facts) without_hidden(settings),
  max_norm = function(settings, facts) without_hidden(settings),
  numeric_embedding = function(settings, facts) {
    if (length(numeric_positions(facts$design$x)) == 0) "where no predictor is a number"
  },
  ordered_factors = function(settings, facts) {
    if (length(facts$design$predictors$scored) > 0) return(NULL)
    all_indicators(facts$design) %||%
      c("where no ordered factor with three levels or more stands by itself", order_hint(facts$design))
  },
  factor_embedding = function(settings, facts) {
    levels <- settings$factor_embedding$min_levels
    predictors <- facts$design$predictors
    if (length(predictors$embedded) > 0) return(NULL)
    all_indicators(facts$design) %||%
      c(sprintf("where no factor with %d levels or more stands by itself", levels),
        if (length(predictors$scored)) "With `ordered_factors = \"scores\"` ordered factors are numbers.",
        if (has_factors(facts$design$x)) "For factors with fewer levels: `embed_factors(min_levels = )`.")
  },
  new_levels = function(settings, facts) {
    known <- encoding_of(facts$design)$ptypes$predictors
    if (!any(vapply(known, is.factor, NA))) "where no predictor is a factor"
  },
  standardize = function(settings, facts) only_codes(facts$design$x),
  input_noise = function(settings, facts) only_codes(facts$design$x),
  transform_outcome = function(settings, facts) {
    offset <- !is.null(settings$offset) || !is.null(facts$design$offset)
    own <- facts$info$link == "gaussian"
    without_scale(facts$info) %||% if (offset) "with an offset, which would not join what it gives" else
      if (own) "with loss \"gaussian\", whose variance is that of the outcome itself"
  },
  standardize_outcome = function(settings, facts) without_scale(facts$info),
  clamp = function(settings, facts) {
    without_scale(facts$info) %||%
      if (!"mean" %in% names(links[[facts$info$link]])) "with a loss that gives no mean"
  },
  decay_schedule = function(settings, facts) {
    if (!any(settings$optimizer$weight_decay > 0)) "where the optimizer has no `weight_decay` above 0"
  },
  dropout_schedule = function(settings, facts) if (!any(settings$dropout > 0)) "where `dropout` is 0",
  incomplete_batch = function(settings, facts) {
    if (identical(settings$batch_size, Inf)) "with `batch_size = Inf`"
  },
  mixture = function(settings, facts) if (isTRUE(settings$penalty == 0)) "where `penalty` is 0",
  min_improvement = function(settings, facts) without_patience(settings),
  ties = function(settings, facts) without_patience(settings),
  stop_metric = function(settings, facts) if (!watches(settings)) without_patience(settings),
  stop_direction = function(settings, facts) if (!watches(settings)) without_patience(settings)
)

# Where a formula makes a model matrix, there are no factors any more.
all_indicators <- function(design) {
  known <- encoding_of(design)$ptypes$predictors
  if (!is.matrix(design$x) || !any(vapply(known, is.factor, NA))) return(NULL)
  c("where functions or interactions in the formula make factors indicators",
    "Compute such columns in `data` first: `data$log_x <- log(data$x)`.")
}

# How a predictor becomes an ordered factor, where none is.
order_hint <- function(design) {
  factors <- Filter(is.factor, encoding_of(design)$ptypes$predictors)
  if (any(vapply(factors, is.ordered, NA))) return(NULL)
  have <- if (length(factors)) sprintf("not ordered: %s", enumerate_columns(names(factors))) else
    "no predictor is a factor"
  sprintf("`factor(ordered = TRUE)` makes a column an ordered factor; %s.", have)
}

without_hidden <- function(settings) if (length(settings$hidden_units) == 0) "without hidden layers"

only_codes <- function(x) {
  if (length(code_positions(x)) == ncol(x)) "where all predictors are embedded factors"
}

without_scale <- function(info) {
  if (info$type == "numeric" && standardizable(info$loss)) return(NULL)
  fits <- names(Filter(has_scale, losses))
  sprintf("with loss %s: it is for %s", format(info$loss), enumerate(fits, Inf))
}

without_patience <- function(settings) {
  if (isTRUE(settings$patience == Inf)) {
    c("without `patience`",
      "To keep the best epoch without stopping, give as much `patience` as `epochs`, with `validation`.")
  }
}

watches <- function(settings) !is.null(find_plateau(settings$schedule))

# Why an argument of these settings has no effect, as above.
why_in_vain <- function(arg, settings, plain, facts) {
  if (identical(settings[[arg]], plain[[arg]])) return(NULL)
  optimizer <- optimizer_of(settings$optimizer)
  if (arg %in% optimizer$lacks) return(does_without(optimizer))
  if (arg %in% names(no_effect)) no_effect[[arg]](settings, facts)
}

# Of what means nothing to an optimizer, and of what its training has no place for, alike.
does_without <- function(optimizer) sprintf("with %s, whose training does without", optimizer$title)

# All arguments that may have none, in the order in which they are looked at.
may_be_in_vain <- function(settings) union(names(no_effect), optimizer_of(settings$optimizer)$lacks)

check_effects <- function(settings, facts, call) {
  plain <- plain_settings()
  for (arg in intersect(may_be_in_vain(settings), names(settings))) {
    why <- why_in_vain(arg, settings, plain, facts)
    if (is.null(why)) next
    got <- if (is.object(settings[[arg]])) format(settings[[arg]]) else describe(settings[[arg]])
    abort_argument(arg, paste("left out", why[1]), got, hint = why[-1], call = call)
  }
}

# The settings without what of these arguments has no effect.
without_idle <- function(settings, args, facts) {
  plain <- plain_settings()
  for (arg in intersect(may_be_in_vain(settings), args)) {
    if (!is.null(why_in_vain(arg, settings, plain, facts))) settings[arg] <- plain[arg]
  }
  settings
}
