what <- "ReLU, mini-batches, Adam (it has no SGD)"

train <- function(x, y, work, threads) {
  densemlp::densemlp(
    x, y,
    task = "regression", hidden_units = work$units, epochs = work$epochs,
    batch_size = work$batch_size, lr = work$learn_rate, validation = 0, early_stopping = FALSE,
    batch_norm = FALSE
  )
}
