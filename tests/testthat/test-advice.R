test_that("hints of mlp_fit() speak of arguments that it has, for names that it has not", {
  arguments <- names(formals(mlp_fit.matrix))
  for (hint in names(fit_synonyms)) {
    code <- regmatches(hint, gregexpr("`[^`]+`", hint))[[1]]
    named <- sub("^`(\\w+).*", "\\1", code)
    known <- c(arguments, "formula", "data", "predict", "plot", "saveRDS", getNamespaceExports("fastmlp"))
    expect_true(all(named %in% known), info = hint)
  }
  expect_length(intersect(setdiff(unlist(fit_synonyms), c("x", "y", "formula", "data")), arguments), 0)
  expect_false(anyDuplicated(plain_name(unlist(fit_synonyms))) > 0)
  for (name in unlist(fit_synonyms)) expect_match(argument_hint(name, synonyms = fit_synonyms), "[.]$")
})

test_that("other names of arguments and values lead to what there is", {
  exported <- lapply(getNamespaceExports("fastmlp"), function(name) getExportedValue("fastmlp", name))
  arguments <- unlist(lapply(Filter(is.function, exported), function(f) names(formals(f))))
  expect_length(setdiff(names(argument_aliases), c(arguments, "new_data")), 0)
  choices <- list(
    activation = activation_names(), loss = loss_names(), standardize = c("none", names(standardizers)),
    type = c(unlist(lapply(prediction_types, names)), names(plot_types)),
    method = names(attribution_points), na_action = c("error", "impute", "omit"), preset = preset_names(),
    normalization = normalizations, ordered_factors = c("indicators", "scores"),
    metrics = names(known_metrics),
    stop_metric = c("loss", names(known_metrics))
  )
  for (arg in names(choice_aliases)) {
    expect_length(setdiff(names(choice_aliases[[arg]]), choices[[arg]]), 0)
    for (choice in names(choice_aliases[[arg]])) {
      for (alias in choice_aliases[[arg]][[choice]]) {
        expect_match(choice_hint(alias, arg, choice), choice, fixed = TRUE)
      }
    }
  }
  expect_null(choice_hint("transformer", "activation", activation_names()))
  expect_match(choice_hint("swish", "list$activation", activation_names()), "silu")
})

test_that("names are known in any spelling", {
  for (name in c("numThreads", "num.threads", "NUM_THREADS")) {
    expect_match(argument_hint(name, synonyms = fit_synonyms), "Use `threads`", fixed = TRUE)
  }
  expect_match(choice_hint("AUC", "metrics", names(known_metrics)), "\"auc\"", fixed = TRUE)
  expect_match(choice_hint("logLoss", "metrics", names(known_metrics)), "\"log_loss\"", fixed = TRUE)
})

test_that("percentages are told from shares", {
  expect_identical(share_hint("20%"), "20 % is 0.2.")
  expect_identical(share_hint("20 %"), "20 % is 0.2.")
  expect_identical(share_hint(95), "95 % is 0.95.")
  for (other in list(0.5, 2, 101, NA_real_, "most", 1:2, NULL, TRUE, list(20))) expect_null(share_hint(other))
})

test_that("a strict function takes what it took, and nothing more", {
  f <- strict(function(a, b = 2) {
    check_given()
    c(a, b)
  })
  expect_identical(names(formals(f)), c("a", "b", "..."))
  expect_identical(f(1), c(1, 2))
  expect_identical(f(b = 1, 3), c(3, 1))
  expect_error(f(), "`a` must be given", class = "fastmlp_error_type")
  expect_error(f(1, 2, 3), "an argument without a name", class = "fastmlp_error_dots")
  expect_error(f(1, c = 3), "It takes `a` and `b`", class = "fastmlp_error_dots")
  expect_error(f(1, lr = 3), "set by the optimizer", class = "fastmlp_error_dots")
})

test_that("constructors are recognised by themselves and by their names", {
  expect_match(constructor_hint("Adam", "opt"), "`opt_adam()`", fixed = TRUE)
  expect_match(constructor_hint("L-BFGS", "opt"), "`opt_lbfgs()`", fixed = TRUE)
  expect_match(constructor_hint("one-cycle", "schedule"), "`schedule_one_cycle()`", fixed = TRUE)
  expect_match(constructor_hint(init_glorot, "init"), "`init_glorot()`", fixed = TRUE)
  for (name in names(constructor_aliases)) {
    prefix <- sub("_.*", "", name)
    for (alias in constructor_aliases[[name]]) {
      expect_match(constructor_hint(alias, prefix), sprintf("`%s()`", name), fixed = TRUE)
    }
  }
  expect_null(constructor_hint("transformer", "opt"))
  expect_null(constructor_hint(0.1, "opt"))
  expect_null(constructor_hint(mean, "opt"))
})
