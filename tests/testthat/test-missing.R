set.seed(7)
rows <- 60
gaps <- data.frame(
  a = rnorm(rows), i = sample(9L, rows, TRUE), f = factor(rep_len(c("u", "v", "v", "w"), rows)),
  s = rep_len(c("no", "yes", "yes"), rows), l = rep_len(c(TRUE, TRUE, FALSE), rows), full = runif(rows)
)
gaps$a[c(2, 9, 30)] <- NA
gaps$i[5] <- NA
gaps$f[c(2, 40)] <- NA
gaps$s[11] <- NA
gaps$l[c(3, 60)] <- NA
y <- rnorm(rows)
lacking <- c("a", "i", "f", "s", "l")

fit_gaps <- function(..., na_action = "impute") {
  small_fit(..., na_action = na_action, optimizer = opt_sgd(0.01), standardize = "zscore")
}

# What a user would do by hand, with statistics of some rows.
by_hand <- function(data, from = seq_len(nrow(data))) {
  most <- function(x) names(which.max(table(x)))
  for (name in c("a", "i")) data[[name]] <- as.double(data[[name]])
  filled <- data
  for (name in c("a", "i")) filled[[name]][is.na(data[[name]])] <- median(data[[name]][from], na.rm = TRUE)
  for (name in c("f", "s")) filled[[name]][is.na(data[[name]])] <- most(data[[name]][from])
  filled$l[is.na(data$l)] <- as.logical(most(data$l[from]))
  for (name in lacking) filled[[paste0(name, "_missing")]] <- is.na(data[[name]])
  filled
}

parts <- c("network", "history", "standardize")

test_that("imputed columns are those made by hand, from the training rows alone", {
  for (validation in list(0, 0.3, c(1:4, 9L), c(30L, 2L, 9L))) {
    set.seed(1)
    fit <- fit_gaps(gaps, y, validation = validation)
    train <- setdiff(seq_len(rows), fit$state$held)
    hand <- by_hand(gaps, train)
    set.seed(1)
    expected <- fit_gaps(hand, y, validation = validation, na_action = "error")
    expect_identical(fit[parts], expected[parts])
    expect_identical(fit$predictors$names, expected$predictors$names)
    expect_identical(predict(fit, gaps), predict(expected, hand))
    expect_identical(predict(fit, gaps[7, ]), predict(expected, hand[7, ]))
    formula <- fit_gaps(y ~ ., cbind(gaps, y), validation = validation)
    expect_identical(formula[parts], expected[parts])
    expect_identical(predict(formula, gaps), predict(expected, hand))
  }
  shares <- sapply(1:5, function(seed) {
    set.seed(seed)
    mlp_fit(gaps, y, na_action = "impute", validation = 0.5, hidden_units = 2, epochs = 1,
            verbose = FALSE)$predictors$fill$a
  })
  expect_gt(length(unique(shares)), 1)
})

test_that("columns that lack values in the same rows are no mistake, those that the user repeats are", {
  data <- data.frame(a = sin(1:40), b = cos(1:40), y = tan(1:40))
  data[3:5, c("a", "b")] <- NA
  expect_no_warning(fit <- small_fit(y ~ ., data, na_action = "impute"))
  expect_identical(fit$predictors$indicators, c(a = "a_missing", b = "b_missing"))
  expect_no_warning(small_fit(as.matrix(data[1:2]), data$y, na_action = "impute"))
  data$twice <- data$a
  expect_warning(small_fit(y ~ ., data, na_action = "impute"), "1 duplicated column: `twice`",
                 class = "fastmlp_warning_duplicated")
  data$twice <- ifelse(is.na(data$a), NA, 2)
  expect_warning(small_fit(y ~ ., data, na_action = "impute"), "1 constant column: `twice`",
                 class = "fastmlp_warning_constant")
})

