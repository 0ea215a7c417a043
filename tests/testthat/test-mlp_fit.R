test_that("the three interfaces give the same model", {
  formula <- small_fit(Species ~ ., iris)
  frame <- small_fit(iris[1:4], iris$Species)
  matrix <- small_fit(iris_x, iris$Species)
  expect_identical(formula$network, frame$network)
  expect_identical(matrix$network, frame$network)
  expect_identical(predict(formula, iris), predict(matrix, iris_x))
  tibble <- small_fit(tibble::as_tibble(iris[1:4]), iris$Species)
  expect_identical(tibble$network, frame$network)
})

test_that("integer and logical matrices train as their doubles do", {
  x <- cbind(rep(0:1, 10), rep(0:1, each = 10), rep(c(0L, 1L, 1L, 0L), 5))
  y <- factor(rep(c("a", "b", "b", "a", "b"), 4))
  double <- small_fit(x + 0, y)
  expect_identical(small_fit(x, y)$network, double$network)
  expect_identical(small_fit(x == 1, y)$network, double$network)
})

test_that("factors and text are encoded alike by both interfaces", {
  data <- data.frame(y = mtcars$mpg, wt = mtcars$wt, cyl = factor(mtcars$cyl),
                     gear = paste0("g", mtcars$gear), am = mtcars$am == 1)
  frame <- small_fit(data[-1], data$y)
  formula <- small_fit(y ~ ., data)
  expect_identical(frame$network, formula$network)
  expect_identical(
    frame$predictors$names, c("wt", "cyl4", "cyl6", "cyl8", "gearg3", "gearg4", "gearg5", "am")
  )
  expect_identical(predict(frame, data), predict(formula, data))
})

test_that("the same seed gives the same fit, another seed another", {
  fit <- function(seed) {
    set.seed(seed)
    mlp_fit(iris_x, iris$Species, hidden_units = 3, epochs = 2, validation = 0.2, verbose = FALSE)
  }
  a <- fit(1)
  b <- fit(1)
  expect_identical(a$network, b$network)
  expect_identical(a$history, b$history)
  expect_false(identical(a$network, fit(2)$network))
})

test_that("explicit initial values and no shuffling make a run that the seed does not change", {
  start <- coef(mlp_network(4, 3, 3))
  fit <- function(seed) {
    set.seed(seed)
    mlp_fit(iris_x, iris$Species, hidden_units = 3, epochs = 2, init = start, shuffle = FALSE,
            verbose = FALSE)
  }
  expect_identical(fit(1)$network, fit(2)$network)
})

test_that("the fit holds plain values, and neither data nor call", {
  fit <- small_fit(iris_x, iris$Species, validation = 0.2)
  expect_s3_class(fit, "fastmlp")
  expect_s3_class(fit$network, "mlp_network")
  expect_identical(names(fit$history), c("epoch", "set", "metric", "value"))
  expect_identical(fit$history$epoch, rep(1:3, each = 4))
  expect_identical(fit$history$metric[1:4], c("loss", "accuracy", "loss", "accuracy"))
  expected <- list(
    rows = 120L, validation_rows = 30L, epochs = 3L, kept_epoch = 3L, stopped = "finished"
  )
  expect_identical(fit$training[names(expected)], expected)
  expect_lt(length(serialize(fit, NULL)), 25000)
})

test_that("hidden_units = integer() is softmax regression", {
  fit <- small_fit(iris_x, iris$Species, hidden_units = integer())
  expect_length(fit$network$layers, 1)
  linear <- iris_x %*% coef(fit)[[1]]$weight
  linear <- sweep(linear, 2, coef(fit)[[1]]$bias, "+")
  prob <- as.matrix(predict(fit, iris_x, type = "prob"))
  expect_equal(prob, softmax(linear), tolerance = 1e-5, ignore_attr = TRUE)
})

test_that("arguments not given come from the preset", {
  fit <- small_fit(iris_x, iris$Species)
  expect_identical(fit$arguments$batch_size, 16L)
  expect_identical(fit$arguments$optimizer, opt_sgd())
  expect_identical(fit$arguments$init, init_he())
  defaults <- small_fit(iris_x, iris$Species, hidden_units = NULL, epochs = NULL)$arguments
  expect_identical(defaults$hidden_units, 256L)
  expect_identical(defaults$epochs, 10L)
})

test_that("every method has every argument of the preset", {
  for (method in list(mlp_fit.matrix, mlp_fit.data.frame, mlp_fit.formula)) {
    expect_identical(names(formals(method))[-(1:2)], c(names(plain_arguments), "preset", "..."))
  }
})

