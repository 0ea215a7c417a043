# Predictions over the plane of two numeric predictors, the others being held.

regions_picture <- function(object, call, new_data, truth = NULL, variables = NULL, resolution = 200,
                            max_points = 500) {
  rows <- rows_to_change(object, new_data, call)
  variables <- region_variables(variables, rows$columns, call)
  resolution <- check_count(resolution, "resolution", 2, 2000, call = call)
  max_points <- check_count(max_points, "max_points", 0, call = call)
  if (!is.null(truth) || knows_outcome(object, new_data)) {
    truth <- known_outcome(object, new_data, truth, call)
  }
  plane <- region_plane(rows$columns, variables, resolution)
  x <- rows$forge(plane)
  is_class <- object$outcome$type == "class"
  quantity <- quantity_without_offset(object, NULL, NULL, call)
  values <- if (is_class) class_regions(object, x, call) else surface_regions(object, quantity, x, call)
  points <- region_points(rows$columns[variables], truth, levels(values$.output), max_points)
  plane <- list_frame(c(lapply(as.list(plane[variables]), rep_len, length(values[[1]])), values))
  if (!is_class) plane <- first_panels(plane, ".output")
  layers <- if (is_class) class_layers(plane, points) else surface_layers(plane, points, quantity$type)
  drawn <- some_of(nlevels(plane$.output), nlevels(values$.output), "outputs")
  held <- held_words(rows$columns, variables)
  regions_plot(plane, variables, layers, caption_of(drawn, held, between = "\n"))
}

# The two numeric predictors, which need no naming where there are no others.
region_variables <- function(variables, columns, call) {
  numeric <- names(Filter(is.numeric, columns))
  if (is.null(variables) && length(numeric) == 2 && ncol(columns) == 2) return(numeric)
  if (length(numeric) < 2) {
    abort_argument("type", "another for a fit with less than two numeric predictors", "\"regions\"",
                   call = call)
  }
  if (is.null(variables)) {
    abort_argument("variables", "given, as there are other predictors", "nothing", "type",
                   sprintf("Such as `variables = c(\"%s\", \"%s\")`.", numeric[1], numeric[2]), call)
  }
  check_variable_names(variables, "variables", 2, numeric, call)
}

# All combinations of `resolution` values each, from the smallest to the largest and a little beyond,
# unless numbers must be whole or that passed 0, beyond which there may be no logarithm; the other predictors
# are held.
region_plane <- function(columns, variables, resolution) {
  ends <- lapply(columns[variables], function(column) {
    ends <- range(column, na.rm = TRUE)
    beyond <- ends + c(-0.04, 0.04) * diff(ends)
    if (is.integer(column) || ends[1] >= 0 && beyond[1] < 0) ends else beyond
  })
  values <- lapply(ends, function(ends) even_values(ends[1], ends[2], resolution))
  plane <- lapply(held_values(columns), rep, resolution^2)
  plane[[variables[1]]] <- rep(values[[1]], resolution)
  plane[[variables[2]]] <- rep(values[[2]], each = resolution)
  new_columns(plane, resolution^2)
}

# n values from one to another, of large numbers by steps that are whole multiples of a power of 2, and so
# without rounding: ggplot2 takes pixels for uneven, and warns, from differences of 1e-6 on.
even_values <- function(from, to, n) {
  step <- (to - from) / (n - 1)
  if (max(abs(from), abs(to)) < 1e6 || step == 0) return(seq(from, to, length.out = n))
  unit <- 2^(floor(log2(max(abs(from), abs(to)))) - 40)
  ceiling(from / unit) * unit + floor(step / unit) * unit * (seq_len(n) - 1)
}

# The median of numbers, the most frequent of other values, of those that are not missing.
held_values <- function(columns) {
  lapply(as.list(columns), function(column) {
    if (is.numeric(column)) return(stats::median(column, na.rm = TRUE))
    known <- unique(column[!is.na(column)])
    known[which.max(tabulate(match(column, known)))]
  })
}

# The class of each point and, where the loss gives it, its probability.
class_regions <- function(object, x, call) {
  threads <- resolve_threads(NULL, call)
  levels <- object$outcome$levels
  run <- function(link) network_outputs(object, x, link, threads, call)
  class <- predicted_class(links[[object$outcome$link]]$score(run))
  probability <- NA
  if ("prob" %in% names(types_of_fit(object$outcome))) {
    all <- quantity_without_offset(object, "prob", levels, call)
    probability <- predicted_quantity(object, all, x, threads, call)[cbind(seq_along(class), class)]
  }
  list(.class = factor(levels[class], levels), .prob = rep_len(probability, length(class)))
}