test_that("a matrix, its data frame and validation data are imputed alike", {
  x <- as.matrix(gaps[c("a", "i", "full")])
  fit <- fit_gaps(x, y, validation = list(x = x[1:20, ], y = y[1:20]))
  frame <- fit_gaps(as.data.frame(x), y, validation = list(x = as.data.frame(x)[1:20, ], y = y[1:20]))
  expect_identical(fit[parts], frame[parts])
  expect_identical(fit$predictors$names, c("a", "i", "full", "a_missing", "i_missing"))
  expect_identical(predict(fit, x), predict(frame, as.data.frame(x)))
  expect_identical(predict(fit, x[, 3:1]), predict(fit, as.data.frame(x)))
  expect_identical(predict(fit_gaps(unname(x), y), unname(x)), predict(fit_gaps(x, y), x))
  expect_equal(dim(coef(fit)[[1]]$weight), c(5, 4))
  again <- fit_gaps(x[-(1:9), "full", drop = FALSE], y[-(1:9)])
  plain <- fit_gaps(x[-(1:9), "full", drop = FALSE], y[-(1:9)], na_action = "error")
  expect_identical(again[parts], plain[parts])
})

test_that("terms of a formula are made of complete columns", {
  data <- transform(cbind(gaps, y), a = a + 5)
  fit <- fit_gaps(y ~ log(a) + f:full + l, data, validation = 0.2)
  filled <- by_hand(data, setdiff(seq_len(rows), fit$state$held))
  wanted <- c("a_missing", "f_missing", "l_missing")
  hand <- fit_gaps(y ~ log(a) + f:full + l + a_missing + f_missing + l_missing, filled,
                   validation = 0.2, na_action = "error")
  expect_setequal(fit$predictors$names, hand$predictors$names)
  expect_identical(utils::tail(fit$predictors$names, 3), wanted)
  x <- forge_predictors(data, fit$blueprint, fit$predictors, "x", NULL)
  other <- forge_predictors(filled, hand$blueprint, hand$predictors, "x", NULL)
  for (name in fit$predictors$names) expect_equal(as.double(x[[name]]), unname(other[, name]))
})

test_that("rows left out are as if they had never been there", {
  data <- cbind(gaps, y)
  data$y[8] <- NA
  weights <- replace(rep(1:2, 30), 20, NA)
  whole <- complete.cases(data) & !is.na(weights)
  held <- c(2L, 3L, 12L, 41L)
  expect_message(
    fit <- fit_gaps(y ~ ., data, weights = weights, na_action = "omit", validation = held),
    class = "fastmlp_message_omitted"
  )
  expected <- fit_gaps(y ~ ., data[whole, ], weights = weights[whole], na_action = "error",
                       validation = seq_len(rows)[whole] %in% held)
  expect_identical(fit[parts], expected[parts])
  frame <- suppressMessages(fit_gaps(gaps, data$y, weights = weights, na_action = "omit",
                                     validation = seq_len(rows) %in% held))
  expect_identical(frame[parts], expected[parts])
  made <- predict(fit, gaps)
  ok <- complete.cases(gaps)
  expect_identical(is.na(made$.pred), !ok)
  expect_identical(made[ok, ], predict(expected, gaps[ok, ]))
  expect_identical(predict(fit, gaps[!ok, ])$.pred, rep(NA_real_, sum(!ok)))
  # What the formula does not use may be missing.
  expect_silent(one <- fit_gaps(full ~ a, data[-c(2, 9, 30), ], na_action = "omit"))
  expect_false(anyNA(predict(one, data[5, ])))
  expect_true(is.na(predict(one, data[2, ])))
})

test_that("predictions of every type keep the rows that lack values", {
  species <- iris$Species
  x <- iris_x
  x[c(4, 77), 2] <- NA
  fit <- suppressMessages(fit_gaps(x, species, na_action = "omit"))
  for (type in c("class", "prob", "raw")) {
    made <- predict(fit, x, type = type)
    expect_identical(which(!complete.cases(made)), c(4L, 77L))
    expect_identical(made[-c(4, 77), ], predict(fit, x[-c(4, 77), ], type = type))
  }
  expect_identical(levels(predict(fit, x)$.pred_class), levels(species))
})

