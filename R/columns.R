# Predictors as the engine reads them, where they lie: a numeric matrix, or columns, which are a
# data frame of numeric and logical columns and factors. A factor stands for one indicator a level, one of
# two levels for a single column of -1 and 1, and one to be embedded (class embedded_factor) for its codes.
# The code 0 is a level that is not known: 0 in each of them. An ordered factor may become a number instead.
# The engine encodes while it converts; here are only the names of what it makes, and single columns
# for messages.

new_columns <- function(columns, rows) {
  structure(columns, class = "data.frame", row.names = .set_row_names(rows))
}

# A column of the user's as one of these. Text becomes a factor, so that its levels are remembered.
plain_column <- function(column) {
  if (is.character(column)) factor(column, sort(unique(column), method = "radix")) else column
}

unordered <- function(factor) {
  class(factor) <- "factor"
  factor
}

# The same as formulas take it: logicals count as 0 and 1, ordered factors as others.
formula_column <- function(column) {
  if (is.logical(column)) return(as.double(column))
  if (is.ordered(column)) unordered(column) else integer_to_double(column)
}

# Training on whole numbers shall not forbid others later.
integer_to_double <- function(column) {
  if (is.integer(column) && !is.object(column)) as.double(column) else column
}

# A factor of levels that a fit knows, in which others have the code 0.
known_levels <- function(column, levels) {
  codes <- match(as.character(column), levels, nomatch = 0L)
  codes[is.na(column) & codes == 0] <- NA
  structure(codes, levels = levels, class = "factor")
}

# Columns without rows, with the levels and types to remember.
columns_header <- function(columns) {
  header <- lapply(columns, function(column) {
    if (is.factor(column)) factor(character(), levels(column), exclude = NULL) else double()
  })
  new_columns(header, 0L)
}

has_factors <- function(x) is.data.frame(x) && any(vapply(x, is.factor, NA))

has_indicators <- function(column) is.factor(column) && !is_embedded(column)

is_embedded <- function(column) inherits(column, "embedded_factor")

#' @param ordered_factors What ordered factors with three levels or more, if there are any, become:
#'   `"indicators"`, as other factors do; or `"scores"`, the number of the level (see "Predictors").
#'   `r default_of("ordered_factors")`
#' @name mlp_fit
#' @rdname mlp_fit
#' @order 10
NULL

# Columns in the encoding of a fit, whose `predictors` name the factors that are scored and embedded.
encoded_factors <- function(columns, predictors) {
  embedded_columns(scored_columns(columns, predictors$scored), predictors$embedded)
}

# Columns of which some factors are to be numbers.
scored_columns <- function(columns, names) {
  columns[names] <- lapply(columns[names], level_scores)
  columns
}

# The numbers of the levels, from 1. One that is not known lies in the middle of all.
level_scores <- function(column) {
  scores <- as.double(column)
  scores[which(scores == 0)] <- (nlevels(column) + 1) / 2
  scores
}

# Of two levels a factor is one column anyway.
may_be_scored <- function(column) is.ordered(column) && nlevels(column) > 2

# Columns of which some factors are to be embedded.
embedded_columns <- function(columns, names) {
  columns[names] <- lapply(columns[names], function(column) {
    class(column) <- c("embedded_factor", "factor")
    column
  })
  columns
}

# Encoded columns that each column stands for.
encoded_widths <- function(columns) {
  vapply(columns, function(column) length(encoded_levels(column)), 1L)
}

# Those of x, a matrix or columns.
encoded_count <- function(x) if (is.matrix(x) || is_sparse(x)) ncol(x) else sum(encoded_widths(x))

# Which of them hold the codes of factors.
code_positions <- function(x) {
  if (is.matrix(x)) return(integer())
  unname(cumsum(encoded_widths(x))[vapply(x, is_embedded, NA)])
}

# What follows a column's name in the names of those: the second of two levels is 1.
encoded_levels <- function(column) {
  if (!has_indicators(column)) return("")
  if (nlevels(column) == 2) levels(column)[2] else levels(column)
}

encoded_names <- function(columns) {
  names <- rep(names(columns), encoded_widths(columns))
  paste0(names, unlist(lapply(columns, encoded_levels), use.names = FALSE))
}

# Whether each is the indicator of a level.
encoded_indicators <- function(x) {
  if (is.matrix(x)) return(logical(ncol(x)))
  rep(unname(vapply(x, is.factor, NA)), encoded_widths(x))
}

# Column j of the encoded predictors, as doubles.
encoded_column <- function(x, j) column_reader(x)(j)

# The same as a function of j, for many columns: it looks only once at what each of x stands for.
column_reader <- function(x) {
  if (is.matrix(x)) return(function(j) as.double(x[, j]))
  if (is_sparse(x)) return(function(j) sparse_column(x, j))
  widths <- encoded_widths(x)
  own <- rep(seq_along(widths), widths)
  level <- sequence(widths)
  function(j) {
    column <- .subset2(x, own[j])
    if (!has_indicators(column)) return(as.double(unclass(column)))
    codes <- as.integer(column)
    if (nlevels(column) == 2) return(as.double((codes == 2) - (codes == 1)))
    as.double(codes == level[j])
  }
}

# All of them, as a matrix of doubles.
encoded_values <- function(x) {
  if (is.matrix(x)) return(unname(x) + 0)
  matrix(unlist(lapply(seq_len(encoded_count(x)), column_reader(x))), nrow(x))
}

# How messages call it.
column_label <- function(x, j) {
  names <- if (is.matrix(x) || is_sparse(x)) colnames(x) else encoded_names(x)
  if (is.null(names)) paste("column", j) else sprintf("column `%s`", names[j])
}
