# Writes the tables of a run into its README.md, between the two markers there:
# Rscript summary.R <folder with results/ and README.md>. Without a README.md it prints them.
source("results.R")

# "Fashion-MNIST, 784-256-10, batches of 32, Adam"
work_title <- function(name, of) {
  work <- works[works$section == of & works$work == name, ]
  data <- switch(work$data,
    fashion = "Fashion-MNIST",
    synthetic = paste(commas(work$rows), "rows")
  )
  optimizer <- c(sgd = "SGD", adam = "Adam", adamw = "AdamW")[[work$optimizer]]
  sprintf("%s, %s, batches of %d, %s", data, work$layers, work$batch_size, optimizer)
}

work_titles <- function(names, of) vapply(names, work_title, "", of = of)

in_order <- function(table, of) table[order(match(table$work, works$work[works$section == of])), ]

# ---- training steps ----------------------------------------------------------------------------

# PyTorch's seconds over fastmlp's in each repetition, each engine at its faster number of threads.
ratios <- function(training, best) {
  chosen <- merge(training, best[c("engine", "threads", "work")])
  wide <- reshape(
    chosen[c("work", "repetition", "engine", "step")],
    idvar = c("work", "repetition"), timevar = "engine", direction = "wide"
  )
  wide$ratio <- wide$step.PyTorch / wide$step.fastmlp
  medians(wide[!is.na(wide$ratio), ], "ratio", by = "work")
}

side_by_side <- function(training) {
  best <- fastest(medians(training, c("step", "share")))
  of <- function(engine) best[best$engine == engine, ]
  pairs <- merge(of("fastmlp"), of("PyTorch"), by = "work", suffixes = c("", ".torch"), all = TRUE)
  pairs <- in_order(merge(pairs, ratios(training, best), all.x = TRUE), "steps")
  micros <- function(step, threads) sprintf("%s (%d)", digits(1e6 * step), threads)
  table <- with(pairs, data.frame(
    "fastmlp, us a step (threads)" = micros(step, threads),
    "PyTorch" = micros(step.torch, threads.torch), "PyTorch / fastmlp" = digits(ratio),
    "range" = range_of(ratio.low, ratio.high), "fastmlp, of the peak" = percent(share),
    "PyTorch " = percent(share.torch), check.names = FALSE
  ))
  # An engine may be unable to do a work.
  table[] <- lapply(table, function(cells) ifelse(grepl("NA", cells), "-", cells))
  cbind("work" = work_titles(pairs$work, "steps"), table)
}

all_runs <- function(training) {
  ways <- aggregate(detail ~ engine + threads + work, training, function(x) toString(unique(x)))
  runs <- merge(medians(training, c("step", "gflops", "share")), ways)
  runs <- in_order(runs[order(runs$engine, runs$threads), ], "steps")
  data.frame(
    "work" = work_titles(runs$work, "steps"), "engine" = runs$engine, "threads" = runs$threads,
    "us a step" = digits(1e6 * runs$step),
    "range" = range_of(1e6 * runs$step.low, 1e6 * runs$step.high),
    "GFLOP/s" = digits(runs$gflops), "of the peak" = percent(runs$share),
    "multiplies, gathers, updates by" = runs$detail, check.names = FALSE
  )
}

steps_section <- function(folder) {
  training <- read_training(folder, "steps")
  if (is.null(training)) return(NULL)
  training$detail[is.na(training$detail)] <- ""
  peaks <- read_peaks(folder, "steps")
  peak <- paste(sprintf("%s GFLOP/s on %d", digits(peaks$gflops), peaks$threads), collapse = ", ")
  both <- setequal(training$engine, c("fastmlp", "PyTorch"))
  section(
    "Training steps",
    paragraph("FMA peak in float32, by threads: %s.", peak),
    if (both) c(
      paragraph("Each engine at its faster number of threads; above 1, fastmlp is the faster:"),
      markdown_table(side_by_side(training))
    ),
    paragraph("![Share of the FMA peak](pictures/steps.png)"),
    paragraph("All runs:"),
    markdown_table(all_runs(training))
  )
}

# ---- the other sections ------------------------------------------------------------------------

forward_section <- function(folder) {
  forward <- read_results(folder, "forward")
  if (is.null(forward)) return(NULL)
  runs <- fastest(medians(forward, "seconds", c("part", "threads")), "seconds", "part")
  names <- c(
    predict = "fastmlp: `predict()`, from R's matrix to a tibble",
    forward = "PyTorch: forward and softmax of its own tensor",
    convert = "PyTorch: R's matrix to such a tensor"
  )
  runs <- runs[match(names(names), runs$part, nomatch = 0), ]
  section("Prediction", markdown_table(data.frame(
    "60,000 rows through 784-256-10" = names[runs$part], "threads" = runs$threads,
    "seconds" = digits(runs$seconds), "range" = range_of(runs$seconds.low, runs$seconds.high),
    check.names = FALSE
  )))
}

