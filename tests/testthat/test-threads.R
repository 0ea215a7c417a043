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
  expect_snapshot(error = TRUE, cnd_class = TRUE, {
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
