skip_if_not_installed("parsnip")

plain_spec <- function(mode = "classification", ..., hidden_units = 4, epochs = 3) {
  spec <- parsnip::mlp(hidden_units = {{ hidden_units }}, epochs = {{ epochs }})
  spec <- parsnip::set_engine(spec, "fastmlp", preset = "plain", batch_size = 16, ...)
  parsnip::set_mode(spec, mode)
}

fit_by_parsnip <- function(spec, formula, data, ...) {
  set.seed(1)
  parsnip::fit(spec, formula, data = data, ...)
}

test_that("the engine is what mlp_fit() gives, by formula and by columns", {
  ours <- small_fit(Species ~ ., iris)
  fit <- fit_by_parsnip(plain_spec(), Species ~ ., iris)
  expect_identical(coef(fit$fit), coef(ours))
  expect_identical(predict(fit, iris), predict(ours, iris))
  expect_identical(predict(fit, iris, type = "prob"), predict(ours, iris, "prob"))
  expect_identical(predict(fit, iris[2, ], type = "raw"), predict(ours, iris[2, ], "raw"))
  set.seed(1)
  by_columns <- parsnip::fit_xy(plain_spec(), iris[1:4], iris$Species)
  expect_identical(coef(by_columns$fit), coef(ours))
  expect_identical(predict(by_columns, iris), predict(ours, iris))
})

test_that("factors come as they are", {
  fit <- fit_by_parsnip(plain_spec("regression"), Sepal.Length ~ Species, iris)
  expect_identical(fit$fit$predictors$names, paste0("Species", levels(iris$Species)))
  expect_identical(predict(fit, iris), predict(small_fit(Sepal.Length ~ Species, iris), iris))
  expect_identical(predict(fit, iris[60, ])$.pred, predict(fit, iris)$.pred[60])
  data <- transform(iris, Species = factor(Species, ordered = TRUE))
  scored <- fit_by_parsnip(plain_spec("regression", ordered_factors = "scores"), Sepal.Length ~ ., data)
  ours <- small_fit(Sepal.Length ~ ., transform(data, Species = as.integer(Species)))
  expect_identical(scored$fit$network, ours$network)
})

test_that("arguments of mlp() and of set_engine() reach mlp_fit(), and the preset the rest", {
  spec <- parsnip::mlp(hidden_units = c(5, 3), penalty = 0.01, dropout = 0.1, epochs = 2, activation = "tanh",
                       learn_rate = 0.02)
  spec <- parsnip::set_engine(spec, "fastmlp", preset = "fast", ensemble = 2)
  spec <- parsnip::set_mode(spec, "classification")
  settings <- fit_by_parsnip(spec, Species ~ ., iris)$fit$arguments
  expect_identical(settings$hidden_units, c(5L, 3L))
  expect_identical(settings$penalty, 0.01)
  expect_identical(settings$dropout, c(0.1, 0.1))
  expect_identical(settings$activation, c("tanh", "tanh"))
  expect_identical(settings$optimizer$learn_rate, 0.02)
  expect_identical(settings$ensemble, 2L)
  expect_identical(settings$standardize, "robust_clip")
  expect_false(settings$verbose)
  template <- parsnip::translate(spec)$method$fit$args
  expect_identical(names(template)[1:3], c("x", "y", "weights"))
  expect_true(all(c("hidden_units", "learn_rate", "preset", "ensemble", "verbose") %in% names(template)))
  expect_identical(generics::required_pkgs(spec), c("parsnip", "fastmlp"))
})

