factors <- function(schedule, epoch, epochs = 20) schedule_value(schedule, epoch, epochs)

test_that("factors are those of the formulas", {
  e <- c(0, 0.5, 1, 7, 10, 19.5, 20)
  t <- e / 20
  expect_equal(factors(schedule_constant(), e), rep(1, 7))
  expect_equal(factors(schedule_step(2, 0.5), e), 0.5^c(0, 0, 0, 3, 5, 9, 10))
  expect_equal(factors(schedule_exponential(0.9), e), 0.9^e)
  expect_equal(factors(schedule_inverse_time(0.25), e), 1 / (1 + e / 4))
  expect_equal(factors(schedule_cosine(0.2), e), 0.2 + 0.8 * (1 + cos(pi * t)) / 2)
  expect_equal(factors(schedule_coslog4(), e), (1 - cos(2 * pi * log2(1 + 15 * t))) / 2)
  flat <- ifelse(t <= 0.5, 1, (1 + cos(pi * (2 * t - 1))) / 2)
  expect_equal(factors(schedule_flat_cosine(), e), flat)
  expect_equal(factors(schedule_plateau(), e), rep(1, 7))
  expect_equal(factors(schedule_function(function(t) 1 - t / 2), e), 1 - t / 2)
})

test_that("coslog4 has its zeros and maxima where it should", {
  zeros <- (2^(0:4) - 1) / 15
  maxima <- (2^(0:3 + 0.5) - 1) / 15
  expect_equal(factors(schedule_coslog4(), zeros, 1), rep(0, 5))
  expect_equal(factors(schedule_coslog4(), maxima, 1), rep(1, 4))
})

# PyTorch's step k of 60, 3 an epoch, in 20 epochs.
test_that("schedules are PyTorch's", {
  rates <- read_tensors("schedules.csv")
  known <- list(
    step = schedule_step(2, 0.5),
    exponential = schedule_exponential(0.9),
    cosine = schedule_cosine(0.1),
    restarts = schedule_cosine(0.25, restarts = 2),
    growing = schedule_cosine(restarts = 1, growth = 2),
    one_cycle = schedule_one_cycle(),
    warmup = schedule_warmup(5, schedule_cosine(), start = 0.1)
  )
  for (name in names(known)) {
    expect_equal(factors(known[[name]], 0:59 / 3), rates[[name]][1, ], tolerance = 1e-10, info = name)
  }
})

test_that("a plateau lowers the rate when PyTorch does", {
  rates <- read_tensors("schedules.csv")
  plateau <- schedule_plateau(0.5, patience = 2, min_improvement = 0.1, smallest = 0.1)
  progress <- Reduce(function(progress, loss) plateau_progress(plateau, progress, loss),
                     rates$plateau_loss[1, ], no_progress, accumulate = TRUE)[-1]
  expect_equal(vapply(progress, `[[`, 1, "factor"), rates$plateau[1, ])
})

test_that("restarts are met whatever the cycles' lengths", {
  for (growth in c(1, 1.5, 2, 3)) {
    for (restarts in c(1, 2, 6)) {
      lengths <- growth^(0:restarts)
      starts <- c(0, cumsum(lengths)[seq_len(restarts)])
      schedule <- schedule_cosine(restarts = restarts, growth = growth)
      at <- starts / sum(lengths)
      expect_equal(factors(schedule, 17 * at, 17), rep(1, restarts + 1))
      expect_equal(factors(schedule, 17 * (at + lengths / sum(lengths) / 2), 17), rep(0.5, restarts + 1))
    }
  }
})

test_that("cycles end where the factor has come down to rise again, or to stay", {
  expect_identical(cycle_ends(schedule_coslog4(), 256), c(17L, 51L, 119L, 256L))
  expect_identical(cycle_ends(schedule_coslog4(15), 30), c(3L, 7L, 15L))
  expect_identical(cycle_ends(schedule_cosine(restarts = 1, growth = 2), 30), c(10L, 30L))
  expect_identical(cycle_ends(schedule_warmup(5, schedule_cosine(restarts = 1)), 25), c(15L, 25L))
  expect_identical(cycle_ends(schedule_function(function(t) abs(cos(2 * pi * t))), 20), c(5L, 15L))
  expect_identical(cycle_ends(schedule_coslog4(horizon = 100), 30), c(7L, 20L))
  alone <- list(schedule_constant(), schedule_cosine(), schedule_step(3), schedule_one_cycle(),
                schedule_flat_cosine(), schedule_exponential(0.9))
  for (schedule in alone) for (epochs in c(1, 2, 30)) expect_null(cycle_ends(schedule, epochs))
})

