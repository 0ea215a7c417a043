# Metrics beside the loss, computed in R from the outputs at the end of an epoch.

# Each takes the truth (a factor; or numbers, a matrix for several outcomes), the estimate
# (probabilities or scores, rows x classes; or numbers shaped like the truth) and a weight a row; `needs`
# says what the loss must give, `larger` whether more is better. To add a metric, add a row.
known_metrics <- list(
  accuracy = list(type = "class", needs = "scores", larger = TRUE,
    value = function(truth, estimate, weights) {
    stats::weighted.mean(max.col(estimate, "first") == as.integer(truth), weights)
  }),
  auc = list(type = "class", needs = "scores", larger = TRUE, value = function(truth, estimate, weights) {
    if (nlevels(truth) == 2) return(binary_auc(as.integer(truth) == 2, estimate[, 2], weights))
    multiclass_auc(as.integer(truth), estimate, weights)
  }),
  log_loss = list(type = "class", needs = "probability", larger = FALSE,
    value = function(truth, estimate, weights) {
    likelihood <- estimate[cbind(seq_along(truth), as.integer(truth))]
    stats::weighted.mean(-log(pmax(likelihood, 1e-15)), weights)
  }),
  rmse = list(type = "numeric", needs = "mean", larger = FALSE, value = function(truth, estimate, weights) {
    sqrt(stats::weighted.mean(rowMeans(as.matrix((estimate - truth)^2)), weights))
  }),
  mae = list(type = "numeric", needs = "mean", larger = FALSE, value = function(truth, estimate, weights) {
    stats::weighted.mean(rowMeans(as.matrix(abs(estimate - truth))), weights)
  }),
  rsq = list(type = "numeric", needs = "mean", larger = TRUE, value = function(truth, estimate, weights) {
    mean(vapply(seq_len(NCOL(truth)), function(j) {
      weighted_rsq(as.matrix(truth)[, j], as.matrix(estimate)[, j], weights)
    }, 1))
  })
)

# 1 - residual / total sum of squares
weighted_rsq <- function(truth, estimate, weights) {
  1 - sum(weights * (truth - estimate)^2) /
    sum(weights * (truth - stats::weighted.mean(truth, weights))^2)
}

# The weighted share of pairs (positive, negative) that the score puts in order, ties counting half.
binary_auc <- function(positive, score, weights) {
  group <- match(score, sort(unique(score)))
  sums <- function(rows) {
    by_group <- double(max(group))
    totals <- rowsum(weights[rows], group[rows])
    by_group[as.integer(rownames(totals))] <- totals
    by_group
  }
  if (!any(positive) || all(positive)) return(NaN)
  up <- sums(positive)
  down <- sums(!positive)
  sum(up * (cumsum(down) - down / 2)) / (sum(up) * sum(down))
}

# The mean over all pairs of classes with rows of the AUC of either class's probability (Hand and
# Till 2001).
multiclass_auc <- function(class, estimate, weights) {
  present <- sort(unique(class))
  if (length(present) < 2) return(NaN)
  of_pair <- function(pair) {
    rows <- class %in% pair
    sides <- vapply(pair, function(k) {
      binary_auc(class[rows] == k, estimate[rows, k], weights[rows])
    }, 1)
    mean(sides)
  }
  mean(utils::combn(present, 2, of_pair))
}

# ---- the argument ----

own_metric_hint <- "For one of your own: `metrics = list(name = function(truth, estimate, weights) ...)`."

# Names of known metrics, and functions under names of their own: both in one list, which says
# of each what is known: list(type, larger, value).
check_metrics <- function(x, arg, call) {
  if (length(x) == 0 && (is.null(x) || is.character(x))) return(NULL)
  if (is.character(x)) x <- as.list(unname(x))
  own <- if (is.list(x)) vapply(x, is.function, NA) else logical()
  names <- rlang::names2(x)
  fits <- length(own) > 0 && all(vapply(x[!own], rlang::is_string, NA)) && all((names != "") == own) &&
    !anyDuplicated(names[own])
  if (!fits) {
    expected <- "names of metrics, or a list of such names and of functions under names of their own"
    abort_argument(arg, expected, describe(x), "type", own_metric_hint, call)
  }
  taken <- intersect(names[own], c("loss", "learn_rate", names(known_metrics)))
  if (length(taken)) {
    abort_argument(arg, "a list of functions with new names", enumerate(taken), call = call)
  }
  names[!own] <- check_choice(as.character(x[!own]), arg, names(known_metrics), length = NULL, call = call,
                              hint = own_metric_hint)
  metrics <- known_metrics[names]
  metrics[own] <- lapply(x[own], function(f) list(type = NULL, needs = NULL, larger = NA, value = f))
  rlang::set_names(metrics, names)[!duplicated(names)]
}