test_that("numbers have quantiles and intervals", {
  spec <- plain_spec("regression", loss = "gaussian", standardize = "zscore")
  gaussian <- fit_by_parsnip(spec, mpg ~ wt, mtcars)
  ours <- small_fit(mpg ~ wt, mtcars, loss = "gaussian", standardize = "zscore")
  expect_equal(predict(gaussian, mtcars, type = "pred_int", level = 0.8),
               predict(ours, mtcars, "pred_int", level = 0.8), ignore_attr = TRUE)
  expect_identical(predict(gaussian, mtcars)$.pred, predict(ours, mtcars)$.pred)
  skip_if_not("quantile regression" %in% parsnip::get_from_env("mlp_modes"))
  quantiles <- predict(gaussian, mtcars, type = "quantile", quantile_levels = c(0.1, 0.9))$.pred_quantile
  expect_equal(as.matrix(quantiles), as.matrix(predict(ours, mtcars, "quantile", levels = c(0.1, 0.9))),
               ignore_attr = TRUE)
  spec <- parsnip::set_engine(parsnip::mlp(epochs = 3), "fastmlp", preset = "plain", batch_size = 16)
  bare <- parsnip::set_engine(parsnip::mlp("quantile regression"), "fastmlp")
  expect_error(parsnip::fit(bare, mpg ~ wt, mtcars), "quantile_levels = c(0.1", fixed = TRUE,
               class = "fastmlp_error_type")
  spec <- parsnip::set_mode(spec, "quantile regression", quantile_levels = c(0.2, 0.5, 0.8))
  fit <- fit_by_parsnip(spec, mpg ~ wt, mtcars)
  expect_identical(fit$fit$outcome$loss$levels, c(0.2, 0.5, 0.8))
  quantiles <- predict(fit, mtcars)$.pred_quantile
  expect_equal(as.matrix(quantiles), as.matrix(predict(fit$fit, mtcars, "quantile")), ignore_attr = TRUE)
})

test_that("case weights are used", {
  weights <- rep(1:2, 75)
  ours <- small_fit(Species ~ ., iris, weights = weights)
  for (class in c("importance_weights", "frequency_weights")) {
    fit <- fit_by_parsnip(plain_spec(), Species ~ ., iris,
                          case_weights = getExportedValue("hardhat", class)(weights))
    expect_identical(coef(fit$fit), coef(ours))
  }
})

test_that("multi_predict() has the epochs that were kept", {
  fit <- fit_by_parsnip(plain_spec(keep_epochs = 1:2), Species ~ ., iris)
  several <- parsnip::multi_predict(fit, iris[c(1, 60), ], type = "prob")$.pred
  expect_named(several[[2]], c("epochs", paste0(".pred_", levels(iris$Species))))
  expect_identical(several[[2]]$epochs, 1:2)
  expect_equal(several[[2]][2, -1], predict(fit$fit, iris[60, ], "prob", epoch = 2), ignore_attr = TRUE)
  expect_identical(nrow(parsnip::multi_predict(fit, iris, epochs = 2)$.pred[[150]]), 1L)
  expect_true(parsnip::has_multi_predict(fit))
  expect_identical(parsnip::multi_predict_args(fit), "epochs")
  expect_error(parsnip::multi_predict(fit, iris, epochs = 3), "`epochs` must be.*1 and 2",
               class = "fastmlp_error_value")
  without <- fit_by_parsnip(plain_spec(), Species ~ ., iris)
  expect_error(parsnip::multi_predict(without, iris), "keep_epochs", class = "fastmlp_error_model")
})

test_that("workflows take formulas, recipes and variables", {
  skip_if_not_installed("workflows")
  skip_if_not_installed("recipes")
  skip_if_not_installed("tidyselect")
  predicted <- function(workflow, data = iris) {
    set.seed(1)
    predict(parsnip::fit(workflow, data), iris, type = "prob")
  }
  spec <- plain_spec(standardize = "zscore")
  ours <- predict(small_fit(Species ~ ., iris, standardize = "zscore"), iris, "prob")
  expect_identical(predicted(workflows::workflow(Species ~ ., spec)), ours)
  variables <- workflows::workflow_variables(Species, tidyselect::everything())
  expect_identical(predicted(workflows::workflow(variables, spec)), ours)
  # workflows may draw random numbers of its own for a recipe.
  recipe <- recipes::step_normalize(recipes::recipe(Species ~ ., iris), recipes::all_predictors())
  start <- coef(mlp_network(4, 4, 3))
  by_recipe <- workflows::workflow(recipe, plain_spec(init = start, shuffle = FALSE))
  same <- small_fit(Species ~ ., iris, standardize = "zscore", init = start, shuffle = FALSE)
  expect_equal(predicted(by_recipe), predict(same, iris, "prob"), tolerance = 1e-5)
  weighted <- transform(iris, w = hardhat::importance_weights(rep(1:2, 75)))
  ours <- small_fit(Species ~ Petal.Width, iris, standardize = "zscore", weights = rep(1:2, 75))
  workflow <- workflows::add_case_weights(workflows::workflow(Species ~ Petal.Width, spec), w)
  expect_identical(predicted(workflow, weighted), predict(ours, iris, "prob"))
})

