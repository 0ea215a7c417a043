# Kinds of columns: what each way in takes, and what it refuses by name.

kinds <- data.frame(
  number = sin(1:60), flag = rep(c(TRUE, FALSE), 30),
  size = factor(rep(c("s", "m", "l"), 20), c("s", "m", "l"), ordered = TRUE), y = cos(1:60)
)
kinds$day <- as.Date("2024-01-01") + 1:60
kinds$time <- as.POSIXct("2024-01-01", tz = "UTC") + 1:60
kinds$parts <- as.POSIXlt(kinds$time)
kinds$span <- as.difftime(1:60, units = "mins")
kinds$phase <- complex(real = 1:60)
kinds$bag <- as.list(1:60)
kinds$pair <- matrix(1:120, 60)

# A fit to `number` and a column, and rows for it, each way.
ways <- list(
  columns = function(name) small_fit(kinds[c("number", name)], kinds$y),
  formula = function(name) small_fit(stats::reformulate(c("number", name), "y"), kinds),
  recipe = function(name) {
    small_fit(recipes::recipe(stats::reformulate(c("number", name), "y"), kinds), kinds)
  }
)
ways_here <- function() if (rlang::is_installed("recipes")) ways else ways[-3]

test_that("logicals are 0 and 1, ordered factors are encoded as others", {
  number <- transform(kinds, flag = as.numeric(flag))
  other <- transform(kinds, size = factor(size, c("l", "s", "m"), ordered = FALSE))
  for (way in ways_here()) {
    fit <- way("flag")
    expect_identical(fit$predictors$names, c("number", "flag"))
    expect_identical(predict(fit, number), predict(fit, kinds))
    fit <- way("size")
    expect_identical(fit$predictors$names, c("number", "sizes", "sizem", "sizel"))
    expect_identical(predict(fit, other), predict(fit, kinds))
    expect_identical(predict(fit, transform(kinds, size = as.character(size))), predict(fit, kinds))
  }
  by_numbers <- small_fit(number[c("number", "flag")], kinds$y)
  expect_identical(coef(by_numbers), coef(ways$columns("flag")))
  by_plain <- small_fit(transform(kinds, size = factor(size, ordered = FALSE))[c("number", "size")], kinds$y)
  expect_identical(coef(by_plain), coef(ways$columns("size")))
  flags <- cbind(kinds$flag, kinds$number > 0)
  expect_identical(coef(small_fit(flags, kinds$y)), coef(small_fit(flags + 0, kinds$y)))
  expect_identical(predict(small_fit(flags, kinds$y), flags), predict(small_fit(flags, kinds$y), flags + 0))
})

test_that("dates, times, lists and the like are refused by name", {
  for (way in ways_here()) {
    for (name in c("day", "time", "parts", "span", "phase", "bag", "pair")) {
      expect_error(way(name), sprintf("column `%s`", name), class = "fastmlp_error_columns")
    }
  }
  for (values in list(kinds$phase, as.character(kinds$y), kinds$bag, as.raw(1:60))) {
    expect_error(small_fit(matrix(values), kinds$y), "`x` must be a numeric matrix",
                 class = "fastmlp_error_type")
  }
})

test_that("columns of another kind than in training are refused by name", {
  other <- list(
    flag = list(kinds$day, kinds$size, as.character(kinds$flag), kinds$bag),
    size = list(kinds$day, kinds$flag, kinds$number, kinds$bag),
    number = list(kinds$day, kinds$time, kinds$parts, kinds$span, kinds$size, kinds$phase, kinds$pair)
  )
  for (name in names(other)) {
    for (way in ways_here()) {
      fit <- way(if (name == "number") "flag" else name)
      for (column in other[[name]]) {
        rows <- kinds
        rows[[name]] <- column
        expect_error(predict(fit, rows), name, class = "fastmlp_error")
      }
    }
  }
  fit <- small_fit(cbind(a = kinds$number), kinds$y)
  expect_error(predict(fit, data.frame(a = kinds$day)), "`new_data\\$a` must be numeric",
               class = "fastmlp_error_columns")
  expect_error(predict(fit, cbind(a = kinds$phase)), "must be a numeric matrix", class = "fastmlp_error_type")
  error <- expect_error(predict(fit, data.frame(a = kinds$size)), class = "fastmlp_error_columns")
  expect_match(conditionMessage(error), "as.numeric(as.character(new_data$a))", fixed = TRUE)
})

