output <- matrix(c(2, 0, 1, 0, 3, -1, 1, 0.5, 0.25), nrow = 3)

test_that("the registry in R names the engine's losses", {
  expect_setequal(names(losses), .Call(fastmlp_loss_names))
})

test_that("losses equal their formulas", {
  class <- c(1, 3, 2)
  p <- softmax(output)
  likelihood <- p[cbind(1:3, class)]
  gradient <- (p - diag(3)[class, ]) / 3
  expect_equal(loss_value(output, class, "cross_entropy"), -mean(log(likelihood)), tolerance = 1e-6)
  expect_equal(loss_gradient(output, factor(class), "cross_entropy"), gradient, tolerance = 1e-6)
  o <- c(-2, 0.5, 3)
  y <- c(1, 0, -1)
  expect_equal(loss_value(o, y, "squared"), mean((o - y)^2), tolerance = 1e-6)
  expect_equal(loss_gradient(o, y, "squared"), matrix(2 * (o - y) / 3), tolerance = 1e-6)
  expect_equal(loss_value(o, y, "absolute"), mean(abs(o - y)), tolerance = 1e-6)
  expect_equal(loss_value(o, y, loss_huber(1)), mean(c(2.5, 0.125, 3.5)), tolerance = 1e-6)
  expect_equal(loss_value(o, y, loss_huber(100)), mean((o - y)^2) / 2, tolerance = 1e-6)
  binary <- c(TRUE, FALSE, FALSE)
  value <- loss_value(o, binary, "binary_cross_entropy")
  expect_equal(value, mean(log1p(exp(o)) - binary * o), tolerance = 1e-6)
  expect_identical(loss_value(o, factor(binary), "binary_cross_entropy"), value)
})

test_that("weights weigh rows, and several outputs are averaged", {
  y <- output + c(1, 2, 3)
  expect_equal(loss_value(output, y, "squared"), mean(c(1, 4, 9)), tolerance = 1e-6)
  weighted <- loss_value(output, y, "squared", weights = c(1, 0, 1))
  expect_equal(weighted, mean(c(1, 9)), tolerance = 1e-6)
  expect_equal(
    loss_gradient(output, y, "squared", weights = c(1, 0, 1)),
    2 * (output - y) / 3 * c(1, 0, 1) / 2, tolerance = 1e-6
  )
})

test_that("losses print and are chosen by name or object", {
  expect_snapshot({
    print(loss_huber(2))
    print(as_loss("squared"))
  })
  expect_identical(as_loss("huber"), loss_huber())
})

test_that("a loss changed by hand is made anew or refused", {
  changed <- function(loss, ...) utils::modifyList(loss, list(...))
  one <- c(1, 2, 3)
  squares <- loss_custom(function(output, target) {
    list(value = rowSums((output - target)^2), gradient = 2 * (output - target))
  })
  expect_identical(loss_value(one, rev(one), changed(loss_huber(), parameter = 2L)),
                   loss_value(one, rev(one), loss_huber(2)))
  expect_identical(loss_value(one, rev(one), squares), loss_value(one, rev(one), "squared"))
  expect_conditions({
    loss_value(one, one, changed(loss_huber(), parameter = -1))
    loss_value(one, one, changed(loss_huber(), name = "huge"))
    loss_value(one, one, changed(loss_quantile(), levels = c(0.9, 0.1)))
    loss_value(one, one, changed(squares, fn = "mean"))
    mlp_fit(mpg ~ wt, mtcars, loss = changed(loss_tweedie(), parameter = 3))
  })
})

test_that("targets that do not fit are refused", {
  expect_conditions({
    loss_value(output, c(1, 4, 1), "cross_entropy")
    loss_value(output, c(1, 1.5, 1), "cross_entropy")
    loss_value(output, c(1, 2), "cross_entropy")
    loss_value(output, factor(c(1, 2, 1)), "cross_entropy")
    loss_value(output[, 1], c(0, 2, 1), "binary_cross_entropy")
    loss_value(output[, 1], factor(1:3), "binary_cross_entropy")
    loss_value(output[, 1], factor(1:3), "squared")
    loss_value(output, c(1, 2, 3), "squared")
    loss_value(output[, 1], c(1, NA, 3), "squared")
    loss_value("a", 1, "squared")
    loss_value(output, output, "sqared")
    loss_value(output, output, "squared", weights = 1)
    loss_value(output[0, ], numeric(), "cross_entropy")
    loss_huber(0)
  })
})
