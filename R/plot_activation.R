#' Plot activations and their gradients
#'
#' Both curves come from the engine that trains networks: the value from its forward pass, the
#' gradient from its backward pass.
#'
#' @param activation One or several names from [activation_names()].
#' @param what What to draw: `"value"`, `"gradient"`, or both, each in a panel of its own.
#' @param from,to The ends of the x axis.
#' @param ... Must be empty.
#' @returns A ggplot.
#' @seealso [activation_value()] and [activation_gradient()] for the numbers.
#' @examples
#' plot_activation("relu")
#' plot_activation(c("relu", "sigmoid", "tanh"))
#' plot_activation("sigmoid", what = "gradient", from = -4, to = 4) + ggplot2::theme_classic()
#' @export
plot_activation <- strict(function(activation, what = c("value", "gradient"), from = -8, to = 8) {
  check_given()
  check_evaluates("activation")
  activation <- check_some(activation, "activation", activation_names())
  what <- check_some(what, "what", names(activation_curves))
  check_number(from, "from", open = c("from", "to"))
  check_number(to, "to", from = from, open = c("from", "to"))
  data <- activation_data(activation, what, from, to)
  many <- length(activation) > length(plot_colours)
  ggplot2::ggplot(data, ggplot2::aes(.data$x, .data$y)) +
    (if (many) lines_by_curve() else lines_by_activation(activation)) +
    ggplot2::labs(x = "x", y = NULL, colour = NULL) +
    plot_theme()
})

# What can be drawn of an activation.
activation_curves <- list(
  value = function(x, activation) activation_value(x, activation),
  gradient = function(x, activation) activation_gradient(x, activation)
)

activation_points <- 801

# One row for every curve and x. An odd number of points puts one on 0 where the interval is
# symmetric.
activation_data <- function(activation, what, from, to) {
  x <- seq(from, to, length.out = activation_points)
  curves <- expand.grid(activation = activation, what = what, stringsAsFactors = FALSE)
  draw <- function(activation, what) activation_curves[[what]](x, activation)
  y <- Map(draw, curves$activation, curves$what)
  data.frame(
    activation = factor(rep(curves$activation, each = length(x)), activation),
    what = factor(rep(curves$what, each = length(x)), what),
    x = x,
    y = unlist(y, use.names = FALSE)
  )
}

# A colour for each activation, a panel for value and for gradient.
lines_by_activation <- function(activation) {
  legend <- if (length(activation) > 1) "legend" else "none"
  title <- if (length(activation) == 1) ggplot2::labs(title = activation)
  list(
    ggplot2::geom_line(ggplot2::aes(colour = .data$activation), linewidth = .8),
    ggplot2::facet_wrap("what", scales = "free_y"),
    ggplot2::scale_colour_manual(values = unname(plot_colours), guide = legend),
    title
  )
}

# With more activations than colours that can be told apart: a panel for each.
lines_by_curve <- function() {
  list(
    ggplot2::geom_line(ggplot2::aes(colour = .data$what), linewidth = .6),
    ggplot2::facet_wrap("activation", scales = "free_y"),
    ggplot2::scale_y_continuous(breaks = few_breaks),
    ggplot2::scale_colour_manual(values = unname(plot_colours))
  )
}

# At least one of the choices, each once.
check_some <- function(x, arg, choices, call = rlang::caller_env()) {
  check_choice(x, arg, choices, length = if (length(x)) NULL else 1, call = call)
  unique(x)
}
