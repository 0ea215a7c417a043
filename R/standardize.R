# How predictors and a numeric outcome are transformed and standardised, by statistics of the training rows
# alone.

# ---- predictors ----

# Each gives the center and scale of all columns, from the training rows, their scan and what they count as;
# `clip` where what comes of that is smoothly clipped to +-clip.
standardizers <- list(
  # mean 0, standard deviation 1
  zscore = function(x, rows, scan, counts) list(center = scan$mean, scale = scan$sd),
  # standard deviation 1, with zeros where they were
  scale = function(x, rows, scan, counts) list(center = numeric(length(scan$sd)), scale = scan$sd),
  # median 0, and the interquartile range of the normal distribution with standard deviation 1
  robust = function(x, rows, scan, counts) {
    quartiles <- column_quartiles(x, rows, counts)
    spread <- (quartiles[3, ] - quartiles[1, ]) / (2 * stats::qnorm(0.75))
    list(center = quartiles[2, ], scale = ifelse(spread > 0, spread, scan$sd))
  },
  # median 0 and interquartile range 1, or half the range where most values are the same
  robust_clip = function(x, rows, scan, counts) {
    quartiles <- column_quartiles(x, rows, counts)
    spread <- quartiles[3, ] - quartiles[1, ]
    half <- (scan$maximum - scan$minimum) / 2
    list(center = quartiles[2, ], scale = ifelse(spread > 0, spread, half), clip = 3)
  },
  # one mean and one standard deviation, those of all values together but codes of factors
  global = function(x, rows, scan, counts) {
    columns <- length(scan$mean)
    scan <- lapply(scan, function(values) values[setdiff(seq_len(columns), code_positions(x))])
    mean <- mean(scan$mean)
    variance <- mean(scan$sd^2 + (scan$mean - mean)^2)
    list(center = rep(mean, columns), scale = rep(sqrt(variance), columns))
  }
)

# 3 x columns.
column_quartiles <- function(x, rows, counts) {
  column <- column_reader(x)
  vapply(seq_len(encoded_count(x)), function(j) {
    values <- column(j)
    if (!is.null(rows)) values <- values[rows]
    weighted_quantiles(values, counts, c(0.25, 0.5, 0.75))
  }, numeric(3))
}

# NULL rows means all of them, of which the scan may be known; `counts`: what each counts as, if not once.
standardization <- function(method, x, rows, scan = NULL, counts = NULL) {
  if (method == "none") return(NULL)
  if (!is.null(counts)) scan <- weighted_scan(x, rows, counts) else
    if (is.null(scan) || !is.null(rows)) scan <- .Call(fastmlp_scan, x, rows)
  scaling <- standardizers[[method]](x, rows, scan, counts)
  unusable <- if (method == "global") !(scaling$scale > 0) else
    scan$minimum == scan$maximum | !(scaling$scale > 0)
  scaling$scale[unusable] <- 1
  codes <- code_positions(x)
  scaling$center[codes] <- scaling$scale[codes] <- 0 # as they are
  c(list(method = method), scaling)
}

# What the engine takes.
scaling_of <- function(standardize) {
  standardize[intersect(c("center", "scale", "clip"), names(standardize))]
}

# Values of an encoded column as the network gets them.
standardized <- function(values, standardize, column) {
  if (is.null(standardize)) return(values)
  u <- (values - standardize$center[column]) / standardize$scale[column]
  if (is.null(standardize$clip)) u else u / sqrt(1 + (u / standardize$clip)^2)
}

# What is wrong with it, or NULL. Codes of factors, and they alone, have the scale 0.
scaling_fault <- function(standardize, inputs, codes) {
  values <- standardize[c("center", "scale")]
  fits <- function(x) is.double(x) && length(x) == inputs && all(is.finite(x))
  clip <- standardize$clip
  if (!all(vapply(values, fits, NA)) || any(values$scale < 0) || !setequal(which(values$scale == 0), codes) ||
      !is.null(clip) && !(rlang::is_double(clip, 1, finite = TRUE) && clip > 0)) {
    return("a `standardize` that does not match the inputs")
  }
}

# ---- a numeric outcome ----

#' @param transform_outcome What is taken of a numeric outcome before it is standardised: `"none"`;
#'   `"sqrt"`, the square root, by which large numbers, whose errors are large as a rule, count less (Bartlett
#'   1947), for outcomes of at least 0; or `"auto"`, which is `"sqrt"` with the squared loss where all numbers
#'   of the training rows are positive and their skewness \eqn{m_3 / m_2^{3/2}} (from central moments), for
#'   each of several numbers, is above 0.5, and otherwise `"none"`. What the network gives is squared again.
#'   With the squared loss, which estimates means, the variance of the roots less their estimates is added
#'   (Duan 1983), that of the validation rows, or of the training rows where there are none: the mean of a
#'   square is the square of the mean and the variance. While the network is trained, in its history and
#'   metrics, estimates are squared alone, as they are for good with other losses. For the same losses as
#'   `standardize_outcome` but the Gaussian one, and not with an `offset`.
#'   `r default_of("transform_outcome")`
#' @references Bartlett MS (1947). "The use of transformations." Biometrics 3.
#'
#'   Duan N (1983). "Smearing estimate: a nonparametric retransformation method." Journal of the American
#'   Statistical Association 78.
#' @name mlp_fit
#' @rdname mlp_fit
#' @order 10
NULL

