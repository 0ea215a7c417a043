# Tensors that tools/fixtures.py wrote, and its training run, for several tests.

read_tensors <- function(file) {
  lines <- strsplit(readLines(test_path("fixtures", file)), ",", fixed = TRUE)
  tensors <- lapply(lines, function(line) {
    matrix(as.numeric(line[-(1:3)]), as.integer(line[2]), as.integer(line[3]), byrow = TRUE)
  })
  stats::setNames(tensors, vapply(lines, `[`, "", 1))
}

layers_from <- function(tensors, prefix) {
  lapply(1:4, function(l) {
    list(
      weight = tensors[[paste0(prefix, "weight_", l)]],
      bias = tensors[[paste0(prefix, "bias_", l)]][1, ]
    )
  })
}

run_training <- function(tensors, settings, epochs = 40) {
  settings <- utils::modifyList(
    list(activation = "tanh", epochs = epochs, batch_size = 32), settings
  )
  do.call(mlp_fit, c(settings, list(
    x = tensors$x, y = factor(tensors$class[1, ]), hidden_units = c(16, 12, 10), shuffle = FALSE,
    init = layers_from(tensors, "initial_"), verbose = FALSE
  )))
}
