test_that("a validation share is drawn within classes and not trained on", {
  y <- factor(rep(c("a", "b", "c"), c(10, 20, 1)))
  outcome <- list(values = y)
  share <- validation_share(0.3, outcome, NULL)
  expect_equal(share$take, c(3, 6, 0))
  rows <- draw_rows(y, share$take)
  expect_equal(as.vector(table(y[rows])), c(3, 6, 0))
  expect_false(is.unsorted(rows, strictly = TRUE))
  expect_equal(validation_share(0.25, list(values = matrix(0, 8, 2)), NULL)$take, 2)
  expect_length(draw_rows(matrix(0, 8, 2), 2), 2)
  expect_identical(draw_rows(factor("a"), 1), 1L)
})

test_that("the key is drawn before the validation share, and nothing else is", {
  set.seed(5)
  draw_key()
  draw_rows(iris$Species, c(10, 10, 10))
  after <- .Random.seed
  set.seed(5)
  mlp_fit(iris_x, iris$Species, hidden_units = 2, epochs = 1, validation = 0.2, verbose = FALSE)
  expect_identical(.Random.seed, after)
})

test_that("errors leave the random numbers alone", {
  set.seed(5)
  before <- .Random.seed
  try(mlp_fit(iris_x, iris$Species, init = list(1)), silent = TRUE)
  try(mlp_fit(iris_x, iris$Species, validation = 0.001), silent = TRUE)
  expect_identical(.Random.seed, before)
})

test_that("validation data may be given for each interface", {
  held <- c(1:10, 51:60, 101:110)
  start <- coef(mlp_network(4, 4, 3))
  by_list <- small_fit(iris_x[-held, ], iris$Species[-held], init = start,
                       validation = list(x = iris_x[held, ], y = iris$Species[held]))
  by_frame <- small_fit(iris[-held, 1:4], iris$Species[-held], init = start,
                        validation = list(x = iris[held, 1:4], y = iris$Species[held]))
  by_formula <- small_fit(Species ~ ., iris[-held, ], init = start, validation = iris[held, ])
  expect_identical(by_list$history, by_frame$history)
  expect_identical(by_list$history, by_formula$history)
  expect_identical(by_list$training$validation_rows, 30L)
  last <- by_list$history[by_list$history$set == "validation" & by_list$history$epoch == 3, ]
  prob <- as.matrix(predict(by_list, iris_x[held, ], type = "prob"))
  likelihood <- prob[cbind(1:30, as.integer(iris$Species[held]))]
  expect_equal(last$value[1], -mean(log(likelihood)), tolerance = 1e-5)
  class <- predict(by_list, iris_x[held, ])$.pred_class
  expect_equal(last$value[2], mean(class == iris$Species[held]))
})

test_that("regression reports the root mean squared error", {
  fit <- small_fit(mpg ~ wt + hp, mtcars[1:20, ], standardize = "zscore",
                   validation = mtcars[21:32, ], optimizer = opt_sgd(0.01))
  last <- fit$history[fit$history$set == "validation" & fit$history$epoch == 3, ]
  error <- predict(fit, mtcars[21:32, ])$.pred - mtcars$mpg[21:32]
  expect_identical(last$metric, c("loss", "rmse"))
  expect_equal(last$value, c(mean(error^2), sqrt(mean(error^2))), tolerance = 1e-5)
})

test_that("patience stops early and keeps the best epoch", {
  set.seed(1)
  y <- sample(iris$Species)
  fit <- mlp_fit(iris_x, y, hidden_units = 64, epochs = 500, batch_size = 8, validation = 0.3,
                 patience = 3, standardize = "zscore", verbose = FALSE)
  expect_identical(fit$training$stopped, "stopped")
  expect_lt(fit$training$epochs, 500)
  validation <- fit$history$value[fit$history$set == "validation" & fit$history$metric == "loss"]
  expect_identical(fit$training$kept_epoch, which.min(validation))
  expect_identical(fit$training$epochs, fit$training$kept_epoch + 3L)
})

