# Embeddings as the user asks for them; embedding_layer.R has what networks hold.

#' @param numeric_embedding What numeric predictors are embedded by in front of the first layer, such as
#'   [embed_periodic()] or [embed_piecewise()] (formulas and sources there); or `"none"`.
#'   `r default_of("numeric_embedding")`
#' @param factor_embedding What factors with many levels are embedded by, as learned values of each level in
#'   the place of one indicator a level: [embed_factors()] (formula and source there); or `"none"`.
#'   `r default_of("factor_embedding")`
#' @name mlp_fit
#' @rdname mlp_fit
#' @order 10
NULL

#' Embeddings of predictors
#'
#' What goes in front of the first layer, as `numeric_embedding` and `factor_embedding` of [mlp_fit()]:
#' predictors become several learned values each. `x` is here what `standardize` makes of a numeric
#' predictor.
#'
#' @section Numeric predictors:
#' Each numeric predictor \eqn{x} is joined by `dim - 1` learned functions \eqn{v_k} of it, so that the first
#' layer reads `dim` values for it. Logical columns are not embedded.
#'
#' `embed_periodic()`: with \eqn{m} frequencies \eqn{f_j}, phases \eqn{p_j}, weights and biases of its own,
#' \deqn{v_k(x) = \sum_{j = 1}^{m} w_{kj} \cos(2 \pi f_j x + p_j) + b_k.}{
#'   v_k(x) = sum_{j = 1}^{m} w_{kj} cos(2 pi f_j x + p_j) + b_k.}
#' It is the periodic embedding of Gorishniy, Rubachev and Babenko (2022) in
#' the form with biases, linear and densely connected, of Holzmueller, Grinsztajn and Steinwart (2024). At
#' the start \eqn{f_j \sim N(0, sd^2)}{f_j ~ N(0, sd^2)}, \eqn{p_j \sim U(-\pi, \pi)}{p_j ~ U(-pi, pi)},
#' \eqn{w_{kj}}
#' and \eqn{b_k \sim U(-1/\sqrt{m}, 1/\sqrt{m})}{b_k ~ U(-1/sqrt(m), 1/sqrt(m))}.
#'
#' `embed_piecewise()`: with the edges \eqn{a_0 < a_1 < \dots < a_T}{a_0 < a_1 < ... < a_T} of \eqn{T} bins,
#' \deqn{v_k(x) = \sum_{t = 1}^{T} w_{kt} e_t(x), \quad
#'   e_t(x) = \frac{x - a_{t - 1}}{a_t - a_{t - 1}} \mbox{ limited to } [0, 1],}{
#'   v_k(x) = sum_{t = 1}^{T} w_{kt} e_t(x),
#'   e_t(x) = ((x - a_{t - 1}) / (a_t - a_{t - 1})) limited to [0, 1],}
#' where \eqn{e_1} has no lower and \eqn{e_T} no upper limit: the piecewise-linear encoding of Gorishniy,
#' Rubachev and Babenko (2022), with a linear map behind it. The edges are quantiles of the training rows at
#' equal steps, without those that repeat, and stay what they are. The weights start at 0, as in TabM
#' (Gorishniy, Kotelnikov and Babenko 2025), so that the first layer starts from \eqn{x} alone.
#'
#' Frequencies, phases, weights and biases have neither decay nor penalty; `rate_factors = c(embedding = )`
#' makes them learn slower or faster.
#'
#' @section Factors:
#' `embed_factors()`: each factor with at least `min_levels` levels becomes `dim` values, those of its level
#' in a table \eqn{T} of levels x `dim` numbers, which are learned (Guo and Berkhahn 2016) and start as
#' \eqn{N(0, 1)}: \eqn{v_k = T_{lk}} for level \eqn{l}. Factors with fewer
#' levels stay indicators, one column a level. The default rule, from 9 levels to 8 values, is that of
#' Holzmueller, Grinsztajn and Steinwart (2024). The tables have neither decay nor penalty;
#' `rate_factors = c(factor_embedding = )` makes them learn slower or faster. Where a formula has functions or
#' interactions, factors stay indicators; ordered ones that are scores (`ordered_factors`) are numbers,
#' however many levels they have.
#'
#' @param frequencies Frequencies of each predictor: a whole number from 1 to 256.
#'   `r default_among("frequencies", "^embed_")`
#' @param dim Values that each predictor becomes: for numbers, of which one is the predictor itself, a whole
#'   number from 2 to 17; for factors from 1 to 256. `r default_among("dim", "^embed_")`
#' @param sd Standard deviation of the frequencies at the start, in cycles for each unit of \eqn{x}: one or
#'   more finite numbers above 0. The members of an `ensemble` take them in turn; a network alone, and members
#'   that share weights, have the first. Larger ones let the functions wiggle more, and members that differ in
#'   it err less alike.
#'   `r default_among("sd", "^embed_")`
#' @param bins The most bins of each predictor: a whole number from 2 to 256.
#'   `r default_among("bins", "^embed_")`
#' @param min_levels The fewest levels of a factor that is embedded: a whole number of at least 2.
#'   `r default_among("min_levels", "^embed_")`
#' @param ... Must be empty.
#' @return An object of class `fastmlp_embedding`.
#' @references Gorishniy Y, Rubachev I, Babenko A (2022). "On embeddings for numerical features in tabular
#'   deep learning." NeurIPS, arXiv:2203.05556.
#'
#'   Gorishniy Y, Kotelnikov A, Babenko A (2025). "TabM: advancing tabular deep learning with
#'   parameter-efficient ensembling." ICLR, arXiv:2410.24210.
#'
#'   Guo C, Berkhahn F (2016). "Entity embeddings of categorical variables." arXiv:1604.06737.
#'
#'   Holzmueller D, Grinsztajn L, Steinwart I (2024). "Better by default: strong pre-tuned MLPs and boosted
#'   trees on tabular data." NeurIPS, arXiv:2407.04491.
#' @examples
#' embed_periodic()
#' set.seed(1)
#' mlp_fit(dist ~ speed, cars, preset = "plain", optimizer = opt_adam(0.01),
#'         standardize_outcome = TRUE, standardize = "robust_clip",
#'         numeric_embedding = embed_periodic(frequencies = 8), epochs = 20)
#' mlp_fit(dist ~ speed, cars, preset = "plain", optimizer = opt_adam(0.01),
#'         standardize_outcome = TRUE, standardize = "robust_clip",
#'         numeric_embedding = embed_piecewise(bins = 4), epochs = 20)
#'
#' # Two values for each of ten levels
#' chicken <- transform(ChickWeight, Chick = factor(as.character(Chick)))
#' fit <- mlp_fit(weight ~ Time + Chick, chicken, preset = "fast",
#'                factor_embedding = embed_factors(dim = 2))
#' head(coef(fit)[[1]]$embedding$Chick$table)
#' @name embed_periodic
NULL

