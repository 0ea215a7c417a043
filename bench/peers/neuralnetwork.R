what <- "ReLU, mini-batches, SGD"

train <- function(x, y, work, threads) {
  neuralnetwork::nn_fit(
    x, y,
    hidden = work$units, task = "regression", activation = "relu", optimizer = "sgd",
    epochs = work$epochs, batch_size = work$batch_size, learning_rate = work$learn_rate,
    scale = FALSE, y_scale = FALSE, verbose = FALSE
  )
}
