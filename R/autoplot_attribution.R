# Attributions: bars for a few rows, points for many.

#' @rdname mlp_attribution
#' @param object,x What `mlp_attribution()` returned. Of many outputs those with the largest attributions are
#'   drawn: of more than 5 or, as points, 12 (6 where there are more than 5 predictors).
#' @param max_predictors The most predictors to draw: a whole number of at least 1, by default 20, or fewer
#'   where several rows stand below each other. Not with `shape`.
#' @param shape Rows and columns of images whose pixels are the predictors, from left to right and then from
#'   top to bottom, as from [read_idx()] with `flatten = TRUE`: two whole numbers, or `NULL` for bars and
#'   points.
#' @param max_rows With `shape`, the most rows to draw, evenly spaced in the data: a whole number of at least
#'   1, by default 6.
#' @exportS3Method ggplot2::autoplot fastmlp_attribution
autoplot.fastmlp_attribution <- function(object, # nolint: object_name_linter.
                                         max_predictors = NULL, shape = NULL, max_rows = NULL, ...) {
  call <- environment()
  check_no_dots(..., known = c("max_predictors", "shape", "max_rows"))
  if (is.null(shape)) {
    check_absent(max_rows, "max_rows", "without `shape`", call)
    most <- max_predictors %||% named_predictors(object)
    return(attribution_plot(object, check_count(most, "max_predictors")))
  }
  check_absent(max_predictors, "max_predictors", "with `shape`", call)
  shape <- check_shape(shape, length(unique(object$predictor)), "the predictors", call)
  attribution_images(attribution_pixels(object, shape, check_count(max_rows %||% 6, "max_rows")), object)
}

# Predictors whose names have room: the fewer, the more rows have panels below each other.
named_predictors <- function(object) {
  rows <- length(unique(object$row))
  if (rows > most_rows_as_bars) return(20)
  below <- if (length(unique(object$output)) > 1) rows else ggplot2::wrap_dims(rows)[1]
  c(20, 10, 6, 4)[below]
}

check_absent <- function(x, arg, when, call) {
  if (!is.null(x)) abort_argument(arg, paste("left out", when), describe(x), call = call)
}

attribution_plot <- function(object, max_predictors) {
  few <- length(unique(object$row)) <= most_rows_as_bars
  all <- unique(object$output)
  predictors <- length(unique(object$predictor))
  most <- if (few) most_outputs_as_bars else most_output_panels(object, max_predictors)
  object <- rows_of_largest(object, "attribution", most)
  shown <- largest(object, "predictor", "attribution", max_predictors)
  object <- object[object$predictor %in% shown, ]
  object$predictor <- factor(object$predictor, rev(shown))
  object$output <- factor(object$output, unique(object$output))
  object$sign <- sign_of(object$attribution)
  outputs <- levels(object$output)
  columns <- if (few) bar_columns(object) else panel_columns(outputs, shown)
  words <- attribution_words(attr(object, "method"), quantity_words(attr(object, "type"), outputs))
  ggplot2::ggplot(object, ggplot2::aes(.data$attribution, .data$predictor)) +
    roomy_theme() +
    ggplot2::geom_vline(xintercept = 0, colour = "grey50") +
    ggplot2::scale_x_continuous(labels = big_numbers, breaks = few_breaks, guide = without_overlap()) +
    names_beside(columns) +
    (if (few) attribution_bars(object, shown) else attribution_points_layer(outputs, shown)) +
    ggplot2::labs(x = wrapped(words, title_letters(shown, columns)), y = NULL,
                  caption = caption_of(some_of(length(shown), predictors, "predictors", largest_ones),
                                       outputs_drawn(length(outputs), length(all)), between = "\n"))
}

largest_ones <- "with the largest attributions"

outputs_drawn <- function(shown, all) some_of(shown, all, "outputs", largest_ones)

# As few numbers as tell the scale of a narrow panel: zero alone does not.
few_breaks <- function(limits, fewest = 3, room = 0) {
  for (n in fewest:6) {
    breaks <- pretty(limits, n)
    breaks <- breaks[breaks >= limits[1] + room & breaks <= limits[2] - room]
    if (length(breaks) > 1) break
  }
  breaks
}

#' @rdname mlp_attribution
#' @export
plot.fastmlp_attribution <- function(x, ...) draw_plot(autoplot(x, ...))

# ---- images ----

# One row a pixel of some rows and outputs: image, output, row, column, attribution (over the image's largest
# of these outputs).
attribution_pixels <- function(object, shape, max_rows) {
  object <- rows_of_largest(object, "attribution", most_outputs_as_bars)
  rows <- unique(object$row)
  rows <- rows[evenly_spaced(length(rows), max_rows)]
  object <- object[object$row %in% rows, ]
  largest <- tapply(abs(object$attribution), object$row, max)[as.character(object$row)]
  titles <- paste("row", big_numbers(rows))
  data.frame(
    image = factor(titles[match(object$row, rows)], titles),
    output = factor(object$output, unique(object$output)),
    pixel_places(shape),
    attribution = object$attribution / ifelse(largest > 0, largest, 1)
  )
}

attribution_images <- function(images, object) {
  outputs <- levels(images$output)
  all <- unique(object$output)
  several <- length(outputs) > 1
  letters <- image_letters(length(outputs), nlevels(images$image), max(images$column) / max(images$row))
  strips <- ggplot2::as_labeller(function(names) in_few_lines(names, letters))
  quantity <- quantity_words(attr(object, "type"), all)
  ggplot2::ggplot(images, ggplot2::aes(.data$column, .data$row, fill = .data$attribution)) +
    image_layers() +
    (if (several) ggplot2::facet_grid(ggplot2::vars(.data$image), ggplot2::vars(.data$output),
                                         labeller = ggplot2::labeller(.cols = strips)) else
      ggplot2::facet_wrap("image", ncol = image_columns(nlevels(images$image)))) +
    weight_fill(1, "over the\nrow's\nlargest") +
    ggplot2::labs(title = wrapped(attribution_words(attr(object, "method"), quantity), 50),
                  caption = outputs_drawn(length(outputs), length(all))) +
    ggplot2::theme(strip.text.y = ggplot2::element_text(angle = 0))
}

# ---- bars and points ----

most_rows_as_bars <- 4
most_outputs_as_bars <- 5

# Panels beside each other: outputs or, of one output, rows.
bar_columns <- function(object) {
  if (nlevels(object$output) > 1) nlevels(object$output) else
    ggplot2::wrap_dims(length(unique(object$row)))[2]
}

attribution_bars <- function(object, predictors) {
  strips <- beside_strips(predictors, bar_columns(object))
  rows <- ggplot2::vars(factor(paste("row", .data$row), paste("row", unique(object$row))))
  list(
    ggplot2::geom_col(ggplot2::aes(fill = .data$sign), width = 0.7),
    sign_scale(),
    if (nlevels(object$output) == 1) ggplot2::facet_wrap(rows) else
      ggplot2::facet_grid(rows, ggplot2::vars(.data$output), labeller = ggplot2::labeller(.cols = strips))
  )
}

attribution_points_layer <- function(outputs, predictors) {
  list(
    ggplot2::geom_point(
      colour = plot_colours[["blue"]], alpha = 0.4, size = 1, stroke = 0,
      position = ggplot2::position_jitter(width = 0, height = 0.25, seed = 1)
    ),
    output_panels(outputs, predictors)
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
