# The quantile fan: outcomes, and bands between their predicted quantiles.

# Groups of neighbours of which the bands are means, where rows have more values than that.
fan_groups <- 200

# Outcomes that are drawn at most.
fan_dots <- 2000

fan_levels <- c(.025, .1, .25, .5, .75, .9, .975)

quantiles_picture <- function(object, call, new_data, truth = NULL, levels = NULL, along = NULL,
                              offset = NULL) {
  outcome <- object$outcome
  default <- if (is.null(links[[outcome$link]]$levels)) fan_levels
  levels <- check_request("quantile", outcome, NULL, levels %||% default, NULL, call)$levels
  x <- along_values(new_data, along, call)
  truth <- known_outcome(object, new_data, truth, call)
  quantiles <- as.matrix(picture_predictions(object, new_data, "quantile", call, offset, levels))
  numbers <- lapply(seq_along(outcome$names), function(j) {
    own <- unname(quantiles[, (j - 1) * length(levels) + seq_along(levels), drop = FALSE])
    list(name = outcome$names[j], observed = truth[, j], quantiles = own,
         x = x %||% as.double(rank(middle_of(own), ties.method = "first")))
  })
  quantiles_plot(fan_data(numbers, levels), fan_middle(numbers, levels), fan_points(numbers), along)
}

# The numeric column of new data that the outcome is drawn against, or NULL.
along_values <- function(new_data, along, call) {
  if (is.null(along)) return(NULL)
  check_choice(along, "along", colnames(new_data) %||% character(), call = call)
  x <- as.data.frame(new_data)[[along]]
  if (!is_plain_numeric(x)) {
    abort_argument("along", "the name of a numeric column of `new_data`", describe(x), "type", call = call)
  }
  check_finite_values(as.double(x), sprintf("new_data$%s", along), call)
}

middle_of <- function(quantiles) quantiles[, (ncol(quantiles) + 1) %/% 2]

# Pairs of levels, the outermost first: list(lower, upper), where a middle one is left over.
fan_bands <- function(levels) {
  lapply(seq_len(length(levels) %/% 2), function(i) list(lower = i, upper = length(levels) + 1 - i))
}

# The share of all outcomes that lie within a band.
share_within <- function(band, numbers) {
  within <- lapply(numbers, function(number) {
    number$observed >= number$quantiles[, band$lower] & number$observed <= number$quantiles[, band$upper]
  })
  mean(unlist(within))
}

# Groups 1, 2, ... of neighbours: one a value while these are few.
fan_group <- function(x) {
  values <- sort(unique(x))
  if (length(values) <= fan_groups) match(x, values) else equal_bins(x, fan_groups)
}

# One row a group of rows and band of a number: outcome, x, band, lower, upper, level (the probability of the
# band) and held (the share of all outcomes within). numbers are lists of name, observed, quantiles (rows x
# levels) and x.
fan_data <- function(numbers, levels) {
  bands <- lapply(fan_bands(levels), function(band) {
    ends <- levels[c(band$lower, band$upper)]
    c(band, title = paste(format_plainly(ends), collapse = " to "), level = diff(ends),
      held = share_within(band, numbers))
  })
  pieces <- lapply(numbers, function(number) {
    group <- fan_group(number$x)
    lapply(bands, function(band) {
      data.frame(
        outcome = number$name, x = group_mean(number$x, group), band = band$title,
        lower = group_mean(number$quantiles[, band$lower], group),
        upper = group_mean(number$quantiles[, band$upper], group), level = band$level, held = band$held
      )
    })
  })
  none <- data.frame(outcome = character(), x = numeric(), band = character(), lower = numeric(),
                     upper = numeric(), level = numeric(), held = numeric())
  data <- in_order(do.call(rbind, c(list(none), unlist(pieces, recursive = FALSE))))
  data$band <- factor(data$band, vapply(bands, `[[`, "", "title"))
  data
}

