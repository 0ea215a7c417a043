# A learned scale of the inputs: the first layer's list holds `input_scale`, one number an input.

#' @param input_scale Whether each input \eqn{x_j} becomes \eqn{s_j x_j} before the first layer, with a
#'   learned \eqn{s_j} that starts at 1 and has neither decay nor penalty (Holzmueller et al. 2024): `TRUE`
#'   or `FALSE`. `input_noise` and `input_dropout` come before it; a residual connection of the first layer
#'   adds the inputs as they are. `r default_of("input_scale")`
#' @name mlp_fit
#' @rdname mlp_fit
#' @order 10
NULL

# Layers of list(weight, bias), the first with the scale of its inputs as it starts, unless it brings it.
scale_inputs <- function(layers, input_scale) {
  if (input_scale && is.null(layers[[1]]$input_scale)) {
    layers[[1]]$input_scale <- rep(1, nrow(layers[[1]]$weight))
  }
  layers
}

# A scale given as an initial value for a layer: numbers, or NULL.
check_input_scale <- function(scale, wanted, inputs, arg, call) {
  if (is.null(scale)) return(NULL)
  if (!wanted) {
    abort_argument(arg, "absent but in the first layer with `input_scale = TRUE`", describe(scale),
                   call = call)
  }
  as.vector(check_finite_values(check_numeric(scale, arg, inputs, call), arg, call))
}

# What is wrong with layers' scales, or NULL.
scale_fault <- function(layers) {
  has <- !vapply(layers, function(layer) is.null(layer$input_scale), NA)
  if (any(has[-1])) return("an `input_scale` behind the first layer")
  scale <- layers[[1]]$input_scale
  fits <- !has[1] || is.double(scale) && length(scale) == nrow(layers[[1]]$weight) && all(is.finite(scale))
  if (!fits) "an `input_scale` that does not fit the inputs"
}
