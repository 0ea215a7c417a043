test_that("the confusion has counts and shares of each true class", {
  fit <- small_fit(Species ~ ., data = iris, standardize = "zscore")
  counts <- autoplot(fit, "confusion", iris[1:120, ])$data
  expected <- table(iris$Species[1:120], predict(fit, iris[1:120, ])$.pred_class)
  expect_equal(counts$rows, as.vector(expected))
  expect_equal(as.vector(tapply(counts$share, counts$truth, sum)), rep(1, 3))
  accuracy <- mean(iris$Species[1:120] == predict(fit, iris[1:120, ])$.pred_class)
  title <- autoplot(fit, "confusion", iris[1:120, ])$labels$title
  expect_match(title, sprintf("%.1f %% on 120", 100 * accuracy))
  absent <- autoplot(fit, "confusion", iris[1:100, ])$data
  expect_true(all(is.na(absent$share[absent$truth == "virginica"])))
})

test_that("text says counts and shares while there is room", {
  pairs <- function(k) pair_counts(factor(seq_len(k)), factor(seq_len(k)))
  expect_true("1\n100 %" %in% shown_labels(confusion_plot(pairs(3))))
  expect_setequal(shown_labels(confusion_plot(pairs(15))), c("0", "1"))
  expect_length(shown_labels(confusion_plot(pairs(25))), 0)
})

test_that("several labels have a table, a curve and a panel each", {
  wide <- factor(iris$Petal.Width > 1, labels = c("a", "b"))
  labels <- data.frame(long = iris$Sepal.Length > 5.8, petal = wide)
  fit <- small_fit(iris_x, labels)
  counts <- autoplot(fit, "confusion", iris_x, labels)$data
  expect_equal(as.vector(tapply(counts$rows, counts$label, sum)), c(150, 150))
  long <- counts[counts$label == "long", ]
  expect_equal(long$rows, as.vector(table(labels$long, predict(fit, iris_x)$.pred_class_long)))
  expect_equal(levels(autoplot(fit, "roc", iris_x, labels)$data$class), c("long", "petal"))
  expect_equal(levels(autoplot(fit, "calibration", iris_x, labels)$data$class), c("long", "petal"))
})

test_that("a curve has a corner where the direction changes", {
  positive <- c(TRUE, TRUE, FALSE, TRUE, FALSE, FALSE)
  corners <- roc_corners(positive, 6:1)
  expect_equal(corners$false_positive, c(0, 0, 1, 1, 3) / 3)
  expect_equal(corners$true_positive, c(0, 2, 2, 3, 3) / 3)
  tied <- roc_corners(positive, c(2, 2, 2, 1, 1, 1))
  expect_equal(tied$true_positive, c(0, 2, 3) / 3)
  expect_null(roc_corners(c(TRUE, TRUE), 1:2))
})

test_that("the area under the drawn curve is the AUC", {
  fit <- small_fit(Species ~ ., data = iris, standardize = "zscore")
  curves <- autoplot(fit, "roc", iris)$data
  trapezoid <- function(own) {
    sum(diff(own$false_positive) * (utils::head(own$true_positive, -1) + own$true_positive[-1]) / 2)
  }
  areas <- vapply(split(curves, curves$class), trapezoid, 1)
  expect_equal(unname(areas), curves$auc[!duplicated(curves$class)])
  expect_gt(min(areas), .5)
  expect_equal(unname(areas[2]), binary_auc(iris$Species == "versicolor",
                                            predict(fit, iris, "prob")$.pred_versicolor, rep(1, 150)))
  shown <- autoplot(fit, "roc", iris)$scales$get_scales("colour")$labels("setosa")
  expect_match(shown, "^setosa \\([01]\\.[0-9]{3}\\)$")
})

test_that("two classes have one curve, whatever the loss", {
  two <- droplevels(iris[51:150, ])
  for (loss in c("cross_entropy", "binary_cross_entropy")) {
    fit <- small_fit(Species ~ ., data = two, loss = loss)
    expect_equal(as.character(unique(autoplot(fit, "roc", two)$data$class)), "virginica")
  }
  fit <- small_fit(Species ~ ., data = two, loss = "hinge")
  expect_error(autoplot(fit, "roc", two), "cross_entropy", class = "fastmlp_error")
  expect_s3_class(autoplot(fit, "confusion", two), "ggplot")
})

