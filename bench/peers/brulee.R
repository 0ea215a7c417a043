what <- "ReLU, mini-batches, SGD, on torch"

# Asked before anything else; install.sh therefore leaves brulee to whoever wants it.
lacks <- function() {
  if (!requireNamespace("torch", quietly = TRUE) || !torch::torch_is_installed()) {
    "needs libtorch, a download by `torch::install_torch()` from outside of CRAN"
  }
}

train <- function(x, y, work, threads) {
  torch::torch_set_num_threads(threads)
  brulee::brulee_mlp(
    x, y,
    hidden_units = work$units, activation = "relu", optimizer = "SGD",
    learn_rate = work$learn_rate, penalty = 0, epochs = work$epochs,
    batch_size = work$batch_size, validation = 0
  )
}
