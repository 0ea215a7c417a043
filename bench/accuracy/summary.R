# Writes the tables of results/ into README.md, between the two markers there:
# Rscript summary.R <folder with results/ and README.md>
source("results.R")

# ---- cells -------------------------------------------------------------------------------------

errors <- function(x) {
  formatC(x, digits = if (x < 10) 2 else if (x < 100) 1 else 0, format = "f", big.mark = ",")
}
shares <- function(x) sprintf("%.4f", x)
score_format <- function(data) if (is_regression(data)) errors else shares

# "mean (standard error) n", without what there is only with several seeds.
cell <- function(line, format) {
  if (nrow(line) == 0) return("-")
  error <- if (is.na(line$error)) "" else sprintf(" (%s)", format(line$error))
  sprintf("%s%s", format(line$mean), error)
}

# A row for each method that has a line, a column for each data set; format_of(data) gives a format.
wide_table <- function(lines, data_sets, format_of) {
  names <- intersect(methods$method, lines$method)
  cells <- lapply(data_sets, function(data) {
    vapply(names, function(name) {
      cell(lines[lines$data == data & lines$method == name, ], format_of(data))
    }, "")
  })
  names(cells) <- data_titles[data_sets]
  markdown_table(data.frame(method = method_titles(names), cells, check.names = FALSE))
}

measured_sets <- function(lines, of = data_titles) intersect(names(of), lines$data)

# ---- sections ----------------------------------------------------------------------------------

scores_section <- function(folder) {
  scores <- read_scores(folder)
  if (is.null(scores)) return(NULL)
  lines <- means(scores, "score")
  section(
    "Scores",
    paragraph(paste(
      "Accuracy on the rows for the test, for ames and diamonds the root mean squared error in dollars:",
      "the mean over seeds, and its standard error."
    )),
    scores_table(lines, seen_sets),
    paragraph("![Errors](pictures/scores.png)"),
    paragraph(paste(
      "Data sets that nobody had looked at when the presets were made; for the first four the root mean",
      "squared error."
    )),
    scores_table(lines, untouched_sets),
    paragraph("![Errors on untouched data](pictures/untouched.png)"),
    seeds_text(lines)
  )
}

scores_table <- function(lines, sets) {
  lines <- lines[lines$data %in% names(sets), ]
  wide_table(lines, measured_sets(lines, sets), score_format)
}

# Numbers of seeds, where they are not those that methods.csv wants.
seeds_text <- function(lines) {
  wanted <- mapply(function(data, method) methods[[data]][methods$method == method], lines$data, lines$method)
  fewer <- lines[lines$seeds < wanted, ]
  if (nrow(fewer) == 0) return(NULL)
  text <- sprintf("%s, %s: %d", method_titles(fewer$method), data_titles[fewer$data], fewer$seeds)
  paragraph("So far fewer seeds than in `methods.csv`: %s.", paste(text, collapse = "; "))
}

probabilities_section <- function(folder) {
  scores <- read_scores(folder)
  scores <- scores[!is_regression(scores$data), ]
  if (NROW(scores) == 0) return(NULL)
  table <- function(column) {
    lines <- means(scores, column)
    wide_table(lines, measured_sets(lines), function(data) shares)
  }
  section(
    "Probabilities",
    paragraph(paste("Mean log-loss, of probabilities of at least 1e-15 (a class that no tree votes for",
                    "costs 34.5):")),
    table("log_loss"),
    paragraph("Expected calibration error, 15 bins:"),
    table("calibration")
  )
}

seconds_section <- function(folder) {
  seconds <- read_seconds(folder)
  if (is.null(seconds)) return(NULL)
  lines <- means(seconds, "seconds")
  section(
    "Seconds of a training run",
    wide_table(lines, measured_sets(lines), function(data) digits),
    paragraph("![Errors and seconds](pictures/seconds.png)")
  )
}

# fastmlp's TD-S beside PyTorch's, on the same rows with the same number of steps.
reproduction_section <- function(folder) {
  scores <- read_scores(folder)
  own <- intersect(names(data_titles), scores$data[scores$method == "fastmlp_td_s"])
  if (length(own) == 0) return(NULL)
  lines <- means(scores, "score")
  of <- function(data, name) lines[lines$data == data & lines$method == name, ]
  rows <- lapply(own, function(data) {
    reference <- of(data, "td_s")
    ours <- of(data, "fastmlp_td_s")
    format <- score_format(data)
    data.frame(
      "data" = data_titles[[data]], "PyTorch, at its best" = cell(reference, format),
      "as published" = cell(of(data, "td_s_published"), format), "fastmlp" = cell(ours, format),
      "fastmlp less PyTorch at its best, standard errors" =
        sprintf("%.2f", (ours$mean - reference$mean) / sqrt(ours$error^2 + reference$error^2)),
      check.names = FALSE
    )
  })
  section("TD-S again", markdown_table(do.call(rbind, rows)), td_s_seconds(folder))
}

