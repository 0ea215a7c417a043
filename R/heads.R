# What the outputs of a network mean: links from outputs to predictions.

# By link, what its outputs give. Each takes run(link), which gives the outputs after a link that the
# engine knows, outputs being with an offset that joins them, and what was asked for: list(levels).
# * probability: rows x classes or labels (one column for two classes: the second)
# * score: what decides on classes: the largest of a row, or whether one alone is above 0
# * mean: rows x numbers of the outcome (in the network's units: standardised where the outcome was)
# * quantile: for each number of the outcome, a column a level (the same)
links <- list(
  none = list(
    mean = function(run, request, outcome) {
      output <- run("none")
      output[, seq(1, ncol(output), by = loss_heads(outcome$loss)), drop = FALSE]
    }
  ),
  softmax = list(
    probability = function(run) run("softmax"), score = function(run) run("none")
  ),
  sigmoid = list(
    probability = function(run) run("sigmoid"), score = function(run) run("sigmoid") - 0.5
  ),
  margin = list(score = function(run) run("none")),
  ordinal = list(
    probability = function(run) ordinal_probability(run("none")),
    score = function(run) ordinal_probability(run("none"))
  ),
  log = list(
    mean = function(run, request, outcome) exp(run("none"))
  ),
  quantile = list(
    quantile = function(run, request, outcome) {
      known <- outcome$loss$levels
      columns <- match(format_plainly(request$levels), format_plainly(known))
      numbers <- length(outcome$names)
      known_quantiles(run("none"), known)[, outer(columns, (seq_len(numbers) - 1) * length(known), `+`),
                                          drop = FALSE]
    },
    levels = function(outcome) outcome$loss$levels
  ),
  gaussian = list(
    mean = function(run, request, outcome) gaussian_part(run("none"), 1),
    quantile = function(run, request, outcome) gaussian_quantiles(run("none"), request$levels)
  )
)

softplus <- function(x) pmax(x, 0) + log1p(exp(-abs(x)))

# The class of the highest output; a single output is the logit of the second class.
predicted_class <- function(score) {
  if (ncol(score) == 1) 1L + (score[, 1] > 0) else max.col(score, ties.method = "first")
}

# For each number of the outcome the lowest quantile, then distances to the next through softplus:
# none can cross.
known_quantiles <- function(output, levels) {
  for (j in seq_len(ncol(output))) {
    if (j %% length(levels) == 1 || length(levels) == 1) next
    output[, j] <- output[, j - 1] + softplus(output[, j])
  }
  output
}

# Means and variances take turns.
gaussian_part <- function(output, part) output[, seq(part, ncol(output), by = 2), drop = FALSE]

least_variance <- 1e-6 # the engine's, too

gaussian_quantiles <- function(output, levels) {
  mean <- gaussian_part(output, 1)
  sd <- sqrt(softplus(gaussian_part(output, 2)) + least_variance)
  each <- lapply(seq_len(ncol(mean)), function(j) mean[, j] + outer(sd[, j], stats::qnorm(levels)))
  do.call(cbind, each)
}

# Logits of "at most class k" are the first output and then sums of softplus of the others. A
# class's probability is the difference of two sigmoids, written as a product so that no digit is
# lost.
ordinal_probability <- function(output) {
  logit <- known_quantiles(output, seq_len(ncol(output)))
  k <- ncol(output)
  below <- stats::plogis(logit)
  above <- stats::plogis(-logit)
  between <- below[, -1, drop = FALSE] * above[, -k, drop = FALSE] *
    stats::plogis(output[, -1, drop = FALSE])
  cbind(below[, 1], between, above[, k])
}

# The mean that a link gives, as the outcome is measured, with an offset that joins it.
outcome_mean <- function(link, run, request, outcome) {
  scaling <- outcome$scaling
  mean <- in_outcome_units(link$mean(run, request, outcome), scaling)
  if (!is.null(outcome$variance)) mean <- mean + rep(outcome$variance, each = nrow(mean))
  plus_offset(clamped(mean, scaling), request$offset, outcome, "outcome")
}

# ---- what a fit can be asked for ----

# Predictions by type of outcome, the default first: what each needs of the link, and how it is made
# from the fit, its outputs and what was asked for.
prediction_types <- list(
  class = list(
    class = list(needs = "score", of = function(object, run, request, link) {
      list_tibble(list(.pred_class = class_factor(predicted_class(link$score(run)), object$outcome)))
    }),
    prob = list(needs = "probability", of = function(object, run, request, link) {
      probability <- link$probability(run)
      if (ncol(probability) == 1) probability <- cbind(1 - probability, probability)
      matrix_tibble(probability, paste0(".pred_", object$outcome$levels))
    })
  ),
  labels = list(
    class = list(needs = "score", of = function(object, run, request, link) {
      label_tibble(link$score(run) > 0, object$outcome)
    }),
    prob = list(needs = "probability", of = function(object, run, request, link) {
      matrix_tibble(link$probability(run), paste0(".pred_", object$outcome$names))
    })
  ),
  numeric = list(
    numeric = list(needs = "mean", of = function(object, run, request, link) {
      outcome <- object$outcome
      mean <- outcome_mean(link, run, request, outcome)
      matrix_tibble(mean, if (ncol(mean) > 1) paste0(".pred_", outcome$names) else ".pred")
    }),
    quantile = list(needs = "quantile", takes = "levels", of = function(object, run, request, link) {
      parts <- paste0("q", format_plainly(request$levels))
      quantile_tibble(object, run, request, link, parts)
    }),
    pred_int = list(needs = "quantile", takes = "level", of = function(object, run, request, link) {
      parts <- c("lower", "upper")
      if (!is.null(link$quantile)) return(quantile_tibble(object, run, request, link, parts))
      outcome <- object$outcome
      ends <- residual_intervals(outcome_mean(link, run, request, outcome), outcome, request$level,
                                 request$call)
      matrix_tibble(ends, paste0(".pred_", part_labels(outcome$names, parts)))
    })
  )
)

