# Prints what an epoch of TD-S has to do, as a line of results/work.csv: Rscript work.R <folder> <data>
#
# Inputs and outputs of the network, rows that are trained on, and rows for validation.
source("common.R")

# Columns that a predictor becomes: a factor's levels, of two one.
encoded_columns <- function(column) {
  if (is.factor(column) && nlevels(column) != 2) nlevels(column) else 1
}

arguments <- commandArgs(trailingOnly = TRUE)
part <- training_part(read_set(arguments[1], arguments[2]), seed = 1)
inputs <- sum(vapply(part$x, encoded_columns, 1))
outputs <- max(1, nlevels(part$y))
cat(arguments[2], inputs, outputs, sum(!part$validation), sum(part$validation), sep = ",")
cat("\n")
