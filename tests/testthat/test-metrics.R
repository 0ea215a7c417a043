value_of <- function(name, truth, estimate, weights = rep(1, NROW(truth))) {
  known_metrics[[name]]$value(truth, estimate, weights)
}

two <- function(p) cbind(a = 1 - p, b = p)

test_that("AUC is Wilcoxon's statistic, ties included, and weights are repeated rows", {
  set.seed(1)
  truth <- factor(sample(c("a", "b"), 80, TRUE))
  p <- round(runif(80), 1)
  statistic <- suppressWarnings(stats::wilcox.test(p[truth == "b"], p[truth == "a"])$statistic)
  expect_equal(value_of("auc", truth, two(p)), unname(statistic) / prod(table(truth)))
  weights <- sample(0:3, 80, TRUE)
  rows <- rep(seq_len(80), weights)
  expect_equal(value_of("auc", truth, two(p), weights), value_of("auc", truth[rows], two(p[rows])))
  expect_identical(value_of("auc", factor(c("a", "a"), c("a", "b")), two(c(0.1, 0.2))), NaN)
})

test_that("AUC of several classes is the mean over pairs", {
  set.seed(2)
  class <- sample(3, 60, TRUE)
  truth <- factor(letters[class], letters[1:4]) # "d" has no rows
  p <- matrix(round(runif(240), 1), 60)
  pair <- function(i, j) {
    one_way <- function(i, j) {
      above <- outer(p[class == i, i], p[class == j, i], `-`)
      mean((above > 0) + (above == 0) / 2)
    }
    (one_way(i, j) + one_way(j, i)) / 2
  }
  expect_equal(value_of("auc", truth, p), mean(c(pair(1, 2), pair(1, 3), pair(2, 3))))
})

test_that("the other metrics are their formulas, weighted", {
  set.seed(3)
  truth <- factor(sample(c("a", "b", "c"), 30, TRUE))
  p <- softmax(matrix(rnorm(90), 30))
  w <- runif(30)
  share <- w / sum(w)
  of_truth <- p[cbind(1:30, as.integer(truth))]
  expect_equal(value_of("log_loss", truth, p, w), -sum(share * log(of_truth)))
  expect_equal(value_of("accuracy", truth, p, w), sum(share * (of_truth == apply(p, 1, max))))
  y <- rnorm(30)
  e <- y + rnorm(30) / 2
  expect_equal(value_of("rmse", y, e, w), sqrt(sum(share * (y - e)^2)))
  expect_equal(value_of("mae", y, e, w), sum(share * abs(y - e)))
  expect_equal(value_of("rsq", y, e, w), 1 - sum(share * (y - e)^2) / sum(share * (y - sum(share * y))^2))
  both <- cbind(y, 2 * y)
  each <- c(value_of("rsq", y, e, w), value_of("rsq", 2 * y, e, w))
  expect_equal(value_of("rsq", both, cbind(e, e), w), mean(each))
  expect_equal(value_of("mae", both, cbind(e, 2 * e)), 1.5 * value_of("mae", y, e))
  expect_equal(value_of("rmse", both, cbind(e, 2 * e))^2, 2.5 * value_of("rmse", y, e)^2)
})

last_value <- function(fit, metric, set = "validation") {
  utils::tail(fit$history$value[fit$history$set == set & fit$history$metric == metric], 1)
}

test_that("metrics in the history are those of the network at the end of the epoch", {
  fit <- small_fit(iris_x, iris$Species, validation = seq(2, 150, 3), metrics = c("auc", "log_loss"),
                   weights = rep(1:2, 75), standardize = "zscore")
  rows <- list(train = setdiff(1:150, seq(2, 150, 3)), validation = seq(2, 150, 3))
  for (set in names(rows)) {
    p <- as.matrix(predict(fit, iris_x[rows[[set]], ], type = "prob"))
    truth <- iris$Species[rows[[set]]]
    weights <- rep(1:2, 75)[rows[[set]]]
    for (metric in c("auc", "log_loss")) {
      expect_equal(last_value(fit, metric, set), value_of(metric, truth, p, weights), tolerance = 1e-6)
    }
  }
  expect_identical(unique(fit$history$metric), c("loss", "accuracy", "auc", "log_loss"))
  expect_identical(nrow(fit$history), 3L * 8L)
})

test_that("regression has metrics, with one outcome or several, without validation rows too", {
  x <- as.matrix(mtcars[c("wt", "hp")])
  fit <- small_fit(x, mtcars[c("mpg", "qsec")], metrics = c("mae", "rsq", "rmse"), standardize = "zscore",
                   optimizer = opt_adam(0.01))
  expect_identical(unique(fit$history$metric), c("loss", "rmse", "mae", "rsq"))
  estimate <- as.matrix(predict(fit, x))
  truth <- as.matrix(mtcars[c("mpg", "qsec")])
  expect_equal(last_value(fit, "mae", "train"), mean(abs(estimate - truth)), tolerance = 1e-6)
  expect_equal(last_value(fit, "rsq", "train"), value_of("rsq", truth, estimate), tolerance = 1e-6)
})

