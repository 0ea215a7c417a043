# Pictures of predicted numbers.

# Rows from which on points are counted in rectangles.
most_points <- 5000

# One row for every row of the data and number of the outcome: outcome, observed, predicted.
observed_numbers <- function(object, call, new_data, truth = NULL, offset = NULL) {
  truth <- known_outcome(object, new_data, truth, call)
  predicted <- as.matrix(picture_predictions(object, new_data, "numeric", call, offset))
  names <- object$outcome$names
  data.frame(outcome = factor(rep(names, each = nrow(truth)), names), observed = as.vector(truth),
             predicted = as.vector(predicted))
}

by_outcome <- function(data, f) {
  parts <- lapply(split(data, data$outcome), f)
  data <- do.call(rbind, parts)
  row.names(data) <- NULL
  data
}

# Points, or where they would cover each other how many there are.
number_points <- function(data, panels) {
  rows <- nrow(data) / panels
  if (rows <= most_points) {
    shown <- min(.8, max(.25, 15 / sqrt(rows)))
    return(ggplot2::geom_point(colour = plot_colours[["blue"]], alpha = shown, size = 1.2))
  }
  list(
    ggplot2::geom_bin_2d(bins = 80),
    ggplot2::scale_fill_gradient("rows", low = "#CFE3F1", high = "#08306B", trans = "log10",
                                 labels = big_numbers)
  )
}

# Small panels, beside each other as below, have few numbers, and so have two with long ones.
number_axes <- function(panels, values) {
  long <- panels > 1 && are_long(values)
  breaks <- if (long || are_small(panels)) function(limits) few_breaks(limits, 2) else ggplot2::waiver()
  list(ggplot2::scale_x_continuous(labels = big_numbers, breaks = breaks, guide = without_overlap()),
       prediction_axis(panels))
}

# ---- observed ----

# "price: RMSE 12.3, R2 0.91", the outcome's name where there are several.
fit_words <- function(data) {
  by_outcome(data, function(own) {
    rmse <- sqrt(mean((own$observed - own$predicted)^2))
    rsq <- weighted_rsq(own$observed, own$predicted, rep(1, nrow(own)))
    words <- c(sprintf("RMSE %s", big_numbers(signif(rmse, 3))),
               if (is.finite(rsq)) sprintf("R\u00b2 %.3f", rsq))
    data.frame(outcome = own$outcome[1], text = paste(words, collapse = ", "))
  })
}

observed_plot <- function(data) {
  all <- nlevels(data$outcome)
  data <- first_panels(data, "outcome")
  words <- fit_words(data)
  several <- all > 1
  names <- shortened(as.character(words$outcome), panel_letters(nrow(words)) - 1)
  strips <- sprintf("%s:\n%s", names, sub(", ", "\n", words$text))
  strips <- rlang::set_names(strips, as.character(words$outcome))
  ggplot2::ggplot(data, ggplot2::aes(.data$predicted, .data$observed)) +
    number_points(data, nrow(words)) +
    ggplot2::geom_abline(colour = "grey30", linetype = "dashed") +
    (if (several) ggplot2::facet_wrap("outcome", scales = "free", labeller = ggplot2::as_labeller(strips))) +
    number_axes(nrow(words), data$predicted) +
    ggplot2::labs(
      x = "predicted", y = if (several) "observed" else y_title(sprintf("observed %s", words$outcome)),
      title = if (!several) words$text, caption = some_of(nrow(words), all, "outcomes")
    ) +
    roomy_theme() +
    small_panels_theme(nrow(words)) +
    ggplot2::theme(legend.position = "right")
}

# ---- residuals ----

# For every row and number one row against the prediction and one against the normal quantile of its rank:
# outcome, observed, predicted, residual, panel, x.
observed_residuals <- function(data) {
  several <- nlevels(data$outcome) > 1
  panels <- by_outcome(data, function(own) {
    own$residual <- own$observed - own$predicted
    rank <- rank(own$residual, ties.method = "first")
    x <- list(predicted = own$predicted, "normal quantile" = stats::qnorm(stats::ppoints(nrow(own)))[rank])
    titles <- paste0(if (several) paste0(own$outcome[1], ": "), names(x))
    data.frame(rbind(own, own), panel = rep(titles, each = nrow(own)), x = unlist(x, use.names = FALSE))
  })
  panels$panel <- factor(panels$panel, unique(panels$panel))
  panels
}

# Two panels an outcome, of which two stand beside each other where there are more.
residuals_plot <- function(panels) {
  all <- nlevels(panels$outcome)
  panels <- first_panels(panels, "outcome", most_panels / 2)
  panels$panel <- droplevels(panels$panel)
  count <- nlevels(panels$panel)
  columns <- if (count > 4) 4 else 2
  ggplot2::ggplot(panels, ggplot2::aes(.data$x, .data$residual)) +
    ggplot2::geom_hline(yintercept = 0, colour = "grey30", linetype = "dashed") +
    number_points(panels, count) +
    ggplot2::geom_line(data = rows_on_lines(residual_lines(panels), "panel"),
                       colour = plot_colours[["vermilion"]], linewidth = .8) +
    ggplot2::facet_wrap("panel", scales = "free", ncol = columns, strip.position = "bottom",
                        labeller = residual_strips(columns)) +
    number_axes(count, panels$x) +
    ggplot2::labs(x = NULL, y = "observed less predicted", caption = caption_of(
      some_of(nlevels(panels$outcome), all, "outcomes"),
      "lines: means of neighbours (left), a normal distribution (right)",
      between = "\n"
    )) +
    roomy_theme() +
    small_panels_theme(count) +
    ggplot2::theme(
      legend.position = "right", strip.placement = "outside",
      strip.text = ggplot2::element_text(hjust = .5, size = ggplot2::rel(if (count > 2) 0.8 else 1.1))
    )
}

# The name of an outcome stands above what its residuals are drawn against.
residual_strips <- function(columns) {
  letters <- panel_letters(inches = 4.8, columns = columns)
  ggplot2::as_labeller(function(panels) {
    against <- sub(".*: ", "", panels)
    names <- substr(panels, 1, nchar(panels) - nchar(against))
    paste0(sub("(.)$", "\\1\n", shortened(sub(" $", "", names), letters)), against)
  })
}

# Against predictions the means of up to 20 groups of neighbours, which tell where the network is too high or
# too low; against normal quantiles the line through the quartiles.
residual_lines <- function(panels) {
  lines <- lapply(split(panels, panels$panel), function(own) {
    line <- if (identical(own$x, own$predicted)) group_means(own) else quartile_line(own)
    data.frame(panel = own$panel[1], line)
  })
  do.call(rbind, lines)
}

group_means <- function(own) {
  group <- equal_bins(own$x, min(20, max(3, nrow(own) %/% 15)))
  data.frame(x = group_mean(own$x, group), residual = group_mean(own$residual, group))
}

quartile_line <- function(own) {
  y <- stats::quantile(own$residual, c(.25, .75), names = FALSE)
  z <- stats::qnorm(c(.25, .75))
  slope <- diff(y) / diff(z)
  x <- range(own$x)
  data.frame(x = x, residual = y[1] + slope * (x - z[1]))
}
