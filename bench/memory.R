# The peak memory of a fit: Rscript memory.R <folder of the data> <threads>
#
# Prints threads,work,MiB above R with the data loaded,MiB of the data as float32. Linux tells a
# process its highest memory so far (VmHWM) and, asked to, forgets it.
source("common.R")
suppressPackageStartupMessages(library(fastmlp))

status_mib <- function(field) {
  line <- grep(paste0("^", field, ":"), readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) / 1024
}

forget_peak <- function() cat("5", file = "/proc/self/clear_refs")

fit <- function(work, set, threads) {
  # Some pixels are 0 in every image.
  suppressWarnings(classes = "fastmlp_warning_constant", mlp_fit(
    set$x, set$y, preset = "plain", hidden_units = head(work$layers[-1], -1), epochs = work$epochs,
    batch_size = work$batch_size, threads = threads, verbose = FALSE
  ))
}

measure_memory <- function(name, folder, threads) {
  work <- find_work(name, "memory")
  set <- read_set(folder, work)
  fit(work, first_rows(set, work$batch_size), threads) # loads what any fit needs
  invisible(gc())
  forget_peak()
  before <- status_mib("VmHWM")
  fit(work, set, threads)
  above <- status_mib("VmHWM") - before
  cat(sprintf("%d,%s,%.1f,%.1f\n", threads, name, above, 4 * length(set$x) / 1024^2))
}

arguments <- commandArgs(trailingOnly = TRUE)
for (name in works$work[works$section == "memory"]) {
  measure_memory(name, arguments[1], as.integer(arguments[2]))
}
