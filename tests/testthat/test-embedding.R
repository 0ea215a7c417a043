data <- embedding_data
n <- nrow(data)
encoded <- encoded_data
specs <- embedding_specs

test_that("numbers and factors with many levels are embedded, by the formulas", {
  for (spec in specs) {
    fit <- moved_fit(spec)
    embedding <- embedding_of(fit$network)
    expect_identical(vapply(embedding, function(own) own$column, 1L), c(1L, 5L, 8L, 7L))
    layer <- fit$network$layers[[1]]
    expect_identical(dim(layer$weight), c(7L + 3L * 2L + 2L, 4L))
    expect_identical(fit$network$inputs, 8L)
    h <- pmax(sweep(reference_embedding(encoded, embedding) %*% layer$weight, 2, layer$bias, `+`), 0)
    last <- fit$network$layers[[2]]
    expect_equal(predict(fit, data)$.pred, as.vector(h %*% last$weight + last$bias), tolerance = 1e-5)
  }
  names <- rownames(coef(fit)[[1]]$weight)
  expect_identical(names[c(1, 7:9, 14:15)], c("a", "c", "a_piece1", "a_piece2", "g_value1", "g_value2"))
  expect_identical(names(coef(fit)[[1]]$embedding), c("a", "b", "c", "g"))
  expect_identical(rownames(coef(fit)[[1]]$embedding$g$table), LETTERS[1:20])
  expect_identical(rownames(coef(moved_fit(specs$periodic))[[1]]$weight)[8], "a_wave1")
})

test_that("\"none\" leaves out what a preset embeds", {
  fit <- embedded_fit(spec = "none", epochs = 1, factors = "none", preset = "fast")
  expect_null(fit$network$layers[[1]]$embedding)
  expect_false(is.null(embedded_fit(spec = NULL, epochs = 1, preset = "fast")$network$layers[[1]]$embedding))
  expect_error(embedded_fit(spec = FALSE), "`numeric_embedding` must be an embedding .* or \"none\"")
})

test_that("which factors are embedded follows their levels", {
  first <- function(...) embedded_fit(spec = NULL, epochs = 1, ...)
  kinds <- function(fit) vapply(embedding_of(fit$network), function(own) own$column, 1L)
  expect_identical(kinds(first(factors = embed_factors(2, min_levels = 3))), c(2L, 5L))
  expect_identical(kinds(first(factors = embed_factors(2, min_levels = 20))), 7L)
  expect_error(first(factors = embed_factors(2, min_levels = 21)), "`factor_embedding` must be left out")
  by_frame <- small_fit(data[1:6], data$y, factor_embedding = embed_factors(2), epochs = 3)
  by_formula <- embedded_fit(spec = NULL)
  expect_identical(coef(by_frame), coef(by_formula))
  preset <- mlp_preset("plain", "regression", n = nrow(data), p = 2)
  preset$factor_embedding <- embed_factors(2)
  with_function <- small_fit(y ~ log(b) + g, data, preset = preset, epochs = 1)
  expect_null(embedding_of(with_function$network))
})

test_that("the start has the stated distributions", {
  x <- data.frame(matrix(rnorm(400), 2), g = factor(1:2, 1:400))
  set.seed(1)
  fit <- mlp_fit(x, c(0, 1), preset = "plain", numeric_embedding = embed_periodic(16, 4, 0.1),
                 factor_embedding = embed_factors(8), epochs = 1, hidden_units = 1,
                 optimizer = opt_sgd(1e-30))
  e <- embedding_of(fit$network)
  all_of <- function(part) unlist(lapply(e[1:200], `[[`, part))
  expect_lt(abs(sd(all_of("frequency")) / 0.1 - 1), 0.05)
  expect_lt(abs(sd(all_of("phase")) / (pi / sqrt(3)) - 1), 0.05)
  expect_true(all(abs(c(all_of("weight"), all_of("bias"))) <= 0.25) && max(all_of("weight")) > 0.24)
  expect_lte(max(abs(all_of("phase"))), pi)
  expect_lt(abs(sd(e[[201]]$table) - 1), 0.05)
  expect_lt(abs(mean(e[[201]]$table)), 0.05)
})