test_that("a formula's functions take dates, at predict only dates", {
  fit <- small_fit(y ~ as.numeric(day) + number, kinds, standardize = "zscore")
  expect_identical(predict(fit, kinds[1:2, ]), predict(fit, kinds)[1:2, ])
  for (column in list(as.character(kinds$day), kinds$time, as.numeric(kinds$day))) {
    rows <- kinds
    rows$day <- column
    expect_error(predict(fit, rows), "`new_data\\$day` must be of class \"Date\"",
                 class = "fastmlp_error_columns")
  }
})

# Ordered factors among others, and the same with numbers in their place.
ranked <- data.frame(
  number = sin(1:80), size = factor((1:80 * 7) %% 4, 0:3, c("s", "m", "l", "xl"), ordered = TRUE),
  f = factor(rep_len(c("a", "b", "c"), 80)), grade = factor(1 + (1:80 * 3) %% 11, ordered = TRUE),
  pair = factor(rep_len(c("lo", "hi", "hi"), 80), c("lo", "hi"), ordered = TRUE)
)
ranked$y <- ranked$number + as.integer(ranked$size)^2 / 8 - as.integer(ranked$grade) / 6

with_scores <- function(data) transform(data, size = as.integer(size), grade = as.integer(grade))

# Fits to all columns of data, each way.
whole_ways <- function() {
  ways <- list(
    columns = function(data, ...) small_fit(data[names(data) != "y"], data$y, ...),
    formula = function(data, ...) small_fit(y ~ ., data, ...),
    recipe = function(data, ...) small_fit(recipes::recipe(y ~ ., data), data, ...)
  )
  if (rlang::is_installed("recipes")) ways else ways[-3]
}

test_that("an ordered factor that is scored is the number of its level, each way", {
  settings <- list(standardize = "robust_clip", numeric_embedding = embed_periodic(4), validation = 0.2)
  others <- list(
    size = list(as.character(ranked$size), factor(ranked$size, c("xl", "l", "s", "m"), ordered = TRUE),
                factor(ranked$size, ordered = FALSE)),
    grade = list(as.character(ranked$grade), factor(ranked$grade, 11:1, ordered = TRUE))
  )
  for (way in whole_ways()) {
    fit <- do.call(way, c(list(ranked, ordered_factors = "scores"), settings))
    same <- do.call(way, c(list(with_scores(ranked)), settings))
    expect_identical(fit$predictors$names, c("number", "size", "fa", "fb", "fc", "grade", "pairhi"))
    expect_identical(coef(fit), coef(same))
    expect_identical(fit[c("history", "standardize")], same[c("history", "standardize")])
    expected <- predict(same, with_scores(ranked))
    expect_identical(predict(fit, ranked), expected)
    expect_identical(predict(fit, ranked[3:2, ]), expected[3:2, ])
    for (name in names(others)) for (column in others[[name]]) {
      expect_identical(predict(fit, replace(ranked, name, list(column))), expected)
    }
    expect_error(predict(fit, with_scores(ranked)), class = "fastmlp_error")
    shorter <- do.call(way, c(list(ranked, ordered_factors = "scores", epochs = 1), settings))
    given <- if (fit_interface(fit) == "xy") list(ranked[names(ranked) != "y"], ranked$y) else list(ranked)
    expect_identical(coef(do.call(mlp_continue, c(list(shorter), given, epochs = 2))), coef(fit))
  }
})

test_that("plain fits keep indicators, tuned ones score, and embed no factor that is scored", {
  tuned <- function(..., preset = "fast") small_fit(y ~ ., ranked, preset = preset, epochs = 2, ...)
  plain <- small_fit(y ~ ., ranked)
  expect_identical(plain$arguments$ordered_factors, "indicators")
  unordered <- transform(ranked, size = factor(size, ordered = FALSE), grade = factor(grade, ordered = FALSE))
  expect_identical(coef(plain), coef(small_fit(y ~ ., unordered)))
  for (preset in c("tabular", "fast")) {
    fit <- tuned(preset = preset)
    expect_identical(fit$arguments$ordered_factors, "scores")
    expect_identical(fit$predictors$scored, c("size", "grade"))
    expect_identical(names(coef(fit)[[1]]$embedding), c("number", "size", "grade"))
    expect_identical(fit$arguments$factor_embedding, "none")
  }
  as_before <- tuned(ordered_factors = "indicators")
  expect_identical(as_before$predictors$embedded, "grade")
  expect_null(as_before$predictors$scored)
  expect_identical(small_fit(y ~ f + pair, ranked, preset = "fast")$arguments$ordered_factors, "indicators")
})

