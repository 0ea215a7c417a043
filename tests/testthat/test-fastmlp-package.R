test_that("attaching the package loads no more than it must", {
  skip_unless_installed()
  loaded <- in_new_process("cat(loadedNamespaces(), sep = '\\n')")
  expect_setequal(setdiff(loaded, rownames(installed.packages(priority = "base"))),
                  c("fastmlp", "cli", "generics", "rlang"))
})

test_that("autoplot is ggplot2's own, whichever package comes first", {
  skip_unless_installed()
  code <- c(
    "before <- isNamespaceLoaded('ggplot2')",
    "drawn <- inherits(autoplot(mlp_network(2, 2, 1)), 'ggplot')",
    "registerS3method('autoplot', 'another_class', function(object, ...) 'other', asNamespace('ggplot2'))",
    "other <- autoplot(structure(1, class = 'another_class'))",
    "suppressWarnings(library(ggplot2))",
    "cat(before, drawn, other, identical(autoplot, ggplot2::autoplot))"
  )
  expect_identical(in_new_process(code), "FALSE TRUE other TRUE")
  expect_identical(in_new_process("cat(identical(fastmlp::autoplot, ggplot2::autoplot))"), "TRUE")
  masked <- "suppressMessages(library(ggplot2)); detach('package:fastmlp', unload = TRUE); library(fastmlp)"
  expect_identical(in_new_process(c("sink(stdout(), type = 'message')", masked, "cat('quiet')")), "quiet")
})
