# The fit and its like without tables.
unfolded <- function(fit) with_indicators(fit, unfolding_unit(fit))

rows_of_levels <- embedding_data[!duplicated(embedding_data$g), ]

expect_same_predictions <- function(fit, data = embedding_data) {
  flat <- unfolded(fit)
  expect_null(network_fault(flat$network))
  expect_false(any(vapply(flat$network$layers[[1]]$embedding, is_table, NA)))
  expect_gt(stats::sd(predict(fit, data)[[1]]), 0.01)
  expect_equal(predict(flat, data), predict(fit, data), tolerance = 1e-5)
}

test_that("a fit without tables predicts the same, whatever its first layer is like", {
  moved <- function(...) moved_fit(embedding_specs$periodic, ...)
  expect_same_predictions(moved())
  expect_same_predictions(moved(standardize = "robust_clip", input_scale = TRUE))
  expect_same_predictions(moved(standardize = "zscore", normalization = "batch", ensemble = 2))
  expect_same_predictions(moved_fit(embedding_specs$piecewise, factors = embed_factors(3, min_levels = 2)))
  # as wide as what it reads: seven columns and two values of a factor
  wide <- moved_fit(NULL, hidden_units = 9, residual = TRUE, input_scale = TRUE)
  expect_true(wide$network$layers[[1]]$residual)
  expect_same_predictions(wide)
  same <- small_fit(mpg ~ ., mtcars)
  expect_identical(unfolded(same), same)
})

test_that("two levels, missing values and levels that are not known are looked up, too", {
  data <- transform(embedding_data, h = factor(ifelse(a > 0, "v", "u")))
  data$g[1:9] <- NA
  data$a[5:12] <- NA
  fit <- small_fit(y ~ ., data, factor_embedding = embed_factors(2, min_levels = 2), epochs = 10,
                   na_action = "impute", new_levels = "unknown", optimizer = opt_adam(0.02))
  expect_identical(fit$predictors$embedded, c("f", "g", "h"))
  expect_same_predictions(fit, data)
  odd <- data[1:30, ]
  levels(odd$g)[3:8] <- paste("new", 3:8)
  expect_same_predictions(fit, odd)
  owners <- input_owners(unfolded(fit))
  expect_identical(rle(owners)$values, c("a", "f", "b", "l", "g", "c", "h", "a", "g"))
  expect_identical(sum(owners == "g"), 21L)
  expect_identical(sum(owners == "h"), 1L)
  odd$h <- "w"
  expect_error(mlp_attribution(fit, odd), "another in `h`", class = "fastmlp_error_levels")
  expect_error(mlp_attribution(fit, data, "integrated", baseline = odd[1, ]), "`baseline`",
               class = "fastmlp_error_levels")
})

test_that("integrated gradients of embedded factors add up to the difference of predictions", {
  for (standardize in c("none", "robust_clip")) {
    fit <- embedded_fit(standardize = standardize, activation = "tanh", input_scale = TRUE, epochs = 20,
                        optimizer = opt_adam(0.01))
    from <- embedding_data[7, ]
    x <- mlp_attribution(fit, rows_of_levels, "integrated", baseline = from, steps = 200)
    expect_identical(unique(x$predictor), names(embedding_data)[1:6])
    wanted <- predict(fit, rows_of_levels)$.pred - predict(fit, from)$.pred
    expect_equal(as.vector(tapply(x$attribution, x$row, sum)), wanted, tolerance = 1e-3)
    expect_gt(max(abs(x$attribution[x$predictor == "g"])), 0.01)
  }
})

test_that("the derivative for a level's indicator is that of more or less of its values", {
  fit <- moved_fit(NULL, activation = "tanh", input_scale = TRUE)
  rows <- embedding_data[1:4, ]
  predicted <- function(row, share) {
    level <- as.integer(row$g)
    table <- fit$network$layers[[1]]$embedding[[1]]$table
    fit$network$layers[[1]]$embedding[[1]]$table[level, ] <- table[level, ] * share
    predict(fit, row)$.pred
  }
  wanted <- vapply(1:4, function(i) (predicted(rows[i, ], 1.02) - predicted(rows[i, ], 0.98)) / 0.04, 1)
  x <- mlp_attribution(fit, rows)
  expect_gt(max(abs(wanted)), 0.01)
  expect_equal(x$attribution[x$predictor == "g"], wanted, tolerance = 2e-3)
})

test_that("importance by weights reads the table as weights of indicators", {
  fit <- small_fit(y ~ a + g, embedding_data, factor_embedding = embed_factors(2),
                   standardize = "robust_clip", input_scale = TRUE, optimizer = opt_adam(0.05))
  layers <- coef(fit)[[1]]
  weight <- layers$weight * layers$input_scale
  table <- layers$embedding$g$table
  first <- rbind(weight[1, ], table %*% weight[2:3, ])
  olden <- mlp_importance(fit, method = "olden")
  wanted <- as.vector(first %*% coef(fit)[[2]]$weight)
  expect_equal(olden$importance[match(c("a", paste0("g", rownames(table))), olden$predictor)], wanted)
  share <- function(weight) apply(abs(weight), 2, function(unit) unit / sum(unit))
  garson <- mlp_importance(fit, method = "garson")
  # each of the factor's values has its share, which the levels divide
  by_column <- as.vector(share(weight) %*% share(coef(fit)[[2]]$weight))
  expect_equal(garson$importance[match(c("a", "g"), garson$predictor)], c(by_column[1], sum(by_column[2:3])))
})
