if (requireNamespace("testthat", quietly = TRUE)) {
  library(testthat)
  library(fastmlp)

  test_check("fastmlp")
}
