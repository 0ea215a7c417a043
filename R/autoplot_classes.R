# Pictures of predicted classes and probabilities.

# ---- confusion ----

# One row a pair of classes: truth, predicted, rows, share (of the true class's rows); for several labels
# also label.
confusion_counts <- function(object, call, new_data, truth = NULL, offset = NULL) {
  truth <- known_outcome(object, new_data, truth, call)
  predicted <- picture_predictions(object, new_data, "class", call, offset)
  if (is.factor(truth)) return(pair_counts(truth, predicted[[1]]))
  outcome <- object$outcome
  labels <- lapply(seq_along(outcome$names), function(j) {
    levels <- outcome$levels[[j]]
    counts <- pair_counts(factor(levels[1 + truth[, j]], levels), factor(predicted[[j]], levels))
    cbind(label = factor(outcome$names[j], outcome$names), counts)
  })
  do.call(rbind, labels)
}

pair_counts <- function(truth, predicted) {
  table <- table(truth = truth, predicted = factor(predicted, levels(truth)))
  counts <- as.data.frame(table, responseName = "rows", stringsAsFactors = TRUE)
  of_class <- rowSums(table)[as.integer(counts$truth)]
  counts$share <- ifelse(of_class > 0, counts$rows / of_class, NA_real_)
  counts
}

confusion_plot <- function(counts) {
  all <- nlevels(counts$label)
  right <- sum(counts$rows[as.character(counts$truth) == as.character(counts$predicted)]) / sum(counts$rows)
  labels <- !is.null(counts$label)
  rows <- sum(counts$rows) / max(all, 1)
  if (labels) counts <- first_panels(counts, "label")
  ggplot2::ggplot(counts, ggplot2::aes(.data$predicted, .data$truth, fill = .data$share)) +
    ggplot2::geom_tile(colour = "white") +
    confusion_text(counts) +
    (if (labels) ggplot2::facet_wrap("label", scales = "free",
                                     labeller = name_strips(nlevels(counts$label), inches = 4.2))) +
    ggplot2::scale_fill_gradient("share of\nthe class", low = "#F3F8FC", high = plot_colours[["blue"]],
                                 limits = c(0, 1), na.value = "white", labels = function(x) percent(x, 0)) +
    ggplot2::scale_colour_identity() +
    ggplot2::scale_x_discrete(labels = confusion_names, expand = c(0, 0)) +
    ggplot2::scale_y_discrete(labels = confusion_names, limits = rev, expand = c(0, 0)) +
    (if (!labels) ggplot2::coord_fixed()) +
    ggplot2::labs(x = "predicted", y = "true",
                  title = sprintf("Accuracy %s on %s", percent(right), count_rows(rows)),
                  caption = some_of(nlevels(counts$label), all, "labels")) +
    plot_theme() +
    confusion_theme(counts)
}

# Names along both sides of the table: the more there are, the smaller, and the shorter they have to be.
confusion_names <- function(names) if (length(names) > 15) shortened(names, 16) else along_side(names)

confusion_theme <- function(counts) {
  names <- levels(counts$truth)
  slanted <- ggplot2::element_text(angle = 45, hjust = 1)
  upright <- ggplot2::element_text(angle = 90, hjust = 1, vjust = .5)
  theme <- ggplot2::theme(
    legend.position = "right", panel.grid = ggplot2::element_blank(),
    axis.text.x = if (length(names) > 15) upright else if (has_long_names(names)) slanted
  )
  if (length(names) <= 15) return(theme + small_panels_theme(nlevels(counts$label)))
  theme + ggplot2::theme(axis.text = ggplot2::element_text(size = min(8, 72 * cell_inches(counts))))
}

