# Sparse predictors: what they are to the engine, and what of a fit does not go with them.
#
# Inside the package a sparse matrix is a list of the class fastmlp_sparse, which holds the slots of
# Matrix's dgCMatrix (p, i, x, dim) and the names of its columns. Slots are attributes: taking them copies
# nothing and needs no other package.

#' @section Sparse matrices:
#' A sparse matrix is one of the package Matrix: a `dgCMatrix`, or what Matrix makes one of (triplets, rows,
#' logical and symmetric ones). Memory and time grow with the values that are not zero, and the network is,
#' number for number, that of the same rows in a dense matrix. Below a density of 20 % it is at least as fast
#' as the dense one, and several times as fast with many columns. Zeros are written out only where that makes
#' it faster and takes little memory, at most 64 MB or four times that of the other values: for few columns,
#' and a first layer of few units (with 16 units up to 50 columns or so, 128 from a density of 15 % on).
#'
#' What would fill the zeros is refused, and left out by presets: `standardize` other than `"none"` and
#' `"scale"`, `numeric_embedding`, `input_noise`, and `residual` for a first layer as wide as its inputs.
#' `input_dropout` drops what is not zero, and draws for each such value, which may take longer than a dense
#' matrix does. With plain [opt_sgd()] and [opt_adagrad()], without momentum,
#' penalty, decay and `ema_decay`, a step touches only the weights of predictors that are in its batch; other
#' optimizers move all weights at every step.
#'
#' While it trains, each weight of the first layer takes some 25 bytes with `preset = "sparse"` (50,000
#' columns and 256 units: 300 MB), and 8 in the fit; where it is not trained again (`refit`), some 40, and 24
#' in the fit, 16 of which `butcher::butcher()` takes off.
#' @name mlp_fit
#' @rdname mlp_fit
#' @order 2
NULL

new_sparse <- function(p, i, x, dim, names) {
  structure(list(p = p, i = i, x = x, dim = dim, names = names), class = "fastmlp_sparse")
}

is_sparse <- function(x) inherits(x, "fastmlp_sparse")

#' @export
dim.fastmlp_sparse <- function(x) unclass(x)$dim

#' @export
dimnames.fastmlp_sparse <- function(x) list(NULL, unclass(x)$names)

# Whether it is a matrix of the package Matrix.
is_matrix_object <- function(x) isS4(x) && inherits(x, c("Matrix", "dgCMatrix"))

# The user's matrix as such a list; others of Matrix's sparse classes become a dgCMatrix first.
as_sparse <- function(x, arg, call) {
  if (!inherits(x, "dgCMatrix")) x <- to_columns(x, arg, call)
  slot <- function(name) attr(x, name, exact = TRUE)
  new_sparse(slot("p"), slot("i"), slot("x"), slot("Dim"), slot("Dimnames")[[2]])
}

to_columns <- function(x, arg, call) {
  known <- inherits(x, "sparseMatrix") && requireNamespace("Matrix", quietly = TRUE)
  if (!known) {
    hint <- sprintf("`as.matrix(%s)` makes a dense matrix of it.", arg)
    expected <- "a sparse matrix of numbers, such as a \"dgCMatrix\""
    abort_argument(arg, expected, describe(x), "type", hint, call)
  }
  for (class in c("dMatrix", "generalMatrix", "CsparseMatrix")) x <- methods::as(x, class)
  x
}

# Rows of predictors of any kind, in increasing order.
choose_rows <- function(x, rows) {
  if (!is_sparse(x)) return(x[rows, , drop = FALSE])
  chosen <- .Call(fastmlp_choose_rows, x, rows)
  new_sparse(chosen$p, chosen$i, chosen$x, c(length(rows), ncol(x)), colnames(x))
}

# Columns of it, in any order.
sparse_columns <- function(x, columns) {
  x <- unclass(x)
  each <- diff(x$p)[columns]
  at <- sequence(each, from = x$p[columns] + 1L)
  start <- c(0L, as.integer(cumsum(each)))
  new_sparse(start, x$i[at], x$x[at], c(x$dim[1], length(columns)), x$names[columns])
}

