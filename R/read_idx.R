#' Read an IDX file
#'
#' IDX is the format of MNIST, Fashion-MNIST and their relatives: a short header with the element
#' type and the dimensions, then the elements, big-endian, the last dimension running fastest.
#'
#' All element types of the format are read: unsigned and signed bytes, 16- and 32-bit integers,
#' 32- and 64-bit floating point. (The 32-bit integer -2147483648 becomes `NA`: R has no such
#' integer.)
#'
#' @param file Path of the file, plain or compressed by gzip.
#' @param flatten If `TRUE`, everything after the first dimension becomes one row of a matrix, in
#'   the file's order: pixels from left to right, then from top to bottom.
#' @param ... Must be empty.
#' @returns An array with the file's dimensions, for images `c(n, rows, columns)`; with `flatten =
#'   TRUE` a matrix `n` x `rows * columns`; for one dimension, such as labels, a vector. Integer
#'   elements give integers, floating-point elements doubles.
#' @examples
#' file <- tempfile(fileext = ".idx")
#' header <- c(0, 0, 0x08, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3)
#' writeBin(as.raw(c(header, 1:12)), file)
#' read_idx(file)[1, , ]
#' read_idx(file, flatten = TRUE)
#' @export
read_idx <- strict(function(file, flatten = FALSE) {
  check_given()
  check_flag(flatten, "flatten")
  check_idx_file(file, rlang::current_env())
  idx <- read_idx_file(file, rlang::current_env())
  dims <- idx$dims
  values <- idx$values
  if (length(dims) == 1) return(values)
  if (flatten) return(t(matrix(values, prod(dims[-1]), dims[1])))
  aperm(array(values, rev(dims)))
})

# The element types, by the code in the third byte of the file.
idx_types <- list(
  "08" = list(what = "integer", size = 1, signed = FALSE),
  "09" = list(what = "integer", size = 1, signed = TRUE),
  "0b" = list(what = "integer", size = 2, signed = TRUE),
  "0c" = list(what = "integer", size = 4, signed = TRUE),
  "0d" = list(what = "double", size = 4, signed = TRUE),
  "0e" = list(what = "double", size = 8, signed = TRUE)
)

# A gzip stream is at most this many times smaller than what it holds (the bound is 1032), so a
# header that promises more is refused before anything is allocated.
idx_compression_limit <- 1100

check_idx_file <- function(file, call) {
  expected <- "the path of an IDX file"
  if (!rlang::is_string(file)) {
    abort_argument("file", expected, describe(file), "type", call = call)
  }
  if (!file.exists(file)) {
    hint <- if (grepl("^[a-z]+://", file)) "Fetch it first: `download.file()`."
    got <- sprintf("\"%s\", which does not exist", file)
    abort_argument("file", expected, got, "file", hint, call)
  }
  if (dir.exists(file)) {
    abort_argument("file", expected, sprintf("the directory \"%s\"", file), "file", call = call)
  }
}

# list(dims =, values = in the file's order).
read_idx_file <- function(file, call) {
  connection <- gzfile(file, "rb")
  on.exit(close(connection))
  fail <- function(expected, got) {
    expected <- sprintf("%s (\"%s\")", expected, basename(file))
    abort_argument("file", expected, got, "file", call = call)
  }
  type <- read_idx_type(connection, fail)
  dims <- read_idx_dims(connection, fail)
  if (prod(dims) * type$size > idx_compression_limit * file.size(file)) {
    got <- sprintf("%.0f bytes: the file is truncated", file.size(file))
    fail(paste("a file of", paste(dims, collapse = " x "), "elements"), got)
  }
  list(dims = dims, values = read_idx_values(connection, type, prod(dims), fail))
}

# The first three of the four bytes that start the file: two zeros and the element type.
read_idx_type <- function(connection, fail) {
  magic <- readBin(connection, "raw", 3)
  type <- idx_types[[format(magic[3])]]
  if (length(magic) < 3 || any(magic[1:2] != 0) || is.null(type)) {
    got <- if (length(magic)) paste0("0x", magic, collapse = " ") else "an empty file"
    fail("an IDX file, which starts with 0x00 0x00 and an element type", got)
  }
  type
}

# The fourth byte counts the dimensions, which follow.
read_idx_dims <- function(connection, fail) {
  count <- as.integer(readBin(connection, "raw", 1))
  if (!length(count) || count == 0) {
    fail("an IDX file of at least one dimension", "none")
  }
  dims <- readBin(connection, "integer", count, size = 4, endian = "big")
  if (length(dims) < count) {
    fail(sprintf("an IDX file of %d dimensions", count), sprintf("a header of %d", length(dims)))
  }
  if (anyNA(dims) || any(dims < 0)) {
    fail("an IDX file of dimensions below 2^31", paste(dims, collapse = " x "))
  }
  dims
}

read_idx_values <- function(connection, type, count, fail) {
  expected <- sprintf("a file of %.0f elements", count)
  values <- readBin(
    connection, type$what, count, size = type$size, signed = type$signed, endian = "big"
  )
  if (length(values) < count) {
    fail(expected, sprintf("%d: the file is truncated", length(values)))
  }
  if (length(readBin(connection, "raw", 1))) {
    fail(expected, "more bytes after the last one")
  }
  values
}
