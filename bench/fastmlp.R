# fastmlp's turns: Rscript fastmlp.R <folder of the data> <threads>
#
# Prints what it is, then reads "<section> <work>" from standard input, one line a turn, measures
# that work and prints lines of
#   engine,threads,work,part,rows,steps,seconds,detail
# and then "done". pytorch.py does the same, so that run.sh can let them take turns.
source("common.R")
suppressPackageStartupMessages(library(fastmlp))

folder <- commandArgs(trailingOnly = TRUE)[1]
threads <- as.integer(commandArgs(trailingOnly = TRUE)[2])

# Seconds that the engine spent in training steps alone; versions that do not tell report all of
# training, with the data's conversion.
step_seconds <- function(fit) fit$training$step_seconds %||% fit$training$seconds

# The constructor by its name, or NULL where this version of fastmlp does not have it.
optimizer_constructor <- function(work) {
  get0(paste0("opt_", work$optimizer), asNamespace("fastmlp"), mode = "function")
}

fit <- function(work, set, epochs, verbose = FALSE) {
  # Some pixels are 0 in every image.
  fit <- suppressWarnings(classes = "fastmlp_warning_constant", mlp_fit(
    set$x, set$y, preset = "plain",
    hidden_units = head(work$layers[-1], -1), activation = "relu",
    optimizer = optimizer_constructor(work)(learn_rate = work$learn_rate), init = init_he(),
    epochs = epochs, batch_size = work$batch_size, threads = threads, verbose = verbose
  ))
  if (fit$training$stopped != "finished") stop("training of ", work$work, " did not finish")
  fit
}

report <- function(work, part, seconds, epochs = 1) {
  rows <- epochs * work$rows
  steps <- epochs * ceiling(work$rows / work$batch_size)
  cat(sprintf("fastmlp,%d,%s,%s,%d,%d,%.9g,\n", threads, work$work, part, rows, steps, seconds))
}

# A short fit that warms up and tells what an epoch of all rows will take (of the least that a clock
# can tell, at least).
warm_up <- function(work, set) {
  part <- first_rows(set, max(10 * work$batch_size, work$rows %/% 10))
  max(step_seconds(fit(work, part, 1)), 0.001) * work$rows / nrow(part$x)
}

# Training steps: whole epochs, as many as fill the least time.
measure_steps <- function(work, set) {
  epochs <- max(1, ceiling(least_seconds / warm_up(work, set)))
  report(work, "steps", step_seconds(fit(work, set, epochs)), epochs)
}

# Predicted probabilities of all rows, from R's matrix to a tibble: the mean of as many calls as
# fill the least time.
measure_forward <- function(work, set) {
  trained <- fit(work, first_rows(set, 10 * work$batch_size), work$epochs)
  call <- function() predict(trained, set$x, type = "prob", threads = threads)
  once <- min(replicate(2, seconds_of(call())))
  times <- max(1, ceiling(least_seconds / once))
  report(work, "predict", seconds_of(for (i in seq_len(times)) call()) / times)
}

# What the user waits for, the part of it that the training steps take, and what the system took of all
# threads' time: where memory is slow to get, that shows here.
measure_call <- function(work, set) {
  warm_up(work, set)
  system_seconds <- function() proc.time()[["sys.self"]]
  before <- system_seconds()
  whole <- seconds_of(fit <- fit(work, set, work$epochs))
  report(work, "call", whole, work$epochs)
  report(work, "steps", step_seconds(fit), work$epochs)
  report(work, "system", system_seconds() - before, work$epochs)
}

# Where the time of the steps goes: a part for each phase, in seconds of all members.
measure_profile <- function(work, set) {
  warm_up(work, set)
  profile <- suppressMessages(fit(work, set, work$epochs, verbose = 2))$training$profile
  for (i in seq_len(nrow(profile))) report(work, profile$phase[i], profile$seconds[i], work$epochs)
}

measures <- list(
  steps = measure_steps, scaling = measure_steps, forward = measure_forward, call = measure_call,
  profile = measure_profile
)

sets <- new.env()
set_of <- function(work) {
  key <- data_file("", work, "")
  if (is.null(sets[[key]])) sets[[key]] <- read_set(folder, work)
  sets[[key]]
}

take_turn <- function(section, name) {
  work <- find_work(name, section)
  if (is.null(optimizer_constructor(work))) {
    message("fastmlp has no opt_", work$optimizer, "(): ", name, " is left out")
    return(invisible())
  }
  measures[[section]](work, set_of(work))
}

info <- mlp_info()
openmp <- if (info$openmp) "with OpenMP" else "without OpenMP"
cat(sprintf("%s, %s, %s\n", info$version, info$simd, openmp))
turns <- file("stdin", open = "r")
while (length(turn <- readLines(turns, 1)) == 1) {
  turn <- strsplit(turn, " ")[[1]]
  take_turn(turn[1], turn[2])
  cat("done\n")
}