# Names of the known metrics that fit the outcome.
metrics_for <- function(info) {
  gives <- names(links[[info$link]])
  gives <- c(intersect(gives, if (info$type == "numeric") "mean"),
             if (info$type == "class") c("scores", intersect(gives, "probability")))
  names(Filter(function(metric) metric$needs %in% gives, known_metrics))
}

check_metrics_for <- function(metrics, info, call) {
  fitting <- metrics_for(info)
  wrong <- metrics[names(metrics) %in% setdiff(names(known_metrics), fitting)]
  if (!length(wrong)) return(invisible())
  these <- if (length(fitting)) paste("one of", enumerate(fitting, Inf, "or")) else "functions of your own"
  expected <- sprintf("%s with loss %s", these, format(info$loss))
  abort_argument("metrics", expected, enumerate(names(wrong)), call = call)
}

# ---- at the end of an epoch ----

# What the metrics need to know of a set, beside the network's outputs; NULL without rows.
metric_set <- function(set, values) {
  if (is.null(set)) return(NULL)
  pick <- function(x) if (is.null(set$rows)) x else x[set$rows]
  truth <- if (is.factor(values)) pick(values) else
    drop_single(if (is.null(set$rows)) values else values[set$rows, , drop = FALSE])
  weights <- if (is.null(set$weights)) rep(1, NROW(truth)) else pick(set$weights)
  list(truth = truth, weights = weights, shift = if (!is.null(set$shift)) pick(set$shift))
}

drop_single <- function(x) if (ncol(x) == 1) x[, 1] else x

# An estimate of the truth, from run(link), which gives the network's outputs after a link of the engine's,
# with an offset that joins them; `shift` is one that joins the outcome.
as_estimate <- function(run, info, shift) {
  link <- links[[info$link]]
  if (info$type == "numeric") return(numbers_estimate(link, run, info, shift))
  certain <- !is.null(link$probability)
  estimate <- if (certain) link$probability(run) else run("none")
  if (info$type == "class" && ncol(estimate) == 1) {
    estimate <- if (certain) cbind(1 - estimate, estimate) else cbind(-estimate, estimate)
  }
  colnames(estimate) <- if (info$type == "class") info$levels else info$names
  estimate
}

# Means, or else a column for each quantile of each number.
numbers_estimate <- function(link, run, info, shift) {
  if (!is.null(link$mean)) return(drop_single(outcome_mean(link, run, list(offset = shift), info)))
  levels <- info$loss$levels
  quantiles <- in_outcome_units(known_quantiles(run("none"), levels), info$scaling, length(levels))
  drop_single(plus_offset(quantiles, shift, info, "outcome"))
}

# The value of a metric: one number, NA where it is none.
metric_value <- function(name, metric, set, estimate, call) {
  value <- tryCatch(
    run_to_value(function() metric$value(set$truth, estimate, set$weights)),
    error = function(cnd) abort_during("metrics", name, "failed", cnd, call)
  )
  if (!(is.numeric(value) || is.logical(value)) || length(value) != 1) {
    abort_argument(sprintf("metrics$%s", name), "a function that returns one number", describe(value),
                   "metric", call = call)
  }
  if (is.finite(value)) as.double(value) else NA_real_
}

# A function of the user's fails while training is under way.
abort_during <- function(arg, name, what, cnd, call) {
  rlang::abort(sprintf("`%s$%s` %s.", arg, name, what), class = condition_class("error", sub("s$", "", arg)),
               parent = cnd, call = call)
}
