# The diagram of a network: units in columns, one column a layer, and a line for every weight
# between two units that are shown. A wide layer shows its first and last units around the number of those
# left out, a deep network its first and last layers.

network_plot <- function(network, max_units, names = NULL) {
  nodes <- network_nodes(network, max_units, names)
  columns <- max(nodes$units$x)
  headings <- network_headings(network, heading_letters(nodes$units, columns))[unique(nodes$units$layer)]
  ggplot2::ggplot(nodes$units, ggplot2::aes(.data$x, .data$y)) +
    network_edge_layers(network_edges(network, nodes$units)) +
    network_node_layers(nodes$units, max(lengths(strsplit(headings, "\n")))) +
    network_gap_layers(nodes$gaps, columns) +
    left_out_layer(columns, network) +
    network_name_layers(nodes$units, columns) +
    network_scales(headings, nodes$units, columns) +
    network_theme(columns)
}

# Units in each layer, first what the first layer reads: more than the inputs where there is an embedding.
network_sizes <- function(network) {
  c(nrow(network$layers[[1]]$weight), vapply(network$layers, function(layer) length(layer$bias), 0L))
}

# What a fit calls its inputs and outputs: list(inputs, outputs); inputs without names have none.
side_names <- function(fit) {
  layers <- named_layers(fit$network, fit$predictors$names, output_labels(fit$outcome))
  list(inputs = if (fit$predictors$named) rownames(layers[[1]]$weight),
       outputs = colnames(layers[[length(layers)]]$weight))
}

# list(units = one row for every unit shown: layer, unit, x, y, label, name; gaps = one for every gap: x, y,
# hidden).
network_nodes <- function(network, max_units, names = NULL) {
  sizes <- network_sizes(network)
  symbols <- c("x", rep("h", length(sizes) - 2), "o")
  deep <- length(sizes) > 3
  slots <- slots_of(length(sizes), most_columns)
  x <- which(!is.na(slots))
  layers <- slots[x]
  nodes <- Map(layer_nodes, layers, x, sizes[layers], symbols[layers], deep = deep, max_units = max_units)
  units <- do.call(rbind, lapply(nodes, `[[`, "units"))
  first <- units$layer == 1
  last <- units$layer == length(sizes)
  sides <- side_names_shown(names$inputs[units$unit[first]], names$outputs[units$unit[last]], length(slots))
  units$name[first] <- sides$inputs %||% NA
  units$name[last] <- sides$outputs %||% NA
  list(units = units, gaps = do.call(rbind, lapply(nodes, `[[`, "gaps")))
}

# Names of both sides, so short that headings fit between the columns; a side with short names leaves more to
# the other.
side_names_shown <- function(inputs, outputs, columns) {
  inches <- 6 * (1 - 2 * name_distance) - (columns - 1) * heading_room * letter_inches(columns)
  letters <- max(16, floor(inches / (6 * letter_share)))
  most <- function(other) min(24, max(letters %/% 2, letters - max(0, nchar(other))))
  list(inputs = shortened(inputs, most(outputs)), outputs = shortened(outputs, most(inputs)))
}

# A layer's units from top to bottom, centred on y = 0; what stands for those left out takes the place of one.
layer_nodes <- function(layer, x, size, symbol, deep, max_units) {
  slots <- slots_of(size, max_units)
  unit <- slots[!is.na(slots)]
  y <- (length(slots) + 1) / 2 - seq_along(slots)
  gap <- y[is.na(slots)]
  list(
    units = data.frame(
      layer = layer, unit = unit, x = x, y = y[!is.na(slots)],
      label = unit_labels(symbol, unit, if (deep && symbol == "h") layer - 1), name = NA_character_
    ),
    gaps = data.frame(x = rep(x, length(gap)), y = gap, hidden = rep(size - length(unit), length(gap)))
  )
}

# The units or layers of so many that are shown, with NA in the place of those left out.
slots_of <- function(size, most) {
  shown <- shown_units(size, most)
  if (size > most) append(shown, NA, length(shown) %/% 2 + length(shown) %% 2) else shown
}

