# Sparse predictors: the results are those of the same numbers in a dense matrix.

skip_if_not_installed("Matrix")

sparse_x <- function(rows = 300, columns = 70, density = 0.1) {
  Matrix::rsparsematrix(rows, columns, density)
}

# list(x, dense, y): the same rows twice.
sparse_set <- function(..., seed = 5) {
  withr::with_seed(seed, {
    x <- sparse_x(...)
    list(x = x, dense = as.matrix(x), y = factor(sample.int(4, nrow(x), replace = TRUE)))
  })
}

sparse_fit <- function(x, y, ..., hidden_units = c(40, 20), epochs = 2, batch_size = 64) {
  set.seed(3)
  suppressWarnings(mlp_fit(x, y, preset = "plain", hidden_units = hidden_units, epochs = epochs,
                           batch_size = batch_size, verbose = FALSE, ...))
}

# Zeros that are added change no sum: the networks are the same, bit for bit.
expect_dense_results <- function(set, ..., y = set$y, info = "") {
  sparse <- sparse_fit(set$x, y, ...)
  dense <- sparse_fit(set$dense, y, ...)
  expect_identical(sparse$network, dense$network, info = info)
  expect_identical(sparse$history, dense$history, info = info)
  expect_identical(predict(sparse, set$x), predict(dense, set$dense), info = info)
}

test_that("every optimizer trains as on a dense matrix, where a batch touches most columns and where few", {
  wide <- sparse_set(120, 400, 0.004)
  set <- sparse_set()
  for (optimizer in every_optimizer()) {
    size <- if (optimizer_of(optimizer)$all_rows) Inf else 32
    info <- format(optimizer)
    expect_dense_results(set, optimizer = optimizer, batch_size = size, info = info)
    expect_dense_results(wide, optimizer = optimizer, batch_size = size, info = info)
  }
})

test_that("every setting of the first layer trains as on a dense matrix", {
  set <- sparse_set()
  settings <- list(
    list(penalty = 0.01, mixture = 0.5), list(ema_decay = 0.9), list(clip_norm = 0.1), list(max_norm = 0.5),
    list(clip_value = 0.01), list(clip_norm = 0.1, max_norm = 0.5, ema_decay = 0.9),
    list(parametrization = "ntk", init = init_ntk()), list(input_scale = TRUE),
    list(normalization = "batch", dropout = 0.2), list(normalization = "layer", parametric_activation = TRUE),
    list(input_dropout = 0.3), list(input_dropout = 0.3, batch_size = 7, shuffle = FALSE),
    list(init = init_data_driven()), list(standardize = "scale", hidden_units = integer()),
    list(validation = 0.2, patience = 2), list(validation = 1:50, incomplete_batch = "drop"),
    list(ensemble = 2, validation = 0.2), list(weights = seq_len(300) / 300),
    list(validation = 0.2, patience = 2, refit = TRUE), list(rate_factors = c(bias = 0.5))
  )
  ways <- list( # wide layers read batches by columns, narrow ones by rows alone
    list(optimizer = opt_sgd(0.1)), list(optimizer = opt_adam()), list(hidden_units = c(70, 20))
  )
  for (setting in settings) {
    for (way in ways) {
      info <- paste(c(names(setting), names(way), format(way$optimizer)), collapse = " ")
      do.call(expect_dense_results, c(list(set, info = info), utils::modifyList(way, setting)))
    }
  }
})

# How the engine holds n rows of a sparse matrix below a first layer of `units`.
held_sparse <- function(n, columns, density, units) {
  set <- sparse_set(n, columns, density)
  given <- list(x = as_sparse(set$x, "x", NULL), target = as.integer(set$y))
  loss <- list(name = "cross_entropy", parameter = NULL)
  attr(.Call(fastmlp_rows_open, given, NULL, 4L, units, loss, 1L), "sparse")
}

test_that("rows are held with their zeros where they are narrow and below few units, others never", {
  expect_false(held_sparse(300, 10, 0.02, 16L))
  expect_false(held_sparse(300, 20, 0.1, 16L))
  expect_false(held_sparse(300, 100, 0.19, 8L))
  expect_true(held_sparse(300, 20, 0.1, 256L))
  expect_true(held_sparse(300, 100, 0.02, 8L))
  expect_true(held_sparse(300, 2000, 0.15, 4L))
})