test_that("resampling and tuning work, in one process and in several", {
  for (package in c("tune", "workflows", "rsample", "yardstick")) skip_if_not_installed(package)
  set.seed(1)
  folds <- rsample::vfold_cv(iris, v = 2)
  spec <- plain_spec(hidden_units = hardhat::tune(), epochs = hardhat::tune())
  workflow <- workflows::workflow(Species ~ ., spec)
  grid <- data.frame(hidden_units = c(2, 6), epochs = c(3, 8))
  tuned <- function() {
    set.seed(2)
    tune::collect_metrics(tune::tune_grid(workflow, folds, grid = grid))
  }
  alone <- tuned()
  expect_identical(nrow(alone), 6L)
  final <- tune::finalize_workflow(workflow, list(hidden_units = 6, epochs = 8))
  set.seed(1)
  last <- tune::last_fit(final, rsample::initial_split(iris))
  expect_true(all(is.finite(tune::collect_metrics(last)$.estimate)))
  skip_if_not_installed("future")
  skip_if_not_installed("future.apply")
  withr::defer(future::plan("sequential"))
  skip_on_cran()
  skip_unless_installed()
  future::plan("multisession", workers = 2)
  expect_identical(tuned(), alone)
})

# In a process of its own: a fork of one in which other packages' threads have run may hang.
test_that("forked workers tune as one process does, each on one thread", {
  for (package in c("tune", "workflows", "rsample", "yardstick", "future", "future.apply")) {
    skip_if_not_installed(package)
  }
  skip_on_cran()
  skip_unless_installed()
  skip_if_not(future::supportsMulticore(), "processes that fork")
  lines <- in_new_process(
    '
    set.seed(1)
    data <- as.data.frame(matrix(rnorm(6e4), 2000))
    data$class <- factor(rep(c("a", "b", "c", "d"), 500))
    fit_here <- function(...) {
      mlp_fit(class ~ ., data, hidden_units = 256, epochs = 2, batch_size = 256, threads = 2, verbose = FALSE)
    }
    threads_here <- function() fit_here()$training$threads
    before <- threads_here() # the threads that a fork loses have run

    spec <- parsnip::mlp(hidden_units = hardhat::tune(), epochs = 2)
    spec <- parsnip::set_engine(spec, "fastmlp", preset = "plain", batch_size = 256, threads = 2)
    workflow <- workflows::workflow(class ~ ., parsnip::set_mode(spec, "classification"))
    folds <- rsample::vfold_cv(data, v = 2)
    tuned <- function() {
      set.seed(2)
      tune::collect_metrics(tune::tune_grid(workflow, folds, grid = data.frame(hidden_units = c(64, 128))))
    }
    alone <- tuned()
    future::plan("multicore", workers = 2)
    forked <- tuned()
    workers <- future.apply::future_lapply(1:2, function(i) c(Sys.getpid(), fit_here()$training$threads),
                                           future.seed = TRUE)
    stopifnot(!Sys.getpid() %in% sapply(workers, `[`, 1))
    cat(identical(alone, forked), all(sapply(workers, `[`, 2) == 1), threads_here() == before)',
    c(R_DATATABLE_NUM_THREADS = "1", OMP_NUM_THREADS = "2"), timeout = 300
  )
  expect_identical(utils::tail(lines, 1), "TRUE TRUE TRUE")
})

