steady <- function(fit) {
  fit$training$seconds <- 1.234
  fit
}

test_that("a network prints its shape", {
  expect_snapshot({
    print(mlp_network(784, c(256, 10), 10, activation = c("relu", "tanh")))
    print(mlp_network(1))
  })
})

test_that("fits print what matters in a few lines", {
  classes <- steady(small_fit(Species ~ ., iris, validation = 0.2))
  numbers <- steady(small_fit(mpg ~ wt, mtcars, hidden_units = integer(),
                              optimizer = opt_sgd(0.01)))
  shown <- function(fit) {
    fit$history$value <- 0.5
    fit
  }
  expect_snapshot({
    print(shown(classes))
    print(shown(numbers))
  })
  classes$training[c("stopped", "kept_epoch")] <- list("stopped", 2L)
  expect_snapshot(print(shown(classes)))
  classes$training[c("stopped", "kept_epoch")] <- list("diverged", 0L)
  expect_snapshot(print(shown(classes)))
})

test_that("summary() shows every argument used, and the layers", {
  fit <- steady(small_fit(Species ~ ., iris, hidden_units = c(4, 3), activation = c("relu", "tanh"),
                          weights = rep(1, 150)))
  fit$history$value <- 0.5
  expect_snapshot(print(summary(fit)))
  expect_named(summary(fit)$arguments, c(names(plain_arguments), "preset"))
  expect_identical(summary(fit)$layers$parameters, c(20L, 15L, 12L))
  expect_identical(format_setting(loss_huber(2)), "loss_huber(delta = 2)")
})

test_that("no line is wider than the console", {
  mean_error <- function(truth, estimate, weights) mean(abs(truth - estimate))
  fit <- steady(small_fit(
    mpg ~ ., mtcars, hidden_units = rep(c(8, 8, 16), 7),
    activation = rep(c("relu", "hard_sigmoid", "tanh"), 7),
    normalization = rep(c("batch", "layer", "none"), 7), residual = TRUE, parametric_activation = TRUE,
    input_scale = TRUE, numeric_embedding = embed_periodic(), dropout = seq(0, 0.2, 0.01),
    input_dropout = 0.1,
    metrics = list(a_metric_with_a_name = mean_error, another_with_a_longer_name = mean_error),
    validation = 0.3, optimizer = opt_adamw(), epochs = 1
  ))
  shown <- list(fit, summary(fit), fit$network, opt_nadam(), mlp_preset("tabular", n = 1000, p = 10))
  for (width in c(80, 60)) {
    withr::local_options(width = width)
    for (object in shown) expect_lte(max(nchar(utils::capture.output(print(object)), "width")), width)
  }
  fit$history$value <- 0.5
  expect_snapshot(print(fit))
})

test_that("printing refuses what it would ignore", {
  fit <- small_fit(iris_x, iris$Species)
  objects <- list(fit, fit$network, summary(fit), mlp_info(),
                  mlp_preset("plain", "regression", 10, 2), opt_adam(),
                  init_he(), schedule_cosine(), loss_huber(), embed_periodic())
  for (object in objects) {
    expect_error(print(object, digits = 3), "unknown argument `digits`", class = "fastmlp_error_dots")
  }
})

test_that("fits and networks changed by hand are refused before they are shown", {
  fit <- small_fit(iris_x, iris$Species)
  network <- mlp_network(2, 3, 1)
  broken <- function(part) `[[<-`(fit, part, 3)
  damaged <- network
  damaged$layers[[1]]$weight <- "a"
  expect_conditions({
    print(broken("history"))
    summary(broken("training"))
    coef(broken("outcome"))
    autoplot(broken("arguments"))
    plot(broken("network"))
    print(damaged)
    coef(damaged)
    plot(damaged)
  })
})