# Counts, and below them shares, while there is room for them.
confusion_text <- function(counts) {
  classes <- nlevels(counts$truth)
  if (classes > 20) return(NULL)
  count <- big_numbers(counts$rows)
  share <- ifelse(counts$rows == 0 | round(100 * counts$share) == 0, "", percent(counts$share, 0))
  counts$text <- if (classes > 12) count else trimws(paste0(count, "\n", share))
  counts$ink <- ifelse(!is.na(counts$share) & counts$share > .5, "white", "grey20")
  ggplot2::geom_text(ggplot2::aes(label = .data$text, colour = .data$ink), counts,
                     size = min(4, 9 * cell_inches(counts)), lineheight = .9)
}

# How wide and high a cell is where the picture is 4 inches high and long names are slanted. Each panel of a
# label has its name above and those of its classes below.
cell_inches <- function(counts) {
  names <- confusion_names(levels(counts$truth))
  panels <- nlevels(counts$label)
  height <- if (panels > 1) 3.2 / ggplot2::wrap_dims(panels)[1] - 0.45 else 3.2
  (height - if (has_long_names(names)) 0.05 * max(nchar(names)) else 0) / length(names)
}

has_long_names <- function(names) max(nchar(names)) * length(names) > 60

# ---- one class against the rest ----

# One row for every row of the data and class (of two classes the second) or label: class, positive,
# probability.
class_probabilities <- function(object, call, new_data, truth = NULL, offset = NULL) {
  truth <- known_outcome(object, new_data, truth, call)
  probability <- as.matrix(picture_predictions(object, new_data, "prob", call, offset))
  if (is.factor(truth)) {
    names <- levels(truth)
    classes <- if (length(names) == 2) 2 else seq_along(names)
    positive <- outer(as.integer(truth), classes, `==`)
    probability <- probability[, classes, drop = FALSE]
    names <- names[classes]
  } else {
    names <- object$outcome$names
    positive <- truth == 1
  }
  data.frame(class = factor(rep(names, each = nrow(positive)), names), positive = as.vector(positive),
             probability = as.vector(probability))
}

by_class <- function(probabilities, f) {
  parts <- lapply(split(probabilities, probabilities$class), f)
  data <- do.call(rbind, parts)
  row.names(data) <- NULL
  data
}

# ---- ROC ----

most_curves <- 14

# One row a corner of a curve: class, false_positive, true_positive, auc. Classes without rows, or with all
# of them, have none.
roc_curves <- function(probabilities, call) {
  curves <- by_class(probabilities, function(own) {
    corners <- roc_corners(own$positive, own$probability)
    if (is.null(corners)) return(NULL)
    cbind(class = own$class[1], corners,
          auc = binary_auc(own$positive, own$probability, rep(1, nrow(own))))
  })
  if (is.null(curves)) {
    abort_argument("truth", "have rows of more than one class", "rows of one", "outcome", call = call)
  }
  curves
}

# From (0, 0) to (1, 1), one step a value of the score, without points on the way along a straight line.
roc_corners <- function(positive, score) {
  if (!any(positive) || all(positive)) return(NULL)
  order <- order(score, decreasing = TRUE)
  last <- c(which(diff(score[order]) != 0), length(score))
  up <- c(0, cumsum(positive[order])[last])
  right <- c(0, cumsum(!positive[order])[last])
  direction <- atan2(diff(up), diff(right))
  corner <- c(TRUE, diff(direction) != 0, TRUE)
  data.frame(false_positive = right[corner] / sum(!positive), true_positive = up[corner] / sum(positive))
}

roc_plot <- function(curves) {
  auc <- curves[!duplicated(curves$class), c("class", "auc")]
  shown <- auc[rank(auc$auc, ties.method = "first") <= most_curves, ]
  curves <- curves[curves$class %in% shown$class, ]
  names <- as.character(shown$class)
  curves$class <- factor(curves$class, names)
  with_area <- function(classes) {
    sprintf("%s (%.3f)", legend_labels(classes), shown$auc[match(classes, names)])
  }
  ggplot2::ggplot(curves, ggplot2::aes(.data$false_positive, .data$true_positive)) +
    plot_theme() +
    ggplot2::geom_abline(colour = "grey70", linetype = "dotted") +
    ggplot2::geom_path(ggplot2::aes(colour = .data$class, linetype = .data$class), linewidth = .7) +
    curve_scales(length(names), with_area) +
    names_legend(names, aesthetics = c("colour", "linetype"), beside = TRUE) +
    unit_axes() +
    ggplot2::coord_equal() +
    ggplot2::labs(
      x = "false positive rate", y = "true positive rate", colour = "class (AUC)", linetype = "class (AUC)",
      caption = some_of(nrow(shown), nrow(auc), "classes", "with the smallest areas")
    ) +
    ggplot2::theme(legend.key.width = ggplot2::unit(24, "pt"))
}