test_that("weights of whole numbers equal repeated rows", {
  weights <- rep(1:3, 50)
  repeated <- rep(seq_len(150), weights)
  start <- coef(mlp_network(4, 3, 3))
  fit <- function(...) {
    mlp_fit(..., hidden_units = 3, epochs = 1, batch_size = 1000, init = start, verbose = FALSE)
  }
  weighted <- fit(iris_x, iris$Species, weights = weights)
  plain <- fit(iris_x[repeated, ], iris$Species[repeated])
  expect_equal(weighted$network, plain$network, tolerance = 1e-5)
})

test_that("a learning rate that blows up ends training with a warning", {
  x <- matrix(seq(-100, 100, length.out = 30))
  expect_warning(
    fit <- small_fit(x, x[, 1]^2, optimizer = opt_sgd(10)), class = "fastmlp_warning_diverged"
  )
  expect_identical(fit$training$stopped, "diverged")
  expect_true(all(is.finite(unlist(coef(fit)))))
  expect_output(print(fit), "diverged")
  expect_conditions(warn_of_end(
    list(stopped = "diverged", kept_epoch = 2L, epochs = 2L),
    list(optimizer = opt_sgd(0.5), standardize = "none"),
    list(type = "class", loss = list(name = "cross_entropy")), NULL
  ))
  expect_conditions(warn_of_end(
    list(stopped = "diverged", kept_epoch = 0L, epochs = 0L),
    list(optimizer = opt_sgd(), standardize = "zscore"),
    list(type = "numeric", loss = list(name = "squared")), NULL
  ))
})

# Leaps in step 7, in full batches that of epoch 7: what is left then gives no finite loss.
leaping_fit <- function(...) {
  set.seed(1)
  leap <- schedule_function(function(progress) ifelse(progress > 0.6 & progress < 0.7, 1e5, 0.5), horizon = 9)
  settings <- list(loss = "poisson", hidden_units = 4, epochs = 9, batch_size = Inf, verbose = FALSE,
                   preset = "plain", schedule = leap)
  settings[...names()] <- list(...)
  do.call(mlp_fit, c(list(as.matrix(mtcars[2:4]) / 100, mtcars$carb), settings))
}

test_that("without validation the epoch is kept whose weights still give a finite loss", {
  calm <- function(...) {
    leaping_fit(..., epochs = 6, optimizer = opt_sgd(0.05), schedule = schedule_constant())
  }
  for (settings in list(list(), list(epochs = 7), list(ensemble = 2), list(metrics = "rmse"))) {
    expect_warning(fit <- do.call(leaping_fit, settings), "after the steps of SGD in epoch 7",
                   class = "fastmlp_warning_diverged")
    expect_identical(fit$training[c("kept_epoch", "epochs")], list(kept_epoch = 6L, epochs = 7L))
    expect_identical(fit$training$stopped, "diverged")
    expect_identical(fit$network, calm()$network)
  }
  expect_warning(shared <- leaping_fit(ensemble = 2, share_weights = TRUE), "in epoch 7")
  expect_identical(shared$training$kept_epoch, 6L)
  expect_identical(shared$members, calm(ensemble = 2, share_weights = TRUE)$members)
})

test_that("the last good epoch is kept however many bad ones follow, and what ruins weights is named", {
  set.seed(1)
  x <- matrix(rnorm(400), 80)
  fit <- function(epochs) {
    set.seed(5)
    small_fit(x, 2 * x[, 1], hidden_units = 8, epochs = epochs, batch_size = Inf,
              optimizer = opt_adamw(1, weight_decay = 1e6))
  }
  expect_identical(fit(1)$training$stopped, "finished")
  for (epochs in 2:5) {
    expect_warning(ended <- fit(epochs), "lower the optimizer's `weight_decay`")
    expect_identical(ended$training$kept_epoch, 1L)
    expect_identical(coef(ended), coef(fit(1)))
  }
})

test_that("a mean that overflows has an infinite loss", {
  for (loss in list("poisson", "gamma", loss_tweedie(1.9), loss_negative_binomial(2))) {
    expect_true(is.finite(loss_value(matrix(-700), matrix(1), loss)) || identical(loss, "gamma"))
    expect_identical(loss_value(matrix(710), matrix(1), loss), Inf)
  }
  expect_true(is.finite(loss_value(matrix(709), matrix(1), "gamma")))
})

