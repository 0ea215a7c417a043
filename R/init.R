#' Initial weights
#'
#' How the weights of a new network are drawn. Biases start at zero, but for `init_ntk()`.
#'
#' For a layer with \eqn{n} inputs and \eqn{m} units the standard deviation of a weight is
#' * `init_normal()`: `sd`, whatever \eqn{n} and \eqn{m} are, as by Krizhevsky et al. (2012);
#' * `init_uniform()`: weights lie in `[-limit, limit]`, so `limit / sqrt(3)`;
#' * `init_glorot()`: \eqn{\sqrt{2 / (n + m)}} (Glorot and Bengio 2010), for sigmoid and tanh;
#' * `init_he()`: \eqn{\sqrt{2 / n}} (He, Zhang, Ren and Sun 2015), for ReLU and its relatives;
#' * `init_lecun()`: \eqn{\sqrt{1 / n}} (LeCun, Bottou, Orr and Mueller 1998), for SELU;
#' * `init_ntk()`: \eqn{\sqrt{1 / n}}, with biases of standard deviation 1, both normal: in NTK
#'   parametrisation, where \eqn{z = x V / \sqrt{n} + b} (Jacot, Gabriel and Hongler 2018), that is
#'   \eqn{N(0, 1)} for \eqn{V} and \eqn{b}. By default the last layer starts at zero. It goes with
#'   `parametrization = "ntk"` of [mlp_fit()].
#'
#' `init_data_driven()` draws normal weights and then looks at training rows (2000 of them if there are
#' more), layer by layer (Holzmueller, Grinsztajn and Steinwart 2024): the weights into each unit are
#' scaled such that what the unit gets, \eqn{x W}, has standard deviation 1 over the rows, and its bias is
#' minus a weighted mean of that in 5 random rows, with random weights (exponential draws over their sum),
#' so that the kinks of the units lie where the rows are. It is for [mlp_fit()] only.
#'
#' A uniform distribution with standard deviation \eqn{s} is that on
#' \eqn{[-\sqrt{3} s, \sqrt{3} s]}. Draws follow [set.seed()].
#'
#' @param sd Standard deviation of the weights: a finite number of at least 0.
#'   `r default_among("sd", "^init_")`
#' @param limit Largest absolute value of a weight: a finite number of at least 0.
#'   `r default_among("limit", "^init_")`
#' @param distribution `"normal"` or `"uniform"`. `r default_among("distribution", "^init_")`
#' @param zero_last Whether the last layer starts at zero, weights and biases: `TRUE` or `FALSE`. All
#'   outputs then start equal. `r default_among("zero_last", "^init_")`
#' @param ... Must be empty.
#' @return An object of class `fastmlp_init` for the `init` argument of [mlp_fit()] and
#'   [mlp_network()]. Where initial values themselves are wanted, both take a list of
#'   `list(weight = , bias = )` instead, such as [coef()][coef.fastmlp] gives.
#' @references Glorot X, Bengio Y (2010). "Understanding the difficulty of training deep
#'   feedforward neural networks." AISTATS.
#'
#'   Holzmueller D, Grinsztajn L, Steinwart I (2024). "Better by default: strong pre-tuned MLPs and boosted
#'   trees on tabular data." NeurIPS, arXiv:2407.04491.
#'
#'   He K, Zhang X, Ren S, Sun J (2015). "Delving deep into rectifiers." ICCV.
#'
#'   Jacot A, Gabriel F, Hongler C (2018). "Neural tangent kernel: convergence and generalization in
#'   neural networks." NeurIPS.
#'
#'   Krizhevsky A, Sutskever I, Hinton GE (2012). "ImageNet classification with deep convolutional neural
#'   networks." NeurIPS.
#'
#'   LeCun Y, Bottou L, Orr G, Mueller K (1998). "Efficient BackProp." In Neural Networks: Tricks
#'   of the Trade.
#' @examples
#' init_he()
#' set.seed(1)
#' network <- mlp_network(4, 5, 3, init = init_normal(sd = 0.01))
#' coef(network)[[1]]$weight
#' @name init
NULL

