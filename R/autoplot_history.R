# The learning curves of a fit: one panel a metric, one colour a set.

history_plot <- function(history, kept_epoch = NULL) {
  history$set <- factor(history$set, c("train", "validation"), c("training", "validation"))
  history$metric <- factor(history$metric, unique(c("loss", history$metric)))
  ggplot2::ggplot(history, ggplot2::aes(.data$epoch, .data$value, colour = .data$set)) +
    kept_epoch_line(kept_epoch) +
    history_curves(history) +
    ggplot2::facet_wrap("metric", scales = "free_y") +
    ggplot2::scale_x_continuous(breaks = integer_breaks) +
    ggplot2::scale_colour_manual(values = unname(plot_colours)) +
    ggplot2::labs(x = "epoch", y = NULL, colour = NULL) +
    plot_theme()
}

# The epoch to mark: none unless validation rows chose it.
kept_epoch <- function(fit) {
  if (fit$arguments$patience < Inf && fit$training$kept_epoch > 0) fit$training$kept_epoch
}

kept_epoch_line <- function(epoch) {
  if (is.null(epoch)) return(NULL)
  list(
    ggplot2::geom_vline(xintercept = epoch, linetype = "dashed", colour = "grey50"),
    ggplot2::labs(caption = paste0("dashed line: epoch ", epoch, ", whose weights were kept"))
  )
}

# Points only while epochs can be told apart, lines only where there are two points to join.
history_curves <- function(history) {
  epochs <- max(history$epoch, 0)
  list(
    if (epochs > 1) ggplot2::geom_line(na.rm = TRUE),
    if (epochs <= 30) ggplot2::geom_point(size = 1.5, na.rm = TRUE)
  )
}

# Whole epochs, counted from 1.
integer_breaks <- function(limits) {
  breaks <- pretty(limits)
  unique(pmax(breaks[breaks == round(breaks)], 1))
}