test_that("whatever the optimizer does, what is kept predicts finite numbers", {
  set.seed(2)
  x <- matrix(rnorm(150), 50)
  y <- rpois(50, exp(1 + x[, 1])) + 1
  ended <- character()
  for (loss in c("poisson", "gamma", "tweedie", "negative_binomial", "gaussian", "squared")) {
    for (optimizer in list(opt_sgd(0.5), opt_sgd(30), opt_sgd(3, momentum = 0.9), opt_adam(300))) {
      for (settings in list(list(batch_size = Inf), list(batch_size = 16), list(ensemble = 2),
                            list(ensemble = 2, share_weights = TRUE, batch_size = 16),
                            list(normalization = "batch", ema_decay = 0.5), list(validation = 0.3),
                            list(validation = 0.3, patience = 2, ensemble = 2))) {
        fit <- suppressWarnings(do.call(mlp_fit, c(
          list(x, y, loss = loss, hidden_units = 4, optimizer = optimizer, epochs = 3, preset = "plain",
               verbose = FALSE),
          settings
        )))
        expect_true(all(is.finite(as.matrix(predict(fit, x)))), info = paste(loss, format(optimizer)))
        ended <- c(ended, fit$training$stopped)
      }
    }
  }
  expect_setequal(ended, c("finished", "diverged", "stopped"))
})

test_that("a gradient that is not finite ends training, whatever is made of it", {
  x <- matrix(c(1e30, -1e30, 1, 2), 4)
  y <- c(1e12, 1e12, 1, 2)
  start <- list(list(weight = matrix(0, 1, 1), bias = 0))
  expect_true(is.finite(mlp_gradient(mlp_network(1, integer(), 1, init = start), x, y)$loss))
  for (settings in list(
    list(optimizer = opt_sgd(), clip_value = 1), list(optimizer = opt_sgd(), clip_norm = 1),
    list(optimizer = opt_lion()), list(optimizer = opt_rprop()), list(optimizer = opt_adam())
  )) {
    expect_warning(
      fit <- do.call(small_fit, c(
        list(x, y, hidden_units = integer(), init = start, batch_size = Inf), settings
      )),
      class = "fastmlp_warning_diverged"
    )
    expect_identical(fit$training$kept_epoch, 0L, info = format(settings$optimizer))
    expect_true(all(is.finite(unlist(coef(fit)))))
  }
})

test_that("an interrupt ends training with the model so far", {
  interrupt_after <- function(slices) {
    count <- 0
    list(
      update = function(status) {
        count <<- count + 1
        if (count == slices) rlang::interrupt()
      },
      close = function() NULL
    )
  }
  x <- matrix(as.double(seq_len(4000)) / 4000, 1000)
  outcome <- as_outcome(x[, 1], NULL, "y", NULL, x)
  settings <- utils::modifyList(plain_settings(), list(epochs = 1e6L, verbose = FALSE))
  sets <- training_sets(x, outcome, NULL, list(kind = "none"), NULL)
  plan <- stopping_plan(settings, outcome$info, NULL, NULL)
  expect_warning(
    trained <- train(function() mlp_network(4, 64, 1), sets, NULL, outcome$info, settings, c(1L, 2L),
                     NULL, plan, list(train = outcome$values, valid = NULL), reporter = interrupt_after(2)),
    class = "fastmlp_warning_interrupted"
  )
  expect_identical(trained$summary$stopped, "interrupted")
  expect_identical(nrow(trained$history), 2L * trained$summary$epochs)
  expect_true(all(is.finite(unlist(lapply(trained$layers, `[`, c("weight", "bias"))))))
})