# The outcomes' names as a factor in the order of the fit.
in_order <- function(data) {
  data$outcome <- factor(data$outcome, unique(data$outcome))
  data
}

# The middle quantile, where the number of levels is odd: outcome, x, y; or NULL.
fan_middle <- function(numbers, levels) {
  if (length(levels) %% 2 == 0) return(NULL)
  lines <- lapply(numbers, function(number) {
    group <- fan_group(number$x)
    data.frame(outcome = number$name, x = group_mean(number$x, group),
               y = group_mean(middle_of(number$quantiles), group))
  })
  in_order(do.call(rbind, lines))
}

# The outcomes, of many every so many-th: outcome, x, y, and how many there are in the attribute `rows`.
fan_points <- function(numbers) {
  points <- lapply(numbers, function(number) {
    rows <- order(number$x)
    rows <- rows[unique(round(seq(1, length(rows), length.out = min(length(rows), fan_dots))))]
    data.frame(outcome = number$name, x = number$x[rows], y = number$observed[rows])
  })
  structure(in_order(do.call(rbind, points)), rows = length(numbers[[1]]$x))
}

quantiles_plot <- function(fan, middle, points, along = NULL) {
  all <- nlevels(points$outcome)
  rows <- attr(points, "rows")
  fan <- widened(first_panels(fan, "outcome"))
  points <- first_panels(points, "outcome")
  if (!is.null(middle)) middle <- widened(first_panels(middle, "outcome"))
  names <- levels(points$outcome)
  shown <- nrow(points) / length(names)
  title <- "band (rows within)"
  breaks <- if (length(unique(points$x)) == 1) points$x[1] else ggplot2::waiver()
  ggplot2::ggplot(fan, ggplot2::aes(.data$x)) +
    plot_theme() +
    ggplot2::geom_ribbon(ggplot2::aes(ymin = .data$lower, ymax = .data$upper, fill = .data$band)) +
    ggplot2::geom_point(ggplot2::aes(y = .data$y), points, size = .7, colour = "grey15",
                        alpha = min(.7, max(.2, 12 / sqrt(shown)))) +
    (if (!is.null(middle)) ggplot2::geom_line(ggplot2::aes(y = .data$y), middle, colour = "black")) +
    (if (length(names) > 1) ggplot2::facet_wrap("outcome", scales = "free",
                                                labeller = name_strips(length(names)))) +
    ggplot2::scale_fill_manual(values = blues(nlevels(fan$band)), labels = band_labels(fan)) +
    names_legend(band_labels(fan), title, "fill") +
    predictor_axis("x", fan$x, breaks = breaks) +
    prediction_axis(length(names)) +
    ggplot2::labs(
      x = x_title(along %||% "rows, from the smallest predicted median to the largest"),
      y = if (length(names) == 1) y_title(names), fill = title,
      caption = caption_of(
        some_of(length(names), all, "outcomes"),
        if (shown < rows) sprintf("points: %s of %s", big_numbers(shown), count_rows(rows))
      )
    )
}

# Of one value bands and a line so wide that they can be seen.
widened <- function(data) {
  if (length(unique(data$x)) != 1) return(data)
  rbind(transform(data, x = data$x - 0.5), transform(data, x = data$x + 0.5))
}

# "80 % (79.6 %)": what a band should hold, and what it holds.
band_labels <- function(fan) {
  first <- fan[match(levels(fan$band), fan$band), ]
  level <- vapply(100 * first$level, function(level) format(level, digits = 3), "")
  sprintf("%s %% (%s)", level, percent(first$held))
}

# So many shades from pale to strong.
blues <- function(n) {
  blue <- c(0, 114, 178)
  shades <- round(255 + (blue - 255) %o% seq(.2, .65, length.out = max(n, 1)))
  sprintf("#%02X%02X%02X", shades[1, ], shades[2, ], shades[3, ])
}
