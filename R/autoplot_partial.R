# Partial dependence and the curves of single rows.

#' @rdname mlp_partial
#' @param object,x What `mlp_partial()` returned.
#' @param max_rows The most rows whose curves are drawn: a whole number of at least 1.
#' @exportS3Method ggplot2::autoplot fastmlp_partial
autoplot.fastmlp_partial <- function(object, max_rows = 200, ...) { # nolint: object_name_linter.
  check_no_dots(..., known = "max_rows")
  max_rows <- check_count(max_rows, "max_rows")
  variables <- attr(object, "variables")
  object$.output <- factor(object$.output, unique(object$.output))
  all <- nlevels(object$.output)
  beside <- are_beside(object)
  object <- first_panels(object, ".output", most_partial_panels(object))
  is_number <- vapply(object[variables], on_a_line, NA)
  layers <- if (beside) level_panels(object, variables) else
    if (attr(object, "ice")) ice_layers(object, max_rows) else
    if (length(variables) == 1) partial_lines(object, variables, ".output") else
      if (all(is_number) || !any(is_number)) partial_tiles(object) else
        partial_lines(object, variables[order(!is_number)], variables[!is_number])
  what <- if (attr(object, "type") == "prob") "classes" else "outputs"
  ggplot2::ggplot(object) + roomy_theme() + layers +
    ggplot2::labs(caption = some_of(nlevels(object$.output), all, what))
}

# Names of many levels below panels leave room for two of these, beside panels for one row. Outputs that have
# colours are fewer.
most_partial_panels <- function(object) {
  along <- attr(object, "variables")
  lines <- vapply(object[along], on_a_line, NA)
  if (any(lines) || nlevels(as.factor(object[[along[1]]])) <= many_predictors) return(most_panels)
  if (are_beside(object)) most_beside else if (length(along) == 1 && !attr(object, "ice")) most_panels else 2
}

# Whether there is a panel for each output with the many levels of a factor from top to bottom.
are_beside <- function(object) {
  along <- attr(object, "variables")
  if (length(along) > 1 || attr(object, "ice") || on_a_line(object[[along]])) return(FALSE)
  nlevels(object$.output) > length(plot_colours) && nlevels(as.factor(object[[along]])) > many_predictors
}

#' @rdname mlp_partial
#' @export
plot.fastmlp_partial <- function(x, ...) draw_plot(autoplot(x, ...))

# What the axis of predictions shows.
partial_words <- function(object) {
  words <- quantity_words(attr(object, "type"), levels(object$.output))
  if (attr(object, "center")) paste("change in", words) else words
}

# Panels of outputs, whose picture has so many inches for them.
panels_of <- function(object, by = ".output", inches = 5.2) {
  panels <- nlevels(object$.output)
  if (panels > 1) list(ggplot2::facet_wrap(by, labeller = name_strips(panels, inches)),
                       small_panels_theme(panels))
}

# ---- lines ----

# Of a number along its values, of a factor points; a colour for each value of `by`, and a panel for each
# output unless these are what has the colours.
partial_lines <- function(object, variables, by) {
  along <- variables[1]
  object[[by]] <- factor(object[[by]], unique(object[[by]]))
  groups <- levels(object[[by]])
  colours <- length(groups) <= length(plot_colours)
  panels <- if (by != ".output" || !colours) ".output"
  one <- length(groups) == 1 || identical(panels, by)
  mapping <- ggplot2::aes(.data[[along]], .data$.pred, colour = .data[[by]], group = .data[[by]])
  if (one) mapping$colour <- NULL
  colour <- if (one) plot_colours[["blue"]]
  title <- if (by != ".output") by
  list(
    curve_layer(mapping, object, along, colour),
    rug_layer(object, along),
    value_axes(object, along, if (is.null(panels)) 1 else nlevels(object$.output)),
    if (!one) list(scale_by_colour(groups), names_legend(groups, title %||% "")),
    if (!is.null(panels)) panels_of(object, panels, if (one || fits_above(groups, title %||% "")) 5.2 else 3),
    ggplot2::labs(x = x_title(along), y = y_title(partial_words(object)), colour = title)
  )
}

curve_layer <- function(mapping, data, along, colour = NULL) {
  fixed <- if (!is.null(colour)) list(colour = colour)
  line <- have_line(data[[along]])
  do.call(geom_along(data[[along]]),
          c(list(mapping, data), fixed, if (line) list(linewidth = 0.9) else list(size = 3)))
}

# One value has no line.
have_line <- function(values) on_a_line(values) && length(unique(values)) > 1

geom_along <- function(values) if (have_line(values)) ggplot2::geom_line else ggplot2::geom_point

value_axes <- function(object, along, panels = nlevels(object$.output)) {
  list(
    if (on_a_line(object[[along]])) predictor_axis("x", object[[along]]) else
      ggplot2::scale_x_discrete(labels = along_side, guide = without_overlap()),
    names_along(object[[along]], panels),
    prediction_axis(panels)
  )
}

