# Draws the pictures of a run: Rscript pictures.R <folder with results/ and pictures/>
source("results.R")
source("look.R")

# Blue and vermilion, and different points, so that nobody needs to see the colours.
colours <- c(fastmlp = "#0072B2", PyTorch = "#D55E00")
shapes <- c(fastmlp = 16, PyTorch = 17)

engines <- list(
  scale_colour_manual(values = colours, aesthetics = c("colour", "fill")),
  scale_shape_manual(values = shapes)
)

highest_peak <- function(folder, section) max(read_peaks(folder, section)$gflops)

# ---- training steps: share of the peak, work by work -------------------------------------------

short_title <- function(name) {
  work <- works[works$section == "steps" & works$work == name, ]
  optimizer <- c(sgd = "SGD", adam = "Adam")[[work$optimizer]]
  sprintf("%s, batch %d, %s", work$layers, work$batch_size, optimizer)
}

draw_steps <- function(folder) {
  best <- fastest(medians(read_training(folder, "steps"), c("step", "share")))
  order <- rev(intersect(works$work[works$section == "steps"], best$work))
  best$title <- factor(best$work, order, vapply(order, short_title, ""))
  best$is_highest <- best$share == ave(best$share, best$work, FUN = max)
  ggplot(best, aes(share, title)) +
    geom_line(aes(group = title), colour = "grey80", linewidth = 1.2) +
    geom_point(aes(colour = engine, shape = engine), size = 3.4) +
    geom_text(
      aes(label = sprintf("%.0f %%", 100 * share), colour = engine,
          hjust = ifelse(is_highest, -0.35, 1.35)),
      size = 3.4, show.legend = FALSE
    ) +
    engines +
    scale_x_continuous(
      labels = function(x) paste(100 * x, "%"), limits = c(-0.08, 1), breaks = 0:4 / 4,
      expand = expansion(c(0, 0.01))
    ) +
    labs(
      title = "Training steps: share of the FMA peak", x = NULL, y = NULL,
      subtitle = sprintf("float32, %.0f GFLOP/s on all cores", highest_peak(folder, "steps"))
    ) +
    look + theme(panel.grid.major.y = element_blank())
}

# ---- scaling: speed against one size -----------------------------------------------------------

draw_curve <- function(curve, column, title, axis, breaks) {
  columns <- match(paste0(column, c("", ".low", ".high")), names(curve))
  names(curve)[columns] <- c("y", "low", "high")
  ggplot(curve, aes(size, y, colour = engine, shape = engine)) +
    geom_ribbon(aes(ymin = low, ymax = high, fill = engine), alpha = 0.15, colour = NA) +
    geom_line(linewidth = 0.8) +
    geom_point(size = 2.4) +
    engines +
    scale_x_log10(breaks = breaks, labels = commas) +
    labs(subtitle = title, x = axis, y = NULL) +
    look
}

# Rows a second on the left, the share of the peak on the right.
draw_scaling <- function(training, peak, what, curve) {
  measured <- read_curve(training, what)
  left <- draw_curve(measured, "speed", "rows a second", curve$axis, curve$breaks) +
    scale_y_log10(labels = commas) +
    ggtitle(curve$title)
  right <- draw_curve(measured, "share", "share of the FMA peak", curve$axis, curve$breaks) +
    scale_y_continuous(
      labels = function(x) paste(100 * x, "%"), limits = c(0, 1), expand = expansion(c(0, 0.02)),
      sec.axis = sec_axis(~ . * peak, name = "GFLOP/s")
    ) +
    ggtitle("")
  cbind(ggplotGrob(left), ggplotGrob(right), size = "first")
}

curves <- list(
  batch_size = list(
    title = "Training Fashion-MNIST, 784-256-10", axis = "rows a batch",
    breaks = 2^seq(3, 12, by = 2)
  ),
  width = list(
    title = "Training 784-w-w-10, batches of 256", axis = "units a hidden layer, w",
    breaks = 2^seq(4, 12, by = 2)
  ),
  rows = list(
    title = "Training 20-64-64-1, batches of 256", axis = "rows of data", breaks = 10^(4:6)
  )
)

folder <- commandArgs(trailingOnly = TRUE)[1]
if (!is.null(read_results(folder, "steps"))) {
  save_picture(folder, "steps", draw_steps(folder), 4.2)
}
if (!is.null(read_results(folder, "scaling"))) {
  scaling <- read_training(folder, "scaling")
  peak <- highest_peak(folder, "scaling")
  for (what in Filter(function(what) !is.null(read_curve(scaling, what)), names(curves))) {
    save_picture(folder, what, draw_scaling(scaling, peak, what, curves[[what]]), 3.9)
  }
}