td_s_layers <- function(work) c(work$inputs, 256, 256, 256, work$outputs)

# Floating-point operations of a run, in batches without the rows that are left over.
td_s_flop <- function(work, epochs = 256, batch = 256) {
  trained <- work$train - work$train %% min(batch, work$train)
  layers <- td_s_layers(work)
  epochs * (trained * training_flop(layers) + work$validation * forward_flop(layers))
}

# How many times as long PyTorch takes, and how many times it would take if fastmlp did nothing but multiply
# and add at the processor's peak.
td_s_seconds <- function(folder) {
  works <- read_results(folder, "work")
  peak <- read_results(folder, "peak")
  seconds <- read_seconds(folder)
  if (is.null(works) || is.null(peak) || is.null(seconds)) return(NULL)
  works <- works[order(match(works$data, names(data_titles))), ]
  gflops <- max(peak$gflops)
  rows <- lapply(seq_len(nrow(works)), function(i) {
    data <- works$data[i]
    of <- function(method) mean(seconds$seconds[seconds$data == data & seconds$method == method])
    ours <- of("fastmlp_td_s")
    tflop <- td_s_flop(works[i, ]) / 1e12
    bound <- 1000 * tflop / gflops
    times <- function(method) {
      if (is.nan(of(method))) return("-")
      sprintf("%s (%s)", digits(of(method) / ours), digits(of(method) / bound))
    }
    data.frame(
      "data" = data_titles[[data]], "TFLOP" = digits(tflop), "seconds at the peak" = digits(bound),
      "fastmlp, seconds" = digits(ours), "of the peak" = percent(bound / ours),
      "PyTorch at its best / fastmlp (/ peak)" = times("td_s"),
      "PyTorch as published / fastmlp (/ peak)" = times("td_s_published"), check.names = FALSE
    )
  })
  c(
    paragraph(paste(
      "What a run has to compute, in floating-point operations of its products alone, and how long that",
      "takes at the peak of %s GFLOP/s on %d threads (`../peak.c`: FMAs on registers). No program on this",
      "processor can beat PyTorch by more than the ratio in brackets."
    ), digits(gflops), peak$threads[which.max(peak$gflops)]),
    markdown_table(do.call(rbind, rows))
  )
}

# How much the error rises without a part of the recipe.
parts_section <- function(folder) {
  lines <- read_results(folder, "parts")
  if (is.null(lines)) return(NULL)
  lines$error <- ifelse(is_regression(lines$data), lines$score, 1 - lines$score)
  means <- tapply(lines$error, lines[c("part", "data")], mean)
  rise <- 100 * sweep(means, 2, means["all of it", ], `/`) - 100
  rise <- rise[setdiff(unique(lines$part), "all of it"), intersect(names(data_titles), colnames(rise))]
  rise <- cbind(rise, mean = rowMeans(rise))
  rise <- rise[order(-rise[, "mean"]), ]
  table <- data.frame(rownames(rise), sprintf_columns(rise), check.names = FALSE)
  names(table) <- c("without", data_titles[head(colnames(rise), -1)], "mean")
  section(
    "What the parts of the recipe give",
    paragraph(paste(
      "By how many percent the test error (the share of wrong classes, or the RMSE) of `preset = \"fast\"`",
      "rises without one part, means over %d seeds (`parts.R`), in batches of 256, without training again on",
      "all rows, and with the published embedding of numbers. Differences of a few percent are noise."
    ), length(unique(lines$seed))),
    markdown_table(table)
  )
}

sprintf_columns <- function(x) as.data.frame(apply(x, 2, function(column) sprintf("%+.1f", column)))

missing_section <- function(folder) {
  missing <- read_results(folder, "missing")
  if (is.null(missing)) return(NULL)
  groups <- split(missing, missing[c("method", "reason")], drop = TRUE)
  lines <- vapply(groups, function(group) {
    where <- paste(data_titles[group$data], collapse = ", ")
    sprintf("- %s (%s): %s", method_titles(group$method[1]), where, group$reason[1])
  }, "")
  section("Not measured", unname(lines), "")
}

folder <- commandArgs(trailingOnly = TRUE)[1]
parts <- list(
  machine_section, scores_section, probabilities_section, reproduction_section, parts_section,
  seconds_section, missing_section
)
write_page(folder, parts)