call_section <- function(folder) {
  calls <- read_results(folder, "call")
  if (is.null(calls)) return(NULL)
  keys <- c("repetition", "work", "threads")
  part <- function(name) setNames(calls[calls$part == name, c(keys, "seconds")], c(keys, name))
  runs <- merge(merge(part("call"), part("steps")), part("system"))
  runs$ratio <- runs$call / runs$steps
  runs <- medians(runs, c("call", "steps", "system", "ratio"), c("work", "threads"))
  epochs <- work_column("call", runs$work, "epochs")
  section("Whole call of `mlp_fit()`", markdown_table(data.frame(
    "work" = paste0(work_titles(runs$work, "call"), ", ", epochs, " epochs"),
    "threads" = runs$threads, "seconds" = digits(runs$call),
    "range" = range_of(runs$call.low, runs$call.high),
    "of these in steps" = digits(runs$steps),
    "in the system, of all threads" = digits(runs$system),
    "call / steps" = digits(runs$ratio), "range " = range_of(runs$ratio.low, runs$ratio.high),
    check.names = FALSE
  )))
}

memory_section <- function(folder) {
  memory <- read_results(folder, "memory")
  if (is.null(memory)) return(NULL)
  runs <- medians(memory, c("mib_above", "mib_data"), c("work", "threads"))
  section("Peak memory of the call", markdown_table(data.frame(
    "work" = work_titles(runs$work, "memory"), "MiB above R with the data" = digits(runs$mib_above),
    "range" = range_of(runs$mib_above.low, runs$mib_above.high),
    "MiB of the data as float32" = digits(runs$mib_data),
    "ratio" = digits(runs$mib_above / runs$mib_data), check.names = FALSE
  )))
}

# One line a peer: its faster number of threads, or how it ended.
peer_line <- function(lines) {
  done <- lines[lines$status == "ok", ]
  if (nrow(done)) {
    best <- fastest(medians(done, "seconds", "threads"), "seconds", "threads")
    best <- best[which.min(best$seconds), ]
    seconds <- best$seconds
    text <- digits(seconds)
    threads <- best$threads
  } else {
    end <- lines[!lines$status %in% c("started", "ok"), ][1, ]
    seconds <- if (end$status == "over") end$seconds else Inf
    text <- switch(end$status,
      over = sprintf("over %s s in all", end$seconds),
      missing = paste("not measured:", end$text),
      failed = paste("failed:", end$text)
    )
    threads <- "-"
  }
  started <- lines[lines$status == "started", ][1, ]
  known <- function(x) if (is.na(x)) "-" else x
  data.frame(
    peer = lines$peer[1], version = known(started$version), what = known(started$text),
    threads = threads, seconds = seconds, text = text
  )
}

peers_section <- function(folder) {
  peers <- read_results(folder, "peers")
  if (is.null(peers)) return(NULL)
  runs <- do.call(rbind, lapply(split(peers, peers$peer), peer_line))
  runs <- runs[order(runs$seconds, runs$peer), ]
  own <- runs$seconds[runs$peer == "fastmlp" & runs$threads != "-"][1]
  work <- works[works$section == "peers", ]
  section(
    "Other peers",
    paragraph(
      "%s, %d epochs, in seconds an epoch of the whole call:",
      work_title(work$work, "peers"), work$epochs
    ),
    markdown_table(data.frame(
      "peer" = runs$peer, "version" = runs$version, "what an epoch is" = runs$what,
      "threads" = runs$threads, "s an epoch" = runs$text,
      "times fastmlp" = ifelse(runs$threads == "-", "-", digits(runs$seconds / own)),
      check.names = FALSE
    ))
  )
}

# The medians of one curve, the engines side by side.
scaling_table <- function(training, what, heading) {
  curve <- read_curve(training, what)
  if (is.null(curve)) return(NULL)
  sizes <- sort(unique(curve$size))
  columns <- lapply(c("fastmlp", "PyTorch"), function(engine) {
    of <- curve[curve$engine == engine, ][match(sizes, curve$size[curve$engine == engine]), ]
    cells <- cbind(digits(of$nanoseconds), percent(of$share))
    cells[is.na(of$size), ] <- "-"
    colnames(cells) <- c(paste0(engine, ", ns a row"), "of the peak")
    cells
  })
  table <- cbind(commas(sizes), columns[[1]], columns[[2]])
  colnames(table)[1] <- heading
  markdown_table(as.data.frame(table, check.names = FALSE))
}

scaling_section <- function(folder) {
  training <- read_training(folder, "scaling")
  if (is.null(training)) return(NULL)
  section(
    "Scaling",
    paragraph("Medians, each engine at its faster number of threads; the pictures have the ranges."),
    paragraph("![Speed by batch size](pictures/batch_size.png)"),
    scaling_table(training, "batch_size", "rows a batch"),
    paragraph("![Speed by width](pictures/width.png)"),
    scaling_table(training, "width", "units a hidden layer"),
    paragraph("![Speed by number of rows](pictures/rows.png)"),
    scaling_table(training, "rows", "rows of data")
  )
}

