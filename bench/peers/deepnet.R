what <- "tanh, mini-batches, SGD, in R code"

train <- function(x, y, work, threads) {
  deepnet::nn.train(
    x, y,
    hidden = work$units, activationfun = "tanh", output = "linear",
    learningrate = work$learn_rate, momentum = 0, numepochs = work$epochs,
    batchsize = work$batch_size
  )
}