test_that("tune() has ranges that suit the engine", {
  skip_if_not_installed("dials")
  skip_if_not_installed("tune")
  spec <- parsnip::mlp(learn_rate = hardhat::tune(), activation = hardhat::tune())
  spec <- parsnip::set_engine(spec, "fastmlp", batch_size = hardhat::tune())
  parameters <- hardhat::extract_parameter_set_dials(parsnip::set_mode(spec, "regression"))
  expect_identical(parameters$name, c("activation", "learn_rate", "batch_size"))
  expect_true(all(parameters$object[[1]]$values %in% activation_names()))
  expect_equal(unlist(parameters$object[[2]]$range, use.names = FALSE), c(-3, -0.5))
  for (name in names(parsnip_arguments)) {
    info <- parsnip_arguments[[name]]
    object <- do.call(getExportedValue("dials", info$fun), info[-1])
    expect_s3_class(object, "param")
    expect_true(name %in% names(plain_arguments))
  }
})

test_that("a fit is the same in another process, after either way of loading", {
  skip_unless_installed()
  skip_on_cran()
  fit <- fit_by_parsnip(plain_spec(), Species ~ ., iris)
  file <- withr::local_tempfile()
  saveRDS(fit, file)
  shown <- "cat(format(predict(fit, iris, type = 'prob')[[1]], digits = 15))"
  printed <- in_new_process(sprintf("library(parsnip); fit <- readRDS(%s); %s", deparse(file), shown))
  expect_identical(printed, capture.output(eval(parse(text = shown))))
  loaded <- in_new_process("cat('parsnip' %in% loadedNamespaces())")
  expect_identical(loaded, "FALSE")
})

test_that("sparse data reach mlp_fit() as they are, and come dense to fits that centre", {
  for (package in c("workflows", "recipes", "sparsevctrs", "Matrix")) skip_if_not_installed(package)
  levels <- sprintf("level%02d", 1:40)
  data <- data.frame(y = sin(1:200), f = factor(rep(levels, 5), levels), g = factor(rep(letters[1:20], 10)))
  indicators <- recipes::step_dummy(recipes::recipe(y ~ ., data), recipes::all_predictors(), one_hot = TRUE)
  start <- mlp_network(60, 4, 1)
  of <- function(spec, blueprint) {
    workflow <- workflows::add_recipe(workflows::workflow(spec = spec), indicators, blueprint = blueprint)
    parsnip::fit(workflow, data)
  }
  sparse <- hardhat::default_recipe_blueprint(composition = "dgCMatrix")
  spec <- plain_spec("regression", init = coef(start), shuffle = FALSE)
  by_sparse <- of(spec, sparse)
  by_dense <- of(spec, hardhat::default_recipe_blueprint())
  expect_equal(predict(by_sparse, data), predict(by_dense, data), tolerance = 1e-5)
  centred <- of(plain_spec("regression", standardize = "zscore"), hardhat::default_recipe_blueprint())
  x <- Matrix::sparse.model.matrix(~ f + g + 0, data)
  expect_true(all(is.finite(predict(centred, data)$.pred)))
  fit <- parsnip::fit_xy(plain_spec("regression"), x, data$y)
  expect_equal(predict(fit, x)$.pred, predict(fit$fit, as.matrix(x))$.pred, tolerance = 1e-5)
  columns <- sparsevctrs::coerce_to_sparse_data_frame(x)
  expect_s4_class(join_sparse_columns(columns, many = 50), "dgCMatrix")
  expect_identical(join_sparse_columns(columns), columns)
})

