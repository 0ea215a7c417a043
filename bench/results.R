# The results of a run, read and summarised: what summary.R and pictures.R share.
source("common.R")
source("page.R")

# The best of all attempts in a section: a peak is what the machine can do.
read_peaks <- function(folder, section) {
  peaks <- read_results(folder, "peak")
  aggregate(gflops ~ threads, peaks[peaks$section == section, ], max)
}

work_column <- function(section, names, column) {
  lines <- works[works$section == section, ]
  lines[[column]][match(names, lines$work)]
}

# One line a measurement of training, with what follows from its seconds. Shares are of the
# machine's highest peak, with one thread too.
read_training <- function(folder, section) {
  training <- read_results(folder, section)
  if (is.null(training)) return(NULL)
  layers <- lapply(work_column(section, training$work, "layers"), layer_sizes)
  gflop <- training$rows * vapply(layers, training_flop, 0) / 1e9
  training$step <- training$seconds / training$steps
  training$speed <- training$rows / training$seconds
  training$nanoseconds <- 1e9 / training$speed
  training$gflops <- gflop / training$seconds
  training$share <- training$gflops / max(read_peaks(folder, section)$gflops)
  training
}

# Medians of `columns` over the repetitions, with the range of each as <column>.low and .high.
medians <- function(results, columns, by = c("engine", "threads", "work")) {
  of <- function(f, suffix = "") {
    table <- aggregate(results[columns], results[by], f)
    names(table)[-seq_along(by)] <- paste0(columns, suffix)
    table
  }
  merge(merge(of(median), of(min, ".low")), of(max, ".high"))
}

# Each engine at its faster number of threads, work by work.
fastest <- function(medians, column = "step", by = c("engine", "work")) {
  groups <- split(medians, medians[by], drop = TRUE)
  do.call(rbind, lapply(groups, function(group) group[which.min(group[[column]]), ]))
}

# The measurements of one curve, whose works are named <what>-<size>;
# NULL where the run had none.
read_curve <- function(training, what) {
  mine <- training[startsWith(training$work, paste0(what, "-")), ]
  if (nrow(mine) == 0) return(NULL)
  best <- fastest(medians(mine, c("step", "speed", "nanoseconds", "share")))
  best$size <- as.numeric(sub(".*-", "", best$work))
  best
}