test_that("narrow rows train as in a dense matrix", {
  set <- sparse_set(200, 12, 0.1)
  narrow <- function(...) expect_dense_results(set, ..., hidden_units = 8)
  for (optimizer in every_optimizer()) {
    size <- if (optimizer_of(optimizer)$all_rows) Inf else 16
    narrow(optimizer = optimizer, batch_size = size, info = format(optimizer))
  }
  settings <- list(
    list(input_dropout = 0.3), list(input_dropout = 0.3, ensemble = 2), list(standardize = "scale"),
    list(ensemble = 2, validation = 0.2), list(ensemble = 2, share_weights = TRUE, validation = 0.2),
    list(weights = seq_len(200) / 200, validation = 0.2), list(init = init_data_driven(), input_scale = TRUE),
    list(validation = 0.2, patience = 2, refit = TRUE), list(penalty = 0.01, clip_norm = 0.1, ema_decay = 0.9)
  )
  for (setting in settings) {
    for (optimizer in list(opt_sgd(0.1), opt_adagrad(), opt_adam())) {
      info <- paste(c(names(setting), format(optimizer)), collapse = " ")
      do.call(narrow, c(list(optimizer = optimizer, info = info), setting))
    }
  }
  expect_dense_results(set, hidden_units = integer(), optimizer = opt_lbfgs(), batch_size = Inf)
  fits <- lapply(set[c("x", "dense")], function(x) {
    first <- sparse_fit(x, seq_len(200) %% 3, loss = "poisson", offset = rep(0.1, 200), hidden_units = 8,
                        validation = 1:30, checkpoint = withr::local_tempfile(fileext = ".rds"))
    mlp_continue(first, x, seq_len(200) %% 3, epochs = 2, offset = rep(0.1, 200), verbose = FALSE)
  })
  expect_identical(fits$x$network, fits$dense$network)
  expect_identical(fits$x$history, fits$dense$history)
})

test_that("batches of several passes and all rows at once train as on a dense matrix", {
  set <- sparse_set(2500, 100, 0.05)
  for (optimizer in list(opt_sgd(0.1), opt_adam(), opt_lbfgs())) {
    for (units in list(20, 70, integer())) {
      expect_dense_results(set, optimizer = optimizer, batch_size = Inf, hidden_units = units,
                           info = format(optimizer))
    }
  }
})

test_that("numbers, counts with an offset and several labels train as on a dense matrix", {
  set <- sparse_set()
  n <- nrow(set$x)
  expect_dense_results(set, y = as.double(seq_len(n)), standardize_outcome = TRUE)
  expect_dense_results(set, y = matrix(rep(c(TRUE, FALSE, FALSE), n), n))
  fits <- lapply(set[c("x", "dense")], sparse_fit, seq_len(n) %% 3, loss = "poisson", offset = rep(0.1, n))
  expect_identical(fits$x$network, fits$dense$network)
})

test_that("sparse fits are the same at any number of threads and equal dense ones in each instruction set", {
  code <- '
    invisible(.Call(fastmlp:::fastmlp_hold_teams, TRUE))
    set.seed(1)
    x <- Matrix::rsparsematrix(600, 800, 0.05)
    y <- factor(sample.int(4, 600, replace = TRUE))
    fit <- function(x, threads, units, ...) {
      set.seed(2)
      mlp_fit(x, y, hidden_units = units, epochs = 2, batch_size = 128, threads = threads, verbose = FALSE,
              ...)
    }
    same <- TRUE
    for (units in c(150, 24)) for (optimizer in list(opt_sgd(0.1), opt_adam())) {
      whole <- fit(as.matrix(x), 1, units, optimizer = optimizer)
      for (threads in c(1, 2, 3, 4, 8)) {
        one <- fit(x, threads, units, optimizer = optimizer)
        same <- same && identical(one$network, whole$network) &&
          identical(predict(one, x, threads = threads), predict(whole, x))
      }
    }
    cat(same)'
  for (simd in mlp_info()$available) {
    expect_identical(in_new_process(code, c(FASTMLP_SIMD = simd)), "TRUE", info = simd)
  }
})

test_that("every sparse class of numbers or logicals is taken", {
  set <- sparse_set(80, 12)
  expected <- sparse_fit(set$x, set$y)
  for (class in c("RsparseMatrix", "TsparseMatrix")) {
    expect_identical(sparse_fit(methods::as(set$x, class), set$y)$network, expected$network, info = class)
  }
  logical <- methods::as(set$x, "lMatrix")
  whole <- sparse_fit(as.matrix(logical), set$y)
  expect_identical(sparse_fit(logical, set$y)$network, whole$network)
  expect_identical(sparse_fit(methods::as(logical, "nMatrix"), set$y)$network, whole$network)
  square <- Matrix::crossprod(set$x)
  expect_s4_class(square, "dsCMatrix")
  y <- factor(rep(1:2, 6))
  expect_identical(sparse_fit(square, y)$network, sparse_fit(as.matrix(square), y)$network)
})