share_section <- function(folder) {
  share <- read_results(folder, "share")
  if (is.null(share)) return(NULL)
  measured <- cbind(us_a_step, share, barrier_ns) ~ work + threads
  runs <- aggregate(measured, share, quantile, probs = c(.25, .5, .75))
  runs <- runs[order(match(runs$work, unique(share$work)), runs$threads), ]
  section("Share of the FMA peak, measured in turns", markdown_table(data.frame(
    "work" = runs$work, "threads" = runs$threads, "us a step" = digits(runs$us_a_step[, 2]),
    "of the peak" = percent(runs$share[, 2]),
    "middle half of the turns" = range_of(runs$share[, 1], runs$share[, 3], percent),
    "a barrier, ns" = ifelse(runs$threads > 1, digits(runs$barrier_ns[, 2]), ""), check.names = FALSE
  )))
}

features_section <- function(folder) {
  features <- read_results(folder, "features")
  if (is.null(features)) return(NULL)
  runs <- aggregate(cbind(us_a_step, ratio) ~ feature + threads, features, quantile, probs = c(.25, .5, .75))
  runs <- runs[order(match(runs$feature, unique(features$feature)), runs$threads), ]
  section("What features cost", markdown_table(data.frame(
    "784-256-256-10, batches of 256, SGD, with" = runs$feature, "threads" = runs$threads,
    "us a step" = digits(runs$us_a_step[, 2]), "times the plain step" = digits(runs$ratio[, 2]),
    "middle half of the turns" = range_of(runs$ratio[, 1], runs$ratio[, 3]), check.names = FALSE
  )))
}

# Medians of each phase's share of the members' time.
profile_section <- function(folder) {
  profile <- read_results(folder, "profile")
  if (is.null(profile)) return(NULL)
  profile <- profile[profile$threads == max(profile$threads), ]
  profile$share <- profile$seconds / ave(profile$seconds, profile$work, profile$repetition, FUN = sum)
  shares <- tapply(profile$share, list(profile$work, profile$part), median)
  names <- intersect(works$work[works$section == "profile"], rownames(shares))
  phases <- names(sort(colMeans(shares), decreasing = TRUE))
  shares <- shares[names, phases, drop = FALSE]
  shares[] <- percent(shares)
  section(
    "Where the time of a step goes",
    paragraph("Shares of the time of %d threads, by `verbose = 2`:", max(profile$threads)),
    markdown_table(data.frame("work" = work_titles(names, "profile"), shares, check.names = FALSE))
  )
}

gradient_section <- function(folder) {
  gradient <- read_results(folder, "gradient")
  if (is.null(gradient)) return(NULL)
  runs <- medians(gradient, "microseconds", c("simd", "part"))
  whole <- runs[runs$part == "whole", ]
  whole <- whole[order(whole$microseconds), ]
  parts <- xtabs(microseconds ~ part + simd, runs)
  parts <- parts[setdiff(unique(gradient$part), "whole"), whole$simd, drop = FALSE]
  section(
    "One gradient of 24-8-2, tanh, 200 rows",
    markdown_table(data.frame(
      "instruction set" = whole$simd, "microseconds" = digits(whole$microseconds),
      "range" = range_of(whole$microseconds.low, whole$microseconds.high), check.names = FALSE
    )),
    paragraph("Its parts, each in a loop of its own, in microseconds:"),
    markdown_table(data.frame("part" = rownames(parts), apply(parts, 2, sprintf, fmt = "%.2f")))
  )
}

# Medians over the repetitions; in each, time per floating-point operation is told over the mean of all sizes.
growth_table <- function(growth, curve, heading) {
  runs <- medians(growth[growth$curve == curve, ], c("ns_a_row", "ratio", "products", "gather"),
                  c("size", "weights", "threads"))
  runs <- runs[order(runs$threads, runs$size), ]
  table <- data.frame(
    commas(runs$size), "threads" = runs$threads, "ns a row" = digits(runs$ns_a_row),
    "ps a row and weight" = digits(1000 * runs$ns_a_row / runs$weights),
    "time of an operation, over the mean" = digits(runs$ratio),
    "range" = range_of(runs$ratio.low, runs$ratio.high),
    "products, ns of all threads" = digits(runs$products), "gathering" = digits(runs$gather),
    check.names = FALSE
  )
  names(table)[1] <- heading
  table
}

growth_section <- function(folder) {
  growth <- read_results(folder, "growth")
  if (is.null(growth)) return(NULL)
  section(
    "How cost grows with the work, measured in turns",
    paragraph("20-64-64-1, batches of 256, SGD, by the number of rows:"),
    markdown_table(growth_table(growth, "rows", "rows of data")),
    paragraph("784-w-w-10, batches of 256, SGD, by the width of the hidden layers:"),
    markdown_table(growth_table(growth, "width", "units a hidden layer, w"))
  )
}

folder <- commandArgs(trailingOnly = TRUE)[1]
parts <- list(
  machine_section, steps_section, share_section, profile_section, features_section, forward_section,
  call_section, memory_section, gradient_section, scaling_section, growth_section, peers_section
)
write_page(folder, parts)
