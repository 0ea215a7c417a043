test_that("errors carry the kind and the family as classes", {
  expect_error(opt_sgd(-1), class = "fastmlp_error_value")
  expect_error(opt_sgd(-1), class = "fastmlp_error")
  expect_identical(
    condition_class("warning", "levels"), c("fastmlp_warning_levels", "fastmlp_warning")
  )
})

test_that("errors name the function that the user called", {
  call_of <- function(code) deparse1(tryCatch(code, error = conditionCall)[[1]])
  expect_identical(call_of(opt_sgd("a")), "opt_sgd")
  expect_identical(call_of(init_he("a")), "init_he")
  expect_identical(call_of(mlp_network(2, 1e9, 1)), "mlp_network")
  expect_identical(call_of(loss_value(1, "a", "squared")), "loss_value")
  expect_match(call_of(mlp_fit(iris_x, iris$Species, epochs = 0)), "mlp_fit")
  expect_match(call_of(mlp_fit(Species ~ ., iris, hidden_units = 1e9)), "mlp_fit")
  expect_match(call_of(mlp_fit(Species ~ ., iris, weights = Sepal.Length)), "mlp_fit")
  withr::local_options(fastmlp.threads = 0)
  expect_match(call_of(mlp_fit(Species ~ ., iris)), "mlp_fit")
  expect_identical(call_of(mlp_info()), "mlp_info")
})

test_that("what came is told in words", {
  expect_identical(describe(NULL), "NULL")
  expect_identical(describe(mean), "a function")
  expect_identical(describe(-1.5), "-1.5")
  expect_identical(describe("a"), "\"a\"")
  expect_identical(describe(NA), "NA")
  expect_identical(describe(character()), "an empty character vector")
  expect_identical(describe(1:5), "an integer vector of length 5 (1, 2, 3 and 2 more)")
  expect_identical(describe(diag(2)), "a double matrix of 2 x 2")
  expect_identical(describe(array(0, 2:4)), "a double array of 2 x 3 x 4")
  expect_identical(describe(iris), "a data frame of 150 rows and 5 columns")
  expect_identical(describe(iris$Species), "a factor of length 150")
  expect_identical(describe(Sys.Date()), "an object of class \"Date\"")
  expect_identical(describe(list(1, 2)), "a list of length 2")
})

test_that("lists and counts read as sentences", {
  expect_identical(enumerate("a"), "\"a\"")
  expect_identical(enumerate(c("a", "b")), "\"a\" and \"b\"")
  expect_identical(enumerate(1:9, limit = 2), "1, 2 and 7 more")
  expect_identical(count_of(1, "row"), "1 row")
  expect_identical(count_of(1e6, "row"), "1,000,000 rows")
})

test_that("a typo brings the nearest name, other words none", {
  choices <- c("relu", "sigmoid", "tanh")
  expect_identical(suggest("rleu", choices), "Did you mean \"relu\"?")
  expect_identical(suggest("Sigm", choices), "Did you mean \"sigmoid\"?")
  expect_null(suggest("tan", choices))
  expect_null(suggest("transformer", choices))
  expect_null(suggest(NA_character_, choices))
})
