# Runs the unit tests on the installed package: test.R COUNTS writes "passed failed skipped" there.
library(testthat)
counts_file <- commandArgs(TRUE)[1]
Sys.setenv(NOT_CRAN = "true")

results <- test_dir(
  "tests/testthat", package = "fastmlp", load_package = "installed", stop_on_failure = FALSE,
  reporter = MultiReporter$new(list(CheckReporter$new(), ListReporter$new()))
)

outcomes <- unlist(lapply(results, `[[`, "results"), recursive = FALSE)
is_a <- function(class) vapply(outcomes, inherits, NA, class)
failed <- is_a("expectation_failure") | is_a("expectation_error")
counts <- c(sum(is_a("expectation_success")), sum(failed), sum(is_a("expectation_skip")))
writeLines(paste(counts, collapse = " "), counts_file)
quit(status = as.integer(counts[2] > 0))
