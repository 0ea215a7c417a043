# Training steps on sparse predictors over those on the same rows in a dense matrix: plain relu networks
# with one hidden layer of 256 units and 10 classes, each fit three times in turns, the fastest of each
# counting. Run from this folder, with the package installed; it writes results/sparse.csv.
#     Rscript sparse.R [threads]

library(fastmlp)

threads <- as.integer(c(commandArgs(TRUE), 1)[1])
rows <- 4096

step_microseconds <- function(x, y, batch_size, optimizer) {
  fit <- suppressWarnings(mlp_fit(x, y, preset = "plain", batch_size = batch_size, epochs = 2,
                                  optimizer = optimizer, threads = threads, verbose = FALSE))
  fit$training$step_seconds / (2 * ceiling(rows / batch_size)) * 1e6
}

measure <- function(columns, density, batch_size, optimizer) {
  set.seed(1)
  x <- Matrix::rsparsematrix(rows, columns, density)
  dense <- as.matrix(x)
  y <- factor(sample.int(10, rows, replace = TRUE))
  made <- list(sgd = opt_sgd(0.01), adam = opt_adam())[[optimizer]]
  turns <- vapply(1:3, function(turn) {
    c(step_microseconds(x, y, batch_size, made), step_microseconds(dense, y, batch_size, made))
  }, numeric(2))
  best <- apply(turns, 1, min)
  data.frame(columns, density, batch_size, optimizer, threads, sparse_us = round(best[1]),
             dense_us = round(best[2]), ratio = round(best[2] / best[1], 2))
}

works <- expand.grid(optimizer = c("sgd", "adam"), batch_size = c(256, 32), density = c(0.01, 0.05, 0.1, 0.2),
                     columns = c(1000, 2000), stringsAsFactors = FALSE)
results <- do.call(rbind, Map(measure, works$columns, works$density, works$batch_size, works$optimizer))
utils::write.csv(results, "results/sparse.csv", row.names = FALSE)
print(results)
