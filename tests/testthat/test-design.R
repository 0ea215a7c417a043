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
