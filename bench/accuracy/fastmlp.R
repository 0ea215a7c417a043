# fastmlp with one of the recipes: Rscript fastmlp.R <folder> <data> fastmlp_<recipe> <seed> <threads>
source("common.R")
suppressPackageStartupMessages(library(fastmlp))
source("recipes.R")

# Arguments that this version of fastmlp does not have.
check_known <- function(arguments) {
  known <- names(formals(getS3method("mlp_fit", "data.frame")))
  unknown <- setdiff(names(arguments), known)
  if (length(unknown)) lack("this version of fastmlp has no argument %s", toString(unknown))
}

train <- function(part, seed, threads) {
  arguments <- recipe$arguments(part)
  check_known(arguments)
  outcome <- if (isTRUE(recipe$standardize_outcome)) {
    standardized_outcome(part)
  } else {
    list(y = part$y, back = identity)
  }
  # Some columns are constant in the rows that are trained on.
  fit <- suppressWarnings(
    classes = c("fastmlp_warning_constant", "fastmlp_warning_duplicated"),
    do.call(mlp_fit, c(list(part$x, outcome$y), arguments, threads = threads, verbose = FALSE))
  )
  function(x) {
    if (is.factor(part$y)) return(predict(fit, x, type = "prob", threads = threads))
    outcome$back(predict(fit, x, threads = threads)$.pred)
  }
}

job <- asked()
recipe <- recipes[[sub("^fastmlp_", "", job$method)]]
run_method(job, train)
