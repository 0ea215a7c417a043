# Weights as colours and as distributions.

# Cells at most on a side of a heat map.
heat_cells <- 200

# Names of a side at most that are written out.
most_names <- 40

weights_picture <- function(network, names, call, layer = NULL, shape = NULL, max_units = NULL) {
  if (is.null(shape)) {
    check_absent(max_units, "max_units", "without `shape`", call)
    layer <- if (!is.null(layer)) check_count(layer, "layer", max = length(network$layers), call = call)
    cells <- weight_cells(network, layer %||% drawn_layers(network))
    heat <- weight_heat(cells, if (!is.null(layer)) layer_names(network, names, layer))
    return(heat + if (is.null(layer)) layers_caption(network))
  }
  check_absent(layer, "layer", "with `shape`, which is about the first", call)
  inputs <- nrow(network$layers[[1]]$weight)
  hint <- if (inputs > network$inputs) {
    sprintf("An embedding makes them of %s.", count_of(network$inputs, "predictor"))
  }
  shape <- check_shape(shape, inputs, "the inputs of the first layer", call, hint)
  weight_images(unit_images(network, shape, check_count(max_units %||% 24, "max_units", call = call)))
}

# Rows and columns of images of so many pixels, which are `what`.
check_shape <- function(shape, pixels, what, call, hint = NULL) {
  shape <- check_count(shape, "shape", length = NULL, call = call)
  if (length(shape) == 2 && prod(shape) == pixels) return(shape)
  expected <- sprintf("rows and columns of %s, %s", count_of(pixels, "pixel"), what)
  abort_argument("shape", expected, describe(shape), "shape", hint, call)
}

# The places of pixels that come from left to right, then from top to bottom.
pixel_places <- function(shape) {
  list(row = rep(seq_len(shape[1]), each = shape[2]), column = seq_len(shape[2]))
}

# "hidden 1", ..., "outputs".
layer_titles <- function(network) {
  c(sprintf("hidden %d", seq_along(network$hidden_units)), "outputs")
}

# Layers that get a panel, and what is said where some do not.
drawn_layers <- function(network) utils::head(seq_along(network$layers), most_panels)

layers_caption <- function(network) {
  layers <- length(network$layers)
  ggplot2::labs(caption = caption_of(some_of(min(layers, most_panels), layers, "layers")))
}

# ---- heat maps ----

# One row a cell: layer, from, to, weight, and relative, the weight over the layer's largest.
weight_cells <- function(network, layers) {
  from <- c("inputs", utils::head(layer_titles(network), -1))
  sizes <- big_numbers(network_sizes(network))
  cells <- lapply(layers, function(l) {
    own <- block_means(network$layers[[l]]$weight)
    largest <- max(abs(own$weight))
    own$relative <- own$weight / (if (largest > 0) largest else 1)
    title <- sprintf("%s to %s\n%s x %s, up to %s", from[l], layer_titles(network)[l], sizes[l], sizes[l + 1],
                     format(largest, digits = 2))
    cbind(layer = title, own)
  })
  cells <- do.call(rbind, cells)
  cells$layer <- factor(cells$layer, unique(cells$layer))
  cells
}

# Means over blocks, at most heat_cells on a side; from and to are the blocks' centres.
block_means <- function(weight, most = heat_cells) {
  blocks <- pmin(dim(weight), most)
  block_of <- function(size, blocks) ceiling(seq_len(size) * blocks / size)
  centre <- function(block, size, blocks) (block - .5) * size / blocks + .5
  row_means <- function(x, block) rowsum(x, block) / tabulate(block)
  by_row <- row_means(weight, block_of(nrow(weight), blocks[1]))
  means <- t(row_means(t(by_row), block_of(ncol(weight), blocks[2])))
  data.frame(
    from = centre(as.vector(row(means)), nrow(weight), blocks[1]),
    to = centre(as.vector(col(means)), ncol(weight), blocks[2]),
    weight = as.vector(means)
  )
}

# names: what comes in and the units of the one layer that is drawn, or NULL.
weight_heat <- function(cells, names = NULL) {
  several <- nlevels(cells$layer) > 1
  largest <- if (several) 1 else max(abs(cells$weight))
  ggplot2::ggplot(cells, ggplot2::aes(.data$to, .data$from)) +
    ggplot2::aes(fill = if (several) .data$relative else .data$weight) +
    # A layer of the plot for each of the network's, whose cells have a size of their own.
    lapply(split(cells, cells$layer), function(own) ggplot2::geom_raster(data = own)) +
    ggplot2::facet_wrap("layer", scales = "free", labeller = layer_strips(nlevels(cells$layer))) +
    weight_fill(largest, if (several) "weight over\nthe layer's\nlargest" else "weight") +
    side_scale(ggplot2::scale_x_continuous, names$outputs) +
    side_scale(ggplot2::scale_y_continuous, names$inputs, trans = "reverse") +
    ggplot2::labs(x = "unit", y = "from") +
    plot_theme() +
    ggplot2::theme(panel.grid = ggplot2::element_blank(), legend.position = "right") +
    crowded_names(names$outputs) +
    names_size(length(names$inputs))
}