raw_type <- list(of = function(object, run, request, link) {
  output_tibble(run("none"), ".raw", object$outcome)
})

prediction_types <- lapply(prediction_types, c, list(raw = raw_type))

# Those that a fit's link gives.
types_of_fit <- function(outcome) {
  types <- prediction_types[[outcome$type]]
  Filter(function(type) type_is_given(type, outcome), types)
}

# Intervals come from the link, or from the errors on validation rows.
type_is_given <- function(type, outcome) {
  all(type$needs %in% names(links[[outcome$link]])) ||
    identical(type$takes, "level") && !is.null(outcome$residuals)
}

# Why a fit lacks a type of prediction that others have.
absent_type_hint <- function(type, outcome) {
  interval <- type == "pred_int"
  if (interval && has_offset_before_link(outcome)) return(offset_interval_hint)
  gives <- losses_with(type, outcome$type)
  sprintf("It comes with the loss%s %s%s.", if (length(gives) > 1) "es" else "", enumerate(gives, Inf),
          if (interval) ", or with validation rows" else "")
}

offset_interval_hint <-
  "With such an offset errors differ in size from row to row; validation rows tell intervals of fits without."

check_type <- function(type, outcome, call) {
  types <- types_of_fit(outcome)
  if (is.null(type)) return(names(types)[1])
  known <- prediction_types[[outcome$type]]
  absent <- rlang::is_string(type) && type %in% setdiff(names(known), names(types))
  if (!absent) return(check_choice(type, "type", names(types), call = call))
  hint <- absent_type_hint(type, outcome)
  expected <- sprintf("%s%s for a fit with loss %s", if (length(types) > 1) "one of " else "",
                      enumerate(names(types), conjunction = "or"), format(outcome$loss))
  abort_argument("type", expected, format_value(type), hint = hint, call = call)
}

# Losses with a name whose fits, of these outcomes, have a type of prediction without validation rows.
losses_with <- function(type, outcomes = names(prediction_types)) {
  names(Filter(function(loss) {
    any(vapply(intersect(outcomes, target_kinds[[loss$target]]$outcomes), function(outcome) {
      known <- prediction_types[[outcome]][[type]]
      !is.null(known) && type_is_given(known, loss)
    }, NA))
  }, losses[loss_names()]))
}

# ---- tibbles ----

quantile_tibble <- function(object, run, request, link, parts) {
  outcome <- object$outcome
  quantiles <- in_outcome_units(link$quantile(run, request, outcome), outcome$scaling, length(parts))
  quantiles <- plus_offset(quantiles, request$offset, outcome, "outcome")
  matrix_tibble(quantiles, paste0(".pred_", part_labels(outcome$names, parts)))
}

# The parts of one number by their own names, those of several after the number's.
part_labels <- function(names, parts) {
  if (length(names) == 1) return(parts)
  paste(rep(names, each = length(parts)), parts, sep = "_")
}

label_tibble <- function(yes, outcome) {
  columns <- lapply(seq_along(outcome$names), function(j) {
    label_values(yes[, j], outcome$levels[[j]])
  })
  list_tibble(rlang::set_names(columns, paste0(".pred_class_", outcome$names)))
}

# One column an output, named by it where there are several.
output_tibble <- function(output, prefix, outcome) {
  several <- ncol(output) > 1
  matrix_tibble(output, if (several) paste0(prefix, "_", output_labels(outcome)) else prefix)
}

# What each output stands for.
output_labels <- function(outcome) {
  switch(
    outcome$type,
    class = switch(
      losses[[outcome$loss$name]]$target,
      probability = outcome$levels[2],
      ordered = paste(utils::head(outcome$levels, -1), outcome$levels[-1], sep = "|"),
      outcome$levels
    ),
    labels = outcome$names,
    numeric = {
      parts <- loss_parts(outcome$loss)
      if (is.null(parts)) outcome$names else part_labels(outcome$names, parts)
    }
  )
}

# Classes 1, 2, ... as a factor like the outcome.
class_factor <- function(class, outcome) {
  structure(class, levels = outcome$levels, class = c(if (outcome$ordered) "ordered", "factor"))
}

matrix_tibble <- function(values, names) {
  columns <- lapply(seq_len(ncol(values)), function(j) values[, j])
  list_tibble(rlang::set_names(columns, names))
}

list_tibble <- function(columns) tibble::new_tibble(columns, nrow = length(columns[[1]]))
