checkpointed <- function(path, ...) {
  set.seed(4)
  settings <- utils::modifyList(
    list(hidden_units = c(12, 12), optimizer = opt_adam(0.01), batch_size = 16, epochs = 8,
         checkpoint = path, verbose = FALSE),
    list(...)
  )
  do.call("mlp_fit", c(list(Species ~ ., iris), settings))
}

# What does not depend on the clock, nor on where the file is.
lasting <- function(fit) unclass(fit)[c("network", "history", "state", "outcome", "standardize")]

# Breaks a run off in epoch 5 where the variable says so; the same function, and so the same arguments,
# either way.
breaking <- list(on_epoch_begin = function(state) {
  if (state$epoch == 5 && Sys.getenv("FASTMLP_TEST_BREAK") == "yes") stop("broken off")
})

test_that("a run that was broken off goes on and ends as the unbroken one", {
  path <- withr::local_tempfile()
  for (settings in list(
    list(), list(validation = 0.2, patience = 50, ema_decay = 0.9), list(validation = 0.3, patience = 1),
    list(normalization = "batch", dropout = 0.2, schedule = schedule_cosine(), metrics = "auc")
  )) {
    fit <- function(path, ...) do.call(checkpointed, c(list(path, callbacks = breaking, ...), settings))
    whole <- fit(NULL)
    unlink(path)
    if (whole$training$epochs > 4) {
      withr::with_envvar(c(FASTMLP_TEST_BREAK = "yes"), expect_error(fit(path), "broken off"))
      expect_true(file.exists(path))
    }
    expect_identical(lasting(fit(path, threads = 1)), lasting(whole))
    again <- fit(path)
    expect_identical(lasting(again), lasting(whole))
    expect_identical(again$training$epochs, whole$training$epochs)
    expect_false(file.exists(paste0(path, ".part")))
  }
})

test_that("a run that diverged keeps the same epoch where it was broken off before it could tell", {
  path <- withr::local_tempfile()
  fit <- function(path) {
    set.seed(1)
    leap <- schedule_function(function(progress) ifelse(progress > 0.3 & progress < 0.4, 1e5, 0.1))
    mlp_fit(carb ~ wt + hp, mtcars, loss = "poisson", hidden_units = 4, epochs = 9, batch_size = Inf,
            preset = "plain", standardize = "zscore", schedule = leap, callbacks = breaking,
            checkpoint = path, verbose = FALSE)
  }
  expect_warning(whole <- fit(NULL), class = "fastmlp_warning_diverged")
  expect_identical(whole$training[c("epochs", "kept_epoch")], list(epochs = 4L, kept_epoch = 3L))
  withr::with_envvar(c(FASTMLP_TEST_BREAK = "yes"), expect_error(fit(path), "broken off"))
  expect_warning(again <- fit(path), class = "fastmlp_warning_diverged")
  expect_identical(lasting(again), lasting(whole))
  expect_identical(again$training$kept_epoch, 3L)
})

# What a checkpoint file holds.
read_hashed <- function(path) {
  connection <- file(path, "rb")
  on.exit(close(connection))
  readLines(connection, 2)
  unserialize(connection)
}

test_that("a run that goes on leaves R's random numbers where it would have, and adds up its time", {
  path <- withr::local_tempfile()
  fit <- function(...) checkpointed(..., validation = 0.2, callbacks = breaking)
  whole <- fit(NULL)
  after <- runif(1)
  withr::with_envvar(c(FASTMLP_TEST_BREAK = "yes"), expect_error(fit(path), "broken off"))
  saved <- read_hashed(path)
  expect_true(all(saved$spent > 0))
  saved$spent <- c(seconds = 1000, step_seconds = 100)
  write_hashed(serialize(saved, NULL), path)
  for (run in 1:2) {
    again <- fit(path)
    expect_identical(runif(1), after)
    expect_identical(lasting(again), lasting(whole))
    expect_gt(again$training$seconds, 1000)
    expect_gt(again$training$step_seconds, 100)
    expect_lt(again$training$step_seconds, 200)
  }
})