# All units, or the first and last of them.
shown_units <- function(size, max_units) {
  if (size <= max_units) return(seq_len(size))
  last <- (max_units - 1) %/% 2
  c(seq_len(max_units - 1 - last), size - rev(seq_len(last)) + 1)
}

# Plotmath: x[1]; h[1]^(2) where there are several hidden layers to tell apart.
unit_labels <- function(symbol, unit, hidden = NULL) {
  paste0(symbol, "[", unit, "]", if (!is.null(hidden)) paste0("^(", hidden, ")"))
}

# One row for every weight between units that are shown. Strength is |weight| relative to the
# layer's largest.
network_edges <- function(network, units) {
  by_layer <- split(units, units$layer)
  layer <- function(l) by_layer[[as.character(l)]]
  edges <- lapply(intersect(units$layer, units$layer - 1), function(l) {
    layer_edges(network$layers[[l]]$weight, layer(l), layer(l + 1))
  })
  do.call(rbind, edges)
}

layer_edges <- function(weight, from, to) {
  weight <- weight[from$unit, to$unit, drop = FALSE]
  i <- as.vector(row(weight))
  j <- as.vector(col(weight))
  size <- abs(as.vector(weight))
  edges <- data.frame(
    x = from$x[i], y = from$y[i], xend = to$x[j], yend = to$y[j], weight = as.vector(weight),
    sign = factor(ifelse(weight < 0, "negative", "positive"), c("positive", "negative")),
    strength = if (max(size) > 0) size / max(size) else size
  )
  edges[order(edges$strength), ]
}

network_edge_layers <- function(edges) {
  ggplot2::geom_segment(
    ggplot2::aes(
      xend = .data$xend, yend = .data$yend, colour = .data$sign, alpha = .data$strength,
      linewidth = .data$strength
    ),
    data = edges
  )
}

# Circles shrink with the tallest column and headings of many lines so that neighbours never touch, at last
# without labels.
network_node_layers <- function(units, heading_lines) {
  tallest <- max(units$y) - min(units$y) + 1
  millimetres <- 25.4 * (3.5 - 0.13 * heading_lines) / (tallest + 0.4)
  size <- min(13, max(2, 1.25 * millimetres)) # of which a circle takes three quarters
  text <- min(4, size / letter_part(units))
  list(
    ggplot2::geom_point(shape = 21, size = size, fill = "white", colour = "grey30"),
    if (size > 5) ggplot2::geom_text(ggplot2::aes(label = .data$label), size = text, parse = TRUE)
  )
}

# The part of a circle that a letter takes: labels of two scripts or three digits are small.
letter_part <- function(units) {
  scripts <- any(grepl("^", units$label, fixed = TRUE))
  if (scripts && any(units$layer > 100)) 4.6 else if (scripts || any(units$unit > 99)) 3.8 else 3
}

# How many units are left out.
network_gap_layers <- function(gaps, columns) {
  if (!nrow(gaps)) return(NULL)
  gaps$label <- sprintf(if (columns >= crowded_from) "+%s" else "%s more", big_numbers(gaps$hidden))
  list(
    ggplot2::geom_tile(data = gaps, width = .4, height = .6, fill = "white"),
    ggplot2::geom_text(ggplot2::aes(label = .data$label), gaps, size = 3, colour = "grey20")
  )
}

# How many layers are left out.
left_out_layer <- function(columns, network) {
  all <- length(network$layers) + 1
  if (all <= columns) return(NULL)
  gap <- which(is.na(slots_of(all, most_columns)))
  ggplot2::annotate("text", gap, 0, label = sprintf("+%s\nlayers", big_numbers(all - columns + 1)),
                    size = 3, colour = "grey20")
}

# Names of inputs to the left of the first column, of outputs to the right of the last.
network_name_layers <- function(units, columns) {
  side <- function(layer, nudge, hjust) {
    named <- units[units$x == layer & !is.na(units$name), ]
    if (!nrow(named)) return(NULL)
    ggplot2::geom_text(ggplot2::aes(label = .data$name), named, nudge_x = nudge, hjust = hjust, size = 3.2)
  }
  nudge <- name_distance * axis_length(units, columns)
  list(side(1, -nudge, 1), side(columns, nudge, 0))
}

