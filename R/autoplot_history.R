# The learning curves of a fit: one panel a metric, one colour a set, and the learning rate.

# The history with the learning rate of every epoch, which it leaves out where there is nothing to tell.
whole_history <- function(fit) {
  history <- fit$history
  rate <- fit$arguments$optimizer$learn_rate
  known <- history$epoch[history$metric == "learn_rate"]
  constant <- setdiff(unique(history$epoch), known)
  if (is.null(rate) || !length(constant)) return(history)
  rbind(history, data.frame(epoch = constant, set = "train", metric = "learn_rate", value = rate))
}

check_some_history <- function(fit, call) {
  if (nrow(fit$history)) return(invisible())
  abort_argument("object", "a fit with an epoch in its history", "one broken off in the first", "model",
                 call = call)
}

# list(epoch, text): the epoch to mark, which validation rows chose or would have chosen; or NULL.
marked_epoch <- function(fit) {
  kept <- fit$training$kept_epoch
  if (fit$arguments$patience < Inf) {
    if (kept > 0) return(list(epoch = kept, text = "whose weights were kept"))
    return(NULL)
  }
  loss <- fit$history[fit$history$set == "validation" & fit$history$metric == "loss", ]
  best <- loss$epoch[which.min(loss$value)]
  if (length(best)) list(epoch = best, text = "with the lowest validation loss")
}

history_plot <- function(history, marked = NULL) {
  history$set <- factor(history$set, c("train", "validation"), c("training", "validation"))
  metrics <- c("loss", setdiff(history$metric, c("loss", "learn_rate")), "learn_rate")
  history$metric <- factor(history$metric, intersect(metrics, history$metric))
  rate <- history$metric == "learn_rate"
  ggplot2::ggplot(history, ggplot2::aes(.data$epoch, .data$value)) +
    marked_epoch_line(marked) +
    history_curves(history[!rate, ]) +
    rate_curve(history[rate, ]) +
    ggplot2::facet_wrap("metric", scales = "free_y", labeller = metric_strips(nlevels(history$metric))) +
    ggplot2::scale_x_continuous(breaks = integer_breaks, labels = big_numbers, guide = without_overlap()) +
    ggplot2::scale_y_continuous(labels = big_numbers) +
    ggplot2::scale_colour_manual(values = unname(plot_colours)) +
    ggplot2::scale_linetype_manual(values = c("solid", "62")) +
    ggplot2::scale_shape_manual(values = c(16, 1)) +
    ggplot2::labs(x = "epoch", y = NULL, colour = NULL, linetype = NULL, shape = NULL) +
    plot_theme()
}

# Names of so many panels; users name metrics of their own.
metric_strips <- function(panels) {
  ggplot2::as_labeller(function(metrics) {
    in_few_lines(sub("learn_rate", "learning rate", metrics, fixed = TRUE), panel_letters(panels))
  })
}

marked_epoch_line <- function(marked) {
  if (is.null(marked)) return(NULL)
  list(
    ggplot2::geom_vline(xintercept = marked$epoch, linetype = "dotted", colour = "grey30"),
    ggplot2::labs(caption = sprintf("dotted line: epoch %s, %s", big_numbers(marked$epoch), marked$text))
  )
}

# Points only while epochs can be told apart, lines only where there are two points to join. What tells the
# sets apart does not rest on colour alone.
history_curves <- function(history) {
  epochs <- max(history$epoch, 0)
  mapped <- function(...) ggplot2::aes(colour = .data$set, ...)
  list(
    if (epochs > 1) ggplot2::geom_line(mapped(linetype = .data$set), history, na.rm = TRUE),
    if (epochs <= 30) ggplot2::geom_point(mapped(shape = .data$set), history, size = 1.5, na.rm = TRUE)
  )
}

# With its margin the axis reaches down to 0, which itself would have no place on a logarithmic one.
rate_curve <- function(history) {
  if (!nrow(history)) return(NULL)
  shape <- if (max(history$epoch) > 1) ggplot2::geom_line else ggplot2::geom_point
  list(shape(data = history, colour = "grey30", na.rm = TRUE),
       ggplot2::geom_blank(ggplot2::aes(y = 0.04 * max(.data$value)), history))
}

# Whole numbers, those of a scale that counts from 1 with it in the place of 0 where it is near.
integer_breaks <- function(limits, n = 5) {
  breaks <- whole_breaks(limits, n)
  step <- c(diff(breaks), 1)[1]
  unique(c(if (step > 2 && min(breaks) == 0) 1, breaks[breaks >= 1]))
}

whole_breaks <- function(limits, n = 5) {
  breaks <- pretty(limits, n)
  breaks[breaks == round(breaks)]
}
