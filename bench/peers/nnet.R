what <- "sigmoid, one iteration of full-batch BFGS an epoch"

train <- function(x, y, work, threads) {
  nnet::nnet(
    x, y,
    size = work$units, linout = TRUE, maxit = work$epochs, MaxNWts = Inf, abstol = 0, reltol = 0,
    trace = FALSE
  )
}