test_that("new rows may be sparse or dense, in any order of named columns, and none at all", {
  set <- sparse_set(columns = 12)
  colnames(set$x) <- colnames(set$dense) <- letters[1:12]
  fit <- sparse_fit(set$x, set$y)
  expected <- predict(fit, set$x, type = "prob")
  turned <- cbind(set$x, extra = 1)[, c("extra", rev(letters[1:12]))]
  for (new_data in list(set$dense, as.data.frame(set$dense), turned)) {
    expect_identical(predict(fit, new_data, type = "prob"), expected)
  }
  expect_identical(predict(fit, set$x[13:40, ], type = "prob"), expected[13:40, ])
  expect_identical(nrow(predict(fit, set$x[0, ])), 0L)
  expect_identical(predict(sparse_fit(set$dense, set$y), set$x, type = "prob"), expected)
  expect_error(predict(fit, set$x[, -3]), class = "fastmlp_error_columns")
})

test_that("a fit goes on, is saved and read in a process that has not loaded Matrix", {
  set <- sparse_set()
  whole <- sparse_fit(set$x, set$y, optimizer = opt_adam(), epochs = 4)
  half <- mlp_continue(sparse_fit(set$x, set$y, optimizer = opt_adam(), epochs = 2), set$x, set$y, epochs = 2)
  expect_identical(half$network, whole$network)
  file <- withr::local_tempfile(fileext = ".rds")
  saveRDS(list(x = set$x, y = set$y, expected = unclass(whole$network)), file)
  lines <- in_new_process(sprintf('
    loaded <- "Matrix" %%in%% loadedNamespaces()
    read <- readRDS(%s)
    set.seed(3)
    fit <- suppressWarnings(mlp_fit(read$x, read$y, hidden_units = c(40, 20), epochs = 4, batch_size = 64,
                                    optimizer = opt_adam(), verbose = FALSE))
    cat(identical(unclass(fit$network), read$expected), nrow(predict(fit, read$x)), loaded)', deparse(file)))
  expect_identical(lines, "TRUE 300 FALSE")
})

test_that("validation data may be sparse, whatever the training rows are", {
  set <- sparse_set()
  fits <- lapply(list(set$x, set$dense), function(x) {
    sparse_fit(set$dense, set$y, validation = list(x = x, y = set$y))
  })
  expect_identical(fits[[1]]$history, fits[[2]]$history)
})

test_that("networks read sparse rows", {
  for (columns in c(150, 12)) {
    set <- sparse_set(columns = columns)
    network <- withr::with_seed(1, mlp_network(columns, 8, 4))
    expect_identical(mlp_forward(network, set$x), mlp_forward(network, set$dense))
    for (wrt in c("weights", "input")) {
      expect_identical(mlp_gradient(network, set$x, set$y, wrt = wrt),
                       mlp_gradient(network, set$dense, set$y, wrt = wrt))
    }
  }
  expect_error(mlp_forward(network, set$x[, -1]), class = "fastmlp_error_shape")
})

test_that("columns are summarised as in a dense matrix, zeros that are kept like others", {
  set <- sparse_set(500, 40, 0.3)
  x <- as_sparse(set$x, "x", NULL)
  for (rows in list(NULL, c(1L, 3:90L, 400L))) {
    dense <- .Call(fastmlp_scan, set$dense, rows)
    scan <- .Call(fastmlp_scan, x, rows)
    expect_identical(scan[c("missing", "infinite", "minimum", "maximum")],
                     dense[c("missing", "infinite", "minimum", "maximum")])
    expect_equal(scan[c("mean", "sd")], dense[c("mean", "sd")], tolerance = 1e-12)
  }
  expect_identical(sparse_column(sparse_columns(x, 40:1), 3), unname(set$dense[, 38]))
  y <- seq_len(5)
  with_zeros <- Matrix::sparseMatrix(i = c(1, 2, 1, 2, 3, 3), j = c(1, 1, 2, 2, 2, 3),
                                     x = c(4, 5, 4, 5, 0, 0), dims = c(5, 3))
  expect_warning(expect_warning(
    mlp_fit(with_zeros, y, preset = "plain", epochs = 1, verbose = FALSE), class = "fastmlp_warning_constant"
  ), "duplicated column: 2", class = "fastmlp_warning_duplicated")
})

test_that("what cannot be done without filling zeros, and bad rows, are refused", {
  set <- sparse_set(20, 6)
  bad <- set$x
  bad[3, 2] <- NA
  wrong <- set$x
  wrong@i[1] <- 99L
  fit <- sparse_fit(set$dense, set$y, standardize = "zscore")
  refused <- function(...) mlp_fit(set$x, set$y, ..., verbose = FALSE)
  expect_conditions({
    refused(standardize = "zscore")
    refused(numeric_embedding = embed_periodic())
    refused(input_noise = 0.1)
    refused(residual = TRUE, hidden_units = 6)
    mlp_fit(bad, set$y)
    mlp_fit(set$x, set$y[-1])
    mlp_fit(methods::as(set$x, "denseMatrix"), set$y)
    mlp_fit(set$dense, set$y, standardize = "zscore", validation = list(x = set$x, y = set$y))
    predict(fit, set$x)
    predict(fit, bad)
    predict(sparse_fit(set$x, set$y), bad)
    mlp_continue(fit, set$x, set$y, epochs = 1)
    mlp_fit(Species ~ ., set$x)
  })
  expect_error(mlp_fit(wrong, set$y), "valid sparse matrix")
})

test_that("presets give way where zeros would be filled", {
  set <- sparse_set()
  for (preset in c("tabular", "pixels", "sparse")) {
    fit <- suppressWarnings(mlp_fit(set$x, set$y, preset = preset, epochs = 2, verbose = FALSE))
    expect_identical(fit$arguments$preset, preset)
    expect_identical(fit$arguments$numeric_embedding, "none")
    expect_identical(fit$arguments$standardize, "none")
  }
  withr::local_options(fastmlp.preset = NULL)
  fit <- suppressWarnings(mlp_fit(set$x, set$y, epochs = 1, verbose = FALSE))
  expect_identical(fit$arguments$preset, "sparse")
  expect_output(print(summary(fit)), "sparse")
})

test_that("no memory is taken for zeros", {
  # With them the rows would take 381 MiB in single precision.
  taken <- memory_in_new_process('
    set.seed(1)
    x <- Matrix::sparseMatrix(i = rep(1:20000, each = 5), j = sample.int(5000, 1e5, TRUE), x = 1,
                              dims = c(20000, 5000))
    y <- factor(rep(1:2, 1e4))
    cat(growth({
      fit <- suppressWarnings(mlp_fit(x, y, hidden_units = 4, epochs = 1, verbose = FALSE, validation = 0.2))
      invisible(predict(fit, x))
    }))')
  expect_lt(taken, 200)
})

test_that("rows of sparse matrices with missing values are left out as those of dense ones", {
  set <- sparse_set(60, 8)
  set$x[2, 3] <- set$x[2, 5] <- NA
  set$x[40, 5] <- NaN
  dense <- as.matrix(set$x)
  fits <- lapply(list(set$x, methods::as(set$x, "RsparseMatrix"), dense), function(x) {
    given <- list(x = x, y = set$y)
    told <- "Left out 2 rows of 60.* `x\\[, 3\\]` \\(1\\), `x\\[, 5\\]` \\(2\\)"
    expect_message(
      expect_message(
        fit <- sparse_fit(x, set$y, na_action = "omit", validation = given, hidden_units = 4), told
      ),
      "of `validation`", class = "fastmlp_message_omitted"
    )
    fit
  })
  expect_identical(fits[[1]]$network, fits[[3]]$network)
  expect_identical(fits[[2]]$network, fits[[3]]$network)
  expect_identical(fits[[1]]$history, fits[[3]]$history)
  predicted <- predict(fits[[1]], set$x, type = "prob")
  expect_identical(predicted, predict(fits[[3]], dense, type = "prob"))
  expect_identical(which(is.na(predicted[[1]])), c(2L, 40L))
  expect_snapshot(mlp_fit(set$x, set$y), error = TRUE)
  expect_snapshot(mlp_fit(set$x, set$y, na_action = "impute"), error = TRUE)
})

test_that("a resample with sparse columns is fitted as all rows are", {
  skip_if_not_installed("sparsevctrs")
  set <- sparse_set(60, 1000, 0.01)
  colnames(set$x) <- sprintf("x%d", 1:1000)
  withr::local_options(fastmlp.preset = NULL)
  columns <- sparsevctrs::coerce_to_sparse_data_frame(set$x)
  for (rows in list(1:60, 1:20)) {
    set.seed(1)
    some <- suppressWarnings(mlp_fit(columns[rows, ], set$y[rows], epochs = 2, verbose = FALSE))
    set.seed(1)
    whole <- suppressWarnings(mlp_fit(set$x[rows, ], set$y[rows], epochs = 2, verbose = FALSE))
    expect_identical(some$arguments$preset, "sparse")
    expect_identical(some$network, whole$network)
  }
})