# What is predicted, one output after the other.
surface_regions <- function(object, quantity, x, call) {
  predicted <- predicted_quantity(object, quantity, x, resolve_threads(NULL, call), call)
  list(.output = as_output(colnames(predicted), nrow(predicted)), .pred = as.vector(predicted))
}

as_output <- function(labels, each) factor(rep(labels, each = each), labels)

# The rows to draw, at most so many, with what is known of their outcome.
region_points <- function(columns, truth, surfaces, max_points) {
  shown <- evenly_spaced(nrow(columns), max_points)
  points <- lapply(as.list(columns), `[`, shown)
  if (is.factor(truth)) return(list_frame(c(points, list(.class = truth[shown]))))
  if (is.null(truth)) return(list_frame(points))
  if (!ncol(truth) %in% c(1, length(surfaces))) return(list_frame(points))
  points <- lapply(points, rep, length(surfaces))
  values <- truth[shown, rep_len(seq_len(ncol(truth)), length(surfaces)), drop = FALSE]
  list_frame(c(points, list(.output = as_output(surfaces, length(shown)), .pred = as.vector(values))))
}

list_frame <- function(columns) new_columns(columns, length(columns[[1]]))

# At most `most` of n rows.
evenly_spaced <- function(n, most) {
  if (n <= most) seq_len(n) else unique(round(seq(1, n, length.out = most)))
}

# ---- drawing ----

regions_plot <- function(plane, variables, layers, held) {
  ggplot2::ggplot(plane, ggplot2::aes(.data[[variables[1]]], .data[[variables[2]]])) +
    roomy_theme() +
    layers +
    predictor_axis("x", plane[[variables[1]]]) +
    predictor_axis("y", plane[[variables[2]]]) +
    ggplot2::coord_cartesian(expand = FALSE) +
    ggplot2::labs(x = x_title(variables[1]), y = y_title(variables[2]), caption = held) +
    ggplot2::theme(plot.caption.position = "plot")
}

# A colour a class, the deeper the more probable it is.
class_layers <- function(plane, points) {
  levels <- levels(plane$.class)
  certain <- !anyNA(plane$.prob)
  list(
    if (certain) ggplot2::geom_raster(ggplot2::aes(fill = .data$.class, alpha = .data$.prob)) else
      ggplot2::geom_raster(ggplot2::aes(fill = .data$.class), alpha = 0.5),
    if (certain) {
      ggplot2::scale_alpha_continuous("probability", range = c(0.1, 0.8), n.breaks = 4,
                                      limits = c(1 / length(levels), 1))
    },
    point_layer(points, points$.class, ggplot2::aes(fill = .data$.class)),
    scale_by_colour(levels, "fill"),
    names_legend(levels, aesthetics = "fill"),
    ggplot2::guides(alpha = ggplot2::guide_legend(order = 2, nrow = if (fits_above(levels)) 1)),
    ggplot2::labs(fill = NULL),
    ggplot2::theme(legend.box = "vertical", legend.box.just = "left")
  )
}

surface_layers <- function(plane, points, type) {
  outputs <- levels(plane$.output)
  if (!is.null(points$.output)) points <- first_panels(points, ".output")
  list(
    ggplot2::geom_raster(ggplot2::aes(fill = .data$.pred)),
    point_layer(points, points$.pred, ggplot2::aes(fill = .data$.pred), "grey60"),
    fill_by_number(type),
    if (length(outputs) > 1) ggplot2::facet_wrap(".output", labeller = name_strips(length(outputs))),
    ggplot2::labs(fill = legend_title(quantity_words(type, outputs)))
  )
}

# Filled by their outcome where it is known; without rows that miss a value.
point_layer <- function(points, known, filled, colour = "black") {
  if (is.null(known)) return(ggplot2::geom_point(data = points, size = 1, na.rm = TRUE))
  ggplot2::geom_point(filled, data = points, shape = 21, size = 1.8, stroke = 0.5, colour = colour,
                      na.rm = TRUE)
}

# What the other predictors are held at, each on one line.
held_words <- function(columns, variables) {
  held <- held_values(columns[setdiff(names(columns), variables)])
  if (length(held) == 0) return(NULL)
  if (length(held) > 4) return("other predictors at their medians and most frequent values")
  values <- vapply(held, function(value) format(value, digits = 3), "")
  each <- paste(shortened(names(held)), shortened(values), sep = "\u00a0=\u00a0", collapse = ", ")
  wrapped(paste("at", each), 85)
}
