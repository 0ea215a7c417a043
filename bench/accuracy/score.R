# Scores the predictions of a method: Rscript score.R <folder> <data>
#
# Prints the score (accuracy, or root mean squared error), and for classes the mean log-loss
# (probabilities of at least 1e-15) and the expected calibration error: rows are put into 15 bins of
# equal width by the probability of the predicted class; what a bin's mean probability and its accuracy
# differ by, averaged over rows.
source("common.R")

log_loss <- function(probabilities, y) {
  mean(-log(pmax(probabilities[cbind(seq_along(y), as.integer(y))], 1e-15)))
}

calibration_error <- function(probabilities, right, bins = 15) {
  confidence <- apply(probabilities, 1, max)
  bin <- pmin(floor(confidence * bins), bins - 1)
  gaps <- tapply(right - confidence, bin, sum)
  sum(abs(gaps)) / length(right)
}

score_classes <- function(prediction, y) {
  probabilities <- matrix(prediction, length(y))
  right <- max.col(probabilities, "first") == as.integer(y)
  c(mean(right), log_loss(probabilities, y), calibration_error(probabilities, right))
}

score_numbers <- function(prediction, y) c(sqrt(mean((prediction - y)^2)), NA, NA)

arguments <- commandArgs(trailingOnly = TRUE)
set <- read_set(arguments[1], arguments[2])
y <- set$y[set$test]
classes <- if (is.factor(y)) nlevels(y) else 1
prediction <- readBin(file.path(arguments[1], "prediction"), "double", length(y) * classes + 1)
if (length(prediction) != length(y) * classes || anyNA(prediction)) {
  stop("not one prediction for each row of the test", call. = FALSE)
}
score <- if (is.factor(y)) score_classes else score_numbers
numbers <- ifelse(is.na(s <- score(prediction, y)), "", sprintf("%.9g", s))
cat(numbers, sep = ",")
cat("\n")