test_that("the help page says of each argument what the plain preset has, and whether others differ", {
  plain <- mlp_preset("plain", "classification", 1000, 10)
  others <- lapply(c("tabular", "fast", "pixels", "sparse"), function(name) {
    c(mlp_preset(name, "classification", 1000, 10), mlp_preset(name, "regression", 1000, 10))
  })
  for (argument in names(plain_arguments)) {
    text <- default_of(argument)
    code <- regmatches(text, regexpr("(?<=`).*(?=`)", text, perl = TRUE))
    expect_equal(eval(str2lang(code)), plain[[argument]], info = argument, ignore_function_env = TRUE)
    expect_identical(grepl("by preset", text), argument %in% names(unlist(others, recursive = FALSE)),
                     info = argument)
  }
})

test_that("help pages give the defaults that functions have", {
  expect_identical(default_among("growth", "^schedule_"), "Default: `1`.")
  expect_identical(default_among("memory", "^opt_"), "Default: `10`.")
  expect_identical(default_among("horizon", "^schedule_"), "Default: `NULL`.")
  expect_identical(default_among("distribution", "^init_"), "Default: `\"normal\"`.")
  expect_identical(default_among("decay", "^schedule_"), "No default.")
  several <- default_among("dim", "^embed_")
  expect_match(several, sprintf("`%d` (`embed_factors()`)", embed_factors()$dim), fixed = TRUE)
  expect_match(several, sprintf("`%d` (`embed_periodic()`, `embed_piecewise()`).", embed_periodic()$dim),
               fixed = TRUE)
})

test_that("bad arguments are refused by name", {
  fit <- function(...) mlp_fit(iris_x, iris$Species, ..., verbose = FALSE)
  expect_conditions({
    fit(hidden_units = 0)
    fit(hidden_units = -5)
    fit(hidden_units = 2.5)
    fit(hidden_units = NA)
    fit(hidden_units = 1e9)
    fit(hidden_units = c(10, 1e9))
    fit(activation = "sigmiod")
    fit(hidden_units = c(2, 2), activation = c("relu", "tanh", "relu"))
    fit(loss = "crossentropy")
    fit(loss = "squared")
    fit(loss = "binary_cross_entropy")
    fit(optimizer = "sgd")
    fit(epochs = 0)
    fit(batch_size = 1.5)
    fit(validation = 1)
    fit(validation = 0.001)
    fit(validation = "a")
    fit(patience = 3)
    fit(patience = 0, validation = 0.2)
    fit(penalty = -1)
    fit(mixture = 1.5)
    fit(mixture = 0.5)
    fit(hidden_units = integer(), max_norm = 2)
    fit(clip_value = 0)
    fit(clip_norm = -1)
    fit(max_norm = NULL, ema_decay = 1)
    fit(max_norm = "small")
    fit(weights = 1:3)
    fit(weights = c(-1, rep(1, 149)))
    fit(standardize = "z-score")
    fit(init = "he")
    fit(init = list(list(weight = diag(2), bias = c(0, 0))))
    fit(shuffle = 1)
    fit(threads = 0)
    fit(preset = "fancy")
    fit(epochz = 3)
  })
})

test_that("predictors of the wrong kind are refused", {
  y <- iris$Species
  expect_conditions({
    mlp_fit(1:3, 1:3)
    mlp_fit("a", 1:3)
    mlp_fit(NULL, 1:3)
    mlp_fit(matrix("a", 3), 1:3)
    mlp_fit(iris_x[, 0], y)
    mlp_fit(iris_x[0, ], y[0])
    mlp_fit(iris[0, 1:4], y[0])
    mlp_fit(iris[0], y)
    mlp_fit(iris_x[, c(1, 1)], y)
    mlp_fit(data.frame(a = 1:2, when = Sys.Date() + 0:1), 1:2)
    mlp_fit(tibble::tibble(a = 1:2, l = list(1, 2)), 1:2)
    mlp_fit(y ~ when, data.frame(y = 1:2, when = Sys.Date() + 0:1))
    mlp_fit(array(0, 2:4), 1:2)
    mlp_fit(y ~ x, list(y = 1:2, x = 1:2))
  })
})

test_that("an argument that cannot be evaluated is named", {
  expect_conditions({
    mlp_fit(Species ~ ., iris, weights = Sepal.Length)
    mlp_fit(iris[1:4], y = Species)
    mlp_fit(iris_x, iris$Species, epochs = stop("no"))
    mlp_fit(Species ~ ., nowhere)
    mlp_fit(iris_x, iris$Species, optimizer = opt_sgd(-1))
  })
})

test_that("names from other packages lead to those of this one", {
  for (name in unlist(fit_synonyms)) {
    arguments <- rlang::set_names(list(iris_x, iris$Species, 1), c("", "", name))
    if (name %in% c("x", "y")) next # which are arguments here
    cnd <- expect_error(do.call(mlp_fit, arguments), class = "fastmlp_error_dots")
    hint <- names(Filter(function(names) name %in% names, fit_synonyms))
    expect_match(conditionMessage(cnd), hint, fixed = TRUE)
  }
  expect_conditions({
    mlp_fit(iris_x, iris$Species, lr = 0.1)
    mlp_fit(x = Species ~ ., data = iris)
    mlp_fit(data = iris, formula = Species ~ .)
  })
})

