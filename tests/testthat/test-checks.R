test_that("counts are whole numbers in range, returned as integers", {
  expect_identical(check_count(3, "n"), 3L)
  expect_identical(check_count(c(2, 3), "n", length = NULL), 2:3)
  expect_identical(check_count(integer(), "n", length = NULL), integer())
  numbers <- list(0, -1, 1.5, NA_real_, NaN, Inf, 1e10, c(1, 2))
  for (bad in c(numbers, list(NA, "1", NULL, list(1), TRUE, factor(1)))) {
    expect_error(check_count(bad, "n"), class = "fastmlp_error")
  }
})

test_that("numbers lie within their range, open ends excluded", {
  expect_identical(check_number(1L, "x"), 1)
  expect_identical(check_number(0, "x", 0, 1, open = "to"), 0)
  expect_error(check_number(1, "x", 0, 1, open = "to"), class = "fastmlp_error_value")
  expect_error(check_number(Inf, "x", 0, open = "to"), class = "fastmlp_error_value")
  for (bad in list(NA, NaN, "1", NULL, c(1, 2), TRUE)) {
    expect_error(check_number(bad, "x"), class = "fastmlp_error")
  }
})

test_that("flags, choices and classes are checked", {
  expect_true(check_flag(TRUE, "f"))
  for (bad in list(NA, 1, "TRUE", NULL, c(TRUE, FALSE))) {
    expect_error(check_flag(bad, "f"), class = "fastmlp_error")
  }
  expect_identical(check_choice("a", "c", c("a", "b")), "a")
  expect_identical(check_first_choice(c("a", "b"), "c", c("a", "b")), "a")
  expect_identical(check_first_choice("b", "c", c("a", "b")), "b")
  for (bad in list("d", c("a", "b"), 1, NULL, character(), NA_character_)) {
    expect_error(check_choice(bad, "c", c("a", "b")), class = "fastmlp_error")
  }
  expect_error(check_class(1, "x", "lm", "a model"), class = "fastmlp_error_type")
})

test_that("matrices may be double, integer or logical, and are returned as they are", {
  for (x in list(diag(2), matrix(1:4, 2), matrix(TRUE, 2, 2))) {
    expect_identical(check_matrix(x, "x"), x)
  }
  expect_error(check_matrix(matrix("a"), "x"), class = "fastmlp_error_type")
  expect_error(check_matrix(1:3, "x"), class = "fastmlp_error_type")
  expect_error(check_matrix(diag(2), "x", columns = 3), class = "fastmlp_error_shape")
  expect_error(check_matrix(diag(2), "x", rows = 3), class = "fastmlp_error_shape")
})

test_that("Inf stands for no limit where there need be none", {
  expect_identical(check_count_or_inf(Inf, "n"), Inf)
  expect_identical(check_count_or_inf(2, "n"), 2L)
  expect_error(check_count_or_inf(-Inf, "n"), class = "fastmlp_error_value")
})

test_that("arguments that are not given are named, in the user's call", {
  expect_conditions({
    mlp_fit()
    mlp_fit(epochs = 3)
    mlp_fit(Species ~ .)
    mlp_network()
    mlp_forward(mlp_network(1))
    mlp_gradient(mlp_network(1), matrix(1))
    loss_value(1:2, 1:2)
    loss_gradient(1:2)
    activation_value(1:3)
    activation_gradient()
    dense_forward(diag(2), diag(2))
    dense_backward(diag(2), diag(2))
    sgd_step(1, 1)
    plot_activation()
    read_idx()
  })
})

test_that("messages say what was expected and what came", {
  expect_conditions({
    check_count(1.5, "epochs")
    check_count("a", "epochs")
    check_count(c(4, -3), "hidden_units", length = NULL)
    check_count(7, "class", 1, 5)
    check_count(1e10, "epochs")
    check_number(1, "validation", 0, 1, open = "to")
    check_number(0, "learn_rate", 0, open = c("from", "to"))
    check_number(-1, "penalty", 0, open = "to")
    check_flag("yes", "shuffle")
    check_choice("rleu", "activation", c("relu", "tanh"))
    check_choice(1, "activation", c("relu", "tanh"))
    check_matrix(c(1, 2), "x")
    check_matrix(1:2, "x", columns = 3)
    check_matrix(diag(2), "x", columns = 3)
    check_numeric("a", "bias")
    check_numeric(1:3, "bias", 2)
    check_case_weights(c(1, -1), 2)
    check_case_weights(c(1, NA), 2)
    check_case_weights(c(0, 0), 2)
    check_case_weights(c(1, 1e39), 2)
    check_no_dots(1)
    check_no_dots(epoch = 3, known = c("epochs", "batch_size"))
    check_no_dots(lr = 3, synonyms = list("Use it." = c("eta", "lr")))
  })
})

test_that("names that R would complete are refused like others that are not whole", {
  expect_conditions({
    mlp_fit(iris_x, iris$Species, hidden_unit = 3)
    mlp_fit(Species ~ ., dat = iris)
    opt_adam(learn = 0.1)
    mlp_network(4, 3, 2, act = "relu")
    predict(small_fit(iris_x, iris$Species), iris_x, ty = "prob")
  })
  wrapped <- function(...) mlp_network(4, 3, 2, ...)
  expect_s3_class(wrapped(activation = "tanh"), "mlp_network")
})

# All functions that users call: exported ones, and methods of generics of others.
users_functions <- function() {
  ns <- asNamespace("fastmlp")
  exported <- setdiff(getNamespaceExports(ns), c("augment", "autoplot", "glance", "tidy", "mlp_fit"))
  methods <- ls(ns, pattern = "^(augment|autoplot|coef|glance|mlp_fit|plot|predict|summary|tidy|update)[.]")
  mget(c(exported, setdiff(methods, "mlp_fit.default")), ns)
}

test_that("no function takes a part of a name, written or handed on", {
  hand_on <- function(.f, ...) .f(...)
  for (name in names(users_functions())) {
    f <- users_functions()[[name]]
    arguments <- names(formals(f))
    if ("..." %in% arguments) arguments <- utils::head(arguments, match("...", arguments) - 1)
    for (argument in arguments[nchar(arguments) > 1]) {
      part <- substr(argument, 1, nchar(argument) - 1)
      if (sum(startsWith(arguments, part)) > 1) next
      given <- rlang::set_names(list(NULL), part)
      message <- sprintf("unknown argument `%s`", part)
      for (call in list(list(f), list(hand_on, f))) {
        error <- tryCatch(do.call(call[[1]], c(call[-1], given)), error = identity)
        expect_s3_class(error, "fastmlp_error_dots")
        expect_match(conditionMessage(error), message, fixed = TRUE, info = paste(name, part))
      }
    }
  }
})

test_that("whole names that are handed on are taken", {
  square <- function(...) loss_value(1, 2, "squared", ...)
  expect_identical(square(weights = 2), 1)
  around <- function(...) {
    inner <- function() with(iris, loss_value(1, 2, "squared", ...))
    inner()
  }
  expect_identical(around(weights = 2), 1)
  expect_error(around(wei = 2), "Did you mean \"weights\"", class = "fastmlp_error_dots")
  expect_identical(sapply(1:2, loss_value, target = 2, loss = "squared"), c(1, 0))
  expect_conditions({
    square(wei = 2)
    loss_value(1, 2, los = "squared")
    sapply(1:2, loss_value, tar = 2, loss = "squared")
  })
})
