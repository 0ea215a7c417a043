#' What each predictor adds to a prediction
#'
#' Attributes the predictions of single rows to the predictors, by the gradient of the prediction or by its
#' integral along the way from a baseline to the row.
#'
#' Let \eqn{f} be what [predict()][predict.fastmlp] gives as `type`, \eqn{x} a row and \eqn{x'} the baseline,
#' both in the units of the data: standardising, clipping and embedding are part of \eqn{f}, as are the link
#' and an ensemble's mean. A factor stands for one indicator a level, be it embedded or not: the values that
#' [embed_factors()] learns for a level are those weights of its indicator. An ordered factor that is a number
#' in the fit (`ordered_factors`) is one here, whose unit is a level.
#' * `"gradient"`: \eqn{\partial f / \partial x_j}{df / dx_j} at the row (Simonyan, Vedaldi and Zisserman
#'   2014), per unit of the predictor; for a factor the derivative for the indicator of the row's level; for
#'   a missing value the derivative at what stands for it.
#' * `"gradient_input"`: \eqn{(x_j - x'_j) \partial f / \partial x_j}{(x_j - x'_j) df / dx_j} at the row,
#'   what \eqn{f} would change by if it were linear.
#' * `"integrated"`: integrated gradients (Sundararajan, Taly and Yan 2017),
#'   \eqn{(x_j - x'_j) \int_0^1 \partial f / \partial x_j (x' + a (x - x')) da}{(x_j - x'_j) times the mean
#'   of df / dx_j at x' + a (x - x') for a from 0 to 1}. They are complete: over
#'   the predictors they add up to \eqn{f(x) - f(x')}. The integral is taken by the midpoint rule.
#'
#' With the last two the attributions of a factor's indicators are added up, and so are those of a column and
#' of what tells that its value is missing (`na_action = "impute"`). Where a formula has functions or
#' interactions, the predictors are the columns that it makes, under their names; of a fit by a recipe they
#' are the columns that the recipe makes, as its steps need not have derivatives.
#'
#' @param fit A fit by [mlp_fit()].
#' @param new_data A matrix or data frame with the predictors of the fit, as for
#'   [predict()][predict.fastmlp].
#' @param method How: `"gradient"`, `"gradient_input"` or `"integrated"`.
#' @param type What \eqn{f} is: a type of [predict()][predict.fastmlp] that gives numbers, `"prob"`,
#'   `"numeric"`, `"quantile"` or `"raw"`; by default the first of them that the fit gives.
#' @param output Of which predictions: names of levels, labels, outcomes or quantiles, or for `"raw"` of
#'   outputs. `NULL` for all, but of two classes the second only.
#' @param baseline \eqn{x'}: one row with the predictors of the fit. `NULL` for the point whose standardised
#'   values are all 0: the mean or median of the training rows, where a factor has the shares of its levels,
#'   or none (of two the more frequent); without standardising all zeros. Embedded factors have none.
#' @param steps Points at which the integral takes the gradient: a whole number of at least 1. Where the
#'   attributions of some row miss their sum by more than 2 % of the largest there is, a warning asks for
#'   more.
#' @param offset As for [predict()][predict.fastmlp]; the same all the way from the baseline.
#' @param threads Threads to use: a whole number of at least 1; `NULL` for [mlp_threads()].
#' @param ... Must be empty.
#' @return A tibble of class `fastmlp_attribution` with a row for each row of `new_data`, output and
#'   predictor, in this order: `row`, `predictor`, `output` and `attribution`.
#'
#'   `autoplot()` draws a bar for each predictor of up to four rows, a point for each of more rows, the
#'   predictors with the largest mean size first; or, with `shape`, each row as an image.
#' @references Simonyan K, Vedaldi A, Zisserman A (2014). "Deep inside convolutional networks: visualising
#'   image classification models and saliency maps." ICLR workshop.
#'
#'   Sundararajan M, Taly A, Yan Q (2017). "Axiomatic attribution for deep networks." ICML.
#' @seealso [mlp_importance()], [mlp_partial()]; [mlp_gradient()] for the gradient of a loss.
#' @examples
#' set.seed(1)
#' fit <- mlp_fit(Species ~ ., iris, preset = "fast", hidden_units = c(16, 16))
#' mlp_attribution(fit, iris[c(1, 150), ], "integrated", output = "virginica")
#'
#' # From another row than the mean flower
#' parts <- mlp_attribution(fit, iris[150, ], "integrated", baseline = iris[1, ])
#' tapply(parts$attribution, parts$output, sum)
#' predict(fit, iris[150, ], "prob") - predict(fit, iris[1, ], "prob")
#'
#' autoplot(mlp_attribution(fit, iris, "integrated"))
#'
#' # Predictors that are pixels, here 2 x 2
#' autoplot(mlp_attribution(fit, iris[c(1, 60, 150), ]), shape = c(2, 2))
#' @export
mlp_attribution <- function(fit, new_data, method = c("gradient", "gradient_input", "integrated"), ...,
                            type = NULL, output = NULL, baseline = NULL, steps = 64, offset = NULL,
                            threads = NULL) {
  call <- environment()
  check_no_dots(..., known = names(formals()))
  check_given(list(new_data = "A fit does not hold its training data."))
  check_model(fit, "fit")
  method <- check_first_choice(method, "method", names(attribution_points))
  steps <- check_count(steps, "steps")
  threads <- resolve_threads(threads)
  fit <- with_indicators(fit, unfolding_unit(fit))
  encoded <- explained_predictors(fit, new_data, call)
  quantity <- explained_quantity(fit, type, output, new_data, offset, call)
  from <- if (is.null(baseline)) default_baseline(fit) else check_baseline(baseline, fit, call)
  at <- attribution_points[[method]](steps)
  blocks <- lapply(row_blocks(nrow(encoded), fit$network$inputs), function(rows) {
    quantity$request$offset <- quantity$request$offset[rows]
    block_attributions(fit, quantity, choose_rows(encoded, rows), from, method, at, threads, call)
  })
  joined <- function(part, join) do.call(join, lapply(blocks, part))
  parts <- lapply(seq_along(quantity$output), function(k) joined(function(block) block$parts[[k]], cbind))
  if (method == "integrated") {
    check_complete_sums(parts, joined(function(block) block$change, rbind), quantity$output, call)
  }
  attribution_tibble(parts, quantity, method)
}