test_that("columns of other kinds are refused with advice in every interface, and logicals agree", {
  when <- as.POSIXct("2026-01-01", tz = "UTC") + 0:3
  data <- data.frame(y = c(1, 3, 2, 4), n = 4:1)
  with_column <- function(column) {
    data$other <- column
    list(frame = data[-1], data = data)
  }
  for (column in list(as.Date(when), when, when - when[1], as.POSIXlt(when), as.raw(1:4))) {
    given <- with_column(column)
    expect_error(mlp_fit(given$frame, data$y), "as.numeric(x$other)", fixed = TRUE)
    expect_error(mlp_fit(y ~ ., given$data), "as.numeric(data$other)", fixed = TRUE)
    works <- transform(data, other = as.numeric(column))
    expect_s3_class(suppressWarnings(small_fit(y ~ ., works)), "fastmlp")
  }
  expect_error(mlp_fit(with_column(1:4 + 2i)$frame, data$y), "Re(x$other)", fixed = TRUE)
  expect_error(mlp_fit(with_column(I(list(1, 2, 3, 4)))$frame, data$y), class = "fastmlp_error_columns")
  expect_error(mlp_fit(with_column(diag(4))$frame, data$y), class = "fastmlp_error_columns")
  flags <- iris_x > rep(colMeans(iris_x), each = 150)
  fit <- small_fit(flags, iris$Species)
  frame <- small_fit(as.data.frame(flags), iris$Species)
  formula <- small_fit(Species ~ ., data.frame(flags, Species = iris$Species))
  numbers <- small_fit(flags + 0, iris$Species)
  for (other in list(frame, formula, numbers)) expect_identical(other$network, fit$network)
})

test_that("an infinite batch is all rows", {
  expect_identical(
    small_fit(iris_x, iris$Species, batch_size = Inf)$network,
    small_fit(iris_x, iris$Species, batch_size = 150)$network
  )
})

test_that("names that are no R names work in every interface", {
  data <- data.frame("a b" = c(1, 2, 4, 3), "if" = c("u", "v", "u", "v"), y = 1:4, check.names = FALSE)
  fit <- small_fit(y ~ ., data)
  expect_identical(fit$predictors$names, c("a b", "ifv"))
  expect_identical(predict(fit, data), predict(small_fit(data[1:2], data$y), data))
})

test_that("a data frame and a formula fit as their model matrix does, bit for bit", {
  set.seed(9)
  data <- data.frame(
    n = rnorm(90), i = sample(-4:4, 90, TRUE), l = rep_len(c(TRUE, TRUE, FALSE), 90),
    f = factor(rep_len(c("b", "a", "c"), 90)), s = sample(c("u", "v"), 90, TRUE)
  )
  data$o <- factor(rep_len(c("no", "yes"), 90), ordered = TRUE)
  y <- factor(sample(c("p", "q"), 90, TRUE))
  dense <- stats::model.matrix(
    ~ . + 0, transform(data, l = l + 0, o = factor(o, ordered = FALSE)),
    lapply(list(f = data$f, s = factor(data$s), o = data$o), function(f) stats::contrasts(f, FALSE))
  )
  dense <- one_for_two_levels(dense, data)
  same <- function(...) {
    matrix <- small_fit(dense, y, ...)
    parts <- c("network", "history", "predictors", "standardize")
    frame <- small_fit(data, y, ...)
    expect_identical(frame[parts], matrix[parts])
    expect_identical(small_fit(y ~ ., cbind(data, y), ...)[parts], matrix[parts])
    expect_identical(predict(frame, data, type = "raw"), predict(matrix, dense, type = "raw"))
    expect_identical(predict(frame, data[7, ]), predict(matrix, dense[7, , drop = FALSE]))
  }
  expect_identical(
    colnames(dense), c("n", "i", "l", "fa", "fb", "fc", "sv", "oyes")
  )
  same()
  same(standardize = "zscore", weights = rep(1:3, 30))
  same(standardize = "robust", validation = 0.3)
  same(standardize = "zscore", validation = 0.3, patience = 2)
  frame <- small_fit(data, y, validation = list(x = data[5:44, ], y = y[5:44]))
  matrix <- small_fit(dense, y, validation = list(x = dense[5:44, ], y = y[5:44]))
  formula <- small_fit(y ~ ., cbind(data, y), validation = cbind(data, y)[5:44, ])
  expect_identical(frame$history, matrix$history)
  expect_identical(formula$history, matrix$history)
})