test_that("sparse columns may stand beside factors, for which predictions are those of dense ones", {
  for (package in c("workflows", "recipes", "rsample", "tune", "sparsevctrs", "Matrix")) {
    skip_if_not_installed(package)
  }
  skip_if_not_installed("sparsevctrs", "0.3.0")
  data <- data.frame(y = sin(1:60), f = gl(6, 10), g = gl(2, 1, 60), n = cos(1:60))
  dummies <- cbind(data["g"], n = data$n, stats::model.matrix(~ f + 0, data)[, -1])
  sparse <- dummies
  for (name in paste0("f", 2:6)) {
    at <- which(dummies[[name]] == 1)
    sparse[[name]] <- sparsevctrs::sparse_double(dummies[[name]][at], at, 60)
  }
  expect_true(sparsevctrs::has_sparse_elements(sparse))
  for (spec in list(plain_spec("regression"), plain_spec("regression", loss = "gaussian"))) {
    set.seed(1)
    fit <- parsnip::fit_xy(spec, sparse, data$y)
    types <- c("numeric", "raw", if (!is.null(spec$eng_args$loss)) "pred_int")
    for (type in types) {
      expect_identical(predict(fit, sparse, type = type), predict(fit, dummies, type = type))
    }
  }
  expect_identical(parsnip::predict_raw(fit, sparse), predict(fit, dummies, type = "raw"))
  augmented <- parsnip::augment(fit, cbind(sparse, y = data$y))
  expect_identical(augmented$.pred, predict(fit, dummies)$.pred)
  fit <- parsnip::fit_xy(plain_spec(keep_epochs = c(1, 2)), sparse, gl(2, 30))
  for (type in c("class", "prob")) {
    expect_identical(predict(fit, sparse, type = type), predict(fit, dummies, type = type))
    expect_identical(parsnip::multi_predict(fit, sparse, type = type),
                     parsnip::multi_predict(fit, dummies, type = type))
  }
  skip_if_not("sparse" %in% names(formals(recipes::step_dummy)))
  steps <- recipes::step_dummy(recipes::recipe(y ~ ., data), f, sparse = "yes")
  workflow <- workflows::workflow(steps, plain_spec("regression"))
  fit <- parsnip::fit(workflow, data)
  baked <- recipes::bake(recipes::prep(steps), data, recipes::all_predictors())
  expect_true(sparsevctrs::has_sparse_elements(baked))
  expect_identical(predict(fit, data)$.pred, predict(fit$fit$fit$fit, baked)$.pred)
  folds <- rsample::vfold_cv(data, 2)
  expect_no_warning(resampled <- tune::fit_resamples(workflow, folds))
  expect_identical(nrow(tune::collect_metrics(resampled)), 2L)
})

test_that("a fit from a file takes sparse columns beside factors where nothing has loaded fastmlp", {
  skip_unless_installed()
  skip_on_cran()
  skip_if_not_installed("sparsevctrs", "0.3.0")
  code <- paste("invisible(loadNamespace('parsnip')); data <- data.frame(g = gl(2, 5));",
                "data$s <- sparsevctrs::sparse_double(1, 3, 10)")
  eval(parse(text = code), environment())
  fit <- parsnip::fit_xy(plain_spec("regression"), data, sin(1:10))
  file <- withr::local_tempfile()
  saveRDS(fit, file)
  shown <- "cat(format(predict(fit, data)$.pred, digits = 15))"
  printed <- in_new_process(sprintf("%s; fit <- readRDS(%s); %s", code, deparse(file), shown))
  expect_identical(printed, capture.output(eval(parse(text = shown))))
})

test_that("an argument that mlp() and set_engine() both have is named", {
  skip_if_not_installed("parsnip")
  spec <- parsnip::mlp(hidden_units = 8, epochs = 2, mode = "regression")
  spec <- parsnip::set_engine(spec, "fastmlp", hidden_units = c(8, 4))
  expect_error(parsnip::fit(spec, mpg ~ wt, data = mtcars), "hidden_units.*both",
               class = "fastmlp_error_value")
  expect_error(parsnip::fit_xy(spec, mtcars["wt"], mtcars$mpg), class = "fastmlp_error_value")
})

test_that("offsets, which parsnip takes for predictors, are refused", {
  spec <- parsnip::set_engine(parsnip::mlp("regression", epochs = 1), "fastmlp", preset = "plain")
  expect_error(parsnip::fit(spec, mpg ~ wt + offset(hp), mtcars), "offset", class = "fastmlp_error")
})