test_that("members of an ensemble take deviations of frequencies in turn, a network alone the first", {
  x <- as.data.frame(matrix(rnorm(600), 3))
  deviation <- function(network) sd(unlist(lapply(embedding_of(network), `[[`, "frequency")))
  fit <- function(...) {
    small_fit(x, 1:3, preset = "plain", optimizer = opt_sgd(1e-30),
              numeric_embedding = embed_periodic(sd = c(0.1, 2)), ...)
  }
  deviations <- vapply(fit(ensemble = 3)$members, deviation, 1)
  expect_true(all(abs(deviations / c(0.1, 2, 0.1) - 1) < 0.06))
  shared <- vapply(fit(ensemble = 3, share_weights = TRUE)$members, deviation, 1)
  expect_true(all(abs(c(shared, deviation(fit()$network)) / 0.1 - 1) < 0.06))
  network <- mlp_network(200, numeric_embedding = embed_periodic(sd = c(2, 0.1)))
  expect_lt(abs(deviation(network) / 2 - 1), 0.06)
})

test_that("bins lie at quantiles of the training rows alone, as the network gets them", {
  held <- data$a > 0.5
  still <- function(standardize) {
    fit <- embedded_fit(spec = embed_piecewise(4, 2), validation = held, standardize = standardize,
                        optimizer = opt_sgd(1e-30), epochs = 1)
    embedding_of(fit$network)
  }
  quantiles <- quantile(data$a[!held], 0:4 / 4, names = FALSE)
  expect_equal(still("none")[[1]]$edges, quantiles, tolerance = 1e-6)
  expect_true(all(abs(still("none")[[1]]$weight) < 1e-20))
  scaled <- (quantiles - mean(data$a[!held])) / sd(data$a[!held])
  expect_equal(still("zscore")[[1]]$edges, scaled, tolerance = 1e-6)
  u <- (quantiles - quantiles[3]) / (quantiles[4] - quantiles[2])
  expect_equal(still("robust_clip")[[1]]$edges, u / sqrt(1 + (u / 3)^2), tolerance = 1e-6)
  ties <- quantile(data$c[!held], 0:4 / 4, names = FALSE)
  expect_equal(still("none")[[3]]$edges, unique(ties), tolerance = 1e-6)
  expect_warning(
    constant <- mlp_fit(cbind(1, data$a), data$y, preset = "plain", epochs = 1,
                        numeric_embedding = embed_piecewise()),
    class = "fastmlp_warning_constant"
  )
  expect_identical(embedding_of(constant$network)[[1]]$edges, c(1, 2))
})

test_that("codes of factors are not standardised, and unknown ones give zeros", {
  for (standardize in c("zscore", "robust", "robust_clip", "global")) {
    fit <- embedded_fit(standardize = standardize)
    expect_identical(fit$standardize$scale[7], 0)
    expect_true(all(fit$standardize$scale[-7] > 0))
  }
  numbers <- as.matrix(data[c("a", "b", "c")])
  fit <- small_fit(y ~ a + b + c + g, data, factor_embedding = embed_factors(2), standardize = "global")
  expect_equal(fit$standardize$center[1:3], rep(mean(numbers), 3))
  network <- embedded_fit()$network
  x <- encoded[rep(1, 7), ]
  x[, 7] <- c(0, -1, 21, 1e9, -1e9, 0.5, 20)
  output <- mlp_forward(network, x)[, 1]
  expect_identical(output[1:6], rep(output[1], 6))
  expect_false(output[7] == output[1])
})

test_that("waves and bins help to learn what bends", {
  x <- matrix(seq(-2, 2, length.out = 400))
  y <- sin(8 * x[, 1])
  error <- function(...) {
    set.seed(1)
    fit <- mlp_fit(x, y, preset = "plain", hidden_units = 16, epochs = 60, batch_size = 40,
                   optimizer = opt_adam(0.01), verbose = FALSE, ...)
    mean((predict(fit, x)$.pred - y)^2)
  }
  plain <- error()
  expect_lt(error(numeric_embedding = embed_periodic(16, 4, sd = 1)), plain / 4)
  expect_lt(error(numeric_embedding = embed_piecewise(32, 4)), plain / 4)
})