#' @rdname init
#' @export
init_normal <- strict(function(sd = 0.01, zero_last = FALSE) {
  sd <- check_number(sd, "sd", 0, open = "to")
  new_init("normal", c(sd = sd), zero_last, "fixed", uniform = FALSE)
})

#' @rdname init
#' @export
init_uniform <- strict(function(limit = 0.1, zero_last = FALSE) {
  limit <- check_number(limit, "limit", 0, open = "to")
  new_init("uniform", c(limit = limit), zero_last, "fixed", uniform = TRUE)
})

#' @rdname init
#' @export
init_glorot <- strict(function(distribution = c("normal", "uniform"), zero_last = FALSE) {
  new_scaled_init("glorot", distribution, zero_last)
})

#' @rdname init
#' @export
init_he <- strict(function(distribution = c("normal", "uniform"), zero_last = FALSE) {
  new_scaled_init("he", distribution, zero_last)
})

#' @rdname init
#' @export
init_lecun <- strict(function(distribution = c("normal", "uniform"), zero_last = FALSE) {
  new_scaled_init("lecun", distribution, zero_last)
})

#' @rdname init
#' @export
init_ntk <- strict(function(zero_last = TRUE) {
  new_init("ntk", NULL, zero_last, "lecun", uniform = FALSE, bias = 1)
})

#' @rdname init
#' @export
init_data_driven <- strict(function(zero_last = FALSE) {
  new_init("data_driven", NULL, zero_last, "lecun", uniform = FALSE, needs_data = TRUE)
})

# An initialiser whose spread follows from the layer's size.
new_scaled_init <- function(name, distribution, zero_last, call = rlang::caller_env()) {
  distribution <- check_first_choice(distribution, "distribution", c("normal", "uniform"), call)
  new_init(name, c(distribution = distribution), zero_last, name, distribution == "uniform", call = call)
}

# `setting` is what the user chose, for printing; `engine` is what the engine takes.
new_init <- function(name, setting, zero_last, scale, uniform, bias = 0, needs_data = FALSE,
                     call = rlang::caller_env()) {
  zero_last <- check_flag(zero_last, "zero_last", call)
  engine <- list(
    scale = scale, uniform = uniform, zero_last = zero_last,
    parameter = if (is.numeric(setting)) unname(setting) else 0, bias = bias
  )
  structure(
    list(name = name, setting = setting, zero_last = zero_last, engine = engine, needs_data = needs_data),
    class = "fastmlp_init"
  )
}

#' @export
format.fastmlp_init <- function(x, ...) {
  format_constructor("init", c(list(name = x$name), x$setting, list(zero_last = x$zero_last)))
}

#' @export
print.fastmlp_init <- function(x, ...) print_line(x, ...)

# Layers of list(weight, bias) for sizes = c(inputs, units ...): drawn, or as given.
initial_layers <- function(init, sizes, key) {
  if (!inherits(init, "fastmlp_init")) return(init)
  .Call(fastmlp_initial, sizes, init$engine, key)
}

# ---- from data ----

# Rows that are looked at, and rows that a bias is made of.
looked_at <- 2000
rows_of_bias <- 5

# The layers as init_data_driven() leaves them, from rows of a set; the weights of the first `settled` ones
# stay.
fit_to_rows <- function(layers, init, activation, set, scaling, threads, settled = 0) {
  rows <- set$rows %||% seq_len(nrow(set$x))
  rows <- rows[unique(round(seq(1, length(rows), length.out = min(length(rows), looked_at))))]
  x <- choose_rows(set$x, rows)
  for (l in seq_len(length(layers) - init$zero_last)) {
    layers[[l]]$bias[] <- 0
    z <- inputs_of_units(layers[seq_len(l)], activation, x, scaling, threads)
    spread <- apply(z, 2, stats::sd)
    factor <- ifelse(is.finite(spread) & spread > 1e-6 & l > settled, 1 / spread, 1)
    layers[[l]]$weight <- sweep(layers[[l]]$weight, 2, factor, `*`)
    layers[[l]]$bias <- -random_means(sweep(z, 2, factor, `*`))
  }
  layers
}

