# Small data and fits that several tests share.

iris_x <- as.matrix(iris[1:4])

small_fit <- function(..., hidden_units = 4, epochs = 3, batch_size = 16, verbose = FALSE) {
  set.seed(1)
  mlp_fit(..., hidden_units = hidden_units, epochs = epochs, batch_size = batch_size,
          verbose = verbose)
}

# The softmax of the rows of a matrix.
softmax <- function(output) {
  e <- exp(output - apply(output, 1, max))
  e / rowSums(e)
}
