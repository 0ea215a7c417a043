# The library goes with the namespace, but not before the finalizers of what it has made.

test_that("memory of the engine is released where the namespace has been unloaded", {
  skip_on_cran()
  told <- in_new_process("
    library(fastmlp)
    fit <- mlp_fit(Species ~ ., iris, preset = 'plain', epochs = 1, verbose = FALSE)
    p <- predict(fit, iris)
    held <- environmentName(asNamespace('fastmlp'))
    unloadNamespace('fastmlp')
    invisible(gc())
    cat(held, 'unloaded:', !isNamespaceLoaded('fastmlp'), '\\n')
    library(fastmlp)
    fit <- mlp_fit(Species ~ ., iris, preset = 'plain', epochs = 1, verbose = FALSE)
    detach('package:fastmlp', unload = TRUE)
    cat('ended\\n')
  ")
  expect_match(told, "unloaded: TRUE", all = FALSE)
  expect_match(told, "ended", all = FALSE)
  expect_null(attr(told, "status"))
})