# Encoded values of rows that are looked at together: of factors with many levels most are zeros, which the
# fewer rows have in common the fewer they are.
values_at_once <- 2^20

row_blocks <- function(rows, inputs) {
  size <- max(1, values_at_once %/% inputs)
  unname(split(seq_len(rows), (seq_len(rows) - 1) %/% size))
}

# Of some rows: list(parts = <for each output the attributions, predictors x rows>, change = <by which
# predictions differ from that at the baseline, rows x outputs, where the method adds up to it>).
block_attributions <- function(fit, quantity, encoded, from, method, at, threads, call) {
  x <- encoded_values(encoded)
  from <- matrix(from, nrow(x), ncol(x), byrow = TRUE)
  by <- if (method == "gradient") gradient_units(encoded, x, fit$predictors) else x - from
  owners <- input_owners(fit)
  none <- matrix(0, length(unique(owners)), nrow(x), dimnames = list(unique(owners), NULL))
  kept <- !idle_inputs(fit, x, by)
  fit <- with_inputs(fit, kept)
  x <- x[, kept, drop = FALSE]
  from <- from[, kept, drop = FALSE]
  slopes <- mean_slopes(fit, quantity, x, from, at, threads, call)
  parts <- lapply(slopes, function(slope) {
    own <- rowsum(t(slope * by[, kept, drop = FALSE]), owners[kept], reorder = FALSE)
    none[rownames(own), ] <- own
    none
  })
  of <- function(x) predicted_quantity(fit, quantity, x, threads, call)
  list(parts = parts, change = if (method == "integrated") of(x) - of(from))
}

# Inputs that take no part: those which are nothing to the network (0, or what standardising makes 0 of) in
# all rows and whose slopes are multiplied by 0.
idle_inputs <- function(object, x, by) {
  first <- object$network$layers[[1]]
  if (isTRUE(first$residual)) return(logical(ncol(x)))
  nothing <- rep(default_baseline(object), each = nrow(x))
  idle <- colSums(x != nothing | by != 0) == 0
  idle[columns_of(first$embedding)] <- FALSE
  if (all(idle)) idle[1] <- FALSE
  idle
}

# The fit whose networks read these inputs alone.
with_inputs <- function(object, kept) {
  if (all(kept)) return(object)
  narrow <- function(network) {
    first <- network$layers[[1]]
    rows <- c(kept, rep(TRUE, nrow(first$weight) - length(kept))) # embedded values come behind the inputs
    first$weight <- first$weight[rows, , drop = FALSE]
    first$input_scale <- first$input_scale[rows]
    first$embedding <- lapply(first$embedding, function(own) {
      own$column <- match(own$column, which(kept))
      own
    })
    if (length(first$embedding) == 0) first$embedding <- NULL
    if (length(first$input_scale) == 0) first$input_scale <- NULL
    new_network(c(list(first), network$layers[-1]), hidden_activations(network))
  }
  object$network <- narrow(object$network)
  if (!is.null(object$members)) object$members <- lapply(object$members, narrow)
  for (part in intersect(c("center", "scale"), names(object$standardize))) {
    object$standardize[[part]] <- object$standardize[[part]][kept]
  }
  object
}