test_that("a warm-up takes a share or epochs, and leaves the rest to what follows", {
  cosine <- schedule_cosine()
  expect_error(schedule_warmup(5, schedule_step(2), horizon = 9), "`horizon`", class = "fastmlp_error_value")
  expect_error(schedule_warmup(5, schedule_cosine(horizon = 9), horizon = 9), class = "fastmlp_error_value")
  expect_equal(schedule_warmup(5, cosine, horizon = 9)$horizon, 9)
  expect_equal(factors(schedule_warmup(0.25, cosine, 0), c(0, 2.5, 5, 12.5, 20)), c(0, 0.5, 1, 0.5, 0))
  expect_equal(factors(schedule_warmup(0.25, cosine, 0), 0:20), factors(schedule_warmup(5, cosine, 0), 0:20))
  half <- schedule_function(function(t) rep(0.5, length(t)))
  expect_equal(factors(schedule_warmup(4, half, 0), 0:5), c(0, 1, 2, 3, 4, 4) / 8)
  expect_equal(factors(schedule_warmup(40, cosine, 0), c(0, 10, 20)), c(0, 0.25, 0.5))
  step <- schedule_warmup(2, schedule_step(3, 0.1), 0.5)
  expect_equal(factors(step, 0:8), c(0.5, 0.75, 1, 1, 1, 0.1, 0.1, 0.1, 0.01))
  # 0.07 * 100 is a little more than 7.
  halves <- schedule_warmup(0.07, schedule_step(1, 0.5), 0.5)
  expect_equal(factors(halves, 7:10, 100), c(1, 0.5, 0.25, 0.125))
})

test_that("a horizon of one's own stands for the epochs", {
  for (schedule in list(schedule_cosine, schedule_coslog4, schedule_flat_cosine, schedule_one_cycle)) {
    expect_identical(factors(schedule(horizon = 20), 0:10, 10), factors(schedule(), 0:10, 20))
    expect_identical(factors(schedule(horizon = 5), 5:9, 10), rep(factors(schedule(), 5, 5), 5))
  }
})

test_that("functions may be vectorised or not", {
  branch <- schedule_function(function(t) if (t < 0.5) 1 else 0.25)
  expect_equal(factors(branch, c(0, 9, 10, 20)), c(1, 1, 0.25, 0.25))
  summary <- schedule_function(function(t) max(1 - t, 0.5))
  expect_equal(factors(summary, c(0, 5, 15)), c(1, 0.75, 0.5))
})

test_that("schedules print as the calls that make them", {
  expect_snapshot({
    schedule_constant()
    schedule_step(3)
    schedule_exponential(0.95)
    schedule_inverse_time(0.1)
    schedule_cosine(horizon = 50)
    schedule_one_cycle()
    schedule_flat_cosine()
    schedule_coslog4()
    schedule_warmup(0.1, schedule_cosine(restarts = 3))
    schedule_plateau(0.5, 3)
    schedule_function(function(t) 1 - t)
  })
})

test_that("bad settings are refused by name", {
  expect_conditions({
    schedule_step()
    schedule_step(1.5)
    schedule_step(2, 0)
    schedule_exponential(1.1)
    schedule_inverse_time(-1)
    schedule_cosine(final = 2)
    schedule_cosine(restarts = -1)
    schedule_cosine(horizon = 0)
    schedule_one_cycle(rise = 1)
    schedule_flat_cosine(flat = 1)
    schedule_warmup(0)
    schedule_warmup(2, "cosine")
    schedule_plateau(patience = 0)
    schedule_function("a")
    schedule_function(function(t) -t)
    schedule_function(function(t) 1 / t)
    schedule_function(function(t) "a")
    plot(schedule_plateau())
    autoplot(schedule_cosine(), epochs = -1)
    plot(schedule_cosine(), epoch = 3)
    plot(schedule_cosine(), epochs = 3, colour = "red")
    mlp_fit(iris_x, iris$Species, schedule = "cosine", verbose = FALSE)
  })
})

test_that("a schedule changed by hand is made anew or refused", {
  fit <- function(schedule, ...) small_fit(iris_x, iris$Species, schedule = schedule, ...)
  changed <- function(schedule, ...) utils::modifyList(schedule, list(...))
  expect_identical(fit(changed(schedule_step(5), every = 2))$arguments$schedule, schedule_step(2))
  expect_conditions({
    fit(changed(schedule_cosine(), final = 7))
    fit(changed(schedule_cosine(), name = "sine"))
    fit(changed(schedule_step(2), every = NULL))
    fit(changed(schedule_warmup(2), then = changed(schedule_cosine(), growth = 0)))
    fit(schedule_constant(), dropout = 0.1, dropout_schedule = changed(schedule_exponential(0.9), decay = -1))
  })
})

