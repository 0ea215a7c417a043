test_that("tidy() has a row for each number of coef()", {
  fit <- small_fit(Species ~ ., iris, hidden_units = c(4, 3))
  table <- tidy(fit)
  expect_named(table, c("layer", "part", "term", "unit", "estimate"))
  expect_identical(table$estimate, unlist(coef(fit), use.names = FALSE))
  at <- function(l, from, to) table$estimate[table$layer == l & table$term %in% from & table$unit == to]
  expect_identical(at(1, "Petal.Width", "h1_3"), coef(fit)[[1]]$weight["Petal.Width", "h1_3"])
  expect_identical(at(3, "h2_2", "virginica"), coef(fit)[[3]]$weight["h2_2", "virginica"])
  biases <- table[table$part == "bias" & table$layer == 3, ]
  expect_identical(biases$unit, levels(iris$Species))
  expect_true(all(is.na(biases$term)))
})

test_that("tidy() knows all parts of a layer, and members", {
  fit <- small_fit(Species ~ ., iris, normalization = "batch", parametric_activation = TRUE, ensemble = 2,
                   input_scale = TRUE, numeric_embedding = embed_periodic())
  table <- tidy(fit)
  expect_identical(table$member, rep(1:2, each = nrow(table) / 2))
  first <- table[table$member == 2 & table$layer == 1, ]
  layer <- coef(fit)[[2]][[1]]
  parts <- c("weight", "bias", "scale", "shift", "mean", "variance", "slope", "input_scale")
  expect_setequal(first$part, c(parts, paste0("embedding_", embedding_kinds$periodic$parts)))
  of <- function(part) first$estimate[first$part == part]
  expect_identical(of("shift"), unname(layer$norm$shift))
  expect_identical(of("input_scale"), unname(layer$input_scale))
  own <- first[first$term %in% "Petal.Length" & startsWith(first$part, "embedding"), ]
  at <- function(part, unit) own$estimate[own$part == paste0("embedding_", part) & own$unit == unit]
  expect_identical(at("phase", "5"), layer$embedding$Petal.Length$phase[5])
  expect_identical(at("weight", "3,2"), layer$embedding$Petal.Length$weight[3, 2])
  learned <- !table$part %in% c("mean", "variance")
  expect_identical(sum(learned), glance(fit)$parameters)
})

test_that("tidy() names the levels of an embedded factor", {
  fit <- small_fit(Sepal.Length ~ Species, iris, factor_embedding = embed_factors(dim = 2, min_levels = 3))
  table <- tidy(fit)
  own <- table[table$part == "embedding_table", ]
  expect_identical(own$term, rep("Species", 6))
  expect_identical(own$estimate[own$unit == "virginica,2"],
                   coef(fit)[[1]]$embedding$Species$table["virginica", 2][[1]])
  expect_identical(nrow(table), glance(fit)$parameters)
})

test_that("tidy() has the history", {
  fit <- small_fit(Species ~ ., iris)
  expect_equal(as.data.frame(tidy(fit, "history")), fit$history)
  expect_error(tidy(fit, "wights"), class = "fastmlp_error_value")
})

test_that("glance() is one row", {
  fit <- small_fit(Species ~ ., iris, validation = 0.2, patience = 5, metrics = "auc")
  row <- glance(fit)
  expect_identical(dim(row)[1], 1L)
  expect_named(row, c("layers", "parameters", "members", "epochs", "kept_epoch", "stopped", "loss",
                      "accuracy", "auc", "validation_loss",
                      "validation_accuracy", "validation_auc", "nobs", "seconds"))
  expect_identical(row$parameters, (4L + 1L) * 4L + (4L + 1L) * 3L)
  history <- fit$history[fit$history$epoch == fit$training$kept_epoch & fit$history$set == "validation", ]
  expect_identical(row$validation_auc, history$value[history$metric == "auc"])
  expect_identical(row$nobs, 120L)
  expect_identical(nobs(small_fit(Species ~ ., iris, validation = 0.2, refit = TRUE)), 150L)
})

test_that("glance() has no values of an epoch that there was not", {
  fit <- suppressWarnings(small_fit(mpg ~ ., mtcars, optimizer = opt_sgd(1e10)))
  expect_identical(glance(fit)$stopped, "diverged")
  expect_identical(nrow(glance(fit)), 1L)
})

test_that("augment() puts predictions beside the data", {
  fit <- small_fit(Species ~ ., iris)
  some <- iris[c(3, 70), ]
  expect_identical(augment(fit, some), tibble::as_tibble(cbind(predict(fit, some), predict(fit, some, "prob"),
                                                                some)))
  numbers <- small_fit(log(mpg) ~ wt + hp, mtcars, optimizer = opt_sgd(1e-6))
  table <- augment(numbers, mtcars)
  expect_equal(table$.resid, log(mtcars$mpg) - predict(numbers, mtcars)$.pred)
  expect_false(".resid" %in% names(augment(numbers, mtcars[c("wt", "hp")])))
  several <- small_fit(cbind(mpg, qsec) ~ wt, mtcars)
  expect_equal(augment(several, mtcars)$.resid_qsec, mtcars$qsec - predict(several, mtcars)$.pred_qsec)
  matrix <- small_fit(iris_x, iris$Species, loss = "hinge")
  expect_named(augment(matrix, iris_x), c(".pred_class", colnames(iris_x)))
  kept <- small_fit(Species ~ ., iris, keep_epochs = 1)
  expect_identical(augment(kept, some, epoch = 1)[[2]], predict(kept, some, "prob", epoch = 1)[[1]])
  expect_error(augment(fit), "new_data", class = "fastmlp_error_type")
})

test_that("formula() is that of the fit", {
  expect_equal(formula(small_fit(log(mpg) ~ wt * vs, mtcars)), log(mpg) ~ wt * vs, ignore_attr = TRUE)
  counts <- small_fit(carb ~ wt + offset(log(cyl)) + vs, mtcars, loss = "poisson")
  expect_equal(formula(counts), carb ~ wt + vs + offset(log(cyl)), ignore_attr = TRUE)
  expect_error(formula(small_fit(iris_x, iris$Species)), "by a formula", class = "fastmlp_error_type")
})

test_that("what needs the training data says so", {
  fit <- small_fit(Species ~ ., iris)
  expect_error(fitted(fit), "predict", class = "fastmlp_error_data")
  expect_error(residuals(fit), "augment", class = "fastmlp_error_data")
})
