test_that("functions and interactions work in formulas", {
  fit <- small_fit(log(mpg) ~ log(wt) + I(hp / 100) + cyl:am + poly(qsec, 2) + (wt > 3), mtcars)
  expect_identical(fit$network$inputs, 7L)
  expect_identical(nrow(predict(fit, mtcars[1:3, ])), 3L)
  expect_identical(predict(fit, mtcars[1:3, ]), predict(fit, mtcars)[1:3, ])
})

test_that("a logical column is one input, as in a data frame", {
  data <- transform(mtcars[c("mpg", "wt")], am = mtcars$am == 1)
  fit <- small_fit(mpg ~ am + wt, data)
  expect_identical(fit$predictors$names, c("am", "wt"))
  expect_identical(fit$network, small_fit(data[c("am", "wt")], data$mpg)$network)
  expect_identical(nrow(predict(fit, data[1:2, ])), 2L)
})

test_that("the columns of cbind() keep their names", {
  bound <- small_fit(cbind(mpg, qsec) ~ wt, mtcars, optimizer = opt_sgd(0.001), validation = mtcars)
  expect_named(predict(bound, mtcars), c(".pred_mpg", ".pred_qsec"))
  summed <- small_fit(mpg + qsec ~ wt, mtcars, optimizer = opt_sgd(0.001))
  expect_identical(bound$network, summed$network)
})

test_that("factors made inside a formula are refused, factor columns are not", {
  data <- transform(mtcars, f = factor(cyl), o = factor(gear, ordered = TRUE), s = paste0("g", am))
  expect_conditions({
    mlp_fit(mpg ~ factor(cyl) + wt, data)
    mlp_fit(mpg ~ wt:cut(hp, 3), data)
    mlp_fit(mpg ~ toupper(s), data)
    mlp_fit(mpg ~ ordered(cyl), data)
  })
  expect_identical(small_fit(mpg ~ f * wt + o + s, data)$network$inputs, 12L)
})

test_that("an outcome that is taken away from the predictors is none of them", {
  fit <- small_fit(Species ~ . - Species, iris)
  expect_identical(fit$network, small_fit(Species ~ ., iris)$network)
  expect_identical(fit$predictors$names, names(iris)[1:4])
  less <- small_fit(mpg ~ . - mpg - wt + log(wt), mtcars, optimizer = opt_sgd(1e-6))
  expect_identical(predict(less, mtcars[-1]), predict(less, mtcars))
  calm <- function(formula) small_fit(formula, mtcars, optimizer = opt_sgd(1e-6))
  expect_identical(calm(log(mpg) ~ . - mpg)$network, calm(log(mpg) ~ .)$network)
  expect_identical(calm(cbind(mpg, wt) ~ . - mpg)$predictors$names, calm(cbind(mpg, wt) ~ .)$predictors$names)
})

test_that("a column that is taken away is as if it had never been there", {
  data <- transform(mtcars, day = Sys.Date(), f = factor(rep(1:4, 8)), hole = replace(qsec, 3, NA))
  there <- data[setdiff(names(data), c("day", "hole"))]
  fit <- function(formula, data) {
    set.seed(1)
    mlp_fit(formula, data, preset = "fast", epochs = 2, verbose = FALSE,
            factor_embedding = embed_factors(min_levels = 3))
  }
  without <- fit(mpg ~ ., there)
  for (formula in list(mpg ~ . - day - hole, mpg ~ . - (day + hole), mpg ~ hole + . - hole - day)) {
    less <- fit(formula, data)
    expect_identical(less$network, without$network)
    expect_identical(predict(less, there), predict(without, there))
    expect_identical(deparse(formula(less)), deparse(formula))
  }
  expect_identical(fit(log(mpg) ~ . - mpg - day - hole, data)$network, fit(log(mpg) ~ ., there)$network)
  fit_plain <- function(formula, data) small_fit(formula, data, optimizer = opt_sgd(1e-7))
  brief <- function(formula, data, ...) {
    mlp_fit(formula, data, preset = "fast", epochs = 1, verbose = FALSE, ...)
  }
  expect_identical(brief(mpg ~ wt + hp + cyl - cyl, mtcars)$predictors$names, c("wt", "hp"))
  imputed <- brief(mpg ~ . - hole - day, data, na_action = "impute")
  expect_false("hole_missing" %in% imputed$predictors$names)
  expect_no_message(brief(mpg ~ . - hole - day, data, na_action = "omit"))
  offset <- fit(mpg ~ . - day - hole - wt + offset(log(wt)), data)
  expect_false("wt" %in% offset$predictors$names)
  expect_true(all(is.finite(predict(offset, data)$.pred)))
  for (formula in list(mpg ~ . - day - hole - wt + log(wt), mpg ~ log(wt) + . - (day + wt) - hole)) {
    logged <- fit_plain(formula, data)
    expect_false(any(c("day", "hole", "wt") %in% logged$predictors$names))
    expect_true("log(wt)" %in% logged$predictors$names)
    expect_true(all(is.finite(predict(logged, there)$.pred)))
  }
  # What another term uses stays.
  kept <- small_fit(mpg ~ wt * hp - wt, mtcars, optimizer = opt_sgd(1e-6))
  expect_identical(kept$predictors$names, c("hp", "wt:hp"))
  expect_conditions(mlp_fit(mpg ~ . - dya, data))
})

test_that("what makes all factors indicators is named", {
  expect_conditions({
    mlp_fit(Sepal.Width ~ Species + log(Petal.Width), iris, ordered_factors = "scores")
    mlp_fit(Sepal.Width ~ Species + log(Petal.Width), iris, factor_embedding = embed_factors(min_levels = 2))
  })
})

