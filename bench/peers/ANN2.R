what <- "ReLU, mini-batches, SGD"

train <- function(x, y, work, threads) {
  ANN2::neuralnetwork(
    x, y,
    hidden.layers = work$units, regression = TRUE, standardize = FALSE, loss.type = "squared",
    activ.functions = "relu", optim.type = "sgd", learn.rates = work$learn_rate,
    sgd.momentum = 0, n.epochs = work$epochs, batch.size = work$batch_size, drop.last = FALSE,
    val.prop = 0, verbose = FALSE
  )
}