# From 0 to 1, with fewer breaks in small panels.
unit_axes <- function(panels = 1) {
  breaks <- seq(0, 1, by = if (panels > 4) .5 else .25)
  label <- function(x) format(x, drop0trailing = TRUE)
  axis <- function(scale) scale(limits = c(0, 1), breaks = breaks, labels = label)
  list(axis(ggplot2::scale_x_continuous), axis(ggplot2::scale_y_continuous))
}

# ---- calibration ----

# One row a bin of a class: class, predicted (mean probability), observed (share of positive rows), rows,
# lower and upper (the interval of the share), and error, the expected calibration error of the class.
calibration_bins <- function(probabilities, bins = NULL) {
  by_class(probabilities, function(own) {
    bins <- bins %||% min(40, max(5, nrow(own) %/% 100))
    bin <- equal_bins(own$probability, bins)
    rows <- tabulate(bin)
    predicted <- group_mean(own$probability, bin)
    observed <- group_mean(own$positive, bin)
    data.frame(class = own$class[1], predicted = predicted, observed = observed, rows = rows,
               wilson_interval(observed, rows), error = sum(rows * abs(predicted - observed)) / sum(rows))
  })
}

# Wilson's interval of a share at 95 %.
wilson_interval <- function(share, n) {
  z <- stats::qnorm(.975)
  centre <- (share + z^2 / (2 * n)) / (1 + z^2 / n)
  half <- z / (1 + z^2 / n) * sqrt(share * (1 - share) / n + z^2 / (4 * n^2))
  data.frame(lower = pmax(centre - half, 0), upper = pmin(centre + half, 1))
}

calibration_plot <- function(bins) {
  error <- bins[!duplicated(bins$class), c("class", "error")]
  shown <- error[rank(-error$error, ties.method = "first") <= most_panels, ]
  bins <- bins[bins$class %in% shown$class, ]
  letters <- panel_letters(nrow(shown))
  names <- shortened(as.character(shown$class), letters - 1)
  strips <- wrapped(sprintf("%s, %s", names, percent(shown$error)), letters)
  strips <- rlang::set_names(strips, as.character(shown$class))
  range <- unique(range(bins$rows))
  size <- paste(c(if (length(range) > 1) big_numbers(range[1]), count_rows(max(range))), collapse = " to ")
  ggplot2::ggplot(bins, ggplot2::aes(.data$predicted, .data$observed)) +
    ggplot2::geom_abline(colour = "grey70", linetype = "dotted") +
    ggplot2::geom_linerange(ggplot2::aes(ymin = .data$lower, ymax = .data$upper), colour = "grey60") +
    ggplot2::geom_line(data = rows_on_lines(bins, "class"), colour = plot_colours[["blue"]]) +
    ggplot2::geom_point(colour = plot_colours[["blue"]], size = 1.2) +
    ggplot2::facet_wrap("class", labeller = ggplot2::as_labeller(strips)) +
    unit_axes(nrow(shown)) +
    (if (nrow(shown) == 1) ggplot2::coord_equal()) +
    ggplot2::labs(x = "predicted probability", y = "share of rows of the class",
                  caption = caption_of(
                    some_of(nrow(shown), nrow(error), "classes", "with the largest errors"),
                    paste(size, "a point"), "intervals at 95 %", "above: expected calibration error"
                  )) +
    plot_theme()
}
