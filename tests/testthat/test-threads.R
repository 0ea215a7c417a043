test_that("mlp_threads() sets and lifts a cap", {
  withr::local_options(fastmlp.threads = NULL)
  withr::defer(mlp_threads(Inf))
  before <- mlp_threads()
  expect_gte(before, 1)
  expect_identical(mlp_threads(1), 1L)
  expect_identical(mlp_threads(), 1L)
  mlp_threads(Inf)
  expect_identical(mlp_threads(), before)
})

test_that("the option caps the threads too, and is checked", {
  withr::local_options(fastmlp.threads = 1)
  expect_identical(mlp_threads(), 1L)
  expect_identical(mlp_info()$threads, 1L)
  expect_identical(resolve_threads(NULL), 1L)
  expect_identical(resolve_threads(3), 3L)
  withr::local_options(fastmlp.threads = "all")
  expect_conditions({
    mlp_threads()
    mlp_threads(0)
    mlp_threads(1.5)
  })
})

test_that("mlp_info() tells what the engine runs on", {
  info <- mlp_info()
  expect_true(info$simd %in% info$available)
  expect_true("portable" %in% info$available)
  expect_output(print(info), "Instruction set")
})

test_that("FASTMLP_SIMD chooses among what the machine has", {
  skip_unless_installed()
  for (simd in mlp_info()$available) {
    expect_identical(in_new_process("cat(mlp_info()$simd)", c(FASTMLP_SIMD = simd)), simd)
  }
  best <- mlp_info()$available[1]
  expect_identical(in_new_process("cat(mlp_info()$simd)", c(FASTMLP_SIMD = "nonsense")), best)
  wanted <- Sys.getenv("FASTMLP_SIMD")
  if (wanted != "") expect_identical(mlp_info()$simd, wanted)
})

test_that("OpenMP's environment variables cap the threads", {
  skip_unless_installed()
  for (name in c("OMP_NUM_THREADS", "OMP_THREAD_LIMIT")) {
    env <- stats::setNames("1", name)
    expect_identical(in_new_process("cat(mlp_threads())", env), "1")
  }
  fit <- "fit <- mlp_fit(Species ~ ., iris, epochs = 1, threads = 4); cat(fit$training$threads)"
  expect_identical(in_new_process(fit, c(OMP_THREAD_LIMIT = "1")), "1")
})

test_that("a forked child trains the same model, on one thread", {
  skip_on_os("windows")
  x <- matrix(rnorm(3e5), 3000)
  train <- function(i) {
    set.seed(3)
    fit <- mlp_fit(x, rep(c("a", "b", "c"), 1000), hidden_units = 64, epochs = 1, threads = 2)
    fit[c("network", "training")]
  }
  here <- train()
  child <- parallel::mclapply(1:2, train, mc.cores = 2)[[2]]
  expect_identical(child$network, here$network)
  expect_identical(child$training$threads, 1L)
})