test_that("offsets that are missing leave rows out, too", {
  data <- transform(gaps[c("full", "i")], n = rpois(rows, 3), e = replace(runif(rows), 6, NA))
  fit <- function(...) {
    suppressMessages(small_fit(..., loss = "poisson", na_action = "omit", optimizer = opt_sgd(0.01)))
  }
  formula <- fit(n ~ full + i + offset(e), data)
  argument <- fit(data[c("full", "i")], data$n, offset = data$e)
  expect_identical(formula[parts], argument[parts])
  expect_identical(formula$training$rows, 58L)
  expected <- predict(argument, data, offset = data$e)
  expect_identical(which(is.na(expected$.pred)), 5:6)
  expect_identical(predict(formula, data), expected)
})

test_that("training goes on with the rows and the values of the fit", {
  for (na_action in c("impute", "omit")) {
    fit <- function(epochs) {
      set.seed(3)
      suppressMessages(mlp_fit(gaps, y, na_action = na_action, validation = 0.2, epochs = epochs,
                               hidden_units = 3, verbose = FALSE, optimizer = opt_adam()))
    }
    more <- suppressMessages(mlp_continue(fit(2), gaps, y, epochs = 3))
    expect_identical(more[c("network", "history")], fit(5)[c("network", "history")])
    data <- cbind(gaps, y)
    by_formula <- suppressMessages(fit_gaps(y ~ ., data, validation = data, na_action = na_action))
    more <- suppressMessages(mlp_continue(by_formula, data, validation = data, epochs = 1))
    expect_identical(more$training$rows, by_formula$training$rows)
  }
})

test_that("an ensemble, training again and a checkpoint take columns that lack values", {
  fit <- fit_gaps(gaps, y, ensemble = 3, validation = 0.3, refit = TRUE, patience = 3)
  expect_identical(fit$predictors$fill$a, median(gaps$a, na.rm = TRUE))
  expect_false(anyNA(predict(fit, gaps)))
  file <- withr::local_tempfile()
  whole <- fit_gaps(gaps, y, checkpoint = file, validation = 0.2)
  expect_identical(fit_gaps(gaps, y, checkpoint = file, validation = 0.2)$network, whole$network)
  expect_error(fit_gaps(na.omit(gaps), y[complete.cases(gaps)], checkpoint = file, validation = 0.2),
               class = "fastmlp_error_file")
})

test_that("numbers that are embedded are those of the user, not the indicators", {
  x <- as.matrix(gaps[c("a", "i", "full")])
  fit <- fit_gaps(x, y, numeric_embedding = embed_periodic(frequencies = 4))
  embedded <- function(fit) vapply(fit$network$layers[[1]]$embedding, function(own) own$column, 1L)
  expect_identical(embedded(fit), 1:3)
  formula <- fit_gaps(y ~ I(a) + full, cbind(gaps, y), numeric_embedding = embed_periodic(4))
  expect_identical(embedded(formula), 1:2)
})