# What a hidden layer does after its product: "relu", or "batch norm, relu, residual".
layer_words <- function(layer) {
  norm <- if (!is.null(layer$norm)) paste(layer$norm$kind, "norm")
  paste(c(norm, layer$activation, if (isTRUE(layer$residual)) "residual"), collapse = ", ")
}

# "inputs", "hidden 1 (relu)", ..., "outputs", each above its number of units, in lines of so many letters.
network_headings <- function(network, letters) {
  hidden <- utils::head(network$layers, -1)
  activation <- vapply(hidden, layer_words, "")
  gap <- if (length(hidden) > 1) "\n" else " "
  number <- seq_along(hidden)
  space <- ifelse(number < 100, "\u00a0", " ")
  hidden_names <- sprintf("hidden%s%d%s(%s)", space, number, gap, activation)
  sizes <- network_sizes(network)
  embedded <- sizes[1] > network$inputs
  inputs <- if (embedded) sprintf("%s inputs,\nembedded", big_numbers(network$inputs)) else "inputs"
  wrapped(paste0(c(inputs, hidden_names, "outputs"), "\n", big_numbers(sizes)), letters)
}

# Letters of a heading between its neighbours, in a picture 6 inches wide.
heading_letters <- function(units, columns) {
  inches <- 5.8 / (columns - 1 + sum(side_room(units, columns)))
  floor(inches / letter_inches(columns))
}

letter_inches <- function(columns) if (columns >= crowded_from) 0.065 else 0.08

# Letters that the heading of a column needs: "hidden 1" and some space.
heading_room <- 9.5

# What a letter of a name takes of a picture 6 inches wide, and how far names are from the middle of their
# units.
letter_share <- .0125
name_distance <- .04

# The length of the whole axis of which names and their distances take their shares, in columns.
axis_length <- function(units, columns) {
  (columns - 1) / (1 - sum(name_shares(units, columns)))
}

name_shares <- function(units, columns) {
  longest <- function(layer) max(nchar(units$name[units$x == layer]), 0, na.rm = TRUE)
  letters <- c(longest(1), longest(columns))
  ifelse(letters > 0, name_distance + letter_share * letters, 0)
}

# What the x axis has beyond the first and the last column: room for headings, and for names.
side_room <- function(units, columns) {
  pmax(.45, name_shares(units, columns) * axis_length(units, columns))
}

network_scales <- function(headings, units, columns) {
  sign_colours <- c(positive = plot_colours[["blue"]], negative = plot_colours[["vermilion"]])
  list(
    ggplot2::scale_colour_manual("weight", values = sign_colours, drop = FALSE),
    ggplot2::scale_alpha_continuous(range = c(.2, .9), limits = c(0, 1), guide = "none"),
    ggplot2::scale_linewidth_continuous(range = c(.2, 1.1), limits = c(0, 1), guide = "none"),
    ggplot2::scale_x_continuous(
      breaks = unique(units$x), labels = headings, position = "top",
      expand = ggplot2::expansion(add = side_room(units, columns))
    ),
    ggplot2::scale_y_continuous(expand = ggplot2::expansion(add = .7)),
    ggplot2::guides(colour = ggplot2::guide_legend(override.aes = list(linewidth = 1, alpha = 1)))
  )
}

# Columns at most, one of which stands for layers left out where there are more.
most_columns <- 8

# Columns from which on text is set smaller and shorter.
crowded_from <- 7

# The headings of the columns are the labels of the x axis: theme(axis.text.x.top = ) restyles them.
network_theme <- function(columns) {
  plot_theme() +
    ggplot2::theme(
      axis.text.x.top = ggplot2::element_text(
        colour = "black", size = ggplot2::rel(if (columns >= crowded_from) .85 else 1.15), vjust = 0
      ),
      axis.text.y = ggplot2::element_blank(),
      axis.title = ggplot2::element_blank(),
      panel.grid = ggplot2::element_blank()
    )
}
