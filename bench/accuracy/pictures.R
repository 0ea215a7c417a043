# Draws the pictures of results/: Rscript pictures.R <folder with results/ and pictures/>
source("results.R")
source("../look.R")

# Blue for fastmlp, vermilion for the others, and different points.
colours <- c(fastmlp = "#0072B2", others = "#D55E00")
shapes <- c(fastmlp = 16, others = 17)
groups <- list(
  scale_colour_manual(values = colours, aesthetics = c("colour", "fill")),
  scale_shape_manual(values = shapes)
)

# The share of wrong classes in percent, or the root mean squared error, of the data sets in `titles`.
add_errors <- function(scores, titles) {
  scores <- scores[scores$data %in% names(titles), ]
  regression <- is_regression(scores$data)
  scores$wrong <- ifelse(regression, scores$score, 100 * (1 - scores$score))
  scores$group <- ifelse(startsWith(scores$method, "fastmlp"), "fastmlp", "others")
  unit <- ifelse(is_regression(names(titles)), "RMSE", "wrong, %")
  panels <- paste0(titles, ":\n", unit)
  scores$panel <- factor(panels[match(scores$data, names(titles))], panels)
  scores$title <- factor(method_titles(scores$method), rev(methods$title))
  scores
}

# An error that dwarfs the others would leave them no room: it is drawn at the edge, twice the best mean.
cut_off <- function(wrong, panel, means) {
  best <- tapply(means$mean, means$panel, min)
  pmin(wrong, ifelse(best > 0, 2 * best, Inf)[as.character(panel)])
}

draw_scores <- function(scores, rows = 1) {
  lines <- means(scores, "wrong")
  lines <- merge(lines, unique(scores[c("data", "method", "group", "panel", "title")]))
  lines$shown <- cut_off(lines$mean, lines$panel, lines)
  scores$shown <- cut_off(scores$wrong, scores$panel, lines)
  ggplot(lines, aes(shown, title, colour = group)) +
    geom_point(data = scores, alpha = 0.35, size = 1.2) +
    geom_point(aes(shape = group), size = 3) +
    facet_wrap(~panel, scales = "free_x", nrow = rows) +
    groups +
    scale_x_continuous(n.breaks = 4) +
    labs(
      title = "Errors on the rows for the test", x = NULL, y = NULL,
      subtitle = "means, and each seed; beyond twice the best at the edge"
    ) +
    look + theme(legend.position = "none", panel.spacing = unit(14, "pt"))
}

draw_seconds <- function(scores, seconds) {
  lines <- merge(means(scores, "wrong"), unique(scores[c("data", "method", "group", "panel", "title")]))
  times <- means(seconds, "seconds")[c("data", "method", "mean")]
  names(times)[3] <- "seconds"
  lines <- merge(lines, times)
  lines$shown <- cut_off(lines$mean, lines$panel, lines)
  ggplot(lines, aes(seconds, shown, colour = group)) +
    geom_point(aes(shape = group), size = 3) +
    geom_text(aes(label = title), size = 3, vjust = -0.9, check_overlap = TRUE, show.legend = FALSE) +
    facet_wrap(~panel, scales = "free_y", ncol = 2) +
    groups +
    scale_x_log10(expand = expansion(0.25)) +
    scale_y_continuous(expand = expansion(c(0.08, 0.15))) +
    labs(title = "Errors and seconds of training", x = "seconds", y = NULL) +
    look
}

folder <- commandArgs(trailingOnly = TRUE)[1]
scores <- read_scores(folder)
seconds <- read_seconds(folder)
if (!is.null(scores)) {
  seen <- add_errors(scores, seen_sets)
  save_picture(folder, "scores", draw_scores(seen), 4.2)
  if (!is.null(seconds)) save_picture(folder, "seconds", draw_seconds(seen, seconds), 8)
  untouched <- add_errors(scores, untouched_sets)
  if (nrow(untouched)) save_picture(folder, "untouched", draw_scores(untouched, rows = 2), 5)
}
