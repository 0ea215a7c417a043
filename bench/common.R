# What the benchmark's R scripts share: the works, their data, and clocks. Run from this folder.

`%||%` <- function(a, b) if (is.null(a)) b else a

works <- read.csv("works.csv")

# One line of works.csv as a list, with the layers as numbers.
find_work <- function(name, section = NULL) {
  line <- works[works$work == name & works$section %in% (section %||% works$section), ]
  if (nrow(line) == 0) stop("works.csv has no work '", name, "'", call. = FALSE)
  work <- as.list(line[1, ])
  work$layers <- layer_sizes(work$layers)
  work
}

layer_sizes <- function(layers) as.integer(strsplit(layers, "-")[[1]])

# ---- data: float32 files, column by column, written once by data.R and read by every engine ----

data_file <- function(folder, work, part) {
  name <- sprintf("%s-%dx%d.%s", work$data, work$rows, work$layers[1], part)
  file.path(folder, name)
}

read_floats <- function(file, n) readBin(file, "numeric", n, size = 4)

# list(x, y): a double matrix, and a factor for classes or a vector of numbers.
read_set <- function(folder, work) {
  inputs <- work$layers[1]
  x <- read_floats(data_file(folder, work, "x"), work$rows * inputs)
  y <- read_floats(data_file(folder, work, "y"), work$rows)
  list(x = matrix(x, work$rows), y = if (work$data == "fashion") factor(y) else y)
}

# The first rows of a set: what engines warm up with.
first_rows <- function(set, rows) {
  rows <- seq_len(min(rows, nrow(set$x)))
  list(x = set$x[rows, , drop = FALSE], y = set$y[rows])
}

# ---- clocks ------------------------------------------------------------------------------------

# Seconds since some day, to the microsecond; proc.time() knows only milliseconds.
now <- function() as.numeric(Sys.time())

seconds_of <- function(expr) {
  start <- now()
  force(expr)
  now() - start
}

# How long a measurement lasts at least.
least_seconds <- as.numeric(Sys.getenv("LEAST_SECONDS", "0.5"))
