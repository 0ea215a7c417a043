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
  own <- unique(scores$data[scores$method == "fastmlp_td_s"])
  if (length(own) == 0) return(NULL)
  lines <- means(scores, "score")
  seconds <- read_seconds(folder)
  of <- function(lines, data, name) lines[lines$data == data & lines$method == name, ]
  rows <- lapply(intersect(names(data_titles), own), function(data) {
    reference <- of(lines, data, "td_s")
    ours <- of(lines, data, "fastmlp_td_s")
    format <- score_format(data)
    ratio <- mean(of(seconds, data, "td_s")$seconds) / mean(of(seconds, data, "fastmlp_td_s")$seconds)
    data.frame(
      "data" = data_titles[[data]], "PyTorch" = cell(reference, format), "fastmlp" = cell(ours, format),
      "difference in standard errors" =
        sprintf("%.2f", (ours$mean - reference$mean) / sqrt(ours$error^2 + reference$error^2)),
      "seconds, PyTorch / fastmlp" = if (is.finite(ratio)) digits(ratio) else "-", check.names = FALSE
    )
  })
  section("TD-S again", markdown_table(do.call(rbind, rows)))
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
      "rises without one part, means over %d seeds (`parts.R`), in batches of 256 and without training",
      "again on all rows. Differences of a few percent are noise."
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
