# Writes the data sets: Rscript data.R <folder> <folder of Fashion-MNIST> <data> ...
#
# common.R says in which form. The rows for the test are fixed: the last ones, or every fifth. For each
# seed a fifth of the others is for validation, drawn within each class.
source("common.R")

# Beyond the first so many rows.
after <- function(rows, all) seq_len(all) > rows

every_fifth <- function(all) seq_len(all) %% 5 == 0

from_package <- function(name, package) {
  frame <- new.env()
  data(list = name, package = package, envir = frame)
  if (is.null(frame[[name]])) stop("this version of ", package, " has no data set ", name, call. = FALSE)
  as.data.frame(frame[[name]])
}

# One column for the outcome, the others for predictors.
table_set <- function(table, outcome, test) {
  list(x = table[names(table) != outcome], y = table[[outcome]], test = test)
}

without <- function(table, column) table[names(table) != column]

# Pixels on a scale from 0 to 1.
fashion_set <- function(folder) {
  read <- function(kind) {
    files <- file.path(folder, sprintf("%s-%s-ubyte.gz", c("train", "t10k"), kind))
    lapply(files, fastmlp::read_idx, flatten = TRUE)
  }
  x <- as.data.frame(do.call(rbind, read("images-idx3")) / 255)
  y <- factor(unlist(read("labels-idx1")))
  list(x = x, y = y, test = after(60000, length(y)))
}

sources <- list(
  letter = function(folder) {
    table <- from_package("LetterRecognition", "mlbench")
    table_set(table, "lettr", after(16000, nrow(table)))
  },
  satellite = function(folder) {
    table <- from_package("Satellite", "mlbench")
    table_set(table, "classes", after(4435, nrow(table)))
  },
  ames = function(folder) {
    table <- from_package("ames", "modeldata")
    table_set(table, "Sale_Price", every_fifth(nrow(table)))
  },
  diamonds = function(folder) {
    table <- from_package("diamonds", "ggplot2")
    table_set(table, "price", every_fifth(nrow(table)))
  },
  fashion = fashion_set,

  # ---- for which nothing was chosen ----
  bike_sharing = function(folder) {
    table <- without(from_package("bike_sharing", "mlr3data"), "date")
    table_set(table, "count", every_fifth(nrow(table)))
  },
  chicago = function(folder) {
    table <- from_package("Chicago", "modeldata")
    table$date <- as.numeric(table$date)
    table_set(table, "ridership", every_fifth(nrow(table)))
  },
  deliveries = function(folder) {
    table <- from_package("deliveries", "modeldata")
    table_set(table, "time_to_delivery", every_fifth(nrow(table)))
  },
  sacramento = function(folder) {
    table <- without(from_package("Sacramento", "modeldata"), "zip")
    table_set(table, "price", every_fifth(nrow(table)))
  },
  optdigits = function(folder) {
    table <- from_package("optdigits", "mlr3data")
    table_set(table, "binaryclass", every_fifth(nrow(table)))
  },
  churn = function(folder) {
    table <- from_package("mlc_churn", "modeldata")
    table_set(table, "churn", every_fifth(nrow(table)))
  },
  leaves = function(folder) {
    table <- from_package("leaf_id_flavia", "modeldata")
    table_set(table, "species", every_fifth(nrow(table)))
  },
  cells = function(folder) {
    table <- without(from_package("cells", "modeldata"), "case")
    table_set(table, "class", every_fifth(nrow(table)))
  }
)

# A fifth of the rows that are not for the test.
draw_validation <- function(seed, y, test) {
  set.seed(seed)
  rows <- which(!test)
  groups <- if (is.factor(y)) split(rows, y[rows]) else list(rows)
  drawn <- lapply(groups, function(group) group[sample.int(length(group), round(length(group) / 5))])
  seq_along(y) %in% unlist(drawn)
}

write_source <- function(name, folder, fashion) {
  set <- sources[[name]](fashion)
  validation <- lapply(seq_len(most_seeds), draw_validation, set$y, set$test)
  names(validation) <- paste0("validation_", seq_len(most_seeds))
  counts <- c(predictor = ncol(set$x), outcome = 1, test = 1, validation = most_seeds)
  columns <- c(set$x, list(outcome = set$y, test = set$test), validation)
  write_set(folder, name, columns, rep(names(counts), counts))
}

arguments <- commandArgs(trailingOnly = TRUE)
for (name in arguments[-(1:2)]) write_source(name, arguments[1], arguments[2])