test_that("embedded factors stay so where what fills in comes from the training rows", {
  data <- cbind(gaps, y = y)
  embedding <- embed_factors(dim = 2, min_levels = 3)
  settings <- list(factor_embedding = embedding, validation = 0.3, rate_factors = c(factor_embedding = 0.5))
  ways <- list(list(gaps, y), list(y ~ ., data))
  if (requireNamespace("recipes", quietly = TRUE)) ways[[3]] <- list(recipes::recipe(y ~ ., data), data)
  for (way in ways) {
    fit <- do.call(fit_gaps, c(way, settings))
    hand <- by_hand(gaps, setdiff(seq_len(rows), fit$state$held))
    settings$na_action <- "error"
    expected <- do.call(fit_gaps, c(list(hand, y), settings))
    settings$na_action <- NULL
    expect_identical(coef(fit), coef(expected))
    expect_identical(predict(fit, gaps), predict(expected, hand))
    data_of <- if (is.data.frame(way[[1]])) way else way[2]
    longer <- do.call(mlp_continue, c(list(fit), data_of, epochs = 2))
    expect_identical(coef(longer), coef(do.call(fit_gaps, c(way, settings, epochs = 5))))
  }
  expect_no_error(mlp_fit(transform(gaps, f = factor(rep_len(letters, rows))), y, preset = "tabular",
                          na_action = "impute", epochs = 2, ensemble = 1, verbose = FALSE))
})

test_that("new levels are none of the known ones where the fit says so", {
  data <- cbind(na.omit(gaps), y = y[complete.cases(gaps)])
  new <- data[1:3, ]
  new$f <- c("other", "u", "w")
  new$s <- c("yes", "perhaps", "no")
  for (formula in list(y ~ f + s + full, y ~ f + s + f:full + f:s)) {
    fit <- small_fit(formula, data, new_levels = "unknown", optimizer = opt_sgd(0.01))
    x <- forge_predictors(new, fit$blueprint, fit$predictors, "x", NULL)
    values <- vapply(seq_along(fit$predictors$names), encoded_column, double(3), x = x)
    colnames(values) <- fit$predictors$names
    of_f <- grepl("^f", colnames(values)) & colnames(values) != "full"
    of_s <- grepl("(^|:)s", colnames(values))
    expect_true(all(values[1, of_f] == 0) && all(values[2, of_s] == 0))
    expect_true(all(rowSums(values[2:3, of_f, drop = FALSE] != 0) > 0))
    expect_true(all(is.finite(predict(fit, new)$.pred)))
    error <- small_fit(formula, data, optimizer = opt_sgd(0.01))
    expect_identical(predict(fit, data), predict(error, data))
    expect_error(predict(error, new), class = "fastmlp_error_levels")
  }
  imputed <- small_fit(data[c("f", "full")], data$y, new_levels = "unknown", na_action = "impute")
  expect_warning(other <- predict(imputed, transform(new, f = NA)), class = "fastmlp_warning_missing")
  expect_false(identical(other, predict(imputed, new)))
})

test_that("a preset may hold the policy", {
  preset <- mlp_preset("fast", "regression", 60, 6)
  preset$na_action <- "impute"
  preset$epochs <- 2L
  fit <- mlp_fit(gaps, y, preset = preset, verbose = FALSE)
  expect_identical(fit$arguments$na_action, "impute")
  expect_false(anyNA(predict(fit, gaps)))
})

test_that("fits from before, without a policy, predict and refuse as they did", {
  fit <- small_fit(iris, -iris$Sepal.Length, optimizer = opt_sgd(1e-4))
  old <- fit
  old$predictors <- old$predictors[c("names", "named")]
  expect_identical(predict(old, iris), predict(fit, iris))
  expect_error(predict(old, replace(iris, 1, NA_real_)), class = "fastmlp_error_missing")
  expect_error(predict(old, transform(iris, Species = "new")), class = "fastmlp_error_levels")
  # Two levels were two indicators.
  two <- data.frame(n = iris$Petal.Width, f = factor(rep(c("a", "b"), 75)), y = iris$Sepal.Width)
  fit <- small_fit(y ~ n + f, two, optimizer = opt_sgd(0.01))
  old <- fit
  old$predictors$names <- c("n", "fa", "fb")
  weight <- fit$network$layers[[1]]$weight
  old$network$layers[[1]]$weight <- rbind(weight[1, ], -weight[2, ], weight[2, ])
  old$network$inputs <- 3L
  expect_equal(predict(old, two), predict(fit, two), tolerance = 1e-6)
})