test_that("a network of all numbers can be made without data", {
  set.seed(1)
  network <- mlp_network(3, 4, 2, numeric_embedding = embed_periodic(5, 3))
  expect_identical(dim(network$layers[[1]]$weight), c(9L, 4L))
  x <- matrix(rnorm(30), 10)
  read <- reference_embedding(x, embedding_of(network))
  h <- pmax(read %*% network$layers[[1]]$weight, 0)
  expect_equal(mlp_forward(network, x), h %*% network$layers[[2]]$weight, tolerance = 1e-5)
  again <- mlp_network(3, 4, 2, numeric_embedding = embed_periodic(5, 3), init = coef(network))
  expect_equal(mlp_forward(again, x), mlp_forward(network, x))
})

test_that("where there are no numbers nothing is embedded", {
  preset <- mlp_preset("fast", "regression", n = nrow(data), p = 2)
  expect_null(embedding_of(small_fit(y ~ f, data, preset = preset)$network))
  expect_null(embedding_of(small_fit(y ~ l, data, preset = preset)$network))
})

test_that("bad embeddings are refused, and fits with edited ones", {
  fit <- embedded_fit()
  short <- coef(fit)
  short[[1]]$embedding$a$bias <- 1
  fewer <- coef(fit)
  fewer[[1]]$embedding$g$table <- fewer[[1]]$embedding$g$table[1:19, ]
  lost <- coef(fit)
  lost[[1]]$embedding$g <- NULL
  expect_conditions({
    embed_periodic(0)
    embed_periodic(dim = 1)
    embed_periodic(sd = 0)
    embed_periodic(sd = c(1, NA))
    embed_periodic(sd = numeric())
    embed_piecewise(1)
    embed_piecewise(dim = 18)
    embed_factors(0)
    embed_factors(min_levels = 1)
    small_fit(y ~ ., data, numeric_embedding = "periodic")
    small_fit(y ~ ., data, numeric_embedding = embed_factors())
    small_fit(y ~ ., data, factor_embedding = 8)
    small_fit(y ~ ., data, factor_embedding = embed_periodic())
    small_fit(y ~ ., data, rate_factors = c(embedding = 2))
    small_fit(y ~ ., data, rate_factors = c(factor_embedding = 2))
    mlp_network(2, numeric_embedding = embed_piecewise())
    embedded_fit(init = short)
    embedded_fit(init = fewer)
    embedded_fit(init = lost)
    small_fit(y ~ a, data, init = short)
    predict(fit, transform(data, g = factor("Z")))
  })
  edited_part <- function(fit, i, part, value) {
    fit$network$layers[[1]]$embedding[[i]][[part]] <- value
    fit
  }
  for (spec in specs) {
    fit <- embedded_fit(spec = spec)
    for (i in c(1, 4)) {
      for (part in setdiff(names(embedding_of(fit$network)[[i]]), "frequency")) {
        for (value in list(1, NA, "1")) {
          expect_error(predict(edited_part(fit, i, part, value), data), class = "fastmlp_error_model")
        }
      }
    }
    expect_error(predict(edited_part(fit, 4, "column", 99L), data), class = "fastmlp_error_model")
    expect_error(predict(edited_part(fit, 4, "column", 1L), data), class = "fastmlp_error_model")
  }
  fit$standardize <- list(method = "zscore", center = rep(0, 8), scale = rep(1, 8))
  expect_error(predict(fit, data), class = "fastmlp_error_model")
})

test_that("print() and summary() tell of it", {
  fit <- embedded_fit()
  expect_output(print(fit), "With periodic embeddings of numbers, embeddings of factors")
  expect_identical(summary(fit)$layers$parameters[1], 4L * 16L + 3L * (2L * 5L + 2L * 5L + 2L) + 40L)
  expect_output(print(embedded_fit(spec = specs$piecewise)), "piecewise-linear embeddings of numbers")
  expect_output(print(embed_factors()), "embed_factors(dim = 8, min_levels = 9)", fixed = TRUE)
})