test_that("validation data that do not fit are refused", {
  fit <- function(validation) mlp_fit(iris_x, iris$Species, validation = validation)
  by_formula <- function(validation) mlp_fit(Species ~ ., iris, validation = validation)
  expect_conditions({
    fit(iris)
    fit(list(x = iris_x))
    fit(list(x = iris_x[, 1:2], y = iris$Species))
    fit(list(x = iris_x, y = iris$Species[1:3]))
    fit(list(x = iris_x[0, ], y = iris$Species[0]))
    fit(list(x = iris_x[1:2, ], y = c("setosa", "rose")))
    fit(list(x = iris_x[1:2, ], y = c(1, 2)))
    fit(list(x = replace(iris_x, 5, NA), y = iris$Species))
    by_formula(list(x = iris_x, y = iris$Species))
    by_formula(iris[-5])
    by_formula(iris[-1])
    mlp_fit(mpg ~ wt, mtcars, validation = 0.2, patience = 2, weights = c(1, rep(0, 31)))
  })
})

test_that("epochs may be many where patience ends them", {
  fit <- small_fit(
    iris_x, iris$Species, epochs = 1e9, validation = 0.3, patience = 2, optimizer = opt_sgd(0.5)
  )
  expect_identical(fit$training$stopped, "stopped")
})

test_that("more threads than can be had are not asked for", {
  fit <- small_fit(iris_x, iris$Species, threads = 1e6)
  expect_lte(fit$training$threads, max(8, 4 * mlp_info()$cores))
})

test_that("every epoch has an order of its own", {
  x <- diag(8)
  train <- function(epochs, shuffle) {
    set.seed(5)
    fit <- mlp_fit(x, 1:8 / 8, hidden_units = integer(), epochs = epochs, batch_size = 1, shuffle = shuffle,
                   init = list(list(weight = matrix(0, 8, 1), bias = 0)), optimizer = opt_sgd(0.4))
    coef(fit)
  }
  # Another epoch from where the first ended: the same steps only if it has the same order.
  again <- function(shuffle) {
    init <- train(1, shuffle) # beforehand: it sets the seed too
    set.seed(5)
    fit <- mlp_fit(x, 1:8 / 8, hidden_units = integer(), epochs = 1, batch_size = 1, shuffle = shuffle,
                   init = init, optimizer = opt_sgd(0.4))
    coef(fit)
  }
  expect_equal(again(FALSE), train(2, FALSE))
  expect_false(isTRUE(all.equal(again(TRUE), train(2, TRUE))))
})

test_that("an interrupt from outside ends training with a model", {
  skip_unless_signalled()
  code <- "
    x <- matrix(as.double(1:4e6 %% 101) / 101, 40000)
    system(sprintf('(sleep 2; kill -INT %d) &', Sys.getpid()))
    set.seed(1)
    slow <- opt_sgd(1e-6)
    fit <- suppressWarnings(mlp_fit(x, x[, 1], hidden_units = c(64, 64), epochs = 1e6, optimizer = slow))
    cat(fit$training$stopped, nrow(predict(fit, x[1:3, ])))
    set.seed(1)
    epochs <- fit$training$epochs + 1
    whole <- mlp_fit(x, x[, 1], hidden_units = c(64, 64), epochs = epochs, optimizer = slow)
    further <- mlp_continue(fit, x, x[, 1], epochs = 1)
    same <- c('network', 'history', 'state')
    cat('', identical(unclass(whole)[same], unclass(further)[same]))
  "
  expect_identical(in_new_process(code), "interrupted 3 TRUE")
})

test_that("an interrupt from outside finds every epoch measured and judged", {
  skip_unless_signalled()
  code <- "
    x <- matrix(as.double(1:2e5 %% 101) / 101, 2000)
    y <- factor(x[, 1] + x[, 2] > 1)
    fit <- function(epochs) {
      set.seed(1)
      mlp_fit(x, y, hidden_units = 16, epochs = epochs, batch_size = 16, optimizer = opt_adam(1e-4),
              validation = 0.2, metrics = c('auc', 'log_loss'), patience = 1e6, stop_metric = 'auc',
              schedule = schedule_plateau(0.9, patience = 2))
    }
    same <- c('network', 'history', 'state')
    begins <- 3 * system.time(fit(1))[['elapsed']] # by then training has begun, however busy the machine is
    for (delay in c(0.6, 0.8, 1)) {
      system(sprintf('(sleep %f; kill -INT %d) &', begins + delay, Sys.getpid()))
      broken <- suppressWarnings(fit(1e6))
      further <- mlp_continue(broken, x, y, epochs = 1)
      whole <- fit(further$training$epochs)
      cat(broken$training$stopped, anyNA(broken$history$value),
          identical(unclass(whole)[same], unclass(further)[same]), '')
    }
  "
  expect_identical(in_new_process(code), strrep("interrupted FALSE TRUE ", 3))
})