test_that("formulas of which parsnip would hand over another model are refused", {
  spec <- parsnip::mlp("regression", epochs = 2) |> parsnip::set_engine("fastmlp", preset = "fast")
  fit <- function(formula) generics::fit(spec, formula, mtcars)
  expect_conditions({
    fit(mpg ~ wt * hp)
    fit(mpg ~ . - wt)
    fit(mpg ~ I(hp^2))
    fit(mpg ~ poly(wt, 2))
  })
  expect_identical(fit(mpg ~ log(wt) + hp)$fit$predictors$names, c("log(wt)", "hp"))
  expect_identical(fit(mpg ~ .)$fit$predictors$names, names(mtcars)[-1])
  expect_identical(fit(log(mpg) ~ wt)$fit$predictors$names, "wt")
})

test_that("factors that a workflow's formula takes away do not come back", {
  testthat::skip_if_not_installed("workflows")
  spec <- parsnip::mlp("regression", epochs = 2) |> parsnip::set_engine("fastmlp", preset = "fast")
  fit <- function(formula) {
    hardhat::extract_fit_engine(generics::fit(workflows::workflow(formula, spec), iris))$predictors$names
  }
  expect_error(fit(Sepal.Length ~ . - Species), "`- Species`", class = "fastmlp_error_formula")
  expect_identical(fit(Sepal.Length ~ . - Petal.Width)[1:2], c("Sepal.Width", "Petal.Length"))
  expect_identical(fit(Sepal.Length ~ log(Petal.Width) + Species)[1], "log(Petal.Width)")
})

test_that("the epochs of quantile regression are told apart", {
  skip_if_not_installed("parsnip", "1.3.0")
  spec <- parsnip::mlp(hidden_units = 4, epochs = 5) |>
    parsnip::set_engine("fastmlp", preset = "fast", keep_epochs = c(2, 4)) |>
    parsnip::set_mode("quantile regression", quantile_levels = c(0.1, 0.9))
  fit <- parsnip::fit(spec, mpg ~ wt, mtcars)
  predicted <- parsnip::multi_predict(fit, mtcars[1:3, ])$.pred
  expect_identical(lapply(predicted, `[[`, "epochs"), rep(list(c(2L, 4L)), 3))
  first <- parsnip::multi_predict(fit, mtcars[1:3, ], epochs = 4)$.pred
  for (i in 1:3) expect_identical(predicted[[i]]$.pred_quantile[2], first[[i]]$.pred_quantile)
})

test_that("weights of rows that parsnip leaves out are left out, too", {
  data <- airquality[!is.na(airquality$Ozone), ]
  weights <- seq_len(nrow(data))
  spec <- parsnip::mlp(epochs = 2, hidden_units = 3) |>
    parsnip::set_engine("fastmlp", preset = "plain", standardize = "zscore") |>
    parsnip::set_mode("regression")
  set.seed(1)
  expect_warning(
    fit <- parsnip::fit(spec, Ozone ~ ., data, case_weights = hardhat::importance_weights(weights)),
    "left out 5 rows", class = "fastmlp_warning_missing"
  )
  whole <- complete.cases(data)
  set.seed(1)
  other <- parsnip::fit_xy(spec, data[whole, -1], data$Ozone[whole],
                           case_weights = hardhat::importance_weights(weights[whole]))
  expect_identical(coef(fit$fit), coef(other$fit))
  expect_warning(
    by_log <- parsnip::fit(spec, Ozone ~ log(Temp - 70.5) + Wind, data,
                           case_weights = hardhat::importance_weights(weights)),
    class = "fastmlp_warning_missing"
  ) |> suppressWarnings()
  expect_identical(by_log$fit$training$rows, sum(data$Temp > 70.5))
})

test_that("a grid may have several layers", {
  spec <- parsnip::mlp(hidden_units = list(c(5, 3)), epochs = 2) |>
    parsnip::set_engine("fastmlp", preset = "plain") |>
    parsnip::set_mode("classification")
  expect_identical(parsnip::fit(spec, Species ~ ., iris)$fit$network$hidden_units, c(5L, 3L))
})
