# Attributions: bars for a few rows, points for many.

#' @rdname mlp_attribution
#' @param object,x What `mlp_attribution()` returned.
#' @param max_predictors The most predictors to draw: a whole number of at least 1.
#' @exportS3Method ggplot2::autoplot fastmlp_attribution
autoplot.fastmlp_attribution <- function(object, max_predictors = 20, ...) { # nolint: object_name_linter.
  check_no_dots(..., known = "max_predictors")
  shown <- largest_predictors(object, "attribution", check_count(max_predictors, "max_predictors"))
  object <- object[object$predictor %in% shown, ]
  object$predictor <- factor(object$predictor, rev(shown))
  object$output <- factor(object$output, unique(object$output))
  object$sign <- sign_of(object$attribution)
  few <- length(unique(object$row)) <= most_rows_as_bars
  outputs <- levels(object$output)
  quantity <- quantity_words(attr(object, "type"), outputs)
  ggplot2::ggplot(object, ggplot2::aes(.data$attribution, .data$predictor)) +
    roomy_theme() +
    ggplot2::geom_vline(xintercept = 0, colour = "grey50") +
    ggplot2::scale_x_continuous(
      labels = big_numbers, n.breaks = 3, guide = ggplot2::guide_axis(check.overlap = TRUE)
    ) +
    ggplot2::scale_y_discrete(guide = ggplot2::guide_axis(check.overlap = TRUE)) +
    (if (few) attribution_bars(object, outputs) else attribution_points_layer(outputs)) +
    ggplot2::labs(x = attribution_words(attr(object, "method"), quantity), y = NULL)
}

#' @rdname mlp_attribution
#' @export
plot.fastmlp_attribution <- function(x, ...) draw_plot(autoplot(x, ...))

most_rows_as_bars <- 4

attribution_bars <- function(object, outputs) {
  several <- length(outputs) > 1
  rows <- ggplot2::vars(factor(paste("row", .data$row), paste("row", unique(object$row))))
  list(
    ggplot2::geom_col(ggplot2::aes(fill = .data$sign), width = 0.7),
    sign_scale(),
    if (several) ggplot2::facet_grid(rows, ggplot2::vars(.data$output)) else ggplot2::facet_wrap(rows)
  )
}

attribution_points_layer <- function(outputs) {
  list(
    ggplot2::geom_point(
      colour = plot_colours[["blue"]], alpha = 0.4, size = 1, stroke = 0,
      position = ggplot2::position_jitter(width = 0, height = 0.25, seed = 1)
    ),
    if (length(outputs) > 1) ggplot2::facet_wrap("output")
  )
}

attribution_words <- function(method, quantity) {
  switch(
    method,
    gradient = sprintf("gradient of %s", quantity),
    gradient_input = sprintf("gradient times distance from the baseline (%s)", quantity),
    integrated = sprintf("share in the difference from the baseline (%s)", quantity)
  )
}
