what <- "ReLU, mini-batches, SGD at its own rate, last rows that fill no batch left out"

train <- function(x, y, work, threads) {
  ggmlR::ggml_set_n_threads(threads)
  model <- ggmlR::ggml_model_sequential()
  model <- ggmlR::ggml_layer_dense(model, work$units, "relu", input_shape = ncol(x))
  model <- ggmlR::ggml_layer_dense(model, 1)
  model <- ggmlR::ggml_compile(model, optimizer = "sgd", loss = "mse", backend = "cpu")
  ggmlR::ggml_fit(
    model, x, matrix(y),
    epochs = work$epochs, batch_size = work$batch_size, verbose = 0
  )
}
