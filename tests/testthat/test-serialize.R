# A fit is plain R values: it survives saveRDS() and a new process.

# Run by a new process: predicts with the model of one file on the rows of another.
predict_script <- quote({
  files <- commandArgs(trailingOnly = TRUE)
  library(fastmlp, lib.loc = files[4])
  saveRDS(predict(readRDS(files[1]), readRDS(files[2]), type = files[3]), files[2])
})

predict_elsewhere <- function(fit, new_data, type) {
  folder <- withr::local_tempdir()
  files <- file.path(folder, c("script.R", "model.rds", "data.rds"))
  writeLines(deparse(predict_script), files[1])
  saveRDS(fit, files[2])
  saveRDS(new_data, files[3])
  library <- dirname(system.file(package = "fastmlp"))
  libraries <- paste(c(library, .libPaths()), collapse = .Platform$path.sep)
  withr::local_envvar(R_LIBS = libraries, R_TESTS = "")
  shell <- if (.Platform$OS.type == "windows") "cmd" else "sh"
  arguments <- c("--vanilla", shQuote(c(files, type, library), shell))
  status <- system2(file.path(R.home("bin"), "Rscript"), arguments)
  expect_equal(status, 0)
  readRDS(files[3])
}

test_that("a classifier predicts the same in another process", {
  skip_unless_installed()
  set.seed(1)
  fit <- mlp_fit(Species ~ ., iris, hidden_units = c(9, 5), standardize = "zscore",
                 validation = 0.2, verbose = FALSE)
  rows <- iris[c(1, 60, 140), -5]
  expect_identical(predict_elsewhere(fit, rows, "prob"), predict(fit, rows, type = "prob"))
})

test_that("a regression with factors predicts the same in another process", {
  skip_unless_installed()
  set.seed(2)
  cars <- transform(mtcars, cyl = factor(cyl))
  fit <- mlp_fit(mpg ~ ., cars, hidden_units = 7, standardize = "zscore", verbose = FALSE,
                 optimizer = opt_sgd(0.01))
  expect_identical(predict_elsewhere(fit, cars, "numeric"), predict(fit, cars))
})

test_that("a copy in memory is the model, and holds no training data", {
  set.seed(3)
  x <- matrix(rnorm(20000 * 10), 20000)
  fit <- mlp_fit(x, x[, 1], hidden_units = 4, epochs = 1, verbose = FALSE)
  bytes <- serialize(fit, NULL)
  expect_lt(length(bytes), 100000)
  expect_identical(predict(unserialize(bytes), x), predict(fit, x))
})

test_that("bundles of fits are opened in another process", {
  skip_if_not_installed("bundle")
  skip_if_not_installed("parsnip")
  skip_if_not_installed("workflows")
  skip_unless_installed()
  spec <- parsnip::set_engine(parsnip::mlp(mode = "classification", epochs = 3), "fastmlp", preset = "plain")
  set.seed(1)
  fits <- list(
    mlp_fit(Species ~ ., iris, epochs = 3, verbose = FALSE),
    parsnip::fit(spec, Species ~ ., iris),
    parsnip::fit(workflows::workflow(Species ~ ., spec), iris)
  )
  file <- withr::local_tempfile(fileext = ".rds")
  saveRDS(lapply(fits, getExportedValue("bundle", "bundle")), file)
  lines <- in_new_process(sprintf("
    for (package in c(\"parsnip\", \"workflows\")) loadNamespace(package) # which have the methods
    bundles <- readRDS(%s)
    for (bundle in bundles) {
      cat(rlang::hash(predict(bundle::unbundle(bundle), iris, type = \"prob\")), fill = TRUE)
    }", deparse(file)))
  expect_identical(lines, vapply(fits, function(fit) rlang::hash(predict(fit, iris, type = "prob")), ""))
})

test_that("vetiver keeps and serves a workflow", {
  for (package in c("vetiver", "pins", "parsnip", "workflows")) skip_if_not_installed(package)
  spec <- parsnip::set_engine(parsnip::mlp(mode = "classification", epochs = 3), "fastmlp", preset = "plain")
  set.seed(1)
  fit <- parsnip::fit(workflows::workflow(Species ~ ., spec), iris)
  vetiver <- asNamespace("vetiver")
  model <- vetiver$vetiver_model(fit, "iris")
  expect_match(model$description, "fastmlp classification")
  expect_true("fastmlp" %in% model$metadata$required_pkgs)
  expect_identical(names(model$prototype), names(iris)[1:4])
  board <- getExportedValue("pins", "board_temp")()
  suppressMessages(vetiver$vetiver_pin_write(board, model))
  kept <- vetiver$vetiver_pin_read(board, "iris")
  kept$model <- getExportedValue("bundle", "unbundle")(kept$model)
  vetiver$handler_startup(kept)
  answer <- vetiver$handler_predict(kept, type = "prob")(list(body = iris[c(1, 60, 140), 1:4]))
  expect_identical(answer, predict(fit, iris[c(1, 60, 140), ], type = "prob"))
  # A fit that is none of tidymodels' has no description there.
  expect_error(vetiver$vetiver_model(fit$fit$fit$fit, "iris"), "no method")
})