# A class for each column of probabilities.
many_classes <- function(k) {
  probabilities <- expand.grid(row = 1:60, class = factor(seq_len(k)))
  probabilities$positive <- (probabilities$row + as.integer(probabilities$class)) %% 3 == 0
  probabilities$probability <- (probabilities$row * as.integer(probabilities$class)) %% 61 / 61
  probabilities
}

test_that("many classes show the worst, told apart by colour and line", {
  plot <- roc_plot(roc_curves(many_classes(20)))
  expect_equal(nlevels(plot$data$class), 14)
  expect_match(plot$labels$caption, "14 of 20")
  lines <- layers_drawn(plot)[[2]]
  expect_equal(nrow(unique(lines[c("colour", "linetype")])), 14)
  plot <- calibration_plot(calibration_bins(many_classes(20)))
  expect_length(unique(plot$data$class), 12)
  expect_match(plot$labels$caption, "12 of 20")
})

test_that("bins compare probabilities with shares", {
  own <- data.frame(class = factor("a"), positive = rep(c(TRUE, FALSE), 50),
                    probability = rep(c(.4, .8), each = 50))
  bins <- calibration_bins(own, 2)
  expect_equal(bins$predicted, c(.4, .8))
  expect_equal(bins$observed, c(.5, .5))
  expect_equal(bins$rows, c(50, 50))
  expect_equal(bins$error, rep(mean(c(.1, .3)), 2))
  # stats::prop.test() without correction gives Wilson's interval.
  expect_equal(c(bins$lower[1], bins$upper[1]), as.vector(stats::prop.test(25, 50, correct = FALSE)$conf.int))
  edge <- wilson_interval(0, 10)
  expect_equal(c(edge$lower, edge$upper), as.vector(stats::prop.test(0, 10, correct = FALSE)$conf.int))
})

test_that("the number of bins follows the rows, or what is asked for", {
  rows <- function(n) {
    data.frame(class = factor("a"), positive = rep(c(TRUE, FALSE), n / 2), probability = seq_len(n) / n)
  }
  expect_equal(nrow(calibration_bins(rows(100))), 5)
  expect_equal(nrow(calibration_bins(rows(1200))), 12)
  expect_equal(nrow(calibration_bins(rows(10000))), 40)
  expect_equal(nrow(calibration_bins(rows(100), 20)), 20)
  expect_equal(nrow(calibration_bins(rows(100), 1)), 1)
})

test_that("the picture is as it was", {
  truth <- factor(rep(c("a", "b", "c"), c(1200, 30, 8)))
  predicted <- factor(rep(c("a", "b", "c", "a"), c(1100, 110, 20, 8)))
  expect_picture("confusion", confusion_plot(pair_counts(truth, predicted)))
  expect_picture("roc", roc_plot(roc_curves(many_classes(3))))
  expect_picture("calibration", calibration_plot(calibration_bins(many_classes(3))))
})

test_that("calibration of one row has points without lines, and counts its row", {
  classes <- sprintf("a class of some length, number %d", 1:20)
  one <- data.frame(class = factor(classes, classes), positive = rep(c(TRUE, FALSE), c(1, 19)),
                    probability = 1:20 / 210)
  plot <- calibration_plot(calibration_bins(one))
  expect_silent(ggplot2::ggplotGrob(plot))
  expect_match(plot$labels$caption, "1 row a point", fixed = TRUE)
  expect_no_match(plot$labels$caption, "[0-9]\n%")
  strips <- plot$facet$params$labeller(list(unique(plot$data$class)))[[1]]
  expect_match(strips, "[0-9] %$")
  expect_identical(anyDuplicated(strips), 0L)
  several <- rows_on_lines(data.frame(by = c("a", "b", "a", "c"), x = 1:4), "by")
  expect_identical(several$x, c(1L, 3L))
})