test_that("a process that is killed loses no more than the epochs since its last checkpoint", {
  skip_unless_signalled()
  path <- withr::local_tempfile()
  ended <- withr::local_tempfile()
  # Once there is a checkpoint, and a little later.
  killer <- sprintf("(while [ ! -e %s ]; do sleep .01; done; sleep %%s; kill -9 %%%%d 2>/dev/null) &", path)
  code <- function(delay, seed) {
    kill <- if (delay > 0) sprintf("system(sprintf(\"%s\", Sys.getpid()))", sprintf(killer, delay))
    sprintf("
      x <- matrix(as.double(1:4e5 %%%% 101) / 101, 4000)
      set.seed(%d)
      %s
      fit <- mlp_fit(x, x[, 1], hidden_units = c(64, 64), epochs = 400, batch_size = 32, validation = 0.1,
                     optimizer = opt_adam(1e-4), checkpoint = %s)
      saveRDS(unclass(fit)[c('network', 'history', 'state')], %s)
    ", seed, kill %||% "", deparse(path), deparse(ended))
  }
  in_new_process(code(0, seed = 3))
  unbroken <- readRDS(ended)
  unlink(path)
  killed <- 0
  # With another seed nothing but the file could lead to the same fit.
  seeds <- c(3, 4, 5)
  for (run in seq_along(seeds)) {
    unlink(ended)
    suppressWarnings(in_new_process(code(0.1 * run, seeds[run])))
    killed <- killed + !file.exists(ended)
    expect_true(file.exists(path))
  }
  expect_gt(killed, 0)
  in_new_process(code(0, seed = 6))
  expect_identical(readRDS(ended), unbroken)
})

test_that("a file of which one bit has changed is refused, wherever it is", {
  path <- withr::local_tempfile()
  checkpointed(path, epochs = 2)
  whole <- readBin(path, "raw", file.size(path))
  for (at in unique(round(exp(seq(0, log(length(whole)), length.out = 60))))) {
    writeBin(replace(whole, at, xor(whole[at], as.raw(4))), path)
    expect_error(checkpointed(path, epochs = 2), class = "fastmlp_error_file")
  }
})

test_that("files that do not belong to the fit are refused, and left alone", {
  path <- withr::local_tempfile()
  other <- withr::local_tempfile()
  saveRDS(list(1), other)
  folder <- withr::local_tempdir()
  checkpointed(path, epochs = 2)
  before <- readBin(path, "raw", file.size(path))
  damaged <- withr::local_tempfile()
  writeBin(before[1:100], damaged)
  expect_conditions({
    checkpointed(path, epochs = 3)
    checkpointed(path, epochs = 2, hidden_units = 5, dropout = 0.1)
    mlp_fit(Species ~ ., iris[-1, ], hidden_units = c(12, 12), optimizer = opt_adam(0.01),
            batch_size = 16, epochs = 2, checkpoint = path)
    checkpointed(other)
    checkpointed(damaged)
    checkpointed(1)
    checkpointed(c("a", "b"))
  })
  expect_error(checkpointed(folder), class = "fastmlp_error_file")
  expect_error(checkpointed(file.path(folder, "no", "file")), class = "fastmlp_error_file")
  expect_identical(readBin(path, "raw", file.size(path)), before)
})

test_that("values that functions have captured are part of the fit, but for callbacks", {
  path <- withr::local_tempfile()
  scaled <- function(scale) {
    loss_custom(function(output, target) {
      list(value = scale * rowMeans((output - target)^2), gradient = 2 * scale * (output - target))
    })
  }
  fit <- function(scale, rate = 1, seen = 0) {
    set.seed(1)
    mlp_fit(dist ~ speed, cars, loss = scaled(scale), epochs = 2, checkpoint = path, verbose = FALSE,
            standardize = "zscore", schedule = schedule_function(function(t) rate),
            callbacks = list(on_epoch_end = function(state) seen <<- seen + state$epoch))
  }
  first <- fit(0.001)
  expect_identical(lasting(fit(0.001, seen = 5)), lasting(first))
  expect_error(fit(0.002), 'other "loss"', class = "fastmlp_error")
  expect_error(fit(0.001, rate = 0.5), 'other "schedule"', class = "fastmlp_error")
  # A function that calls itself, and one that another captures.
  again <- function(n) if (n > 0) again(n - 1) else 1
  expect_type(checkpoint_fingerprint(list(f = again, g = function() again(2)), list()), "character")
})

test_that("a file that cannot be written is told, and training ends", {
  skip_if(identical(Sys.info()[["user"]], "root") && !file.exists("/proc/self/mem"), "nothing is refused")
  expect_error(checkpointed("/proc/no_such_file"), class = "fastmlp_error_file")
})

test_that("a file that can no longer be written loses nothing of what is trained", {
  folder <- withr::local_tempdir()
  vanishing <- list(on_epoch_end = function(state) if (state$epoch == 2) unlink(folder, recursive = TRUE))
  fit <- function(path) checkpointed(path, epochs = 4, callbacks = vanishing)
  expect_warning(broken <- fit(file.path(folder, "run")), "can no longer be written",
                 class = "fastmlp_warning_checkpoint")
  expect_identical(lasting(broken), lasting(fit(NULL)))
  # Nor does it use up what R has of connections, of which there are 128.
  away <- list2env(list(path = file.path(folder, "run"), written = TRUE, failed = TRUE, fingerprint = ""))
  for (attempt in 1:150) write_checkpoint(away, list())
  expect_identical(readLines(textConnection("there is one left")), "there is one left")
})
