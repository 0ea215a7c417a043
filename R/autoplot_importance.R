# Importance as sorted bars.

#' @rdname mlp_importance
#' @param object,x What `mlp_importance()` returned.
#' @param max_predictors The most predictors to draw: a whole number of at least 1.
#' @exportS3Method ggplot2::autoplot fastmlp_importance
autoplot.fastmlp_importance <- function(object, max_predictors = 20, ...) { # nolint: object_name_linter.
  check_no_dots(..., known = "max_predictors")
  max_predictors <- check_count(max_predictors, "max_predictors")
  all <- unique(object[["output"]])
  object <- rows_of_largest(object, "importance", most_output_panels(object, max_predictors))
  shown <- largest(object, "predictor", "importance", max_predictors)
  object <- object[object$predictor %in% shown, ]
  object$predictor <- factor(object$predictor, rev(shown))
  object$sign <- sign_of(object$importance)
  outputs <- unique(object[["output"]])
  columns <- panel_columns(outputs, shown)
  ggplot2::ggplot(object, ggplot2::aes(.data$importance, .data$predictor)) +
    roomy_theme() +
    ggplot2::geom_col(ggplot2::aes(fill = .data$sign), width = 0.7) +
    importance_intervals(object) +
    output_panels(outputs, shown) +
    sign_scale() +
    ggplot2::scale_x_continuous(labels = big_numbers, breaks = panel_breaks(outputs),
                                guide = without_overlap()) +
    names_beside(columns) +
    ggplot2::labs(
      x = wrapped(importance_title(object), title_letters(shown, columns)), y = NULL,
      # Garson's shares of each output add up to 1.
      caption = some_of(length(outputs), length(all), "outputs",
                        if (attr(object, "method") != "garson") "with the largest weights")
    )
}

#' @rdname mlp_importance
#' @export
plot.fastmlp_importance <- function(x, ...) draw_plot(autoplot(x, ...))

# Names of predictors or outputs by the mean size of their values, the largest first. Equal ones, but for
# rounding, stay in order.
largest <- function(x, by, column, most) {
  size <- tapply(abs(x[[column]]), factor(x[[by]], unique(x[[by]])), mean)
  utils::head(names(size)[order(-signif(size, 10))], most)
}

# The rows of the outputs, if there are any, with the largest values.
rows_of_largest <- function(x, column, most) {
  if (is.null(x[["output"]])) x else x[x$output %in% largest(x, "output", column, most), ]
}

# Panels of outputs at most: side by side where there are many predictors.
most_output_panels <- function(x, max_predictors) {
  if (min(length(unique(x$predictor)), max_predictors) > many_predictors) most_beside else most_panels
}

many_predictors <- 5
most_beside <- 6

# Of means over permutations.
importance_intervals <- function(x) {
  error <- x[["std_error"]]
  if (is.null(error) || anyNA(error)) return(NULL)
  half <- stats::qt(0.975, attr(x, "repeats") - 1) * error
  x$low <- x$importance - half
  x$high <- x$importance + half
  ggplot2::geom_linerange(ggplot2::aes(xmin = .data$low, xmax = .data$high), data = x)
}

# A panel for each output, side by side where there are many predictors and so long as they fit.
output_panels <- function(outputs, predictors) {
  if (length(unique(outputs)) <= 1) return(NULL)
  columns <- panel_columns(outputs, predictors)
  list(
    ggplot2::facet_wrap(ggplot2::vars(factor(.data$output, unique(outputs))), ncol = columns,
                        labeller = beside_strips(predictors, columns)),
    small_panels_theme(length(unique(outputs)))
  )
}

panel_columns <- function(outputs, predictors) {
  panels <- max(1, length(unique(outputs)))
  if (length(predictors) > many_predictors && panels <= most_beside) panels else ggplot2::wrap_dims(panels)[2]
}

# Panels beside each other have room for few numbers.
panel_breaks <- function(output) if (length(unique(output)) > 1) few_breaks else ggplot2::waiver()

sign_of <- function(x) factor(ifelse(x < 0, "negative", "positive"), c("positive", "negative"))

# Without a legend: which way a bar points says the same.
sign_scale <- function() {
  colours <- c(positive = plot_colours[["blue"]], negative = plot_colours[["vermilion"]])
  ggplot2::scale_fill_manual(values = colours, guide = "none")
}