test_that("in a formula with interactions or functions ordered factors stay indicators", {
  for (formula in list(y ~ size * number, y ~ size + exp(number))) {
    expect_error(small_fit(formula, ranked, ordered_factors = "scores"), "make factors indicators",
                 class = "fastmlp_error_value")
    fit <- small_fit(formula, ranked, preset = "fast")
    expect_identical(fit$arguments$ordered_factors, "indicators")
    expect_true(all(paste0("size", levels(ranked$size)) %in% fit$predictors$names))
  }
})

test_that("a scored level that is missing is filled in, one that is new lies in the middle", {
  gaps <- ranked
  gaps$size[c(2, 9, 33)] <- NA
  for (way in whole_ways()) {
    fit <- way(gaps, ordered_factors = "scores", na_action = "impute", new_levels = "unknown",
               validation = 0.3)
    trained <- gaps$size[-fit$state$held]
    expect_identical(as.character(fit$predictors$fill$size), names(which.max(table(trained))))
    filled <- gaps
    filled$size[is.na(gaps$size)] <- fit$predictors$fill$size
    by_hand <- cbind(with_scores(filled)[names(filled) != "y"], size_missing = is.na(gaps$size), y = gaps$y)
    same <- way(by_hand, validation = 0.3)
    expect_identical(coef(fit), coef(same))
    expect_identical(predict(fit, gaps), predict(same, by_hand))
    expect_warning(lacking <- predict(fit, transform(ranked[1:4, ], grade = NA)),
                   class = "fastmlp_warning_missing")
    expect_false(anyNA(lacking))
  }
  new <- transform(ranked[1:4, ], size = c("xs", "m", "s", "xl"))
  for (way in whole_ways()[1:2]) {
    fit <- way(ranked, ordered_factors = "scores", new_levels = "unknown")
    numbers <- transform(with_scores(ranked[1:4, ]), size = c(2.5, 2, 1, 4))
    same <- way(transform(with_scores(ranked), size = as.double(size)))
    expect_identical(predict(fit, new), predict(same, numbers))
    expect_error(predict(way(ranked, ordered_factors = "scores"), new), class = "fastmlp_error_levels")
  }
})

test_that("explanations speak of a scored factor as one predictor with its levels", {
  fit <- small_fit(y ~ ., ranked, ordered_factors = "scores", standardize = "zscore", epochs = 20,
                   activation = "tanh", optimizer = opt_sgd(0.02), hidden_units = 8)
  predictors <- setdiff(names(ranked), "y")
  expect_setequal(mlp_importance(fit, ranked, repeats = 2)$predictor, predictors)
  expect_identical(sum(mlp_importance(fit, method = "olden")$predictor == "size"), 1L)
  partial <- mlp_partial(fit, ranked, "size")
  expect_identical(partial$size, factor(levels(ranked$size), levels(ranked$size)))
  by_loop <- vapply(levels(ranked$size), function(level) {
    mean(predict(fit, transform(ranked, size = level))$.pred)
  }, 1, USE.NAMES = FALSE)
  expect_equal(partial$.pred, by_loop, tolerance = 1e-6)
  from <- ranked[7, ]
  added <- mlp_attribution(fit, ranked[1:5, ], "integrated", baseline = from)
  expect_identical(unique(added$predictor), predictors)
  wanted <- predict(fit, ranked[1:5, ])$.pred - predict(fit, from)$.pred
  expect_equal(as.vector(tapply(added$attribution, added$row, sum)), wanted, tolerance = 1e-3)
})

test_that("an outcome among the predictors is found in a scored factor's coding, too", {
  y <- c(10, 20, 40, 80)[ranked$size]
  expect_warning(small_fit(ranked[c("number", "size")], y, ordered_factors = "scores"), "`size`",
                 class = "fastmlp_warning_outcome")
})
