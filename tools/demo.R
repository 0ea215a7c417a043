# Trains a network as in the textbook and draws what it learned: demo.R DIRECTORY.
library(fastmlp)
library(ggplot2)

folder <- commandArgs(TRUE)[1]
if (is.na(folder)) folder <- "demo-output"
dir.create(folder, showWarnings = FALSE, recursive = TRUE)

say <- function(...) cat(sprintf(...), "\n", sep = "")

draw <- function(plot, name, width = 7, height = 4) {
  file <- file.path(folder, paste0(name, ".png"))
  ggsave(file, plot, width = width, height = height, dpi = 120, bg = "white")
  say("  %s", file)
}

# ---- data: list(name, x, y, test_x, test_y, show = a picture of wrong predictions) ---------------

fashion_folder <- "/usr/share/datasets/fashion-mnist"

fashion_labels <- c(
  "T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"
)

fashion_mnist <- function() {
  read <- function(part, kind) {
    file <- sprintf("%s-%s-ubyte.gz", part, kind)
    read_idx(file.path(fashion_folder, file), flatten = TRUE)
  }
  images <- function(part) read(part, "images-idx3") / 255
  labels <- function(part) factor(read(part, "labels-idx1"), 0:9, fashion_labels)
  list(
    name = "Fashion-MNIST",
    x = images("train"), y = labels("train"), test_x = images("t10k"), test_y = labels("t10k"),
    show = misclassified_images
  )
}

# The fallback: the cut of 53,940 diamonds from their size, shape, price, colour and clarity.
diamond_cuts <- function() {
  stones <- as.data.frame(diamonds)
  x <- cbind(
    scale(stones[c("carat", "depth", "table", "price", "x", "y", "z")]),
    stats::model.matrix(~ 0 + factor(as.character(color)), stones),
    stats::model.matrix(~ 0 + factor(as.character(clarity)), stones)
  )
  colnames(x) <- make.names(colnames(x), unique = TRUE)
  y <- factor(as.character(stones$cut), levels(stones$cut))
  set.seed(1)
  test <- seq_len(nrow(x)) %in% sample(nrow(x), 10000)
  list(
    name = "the cut of diamonds",
    x = x[!test, ], y = y[!test], test_x = x[test, ], test_y = y[test],
    show = misclassified_stones
  )
}

load_data <- function() {
  if (file.exists(file.path(fashion_folder, "train-images-idx3-ubyte.gz"))) return(fashion_mnist())
  say("Fashion-MNIST is not installed (Debian: dataset-fashion-mnist); using ggplot2's diamonds.")
  diamond_cuts()
}

# ---- training ------------------------------------------------------------------------------------

train <- function(data) {
  set.seed(2026)
  mlp_fit(
    data$x, data$y, preset = "plain",
    hidden_units = 256, activation = "relu", epochs = 5, batch_size = 256,
    optimizer = opt_sgd(learn_rate = .5), init = init_normal(.01),
    validation = list(x = data$test_x, y = data$test_y), verbose = FALSE
  )
}

print_history <- function(history) {
  key <- paste(history$set, history$metric)
  table <- stats::reshape(
    cbind(history["epoch"], key = key, value = history$value),
    idvar = "epoch", timevar = "key", direction = "wide"
  )
  names(table) <- sub("validation", "test", sub("^value\\.", "", names(table)))
  print(format(table, digits = 4), row.names = FALSE)
}

# ---- pictures of the predictions -----------------------------------------------------------------

misclassified_images <- function(data, predicted, count = 40) {
  wrong <- utils::head(which(predicted != data$test_y), count)
  pixels <- expand.grid(column = 1:28, row = 1:28)
  images <- do.call(rbind, lapply(wrong, function(i) {
    label <- sprintf("%s,\nnot %s", data$test_y[i], predicted[i])
    cbind(pixels, ink = data$test_x[i, ], image = i, label = label)
  }))
  labels <- images$label[!duplicated(images$image)]
  ggplot(images, aes(column, row, fill = ink)) +
    geom_raster(show.legend = FALSE) +
    facet_wrap("image", ncol = 8, labeller = as_labeller(stats::setNames(labels, wrong))) +
    scale_fill_gradient(low = "white", high = "black") +
    scale_y_reverse() +
    coord_fixed(expand = FALSE) +
    labs(title = "The first misclassified test images: what they are, not what was predicted") +
    theme_void() +
    theme(
      strip.text = element_text(size = 8, lineheight = .9, margin = margin(4, 0, 2, 0)),
      plot.title = element_text(margin = margin(4, 0, 6, 0)),
      plot.margin = margin(6, 6, 6, 6)
    )
}

misclassified_stones <- function(data, predicted) {
  wrong <- predicted != data$test_y
  stones <- data.frame(
    depth = data$test_x[wrong, "depth"], table = data$test_x[wrong, "table"],
    truth = data$test_y[wrong], predicted = predicted[wrong]
  )
  levels(stones$predicted) <- paste("predicted:", levels(stones$predicted))
  ggplot(stones, aes(depth, table, colour = truth)) +
    geom_point(size = .8, alpha = .6) +
    facet_wrap("predicted") +
    scale_colour_manual(values = c("#D55E00", "#E69F00", "#009E73", "#56B4E9", "#0072B2")) +
    coord_cartesian(xlim = c(-4, 4), ylim = c(-4, 4)) +
    labs(
      title = "Misclassified stones", x = "depth (standardised)", y = "table (standardised)",
      colour = "true cut"
    ) +
    theme_minimal()
}

# ---- the demonstration ---------------------------------------------------------------------------

data <- load_data()
say("Training %d-256-%d on %s, %s rows.", ncol(data$x), nlevels(data$y), data$name,
    format(nrow(data$x), big.mark = ","))
fit <- train(data)
print_history(fit$history)
predicted <- predict(fit, data$test_x)$.pred_class
say("Test accuracy %.4f after %.1f seconds of training (%d threads, %s).",
    mean(predicted == data$test_y), fit$training$seconds, fit$training$threads,
    fit$training$simd)

say("Pictures:")
for (name in c("relu", "sigmoid", "tanh")) draw(plot_activation(name), name)
draw(autoplot(fit) + labs(title = "Validation rows: the test set"), "history")
draw(autoplot(mlp_network(4, hidden_units = 5, outputs = 3)), "network", 6, 4.5)
draw(autoplot(fit, "confusion", data$test_x, data$test_y), "confusion", 7, 6)
draw(autoplot(fit, "roc", data$test_x, data$test_y), "roc", 7, 5)
draw(autoplot(fit, "calibration", data$test_x, data$test_y), "calibration", 8, 6)
draw(data$show(data, predicted), "misclassified", 9, 7)