# Where between baseline (0) and row (1) gradients are taken, to be averaged.
attribution_points <- list(
  gradient = function(steps) 1,
  gradient_input = function(steps) 1,
  integrated = function(steps) (seq_len(steps) - 0.5) / steps
)

# What the derivative for each encoded value is multiplied by, where it stands by itself: 1 for numbers; for
# factors what leaves that of the row's level (of two the first is -1); 0 for what tells of missing values.
gradient_units <- function(encoded, x, predictors) {
  units <- ifelse(rep(encoded_indicators(encoded), each = nrow(x)), x, 1)
  units <- matrix(units, nrow(x))
  units[, utils::tail(seq_len(ncol(x)), length(predictors$indicators))] <- 0
  units
}

default_baseline <- function(object) object$standardize$center %||% rep(0, object$network$inputs)

check_baseline <- function(baseline, object, call) {
  one_row <- if (is_plain_vector(baseline)) length(baseline) == length(predictor_columns(object)) else
    (is.matrix(baseline) || is.data.frame(baseline)) && nrow(baseline) == 1
  if (!one_row) {
    hint <- "Such as `new_data[1, ]`; without it, it is where all standardised predictors are 0."
    abort_argument("baseline", "one row with the predictors of the fit", describe(baseline), "shape", hint,
                   call)
  }
  if (is_plain_vector(baseline)) baseline <- t(baseline)
  encoded_values(explained_predictors(object, baseline, call, "baseline"))[1, ]
}

# ---- gradients of predictions ----

# For each output the mean over points of the gradient for the encoded predictors, rows x inputs, in their
# own units.
mean_slopes <- function(object, quantity, x, from, at, threads, call) {
  networks <- object$members %||% list(object$network)
  scaling <- scaling_of(object$standardize)
  total <- lapply(quantity$output, function(output) 0)
  for (share in at) {
    point <- if (share == 1) x else from + share * (x - from)
    outputs <- lapply(networks, one_output, object, point, "none", threads, call)
    seeds <- output_slopes(object, quantity, outputs)
    for (k in seq_along(total)) {
      for (m in seq_along(networks)) {
        slope <- .Call(fastmlp_input_gradient, networks[[m]]$layers, point, scaling, seeds[[k]][[m]], threads)
        total[[k]] <- total[[k]] + slope
      }
    }
  }
  lapply(total, `/`, length(at))
}

# The derivatives of predictions for the outputs of the networks: for each prediction a list of matrices
# rows x outputs, one a network. They are central differences in double precision of what predict() makes of
# outputs, so that any type has them; none of it is curved enough to lose more than single precision does.
output_slopes <- function(object, quantity, outputs) {
  predicted <- function(outputs) {
    offset <- quantity$request$offset
    quantity_of(object, quantity, function(link) joint_after(outputs, object$outcome, link, offset))
  }
  slopes <- lapply(quantity$output, function(output) outputs)
  for (m in seq_along(outputs)) {
    for (j in seq_len(ncol(outputs[[m]]))) {
      step <- 1e-5 * pmax(1, abs(outputs[[m]][, j]))
      above <- below <- outputs
      above[[m]][, j] <- above[[m]][, j] + step
      below[[m]][, j] <- below[[m]][, j] - step
      slope <- (predicted(above) - predicted(below)) / (above[[m]][, j] - below[[m]][, j])
      for (k in seq_along(slopes)) slopes[[k]][[m]][, j] <- slope[, k]
    }
  }
  slopes
}

# Whether the attributions add up to what they should, rows x outputs.
check_complete_sums <- function(parts, wanted, output, call) {
  got <- matrix(vapply(parts, colSums, numeric(nrow(wanted))), nrow(wanted))
  gap <- abs(wanted - got)
  worst <- arrayInd(which.max(gap), dim(wanted))
  if (max(gap) <= 0.02 * max(abs(wanted))) return(invisible())
  text <- sprintf("The attributions of row %d to \"%s\" add up to %s instead of %s. Raise `steps`.", worst[1],
                  output[worst[2]], format(got[worst[1], worst[2]], digits = 3),
                  format(wanted[worst], digits = 3))
  warn_fastmlp(text, "steps", call)
}

# parts: one matrix predictors x rows for each output.
attribution_tibble <- function(parts, quantity, method) {
  predictors <- rownames(parts[[1]])
  rows <- ncol(parts[[1]])
  values <- array(unlist(parts, use.names = FALSE), c(length(predictors), rows, length(parts)))
  each <- length(predictors) * length(parts)
  explained_tibble(
    list(
      row = rep(seq_len(rows), each = each),
      predictor = rep(predictors, rows * length(parts)),
      output = rep(rep(quantity$output, each = length(predictors)), rows),
      attribution = as.vector(aperm(values, c(1, 3, 2)))
    ),
    "fastmlp_attribution", method = method, type = quantity$type
  )
}
