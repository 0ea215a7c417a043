# Element types: code, values that are exact in the type, and how R writes them.
idx_cases <- list(
  ubyte = list(code = 0x08, values = c(0L, 1L, 127L, 128L, 255L, 7L), size = 1),
  byte = list(code = 0x09, values = c(0L, 1L, 127L, -128L, -1L, 7L), size = 1),
  short = list(code = 0x0B, values = c(0L, 256L, 32767L, -32768L, -1L, 7L), size = 2),
  int = list(code = 0x0C, values = c(0L, 65536L, 2147483647L, -2147483647L, -1L, 7L), size = 4),
  float = list(code = 0x0D, values = c(0, .5, -1.25, 2^100, -Inf, 7), size = 4),
  double = list(code = 0x0E, values = c(0, .1, -pi, 1e300, Inf, 7), size = 8)
)

idx_bytes <- function(code, dims, values, size) {
  c(
    as.raw(c(0, 0, code, length(dims))),
    writeBin(as.integer(dims), raw(), endian = "big"),
    writeBin(values, raw(), size = size, endian = "big")
  )
}

write_idx <- function(bytes, file = withr::local_tempfile(.local_envir = parent.frame()),
                      open = base::file) {
  connection <- open(file, "wb")
  writeBin(bytes, connection)
  close(connection)
  file
}

case_bytes <- function(case, dims) idx_bytes(case$code, dims, case$values, case$size)

ubyte_bytes <- function(dims) idx_bytes(0x08, dims, seq_len(prod(dims)), 1)

test_that("every element type is read", {
  for (name in names(idx_cases)) {
    case <- idx_cases[[name]]
    expect_identical(read_idx(write_idx(case_bytes(case, 6))), case$values, label = name)
  }
})

test_that("the last dimension runs fastest", {
  images <- read_idx(write_idx(ubyte_bytes(c(2, 3, 4))))
  expect_identical(dim(images), c(2L, 3L, 4L))
  expect_identical(images[1, 1, ], 1:4)
  expect_identical(images[1, , 1], c(1L, 5L, 9L))
  expect_identical(images[, 1, 1], c(1L, 13L))
})

test_that("flatten gives a row an image, in the file's order", {
  flat <- read_idx(write_idx(ubyte_bytes(c(2, 3, 4))), flatten = TRUE)
  expect_identical(flat, matrix(1:24, nrow = 2, byrow = TRUE))
})

test_that("a file of one dimension gives a vector either way", {
  file <- write_idx(ubyte_bytes(5))
  expect_identical(read_idx(file), 1:5)
  expect_identical(read_idx(file, flatten = TRUE), 1:5)
})

test_that("no images is not an error", {
  file <- write_idx(ubyte_bytes(c(0, 3, 4)))
  expect_identical(dim(read_idx(file)), c(0L, 3L, 4L))
  expect_identical(dim(read_idx(file, flatten = TRUE)), c(0L, 12L))
})

test_that("gzipped files are read like plain ones", {
  case <- idx_cases$double
  file <- write_idx(case_bytes(case, c(2, 3)), open = gzfile)
  expect_identical(read_idx(file), matrix(case$values, nrow = 2, byrow = TRUE))
})

test_that("files that are not IDX are refused", {
  expect_idx_error <- function(bytes, message) {
    expect_error(read_idx(write_idx(as.raw(bytes))), message, class = "fastmlp_error_file")
  }
  expect_idx_error(raw(), "an empty file")
  expect_idx_error(c(0, 0), "starts with 0x00 0x00")
  expect_idx_error(c(1, 0, 8, 1), "0x01 0x00 0x08")
  expect_idx_error(c(0, 0, 0x0A, 1), "element type")
  expect_idx_error(c(0, 0, 8), "at least one dimension")
  expect_idx_error(c(0, 0, 8, 0), "at least one dimension")
  expect_idx_error(c(0, 0, 8, 2, 0, 0, 0, 1), "2 dimensions")
  expect_idx_error(c(0, 0, 8, 1, 255, 255, 255, 255), "below 2\\^31")
})

test_that("too few and too many bytes are refused", {
  bytes <- ubyte_bytes(c(2, 3))
  expect_error(read_idx(write_idx(head(bytes, -1))), "truncated", class = "fastmlp_error_file")
  expect_error(read_idx(write_idx(c(bytes, raw(1)))), "more bytes", class = "fastmlp_error_file")
})

test_that("a header that promises terabytes is refused before allocating", {
  bytes <- idx_bytes(0x0E, c(2^31 - 1, 2^31 - 1), numeric(), 8)
  expect_error(read_idx(write_idx(bytes)), "truncated", class = "fastmlp_error_file")
})

test_that("a gzip stream that breaks off is refused", {
  file <- write_idx(ubyte_bytes(c(50, 5)), open = gzfile)
  whole <- readBin(file, "raw", file.size(file))
  broken <- write_idx(head(whole, -60))
  expect_error(suppressWarnings(read_idx(broken)), class = "fastmlp_error_file")
})

test_that("arguments are checked", {
  expect_error(read_idx(1), "`file`", class = "fastmlp_error_type")
  expect_error(read_idx(c("a", "b")), "`file`", class = "fastmlp_error_type")
  expect_error(read_idx(NA_character_), "`file`", class = "fastmlp_error_type")
  expect_error(read_idx(tempfile()), "does not exist", class = "fastmlp_error_file")
  expect_error(read_idx(tempdir()), "the directory", class = "fastmlp_error_file")
  file <- write_idx(ubyte_bytes(1))
  expect_error(read_idx(file, flatten = NA), "`flatten`", class = "fastmlp_error")
})

test_that("Fashion-MNIST has its published shape", {
  file <- "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"
  skip_if_not(file.exists(file), "the data set is not installed")
  images <- read_idx(file, flatten = TRUE)
  expect_identical(dim(images), c(10000L, 784L))
  expect_identical(range(images), c(0L, 255L))
})