# x W + b of the last of some layers.
inputs_of_units <- function(layers, activation, x, scaling, threads) {
  last <- length(layers)
  layers <- own_layers(layers)
  layers[[last]] <- layers[[last]][intersect(names(layers[[last]]), c("weight", "bias", "input_scale",
                                                                    "embedding"))]
  network <- new_network(layers, utils::head(activation, last - 1))
  .Call(fastmlp_predict, network$layers, x, scaling_of(scaling), "none", threads)
}

# For each column a random convex combination of some of its values.
random_means <- function(z) {
  vapply(seq_len(ncol(z)), function(j) {
    share <- stats::rexp(rows_of_bias)
    sum(share / sum(share) * z[sample.int(nrow(z), rows_of_bias, replace = TRUE), j])
  }, 1)
}

# ---- given values ----

# `init` for a network of such a shape: an initialiser, or layers that fit. shape = list(sizes, normalization,
# parametric_activation, input_scale, embedding).
check_initial <- function(init, shape, call) {
  check_size(shape$sizes, call)
  if (inherits(init, "fastmlp_init")) init else check_layers(init, shape, "init", call)
}

check_init <- function(init, arg = "init", call = rlang::caller_env()) {
  if (inherits(init, "fastmlp_init") || rlang::is_bare_list(init)) return(init)
  abort_argument(arg, "an initialiser such as `init_he()`, or a list of list(weight = , bias = )",
                 describe(init), "type", constructor_hint(init, "init"), call)
}

# Given initial values: one list(weight, bias) a layer, of the right shapes, all finite; with what else the
# layers have, if that is given, too.
check_layers <- function(layers, shape, arg, call) {
  sizes <- shape$sizes
  last <- length(sizes) - 1
  if (length(layers) != last) {
    abort_argument(arg, sprintf("a list of %s", count_of(last, "layer")), describe(layers), "shape",
                   call = call)
  }
  normalization <- c(shape$normalization, "none")
  lapply(seq_along(layers), function(l) {
    given <- layers[[l]]
    at <- sprintf("%s[[%d]]", arg, l)
    layer <- check_layer(given, sizes[l], sizes[l + 1], at, call)
    part <- function(name) paste0(at, "$", name)
    first <- l == 1
    more <- list(
      norm = check_norm(given$norm, normalization[l], sizes[l + 1], part("norm"), call),
      slope = check_slope(given$slope, shape$parametric_activation && l < last, sizes[l + 1], part("slope"),
                          call),
      input_scale = check_input_scale(given$input_scale, shape$input_scale && first, sizes[1],
                                      part("input_scale"), call),
      embedding = check_embedding(given$embedding, if (first) shape$embedding, part("embedding"), call)
    )
    c(layer, Filter(Negate(is.null), more))
  })
}

check_layer <- function(layer, inputs, units, arg, call) {
  if (!is.list(layer) || !all(c("weight", "bias") %in% names(layer))) {
    abort_argument(arg, "a list with `weight` and `bias`", describe(layer), "type", call = call)
  }
  name <- function(part) paste0(arg, "$", part)
  weight <- check_matrix(layer$weight, name("weight"), inputs, units, call)
  bias <- check_numeric(layer$bias, name("bias"), units, call)
  check_finite_values(weight, name("weight"), call)
  check_finite_values(bias, name("bias"), call)
  list(weight = matrix(as.double(weight), inputs, units), bias = bias)
}

check_finite_values <- function(x, arg, call = rlang::caller_env()) {
  if (in_single_precision(x)) return(x)
  bad <- which(!is.finite(x))
  if (length(bad) == 0) return(check_single_precision(x, arg, call))
  got <- sprintf("%s at position %d", format_value(x[bad[1]]), bad[1])
  abort_argument(arg, "finite", got, "missing", call = call)
}

# The two integers that key the engine's generator. They are the first draws that mlp_fit() and
# mlp_network() make from R's generator; only the validation share is drawn from it after them.
draw_key <- function() sample.int(.Machine$integer.max, 2L, replace = TRUE)
