test_that("each input has the predictor it belongs to", {
  cars <- transform(mtcars, cyl = factor(cyl))
  owners <- function(...) input_owners(small_fit(..., optimizer = opt_sgd(1e-6)))
  expect_identical(owners(mpg ~ wt + cyl, cars), c("wt", "cyl", "cyl", "cyl"))
  expect_identical(owners(cars[c("cyl", "wt")], cars$mpg), c("cyl", "cyl", "cyl", "wt"))
  expect_identical(owners(mpg ~ log(wt) + cyl, cars), c("log(wt)", "cyl4", "cyl6", "cyl8"))
  expect_identical(owners(unname(as.matrix(mtcars[3:4])), cars$mpg), c("V1", "V2"))
})

test_that("rows to change are the user's columns, and make what the engine reads", {
  cars <- transform(mtcars, cyl = factor(cyl), text = ifelse(am == 1, "yes", "no"))
  fits <- list(
    small_fit(mpg ~ wt + cyl + text, cars, optimizer = opt_sgd(1e-6)),
    small_fit(mpg ~ log(wt) + hp:cyl, cars, optimizer = opt_sgd(1e-6)),
    small_fit(as.matrix(mtcars[2:4]), mtcars$mpg, optimizer = opt_sgd(1e-6))
  )
  wanted <- list(c("wt", "cyl", "text"), c("wt", "hp", "cyl"), names(mtcars)[2:4])
  for (i in 1:3) {
    data <- if (i == 3) mtcars else cars
    rows <- rows_to_change(fits[[i]], data, NULL)
    expect_identical(names(rows$columns), wanted[[i]])
    expect_identical(names(rows$columns), predictor_columns(fits[[i]]))
    output <- network_outputs(fits[[i]], rows$forge(rows$columns), "none", NA_integer_, NULL)
    expect_equal(output[, 1], predict(fits[[i]], data, "raw")$.raw)
  }
})

test_that("a formula's truth is found in the rows, another's is asked for", {
  fit <- small_fit(Species ~ ., iris)
  expect_identical(known_outcome(fit, iris, NULL, NULL), iris$Species)
  expect_identical(known_outcome(fit, iris[1:4], as.character(iris$Species), NULL), iris$Species)
  expect_error(known_outcome(fit, iris[1:4], NULL, NULL), class = "fastmlp_error")
  expect_error(known_outcome(small_fit(iris[1:4], iris$Species), iris, NULL, NULL), "`truth`",
               class = "fastmlp_error_type")
})

test_that("encoded values are what the engine reads", {
  columns <- data.frame(a = c(1.5, 2, 3), b = factor(c("x", "y", "z")), c = c(TRUE, FALSE, TRUE),
                        d = factor(c("u", "v", "u")))
  expect_identical(encoded_values(columns),
                   cbind(c(1.5, 2, 3), c(1, 0, 0), c(0, 1, 0), c(0, 0, 1), c(1, 0, 1), c(-1, 1, -1)))
  expect_identical(encoded_indicators(columns), c(FALSE, TRUE, TRUE, TRUE, FALSE, TRUE))
  for (j in 1:6) expect_identical(encoded_values(columns)[, j], encoded_column(columns, j))
  expect_identical(encoded_values(matrix(c(TRUE, FALSE), 1)), matrix(c(1, 0), 1))
})
