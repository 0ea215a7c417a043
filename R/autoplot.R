#' @importFrom ggplot2 autoplot
#' @importFrom rlang .data
#' @export
ggplot2::autoplot

#' Plot a fit or a network
#'
#' `autoplot()` returns a ggplot, to which layers, scales and themes can be added; `plot()` draws
#' it and returns it invisibly.
#'
#' * `type = "history"` shows loss and score after each epoch, for the training rows and, if there
#'   are any, the validation rows. Where `patience` chose the epoch whose weights were kept, a dashed
#'   line marks it.
#' * `type = "network"` draws the network itself: a column of units for each layer and a line for
#'   each weight, coloured by its sign, thicker and darker the larger it is within its layer.
#'   Biases are not drawn.
#' * `type = "regions"` shows predictions over the plane of two numeric predictors, with the rows of
#'   `new_data` as points, filled by their outcome where it is known. Of a fit of classes it is the predicted
#'   class, the deeper the colour the more probable (if the loss gives probabilities); of another what
#'   [predict()][predict.fastmlp] gives as probabilities, means or quantiles, each in a panel of its own, at
#'   an offset of 0. All other predictors are held at their median or most frequent value.
#'
#' @param object,x A fit from [mlp_fit()] or a network from [mlp_network()].
#' @param type What to show of a fit.
#' @param max_units Layers with more units than this show the first and the last of them only.
#' @param ... For `autoplot()` of a fit as a network: `max_units`; as regions: `new_data`, rows to draw the
#'   plane around, as for [predict()][predict.fastmlp]; `truth`, their outcome, which may be left out for a
#'   fit by a formula; `variables`, the names of the two predictors, if there are others; `resolution` (200),
#'   points along each side; and `max_points` (500), the most rows to draw. For `plot()`: what `autoplot()`
#'   takes.
#' @returns A ggplot.
#' @examples
#' autoplot(mlp_network(4, hidden_units = 5, outputs = 3))
#'
#' set.seed(1)
#' fit <- mlp_fit(Species ~ ., data = iris, hidden_units = 5, epochs = 20, standardize = "zscore")
#' autoplot(fit)
#' autoplot(fit, type = "network") + ggplot2::labs(title = "Three kinds of iris")
#' autoplot(fit, type = "regions", new_data = iris, variables = c("Petal.Length", "Petal.Width"))
#' @export
autoplot.fastmlp <- function(object, type = c("history", "network", "regions"), ...) {
  fit_plot(object, environment(), type, ...)
}

#' @rdname autoplot.fastmlp
#' @export
plot.fastmlp <- function(x, ...) draw_plot(fit_plot(x, environment(), ...))

#' @rdname autoplot.fastmlp
#' @export
autoplot.mlp_network <- function(object, max_units = 12, ...) {
  network_diagram(object, environment(), max_units, ...)
}

#' @rdname autoplot.fastmlp
#' @export
plot.mlp_network <- function(x, ...) draw_plot(network_diagram(x, environment(), ...))

fit_plot <- function(object, call, type = names(plot_types), ...) {
  check_model(object, call = call)
  type <- check_first_choice(type, "type", names(plot_types), call)
  plot_types[[type]](object, call, ...)
}

# What can be shown of a fit. To add a picture, add a row.
plot_types <- list(
  history = function(object, call, ...) {
    synonyms <- list("It goes with `type = \"network\"`." = "max_units")
    check_no_dots(..., known = "type", synonyms = synonyms, call = call)
    history_plot(object$history, kept_epoch(object))
  },
  network = function(object, call, ...) network_diagram(object$network, call, ...),
  regions = function(object, call, ...) regions_picture(object, call, ...)
)

network_diagram <- function(network, call, max_units = formals(autoplot.mlp_network)$max_units,
                            ...) {
  check_no_dots(..., known = c("max_units", "type"), call = call)
  check_network(network, "object", call)
  network_plot(network, check_count(max_units, "max_units", min = 3, call = call))
}

draw_plot <- function(plot) {
  print(plot)
  invisible(plot)
}

# Colours that stay apart under every common colour blindness (Okabe and Ito 2008), the most
# distinct first.
plot_colours <- c(
  blue = "#0072B2", vermilion = "#D55E00", green = "#009E73", orange = "#E69F00",
  purple = "#CC79A7", sky = "#56B4E9", black = "#000000"
)

plot_theme <- function() {
  ggplot2::theme_minimal() +
    ggplot2::theme(
      legend.position = "top",
      legend.justification = "left",
      legend.margin = ggplot2::margin(0, 0, 0, 0),
      panel.grid.minor = ggplot2::element_blank(),
      strip.text = ggplot2::element_text(hjust = 0)
    )
}