# Where the entries of column j lie, `most` of them at most.
entries_at <- function(x, j, most = Inf) seq_len(min(x$p[j + 1] - x$p[j], most)) + x$p[j]

# Column j with its zeros.
sparse_column <- function(x, j) {
  x <- unclass(x)
  at <- entries_at(x, j)
  column <- numeric(x$dim[1])
  column[x$i[at] + 1L] <- x$x[at]
  column
}

# Whether two columns are equal, without their zeros.
same_sparse_columns <- function(x, j, k) {
  x <- unclass(x)
  kept <- function(j) {
    at <- entries_at(x, j)
    at <- at[x$x[at] != 0]
    list(x$i[at], x$x[at])
  }
  identical(kept(j), kept(k))
}

#' @usage NULL
#' @rdname mlp_fit
#' @export
mlp_fit.dgCMatrix <- fit_method( # nolint: object_name_linter.
  list(x = rlang::missing_arg(), y = rlang::missing_arg()),
  function(frame, policy) design_sparse(frame$x, frame$y, frame, policy)
)

#' @usage NULL
#' @rdname mlp_fit
#' @export
mlp_fit.Matrix <- mlp_fit.dgCMatrix # nolint: object_name_linter.

design_sparse <- function(x, y, call, policy, args = xy_args) {
  if (imputes(policy)) {
    abort_argument("na_action", "\"error\" or \"omit\" with sparse predictors", "\"impute\"",
                   hint = dense_hint(args$x), call = call)
  }
  design_matrix(as_sparse(x, args$x, call), y, call, policy, args)
}

# ---- what does not go with them ----

# Standardisation that leaves zeros as they are.
keeps_zeros <- function(standardize) is.null(standardize) || all(standardize$center == 0)

sparse_standardizers <- c("none", "scale")

dense_hint <- function(arg) sprintf("`as.matrix(%s)` makes a dense matrix.", arg)

# Refuses settings that would fill the zeros of sparse predictors, or need them as they are.
check_sparse_settings <- function(settings, sizes, x, arg, call) {
  if (!is_sparse(x)) return(invisible())
  refuse <- function(setting, expected, got) {
    expected <- paste(expected, "with sparse predictors")
    abort_argument(setting, expected, got, hint = dense_hint(arg), call = call)
  }
  if (!settings$standardize %in% sparse_standardizers) {
    expected <- enumerate(sparse_standardizers, conjunction = "or")
    refuse("standardize", expected, format_value(settings$standardize))
  }
  if (embeds(settings$numeric_embedding)) {
    refuse("numeric_embedding", "left out", format(settings$numeric_embedding))
  }
  if (settings$input_noise > 0) refuse("input_noise", "0", format(settings$input_noise))
  if (settings$residual[1] && length(settings$hidden_units) && sizes[1] == sizes[2]) {
    refuse("residual", "FALSE for a first layer as wide as its inputs", "TRUE")
  }
}

# The same for a network that is there already.
check_sparse_network <- function(network, standardize, x, arg, call) {
  if (!is_sparse(x)) return(x)
  first <- network$layers[[1]]
  reason <- if (!keeps_zeros(standardize)) "a fit that centres its predictors" else
    if (!is.null(first$embedding)) "a network that embeds its predictors" else
      if (isTRUE(first$residual)) "a network whose first layer adds its predictors"
  if (is.null(reason)) return(x)
  abort_argument(arg, "a dense matrix or a data frame", paste("a sparse matrix for", reason), "type",
                 dense_hint(arg), call)
}

# A preset's arguments as far as they go with them; those that the user gives are refused instead.
sparse_arguments <- function(arguments, x) {
  if (!is_sparse(x)) return(arguments)
  if (!(arguments$standardize %||% "none") %in% sparse_standardizers) arguments$standardize <- NULL
  arguments[setdiff(names(arguments), c("numeric_embedding", "input_noise"))]
}