test_that("plot() draws what training uses", {
  schedule <- schedule_warmup(3, schedule_cosine(restarts = 1))
  lines <- ggplot2::ggplot_build(autoplot(schedule, epochs = 30))$data[[1]]
  expect_equal(lines$y, factors(schedule, lines$x, 30))
  expect_equal(range(lines$x), c(0, 30))
  expect_equal(range(ggplot2::ggplot_build(autoplot(schedule_cosine(horizon = 7)))$data[[1]]$x), c(0, 7))
  withr::local_pdf(NULL)
  expect_s3_class(plot(schedule), "ggplot")
  expect_picture("schedule", autoplot(schedule_cosine(), epochs = 10))
})

# ---- in training ----

# The settings of SCHEDULED_RUNS in tools/fixtures.py.
scheduled_runs <- list(
  cosine_momentum = list(optimizer = opt_sgd(0.05, 0.9), schedule = schedule_cosine()),
  one_cycle_decay = list(optimizer = opt_sgd(0.2, weight_decay = 0.05), schedule = schedule_one_cycle()),
  step_adam = list(optimizer = opt_adam(0.01), schedule = schedule_step(10, 0.3))
)

test_that("200 steps under a schedule end at PyTorch's weights", {
  start <- read_tensors("runs.csv")
  tensors <- read_tensors("scheduled_runs.csv")
  for (name in names(scheduled_runs)) {
    fit <- run_training(start, scheduled_runs[[name]])
    expect_close(coef(fit), layers_from(tensors, paste0(name, "_")), 1e-5, info = name)
    history <- fit$history$value[fit$history$metric == "loss"]
    expect_close(history, tensors[[paste0(name, "_history")]][1, ], 1e-5, TRUE, info = name)
  }
})

test_that("the rate of each epoch's last step is in the history, where it changes", {
  fit <- small_fit(iris_x, iris$Species, epochs = 4, optimizer = opt_sgd(0.2),
                   schedule = schedule_step(1, 0.5))
  rate <- fit$history[fit$history$metric == "learn_rate", ]
  expect_identical(rate$set, rep("train", 4))
  expect_equal(rate$value, 0.2 * 0.5^(0:3))
  expect_false("learn_rate" %in% small_fit(iris_x, iris$Species)$history$metric)
  fit <- small_fit(iris_x, iris$Species, epochs = 2, optimizer = opt_sgd(0.2), schedule = schedule_cosine())
  rate <- fit$history$value[fit$history$metric == "learn_rate"] # of steps 10 and 20 of 20, from 0
  expect_equal(rate, 0.2 * (1 + cos(pi * c(9, 19) / 20)) / 2)
})

test_that("a constant schedule by another name changes nothing", {
  plain <- small_fit(iris_x, iris$Species, optimizer = opt_adam())
  ones <- small_fit(iris_x, iris$Species, optimizer = opt_adam(),
                    schedule = schedule_function(function(t) rep(1, length(t))))
  expect_identical(ones$network, plain$network)
})

test_that("factors go on where one lot ends, in the midst of an epoch", {
  start <- exact_network(c(3, 4, 1), "tanh")
  x <- exact_normal(1000, 3)
  y <- x[, 1] * x[, 2]
  fit <- function(threads, epochs) {
    mlp_fit(x, y, hidden_units = 4, activation = "tanh", epochs = epochs, batch_size = 1, init = start$layers,
            shuffle = FALSE, schedule = schedule_cosine(horizon = 40), optimizer = opt_sgd(0.01),
            threads = threads, verbose = FALSE)
  }
  one <- fit(1, 20)
  expect_gt(20 * 1000, rates_at_once)
  rate <- one$history$value[one$history$metric == "learn_rate"]
  expect_equal(rate, 0.01 * (1 + cos(pi * (seq_len(20) - 1e-3) / 40)) / 2, tolerance = 1e-10)
  hold_teams()
  expect_identical(fit(2, 20)$network, one$network)
})

test_that("a function that fails later is named", {
  late <- schedule_function(function(t) ifelse(t > 0.6 & t < 0.9, NA, 1))
  expect_conditions(small_fit(iris_x, iris$Species, schedule = late))
})