test_that("what cannot be done with missing values is said", {
  empty <- transform(gaps, a = NA_real_)
  broken <- fit_gaps(gaps, y)
  broken$predictors$fill$a <- NA
  expect_conditions({
    mlp_fit(gaps[c("a", "full")], y)
    mlp_fit(gaps["f"], y)
    mlp_fit(y ~ s, cbind(gaps, y))
    mlp_fit(gaps, replace(y, 3, NA))
    mlp_fit(gaps, replace(y, 3, NA), na_action = "impute")
    mlp_fit(transform(gaps, full = replace(full, 4, Inf)), y, na_action = "impute")
    mlp_fit(empty, y, na_action = "impute")
    mlp_fit(empty, y, na_action = "omit")
    mlp_fit(gaps, y[1:9], na_action = "omit")
    mlp_fit(gaps, y, weights = 1:9, na_action = "omit")
    mlp_fit(gaps, y, validation = c(2, 9), na_action = "omit")
    mlp_fit(gaps, y, na_action = "drop")
    mlp_fit(gaps, y, new_levels = "ignore")
    fit <- fit_gaps(gaps, y)
    made <- predict(fit, transform(gaps, full = NA))
    predict(fit, transform(gaps, f = "new"))
    predict(broken, gaps)
    fit <- fit_gaps(y ~ ., cbind(gaps, y), na_action = "omit", validation = cbind(gaps, y))
    fit <- fit_gaps(as.matrix(gaps[c("a", "i")]), y, na_action = "omit")
    fit <- fit_gaps(unname(as.matrix(gaps[c("a", "i")])), y, na_action = "omit")
  })
})

test_that("rows that parsnip leaves out by itself are counted", {
  skip_if_not_installed("parsnip", "1.1.0")
  spec <- parsnip::set_engine(parsnip::mlp("regression", epochs = 1), "fastmlp", preset = "plain",
                              na_action = "impute", standardize = "zscore")
  expect_warning(parsnip::fit(spec, Ozone ~ ., airquality), "left out 42 rows of 153 with missing values",
                 class = "fastmlp_warning_missing")
  ozone <- airquality[!is.na(airquality$Ozone), ]
  whole <- expect_no_warning(parsnip::fit_xy(spec, ozone[-1], ozone$Ozone))
  expect_equal(whole$fit$training$rows, nrow(ozone))
  expect_no_warning(parsnip::fit(spec, Ozone ~ ., stats::na.omit(airquality)))
})

test_that("what fills in counts rows by their weights", {
  data <- data.frame(a = replace(c(1:10, 40:28), c(11, 20), NA),
                     f = factor(rep(c("u", "v", NA, "u", "w"), length.out = 23)),
                     l = rep(c(TRUE, FALSE, NA), length.out = 23), y = 1:23)
  weights <- rep(c(1, 0, 2, 5), length.out = 23)
  repeated <- data[rep(1:23, weights), ]
  fit <- function(data, ...) {
    set.seed(1)
    mlp_fit(y ~ ., data, na_action = "impute", hidden_units = 3, batch_size = Inf, preset = "plain",
            standardize = "zscore", optimizer = opt_sgd(0.001), verbose = FALSE, ...)
  }
  for (other in list(NULL, data[3:8, ])) {
    weighted <- fit(data, weights = weights, validation = other)
    doubled <- fit(repeated, validation = other)
    expect_identical(weighted$predictors$fill, doubled$predictors$fill)
    expect_equal(weighted$standardize, doubled$standardize)
    expect_equal(coef(weighted), coef(doubled), tolerance = 1e-5)
    expect_equal(weighted$history, doubled$history, tolerance = 1e-5)
  }
  heavy <- fit(data, weights = replace(rep(1, 23), 23, 50))$predictors$fill
  expect_identical(heavy$a, 28)
  expect_identical(fit(data, validation = 20:23)$predictors$fill, fit(data[-(20:23), ])$predictors$fill)
})
