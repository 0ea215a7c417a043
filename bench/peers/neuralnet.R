what <- "tanh, one step of full-batch RPROP+ an epoch"

# It ends with a warning that it has not converged.
train <- function(x, y, work, threads) {
  colnames(x) <- paste0("x", seq_len(ncol(x)))
  suppressWarnings(neuralnet::neuralnet(
    y ~ ., data.frame(x, y = y),
    hidden = work$units, act.fct = "tanh", linear.output = TRUE, stepmax = work$epochs,
    threshold = 0
  ))
}
