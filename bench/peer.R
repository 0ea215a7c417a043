# Times one R package on the peers' common work: Rscript peer.R <package> <folder> <threads>
#
# peers/<package>.R defines `what` (what an epoch of it does), `train(x, y, work, threads)`, which
# trains and returns anything, and, where the package alone is not enough, `lacks()`: what is
# missing, in words, or NULL. Prints lines of
#   peer,threads,version,status,seconds an epoch,text
# "started" with what it does, then "ok" with the seconds, once a repetition; or "missing" with the
# reason. peer.py does the same for Python.
source("common.R")
arguments <- commandArgs(trailingOnly = TRUE)
package <- arguments[1]
threads <- as.integer(arguments[3])
library <- Sys.getenv("PEERS_LIBRARY")
.libPaths(c(library, .libPaths()))

peer <- new.env()
sys.source(file.path("peers", paste0(package, ".R")), peer)

report <- function(status, version = "", seconds = "", text = "") {
  cat(sprintf("%s,%d,%s,%s,%s,\"%s\"\n", package, threads, version, status, seconds, text))
}

# What is missing, in words, or NULL. install_peers.R leaves word of what it could not install.
missing_part <- function() {
  lacking <- if (!is.null(peer$lacks)) peer$lacks()
  if (!is.null(lacking) || requireNamespace(package, quietly = TRUE)) return(lacking)
  word <- file.path(library, "missing.csv")
  known <- if (file.exists(word)) read.csv(word) else data.frame(package = "", reason = "")
  c(known$reason[known$package == package], "is not installed")[1]
}

train <- function(set, work) peer$train(set$x, set$y, work, threads)

measure <- function(repetitions) {
  work <- find_work("peers")
  work$units <- work$layers[2]
  set <- read_set(arguments[2], work)
  version <- as.character(packageVersion(package))
  report("started", version, text = peer$what)
  train(first_rows(set, 10 * work$batch_size), modifyList(work, list(epochs = 1))) # warms up
  for (repetition in seq_len(repetitions)) {
    seconds <- seconds_of(train(set, work)) / work$epochs
    report("ok", version, sprintf("%.6g", seconds))
  }
}

reason <- missing_part()
if (is.null(reason)) {
  measure(as.integer(Sys.getenv("PEER_REPETITIONS", "3")))
} else {
  report("missing", text = reason)
}