test_that("validation results are those of the kept network, over many rows and with weights", {
  set.seed(7)
  x <- matrix(rnorm(2800), 700)
  y <- factor(ifelse(x[, 1] + x[, 2]^2 > 0.5, "yes", "no"))
  last <- function(fit, metric) {
    history <- fit$history[fit$history$set == "validation" & fit$history$metric == metric, ]
    history$value[nrow(history)]
  }
  fit <- small_fit(x[1:100, ], y[1:100], validation = list(x = x, y = y))
  expect_equal(last(fit, "loss"), mlp_gradient(fit$network, x, y)$loss, tolerance = 1e-6)
  expect_equal(last(fit, "accuracy"), mean(predict(fit, x)$.pred_class == y))

  weights <- rep(c(0.5, 1, 4), length.out = 700)
  fit <- small_fit(x, y, validation = 0.9, weights = weights)
  set.seed(1)
  draw_key()
  held <- draw_rows(y, round(0.9 * tabulate(y)))
  expect_equal(fit$training$validation_rows, length(held))
  expect_equal(
    last(fit, "loss"), mlp_gradient(fit$network, x[held, ], y[held], weights = weights[held])$loss,
    tolerance = 1e-6
  )
})

test_that("no epoch is in progress once training has ended", {
  network <- mlp_network(4, 3, 3)
  data <- list(x = iris_x, target = as.integer(iris$Species), weights = NULL, rows = NULL)
  options <- plain_options(default_loss(iris$Species), 150, epochs = 2L, batch_size = 16L)
  trainer <- .Call(fastmlp_train_open, network$layers, data, NULL, NULL, options, NULL)
  status <- .Call(fastmlp_train_advance, trainer, 60)
  expect_identical(status[c("state", "epoch", "progress")],
                   list(state = "finished", epoch = 2L, progress = 0))
})

test_that("the rate to try is a tenth, or the optimizer's own where rates are far away", {
  expect_identical(lower_rate(opt_sgd(0.5)), 0.05)
  expect_identical(lower_rate(opt_sgd(1)), 0.1)
  expect_identical(lower_rate(opt_sgd(1e20)), opt_sgd()$learn_rate)
  expect_identical(lower_rate(opt_adam(2)), opt_adam()$learn_rate)
  x <- matrix(1:20 / 20)
  expect_warning(small_fit(x, x[, 1], optimizer = opt_sgd(1e20)), "it was 1e+20, try 0.1", fixed = TRUE)
})

test_that("the weights that are kept are proven by rows far down, too", {
  x <- c(seq(-1, 1, length.out = 5999), 50)
  y <- ifelse(x > 0 & x < 50, 3, 1)
  start <- list(list(weight = matrix(0), bias = 0))
  fit <- function(x, y) {
    mlp_fit(matrix(x), y, preset = "plain", loss = "poisson", hidden_units = integer(), init = start,
            epochs = 1, batch_size = Inf, optimizer = opt_sgd(4), verbose = FALSE)
  }
  expect_warning(ruined <- fit(x, y), class = "fastmlp_warning_diverged")
  expect_identical(ruined$training$kept_epoch, 0L)
  expect_no_warning(fit(x[-6000], y[-6000]))
  monitor <- function(loss, rows, epochs) {
    list(sets = list(train = list(x = matrix(0, rows))), info = list(loss = list(name = loss)),
         options = list(epochs = epochs))
  }
  expect_identical(rows_to_prove(monitor("poisson", 9000L, 1L)), 9000L)
  expect_identical(rows_to_prove(monitor("squared", 9000L, 1L)), 4096L)
  expect_identical(rows_to_prove(monitor("squared", 9000L, 64L)), 9000L)
  expect_identical(rows_to_prove(monitor("squared", 100L, 1L)), 100L)
})