# Whether a loss takes numbers that may be shifted and scaled, and gives predictions back as they are.
standardizable <- function(loss) has_scale(losses[[loss$name]])

# The same of a row of the table of losses.
has_scale <- function(row) row$target == "numbers" && !isFALSE(row$by_name)

# What is taken of numbers before they are standardised, and its inverse, both increasing; the least value
# that it has for outcomes as they should be; what print() calls it. Roots are of numbers from 0 up, but go on
# below, where validation rows or predictions may be.
outcome_transforms <- list(
  none = list(of = identity, back = identity, least = -Inf),
  sqrt = list(
    of = function(y) sign(y) * sqrt(abs(y)), back = function(u) u * abs(u), least = 0, title = "square root"
  )
)

check_transform <- function(settings, outcome, arg, call) {
  if (settings$transform_outcome != "sqrt" || all(outcome$values >= 0)) return(invisible())
  least <- min(outcome$values)
  abort_argument(arg, "have no value below 0 with `transform_outcome = \"sqrt\"`", format_value(least),
                 "outcome", call = call)
}

# The skewness from which on "auto" takes square roots.
least_skewness <- 0.5

# The loss whose estimates, of numbers as they are, are means, not medians or quantiles.
estimates_mean <- "squared"

# The name of the transform: "auto" takes roots where the mean is estimated, and all numbers of the outcome
# are skewed and positive. Where many are 0, what is left of the roots varies too much with the predictors for
# one variance to stand for it.
chosen_transform <- function(settings, loss, values, counts) {
  if (settings$transform_outcome != "auto") return(settings$transform_outcome)
  takes_roots <- loss$name == estimates_mean && all(values > 0) &&
    all(apply(values, 2, weighted_skewness, counts) > least_skewness)
  if (takes_roots) "sqrt" else "none"
}

# list(center, scale, transform, lower, upper), one value for each number of the outcome but the name of the
# transform, where there is one: what makes of numbers what the network is to give, and the range that
# predictions are clamped to; NULL where nothing is wanted.
outcome_scaling <- function(settings, loss, values, rows, counts) {
  if (!settings$standardize_outcome && !settings$clamp && settings$transform_outcome == "none") return(NULL)
  if (!is.null(rows)) values <- values[rows, , drop = FALSE]
  counts <- counts %||% rep(1, nrow(values))
  values <- values[counts > 0, , drop = FALSE]
  counts <- counts[counts > 0]
  columns <- ncol(values)
  transform <- chosen_transform(settings, loss, values, counts)
  scaling <- list(center = rep(0, columns), scale = rep(1, columns))
  if (settings$standardize_outcome) {
    moments <- apply(outcome_transforms[[transform]]$of(values), 2, weighted_moments, counts)
    spread <- moments[2, ]
    scaling <- list(center = moments[1, ], scale = ifelse(spread %in% 0 | is.na(spread), 1, spread))
  }
  c(scaling, if (transform != "none") list(transform = transform),
    if (settings$clamp) list(lower = apply(values, 2, min), upper = apply(values, 2, max)))
}

outcome_transform <- function(scaling) outcome_transforms[[scaling$transform %||% "none"]]

# The sets with their targets as the network is to give them.
with_scaled_targets <- function(sets, scaling) {
  if (is.null(scaling)) return(sets)
  transform <- outcome_transform(scaling)$of
  scaled <- function(target) sweep(sweep(transform(target), 2, scaling$center), 2, scaling$scale, `/`)
  shared <- identical(sets$train$target, sets$valid$target)
  sets$train$target <- scaled(sets$train$target)
  if (!is.null(sets$valid)) {
    sets$valid$target <- if (shared) sets$train$target else scaled(sets$valid$target)
  }
  sets
}

# Numbers that a network gives, with `each` columns for one of the outcome, in the outcome's units.
in_outcome_units <- function(values, scaling, each = 1) {
  if (is.null(scaling)) return(values)
  stretch <- function(x) rep(rep(x, each = each), each = nrow(values))
  outcome_transform(scaling)$back(values * stretch(scaling$scale) + stretch(scaling$center))
}

# Whether the engine measures errors of roots in the outcome's units: where there is one number, and a score
# that is its error.
measures_squares <- function(loss, scaling) {
  !is.null(scaling$transform) && length(scaling$scale) == 1 && losses[[loss$name]]$metric == "rmse"
}

# The loss as the engine takes it.
engine_loss <- function(loss, scaling) {
  c(unclass(loss), if (measures_squares(loss, scaling)) list(root = c(scaling$center, scaling$scale)))
}

clamped <- function(values, scaling) {
  if (is.null(scaling$lower)) return(values)
  for (j in seq_len(ncol(values))) values[, j] <- pmin(pmax(values[, j], scaling$lower[j]), scaling$upper[j])
  values
}

# What is wrong with it, or NULL.
outcome_scaling_fault <- function(scaling, numbers) {
  fits <- function(x) is.double(x) && length(x) == numbers && all(is.finite(x))
  known <- is.list(scaling) && all(c("center", "scale") %in% names(scaling)) &&
    rlang::is_string(scaling$transform %||% "none", names(outcome_transforms))
  if (!known || !all(vapply(scaling[names(scaling) != "transform"], fits, NA)) || any(scaling$scale <= 0)) {
    return("a `scaling` that does not match the outcome")
  }
}