test_that("a formula may be given by its name", {
  by_name <- small_fit(formula = Species ~ ., data = iris)
  expect_identical(by_name$network, small_fit(Species ~ ., iris)$network)
})

test_that("an outcome may be computed inside I()", {
  data <- transform(mtcars, difference = mpg - qsec)
  inside <- small_fit(I(mpg - qsec) ~ wt, data)
  expect_identical(inside$network, small_fit(difference ~ wt, data)$network)
  beside <- small_fit(data["wt"], I(data$difference))
  expect_identical(predict(inside, mtcars)$.pred, predict(beside, data)$.pred)
})

test_that("formulas that have no meaning here are refused", {
  data <- data.frame(yes = 1:2, x = 1:2, column = 3:4, s = c("a", "b"))
  own <- function(x) x
  expect_conditions({
    mlp_fit(yes ~ nowhere, data)
    mlp_fit(yes ~ x + colunm, data)
    mlp_fit(yess ~ x, data)
    mlp_fit(yes ~ 1, data)
    mlp_fit(yes ~ x - 1, data)
    mlp_fit(yes ~ x + 0, data)
    mlp_fit(yes ~ x | column, data)
    mlp_fit(yes ~ offset(x), data)
    mlp_fit(yes - column ~ x, data)
    mlp_fit(yes + 1 ~ x, data)
    mlp_fit(~ x, data)
  })
  # What R itself says of these differs between versions of hardhat.
  for (formula in list(yes ~ own(x), yes ~ log(s))) {
    expect_error(mlp_fit(formula, data), "Compute it as a column of `data` first",
                 class = "fastmlp_error_formula")
  }
})

test_that("messages name the user's data", {
  data <- data.frame(y = c(1, 0, 3), x = c(1, 2, NA), z = 1)
  expect_conditions({
    mlp_fit(y ~ x, data)
    mlp_fit(log(y) ~ z, data)
    mlp_fit(x ~ y, data)
  })
  expect_warning(small_fit(y ~ z, data), "`data` has 1 constant column", class = "fastmlp_warning")
})

test_that("new rows whose encoding differs are refused", {
  fit <- small_fit(mpg ~ wt + hp, mtcars, optimizer = opt_sgd(1e-6))
  fit$predictors$names <- c("hp", "wt")
  expect_conditions(predict(fit, mtcars))
})

test_that("a factor or text of one level is refused by name", {
  data <- data.frame(y = 1:4, f = factor(rep("a", 4)), s = "k", x = c(1, 3, 2, 4))
  expect_conditions({
    mlp_fit(y ~ f + x, data)
    mlp_fit(y ~ s + x, data)
    mlp_fit(data[c("f", "x")], data$y)
    mlp_fit(data[c("s", "x")], data$y)
  })
})

test_that("columns taken as they are have the blueprint and names of hardhat's model matrix", {
  data <- data.frame(
    a = c(1, 2, 4), "b c" = 3:1, f = factor(c("u", "v w", "x")), check.names = FALSE
  )
  dense <- data
  dense[["b c"]] <- as.double(data[["b c"]])
  for (formula in list(~ ., ~ f + a, ~ `b c`, ~ f + ., ~ a + f + a)) {
    columns <- data[names(data) %in% all.vars(stats::terms(formula, data = data))]
    direct <- mold_columns(formula, columns)
    molded <- mold_formula(formula, dense[names(columns)], "data", NULL)
    expect_identical(direct$names, molded$names)
    parts <- setdiff(names(molded$blueprint), "levels") # those that some versions of hardhat add
    expect_identical(unclass(direct$blueprint)[parts], unclass(molded$blueprint)[parts])
  }
  expect_null(mold_columns(~ . - a, data))
  expect_null(mold_columns(~ a * f, data))
  expect_null(mold_columns(~ f + log(a), data[c("a", "f")]))
  expect_null(mold_columns(~ ., stats::setNames(data, c("a", "b`c", "f"))))
  expect_null(mold_columns(~ ., data.frame(f = factor(c("a", "b")), fb = 1:2)))
})

test_that("formulas whose columns are taken as they are, and others, agree", {
  data <- transform(mtcars, cyl = factor(cyl), am = am == 1, gear = as.integer(gear))
  data <- data[c("mpg", "wt", "gear", "cyl", "am")]
  fit <- function(formula, ...) small_fit(formula, data, optimizer = opt_sgd(1e-4), ...)
  parts <- c("network", "history", "standardize")
  columns <- fit(mpg ~ wt + cyl + am + gear, validation = data[3:9, ])
  matrix <- fit(mpg ~ I(wt) + cyl + am + gear, validation = data[3:9, ])
  expect_identical(columns[parts], matrix[parts])
  expect_identical(predict(columns, data), predict(matrix, data))
  expect_identical(fit(log(mpg) ~ wt + am)[parts], fit(log(mpg) ~ I(wt) + am)[parts])
  expect_identical(fit(mpg ~ wt + poly(wt, 2) + log(wt))$network$inputs, 4L)
  expect_identical(fit(mpg ~ . - gear - am)$predictors$names, c("wt", "cyl4", "cyl6", "cyl8"))
  expect_identical(fit(mpg ~ . - gear - am)[parts], fit(mpg ~ wt + cyl)[parts])
  expect_identical(fit(log(mpg) ~ wt + mpg)$network$inputs, 2L)
})

test_that("a formula of a thousand columns is no deeper than its dot", {
  set.seed(1)
  data <- as.data.frame(matrix(rnorm(4000), 4))
  data$y <- 1:4
  expect_identical(small_fit(y ~ ., data, hidden_units = 1, epochs = 1)$network$inputs, 1000L)
})
