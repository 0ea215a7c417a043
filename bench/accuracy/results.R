# The scores and seconds of a run, averaged over seeds: what summary.R and pictures.R share.
source("../page.R")

methods <- read.csv("methods.csv")

# Those that choices were made with an eye on, and those that nobody had looked at.
seen_sets <- c(
  letter = "letter", satellite = "Satellite", ames = "ames", diamonds = "diamonds", fashion = "Fashion-MNIST"
)
untouched_sets <- c(
  bike_sharing = "bike sharing", chicago = "Chicago", deliveries = "deliveries", sacramento = "Sacramento",
  optdigits = "optdigits", churn = "churn", leaves = "leaves", cells = "cells"
)
data_titles <- c(seen_sets, untouched_sets)

is_regression <- function(data) {
  data %in% c("ames", "diamonds", "bike_sharing", "chicago", "deliveries", "sacramento")
}

standard_error <- function(x) if (length(x) > 1) sd(x) / sqrt(length(x)) else NA

# One line for each data set and method: the number of seeds, the mean of a column and its standard error.
means <- function(results, column) {
  groups <- split(results, results[c("data", "method")], drop = TRUE)
  lines <- lapply(groups, function(group) {
    values <- group[[column]]
    data.frame(group[1, c("data", "method")], seeds = length(values), mean = mean(values),
               error = standard_error(values))
  })
  do.call(rbind, lines)
}

method_titles <- function(names) methods$title[match(names, methods$method)]

read_scores <- function(folder) read_results(folder, "scores")

# Only those measured while nothing else ran.
read_seconds <- function(folder) read_results(folder, "seconds")
