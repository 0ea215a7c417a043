# Trains the benchmark's networks with fastmlp:
# Rscript fastmlp.R <folder of the data set> <threads> <batch sizes>
#
# Prints one line a batch size: engine,threads,batch_size,seconds an epoch,seconds of the whole
# call,test accuracy. The whole call is mlp_fit() on a double matrix: its checks, the conversion to
# float32, five epochs with their losses and accuracies. An epoch is what each one after the first
# adds.
library(fastmlp)

epochs <- 5

read_set <- function(folder, name) {
  file <- function(what) file.path(folder, paste0(name, what))
  list(
    x = read_idx(file("-images-idx3-ubyte.gz"), flatten = TRUE) / 255,
    y = factor(read_idx(file("-labels-idx1-ubyte.gz")))
  )
}

fit <- function(set, batch_size, epochs, threads) {
  mlp_fit(
    set$x, set$y, hidden_units = 256, activation = "relu", optimizer = opt_sgd(learn_rate = 0.5),
    epochs = epochs, batch_size = batch_size, init = init_he(), threads = threads, verbose = FALSE
  )
}

seconds <- function(expr) system.time(expr)[["elapsed"]]

measure <- function(batch_size, threads, train, test) {
  fit(train, batch_size, 1, threads) # warms up
  first <- seconds(fit(train, batch_size, 1, threads))
  whole <- seconds(model <- fit(train, batch_size, epochs, threads))
  accuracy <- mean(predict(model, test$x)$.pred_class == test$y)
  cat(sprintf(
    "fastmlp,%d,%d,%.4f,%.4f,%.4f\n", threads, batch_size, (whole - first) / (epochs - 1), whole,
    accuracy
  ))
}

arguments <- commandArgs(trailingOnly = TRUE)
train <- read_set(arguments[1], "train")
test <- read_set(arguments[1], "t10k")
for (batch_size in as.integer(arguments[-(1:2)])) {
  measure(batch_size, as.integer(arguments[2]), train, test)
}
info <- mlp_info()
message("fastmlp ", info$version, ", ", info$simd, if (!info$openmp) ", without OpenMP")