# Lines are broken before "to hidden 2" and behind a comma alone.
layer_strips <- function(layers) {
  ggplot2::as_labeller(function(text) {
    text <- gsub(" (?!to [ho])(?<!, )", "\u00a0", text, perl = TRUE)
    wrapped(text, panel_letters(layers, 3.7))
  })
}

# What comes into a layer and its units by name, where there are few enough to write them out.
layer_names <- function(network, names, layer) {
  few <- function(names) if (length(names) <= most_names) names
  list(
    inputs = if (layer == 1) few(names$inputs),
    outputs = if (layer == length(network$layers)) few(names$outputs)
  )
}

side_scale <- function(scale, names, ...) {
  if (is.null(names)) {
    few <- function(limits) integer_breaks(range(limits), 4)
    return(scale(labels = big_numbers, breaks = few, expand = c(0, 0), ...))
  }
  scale(breaks = seq_along(names), labels = along_side(names), expand = c(0, 0), ...)
}

# ---- units as images ----

# One row a pixel of the units with the largest weights: unit, row, column, weight (over the unit's largest).
unit_images <- function(network, shape, max_units) {
  weight <- network$layers[[1]]$weight
  size <- sqrt(colMeans(weight^2))
  units <- utils::head(order(-size), max_units)
  largest <- apply(abs(weight[, units, drop = FALSE]), 2, max)
  titles <- big_numbers(units)
  data.frame(
    unit = factor(rep(titles, each = nrow(weight)), titles),
    pixel_places(shape),
    weight = as.vector(weight[, units]) / rep(ifelse(largest > 0, largest, 1), each = nrow(weight))
  )
}

weight_images <- function(images) {
  ggplot2::ggplot(images, ggplot2::aes(.data$column, .data$row, fill = .data$weight)) +
    image_layers() +
    ggplot2::facet_wrap("unit", ncol = image_columns(nlevels(images$unit))) +
    weight_fill(1, "weight over\nthe unit's\nlargest") +
    ggplot2::labs(title = "Weights of units of the first layer")
}

# Panels side by side that make a picture which is wider than high.
image_columns <- function(panels) ceiling(1.5 * sqrt(panels))

image_layers <- function() {
  list(
    ggplot2::geom_raster(),
    ggplot2::scale_y_reverse(expand = c(0, 0)),
    ggplot2::scale_x_continuous(expand = c(0, 0)),
    ggplot2::coord_fixed(),
    plot_theme(),
    ggplot2::theme(
      legend.position = "right", panel.grid = ggplot2::element_blank(),
      axis.text = ggplot2::element_blank(), axis.title = ggplot2::element_blank(),
      strip.text = ggplot2::element_text(size = ggplot2::rel(.8)),
      # So that the ends of white images are seen.
      panel.border = ggplot2::element_rect(fill = NA, colour = "grey85"),
      panel.spacing = ggplot2::unit(3, "pt")
    )
  )
}

# ---- distributions ----

# One row a weight or bias: layer, parameter, value.
weight_values <- function(network) {
  layers <- drawn_layers(network)
  titles <- layer_titles(network)[layers]
  values <- Map(function(layer, title) {
    data.frame(
      layer = factor(title, titles),
      parameter = factor(rep(c("weights", "biases"), c(length(layer$weight), length(layer$bias))),
                         c("weights", "biases")),
      value = c(layer$weight, layer$bias)
    )
  }, network$layers[layers], titles)
  do.call(rbind, values)
}

parameter_colours <- c(weights = plot_colours[["blue"]], biases = plot_colours[["vermilion"]])

weight_histogram <- function(values) {
  layers <- nlevels(values$layer)
  ggplot2::ggplot(values, ggplot2::aes(.data$value, fill = .data$parameter)) +
    ggplot2::geom_vline(xintercept = 0, colour = "grey60") +
    # A layer of the plot for each panel, with bins of its own.
    lapply(split(values, list(values$layer, values$parameter)), function(own) {
      ggplot2::geom_histogram(data = own, bins = histogram_bins(nrow(own)))
    }) +
    ggplot2::facet_wrap(c("layer", "parameter"), scales = "free", ncol = 2 * ceiling(layers / 4),
                        labeller = ggplot2::labeller(.multi_line = layers > 4)) +
    ggplot2::scale_fill_manual(values = parameter_colours, guide = "none") +
    ggplot2::scale_x_continuous(n.breaks = if (layers > 4) 3, guide = without_overlap()) +
    ggplot2::scale_y_continuous(labels = big_numbers, breaks = function(limits) whole_breaks(limits, 3)) +
    ggplot2::labs(x = "value", y = "how many") +
    plot_theme()
}

# Twice the cube root of how many there are, within limits.
histogram_bins <- function(n) min(60, max(5, ceiling(2 * n^(1 / 3))))
