# The tables of a run: Rscript summary.R <results.csv> <peak.csv>
#
# results.csv has a line a repetition: engine,threads,batch_size,seconds an epoch,seconds of the
# whole call,test accuracy; peak.csv: threads,GFLOP/s.

# Floating-point operations of an epoch of 784-256-10 on 60,000 rows: two for every weight and
# product. The second layer has three products (output, weight gradient, input gradient); nobody
# needs the first layer's input gradient.
gflop <- 60000 * 2 * (2 * 784 * 256 + 3 * 256 * 10) / 1e9

read_columns <- function(file, names) read.csv(file, header = FALSE, col.names = names)

# The best of all attempts for each number of threads: a peak is what the machine can do.
read_peak <- function(file) {
  aggregate(gflops ~ threads, read_columns(file, c("threads", "gflops")), max)
}

read_medians <- function(file, peak) {
  results <- read_columns(
    file, c("engine", "threads", "batch_size", "epoch", "whole", "accuracy")
  )
  key <- results[c("engine", "threads", "batch_size")]
  medians <- aggregate(results[c("epoch", "whole", "accuracy")], key, median)
  limits <- function(x) sprintf("%.3f to %.3f", min(x), max(x))
  medians$range <- aggregate(results["epoch"], key, limits)$epoch
  medians$gflops <- gflop / medians$epoch
  medians$share <- sprintf("%.0f %%", 100 * medians$gflops / peak)
  medians
}

all_runs <- function(medians) {
  with(medians, data.frame(
    "engine" = engine, "batch size" = batch_size, "threads" = threads,
    "s per epoch" = sprintf("%.3f", epoch), "range" = range, "GFLOP/s" = round(gflops),
    "of peak" = share, "s whole call" = sprintf("%.2f", whole),
    "test accuracy" = sprintf("%.3f", accuracy), check.names = FALSE
  ))
}

# Both engines side by side, each at its faster number of threads.
side_by_side <- function(medians) {
  best <- do.call(rbind, lapply(
    split(medians, medians[c("engine", "batch_size")]),
    function(rows) rows[which.min(rows$epoch), ]
  ))
  pairs <- merge(
    best[best$engine == "fastmlp", ], best[best$engine == "PyTorch", ],
    by = "batch_size", suffixes = c("", ".torch")
  )
  with(pairs, data.frame(
    "batch size" = batch_size,
    "fastmlp, s per epoch" = sprintf("%.3f", epoch),
    "PyTorch" = sprintf("%.3f", epoch.torch),
    "ratio" = sprintf("%.2f", epoch.torch / epoch),
    "fastmlp, of peak" = share, "PyTorch " = share.torch,
    "fastmlp, s whole call" = sprintf("%.2f", whole),
    "PyTorch  " = sprintf("%.2f", whole.torch),
    "ratio " = sprintf("%.2f", whole.torch / whole), check.names = FALSE
  ))
}

markdown <- function(table) {
  line <- function(cells) cat("| ", paste(trimws(cells), collapse = " | "), " |\n", sep = "")
  line(names(table))
  line(rep("---", ncol(table)))
  for (i in seq_len(nrow(table))) line(vapply(table[i, ], format, ""))
  cat("\n")
}

arguments <- commandArgs(trailingOnly = TRUE)
peak <- read_peak(arguments[2])
medians <- read_medians(arguments[1], max(peak$gflops))

each <- paste(sprintf("%.0f GFLOP/s on %d", peak$gflops, peak$threads), collapse = ", ")
cat("FMA peak in float32, by number of threads: ", each, ".\n\n", sep = "")
cat("Each engine at its faster number of threads (medians; ratio above 1: fastmlp is faster):\n\n")
markdown(side_by_side(medians))
cat("All runs:\n\n")
markdown(all_runs(medians))
