# What the R programs of this benchmark share: the data sets, and what runs a method on one of them.
#
# A data set is a pair of plain files that R and Python read alike. <name>.csv has a line for each
# column: its name, its role (predictor, outcome, test, validation), its kind (number, factor, ordered)
# and its levels, separated by |. <name>.values holds the columns one after the other as doubles;
# factors are codes from 0, rows for a test or a validation are 1.

# Seeds that have rows for validation of their own.
most_seeds <- 10

set_files <- function(folder, name) file.path(folder, paste0(name, c(".csv", ".values")))

write_set <- function(folder, name, columns, roles) {
  files <- set_files(folder, name)
  kinds <- ifelse(vapply(columns, is.ordered, NA), "ordered",
                  ifelse(vapply(columns, is.factor, NA), "factor", "number"))
  levels <- vapply(columns, function(column) paste(levels(column), collapse = "|"), "")
  lines <- data.frame(name = names(columns), role = roles, kind = kinds, levels = levels)
  codes <- function(column) as.double(column) - is.factor(column)
  writeBin(unlist(lapply(columns, codes), use.names = FALSE), files[2])
  write.csv(lines, files[1], row.names = FALSE)
}

# list(x, y, test, validation): predictors as a data frame, the outcome as a factor or numbers, which
# rows are for the test, and for each seed which of the others are for validation.
read_set <- function(folder, name) {
  files <- set_files(folder, name)
  lines <- read.csv(files[1], colClasses = "character")
  rows <- file.size(files[2]) / 8 / nrow(lines)
  file <- file(files[2], "rb")
  on.exit(close(file))
  columns <- lapply(seq_len(nrow(lines)), function(i) {
    decode(readBin(file, "double", rows), lines$kind[i], strsplit(lines$levels[i], "|", fixed = TRUE)[[1]])
  })
  names(columns) <- lines$name
  of <- function(role) columns[lines$role == role]
  list(
    x = list2DF(of("predictor")), y = of("outcome")[[1]], test = of("test")[[1]] == 1,
    validation = lapply(of("validation"), function(column) column == 1)
  )
}

decode <- function(values, kind, levels) {
  if (kind == "number") return(values)
  factor(levels[values + 1], levels, ordered = kind == "ordered")
}

# list(x, y, validation) of the rows that are not for the test; validation is a logical vector.
training_part <- function(set, seed) {
  rows <- !set$test
  list(
    x = set$x[rows, , drop = FALSE], y = set$y[rows],
    validation = set$validation[[(seed - 1) %% most_seeds + 1]][rows]
  )
}

# Numbers with mean 0 and standard deviation 1 in the rows that are trained on; classes as they are.
standardized_outcome <- function(part) {
  y <- part$y
  if (is.factor(y)) return(list(y = y, back = identity))
  center <- mean(y[!part$validation])
  spread <- sd(y[!part$validation])
  list(y = (y - center) / spread, back = function(y) center + spread * y)
}

# One column for each number or ordered factor (codes), one for each level of other factors.
one_hot <- function(x) {
  columns <- lapply(x, function(column) {
    if (is.factor(column) && !is.ordered(column)) {
      outer(as.integer(column), seq_along(levels(column)), "==") + 0
    } else {
      as.double(column)
    }
  })
  do.call(cbind, columns)
}

# ---- running a method --------------------------------------------------------------------------

# What the command line asks for: <folder> <data> <method> <seed> <threads>
asked <- function() {
  arguments <- as.list(commandArgs(trailingOnly = TRUE))
  names(arguments) <- c("folder", "data", "method", "seed", "threads")
  numbers <- c("seed", "threads")
  arguments[numbers] <- lapply(arguments[numbers], as.integer)
  arguments
}

# Trains and predicts: train(part, seed, threads) returns a function that predicts, from a data
# frame, a matrix of probabilities or numbers. Prints the seconds of training; the predictions for the
# test go to the file "prediction", column by column as doubles.
run_method <- function(job, train) {
  set <- read_set(job$folder, job$data)
  part <- training_part(set, job$seed)
  set.seed(job$seed)
  seconds <- system.time(predict <- train(part, job$seed, job$threads))[["elapsed"]]
  prediction <- predict(set$x[set$test, , drop = FALSE])
  writeBin(as.vector(as.matrix(prediction), "double"), file.path(job$folder, "prediction"))
  cat(sprintf("%.3f\n", seconds))
}

# Ends the program where it cannot be run: run.sh notes why.
lack <- function(...) {
  cat(sprintf(...), "\n", sep = "")
  quit(status = 3)
}