#' @rdname embed_periodic
#' @export
embed_periodic <- strict(function(frequencies = 16, dim = 4, sd = 0.1) {
  new_embedding(
    "periodic", "numeric_embedding",
    frequencies = check_count(frequencies, "frequencies", 1, 256),
    dim = check_count(dim, "dim", 2, 17),
    sd = check_deviations(sd, "sd")
  )
})

# One or more, for the members of an ensemble in turn.
check_deviations <- function(x, arg, call = rlang::caller_env()) {
  ok <- is_plain_numeric(x) && length(x) > 0 && all(is.finite(x) & x > 0)
  if (!ok) {
    abort_argument(arg, "one or more finite numbers above 0", describe(x), fault_kind(x, NULL), call = call)
  }
  as.double(x)
}

#' @rdname embed_periodic
#' @export
embed_piecewise <- strict(function(bins = 32, dim = 4) {
  new_embedding(
    "piecewise", "numeric_embedding",
    bins = check_count(bins, "bins", 2, 256),
    dim = check_count(dim, "dim", 2, 17)
  )
})

#' @rdname embed_periodic
#' @export
embed_factors <- strict(function(dim = 8, min_levels = 9) {
  new_embedding(
    "factors", "factor_embedding",
    dim = check_count(dim, "dim", 1, 256),
    min_levels = check_count(min_levels, "min_levels", 2)
  )
})

# Whether a setting is an embedding, not "none".
embeds <- function(x) inherits(x, "fastmlp_embedding")

# `argument` of mlp_fit() is where it belongs.
new_embedding <- function(name, argument, ...) {
  structure(list(name = name, ...), argument = argument, class = "fastmlp_embedding")
}

#' @export
format.fastmlp_embedding <- function(x, ...) {
  attr(x, "argument") <- NULL
  format_constructor("embed", x)
}

#' @export
print.fastmlp_embedding <- function(x, ...) print_line(x, ...)

check_numeric_embedding <- function(x, arg, call) {
  check_embedding_for(x, arg, "an embedding such as `embed_periodic()`", call)
}

check_factor_embedding <- function(x, arg, call) check_embedding_for(x, arg, "`embed_factors()`", call)

check_embedding_for <- function(x, arg, expected, call) {
  if (identical(x, "none")) return(x)
  expected <- paste(expected, "or \"none\"")
  check_class(x, arg, "fastmlp_embedding", expected, call, "embed")
  if (attr(x, "argument") == arg) return(x)
  abort_argument(arg, expected, format(x), hint = sprintf("Give it as `%s`.", attr(x, "argument")),
                 call = call)
}
