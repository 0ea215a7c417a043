# Numeric embeddings in front of the first layer, whose list holds `embedding`: list(frequency, phase,
# weight, bias, columns = <positions of the embedded predictors>, inputs = <of all predictors>), the first
# four matrices with a column for each embedded predictor.

#' Embeddings of numeric predictors
#'
#' What goes in front of the first layer, as `numeric_embedding` of [mlp_fit()]: each numeric predictor
#' \eqn{x} is joined by `dim - 1` learned functions of it,
#' \deqn{v_k(x) = \sum_{j = 1}^{m} w_{kj} \cos(2 \pi f_j x + p_j) + b_k,}
#' with \eqn{m} frequencies \eqn{f_j}, phases \eqn{p_j}, weights and biases of its own, so that the
#' first layer reads `dim` values for it. It is the periodic embedding of Gorishniy, Rubachev and Babenko
#' (2022) in the form with biases, linear and densely connected, of Holzmueller, Grinsztajn and Steinwart
#' (2024).
#'
#' At the start \eqn{f_j \sim N(0, sd^2)}, \eqn{p_j \sim U(-\pi, \pi)}, \eqn{w_{kj}} and
#' \eqn{b_k \sim U(-1/\sqrt{m}, 1/\sqrt{m})}. `x` is what `standardize` makes of the predictor. Frequencies,
#' phases, weights and biases have neither decay nor penalty; `rate_factors = c(embedding = )` makes them
#' learn slower or faster. Factors and logical columns are not embedded.
#'
#' @param frequencies Frequencies of each predictor: a whole number from 1 to 256.
#' @param dim Values that each predictor becomes, itself included: a whole number from 2 to 17.
#' @param sd Standard deviation of the frequencies at the start: a number above 0. Larger ones let the
#'   functions wiggle more.
#' @param ... Must be empty.
#' @return An object of class `fastmlp_embedding`.
#' @references Gorishniy Y, Rubachev I, Babenko A (2022). "On embeddings for numerical features in tabular
#'   deep learning." NeurIPS, arXiv:2203.05556.
#'
#'   Holzmueller D, Grinsztajn L, Steinwart I (2024). "Better by default: strong pre-tuned MLPs and boosted
#'   trees on tabular data." NeurIPS, arXiv:2407.04491.
#' @examples
#' embed_periodic()
#' set.seed(1)
#' mlp_fit(dist ~ speed, cars, preset = "plain", standardize_outcome = TRUE,
#'         standardize = "robust_clip", numeric_embedding = embed_periodic(frequencies = 8),
#'         epochs = 20)
#' @export
embed_periodic <- strict(function(frequencies = 16, dim = 4, sd = 0.1) {
  structure(
    list(
      name = "periodic",
      frequencies = check_count(frequencies, "frequencies", 1, 256),
      dim = check_count(dim, "dim", 2, 17),
      sd = check_number(sd, "sd", 0, open = c("from", "to"))
    ),
    class = "fastmlp_embedding"
  )
})

#' @export
format.fastmlp_embedding <- function(x, ...) format_constructor("embed", x)

#' @export
print.fastmlp_embedding <- function(x, ...) print_line(x)

check_numeric_embedding <- function(x, arg, call) {
  if (is.null(x)) return(NULL)
  check_class(x, arg, "fastmlp_embedding", "an embedding such as `embed_periodic()`", call, "embed")
}

# Positions among the encoded predictors of those that are numbers.
numeric_positions <- function(x) {
  if (is.matrix(x)) return(if (is.logical(x)) integer() else seq_len(ncol(x)))
  is_number <- vapply(x, function(column) is.numeric(column) && !is.factor(column), NA)
  cumsum(encoded_widths(x))[is_number]
}

# list(embedding, columns, inputs) of a fit; NULL where nothing is embedded.
embedding_of <- function(embedding, x, inputs) {
  columns <- numeric_positions(x)
  if (is.null(embedding) || length(columns) == 0) return(NULL)
  list(embedding = embedding, columns = unname(as.integer(columns)), inputs = inputs)
}

# Values that the first layer reads.
embedded_width <- function(plan, inputs) {
  inputs + length(plan$columns) * (if (is.null(plan)) 0L else plan$embedding$dim - 1L)
}

# Layers with the embedding as it starts, unless they bring it.
embed_inputs <- function(layers, plan) {
  if (is.null(plan) || !is.null(layers[[1]]$embedding)) return(layers)
  spec <- plan$embedding
  features <- length(plan$columns)
  frequencies <- spec$frequencies
  outputs <- spec$dim - 1L
  limit <- 1 / sqrt(frequencies)
  drawn <- function(rows, draw) matrix(draw(rows * features), rows, features)
  layers[[1]]$embedding <- list(
    frequency = drawn(frequencies, function(n) stats::rnorm(n, sd = spec$sd)),
    phase = drawn(frequencies, function(n) stats::runif(n, -pi, pi)),
    weight = drawn(frequencies * outputs, function(n) stats::runif(n, -limit, limit)),
    bias = drawn(outputs, function(n) stats::runif(n, -limit, limit)),
    columns = plan$columns, inputs = plan$inputs
  )
  layers
}

# Predictors that a network of these layers takes.
inputs_of <- function(layers) layers[[1]]$embedding$inputs %||% nrow(layers[[1]]$weight)

embedding_parts <- c("frequency", "phase", "weight", "bias")

embedding_count <- function(layer) sum(lengths(layer$embedding[embedding_parts]))

# What is wrong with layers' embeddings, or NULL.
embedding_fault <- function(layers) {
  has <- !vapply(layers, function(layer) is.null(layer$embedding), NA)
  if (any(has[-1])) return("an `embedding` behind the first layer")
  if (!has[1]) return(NULL)
  fault <- "an `embedding` that does not fit the first layer"
  embedding <- layers[[1]]$embedding
  parts <- if (is.list(embedding)) embedding[embedding_parts]
  is_part <- function(part) is.matrix(part) && is.double(part) && length(part) > 0 && all(is.finite(part))
  if (!all(vapply(parts, is_part, NA)) || length(parts) != 4) return(fault)
  columns <- embedding$columns
  inputs <- embedding$inputs
  rows <- vapply(parts, nrow, 1L)
  known <- rlang::is_integer(inputs, 1) && rlang::is_integer(columns) && !anyDuplicated(columns) &&
    all(columns %in% seq_len(inputs))
  if (!known || !all(vapply(parts, ncol, 1L) == length(columns)) || rows[["phase"]] != rows[["frequency"]] ||
      rows[["weight"]] != rows[["frequency"]] * rows[["bias"]] || rows[["bias"]] > 16 ||
      inputs + length(columns) * rows[["bias"]] != nrow(layers[[1]]$weight)) {
    return(fault)
  }
}

# An embedding given as an initial value, of the shape that is wanted; or NULL.
check_embedding <- function(given, plan, arg, call) {
  if (is.null(given)) return(NULL)
  if (is.null(plan)) abort_argument(arg, "absent without `numeric_embedding`", describe(given), call = call)
  wanted <- embed_inputs(list(list()), plan)[[1]]$embedding
  shape <- function(x) if (is.list(x)) lapply(x[names(wanted)], function(part) list(typeof(part), dim(part)))
  same <- identical(shape(given), shape(wanted)) &&
    identical(given[c("columns", "inputs")], wanted[c("columns", "inputs")]) &&
    all(is.finite(unlist(given)))
  if (!same) {
    expected <- sprintf("as `coef()` gives it, for %s", count_of(length(plan$columns), "embedded predictor"))
    abort_argument(arg, expected, describe(given), "shape", call = call)
  }
  given
}
