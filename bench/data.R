# Writes the data of every work as float32 files: Rscript data.R <folder> <folder of Fashion-MNIST>
#
# A file holds a matrix column by column. Classes are counted from 0.
source("common.R")
suppressPackageStartupMessages(library(fastmlp))

fashion <- function(rows, source) {
  read <- function(kind) {
    file <- file.path(source, sprintf("train-%s-ubyte.gz", kind))
    read_idx(file, flatten = TRUE)
  }
  list(x = read("images-idx3")[seq_len(rows), ] / 255, y = read("labels-idx1")[seq_len(rows)])
}

# A surface that a small network can learn; the outcome has mean 0 and a variance of about 1.
synthetic <- function(rows, inputs) {
  set.seed(1)
  x <- matrix(rnorm(rows * inputs), rows)
  list(x = x, y = sin(x[, 1]) + 0.5 * x[, 2] * x[, 3] + 0.5 * rnorm(rows))
}

write_set <- function(work, folder, source) {
  files <- c(x = data_file(folder, work, "x"), y = data_file(folder, work, "y"))
  if (all(file.exists(files))) return(invisible())
  set <- switch(work$data,
    fashion = fashion(work$rows, source),
    synthetic = synthetic(work$rows, work$layers[1])
  )
  for (part in names(files)) writeBin(as.vector(set[[part]], "double"), files[[part]], size = 4)
}

arguments <- commandArgs(trailingOnly = TRUE)
sections <- strsplit(Sys.getenv("SECTIONS", paste(works$section, collapse = " ")), " ")[[1]]
for (name in works$work[works$section %in% sections]) {
  write_set(find_work(name), arguments[1], arguments[2])
}