# Low panels have room for few numbers.
prediction_axis <- function(panels) {
  breaks <- if (ggplot2::wrap_dims(panels)[1] > 2) few_breaks else ggplot2::waiver()
  ggplot2::scale_y_continuous(labels = big_numbers, breaks = breaks, guide = without_overlap())
}

names_along <- function(values, panels = 1) {
  if (!on_a_line(values)) crowded_names(levels(as.factor(values)), ggplot2::wrap_dims(panels)[2])
}

# Points of outputs beside each other, with the levels of a factor from top to bottom.
level_panels <- function(object, along) {
  levels <- levels(as.factor(object[[along]]))
  columns <- nlevels(object$.output)
  object[[along]] <- factor(object[[along]], rev(levels))
  list(
    ggplot2::geom_point(ggplot2::aes(.data$.pred, .data[[along]]), object, colour = plot_colours[["blue"]]),
    ggplot2::facet_wrap(".output", ncol = columns, labeller = beside_strips(levels, columns)),
    ggplot2::scale_x_continuous(labels = big_numbers, breaks = few_breaks, guide = without_overlap()),
    names_beside(columns),
    ggplot2::theme(axis.text.x = ggplot2::element_text(size = 7), panel.spacing.x = ggplot2::unit(12, "pt")),
    names_size(length(levels)),
    ggplot2::labs(x = wrapped(partial_words(object), title_letters(levels, columns)), y = y_title(along))
  )
}

# The deciles of the data.
rug_layer <- function(object, along) {
  at <- attr(object, "deciles")[[along]]
  if (is.null(at)) return(NULL)
  ggplot2::geom_rug(ggplot2::aes(.data$at), data.frame(at = at), sides = "b", colour = "grey40")
}

# The curves of single rows below their mean.
ice_layers <- function(object, max_rows) {
  along <- attr(object, "variables")
  rows <- unique(object$.row)
  some <- object[object$.row %in% rows[evenly_spaced(length(rows), max_rows)], ]
  mapping <- ggplot2::aes(.data[[along]], .data$.pred, group = .data$.row)
  list(
    geom_along(some[[along]])(mapping, some, colour = "grey40",
                              alpha = max(0.15, min(0.6, 15 / length(rows)))),
    curve_layer(ggplot2::aes(.data[[along]], .data$.pred, group = 1), mean_curve(object, along), along,
                plot_colours[["blue"]]),
    rug_layer(object, along),
    value_axes(object, along),
    panels_of(object),
    ggplot2::labs(x = x_title(along), y = y_title(partial_words(object)))
  )
}

# The mean over rows, by their weights.
mean_curve <- function(object, along) {
  weight <- attr(object, "weights")[object$.row]
  at <- match(object[[along]], unique(object[[along]]))
  place <- interaction(at, object$.output, drop = TRUE)
  first <- match(levels(place), place)
  mean <- tapply(weight * object$.pred, place, sum) / tapply(weight, place, sum)
  curve <- list(object[[along]][first], object$.output[first], as.vector(mean))
  list_frame(rlang::set_names(curve, c(along, ".output", ".pred")))
}

# ---- heat maps ----

partial_tiles <- function(object) {
  sides <- rlang::set_names(attr(object, "variables"))
  ends <- lapply(sides, function(name) cell_ends(object[[name]]))
  cells <- list_frame(list(
    xmin = ends[[1]]$from, xmax = ends[[1]]$to, ymin = ends[[2]]$from, ymax = ends[[2]]$to,
    .output = object$.output, .pred = object$.pred
  ))
  list(
    ggplot2::geom_rect(
      ggplot2::aes(xmin = .data$xmin, xmax = .data$xmax, ymin = .data$ymin, ymax = .data$ymax,
                   fill = .data$.pred),
      cells
    ),
    cell_scale("x", object[[sides[1]]]),
    cell_scale("y", object[[sides[2]]]),
    names_along(object[[sides[1]]], nlevels(object$.output)),
    fill_by_number(attr(object, "type")),
    panels_of(object),
    if (!on_a_line(object[[sides[2]]])) names_size(nlevels(as.factor(object[[sides[2]]]))),
    ggplot2::labs(x = x_title(sides[1]), y = y_title(sides[2]), fill = legend_title(partial_words(object)))
  )
}

# Cells reach halfway to the next value; those of a factor stand side by side.
cell_ends <- function(value) {
  if (!on_a_line(value)) {
    at <- as.integer(as.factor(value))
    return(list(from = at - 0.5, to = at + 0.5))
  }
  known <- sort(unique(as.numeric(value)))
  edges <- c(known[1], (known[-1] + known[-length(known)]) / 2, known[length(known)])
  edges <- as_in_column(edges, value)
  at <- match(as.numeric(value), known)
  list(from = edges[at], to = edges[at + 1])
}

cell_scale <- function(axis, value) {
  if (on_a_line(value)) return(predictor_axis(axis, value, expand = c(0, 0)))
  levels <- levels(as.factor(value))
  continuous <- c(x = ggplot2::scale_x_continuous, y = ggplot2::scale_y_continuous)[[axis]]
  continuous(breaks = seq_along(levels), labels = along_side(levels), expand = c(0, 0),
             guide = without_overlap())
}