test_that("a function of the user's sees truth, estimate and weights", {
  seen <- list()
  keep <- function(truth, estimate, weights) {
    seen[[length(seen) + 1]] <<- list(truth = truth, estimate = estimate, weights = weights)
    length(seen)
  }
  am <- factor(mtcars$am)
  fit <- small_fit(as.matrix(mtcars[2:7]), am, validation = 1:6, epochs = 2, metrics = list(count = keep),
                   loss = "binary_cross_entropy", standardize = "zscore", weights = 1:32 / 32)
  expect_identical(fit$history$value[fit$history$metric == "count"], c(1, 2, 3, 4))
  expect_identical(lapply(seen, `[[`, "truth")[3:4], list(am[7:32], am[1:6]))
  expect_identical(seen[[4]]$weights, 1:6 / 32)
  expect_identical(colnames(seen[[4]]$estimate), c("0", "1"))
  expect_equal(seen[[4]]$estimate, as.matrix(predict(fit, as.matrix(mtcars[1:6, 2:7]), type = "prob")),
               tolerance = 1e-6, ignore_attr = TRUE)
  small_fit(mpg ~ wt, mtcars, epochs = 1, metrics = list(count = keep), optimizer = opt_sgd(1e-4))
  expect_identical(seen[[5]]$truth, mtcars$mpg)
  expect_null(dim(seen[[5]]$estimate))
  expect_identical(seen[[5]]$weights, rep(1, 32))
})

test_that("known metrics and functions of one's own go together, in their order", {
  one <- function(truth, estimate, weights) 1
  names_of <- function(metrics) {
    unique(small_fit(iris_x, iris$Species, epochs = 1, metrics = metrics)$history$metric)
  }
  expect_identical(names_of(list("auc", mine = one, "log_loss")),
                   c("loss", "accuracy", "auc", "mine", "log_loss"))
  expect_identical(names_of(list(mine = one, "auc", "auc")), c("loss", "accuracy", "mine", "auc"))
  expect_identical(names_of(list("log_loss")), c("loss", "accuracy", "log_loss"))
  together <- small_fit(iris_x, iris$Species, metrics = c("auc", mine = one))
  apart <- small_fit(iris_x, iris$Species, metrics = "auc")
  expect_identical(last_value(together, "auc", "train"), last_value(apart, "auc", "train"))
  expect_identical(last_value(together, "mine", "train"), 1)
  expect_false(together$arguments$metrics[[2]] %in% names(known_metrics))
})

test_that("metrics do not change training, and are the same at any number of threads", {
  set.seed(4)
  x <- matrix(rnorm(12000), 2000)
  y <- factor(x[, 1] * x[, 2] > 0)
  fit <- function(...) small_fit(x, y, hidden_units = 64, validation = 0.3, ...)
  plain <- fit(threads = 1)
  one <- fit(threads = 1, metrics = "auc")
  expect_identical(one$network, plain$network)
  hold_teams()
  expect_identical(fit(threads = 2, metrics = "auc")$history, one$history)
  kept <- one$history$metric != "auc"
  expect_identical(one$history[kept, "value"], plain$history$value)
})

test_that("every kind of outcome has metrics, if only the user's", {
  seen <- NULL
  keep <- list(keep = function(truth, estimate, weights) {
    seen <<- list(truth = truth, estimate = estimate)
    0
  })
  last <- function(fit, name) {
    subset(fit$history, epoch == max(epoch) & set == "train" & metric == name)$value
  }
  fit <- small_fit(iris_x, iris$Species, loss = "hinge", metrics = c("accuracy", "auc"))
  scores <- as.matrix(predict(fit, iris_x, type = "raw"))
  expect_equal(last(fit, "auc"), value_of("auc", iris$Species, scores))
  two <- droplevels(iris$Species[1:100])
  fit <- small_fit(iris_x[1:100, ], two, loss = "binary_hinge", metrics = "auc")
  expect_equal(last(fit, "auc"), binary_auc(two == "versicolor", predict(fit, iris_x[1:100, ], "raw")[[1]],
                                            rep(1, 100)))
  labels <- cbind(long = iris_x[, 1] > 6, wide = iris_x[, 2] > 3)
  fit <- small_fit(iris_x, labels, metrics = keep)
  expect_equal(seen$estimate, as.matrix(predict(fit, iris_x, type = "prob")), tolerance = 1e-6,
               ignore_attr = TRUE)
  expect_identical(seen$truth == 1, labels, ignore_attr = TRUE)
  fit <- small_fit(iris_x[, -1], iris_x[, 1], loss = loss_quantile(c(0.1, 0.5, 0.9)), metrics = keep,
                   standardize_outcome = TRUE)
  expect_equal(seen$estimate, as.matrix(predict(fit, iris_x[, -1], type = "quantile")), tolerance = 1e-6,
               ignore_attr = TRUE)
})

test_that("metrics that do not fit, fail or return no number are refused", {
  fit <- function(metrics) {
    mlp_fit(iris_x, iris$Species, hidden_units = 2, epochs = 1, metrics = metrics, verbose = FALSE)
  }
  expect_conditions({
    fit("acuracy")
    fit("rmse")
    fit(mean)
    fit(list(mean))
    fit(list(auc = mean))
    fit(list(a = mean, a = median))
    fit(list("acuracy", a = mean))
    fit(list(a = "auc"))
    fit(list("auc", 1))
    fit(list(mine = function(truth, estimate, weights) stop("no")))
    fit(list(mine = function(truth, estimate, weights) weights))
    fit(list(mine = function(truth, estimate, weights) "good"))
    mlp_fit(mpg ~ wt, mtcars, metrics = "auc", verbose = FALSE)
    small_fit(iris_x, iris$Species, loss = "hinge", metrics = "log_loss")
    small_fit(iris_x, iris_x > 1, metrics = "accuracy")
    mlp_continue(fit(list(mine = function(truth, estimate, weights) 1)), iris_x, iris$Species, epochs = 1)
  })
})
