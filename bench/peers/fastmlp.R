what <- "ReLU, mini-batches, SGD"

train <- function(x, y, work, threads) {
  fastmlp::mlp_fit(
    x, y, preset = "plain",
    hidden_units = work$units, activation = "relu",
    optimizer = fastmlp::opt_sgd(learn_rate = work$learn_rate), epochs = work$epochs,
    batch_size = work$batch_size, threads = threads, verbose = FALSE
  )
}
